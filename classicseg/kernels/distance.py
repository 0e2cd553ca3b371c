"""Euclidean distances: what lies far from what is blocked, and exact squared distances; in whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


@kernel
def _column_distances(free, cap, distances):
    """Pixels up or down to the nearest pixel of the same column that is not free, `cap` at most."""
    height, width = free.shape
    one = np.uint8(1)
    before = np.full(width, cap, dtype=np.uint8)
    for row in range(height):
        here, source = distances[row], free[row]
        for c in range(width):
            grown = min(np.uint8(before[c] + one), cap)
            here[c] = grown if source[c] else np.uint8(0)
        before = here
    for row in range(height - 2, -1, -1):
        here, after = distances[row], distances[row + 1]
        for c in range(width):
            here[c] = min(here[c], np.uint8(after[c] + one))


@kernel
def _beyond_rows(distances, reach, far):
    """far(y, x) = distances(y, x + k) > reach(|k|) for all k: no blocked pixel in the disc around (y, x)."""
    height, width = distances.shape
    for row in range(height):
        source, target = distances[row], far[row]
        for c in range(width):
            target[c] = source[c] > reach[0]
        for k in range(1, min(len(reach), width)):
            near, inner = reach[k], width - k
            left_target, right_source = target[:inner], source[k:]
            for c in range(inner):
                left_target[c] = left_target[c] & (right_source[c] > near)
            right_target, left_source = target[k:], source[:inner]
            for c in range(inner):
                right_target[c] = right_target[c] & (left_source[c] > near)


def farther_than(free: NDArray[np.bool_], distance: float) -> NDArray[np.bool_]:
    """Where the Euclidean distance to the nearest pixel that is not free is more than `distance` (0 to 250).

    Exact; nothing lies beyond the picture's border. O(N distance), and 64 pixels at a time where the machine can.
    """
    radius = int(distance)
    reach = [max(v for v in range(radius + 1) if v * v + k * k <= distance * distance) for k in range(radius + 1)]
    distances = np.empty(free.shape, dtype=np.uint8)
    far = np.empty(free.shape, dtype=np.bool_)
    _column_distances(np.ascontiguousarray(free), np.uint8(radius + 1), distances)
    _beyond_rows(distances, np.array(reach, dtype=np.uint8), far)
    return far


@kernel
def _column_falls(free, falls):
    """Pixels up or down to the nearest pixel of the same column that is not free; beyond the picture nothing is."""
    height, width = free.shape
    before = np.zeros(width, dtype=np.int32)
    one, none = np.int32(1), np.int32(0)
    for row in range(height):
        here, source = falls[row], free[row]
        for c in range(width):
            here[c] = before[c] + one if source[c] else none
        before = here
    after = np.zeros(width, dtype=np.int32)
    for row in range(height - 1, -1, -1):
        here = falls[row]
        for c in range(width):
            here[c] = min(here[c], after[c] + one)
        after = here


@kernel
def _nearest_in_run(falls, first, stop, sites, starts, squares):
    """squares(x) = min over s of (x - s)^2 + falls(s)^2 for x and s in first..stop-1, and s = first - 1, stop.

    The lower envelope of parabolas, one for each s: `sites` holds those that are seen from below, from left to right,
    `starts` the first x of each. Whole numbers throughout.
    """
    last = 0
    sites[0], starts[0] = first - 1, first
    for site in range(first, stop + 1):
        fall = np.int64(falls[site]) if site < stop else np.int64(0)
        own = site * site + fall * fall
        begin = np.int64(first)
        while last >= 0:
            other = np.int64(sites[last])
            other_fall = np.int64(falls[other]) if other >= first else np.int64(0)
            begin = (own - other * other - other_fall * other_fall) // (2 * (site - other)) + 1
            if begin > starts[last]:
                break
            last -= 1
        if last < 0:
            begin = np.int64(first)
        if begin < stop:
            last += 1
            sites[last], starts[last] = site, begin
    end = np.int64(stop)
    while last >= 0:
        nearest, start = np.int64(sites[last]), np.int64(starts[last])
        fall = np.int64(falls[nearest]) if first <= nearest < stop else np.int64(0)
        for x in range(start, end):
            squares[x] = np.int32((x - nearest) * (x - nearest) + fall * fall)
        end = start
        last -= 1


@kernel
def _square_rows(free, falls, sites, starts, squares):
    """Each run of free pixels in a row by itself: no other site is nearer than the pixels at its ends."""
    height, width = free.shape
    for row in range(height):
        inside, source, target = free[row], falls[row], squares[row]
        column = 0
        while column < width:
            if not inside[column]:
                target[column] = np.int32(0)
                column += 1
                continue
            first = np.int64(column)
            while column < width and inside[column]:
                column += 1
            _nearest_in_run(source, first, column, sites, starts, target)


def squared_distances(free: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Squared Euclidean distance (H, W) of each pixel to the nearest one that is not free; beyond the picture none is.

    Exact: whole numbers. O(N) for N pixels, 4 bytes a pixel beside the result.

    References
    ----------
    A. Meijster, J. B. T. M. Roerdink, W. H. Hesselink, "A general algorithm for computing distance transforms in linear
    time", Mathematical Morphology and its Applications to Image and Signal Processing, 2000.
    P. F. Felzenszwalb, D. P. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8, 2012.
    """
    free = np.ascontiguousarray(free)
    falls, squares = np.empty(free.shape, dtype=np.int32), np.empty(free.shape, dtype=np.int32)
    _column_falls(free, falls)
    sites, starts = (np.empty(free.shape[1] + 2, dtype=np.int32) for _ in range(2))
    _square_rows(free, falls, sites, starts, squares)
    return squares
