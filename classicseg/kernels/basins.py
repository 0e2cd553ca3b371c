"""Where water gathers: regional minima of a picture in whole levels, and the joining of shallow basins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import number_components, root_of
from classicseg.kernels.edge_order import NUMBER, WEIGHT, sorted_edges
from classicseg.kernels.watershed_strips import HIGHEST_LEVEL

_LEVEL_BITS = 16
_OUTSIDE = np.uint16(HIGHEST_LEVEL + 1)


@kernel
def _row_not_above(above, here, below, inside, lowest):
    """Pixels of a row inside the mask that have no lower neighbour; the rows of levels have a frame."""
    width = len(lowest)
    left, middle, right = here[:width], here[1 : 1 + width], here[2 : 2 + width]
    over, under = above[1 : 1 + width], below[1 : 1 + width]
    for c in range(width):
        level = middle[c]
        lowest[c] = inside[c] & (level <= left[c]) & (level <= right[c]) & (level <= over[c]) & (level <= under[c])


@kernel
def _not_above(framed, mask, lowest):
    for row in range(len(mask)):
        _row_not_above(framed[row], framed[row + 1], framed[row + 2], mask[row], lowest[row])


@kernel
def _number_minima(framed, lowest, numbers, slopes):
    """Renumber in place the parts of `lowest` (1..n) that are minima, 1..m, and set the others 0; gives m.

    A part is none where a pixel beside it has its level but lies above another one. `slopes` comes as zeros.
    """
    height, width = lowest.shape
    for row in range(height):
        for column in range(width):
            if not lowest[row, column]:
                continue
            level = framed[row + 1, column + 1]
            for down, right in ((-1, 0), (0, -1), (0, 1), (1, 0)):
                y, x = row + down, column + right
                if 0 <= y < height and 0 <= x < width and framed[y + 1, x + 1] == level and not lowest[y, x]:
                    slopes[numbers[row, column]] = 1
    count = np.int32(0)
    slopes[0] = 0
    for part in range(1, len(slopes)):
        count += np.int32(slopes[part] == 0)
        slopes[part] = count if slopes[part] == 0 else np.int32(0)
    for row in range(height):
        for column in range(width):
            numbers[row, column] = slopes[numbers[row, column]]
    return count


def regional_minima(levels: NDArray[np.uint16], mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """The 4-connected sets of one level inside the mask with no lower neighbour: a map 1..n (0 elsewhere), and n.

    Numbers are in raster order. What lies above `HIGHEST_LEVEL` counts as that. O(N), 11 bytes a pixel at most.
    """
    mask = np.ascontiguousarray(mask)
    framed = np.full((mask.shape[0] + 2, mask.shape[1] + 2), _OUTSIDE, dtype=np.uint16)
    framed[1:-1, 1:-1] = np.where(mask, np.minimum(levels, np.uint16(HIGHEST_LEVEL)), _OUTSIDE)
    lowest = np.empty(mask.shape, dtype=np.bool_)
    _not_above(framed, mask, lowest)
    numbers, count = number_components(framed[1:-1, 1:-1].astype(np.int32), lowest)
    found = _number_minima(framed, lowest, numbers, np.zeros(count + 1, dtype=np.int32))
    return numbers, int(found)


def lowest_of_cells(levels: NDArray[np.uint16], mask: NDArray[np.bool_], count: int) -> tuple[NDArray[np.int32], int]:
    """The lowest pixel inside the mask of each cell of a grid, of equal ones the first: a map 1..n (else 0), and n.

    The grid has about `count` cells on the pixels of the mask, as equal squares as fit.
    """
    spacing = max(1.0, np.sqrt(np.count_nonzero(mask) / count))
    starts = [
        np.arange(cells) * length // cells for length in mask.shape for cells in [max(1, round(length / spacing))]
    ]
    places = np.arange(mask.size, dtype=np.uint64).reshape(mask.shape)
    nowhere = np.uint64(np.iinfo(np.uint64).max)
    keys = np.where(mask, (levels.astype(np.uint64) << WEIGHT) | places, nowhere)
    lowest = np.minimum.reduceat(np.minimum.reduceat(keys, starts[0], axis=0), starts[1], axis=1)
    found = np.sort((lowest[lowest != nowhere] & NUMBER).astype(np.int64))
    markers = np.zeros(mask.size, dtype=np.int32)
    markers[found] = np.arange(1, len(found) + 1)
    return markers.reshape(mask.shape), len(found)


@kernel
def _list_passes(levels, labels, passes, lowest):
    """Pairs of neighbours in two basins, as edges that weigh the higher of their levels; gives how many there are.

    The number of a pair is twice the place of the first, plus 1 where the second lies below. `lowest` gets the lowest
    level of each basin.
    """
    height, width = labels.shape
    count = np.int64(0)
    for row in range(height):
        for column in range(width):
            here = labels[row, column]
            if here <= 0:
                continue
            level = levels[row, column]
            lowest[here] = min(lowest[here], level)
            for way in range(2):
                y, x = row + way, column + 1 - way
                if y < height and x < width and labels[y, x] > 0 and labels[y, x] != here:
                    number = np.uint64(2 * (row * width + column) + way)
                    passes[count] = (np.uint64(max(level, levels[y, x])) << WEIGHT) | number
                    count += 1
    return count


@kernel
def _join_shallow(passes, labels, width, height, lowest, lakes, basins):
    """Flood over ever higher passes; a lake that is less than `height` deep when it overflows joins the basin beyond.

    `lakes` and `basins` are forests of basins: what is under one water, and what has joined.
    """
    for i in range(len(passes)):
        number = np.int64(passes[i] & NUMBER)
        place = number >> 1
        one, other = np.int64(labels[place]), np.int64(labels[place + (width if number & 1 else np.int64(1))])
        lake, beyond = root_of(lakes, one), root_of(lakes, other)
        if lake == beyond:
            continue
        if lowest[lake] > lowest[beyond]:
            lake, beyond = beyond, lake
        if np.int64(passes[i] >> WEIGHT) - np.int64(lowest[beyond]) < height:
            basins[root_of(basins, one)] = root_of(basins, other)
        lakes[beyond] = lake
    for basin in range(len(basins)):
        basins[basin] = root_of(basins, np.int64(basin))


def join_shallow(labels: NDArray[np.int32], levels: NDArray[np.uint16], height: float) -> NDArray[np.int32]:
    """For each basin 0..n the one that it has joined, when those less than `height` levels deep join others.

    Water rises in all basins 1..n of a map (0 belongs to none) and flows over where two meet at their lowest; the lake
    whose lowest point is the higher one (the dynamics of that minimum is the level then, less that point) joins the
    basin on the other side if it is not deep enough. What comes of a greater height is made of what comes of a smaller
    one, and the number left is that of the minima of depth `height`. O(N), 32 bytes a pixel at most.

    M. Grimaud, "A new measure of contrast: the dynamics", Image Algebra and Morphological Image Processing III, 1992.
    """
    labels, levels = np.ascontiguousarray(labels, dtype=np.int32), np.ascontiguousarray(levels, dtype=np.uint16)
    count = int(labels.max(initial=0)) + 1
    passes = np.empty(2 * labels.size, dtype=np.uint64)
    lowest = np.full(count, np.iinfo(np.uint16).max, dtype=np.uint16)
    passes = passes[: _list_passes(levels, labels, passes, lowest)]
    passes = sorted_edges(passes, _LEVEL_BITS)
    lakes, basins = np.arange(count, dtype=np.int32), np.arange(count, dtype=np.int32)
    _join_shallow(passes, labels.reshape(-1), labels.shape[1], float(height), lowest, lakes, basins)
    return basins
