"""Sparse symmetric graphs in rows: their products with blocks of vectors, groups of nodes, and graphs of the groups.

Row i of a graph holds the links starts[i]:starts[i + 1], of which `ends` are the other nodes and `weights` the weights;
every link stands in both its rows, a loop once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_ROWS = 4096


class Graph(NamedTuple):
    """A symmetric graph in rows: row i holds the links starts[i]:starts[i + 1], to nodes `ends` with `weights`.

    Every link stands in both its rows, a loop once; no row is empty.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int32]
    weights: NDArray[np.float64]

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.starts) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each link."""
        return np.repeat(np.arange(self.size), np.diff(self.starts))

    @property
    def degrees(self) -> NDArray[np.float64]:
        """For each node the sum of its weights."""
        return np.bincount(self.rows, self.weights, self.size).astype(np.float64)

    @property
    def links(self) -> int:
        """The number of links between two nodes."""
        return int(np.count_nonzero(self.rows < self.ends))


@kernel
def _multiply_rows(starts, ends, weights, block, along, own, past, first, last, result):
    """result[i] = along A[i] block + own block[i] + past result[i], A[i] a row of weights; four links at a time."""
    width = block.shape[1]
    total = np.empty(width)
    for i in range(first, last):
        total[:] = 0.0
        e, stop = starts[i], starts[i + 1]
        while e + 4 <= stop:
            a, b, c, d = weights[e], weights[e + 1], weights[e + 2], weights[e + 3]
            i0, i1, i2, i3 = ends[e], ends[e + 1], ends[e + 2], ends[e + 3]
            for v in range(width):
                total[v] += (a * block[i0, v] + b * block[i1, v]) + (c * block[i2, v] + d * block[i3, v])
            e += 4
        while e < stop:
            a, i0 = weights[e], ends[e]
            for v in range(width):
                total[v] += a * block[i0, v]
            e += 1
        for v in range(width):
            result[i, v] = (along * total[v] + own * block[i, v]) + past * result[i, v]


@kernel
def _normalise(starts, ends, weights, root, values, leaving):
    """Of W: values = D^-1/2 W D^-1/2, root = sqrt(D), and the share of each node's links that lead to other nodes."""
    for i in range(len(root)):
        total, loop = 0.0, 0.0
        for e in range(starts[i], starts[i + 1]):
            total += weights[e]
            if ends[e] == i:
                loop += weights[e]
        root[i] = np.sqrt(total)
        leaving[i] = 1 - loop / total
    for i in range(len(root)):
        for e in range(starts[i], starts[i + 1]):
            values[e] = weights[e] / (root[i] * root[ends[e]])


@kernel
def _aggregate(starts, ends, weights, alone, share, group):
    """Groups of strongly linked nodes, numbered from 0 in `group` (-1 at the start); returns their number.

    Nodes marked `alone` make a group each, and their links do not count. A link of i is strong if it is at least
    `share` times the strongest. A node of which no strong neighbour is in a group makes one with all of these; each of
    the rest joins the group to which its strongest link leads.
    """
    count = 0
    for i in range(len(group)):
        if alone[i]:
            group[i] = count
            count += 1
    first = count
    for i in range(len(group)):
        if group[i] >= 0:
            continue
        strongest = 0.0
        for e in range(starts[i], starts[i + 1]):
            if ends[e] != i and not alone[ends[e]] and weights[e] > strongest:
                strongest = weights[e]
        least = share * strongest
        free = True
        for e in range(starts[i], starts[i + 1]):
            if ends[e] != i and weights[e] >= least and group[ends[e]] >= first:
                free = False
                break
        if not free:
            continue
        group[i] = count
        for e in range(starts[i], starts[i + 1]):
            if weights[e] > 0 and weights[e] >= least and not alone[ends[e]]:
                group[ends[e]] = count
        count += 1
    founders = count
    for i in range(len(group)):
        if group[i] >= 0:
            continue
        best, most = -1, 0.0
        for e in range(starts[i], starts[i + 1]):
            if first <= group[ends[e]] < founders and weights[e] > most:
                best, most = group[ends[e]], weights[e]
        if best < 0:
            best = count
            count += 1
        group[i] = -2 - best  # not seen by those that join later
    for i in range(len(group)):
        if group[i] < -1:
            group[i] = -2 - group[i]
    return count


@kernel
def _group_links(starts, ends, weights, group, order, group_starts, first, last, sums, to_ends, to_weights, counts):
    """The links of groups first..last to all groups, summed over their nodes; returns how many there are.

    The nodes of group g are order[group_starts[g]:group_starts[g + 1]]. Group g has counts[g - first] links; their
    other ends and weights follow one another. `sums` is a row of zeros, one a group, and is left so.
    """
    filled = 0
    for g in range(first, last):
        before = filled
        for at in range(group_starts[g], group_starts[g + 1]):
            i = order[at]
            for e in range(starts[i], starts[i + 1]):
                if weights[e] > 0:
                    to = group[ends[e]]
                    if sums[to] == 0:
                        to_ends[filled] = to
                        filled += 1
                    sums[to] += weights[e]
        for e in range(before, filled):
            to_weights[e] = sums[to_ends[e]]
            sums[to_ends[e]] = 0.0
        counts[g - first] = filled - before
    return filled


@kernel
def _by_group(group, starts, order):
    """Sort by counting: starts[g + 1] has the number of members of group g, and then where the next group begins."""
    for g in group:
        if g >= 0:
            starts[g + 1] += 1
    for g in range(1, len(starts)):
        starts[g] += starts[g - 1]
    free = starts.copy()
    for i in range(len(group)):
        if group[i] >= 0:
            order[free[group[i]]] = i
            free[group[i]] += 1


@kernel
def _both_ways(starts, ends, weights, back_starts, back, rows, to_starts, to_ends, to_weights):
    """Rows of U + U^T, of which row i of U is starts[i]:starts[i + 1]; returns how many links they hold.

    The links of U that lead to node i are back[back_starts[i]:back_starts[i + 1]], from `rows`.
    """
    sums = np.zeros(len(starts) - 1)
    filled = 0
    for i in range(len(sums)):
        for e in range(starts[i], starts[i + 1]):
            if sums[ends[e]] == 0:
                to_ends[filled] = ends[e]
                filled += 1
            sums[ends[e]] += weights[e]
        for at in range(back_starts[i], back_starts[i + 1]):
            e = back[at]
            if sums[rows[e]] == 0:
                to_ends[filled] = rows[e]
                filled += 1
            sums[rows[e]] += weights[e]
        for e in range(to_starts[i], filled):
            to_weights[e] = sums[to_ends[e]]
            sums[to_ends[e]] = 0.0
        to_starts[i + 1] = filled
    return filled


def multiply_rows(
    graph: Graph,
    block: NDArray[np.float64],
    threads: int,
    along: float = 1.0,
    own: float = 0.0,
    past: float = 0.0,
    result: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """along A block + own block + past result, with A the graph's matrix, for blocks (n, m) of vectors; in `result`."""
    block = np.ascontiguousarray(block)
    result = np.zeros_like(block) if result is None else result
    bounds = chunks(len(block), _ROWS)
    factors = float(along), float(own), float(past)
    for_chunks(lambda _, a, b: _multiply_rows(*graph, block, *factors, a, b, result), bounds, threads)
    return result


def normalise(graph: Graph) -> tuple[Graph, NDArray[np.float64], NDArray[np.float64]]:
    """D^-1/2 W D^-1/2 of a graph W, sqrt(D), and the share of each node's links that lead to other nodes. O(links)."""
    root, leaving = np.empty(graph.size), np.empty(graph.size)
    values = np.empty_like(graph.weights)
    _normalise(*graph, root, values, leaving)
    return graph._replace(weights=values), root, leaving


def aggregate(graph: Graph, alone: NDArray[np.bool_], share: float) -> tuple[NDArray[np.int32], int]:
    """The group of each node, and the number of groups; see `_aggregate`."""
    group = np.full(graph.size, -1, dtype=np.int32)
    return group, int(_aggregate(*graph, alone, float(share), group))


def by_group(group: NDArray[np.int32], count: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The nodes of one group after another, and where each group begins; nodes with group -1 are left out."""
    order = np.empty(len(group), dtype=np.int32)
    starts = np.zeros(count + 1, dtype=np.int64)
    _by_group(group, starts, order)
    return order[: starts[-1]].copy(), starts


def group_links(
    graph: Graph, group: NDArray[np.int32], order: NDArray[np.int32], group_starts: NDArray[np.int64]
) -> Graph:
    """The graph of the groups, with the links inside a group as its loop."""
    count = len(group_starts) - 1
    counts = np.empty(count, dtype=np.int64)
    ends, weights = np.empty(len(graph.ends), dtype=np.int32), np.empty(len(graph.ends))
    filled = _group_links(*graph, group, order, group_starts, 0, count, np.zeros(count), ends, weights, counts)
    return Graph(np.concatenate([[0], np.cumsum(counts)]), ends[:filled].copy(), weights[:filled].copy())


def both_ways(half: Graph) -> Graph:
    """The graph U + U^T of rows U that are not symmetric. O(links)."""
    back, back_starts = by_group(half.ends, half.size)
    links = 2 * len(half.ends)
    starts, ends, weights = np.zeros(half.size + 1, dtype=np.int64), np.empty(links, np.int32), np.empty(links)
    filled = _both_ways(*half, back_starts, back, half.rows.astype(np.int32), starts, ends, weights)
    return Graph(starts, ends[:filled].copy(), weights[:filled].copy())


@kernel
def _near(positions, cells, order, cell_starts, across, squared, fill, starts, ends):
    """Count (starts[i + 1]) or, to `fill`, write (from starts[i] on) the nodes whose squared distance is small enough.

    Cells are at least as wide as the radius, in rows of `across`; of the nodes, those of cell c are
    order[cell_starts[c]:cell_starts[c + 1]]. Around all cells lies a margin of empty ones.
    """
    for i in range(len(positions)):
        found = 0
        for down in range(-1, 2):
            row = cells[i] + down * across
            for at in range(cell_starts[row - 1], cell_starts[row + 2]):
                j = order[at]
                dy, dx = positions[i, 0] - positions[j, 0], positions[i, 1] - positions[j, 1]
                if j != i and dy * dy + dx * dx <= squared:
                    if fill:
                        ends[starts[i] + found] = j
                    found += 1
        if not fill:
            starts[i + 1] = found


def near(positions: NDArray[np.float64], radius: float) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each of the places (n, 2) the others no farther than `radius`: rows (starts, ends). O(n + pairs)."""
    cell = np.floor((positions - positions.min(axis=0)) / radius).astype(np.int64) + 1
    down, across = (int(length) for length in cell.max(axis=0) + 2)
    cells = cell[:, 0] * across + cell[:, 1]
    order, cell_starts = by_group(cells.astype(np.int32), down * across)
    starts = np.zeros(len(positions) + 1, dtype=np.int64)
    places = np.ascontiguousarray(positions, dtype=np.float64)
    _near(places, cells, order, cell_starts, across, float(radius) ** 2, False, starts, np.empty(0, np.int32))
    np.cumsum(starts, out=starts)
    ends = np.empty(int(starts[-1]), dtype=np.int32)
    _near(places, cells, order, cell_starts, across, float(radius) ** 2, True, starts, ends)
    return starts, ends
