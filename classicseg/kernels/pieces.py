"""Labels cut into pieces whose outlines are simple polygons: one ring each, no hole, no corner met twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import number_components, root_of


@kernel
def _attach(run, runs, rank, above, first, last, offset, parent, touching, contacts, taken):
    """Let a run join pieces that it touches in the row above, where no piece comes to touch itself by that.

    `runs` and `above` (3, W) hold start, stop and region of the runs of the row and of the one above; this one stands
    at `rank`, and what may touch it there is from `first` to `last` - 1, numbered from `offset` on. Pieces that touch
    somewhere, by an edge or a corner, are in one set of the forest `touching`. Of each such set one piece is joined
    at most, and only one that the run touches once, by an edge. So a piece is a tree of runs, which touch where they
    are joined and nowhere else. `contacts` comes as zeros and is left so.
    """
    start, stop, region = runs[0, rank], runs[1, rank], runs[2, rank]
    for other in range(first, last):
        if above[2, other] == region:
            contacts[root_of(parent, np.int64(offset + other))] += 1
    for other in range(first, last):
        if above[2, other] == region and above[0, other] < stop and above[1, other] > start:
            piece, group = root_of(parent, np.int64(offset + other)), root_of(touching, np.int64(offset + other))
            if contacts[piece] == 1 and taken[group] != run:
                taken[group] = run
                contacts[piece] = 0
                own = root_of(parent, np.int64(run))
                parent[max(own, piece)] = min(own, piece)
    for other in range(first, last):
        if above[2, other] == region:
            contacts[root_of(parent, np.int64(offset + other))] = 0
            group, own = root_of(touching, np.int64(offset + other)), root_of(touching, np.int64(run))
            touching[max(own, group)] = min(own, group)


@kernel
def _cut(regions, labels, pieces, runs, parent, touching, contacts, taken, label_of):
    """Fill `pieces` with 1..n in raster order of the first pixel, and `label_of` with their labels; gives n.

    `runs` (2, 3, W) holds the runs of this row and of the last one in turn. Runs are numbered as they come, and a
    piece's root is its first run, so that numbers rise with the first pixels.
    """
    height, width = labels.shape
    count, offset, found_above = 0, 0, 0
    parent[0] = 0
    for row in range(height):
        here, above = runs[row % 2], runs[1 - row % 2]
        found, start, first = 0, 0, 0
        begun = count + 1
        while start < width:
            region = regions[row, start]
            stop = start + 1
            while stop < width and regions[row, stop] == region:
                stop += 1
            number = 0
            if region:
                count += 1
                number = count
                here[0, found], here[1, found], here[2, found] = start, stop, region
                parent[count], touching[count], contacts[count], taken[count] = count, count, 0, 0
                label_of[count] = labels[row, start]
                while first < found_above and above[1, first] < start:
                    first += 1
                last = first
                while last < found_above and above[0, last] <= stop:
                    last += 1
                _attach(count, here, found, above, first, last, offset, parent, touching, contacts, taken)
                found += 1
            for column in range(start, stop):
                pieces[row, column] = number
            start = stop
        offset, found_above = begun, found
    pieces_found = 0
    for run in range(1, count + 1):  # a run's parent lies before it, and has its final number already
        if parent[run] == run:
            pieces_found += 1
            parent[run] = pieces_found
            label_of[pieces_found] = label_of[run]
        else:
            parent[run] = parent[parent[run]]
    for row in range(height):
        for column in range(width):
            pieces[row, column] = parent[pieces[row, column]]
    return pieces_found


def cut_into_pieces(labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Cut the labels above 0 so that each piece is bounded by one ring that never meets itself.

    A piece is 4-connected, has no hole, and touches itself nowhere, not at a corner either. Regions that are so already
    stay whole; others are cut between rows, at most once for each hole and corner. Gives the map of pieces 1..n in
    raster order of their first pixels, 0 where the label is 0; and the label of each piece, (n,).

    O(N); beside the result 4 bytes a pixel and 20 bytes a run of equal labels in a row.
    """
    labels = np.ascontiguousarray(labels, dtype=np.int32)
    regions, _ = number_components(labels, labels > 0)
    pieces = np.empty(labels.shape, dtype=np.int32)
    # Pages that no number reaches are never touched.
    parent, touching, contacts, taken, label_of = (np.empty(labels.size + 1, dtype=np.int32) for _ in range(5))
    runs = np.empty((2, 3, labels.shape[1]), dtype=np.int32)
    found = _cut(regions, labels, pieces, runs, parent, touching, contacts, taken, label_of)
    return pieces, label_of[1 : found + 1].copy()
