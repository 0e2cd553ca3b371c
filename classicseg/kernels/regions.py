"""Union-find on pixels and on regions: fusing neighbours, absorbing small regions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import root_of

_SLACK = 1e-10  # of the colours' scale: far more than what rounding can do to a distance, far less than one matters


# The body of `components.root_of`, for forests of int64: a kernel has one signature.
@kernel
def find(parent, node):
    """The root of `node`; every node on the way is hung onto its grandparent."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _fuse_pixels(modes, inside, inverse_squares, reach, parent):
    """Join 4-neighbours i, j with sum_d ((modes_i - modes_j)_d / bandwidth_d)^2 <= reach; the lower index is root."""
    height, width, depth = modes.shape
    for row in range(height):
        for column in range(width):
            if not inside[row, column]:
                continue
            here = row * width + column
            for step in range(2):
                r, c = row - step, column - 1 + step  # the left, then the upper neighbour
                if r < 0 or c < 0 or not inside[r, c]:
                    continue
                distance = 0.0
                for d in range(depth):
                    difference = np.float64(modes[row, column, d]) - np.float64(modes[r, c, d])
                    distance += difference * difference * inverse_squares[d]
                if distance <= reach:
                    one, other = root_of(parent, here), root_of(parent, r * width + c)
                    if one < other:
                        parent[other] = one
                    elif other < one:
                        parent[one] = other
    for node in range(height * width):
        parent[node] = root_of(parent, node)


def fuse_pixels(
    modes: NDArray[np.floating], inside: NDArray[np.bool_], bandwidths: NDArray[np.float64], reach: float
) -> NDArray[np.int32]:
    """A map (H, W) with one number for each connected set of pixels whose neighbouring modes lie within `reach`.

    Distance between modes (H, W, D), taken in float32, is Euclidean after division by `bandwidths` (D,). A set's number
    is the raster index of its first pixel.
    """
    modes = np.ascontiguousarray(modes, dtype=np.float32)
    parent = np.arange(inside.size, dtype=np.int32)
    _fuse_pixels(modes, inside, 1.0 / bandwidths**2, float(reach) ** 2, parent)
    return parent.reshape(inside.shape)


@kernel
def _measure_regions(regions, labels, planes, sizes, sums, label_of):
    """Pixels, summed colours and label of each region 1..n; `planes` is (D, N), the maps are flat."""
    depth = planes.shape[0]
    for place in range(regions.size):
        region = regions[place] - 1
        if region >= 0:
            sizes[region] += 1
            label_of[region] = labels[place]
            for d in range(depth):
                sums[region, d] += planes[d, place]


def measure_regions(
    regions: NDArray[np.int32], labels: NDArray[np.int32], strips: Iterable[NDArray[np.float32]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32]]:
    """Sizes (n,), colour sums (n, D) and labels (n,) of regions 1..n; region 0 is left out. O(N D).

    The colours are planes (D, h, W) of strips from top to bottom, which need not be held all at once.
    """
    sizes = np.zeros(count, dtype=np.int64)
    sums = np.zeros((count, 0), dtype=np.float64)
    label_of = np.zeros(count, dtype=np.int32)
    first = 0
    for planes in strips:
        if first == 0:
            sums = np.zeros((count, len(planes)), dtype=np.float64)
        rows = slice(first, first + planes.shape[1])
        flat = np.ascontiguousarray(planes, dtype=np.float32).reshape(len(planes), -1)
        own = np.ascontiguousarray(regions[rows]).reshape(-1), np.ascontiguousarray(labels[rows]).reshape(-1)
        _measure_regions(*own, flat, sizes, sums, label_of)
        first = rows.stop
    return sizes, sums, label_of


@kernel
def _list_neighbours(regions, wanted, ends, targets):
    """Append to each wanted region's list, which ends at `ends`, the neighbours of its pixels.

    A pair is left out where the pixel pair just before it, along the boundary, is the same two regions: a straight
    boundary gives one entry. Entries may still repeat.
    """
    height, width = regions.shape
    for row in range(height):
        for step in range(2):  # the right, then the lower neighbour
            last_here, last_there = 0, 0
            if row + step == height:
                continue
            for column in range(width - 1 + step):
                here, there = regions[row, column], regions[row + step, column + 1 - step]
                if here == there:
                    continue
                if step == 0 and row:
                    last_here, last_there = regions[row - 1, column], regions[row - 1, column + 1]
                if here and there and (here != last_here or there != last_there):
                    if wanted[here - 1]:
                        targets[ends[here - 1]] = there - 1
                        ends[here - 1] += 1
                    if wanted[there - 1]:
                        targets[ends[there - 1]] = here - 1
                        ends[there - 1] += 1
                last_here, last_there = here, there


def list_neighbours(
    regions: NDArray[np.int32], sizes: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Neighbours of the wanted regions of a map 1..n, as numbers 0..n-1: ``targets[starts[i]:ends[i]]`` for region i.

    A neighbour may be listed more than once. O(N).
    """
    room = np.where(wanted, 2 * sizes + 2, 0)  # a connected set of s pixels has at most 2 s + 2 edges
    starts = np.cumsum(room)
    starts -= room
    ends = starts.copy()
    targets = np.empty(int(room.sum()), dtype=np.int32)
    _list_neighbours(regions, np.ascontiguousarray(wanted), ends, targets)
    return starts, ends, targets


@kernel
def _before(bound, squared, region, bounds, tags, other):
    """Whether an entry comes before entry `other` of the heap: by bound, then squared distance, then region."""
    if bound != bounds[other, 0]:
        return bound < bounds[other, 0]
    if squared != bounds[other, 1]:
        return squared < bounds[other, 1]
    return region < tags[other, 0]


@kernel
def _settle(bounds, tags, place, size):
    """Move the entry at `place` of a heap of `size` up or down to where it belongs."""
    bound, squared, region, age = bounds[place, 0], bounds[place, 1], tags[place, 0], tags[place, 1]
    while True:
        following = (place - 1) >> 1
        if place == 0 or not _before(bound, squared, region, bounds, tags, following):
            following = 2 * place + 1
            if following >= size:
                break
            if following + 1 < size and _before(
                bounds[following + 1, 0], bounds[following + 1, 1], tags[following + 1, 0], bounds, tags, following
            ):
                following += 1
            if _before(bound, squared, region, bounds, tags, following):
                break
        bounds[place, 0], bounds[place, 1] = bounds[following, 0], bounds[following, 1]
        tags[place, 0], tags[place, 1] = tags[following, 0], tags[following, 1]
        place = following
    bounds[place, 0], bounds[place, 1], tags[place, 0], tags[place, 1] = bound, squared, region, age


@kernel
def _look(sums, sizes, root, other, drift, age, bounds, tags, place):
    """Write the entry of neighbour `other` as it is seen from `root` now."""
    squared = 0.0
    for d in range(sums.shape[1]):
        difference = sums[root, d] / sizes[root] - sums[other, d] / sizes[other]
        squared += difference * difference
    bounds[place, 0], bounds[place, 1] = np.sqrt(squared) + drift, squared
    tags[place, 0], tags[place, 1] = other, age


@kernel
def _join(sums, sizes, root, best):
    """Add region `root` to region `best`; gives how far the mean has moved from that of `root`."""
    squared = 0.0
    size = sizes[root] + sizes[best]
    for d in range(sums.shape[1]):
        before = sums[root, d] / sizes[root]
        sums[best, d] += sums[root, d]
        difference = sums[best, d] / size - before
        squared += difference * difference
    sizes[best] = size
    return np.sqrt(squared)


@kernel
def _absorb(starts, ends, targets, order, sizes, sums, fixed, min_size, slack, parent, seen, bounds, tags):
    """Grow each small region, the smallest first, by its most similar neighbour until it is large enough.

    While a region grows, its neighbours stay as they are, and only its own mean moves. A heap holds the neighbours by a
    lower bound of their distance: the distance when it was last computed plus `drift`, the way that the mean had gone
    until then, from which the way gone until now is to be subtracted (triangle inequality). An entry on top that was
    computed for the present mean (its age is the present one) is the nearest; another one is computed anew. `slack`
    covers rounding. So a neighbour is looked at again only where the mean has moved so far that it may have become
    the nearest, and every list of neighbours is read once.
    """
    for place in range(order.size):
        first = order[place]
        if parent[first] != first or sizes[first] >= min_size:
            continue  # absorbed, or grown by others until it was large enough
        root = first
        newest, size, age, drift = first, np.int64(0), np.int64(0), 0.0
        while sizes[root] < min_size and not fixed[root]:
            for edge in range(starts[newest], ends[newest]):
                other = root_of(parent, np.int64(targets[edge]))
                if other != root and seen[other] != first:
                    seen[other] = first
                    _look(sums, sizes, root, other, drift, age, bounds, tags, size)
                    size += 1
                    _settle(bounds, tags, size - 1, size)
            while size and tags[0, 1] != age:
                _look(sums, sizes, root, np.int64(tags[0, 0]), drift, age, bounds, tags, np.int64(0))
                _settle(bounds, tags, np.int64(0), size)
            if size == 0:
                break
            best = tags[0, 0]
            size -= 1
            if size:
                for side in range(2):
                    bounds[0, side] = bounds[size, side]
                    tags[0, side] = tags[size, side]
                _settle(bounds, tags, np.int64(0), size)
            parent[root] = best
            moved = _join(sums, sizes, root, best)
            if moved > 0:
                drift += moved + slack
                age += 1
            root = best
            newest = best
    for node in range(parent.size):
        parent[node] = root_of(parent, node)


def _greatest(values: NDArray[np.float64]) -> float:
    """The greatest absolute value."""
    return max(float(values.max(initial=0)), -float(values.min(initial=0)))


def absorb(
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    targets: NDArray[np.int32],
    sizes: NDArray[np.int64],
    sums: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    min_size: int,
) -> NDArray[np.int32]:
    """For each region the one that it ends in, when regions below `min_size` join their most similar neighbour.

    ``targets[starts[i]:ends[i]]`` are the neighbours of region i, which only small regions need to have; `sums`
    (n, D) are colours summed over `sizes` (n,) pixels, and both are overwritten; `fixed` regions stay. Exact.
    O(E log E) for E listed neighbours, and one distance more each time that a growing region's mean has moved so far
    that a neighbour may have become the nearest.
    """
    count = len(sizes)
    small = np.flatnonzero((sizes < min_size) & ~fixed).astype(np.int32)
    order = small[np.argsort(sizes[small], kind="stable")]
    scale = sum(_greatest(total / sizes) for total in sums.T)
    parent = np.arange(count, dtype=np.int32)
    _absorb(
        starts,
        ends,
        targets,
        order,
        sizes,
        sums,
        np.ascontiguousarray(fixed),
        int(min_size),
        _SLACK * scale,
        parent,
        np.full(count, -1, dtype=np.int32),
        np.empty((count, 2), dtype=np.float64),
        np.empty((count, 2), dtype=np.int32),
    )
    return parent


@kernel
def _paint(numbers, inside, values, result):
    for place in range(numbers.size):
        if inside[place]:
            result[place] = values[numbers[place]]


def paint(
    numbers: NDArray[np.int32],
    inside: NDArray[np.bool_],
    values: NDArray[np.int32],
    outside: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """``values[numbers]`` inside the mask, and the map `outside` (or 0) elsewhere. O(N)."""
    result = np.zeros(numbers.shape, dtype=np.int32) if outside is None else outside.copy(order="C")
    flat = np.ascontiguousarray(numbers).reshape(-1), np.ascontiguousarray(inside).reshape(-1)
    _paint(*flat, np.ascontiguousarray(values, dtype=np.int32), result.reshape(-1))
    return result


@kernel
def _measure_classes(labels, inside, values, counts, totals, firsts):
    for place in range(labels.size):
        if inside[place]:
            label = labels[place]
            if counts[label] == 0:
                firsts[label] = place
            counts[label] += 1
            totals[label] += values[place]


def measure_classes(
    labels: NDArray[np.int32], values: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """For each label from 0 up: its pixels inside the mask, the sum of `values` over them, the first one. O(N)."""
    most = int(labels.max(where=inside, initial=-1)) + 1
    counts, totals, firsts = np.zeros(most, np.int64), np.zeros(most, np.float64), np.zeros(most, np.int64)
    _measure_classes(
        np.ascontiguousarray(labels).reshape(-1),
        np.ascontiguousarray(inside).reshape(-1),
        np.ascontiguousarray(values, dtype=np.float32).reshape(-1),
        counts,
        totals,
        firsts,
    )
    return counts, totals, firsts
