"""Region adjacency: which regions share a border, how long it is, and how strong a boundary lies along it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import for_chunks

_REACH = 3  # pixels to each side of a piece of border, from which its direction is taken


class Borders(NamedTuple):
    """The borders of regions 0..n-1, in the order in which a raster scan meets them.

    Attributes
    ----------
    pairs : (E, 2) int32 array
        The two regions of each, the lower number first.
    lengths : (E,) float64 array
        Pixel edges along it.
    strengths : (E,) float64 array
        The boundary strength summed over these.
    frames : (n,) float64 array
        For each region, its pixel edges on the frame of the picture or beside pixels of no region.
    """

    pairs: NDArray[np.int32]
    lengths: NDArray[np.float64]
    strengths: NDArray[np.float64]
    frames: NDArray[np.float64]


@kernel
def slot_of(keys, key):
    """Where `key` (0 or above) stands in an open-addressed table, or the free place (-1) where it would."""
    last = len(keys) - 1
    place = ((key >> 32) * 73856093 ^ (key & 0xFFFFFFFF) * 19349663) & last
    while keys[place] != key and keys[place] != -1:
        place = (place + 1) & last
    return place


@kernel
def _strength_across(regions, oriented, row, column, step):
    """The strength of the border between a pixel and its right (step 0) or lower (1) neighbour, at its direction.

    The normal points from the middle of the one region's pixels near by to that of the other's; the line stands across
    it. Strengths of the two nearest orientations are weighed by nearness, those of the two pixels alike.
    """
    height, width = regions.shape
    orientations = len(oriented)
    down, right = row + step, column + 1 - step
    here, there = regions[row, column], regions[down, right]
    index, share = 0, 0.0
    if orientations > 1:
        sums = np.zeros((2, 3), np.int64)
        for r in range(max(down - _REACH, 0), min(row + _REACH + 1, height)):
            for c in range(max(right - _REACH, 0), min(column + _REACH + 1, width)):
                side = 0 if regions[r, c] == here else 1
                if side == 0 or regions[r, c] == there:
                    sums[side, 0] += 1
                    sums[side, 1] += r
                    sums[side, 2] += c
        rise = sums[1, 1] / sums[1, 0] - sums[0, 1] / sums[0, 0]
        run = sums[1, 2] / sums[1, 0] - sums[0, 2] / sums[0, 0]
        turned = (np.arctan2(-rise, run) / np.pi + 0.5) % 1.0 * orientations
        index = int(turned) % orientations
        share = turned - int(turned)
    following = (index + 1) % orientations
    one = oriented[index, row, column] + oriented[index, down, right]
    other = oriented[following, row, column] + oriented[following, down, right]
    return 0.5 * ((1.0 - share) * one + share * other)


@kernel
def _strengths_across(regions, oriented, first, last, strengths):
    """Fill rows first..last - 1 of `strengths` (2, H, W) where right or lower neighbours are of another region."""
    height, width = regions.shape
    for row in range(first, last):
        for step in range(2):
            if row + step == height:
                continue
            for column in range(width - 1 + step):
                here, there = regions[row, column], regions[row + step, column + 1 - step]
                if here != there and here and there:
                    strengths[step, row, column] = _strength_across(regions, oriented, row, column, step)


@kernel
def _collect(regions, strengths, keys, edges, pairs, lengths, sums):
    """Sum the pixel edges of each pair of regions; gives how many pairs there are."""
    height, width = regions.shape
    count = 0
    for row in range(height):
        for step in range(2):
            if row + step == height:
                continue
            for column in range(width - 1 + step):
                here, there = regions[row, column], regions[row + step, column + 1 - step]
                if here == there or here == 0 or there == 0:
                    continue
                low, high = np.int64(min(here, there) - 1), np.int64(max(here, there) - 1)
                key = low << 32 | high
                place = slot_of(keys, key)
                if keys[place] == -1:
                    keys[place] = key
                    edges[place] = count
                    pairs[count, 0], pairs[count, 1] = low, high
                    count += 1
                edge = edges[place]
                lengths[edge] += 1.0
                sums[edge] += strengths[step, row, column]
    return count


@kernel
def _frames(regions, frames):
    """Count the pixel edges of each region that no other region shares."""
    height, width = regions.shape
    for row in range(height):
        for column in range(width):
            region = regions[row, column]
            if region == 0:
                continue
            for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                r, c = row + down, column + right
                if r < 0 or c < 0 or r == height or c == width or regions[r, c] == 0:
                    frames[region - 1] += 1.0


def borders_of(regions: NDArray[np.int32], count: int, oriented: NDArray[np.float32], threads: int = 1) -> Borders:
    """The borders between 4-connected regions 1..count of a map (0: none), and the boundary strength along them.

    `oriented` (K, H, W) is the strength of a boundary along K lines: line k lies at the angle k pi / K, from left to right
    anticlockwise as the picture is seen; one plane (1, H, W) is a strength without direction. The map of 4-connected
    regions is planar, so that there are at most 3 count - 6 borders. O(N).
    """
    strengths = np.zeros((2, *regions.shape), dtype=np.float32)

    def measure(index: int, first: int, last: int) -> None:
        _strengths_across(regions, oriented, first, last, strengths)

    bounds = [(first, min(first + 32, len(regions))) for first in range(0, len(regions), 32)]
    for_chunks(measure, bounds, threads)
    most = max(3 * count, 1)
    room = 1 << int(2 * most).bit_length()
    pairs = np.empty((most, 2), dtype=np.int32)
    lengths, sums = np.zeros(most), np.zeros(most)
    table = np.full(room, -1, dtype=np.int64), np.empty(room, dtype=np.int64)
    found = int(_collect(regions, strengths, *table, pairs, lengths, sums))
    frames = np.zeros(count)
    _frames(regions, frames)
    return Borders(pairs[:found].copy(), lengths[:found].copy(), sums[:found].copy(), frames)
