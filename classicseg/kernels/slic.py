"""SLIC: k-means in colour and position, each pixel looking only at the nine clusters that began around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.slic_parts import cut_row, joined_parts, sum_colors
from classicseg.parallel import Progress, chunks, for_chunks

_NOBODY = np.float32(1e9)  # the place of a cluster that never had a pixel: no distance to it is the smallest
_SMALLEST_PART = 0.25  # of a cell: smaller parts of a superpixel join a neighbour
_BANDS = 3  # rows of cells that one thread takes at once, at most
_CHUNKS = 6  # so many at least, where there are as many rows of cells
_FEW = 1 << 16  # pixels to look at: of fewer, starting a thread takes as long as what it would do


class Superpixels(NamedTuple):
    """Connected superpixels 0..n-1 in raster order (-1 outside the mask), and the means of each over its pixels."""

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]
    positions: NDArray[np.float64]
    colors: NDArray[np.float64]


@kernel
def _spread_centers(centers, column_edges, weight, spread):
    """Write the centres of a row of cells out for every column: of the cell to the left, of its own, to the right.

    `spread` (3, 2 + D, W) gets row, weight (column - centre)^2 and colours. `centers` (1 + cells + 1, 2 + D) begin and
    end with nobody.
    """
    for step in range(3):
        for d in range(centers.shape[1]):
            line = spread[step, d]
            for cell in range(len(column_edges) - 1):
                part, center = line[column_edges[cell] : column_edges[cell + 1]], centers[cell + step, d]
                for column in range(len(part)):
                    part[column] = center
        line = spread[step, 1]
        for column in range(len(line)):
            away = np.float32(column) - line[column]
            line[column] = weight * (away * away)


@kernel
def _distance(first, second, third, here, cluster, weight, c):
    """weight (row - center_row)^2 + weight (column - center_column)^2 + |c - center|^2, added in this order."""
    up = here - cluster[0, c]
    one, two, three = first[c] - cluster[2, c], second[c] - cluster[3, c], third[c] - cluster[4, c]
    return (weight * (up * up) + cluster[1, c]) + one * one + two * two + three * three


@kernel
def _keep_nearest_of_three(planes, row, spread, cells, number, weight, distances, labels):
    """A row of three planes beside the clusters of one row of cells: where one is nearer than any before, it is kept.

    `number` is that of the row's first cluster. All three clusters in one loop: that takes a quarter of the time of
    three loops.
    """
    first, second, third, here = planes[0, row], planes[1, row], planes[2, row], np.float32(row)
    left, own, right = spread[0], spread[1], spread[2]
    for c in range(len(labels)):
        nearest, label, cell = distances[c], labels[c], cells[c] + number
        total = _distance(first, second, third, here, left, weight, c)
        label = cell - np.int32(1) if total < nearest else label
        nearest = total if total < nearest else nearest
        total = _distance(first, second, third, here, own, weight, c)
        label = cell if total < nearest else label
        nearest = total if total < nearest else nearest
        total = _distance(first, second, third, here, right, weight, c)
        label = cell + np.int32(1) if total < nearest else label
        distances[c] = total if total < nearest else nearest
        labels[c] = label


@kernel
def _keep_nearest(planes, row, spread, cells, number, weight, total, distances, labels):
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
            labels[column] = cells[column] + number + np.int32(step - 1) if nearer else labels[column]
            distances[column] = total[column] if nearer else distances[column]


@kernel
def _assign(planes, inside, row_edges, column_edges, centers, weight, start, stop, first, stride, labels):
    """Each pixel inside, in every `stride`-th row of some rows of cells, joins the nearest of its nine clusters.

    The nearest by sum_d (c_d - center_d)^2 + weight |p - center|^2, of equals the first; a centre (row, column,
    colours) stands in `centers` at its cell, with nobody to the left and to the right of all. Outside, labels are -1.
    """
    depth, _, width = planes.shape
    bands, across = len(row_edges) - 1, len(column_edges) - 1
    spread = np.empty((3, 3, depth + 2, width), dtype=np.float32)  # of row of cells k at k % 3
    distances, total = np.empty(width, dtype=np.float32), np.empty(width, dtype=np.float32)
    cells = np.empty(width, dtype=np.int32)
    for cell in range(across):
        for column in range(column_edges[cell], column_edges[cell + 1]):
            cells[column] = cell
    spread_until = max(0, start - 1)
    for band in range(start, stop):
        low, high = max(0, band - 1), min(bands, band + 2)
        for down in range(spread_until, high):
            _spread_centers(centers[down], column_edges, weight, spread[down % 3])
        spread_until = high
        for row in range(row_edges[band] + first, row_edges[band + 1], stride):
            line = labels[row]
            for column in range(width):
                distances[column] = np.float32(np.inf)
            for down in range(low, high):
                number = np.int32(down * across)
                if depth == 3:
                    _keep_nearest_of_three(planes, row, spread[down % 3], cells, number, weight, distances, line)
                else:
                    _keep_nearest(planes, row, spread[down % 3], cells, number, weight, total, distances, line)
            where = inside[row]
            for column in range(width):
                line[column] = line[column] if where[column] else np.int32(-1)


@kernel
def _sum_cells(planes, row_edges, across, labels, start, stop, first, stride, sums):
    """Pixels, rows, columns and colours of each cluster, summed over every `stride`-th row of some rows of cells.

    `sums` (rows of cells, 3 `across`, 3 + D) are those of the clusters that began above, here and below.
    Pixels of one label that follow each other in a row are summed first.
    """
    depth, _, width = planes.shape
    begins, colors = np.empty(width + 1, dtype=np.int32), np.zeros((depth, width + 1))
    for band in range(start, stop):
        own, before = sums[band], (band - 1) * across
        for row in range(row_edges[band] + first, row_edges[band + 1], stride):
            line = labels[row]
            count = cut_row(line, begins)
            sum_colors(planes, row, colors)
            for k in range(count):
                begin, end = begins[k], begins[k + 1]
                if line[begin] >= 0:
                    cluster = own[line[begin] - before]
                    cluster[0] += end - begin
                    cluster[1] += (end - begin) * row
                    cluster[2] += (end - begin) * (begin + end - 1) * 0.5
                    for d in range(depth):
                        cluster[3 + d] += colors[d, end] - colors[d, begin]


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
    row of cells only, beginning one row further down than the round before. So do the first sums, but with a mask they
    take all rows: a cell none of whose pixels were looked at would have no cluster for them to join.

    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34(11), 2012.
    """
    planes = np.ascontiguousarray(planes, dtype=np.float32)
    mask = np.ascontiguousarray(mask)
    spacing = float(np.sqrt(np.count_nonzero(mask) / count))
    labels = _clusters(planes, mask, spacing, compactness, iterations, threads, progress, stride)
    means = joined_parts(labels, planes, _SMALLEST_PART * spacing**2, threads)
    return Superpixels(labels, means[:, 0].astype(np.int64), means[:, 1:3], means[:, 3:])


def _clusters(planes, mask, spacing, compactness, iterations, threads, progress, stride=1):
    """The rounds of k-means; labels are cells in raster order, whether any pixel is left in them or not; -1 outside."""
    depth, height, width = planes.shape
    row_edges, column_edges = _edges(height, spacing), _edges(width, spacing)
    bands, across = len(row_edges) - 1, len(column_edges) - 1
    weight = np.float32((compactness / spacing) ** 2)
    cell_of_row = np.repeat(np.arange(bands, dtype=np.int32), np.diff(row_edges))
    cell_of_column = np.repeat(np.arange(across, dtype=np.int32), np.diff(column_edges))
    labels = cell_of_row[:, np.newaxis] * np.int32(across) + cell_of_column
    np.copyto(labels, np.int32(-1), where=~mask)
    centers = np.full((bands, 1 + across + 1, 2 + depth), _NOBODY, dtype=np.float32)
    sums = np.zeros((bands, 3, across, 3 + depth))
    of_bands = sums.reshape(bands, 3 * across, 3 + depth)
    some = chunks(bands, min(_BANDS, -(-bands // _CHUNKS)))
    first_stride = stride if mask.all() else 1  # a centre that a cell has once, it keeps: each pixel has its own cell's
    threads_of_some_rows = threads if labels.size // stride > _FEW else 1

    def add(start: int, stop: int, first: int, step: int) -> None:
        sums[start:stop] = 0
        _sum_cells(planes, row_edges, across, labels, start, stop, first, step, of_bands)

    def assign(start: int, stop: int, first: int, step: int) -> None:
        _assign(planes, mask, row_edges, column_edges, centers, weight, start, stop, first, step, labels)

    if iterations:
        for_chunks(lambda _, start, stop: add(start, stop, 0, first_stride), some, threads_of_some_rows)
    for done in range(iterations):
        total = sums[:, 1].copy()
        total[:-1] += sums[1:, 0]
        total[1:] += sums[:-1, 2]
        alive = total[:, :, 0] > 0
        centers[:, 1:-1][alive] = total[alive][:, 1:] / total[alive][:, :1]
        is_last, first = done + 1 == iterations, done % stride

        def work(_: int, start: int, stop: int, is_last: bool = is_last, first: int = first) -> None:
            if is_last:
                assign(start, stop, 0, 1)
            else:
                assign(start, stop, first, stride)
                add(start, stop, first, stride)

        for_chunks(work, some, threads if is_last else threads_of_some_rows)
        if progress is not None:
            progress((done + 1) / iterations)
    return labels


def _edges(length: int, spacing: float) -> NDArray[np.int64]:
    """Where about length / spacing equal cells begin and end."""
    cells = max(1, round(length / spacing))
    return np.arange(cells + 1, dtype=np.int64) * length // cells
