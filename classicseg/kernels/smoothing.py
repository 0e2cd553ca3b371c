"""Gaussian smoothing and Sobel's derivatives row by row: a smooth row is used while it is still in the cache.

Smoothing is separable, cut off at four standard deviations, and goes on with the outermost pixel beyond the picture's
border. Everything is float32, summed in one fixed order (the centre first, then the pairs from the outermost in), so
that the rows come out the same to the last bit in whatever bands they are computed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

# A chunk has so many rows, or so many samples if that is more: for less, a thread costs what it gains.
_ROWS, _SAMPLES = 64, 65_536
_TRUNCATE = 4.0  # standard deviations
_EIGHTH = np.float32(0.125)  # Sobel's sums are 8 times the slope: 4 for the weights, 2 for the distance


def gaussian_weights(sigma: float) -> NDArray[np.float32]:
    """Weights of the pixels 0, 1, ... r away: exp(-k^2 / (2 sigma^2)) over the sum of all 2r + 1, r = 4 sigma."""
    radius = int(_TRUNCATE * sigma + 0.5)
    if radius == 0:
        return np.ones(1, dtype=np.float32)
    weights = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    return (weights / weights.sum())[radius:].astype(np.float32)


@kernel
def smooth_row(plane, weights, row, middle, smooth):
    """Row `row` of the smoothed plane into smooth[1:-1], with its end values once more at either end.

    s(y, x) = sum over k of w(|k|) t(y, x + k), with t(y, x) = sum over k of w(|k|) p(y + k, x); `middle` holds t.
    """
    height, width = plane.shape
    reach, lowest = len(weights) - 1, height - 1
    here, centre = plane[row], weights[0]
    column_sums, inner = middle[reach : reach + width], smooth[1 : 1 + width]
    for c in range(width):
        column_sums[c] = here[c] * centre
    for k in range(reach, 1, -2):  # two pairs at a time, so that the sums are read and written half as often
        above, below, weight = plane[max(row - k, 0)], plane[min(row + k, lowest)], weights[k]
        above2, below2, weight2 = plane[max(row - k + 1, 0)], plane[min(row + k - 1, lowest)], weights[k - 1]
        for c in range(width):
            column_sums[c] = (column_sums[c] + (above[c] + below[c]) * weight) + (above2[c] + below2[c]) * weight2
    if reach % 2 == 1:
        above, below, weight = plane[max(row - 1, 0)], plane[min(row + 1, lowest)], weights[1]
        for c in range(width):
            column_sums[c] += (above[c] + below[c]) * weight
    for k in range(reach):
        middle[k] = column_sums[0]
        middle[reach + width + k] = column_sums[width - 1]
    for c in range(width):
        inner[c] = column_sums[c] * centre
    for k in range(reach, 1, -2):
        left, right, weight = middle[reach - k :], middle[reach + k :], weights[k]
        left2, right2, weight2 = middle[reach - k + 1 :], middle[reach + k - 1 :], weights[k - 1]
        for c in range(width):
            inner[c] = (inner[c] + (left[c] + right[c]) * weight) + (left2[c] + right2[c]) * weight2
    if reach % 2 == 1:
        left, right, weight = middle[reach - 1 :], middle[reach + 1 :], weights[1]
        for c in range(width):
            inner[c] += (left[c] + right[c]) * weight
    smooth[0] = inner[0]
    smooth[width + 1] = inner[width - 1]


@kernel
def sobel_row(above, here, below, down, right):
    """Sobel's slopes of a row from three smooth rows that have one more value at either end.

    down = (1 2 1) / 8 along (below - above), right = (1 2 1) / 8 down the columns of (next - previous).
    """
    width = len(down)
    above0, above1, above2 = above[:width], above[1 : 1 + width], above[2 : 2 + width]
    here0, here2 = here[:width], here[2 : 2 + width]
    below0, below1, below2 = below[:width], below[1 : 1 + width], below[2 : 2 + width]
    for c in range(width):
        fall, rise = below1[c] - above1[c], here2[c] - here0[c]
        fall_left, fall_right = below0[c] - above0[c], below2[c] - above2[c]
        rise_above, rise_below = above2[c] - above0[c], below2[c] - below0[c]
        down[c] = ((fall + fall) + (fall_left + fall_right)) * _EIGHTH
        right[c] = ((rise + rise) + (rise_above + rise_below)) * _EIGHTH


@kernel
def _smooth_band(plane, weights, first, last, middle, line, out):
    width = plane.shape[1]
    for row in range(first, last):
        smooth_row(plane, weights, row, middle, line)
        target = out[row]
        for c in range(width):
            target[c] = line[1 + c]


@kernel
def _slope_band(planes, weights, first, last, middle, ring, slopes, length):
    """Rows first..last of sqrt(sum over planes of down^2 + right^2).

    `ring` holds three smooth rows, row y in ring[(y + 3) % 3]; rows beyond the picture repeat the outermost.
    """
    depth, height, width = planes.shape
    down, right = slopes[0], slopes[1]
    for row in range(first, last):
        length[row] = np.float32(0)
    for p in range(depth):
        plane = planes[p]
        for row in range(first - 1, first + 1):
            smooth_row(plane, weights, max(row, 0), middle, ring[(row + 3) % 3])
        for row in range(first, last):
            smooth_row(plane, weights, min(row + 1, height - 1), middle, ring[(row + 4) % 3])
            sobel_row(ring[(row + 2) % 3], ring[(row + 3) % 3], ring[(row + 4) % 3], down, right)
            target = length[row]
            for c in range(width):
                target[c] = (target[c] + down[c] * down[c]) + right[c] * right[c]
    for row in range(first, last):
        target = length[row]
        for c in range(width):
            target[c] = np.sqrt(target[c])


def bands(depth: int, height: int, width: int) -> list[tuple[int, int]]:
    """Chunks of rows of so many planes; each smooths two to four rows of its neighbours again."""
    return chunks(height, max(_ROWS, _SAMPLES // (depth * width)))


def gaussian_smooth(plane: NDArray[np.float32], sigma: float, threads: int = 1) -> NDArray[np.float32]:
    """A plane (H, W) smoothed by a Gaussian of `sigma` pixels. O(N sigma) for N pixels."""
    height, width = plane.shape
    source, weights = np.ascontiguousarray(plane, dtype=np.float32), gaussian_weights(sigma)
    smooth = np.empty(plane.shape, dtype=np.float32)

    def work(_: int, first: int, last: int) -> None:
        middle = np.empty(width + 2 * len(weights), dtype=np.float32)
        _smooth_band(source, weights, first, last, middle, np.empty(width + 2, dtype=np.float32), smooth)

    for_chunks(work, bands(1, height, width), threads)
    return smooth


def slope_length(planes: NDArray[np.float32], sigma: float, threads: int = 1) -> NDArray[np.float32]:
    """Length (H, W) of the gradient of smoothed planes (D, H, W), in units a pixel. O(N D sigma) for N pixels."""
    depth, height, width = planes.shape
    source, weights = np.ascontiguousarray(planes, dtype=np.float32), gaussian_weights(sigma)
    length = np.empty((height, width), dtype=np.float32)

    def work(_: int, first: int, last: int) -> None:
        middle = np.empty(width + 2 * len(weights), dtype=np.float32)
        ring, slopes = np.empty((3, width + 2), dtype=np.float32), np.empty((2, width), dtype=np.float32)
        _slope_band(source, weights, first, last, middle, ring, slopes, length)

    for_chunks(work, bands(depth, height, width), threads)
    return length
