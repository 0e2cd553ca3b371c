"""Samples of any type become float32 in 0..1: which values become 0 and 1, and the division that does it."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import DataRangeWarning, ImageError, ParameterError, warn
from classicseg.parallel import chunks

Number = int | float

_PIXELS_AT_ONCE = 1 << 13


def row_chunks(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Bounds of rows that hold a few thousand pixels, so that what is made of them on the way stays in the cache."""
    return chunks(shape[0], max(1, _PIXELS_AT_ONCE // shape[1]))


def value_range(pixels: NDArray[Any], valid: NDArray[np.bool_], data_range: Any, quiet: bool) -> tuple[Number, Number]:
    """The values that become 0 and 1."""
    dtype = pixels.dtype
    if not valid.any() or (data_range is None and dtype.kind == "b"):
        return 0.0, 1.0
    if data_range is None and dtype == np.uint8:
        return 0.0, 255.0
    inside = pixels if valid.all() else pixels[valid]
    lowest: Number = inside.min().item()
    highest: Number = inside.max().item()
    if data_range is not None:
        return _given_range(data_range, lowest, highest, quiet)
    if dtype == np.uint16:
        if highest < 65536 / 8 and not quiet:
            warn(
                f"the uint16 picture uses less than an eighth of its range (highest value {highest:g}), as "
                '12-bit cameras do. Say data_range=(0, 4095) or the like, or data_range="image".',
                DataRangeWarning,
            )
        return 0.0, 65535.0
    cure = 'Say data_range=(low, high), the values that mean black and white, or data_range="image".'
    if dtype.kind != "f":
        raise ImageError(f"samples of type {dtype} came ({lowest:g} to {highest:g}), whose range is not known. {cure}")
    if lowest < 0 or highest > 1:
        raise ImageError(
            f"float samples from {lowest:g} to {highest:g} came; without a data range, 0 to 1 is allowed. {cure}"
        )
    return 0.0, 1.0


def _given_range(data_range: Any, lowest: Number, highest: Number, quiet: bool) -> tuple[Number, Number]:
    if isinstance(data_range, str) and data_range == "image":
        if not np.isfinite(float(highest) - float(lowest)):
            raise ImageError(
                f"samples from {lowest:g} to {highest:g} came, too far apart to be scaled. Scale them first."
            )
        return lowest, highest
    low, high = _two_numbers(data_range)
    if not (low < high and np.isfinite(float(high) - float(low))):
        raise ParameterError(
            f"data_range={data_range!r} is not allowed; it is (low, high), two finite numbers with low < high, "
            'or "image" for the lowest and highest sample.'
        )
    if (lowest < low or highest > high) and not quiet:
        warn(
            f"samples from {lowest:g} to {highest:g} do not fit data_range=({low:g}, {high:g}); those outside are "
            "clipped to it. Give a wider range unless that is meant.",
            DataRangeWarning,
        )
    return low, high


def _two_numbers(data_range: Any) -> tuple[Number, Number]:
    """The two numbers of a range, integers as such; NaN where it is something else."""
    try:
        low, high = (int(value) if isinstance(value, numbers.Integral) else float(value) for value in data_range)
        float(low), float(high)  # integers may be too large for that
    except (TypeError, ValueError, OverflowError):
        return np.nan, np.nan
    return (np.nan, np.nan) if isinstance(data_range, str) else (low, high)


def scale(planes: list[NDArray[Any]], limits: tuple[Number, Number]) -> NDArray[np.float32]:
    """Samples scaled to 0..1, by one correctly rounded division each.

    A division in float64, rounded to float32, is the float32 nearest the true quotient for all integers below 2^24, so
    k/255 comes out the same from k, from 257 k in uint16, and from k/255 in float32 or float64.
    """
    low, high = limits
    result = np.empty((len(planes), *planes[0].shape), dtype=np.float32)
    shallow = planes[0].dtype.kind in "bu" and planes[0].dtype.itemsize <= 2
    if shallow:
        levels = np.arange(2 if planes[0].dtype == bool else np.iinfo(planes[0].dtype).max + 1)
        quotients = _quotients(levels, low, high)
    for band, plane in enumerate(planes):
        for first, last in row_chunks(plane.shape):
            part = plane[first:last]
            if shallow:
                result[band, first:last] = quotients[part.astype(np.uint16)]
            else:
                with np.errstate(invalid="ignore", over="ignore"):  # NaN outside the mask, which is filled afterwards
                    result[band, first:last] = _quotients(part, low, high)
    return result


def _quotients(values: NDArray[Any], low: Number, high: Number) -> NDArray[np.float32]:
    if high == low:
        return np.zeros(values.shape, dtype=np.float32)
    if values.dtype.kind in "iu" and isinstance(low, int):
        scaled = _above(values, low) / float(high - low)
    else:
        scaled = (values.astype(np.float64) - low) / (high - low)
    return np.clip(scaled, 0, 1).astype(np.float32) + np.float32(0)  # adding 0 turns -0.0 into 0.0


def _above(values: NDArray[np.integer], low: int) -> NDArray[np.float64]:
    """How far integers lie above `low` (0 if below), subtracted before float64 could round them."""
    floor = max(low, int(np.iinfo(values.dtype).min))
    if floor > np.iinfo(values.dtype).max:
        return np.zeros(values.shape)
    # Unsigned subtraction wraps around to the right difference, which may be larger than the signed type holds.
    difference = np.maximum(values, values.dtype.type(floor)).astype(np.uint64) - np.uint64(floor % 2**64)
    return difference.astype(np.float64) + float(floor - low)
