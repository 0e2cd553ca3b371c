"""Grey levels of a picture, the numbers that a threshold is compared with; and how often each comes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError
from classicseg.image import Image
from classicseg.moments import covariance
from classicseg.parallel import chunks
from classicseg.scaling import row_chunks

# Where compiled loops are in use already, they count levels and mix luma. Otherwise NumPy does, to the same numbers: a
# threshold never waits for Numba, let alone for a compiler.
_KERNELS = "classicseg.kernels.compile"
_BALANCED = 1e-9  # loadings that sum to less cancel out, and the first one decides the sign


@dataclass(frozen=True)
class GreyLevels:
    """Grey levels 0..255 of a picture (H, W) as ``numbers / unit``; anything outside the mask.

    Whole levels are uint8 with unit 1, levels of 16 bits uint16 with unit 257, others float64 with unit 1.
    """

    numbers: NDArray[Any]
    unit: int

    def values(self) -> NDArray[np.float64]:
        """The levels as such."""
        return self.numbers / np.float64(self.unit)

    def inside(self, mask: NDArray[np.bool_]) -> NDArray[Any]:
        """The numbers inside the mask, flat."""
        return self.numbers.reshape(-1) if mask.all() else self.numbers[mask]

    def number_of(self, threshold: float) -> float:
        """The number above which exactly those lie whose level is above `threshold`."""
        return number_of(threshold, self.unit)


@dataclass(frozen=True)
class LevelCounts:
    """Rising grey levels as ``numbers / unit`` (see `GreyLevels`), and how often each comes, at least once.

    Of many pictures, `lights` are the sums of L* over the pixels of each, in multiples of 2^-24, and `firsts` tell
    which came first.
    """

    numbers: NDArray[Any]
    unit: int
    counts: NDArray[np.int64]
    lights: list[int] = field(default_factory=list)
    firsts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def levels(self) -> NDArray[Any]:
        """The levels, whole numbers where they are such."""
        return self.numbers if self.unit == 1 else self.numbers / np.float64(self.unit)

    def number_of(self, threshold: float) -> float:
        """As `GreyLevels.number_of`."""
        return number_of(threshold, self.unit)


def number_of(threshold: float, unit: int) -> float:
    """The number above which exactly those lie whose level, a `unit`-th of them, is above `threshold`."""
    if unit == 1:
        return threshold
    return int(np.searchsorted(np.arange(unit * 255 + 1) / unit, threshold, side="right")) - 1


def counted_levels(numbers: NDArray[Any], unit: int) -> LevelCounts:
    """How often each of the levels of `GreyLevels` comes."""
    values, counts = histogram(numbers)
    held = np.flatnonzero(counts)
    return LevelCounts(values[held], unit, counts[held])


def border_of(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a picture's border that count."""
    border = np.zeros_like(mask)
    border[[0, -1]] = border[:, [0, -1]] = True
    return border & mask


def grey_levels(image: Image, band: int | None = None, loadings: NDArray[np.float64] | None = None) -> GreyLevels:
    """The levels that are compared with a threshold: luma, the first principal component, or one band.

    `loadings` are those of the component, where they are not to be found in this picture alone.
    """
    chosen = slice(None)
    if image.depth > 1 and (image.kind == "bands" or band is not None):
        if band is None:
            if loadings is None:
                loadings = principal_loadings(image.samples(image.planes))
            return _levels_of_planes(_component(image.planes, loadings)[np.newaxis])
        if band >= image.depth:
            raise ImageError(
                f"band={band} was asked of a picture with {image.depth} bands. Name one from 0 to {image.depth - 1}."
            )
        chosen = slice(band, band + 1)
    if image.levels is None:
        return _levels_of_planes(image.planes[chosen])
    samples = image.levels[:, :, chosen]
    if samples.dtype == bool:
        return _levels_of_numbers(samples * np.uint8(255))
    if samples.dtype == np.uint16:
        return _levels_of_numbers(_as_eight_bits(samples.astype(np.uint16, copy=False), image.mask))
    return _levels_of_numbers(samples)


def _levels_of_planes(planes: NDArray[np.float32]) -> GreyLevels:
    for dtype in (np.uint8, np.uint16):
        numbers = _whole_numbers(planes, dtype)
        if numbers is not None:
            return _levels_of_numbers(numbers)
    return GreyLevels(_mixed([np.multiply(plane, 255, dtype=np.float64) for plane in planes]), 1)


def _levels_of_numbers(numbers: NDArray[Any]) -> GreyLevels:
    """The levels of pixels (H, W, C) of uint8 or uint16, with C = 1 or 3."""
    if numbers.shape[2] == 1:
        return GreyLevels(numbers[:, :, 0], 1 if numbers.dtype == np.uint8 else 257)
    if numbers.dtype == np.uint16:
        return GreyLevels(_mixed([plane / 257 for plane in np.moveaxis(numbers, -1, 0)]), 1)
    if kernels_in_use():
        from classicseg.kernels.histograms import luma

        return GreyLevels(luma(numbers), 1)
    levels = np.empty(numbers.shape[:2], dtype=np.uint8)
    for first, last in row_chunks(numbers.shape[:2]):
        red, green, blue = np.moveaxis(numbers[first:last].astype(np.int32), -1, 0)
        levels[first:last] = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15
    return GreyLevels(levels, 1)


def _mixed(planes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    if len(planes) == 1:
        return planes[0]
    return 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]


def _as_eight_bits(numbers: NDArray[np.uint16], mask: NDArray[np.bool_]) -> NDArray[np.uint8 | np.uint16]:
    """Numbers of 16 bits as those of 8, where all inside the mask are 257 k."""
    small = (numbers >> 8).astype(np.uint8)
    different = small * np.uint16(257) != numbers
    return numbers if np.any(different & mask[:, :, np.newaxis]) else small


def _whole_numbers(planes: NDArray[np.float32], dtype: type[np.unsignedinteger]) -> NDArray[Any] | None:
    """The numbers k (H, W, C) of samples that are all the float32 nearest to k / (the type's greatest); else None."""
    full = np.iinfo(dtype).max
    nearest = (np.arange(full + 1) / full).astype(np.float32)
    numbers = np.empty((*planes.shape[1:], len(planes)), dtype=dtype)
    for first, last in row_chunks(planes.shape[1:]):
        part = np.moveaxis(planes[:, first:last], 0, -1)
        found = np.rint(np.multiply(part, full, dtype=np.float64)).astype(dtype)
        if not np.array_equal(nearest[found], part):
            return None
        numbers[first:last] = found
    return numbers


def principal_loadings(samples: NDArray[np.float32], counts: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Loadings (C,) of the first principal component of `samples` (n, C) in 0..1 that come `counts` times, or once.

    They sum to a positive number, and their absolute values sum to 1. Samples are rounded to 20 bits, so that the sums
    are whole numbers and the order of the samples decides nothing.
    """
    loadings = np.linalg.eigh(covariance(samples, counts, 2.0**-20))[1][:, -1]
    total = loadings.sum()
    decisive = total if abs(total) > _BALANCED else loadings[np.argmax(np.abs(loadings) > _BALANCED)]
    loadings *= np.sign(decisive)
    return np.asarray(loadings / np.abs(loadings).sum())


def _component(planes: NDArray[np.float32], loadings: NDArray[np.float64]) -> NDArray[np.float32]:
    floor = loadings[loadings < 0].sum()  # the least value that samples in 0..1 can give; moved to 0
    component = np.zeros(planes.shape[1:], dtype=np.float64)
    for loading, plane in zip(loadings, planes, strict=True):
        component += loading * plane
    return (component - floor).astype(np.float32)


def histogram(numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Rising numbers, and how often each comes; `numbers` are flat.

    Of uint8 and uint16 all numbers that the type has, also those that never come; of float64 the distinct ones.
    """
    if numbers.dtype.kind == "f":
        return np.unique(numbers, return_counts=True)
    all_numbers = _all_numbers(numbers.dtype)
    if numbers.dtype == np.uint8 and kernels_in_use():
        from classicseg.kernels.histograms import count_levels

        return all_numbers, count_levels(numbers)
    length = len(all_numbers)
    counts = np.zeros(length, dtype=np.int64)
    for first, last in chunks(len(numbers), 64 * length):  # bincount makes 8 bytes of each number
        counts += np.bincount(numbers[first:last], minlength=length)
    return all_numbers, counts


@lru_cache(maxsize=2)
def _all_numbers(dtype: np.dtype[np.unsignedinteger]) -> NDArray[np.int64]:
    """0, 1, ... as far as the type goes; read-only, as all callers share it."""
    numbers = np.arange(np.iinfo(dtype).max + 1)
    numbers.flags.writeable = False
    return numbers


def kernels_in_use() -> bool:
    """Whether compiled loops are in use already."""
    return _KERNELS in sys.modules
