"""Assignment at least cost on a sparse graph of two sides, where whoever finds no partner stays alone at a price.

A left node has edges with integer costs to right nodes, and may stay alone for `alone`; right nodes stay alone for
nothing. The least total is found exactly, by linear programming duality: there are prices with

    cost >= left_price + right_price      for every edge, with equality for the pairs that are made,
    left_price <= alone                   with equality for left nodes that stay alone,
    right_price <= 0                      with equality for right nodes that stay alone,

and these prove that no other assignment costs less. `_bid` pairs most nodes quickly and keeps to all this; `_settle`
brings each of the rest in along a shortest path of exchanges (Jonker and Volgenant's method on a sparse graph).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_BIDS_A_NODE = 16  # before shortest paths settle the rest: more or fewer change the time, not the cost
_NODE_BITS = 32  # the lower bits of a heap key hold the node, the upper ones its distance


@kernel
def _bid(starts, targets, costs, alone, bids, partner, owner, left_price, right_price, queue):
    """Let left nodes take their cheapest right node in turn; a contested one rises in price by what the loser can bear.

    `queue` is a ring of all left nodes. Returns the head of those who still wait when the bids are used up, and their
    number.
    """
    size = len(queue)
    head, waiting = 0, size
    while waiting > 0 and bids > 0:
        bids -= 1
        node = queue[head]
        best, second, first_edge, second_edge = alone, alone, -1, -1
        for edge in range(starts[node], starts[node + 1]):
            if costs[edge] >= second:
                break  # edges are sorted by cost, and no right price is above 0
            reduced = costs[edge] - right_price[targets[edge]]
            if reduced < best:
                best, second, first_edge, second_edge = reduced, best, edge, first_edge
            elif reduced < second:
                second, second_edge = reduced, edge
        right, loser = -1, -1
        left_price[node] = second
        if first_edge >= 0:
            right = targets[first_edge]
            if owner[right] >= 0 and second == best and second_edge >= 0:
                right = targets[second_edge]
            loser = owner[right]
            if loser < 0:
                left_price[node] = best
            else:
                right_price[right] -= second - best
                partner[loser] = -1
            partner[node], owner[right] = right, node
        if loser >= 0 and second > best:
            queue[head] = loser  # bids at once
            continue
        head += 1
        if head == size:
            head = 0
        waiting -= 1
        if loser >= 0:  # the price could not rise: others first
            queue[(head + waiting) % size] = loser
            waiting += 1
    return head, waiting


@kernel
def _rise(heap, place, spot, key):
    """Put `key` at `spot` or above, where the heap is in order; `place` knows the spot of each node."""
    while spot > 0:
        above = (spot - 1) >> 1
        if heap[above] <= key:
            break
        heap[spot] = heap[above]
        place[heap[spot] & 0xFFFFFFFF] = spot
        spot = above
    heap[spot] = key
    place[key & 0xFFFFFFFF] = spot


@kernel
def _sink(heap, place, size, key):
    """Put `key` in place of the heap's first."""
    spot = 0
    while True:
        below = 2 * spot + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        heap[spot] = heap[below]
        place[heap[spot] & 0xFFFFFFFF] = spot
        spot = below
    heap[spot] = key
    place[key & 0xFFFFFFFF] = spot


@kernel
def _settle(starts, targets, costs, alone, partner, owner, left_price, right_price, waiting, place):
    """Bring each waiting left node in along the shortest path of exchanges, by Dijkstra's method on reduced costs.

    A path ends at a right node without an owner, or at a left node that is from now on alone. `place` (all -1) is the
    spot of a node in the heap: -1 never met, -2 done.
    """
    heap = np.empty(len(partner), dtype=np.int64)
    distance = np.zeros(len(partner), dtype=np.int64)
    before = np.zeros(len(partner), dtype=np.int64)
    met = np.zeros(len(partner), dtype=np.int64)
    for source in waiting:
        size, n_met = 1, 1
        met[0], distance[source], place[source] = source, 0, 0
        heap[0] = source
        shortest = alone - left_price[source]
        last, end = source, -1
        while size > 0:
            key = heap[0]
            here, node = key >> _NODE_BITS, key & 0xFFFFFFFF
            if here >= shortest:
                break
            place[node] = -2
            size -= 1
            if size > 0:
                _sink(heap, place, size, heap[size])
            base = here - left_price[node]
            if base + alone < shortest:
                shortest, last, end = base + alone, node, -1
            for edge in range(starts[node], starts[node + 1]):
                if base + costs[edge] >= shortest:
                    break
                right = targets[edge]
                there = base + costs[edge] - right_price[right]
                if there >= shortest:
                    continue
                other = owner[right]
                if other < 0:
                    shortest, last, end = there, node, right
                elif place[other] == -1:
                    distance[other], before[other] = there, node
                    met[n_met] = other
                    n_met += 1
                    size += 1
                    _rise(heap, place, size - 1, (there << _NODE_BITS) | other)
                elif place[other] >= 0 and there < distance[other]:
                    distance[other], before[other] = there, node
                    _rise(heap, place, place[other], (there << _NODE_BITS) | other)
        for n in range(n_met):
            node = met[n]
            if distance[node] < shortest:
                left_price[node] += shortest - distance[node]
                if node != source:
                    right_price[partner[node]] -= shortest - distance[node]
            place[node] = -1
        while True:
            freed = partner[last]
            partner[last] = end
            if end >= 0:
                owner[end] = last
            if last == source:
                break
            last, end = before[last], freed


def assign(
    starts: NDArray[np.int64], targets: NDArray[np.int32], costs: NDArray[np.int32], rights: int, alone: int
) -> NDArray[np.int64]:
    """The right node of each left node, -1 for those who stay alone, so that the total cost is least.

    Parameters
    ----------
    starts : (n + 1,) int64 array
        Left node i has the edges starts[i] to starts[i + 1].
    targets, costs : (E,) int32 arrays
        An edge's right node and its cost, 0 or above; each left node's edges come by rising cost.
    rights : int
        Number of right nodes.
    alone : int
        What a left node without a partner costs, below 2^31.

    Returns
    -------
    (n,) int64 array
        Of several assignments of the same cost always the same one.
    """
    lefts = len(starts) - 1
    partner = np.full(lefts, -1, dtype=np.int64)
    owner = np.full(rights, -1, dtype=np.int64)
    left_price, right_price = np.zeros(lefts, dtype=np.int64), np.zeros(rights, dtype=np.int64)
    queue = np.arange(lefts, dtype=np.int64)
    prices = (partner, owner, left_price, right_price)
    head, waiting = _bid(starts, targets, costs, int(alone), _BIDS_A_NODE * lefts, *prices, queue)
    rest = np.roll(queue, -head)[:waiting]
    left_price[rest] = _cheapest(starts, targets, costs, int(alone), right_price, rest)
    _settle(starts, targets, costs, int(alone), *prices, rest, np.full(lefts, -1, dtype=np.int64))
    return partner


@kernel
def _cheapest(starts, targets, costs, alone, right_price, nodes):
    """The highest price that each of the nodes can bear."""
    prices = np.empty(len(nodes), dtype=np.int64)
    for n in range(len(nodes)):
        best = alone
        for edge in range(starts[nodes[n]], starts[nodes[n] + 1]):
            best = min(best, costs[edge] - right_price[targets[edge]])
        prices[n] = best
    return prices


@kernel
def _gather(rows, columns, numbers, steps, starts, targets, which):
    """Fill in each left node's right nodes, in the order of the steps; only count them where `targets` is empty."""
    edge = 0
    for node in range(len(rows)):
        starts[node] = edge
        for k in range(len(steps)):
            number = numbers[rows[node] + steps[k, 0], columns[node] + steps[k, 1]]
            if number >= 0:
                if len(targets) > 0:
                    targets[edge] = number
                    which[edge] = k
                edge += 1
    starts[len(rows)] = edge
    return edge


def steps_within(reach: float, shape: tuple[int, int], seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The steps (K, 2) to all pixels within `reach` in a picture of this shape, the nearest first, and their lengths.

    Steps of equal length come in an order that `seed` decides: which of several least matchings is found hangs on it.
    """
    down, right = (min(math.ceil(reach), size - 1) for size in shape)
    rows, columns = np.meshgrid(np.arange(-down, down + 1), np.arange(-right, right + 1), indexing="ij")
    steps = np.stack([rows, columns], axis=-1).reshape(-1, 2).astype(np.int64)
    squares = (steps**2).sum(axis=1)
    order = np.lexsort((_scrambled(np.arange(len(steps)), seed), squares))
    order = order[squares[order] <= reach * reach]
    return np.ascontiguousarray(steps[order]), np.sqrt(squares[order])


def _scrambled(numbers: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Numbers without any order, different for each seed; the same on every machine and with every version."""
    mixed = numbers.astype(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the finaliser of SplitMix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def pairs_within(
    left: NDArray[np.bool_],
    right: NDArray[np.bool_],
    steps: NDArray[np.int64],
    allow: Callable[[int], None] = lambda _: None,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Which set pixels of `right` lie one of the steps (K, 2) away from each set pixel of `left`.

    Pixels are numbered in raster order. Gives `starts` and `targets` as `assign` takes them, and each edge's step.
    `allow` is called with the number of edges before they are stored.
    """
    reach = int(np.abs(steps).max(initial=0))
    numbers = np.full(right.shape, -1, dtype=np.int32)
    numbers[right] = np.arange(np.count_nonzero(right), dtype=np.int32)
    numbers = np.pad(numbers, reach, constant_values=-1)
    rows, columns = (np.ascontiguousarray(where) + reach for where in np.nonzero(left))
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int32)
    count = _gather(rows, columns, numbers, steps, starts, nothing, nothing)
    allow(count)
    targets, which = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    _gather(rows, columns, numbers, steps, starts, targets, which)
    return starts, targets, which
