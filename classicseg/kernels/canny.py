"""Canny's edges: the ridges of the gradient's length, graded as weak and strong, row by row in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.smoothing import bands, gaussian_weights, smooth_row, sobel_row
from classicseg.parallel import for_chunks

_NOTHING, _ONE = np.float32(0), np.float32(1)
_FIXED_POINT, _TANGENT = np.float32(1 << 15), np.float32(13573)  # tan 22.5 degrees = 13573 / 2^15


@kernel
def _thirds(row):
    """The left neighbours of all pixels of a row but the first and the last, these pixels, their right neighbours."""
    inner = len(row) - 2
    return row[:inner], row[1 : 1 + inner], row[2:]


@kernel
def _grade_ridges(down, right, above, here, below, low, high, grades):
    """2 (strong) or 1 (weak) where a length reaches `high` or `low` and none beside it, along the slope, is higher.

    The slope leaves the ring of eight neighbours between a straight one and a diagonal one; the length there is
    (1 - w) straight + w diagonal, with w = smaller / larger of the two derivatives. All is computed for each pixel and
    then chosen from, so that pixels go side by side. The first and the last pixel of the row are none.
    """
    (nw, n, ne), (w, middle, e), (sw, s, se) = _thirds(above), _thirds(here), _thirds(below)
    downs, rights, target = _thirds(down)[1], _thirds(right)[1], _thirds(grades)[1]
    for c in range(len(target)):
        # Everything is read before anything is chosen: a load behind a condition would keep pixels from going together.
        slope_down, slope_right, length = downs[c], rights[c], middle[c]
        up_left, up, up_right, left = nw[c], n[c], ne[c], w[c]
        low_right, under, low_left, right_ = se[c], s[c], sw[c], e[c]
        steepness, evenness = abs(slope_down), abs(slope_right)
        steep, falling = steepness > evenness, (slope_down > _NOTHING) == (slope_right > _NOTHING)
        larger = steepness if steep else evenness
        smaller = evenness if steep else steepness
        weight = smaller / (larger if larger > _NOTHING else _ONE)
        one, other = (under if falling else up), (up if falling else under)
        straight1, straight2 = (one if steep else right_), (other if steep else left)
        diagonal1, diagonal2 = (low_right if falling else up_right), (up_left if falling else low_left)
        ridge = (diagonal1 * weight + straight1 * (_ONE - weight) <= length) & (
            diagonal2 * weight + straight2 * (_ONE - weight) <= length
        )
        weak = ridge & (length >= low) & (length > _NOTHING)
        target[c] = np.uint8(weak) + np.uint8(weak & (length >= high))


@kernel
def _grade_directions(down, right, above, here, below, low, high, grades):
    """The same by the rule of OpenCV: two of the eight neighbours, thresholds to be passed, ties won by one side.

    Which two is told by the tangents of 22.5 and 67.5 degrees, in OpenCV's fixed point, exact in float32 too for the
    derivatives of 8-bit pictures (here divided by 8).
    """
    (nw, n, ne), (w, middle, e), (sw, s, se) = _thirds(above), _thirds(here), _thirds(below)
    downs, rights, target = _thirds(down)[1], _thirds(right)[1], _thirds(grades)[1]
    for c in range(len(target)):
        slope_down, slope_right, length = downs[c], rights[c], middle[c]
        up_left, up, up_right, left = nw[c], n[c], ne[c], w[c]
        low_right, under, low_left, right_ = se[c], s[c], sw[c], e[c]
        steepness, evenness = abs(slope_down) * _FIXED_POINT, abs(slope_right) * _TANGENT
        level = steepness < evenness
        upright = steepness > evenness + abs(slope_right) * (_FIXED_POINT + _FIXED_POINT)
        falling = (slope_down < _NOTHING) == (slope_right < _NOTHING)
        diagonal1, diagonal2 = (up_left if falling else up_right), (low_right if falling else low_left)
        one = left if level else (up if upright else diagonal1)
        other = right_ if level else (under if upright else diagonal2)
        ridge = (length > one) & ((length > other) | ((length == other) & (level | upright)))
        weak = ridge & (length > low)
        target[c] = np.uint8(weak) + np.uint8(weak & (length > high))


@kernel
def _canny_band(plane, weights, first, last, low, high, directions, middle, smooth, slopes, lengths, grades):
    """Grades of rows first..last; rings of three rows: y is row (y + 3) % 3 of `smooth`, y % 3 of the others."""
    height, width = plane.shape
    begin = max(first, 1)
    for row in range(begin - 2, begin):
        smooth_row(plane, weights, max(row, 0), middle, smooth[(row + 3) % 3])
    for row in range(begin - 1, min(last, height - 1) + 1):
        smooth_row(plane, weights, min(row + 1, height - 1), middle, smooth[(row + 4) % 3])
        down, right, length = slopes[row % 3, 0], slopes[row % 3, 1], lengths[row % 3]
        sobel_row(smooth[(row + 2) % 3], smooth[row % 3], smooth[(row + 4) % 3], down, right)
        for c in range(width):
            length[c] = np.sqrt(down[c] * down[c] + right[c] * right[c])
        done = row - 1
        if done < begin:
            continue
        down, right = slopes[done % 3, 0], slopes[done % 3, 1]
        above, here, below = lengths[(done + 2) % 3], lengths[done % 3], lengths[row % 3]
        if directions:
            _grade_directions(down, right, above, here, below, low, high, grades[done])
        else:
            _grade_ridges(down, right, above, here, below, low, high, grades[done])


def canny_grades(
    plane: NDArray[np.floating], sigma: float, low: float, high: float, threads: int = 1, *, directions: bool = False
) -> NDArray[np.uint8]:
    """Weak (1) and strong (2) ridges (H, W) of a plane's gradient after Gaussian smoothing; outermost pixels are none.

    `low` and `high` are slopes a pixel. `directions` takes OpenCV's rule for ridges instead of the interpolated one;
    tests and benchmarks compare by it. O(N sigma) for N pixels, one byte a pixel.
    """
    height, width = plane.shape
    source, weights = np.ascontiguousarray(plane, dtype=np.float32), gaussian_weights(sigma)
    grades = np.zeros((height, width), dtype=np.uint8)
    weak, strong = np.float32(low), np.float32(high)
    if min(height, width) < 3:
        return grades

    def work(_: int, first: int, last: int) -> None:
        middle = np.empty(width + 2 * len(weights), dtype=np.float32)
        smooth, lengths = np.empty((3, width + 2), dtype=np.float32), np.empty((3, width), dtype=np.float32)
        slopes = np.empty((3, 2, width), dtype=np.float32)
        _canny_band(source, weights, first, last, weak, strong, directions, middle, smooth, slopes, lengths, grades)

    for_chunks(work, bands(1, height, width), threads)
    return grades
