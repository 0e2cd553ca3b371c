"""SLIC: k-means in colour and position, each pixel looking only at the nine clusters that began around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import number_components
from classicseg.kernels.regions import list_neighbours
from classicseg.parallel import Progress, for_chunks

_NOBODY = np.float32(1e9)  # the place of a cluster that never had a pixel: no distance to it is the smallest
_SMALLEST_PART = 0.25  # of a cell: smaller parts of a superpixel join a neighbour


class Superpixels(NamedTuple):
    """Connected superpixels 0..n-1 in raster order (-1 outside the mask), and the means of each over its pixels."""

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]
    positions: NDArray[np.float64]
    colors: NDArray[np.float64]


@kernel
def _spread_centers(centers, column_edges, weight, down, spread, number):
    """Write the centres of a row of cells out for every column: of the cell to the left, of its own, to the right.

    `spread` (3, 2 + D, W) gets row, weight (column - centre)^2 and colours; `number` (3, W) the cluster's number.
    """
    _, cell_columns, depth = centers.shape
    for step in range(3):
        for cell in range(cell_columns):
            other = min(max(cell + step - 1, 0), cell_columns - 1)
            start, stop = column_edges[cell], column_edges[cell + 1]
            for column in range(start, stop):
                number[step, column] = down * cell_columns + other
            for d in range(depth):
                for column in range(start, stop):
                    spread[step, d, column] = centers[down, other, d]
        for column in range(spread.shape[2]):
            away = np.float32(column) - spread[step, 1, column]
            spread[step, 1, column] = weight * (away * away)


@kernel
def _distance(first, second, third, here, cluster, weight, c):
    """weight (row - center_row)^2 + weight (column - center_column)^2 + |c - center|^2, added in this order."""
    up = here - cluster[0, c]
    one, two, three = first[c] - cluster[2, c], second[c] - cluster[3, c], third[c] - cluster[4, c]
    return (weight * (up * up) + cluster[1, c]) + one * one + two * two + three * three


@kernel
def _keep_nearest_of_three(planes, row, spread, number, weight, distances, labels):
    """A row of three planes beside the clusters of one row of cells: where one is nearer than any before, it is kept.

    All three clusters in one loop: that takes a quarter of the time of three loops.
    """
    first, second, third, here = planes[0, row], planes[1, row], planes[2, row], np.float32(row)
    left, own, right = spread[0], spread[1], spread[2]
    left_number, own_number, right_number = number[0], number[1], number[2]
    for c in range(len(labels)):
        nearest, label = distances[c], labels[c]
        numbers = left_number[c], own_number[c], right_number[c]  # read here, whether used or not: no branches
        total = _distance(first, second, third, here, left, weight, c)
        label = numbers[0] if total < nearest else label
        nearest = total if total < nearest else nearest
        total = _distance(first, second, third, here, own, weight, c)
        label = numbers[1] if total < nearest else label
        nearest = total if total < nearest else nearest
        total = _distance(first, second, third, here, right, weight, c)
        label = numbers[2] if total < nearest else label
        distances[c] = total if total < nearest else nearest
        labels[c] = label


@kernel
def _keep_nearest(planes, row, spread, number, weight, total, distances, labels):
    """The same for a row of any number of planes."""
    depth, _, width = planes.shape
    here = np.float32(row)
    for step in range(3):
        for column in range(width):
            up = here - spread[step, 0, column]
            total[column] = weight * (up * up) + spread[step, 1, column]
        for d in range(depth):
            for column in range(width):
                difference = planes[d, row, column] - spread[step, 2 + d, column]
                total[column] += difference * difference
        for column in range(width):
            nearer = total[column] < distances[column]
            labels[column] = number[step, column] if nearer else labels[column]
            distances[column] = total[column] if nearer else distances[column]


@kernel
def _assign_cells(planes, row_edges, column_edges, centers, weight, band, first, stride, distances, labels):
    """Each pixel of one row of cells, in every `stride`-th row, joins the nearest of its nine clusters.

    The nearest by sum_d (c_d - center_d)^2 + weight |p - center|^2, of equals the first; a centre (row, column,
    colours) stands in `centers` at its cell.
    """
    depth, _, width = planes.shape
    top, bottom = row_edges[band], row_edges[band + 1]
    spread = np.empty((3, depth + 2, width), dtype=np.float32)
    number = np.empty((3, width), dtype=np.int32)
    total = np.empty(width, dtype=np.float32)
    for row in range(top + first, bottom, stride):
        distances[row] = np.float32(np.inf)
    for down in range(max(0, band - 1), min(len(centers), band + 2)):
        _spread_centers(centers, column_edges, weight, down, spread, number)
        for row in range(top + first, bottom, stride):
            if depth == 3:
                _keep_nearest_of_three(planes, row, spread, number, weight, distances[row], labels[row])
            else:
                _keep_nearest(planes, row, spread, number, weight, total, distances[row], labels[row])


@kernel
def _sum_cells(planes, inside, row_edges, labels, band, first, stride, sums):
    """Pixels, rows, columns and colours of each cluster, summed over every `stride`-th row of one row of cells.

    `sums` (3, columns of cells, 3 + D) are those of the clusters that began above, here and below. Pixels of one
    label that follow each other in a row are summed first.
    """
    depth, _, width = planes.shape
    cell_columns = sums.shape[1]
    for row in range(row_edges[band] + first, row_edges[band + 1], stride):
        start = 0
        while start < width:
            label = labels[row, start]
            stop = start + 1
            if not inside[row, start]:
                start = stop
                continue
            while stop < width and labels[row, stop] == label and inside[row, stop]:
                stop += 1
            down = label // cell_columns
            right = label - down * cell_columns
            down += 1 - band
            sums[down, right, 0] += stop - start
            sums[down, right, 1] += (stop - start) * row
            sums[down, right, 2] += (stop - start) * (start + stop - 1) * 0.5
            if depth == 3:
                one, two, three = 0.0, 0.0, 0.0
                for column in range(start, stop):
                    one += planes[0, row, column]
                    two += planes[1, row, column]
                    three += planes[2, row, column]
                sums[down, right, 3] += one
                sums[down, right, 4] += two
                sums[down, right, 5] += three
            else:
                for d in range(depth):
                    total = 0.0
                    for column in range(start, stop):
                        total += planes[d, row, column]
                    sums[down, right, 3 + d] += total
            start = stop


@kernel
def _sum_parts(planes, part, sums):
    """Pixels, rows, columns and colours of each part 1..n (0 belongs to none), summed in `sums` (parts, 3 + D)."""
    depth, height, width = planes.shape
    for row in range(height):
        for column in range(width):
            i = part[row, column] - 1
            if i < 0:
                continue
            own = sums[i]
            own[0] += 1.0
            own[1] += row
            own[2] += column
            for d in range(depth):
                own[3 + d] += planes[d, row, column]


@kernel
def _nearest_neighbour(i, starts, ends, targets, sums, into, following):
    """The part that touches part i, or one that has joined it, whose mean colour is nearest; i if none does."""
    best, best_distance = i, np.inf
    own, last = i, np.int32(i)
    while own >= 0:
        for at in range(starts[own], ends[own]):
            other = targets[at]
            while into[other] != other:
                into[other] = into[into[other]]
                other = into[other]
            if (other == i) | (other == last):
                continue
            last = other
            distance = 0.0
            for d in range(3, sums.shape[1]):
                difference = sums[i, d] / sums[i, 0] - sums[other, d] / sums[other, 0]
                distance += difference * difference
            if distance < best_distance or (distance == best_distance and other < best):
                best, best_distance = other, distance
        own = following[own]
    return best


@kernel
def _join_small(starts, ends, targets, smallest, sums, into, following):
    """Parts of fewer than `smallest` pixels join, in raster order, their neighbour of nearest colour.

    The neighbours of a small part i are ``targets[starts[i]:ends[i]]``. into[i] is the part that i has joined, or i;
    following[i] the next of those that make one with i, or -1. `sums` become those of what was joined.
    """
    for i in range(len(into)):
        if into[i] != i or sums[i, 0] >= smallest:
            continue
        best = _nearest_neighbour(i, starts, ends, targets, sums, into, following)
        if best == i:
            continue
        into[i] = best
        last = i
        while following[last] >= 0:
            last = following[last]
        following[last] = following[best]
        following[best] = i
        for d in range(sums.shape[1]):
            sums[best, d] += sums[i, d]


def superpixels(
    planes: NDArray[np.float32],
    mask: NDArray[np.bool_],
    count: int,
    compactness: float,
    iterations: int,
    threads: int,
    progress: Progress | None = None,
    stride: int = 1,
) -> Superpixels:
    """About `count` connected superpixels of similar colour and size (Achanta et al. 2012).

    Clusters begin as the cells of a regular grid of spacing S, the square root of pixels inside the mask by `count`.
    In each of `iterations` rounds a pixel joins the nearest of the nine clusters whose cells lie around its own, by
    |c - c_k|^2 + (compactness / S)^2 |p - p_k|^2, and each cluster moves to the mean of its pixels. In the end the
    connected parts that are smaller than a quarter of a cell join the neighbour of nearest colour. O(N) a round.

    With a `stride` above 1, which has to be less than S, each round but the last looks at every `stride`-th row of a
    row of cells only, beginning one row further down than the round before.

    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34(11), 2012.
    """
    planes = np.ascontiguousarray(planes, dtype=np.float32)
    mask = np.ascontiguousarray(mask)
    spacing = float(np.sqrt(np.count_nonzero(mask) / count))
    labels = _clusters(planes, mask, spacing, compactness, iterations, threads, progress, stride)
    part, parts = number_components(labels, mask)
    del labels
    sums = np.zeros((parts, 3 + len(planes)))
    _sum_parts(planes, part, sums)
    smallest = _SMALLEST_PART * spacing**2
    lists = list_neighbours(part, sums[:, 0].astype(np.int64), sums[:, 0] < smallest)
    into = np.arange(parts, dtype=np.int32)
    following = np.full(parts, -1, dtype=np.int32)
    _join_small(*lists, smallest, sums, into, following)
    while not np.array_equal(into, into[into]):
        into = into[into]
    kept = into == np.arange(parts)
    numbers = (np.cumsum(kept) - 1).astype(np.int32)[into]
    # A part that took in an earlier one begins before those between: numbers follow the first pixels.
    first = np.unique(numbers, return_index=True)[1]
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    sums = sums[kept][np.argsort(first)]
    means = sums[:, 1:] / sums[:, :1]
    numbers = np.concatenate([np.array([-1], dtype=np.int32), rank[numbers]])
    return Superpixels(numbers[part], sums[:, 0].astype(np.int64), means[:, :2], means[:, 2:])


def _clusters(planes, mask, spacing, compactness, iterations, threads, progress, stride=1):
    """The rounds of k-means; labels are cells in raster order, whether a pixel is left in them or not."""
    depth, height, width = planes.shape
    row_edges, column_edges = _edges(height, spacing), _edges(width, spacing)
    bands, across = len(row_edges) - 1, len(column_edges) - 1
    weight = np.float32((compactness / spacing) ** 2)
    cell_of_row = np.repeat(np.arange(bands, dtype=np.int32), np.diff(row_edges))
    cell_of_column = np.repeat(np.arange(across, dtype=np.int32), np.diff(column_edges))
    labels = cell_of_row[:, np.newaxis] * np.int32(across) + cell_of_column
    distances = np.empty((height, width), dtype=np.float32)
    centers = np.full((bands, across, 2 + depth), _NOBODY, dtype=np.float32)
    sums = np.zeros((bands, 3, across, 3 + depth))

    def add(band: int, first: int) -> None:
        sums[band] = 0
        _sum_cells(planes, mask, row_edges, labels, band, first, stride, sums[band])

    def assign(band: int, first: int, step: int) -> None:
        _assign_cells(planes, row_edges, column_edges, centers, weight, band, first, step, distances, labels)

    one_by_one = [(band, band + 1) for band in range(bands)]
    for_chunks(lambda _, band, __: add(band, 0), one_by_one, threads)
    for done in range(iterations):
        total = sums[:, 1].copy()
        total[:-1] += sums[1:, 0]
        total[1:] += sums[:-1, 2]
        alive = total[:, :, 0] > 0
        centers[alive] = total[alive][:, 1:] / total[alive][:, :1]
        is_last, first = done + 1 == iterations, done % stride

        def work(_: int, band: int, __: int, is_last: bool = is_last, first: int = first) -> None:
            if is_last:
                assign(band, 0, 1)
            else:
                assign(band, first, stride)
                add(band, first)

        for_chunks(work, one_by_one, threads)
        if progress is not None:
            progress((done + 1) / iterations)
    return labels


def _edges(length: int, spacing: float) -> NDArray[np.int64]:
    """Where about length / spacing equal cells begin and end."""
    cells = max(1, round(length / spacing))
    return np.arange(cells + 1, dtype=np.int64) * length // cells
