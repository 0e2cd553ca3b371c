"""Region adjacency: which regions share a border, how long it is, and how strong a boundary lies along it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_REACH = 3  # pixels to each side of a piece of border, from which its direction is taken
_ROWS = 32  # a chunk
_ACROSS = 2 * _REACH + 2  # a row of the window about it, and more, so that it is a whole vector
_BITS, _ONES = 8, 255  # of a sum of rows or columns of the window
KEY, EDGE = 0, 1  # columns of a table of pairs of regions

# arctan(a) / (pi a) as a polynomial of a^2, from the highest power down: off by 4e-9 at most for a in 0..1.
_ARCTAN = (
    0.000902110684801, -0.00509455943921, 0.013556056487, -0.0238587438609, 0.0338578398639,
    -0.045208186031, 0.063638051724, -0.106102446931, 0.318309881168,
)  # fmt: skip


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
def slot_of(table, key):
    """Where `key` (0 or above) stands in an open-addressed table, or the free place (-1) where it would."""
    last = len(table) - 1
    place = ((key >> 32) * 73856093 ^ (key & 0xFFFFFFFF) * 19349663) & last
    while table[place, KEY] != key and table[place, KEY] != -1:
        place = (place + 1) & last
    return place


@kernel
def _line_across(down, right):
    """The direction of the line across a vector, in half turns from 0 to below 1, anticlockwise from the row's axis.

    arctan2(-down, right) / pi + 1/2, modulo 1; of no vector 1/2.
    """
    longer, shorter = max(abs(down), abs(right)), min(abs(down), abs(right))
    if longer == 0.0:
        return 0.5
    share = shorter / longer
    squared, turned = share * share, 0.0
    for coefficient in _ARCTAN:
        turned = turned * squared + coefficient
    turned *= share
    if abs(down) > abs(right):
        turned = 0.5 - turned
    if (down < 0.0) == (right < 0.0):
        turned = -turned
    return (turned + 0.5) % 1.0


@kernel
def _direction(flat, start, across, step, counts):
    """The direction of the border between a pixel and its right (step 0) or lower (1) neighbour of another region.

    Its normal points from the middle of the one region's pixels near by to that of the other's. `flat` is a framed map
    of regions with rows `across` long, in which the window begins at `start`; `counts` holds 1, row and column of each
    place of the two windows, packed into one number, and 0 where a place belongs to none.
    """
    middle = start + _REACH * (across + 1)
    here, there = flat[middle], flat[middle + (across if step else 1)]
    ours, theirs = np.int64(0), np.int64(0)
    for r in range(2 * _REACH + 1):
        row, numbers = np.uint64(start + r * across), np.uint64((step * (2 * _REACH + 1) + r) * _ACROSS)
        for c in range(_ACROSS):
            region, packed = flat[row + np.uint64(c)], counts[numbers + np.uint64(c)]
            ours += packed & -np.int64(region == here)  # without a branch, since no one could foretell it
            theirs += packed & -np.int64(region == there)
    many, more = ours >> 2 * _BITS, theirs >> 2 * _BITS
    down = (theirs >> _BITS & _ONES) / more - (ours >> _BITS & _ONES) / many
    return _line_across(down, (theirs & _ONES) / more - (ours & _ONES) / many)


@kernel
def _strengths_across(flat, oriented, counts, first, last, columns, turned, strengths):
    """Fill rows first..last - 1 of `strengths` (2, H, W) where right or lower neighbours are of another region.

    Directions come before strengths, row by row: so the memory is asked for many strengths at once.
    """
    orientations, height, width = oriented.shape
    across = width + _ACROSS - 1
    for row in range(first, last):
        for step in range(min(2, height - row)):
            start, count = row * across, 0
            middle = start + _REACH * (across + 1)
            here, there = flat[middle : middle + width], flat[middle + (across if step else 1) :]
            for column in range(width - 1 + step):
                columns[count] = column
                count += int((here[column] != there[column]) & (here[column] != 0) & (there[column] != 0))
            if orientations > 1:
                for i in range(count):
                    turned[i] = _direction(flat, start + columns[i], across, step, counts) * orientations
            for i in range(count):
                column, index = columns[i], int(turned[i])
                share, following = turned[i] - index, (index + 1) % orientations
                down, right = row + step, column + 1 - step
                one = oriented[index, row, column] + oriented[index, down, right]
                other = oriented[following, row, column] + oriented[following, down, right]
                strengths[step, row, column] = 0.5 * ((1.0 - share) * one + share * other)


@kernel
def _collect(regions, strengths, table, pairs, lengths, sums, frames):
    """Sum the pixel edges of each pair of regions; gives how many pairs there are, or -1 where they have no room."""
    height, width = regions.shape
    count, edge, previous = 0, 0, np.int64(-1)
    for row in range(height):
        for step in range(2):
            for column in range(width):
                here, there = np.int64(regions[row, column]), np.int64(0)
                if row + step < height and column + 1 - step < width:
                    there = np.int64(regions[row + step, column + 1 - step])
                if here == there:
                    continue
                if here == 0 or there == 0:
                    frames[max(here, there) - 1] += 1.0
                    continue
                key = min(here, there) - 1 << 32 | max(here, there) - 1
                if key != previous:
                    place = slot_of(table, key)
                    if table[place, KEY] == -1:
                        if count == len(pairs):
                            return -1
                        table[place, KEY], table[place, EDGE] = key, count
                        pairs[count, 0], pairs[count, 1] = key >> 32, key & 0xFFFFFFFF
                        count += 1
                    edge = int(table[place, EDGE])
                    previous = key
                lengths[edge] += 1.0
                sums[edge] += strengths[step, row, column]
    return count


def _window_counts() -> NDArray[np.int64]:
    """1, row and column of each place in the windows about a pixel and its right or lower neighbour, packed."""
    rows, columns = np.indices((2 * _REACH + 1, _ACROSS))
    packed = 1 << 2 * _BITS | rows << _BITS | columns
    inside = columns <= 2 * _REACH
    return np.stack([packed * (inside & (columns >= 1)), packed * (inside & (rows >= 1))]).ravel()


def borders_of(regions: NDArray[np.int32], count: int, oriented: NDArray[np.float32], threads: int = 1) -> Borders:
    """The borders between 4-connected regions 1..count of a map (0: none), and the boundary strength along them.

    `oriented` (K, H, W) is the strength of a boundary along K lines: line k lies at the angle k pi / K, counted from
    the row's axis (left to right) anticlockwise as the picture is seen; one plane (1, H, W) is a strength without
    direction. O(N) for N pixels, 13 bytes a pixel.

    A border runs across the line between the middles of what lies of its two regions within three pixels of it. The
    strengths of the two orientations nearest to that are weighed by nearness, those of the two pixels alike.

    Raises
    ------
    ValueError
        There are more borders than 4-connected regions can have, since a map of these is planar: 3 count - 6.
    """
    strengths = np.zeros((2, *regions.shape), dtype=np.float32)
    framed = np.pad(regions, ((_REACH, _REACH), (_REACH, _REACH + 1))).ravel()
    counts = _window_counts()

    def measure(index: int, first: int, last: int) -> None:
        row = np.empty(regions.shape[1] + 1, dtype=np.int64), np.zeros(regions.shape[1])
        _strengths_across(framed, oriented, counts, first, last, *row, strengths)

    for_chunks(measure, chunks(len(regions), _ROWS), threads)
    most = max(3 * count, 1)
    table = np.full((1 << int(2 * most).bit_length(), 2), -1, dtype=np.int64)
    pairs = np.empty((most, 2), dtype=np.int32)
    lengths, sums, frames = np.zeros(most), np.zeros(most), np.zeros(count)
    for first in (regions[0], regions[:, 0]):
        np.add.at(frames, first[first > 0] - 1, 1.0)
    found = int(_collect(regions, strengths, table, pairs, lengths, sums, frames))
    if found < 0:
        raise ValueError(f"the {count} regions have more than {most} borders: some are not 4-connected")
    return Borders(pairs[:found].copy(), lengths[:found].copy(), sums[:found].copy(), frames)
