"""sRGB to CIE L*a*b* in float64 without a call of the mathematical library: a few short loops that vectorise.

The definition stands in `classicseg.color`; these loops compute the same to 1e-12 and round it to float32. A pixel with
R = G = B gets a = b = 0 exactly, and the L* of a grey picture.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_TILE = 1 << 11  # pixels whose float64 planes stay in the nearest caches
_PIXELS_AT_ONCE = 1 << 14
_EDGE = (6 / 29) ** 3  # below this CIE's f(t) is a straight line
# For bits i of a float32 x, the bits C - i/p are those of x^(-1/p) but for 3.5 %; C makes the greatest error least.
_CUBE_BITS = np.float32(1419915954)
_FIFTH_BITS = np.float32(1277930859)
_THIRD, _FIFTH, _FOUR_THIRDS = np.float32(1 / 3), np.float32(1 / 5), np.float32(4 / 3)


@kernel
def _undo_gamma(samples, linear):
    """Undo sRGB's transfer curve: v/12.92 up to 0.04045, ((v + 0.055)/1.055)^2.4 above.

    With a = x^2, x^2.4 = a a^(1/5) = a a z^4 for z = a^(-1/5), which Newton's iteration finds without a division:
    z <- z (6 - a z^5) / 5, whose relative error is three times the square of the one before.
    """
    size = samples.size
    squares = np.empty(size, dtype=np.float64)
    rough = np.empty(size, dtype=np.float32)
    bits = rough.view(np.int32)
    for place in range(size):
        x = (max(np.float64(samples[place]), 0.04) + 0.055) * (1 / 1.055)
        squares[place] = x * x
        rough[place] = x * x
    for place in range(size):
        bits[place] = np.int32(_FIFTH_BITS - np.float32(bits[place]) * _FIFTH)
    for place in range(size):
        a, z = squares[place], np.float64(rough[place])
        for _ in range(4):
            square = z * z
            z = z * (1.2 - 0.2 * (a * z * square * square))
        square = z * z
        v = np.float64(samples[place])
        linear[place] = a * a * square * square if v > 0.04045 else v / 12.92


@kernel
def _look_up(levels, known, linear):
    """``known[k]`` of the levels k of pixels (n, C), as planes (C, n)."""
    count, channels = levels.shape
    for channel in range(channels):
        for place in range(count):
            linear[channel, place] = known[levels[place, channel]]


@kernel
def _write_lab(linear, weights, lab, start):
    """L*, a*, b* of linear planes (C, n) into `lab` (D, N) from `start` on; D = 1: L* only, C = 1: grey.

    CIE's f(t) is the cube root, and below (6/29)^3 the line t (29/6)^2 / 3 + 4/29. t^(1/3) = t z^2 for z = t^(-1/3), by
    Newton's iteration z <- z (4 - t z^3) / 3, whose relative error is twice the square of the one before: 3.5 %, 2e-3,
    1e-5 in float32, 2e-10 and rounding in float64.
    """
    channels, count = linear.shape
    depth = lab.shape[0]
    f = np.empty((3, _TILE), dtype=np.float64)
    rough = np.empty(_TILE, dtype=np.float32)
    bits = rough.view(np.int32)
    for first in range(0, count, _TILE):
        size = min(_TILE, count - first)
        reds, greens, blues = linear[0, first:], linear[channels // 2, first:], linear[channels - 1, first:]
        for row in range(3):
            if depth == 1 and row != 1:
                continue
            w0, w1, w2 = weights[row, 0], weights[row, 1], weights[row, 2]
            for place in range(size):
                r, g, b = reds[place], greens[place], blues[place]
                mixed = w0 * r + w1 * g + w2 * b  # X/Xn, Y/Yn or Z/Zn, the same number where R = G = B
                t = r if r == g and g == b else mixed
                f[row, place] = t
                rough[place] = max(t, _EDGE)
            for place in range(size):
                bits[place] = np.int32(_CUBE_BITS - np.float32(bits[place]) * _THIRD)
            for place in range(size):
                t, y = f[row, place], rough[place]
                short = np.float32(t)
                for _ in range(2):
                    y = y * (_FOUR_THIRDS - _THIRD * (short * y * y * y))
                z = np.float64(y)
                for _ in range(2):
                    z = z * (4 / 3 - (1 / 3) * (t * z * z * z))
                f[row, place] = t * z * z if t > _EDGE else t * ((29 / 6) ** 2 / 3) + 4 / 29
        for place in range(size):
            lab[0, start + first + place] = 116 * f[1, place] - 16
        if depth == 3:
            for place in range(size):
                lab[1, start + first + place] = 500 * (f[0, place] - f[1, place])
                lab[2, start + first + place] = 200 * (f[1, place] - f[2, place])


def lab_of_levels(
    levels: NDArray[np.bool_ | np.uint8 | np.uint16],
    full: int,
    weights: NDArray[np.float64],
    depth: int,
    threads: int = 1,
) -> NDArray[np.float32]:
    """L*a*b* planes (D, H, W) of pixels (H, W, C) of whole levels, of which `full` is white.

    `weights` (3, 3) give X/Xn, Y/Yn, Z/Zn of linear R, G, B. C is 1 (grey) or 3; `depth` is 1 (L* only) or 3.
    """
    height, width, channels = levels.shape
    known = _linear_of_levels(full)
    lab = np.empty((depth, height * width), dtype=np.float32)

    def convert(_: int, first: int, last: int) -> None:
        part = levels[first:last].astype(np.uint16, order="C").reshape(-1, channels)
        linear = np.empty((channels, len(part)), dtype=np.float64)
        _look_up(part, known, linear)
        _write_lab(linear, weights, lab, first * width)

    for_chunks(convert, chunks(height, max(1, _PIXELS_AT_ONCE // width)), threads)
    return lab.reshape(depth, height, width)


def lab_of_samples(
    samples: NDArray[np.float32], weights: NDArray[np.float64], depth: int, threads: int = 1
) -> NDArray[np.float32]:
    """The same of planes (C, H, W) of samples in 0..1; equal to the last bit where a sample is a level over `full`."""
    flat = np.ascontiguousarray(samples, dtype=np.float32).reshape(len(samples), -1)
    lab = np.empty((depth, flat.shape[1]), dtype=np.float32)

    def convert(_: int, first: int, last: int) -> None:
        linear = np.empty((len(flat), last - first), dtype=np.float64)
        for plane, row in zip(flat, linear, strict=True):
            _undo_gamma(plane[first:last], row)
        _write_lab(linear, weights, lab, first)

    for_chunks(convert, chunks(flat.shape[1], _PIXELS_AT_ONCE), threads)
    return lab.reshape(depth, *samples.shape[1:])


@cache
def _linear_of_levels(full: int) -> NDArray[np.float64]:
    samples = (np.arange(full + 1) / full).astype(np.float32)
    linear = np.empty(full + 1, dtype=np.float64)
    # 256 values are not worth a compilation; as plain Python the loop gives the same bits.
    undo = getattr(_undo_gamma, "py_func", _undo_gamma) if full < 256 else _undo_gamma
    undo(samples, linear)
    return linear
