"""Grey levels of a picture, the numbers that a threshold is compared with; and how often each comes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError
from classicseg.image import Image
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
        if self.unit == 1:
            return threshold
        return int(np.searchsorted(np.arange(self.unit * 255 + 1) / self.unit, threshold, side="right")) - 1


def grey_levels(image: Image, band: int | None = None) -> GreyLevels:
    """The levels that are compared with a threshold: luma, the first principal component, or one band."""
    chosen = slice(None)
    if image.depth > 1 and (image.kind == "bands" or band is not None):
        if band is None:
            return _levels_of_planes(_first_principal_component(image.planes, image.mask)[np.newaxis])
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


def _first_principal_component(planes: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    values = planes[:, mask].astype(np.float64)
    centred = values - values.mean(axis=1, keepdims=True)
    # Sums by numpy itself, not by BLAS, whose last digits depend on the number of its threads.
    covariance = np.array([[np.sum(one * other) for other in centred] for one in centred])
    loadings = np.linalg.eigh(covariance)[1][:, -1]
    total = loadings.sum()
    decisive = total if abs(total) > _BALANCED else loadings[np.argmax(np.abs(loadings) > _BALANCED)]
    loadings *= np.sign(decisive)
    loadings /= np.abs(loadings).sum()
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
