"""Mean shift in colour space alone: weighted distinct colours, flat windows, seeds on a grid.

Sums are whole numbers (colours times 2^28), so that a mean depends on the set of colours in the window and on nothing
else, and the loops run in vector registers.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import Progress, chunks, for_chunks

_ONE = 2.0**28  # colours are below 2^8 in size and pixels below 2^26 in number, so that sums stay below 2^62
_BLOCK = 256
_CELLS = 3  # of a bandwidth
_MOST_CELLS = 64  # along each of the first three bands
_MOST_BINS = 1 << 24
_SEEDS_AT_ONCE = 16
_MOST_COMPARED = 64  # modes that all ends are compared with; with more, an end meets those of the cells around it
_ROUNDED = 1 + 1e-6  # cells a little wider than the bandwidth, so that rounding puts no neighbour two cells away
_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class ColorModes:
    """Modes (K, D) from the most to the least pixels in their windows, and how the climbs of the seeds went."""

    modes: NDArray[np.float64]
    steps: NDArray[np.int64]
    rests: NDArray[np.bool_]


@kernel
def _sort_by_cell(cells, starts, order):
    """A stable counting sort: `order` lists the colours by their cell, starts[c] is where cell c begins."""
    starts[:] = 0
    for i in range(len(cells)):
        starts[cells[i] + 1] += 1
    for c in range(len(starts) - 1):
        starts[c + 1] += starts[c]
    filled = starts.copy()
    for i in range(len(cells)):
        order[filled[cells[i]]] = i
        filled[cells[i]] += 1


@kernel
def _add_run(colors, products, counts, first, last, here, limit, distances, sums):
    """Add count and count * colour of the colours first..last-1 with |colour - here|^2 <= limit to `sums`."""
    depth = colors.shape[0]
    for begin in range(first, last, _BLOCK):
        size = min(_BLOCK, last - begin)
        distances[:size] = 0.0
        for d in range(depth):
            band, center = colors[d, begin : begin + size], here[d]
            for i in range(size):
                distances[i] += (band[i] - center) * (band[i] - center)
        weights, total = counts[begin : begin + size], np.int64(0)
        for i in range(size):
            total += weights[i] if distances[i] <= limit else 0
        sums[depth] += total
        if total == 0:
            continue
        for d in range(depth):
            band_products, total = products[d, begin : begin + size], np.int64(0)
            for i in range(size):
                total += band_products[i] if distances[i] <= limit else 0
            sums[d] += total


@kernel
def _gap(place, low, side):
    """The squared distance of `place` from the interval low..low + side, a little less for rounding."""
    gap = max(max(low - place, place - low - side), 0.0)
    return gap * gap * (1.0 - 1e-9)


@kernel
def _climb_seeds(
    colors, products, counts, starts, lowest, side, shape, bandwidth, max_iter, tol, first, last, modes, weights, steps,
    rests,
):  # fmt: skip
    """Climb from seeds first..last-1, which stand in `modes`; a weight of 0 means that a window held no pixel."""
    depth = colors.shape[0]
    distances, sums = np.empty(_BLOCK, np.float64), np.empty(depth + 1, np.int64)
    here = np.zeros(max(depth, 3), np.float64)
    low, high = np.zeros(3, np.int64), np.zeros(3, np.int64)
    limit, margin = bandwidth * bandwidth, 1e-6 * bandwidth
    for seed in range(first, last):
        moved = np.inf
        while steps[seed] < max_iter and moved > tol * tol * limit:
            steps[seed] += 1
            sums[:] = 0
            for d in range(depth):
                here[d] = modes[seed, d]
                if d < 3:
                    low[d] = max(int(np.floor((here[d] - bandwidth - lowest[d]) / side)), 0)
                    high[d] = min(int(np.floor((here[d] + bandwidth - lowest[d]) / side)), shape[d] - 1)
            for i in range(low[0], high[0] + 1):
                for j in range(low[1], high[1] + 1):
                    # How far the bar of cells (i, j, .) is, and which of its cells the ball reaches at that distance.
                    away = _gap(here[0], lowest[0] + i * side, side) + _gap(here[1], lowest[1] + j * side, side)
                    if away > limit:
                        continue
                    half = np.sqrt(limit - away) + margin
                    k = max(int(np.floor((here[2] - half - lowest[2]) / side)), 0)
                    last_k = min(int(np.floor((here[2] + half - lowest[2]) / side)), shape[2] - 1)
                    if k <= last_k:
                        line = (i * shape[1] + j) * shape[2]
                        begin, end = starts[line + k], starts[line + last_k + 1]
                        _add_run(colors, products, counts, begin, end, here, limit, distances, sums)
            weights[seed] = sums[depth]
            if sums[depth] == 0:
                break
            moved = 0.0
            for d in range(depth):
                mean = sums[d] / (np.float64(sums[depth]) * _ONE)
                moved += (mean - here[d]) * (mean - here[d])
                modes[seed, d] = mean
        rests[seed] = moved <= tol * tol * limit


@kernel
def _nearest(colors, modes, first, last, numbers):
    """The number of the nearest mode of the colours first..last-1; of several the first."""
    size = last - first
    best, distances = np.full(size, np.inf, np.float64), np.empty(size, np.float64)
    for k in range(len(modes)):
        distances[:] = 0.0
        for d in range(colors.shape[0]):
            band, center = colors[d, first:last], modes[k, d]
            for i in range(size):
                distances[i] += (band[i] - center) * (band[i] - center)
        chosen = numbers[first:last]
        for i in range(size):
            if distances[i] < best[i]:
                best[i] = distances[i]
                chosen[i] = k


def bin_seeds(colors: NDArray[np.float32], bandwidth: float) -> NDArray[np.float32]:
    """One seed for each cube of side `bandwidth` that holds colours: its centre, a multiple of the bandwidth.

    With more than three bands its first colour instead: a cube's corners lie sqrt(D) / 2 bandwidths from its centre, so
    that no colour might be within a bandwidth of that.
    """
    bins = np.rint(colors.astype(np.float64) / bandwidth).astype(np.int64)
    if colors.shape[1] > 3:
        return colors[np.unique(bins, axis=0, return_index=True)[1]]
    lowest = bins.min(axis=0)
    bins -= lowest
    shape = tuple(int(length) for length in bins.max(axis=0) + 1)
    if math.prod(shape) <= _MOST_BINS:
        held = np.zeros(shape, dtype=bool)
        held[tuple(bins.T)] = True
        bins = np.argwhere(held)
    else:
        bins = np.unique(bins, axis=0)
    return (bins + lowest).astype(np.float32) * np.float32(bandwidth)


def color_modes(
    colors: NDArray[np.float32],
    counts: NDArray[np.int64],
    bandwidth: float,
    max_iter: int,
    tol: float,
    threads: int,
    progress: Progress | None = None,
) -> ColorModes:
    """The modes of `colors` (n, D) that come `counts` (n,) times, under a flat window of radius `bandwidth`.

    A climb starts at each of `bin_seeds`, steps to the mean of the pixels within the bandwidth, and ends when it moves
    by at most `tol` bandwidths. Of ends within one bandwidth the one with the most pixels in its window stays. With up
    to three bands this is scikit-learn's ``MeanShift(bin_seeding=True)``. O(seeds x steps x colours near by).
    """
    seeds = bin_seeds(colors, bandwidth)
    lowest = colors[:, :3].min(axis=0).astype(np.float64)
    span = float((colors[:, :3].max(axis=0) - lowest).max())
    side = max(bandwidth / _CELLS, span / (_MOST_CELLS - 1))
    cell = np.floor((colors[:, :3] - lowest) / side).astype(np.int64)
    shape = np.concatenate([cell.max(axis=0) + 1, [1] * (3 - cell.shape[1])]).astype(np.int64)
    number = np.zeros(len(cell), dtype=np.int64)
    for d in range(3):
        number = number * shape[d] + (cell[:, d] if d < cell.shape[1] else 0)
    starts, order = np.empty(int(shape.prod()) + 1, dtype=np.int64), np.empty(len(colors), dtype=np.int64)
    _sort_by_cell(number, starts, order)
    points = np.ascontiguousarray(colors[order].T, dtype=np.float64)
    weights = np.ascontiguousarray(counts[order], dtype=np.int64)
    products = np.rint(points * _ONE).astype(np.int64) * weights
    ends, found = seeds.astype(np.float64, order="C"), np.zeros(len(seeds), dtype=np.int64)
    steps, rests = np.zeros(len(seeds), dtype=np.int64), np.zeros(len(seeds), dtype=bool)
    corner = np.concatenate([lowest, np.zeros(3 - len(lowest))])

    def work(_: int, first: int, last: int) -> None:
        _climb_seeds(
            points, products, weights, starts, corner, float(side), shape, float(bandwidth), int(max_iter), float(tol),
            first, last, ends, found, steps, rests,
        )  # fmt: skip

    for_chunks(work, chunks(len(seeds), _SEEDS_AT_ONCE), threads, progress)
    held = found > 0
    return ColorModes(_apart(ends[held], found[held], bandwidth), steps[held], rests[held])


def _apart(ends: NDArray[np.float64], weights: NDArray[np.int64], bandwidth: float) -> NDArray[np.float64]:
    """Ends more than a bandwidth apart: the heaviest, then the heaviest that is not near it, and so on."""
    order = np.lexsort([*ends.T[::-1], weights])[::-1]
    left = ends[order]
    modes: list[NDArray[np.float64]] = []
    while len(left) and len(modes) < _MOST_COMPARED:
        modes.append(left[0])
        left = left[((left - left[0]) ** 2).sum(axis=1) > bandwidth * bandwidth]
    return np.array(modes + _apart_by_cells(left, bandwidth))


def _apart_by_cells(ends: NDArray[np.float64], bandwidth: float) -> list[NDArray[np.float64]]:
    """Of `ends` (n, D) in this order, those more than a bandwidth from all before them that were taken. O(n D)."""
    if len(ends) == 0:
        return []
    cells = np.floor(ends[:, :3] / (bandwidth * _ROUNDED)).astype(np.int64)
    cells -= cells.min(axis=0) - 1
    shape = cells.max(axis=0) + 2
    strides = np.concatenate([[1], np.cumprod(shape[:-1])])
    around = [int(np.dot(step, strides)) for step in itertools.product((-1, 0, 1), repeat=len(strides))]
    taken: dict[int, list[int]] = {}
    for i, cell in enumerate((cells @ strides).tolist()):
        near = [other for step in around for other in taken.get(cell + step, ())]
        if not near or (((ends[near] - ends[i]) ** 2).sum(axis=1) > bandwidth * bandwidth).all():
            taken.setdefault(cell, []).append(i)
    return [ends[i] for i in sorted(itertools.chain.from_iterable(taken.values()))]


def nearest_mode(colors: NDArray[np.float32], modes: NDArray[np.float64], threads: int) -> NDArray[np.int32]:
    """The number of the mode nearest to each of `colors` (n, D); of several equally near, the lowest."""
    points = np.ascontiguousarray(colors.T, dtype=np.float64)
    numbers = np.zeros(len(colors), dtype=np.int32)

    def work(_: int, first: int, last: int) -> None:
        _nearest(points, modes, first, last, numbers)

    for_chunks(work, chunks(len(colors), _ROWS_AT_ONCE), threads)
    return numbers
