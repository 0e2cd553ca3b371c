"""Colours for labels: a label keeps its colour, and segments that touch never look alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classicseg import color as colors
from classicseg.io.checks import highest_label
from classicseg.labels import neighbours

# Delta E 1976. The first is what shows through a translucent overlay; the others serve a label whose lower neighbours
# use up the palette.
_DIFFERENCES = (20.0, 10.0, 5.0)
_DARK = 96  # colours beyond the palette have channels below this, which no colour of the palette has
UNUSED = 97  # a channel that no colour has: those of the palette are multiples of 15

# Hues a golden angle apart on rings of a few lightnesses: first those that differ by 20, then by 10, then by 5. The
# rule stands in tests/reference/palette.py; it takes a tenth of a second, which no process should have to wait for.
_PREFERRED = 49  # the first so many are all visibly different, and labels begin with them in turn
_COLORS = """
ff0087 00c300 0078ff ff5a00 00f0c3 ff4bff c3d200 00b4ff ff004b 00e169 ff9600 00f0ff ff00b4 c35aff e1c300 87d200
0096ff ff1e1e 00d2ff 5a5aff ff78a5 87e178 ff965a ffa5ff d2d25a a596ff ff7878 ffc35a 008700 00b496 b42db4 879600
c37800 b49600 00a55a 874bd2 96c387 96b4f0 f0a587 e196b4 d2a5e1 c3b478 009696 b46969 7878b4 a5784b 69874b a56996
1e87b4 4b69ff 0087ff 00f0a5 00c3ff 00d23c ff7800 00f0e1 ff2de1 a5d200 00a5ff ffb400 00e1ff ff3c00 ff0069 965aff
ff87d2 a5d269 ff8769 e196ff e1c34b 87a5ff 5ae196 d24b00 e1004b 00b4c3 e10f96 4b9600 d22d1e 00b478 00a5d2 c31ea5
e11e3c 695ae1 00a53c d26900 699600 e10069 4bc3c3 f09696 78c396 d2a578 4bc3e1 d296c3 a5b478 b4a5e1 69b4f0 5ac3a5
b46987 5a87c3 87874b 4b9669 9678b4 0096b4 a5874b 69d200 ff2d0f ff0078 0069ff ff003c 00e178 ff0096 ff4b00 f04bff
d2d200 ff005a 00d24b 00f0f0 ff00c3 00f096 f0c300 ff6900 00f0d2 ff3cf0 b4d200 ffa500 ff00a5 4bc300 00f0b4 d24bff
ff8700 ff1ed2 96d200 ff002d 00e187 5aa5ff ff7887 ffb45a 00e1c3 ff7896 78e187 ffa55a ff96f0 c3d25a 1ee1a5 ff78b4
87d269 ff9669 d2c34b a5d25a 00e1b4 d296ff f0c35a ff87c3 96d269 ff96e1 b4d25a ff8778 c396ff a5a5ff e10078 00a5f0
00a54b 4b69f0 f00069 00961e d25a00 00b4a5 789600 c38700 00b4d2 e10087 1e9600 d23c00 00b487 b43cc3 969600 00a5e1
f0005a 0069f0 c36900 00b4b4 d20096 5a9600 e12d2d b48700 00b4e1 f00078 0078f0 c32db4 d20087 0087f0 a54bd2 a59600
00b4f0 e1005a 00962d d21ea5 0096f0 d27800 f096b4 e1a5e1 b4b478 5ac3f0 a5a5e1 3cc3d2 96b478 e19687 5ac3b4 f096a5
e1a578 5ab4e1 c3a569 e196c3 c3a5e1 d2b478 e1a5d2 d2a569 f09687 69965a b4785a a578a5 0f96c3 0096a5 3c87c3 b4695a
1e9687 96874b b46978 b4784b 78874b 3c9678 8778b4 a578b4 c36978 b46996 5a875a 7887c3
"""


@dataclass(frozen=True)
class _Palette:
    rgb: NDArray[np.uint8]  # (P, 3)
    near: tuple[tuple[int, ...], ...]  # for each difference and each colour, the colours closer than that, as a bit set


def label_colors(labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """A colour for each label, so that neighbours can be told apart.

    A label's preferred colour depends on its number alone. Labels are visited from 1 upward; one whose colour would
    lie within Delta E 20 of the colour of a lower neighbour takes the next colour of the palette that does not. Where
    the palette has no such colour (a label with dozens of lower neighbours), the difference shrinks to 10, to 5, and at
    last to any difference at all; neighbours never get the same colour.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above; neighbours are those that share a pixel edge.

    Returns
    -------
    (K + 1, 3) uint8 array
        sRGB colours by label; the first, of label 0, is black and not meant to be used.

    Raises
    ------
    ImageError
        A label lies above 16,777,216, and above the number of pixels.

    Examples
    --------
    >>> colors = label_colors(np.array([[1, 1, 2], [3, 3, 2]]))
    >>> colors.shape, colors[0].tolist(), len(np.unique(colors, axis=0))
    ((4, 3), [0, 0, 0], 4)
    """
    palette = _palette()
    highest = highest_label(labels)
    choices = ((np.arange(highest + 1) - 1) % _PREFERRED).tolist()
    # Up to there all preferred colours are so different that nobody has to move: neighbours need not be looked for.
    for label, lower in _lower_neighbours(labels) if highest > _PREFERRED else ():
        choices[label] = _choose(palette, choices[label], [choices[each] for each in lower])
    choice = np.array(choices)
    result = np.zeros((highest + 1, 3), dtype=np.uint8)
    within = choice < len(palette.rgb)
    result[within] = palette.rgb[choice[within]]
    result[~within] = _beyond_palette(choice[~within] - len(palette.rgb))
    result[0] = 0
    return result


def _lower_neighbours(labels: NDArray[np.integer]) -> Iterator[tuple[int, list[int]]]:
    """Labels that have lower neighbours, in rising order, each with all of them."""
    pairs = neighbours(labels)
    pairs = pairs[np.argsort(pairs[:, 1], kind="stable")]
    higher, starts = np.unique(pairs[:, 1], return_index=True)
    lower, bounds = pairs[:, 0].tolist(), [*starts.tolist(), len(pairs)]
    for place, label in enumerate(higher.tolist()):
        yield label, lower[bounds[place] : bounds[place + 1]]


def _choose(palette: _Palette, preferred: int, taken: list[int]) -> int:
    """The number of the first colour from `preferred` on that is far enough from all that are taken."""
    count = len(palette.rgb)
    everything = (1 << count) - 1
    for near in (*palette.near, _themselves(count)):
        closed = 0
        for number in taken:
            if number < count:
                closed |= near[number]
        free = everything & ~closed
        vivid = free & ((1 << _PREFERRED) - 1)
        if vivid >> preferred:
            return preferred + _lowest_bit(vivid >> preferred)
        if free:
            return _lowest_bit(vivid or free)
    number = count
    others = set(taken)
    while number in others:
        number += 1
    return number


def _lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


@lru_cache(maxsize=1)
def _themselves(count: int) -> tuple[int, ...]:
    return tuple(1 << number for number in range(count))


@lru_cache(maxsize=1)
def _palette() -> _Palette:
    rgb = np.frombuffer(bytes.fromhex(_COLORS), dtype=np.uint8).reshape(-1, 3)
    lab = colors.convert((rgb.T[:, :, None] / 255).astype(np.float32), "lab")[:, :, 0].T.astype(np.float64)
    apart = np.linalg.norm(lab[:, None] - lab, axis=2)
    near = tuple(tuple(_bits(row) for row in apart < difference) for difference in _DIFFERENCES)
    return _Palette(rgb, near)


def _bits(row: NDArray[np.bool_]) -> int:
    """An integer with the bits of those places set that are true."""
    return int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")


def _beyond_palette(numbers: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Dark colours, a different one for each number below 96^3, for a label with hundreds of lower neighbours."""
    places = (numbers * 547_669) % _DARK**3  # an odd multiplier prime to 3: a permutation
    return np.stack([places // _DARK**2, places // _DARK % _DARK, places % _DARK], axis=-1).astype(np.uint8)
