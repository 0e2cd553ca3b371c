"""Colours for labels: a label keeps its colour, and segments that touch never look alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from classicseg import color as colors
from classicseg.labels import neighbours

# Delta E 1976. The first is what shows through a translucent overlay; the others serve a label whose lower neighbours
# use up the palette.
_DIFFERENCES = (20.0, 10.0, 5.0)
_GOLDEN_ANGLE = np.pi * (
    3 - 5**0.5
)  # its multiples always fall into the largest gaps, so that any few hues lie far apart
_RINGS = ((65.0, 100.0), (80.0, 60.0), (48.0, 80.0), (72.0, 35.0), (55.0, 35.0))  # (L*, chroma): vivid first, then pale
_TURNS = 120
_LATTICE_STEP = 15  # sRGB colours from which the palette is taken: 18 a channel, 0 and 255 among them
_DARK = 96  # colours beyond the palette have channels below this, which no colour of the palette has


@dataclass(frozen=True)
class _Palette:
    rgb: NDArray[np.uint8]  # (P, 3)
    preferred: int  # the first so many are all visibly different, and labels begin with them in turn
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

    Examples
    --------
    >>> colors = label_colors(np.array([[1, 1, 2], [3, 3, 2]]))
    >>> colors.shape, colors[0].tolist(), len(np.unique(colors, axis=0))
    ((4, 3), [0, 0, 0], 4)
    """
    palette = _palette()
    highest = max(int(labels.max()), 0)
    choice = (np.arange(highest + 1) - 1) % palette.preferred
    for label, lower in _lower_neighbours(labels):
        choice[label] = _choose(palette, int(choice[label]), set(choice[lower].tolist()))
    result = np.zeros((highest + 1, 3), dtype=np.uint8)
    within = choice < len(palette.rgb)
    result[within] = palette.rgb[choice[within]]
    result[~within] = _beyond_palette(choice[~within] - len(palette.rgb))
    result[0] = 0
    return result


def _lower_neighbours(labels: NDArray[np.integer]) -> list[tuple[int, NDArray[np.int64]]]:
    """Labels that have lower neighbours, in rising order, each with all of them."""
    pairs = neighbours(labels)
    if not len(pairs):
        return []
    pairs = pairs[np.argsort(pairs[:, 1], kind="stable")]
    higher, starts = np.unique(pairs[:, 1], return_index=True)
    return list(zip(higher.tolist(), np.split(pairs[:, 0], starts[1:]), strict=True))


def _choose(palette: _Palette, preferred: int, taken: set[int]) -> int:
    """The number of the first colour from `preferred` on that is far enough from all that are taken."""
    inside = [number for number in taken if number < len(palette.rgb)]
    everything = (1 << len(palette.rgb)) - 1
    for near in (*palette.near, _themselves(len(palette.rgb))):
        closed = 0
        for number in inside:
            closed |= near[number]
        free = everything & ~closed
        vivid = free & ((1 << palette.preferred) - 1)
        if vivid >> preferred:
            return preferred + _lowest_bit(vivid >> preferred)
        if free:
            return _lowest_bit(vivid or free)
    number = len(palette.rgb)
    while number in taken:
        number += 1
    return number


def _lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


@lru_cache(maxsize=1)
def _themselves(count: int) -> tuple[int, ...]:
    return tuple(1 << number for number in range(count))


@lru_cache(maxsize=1)
def _palette() -> _Palette:
    """Hues a golden angle apart on rings of a few lightnesses; first those 20 apart, then 10, then 5."""
    rgb, lab = _candidates()
    kept: list[int] = []
    sizes = []
    for difference in _DIFFERENCES:
        for candidate in range(len(lab)):
            if not kept or np.linalg.norm(lab[kept] - lab[candidate], axis=1).min() >= difference:
                kept.append(candidate)
        sizes.append(len(kept))
    apart = np.linalg.norm(lab[kept][:, None] - lab[kept], axis=2)
    near = tuple(
        tuple(sum(1 << int(other) for other in np.flatnonzero(row < difference)) for row in apart)
        for difference in _DIFFERENCES
    )
    return _Palette(rgb[kept], sizes[0], near)


def _candidates() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The wanted hues as the nearest colours of an sRGB lattice, in sRGB and in L*a*b*.

    Where a hue is wanted more vivid than sRGB can be, the nearest is about the most vivid that there is.
    """
    levels = np.arange(0, 256, _LATTICE_STEP)
    lattice = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = colors.convert((lattice.T[:, :, None] / 255).astype(np.float32), "lab")[:, :, 0].T.astype(np.float64)
    usable = lattice.max(axis=1) >= _DARK
    lattice, lab = lattice[usable], lab[usable]
    found = []
    for light, chroma in _RINGS:
        for turn in range(_TURNS):
            hue = turn * _GOLDEN_ANGLE
            wanted = np.array([light, chroma * np.cos(hue), chroma * np.sin(hue)])
            found.append(int(np.argmin(((lab - wanted) ** 2).sum(axis=1))))
    return lattice[found].astype(np.uint8), lab[found]


def _beyond_palette(numbers: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Dark colours, a different one for each number below 96^3, for a label with hundreds of lower neighbours."""
    places = (numbers * 547_669) % _DARK**3  # an odd multiplier prime to 3: a permutation
    return np.stack([places // _DARK**2, places // _DARK % _DARK, places % _DARK], axis=-1).astype(np.uint8)
