"""Region merging: the two most alike neighbours become one, until one is left; what is alike is measured anew each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.adjacency import Borders, slot_of
from classicseg.kernels.compile import kernel

# Borders live in these tables. A border has two sides, 2 e and 2 e + 1, each in the ring of the region on that side.


@kernel
def _weight(edge, ends, lengths, strengths, sizes, histograms, bin_weights, border_weight, power, total):
    """(border + sum over bins of weight (p - q)^2 / (p + q)) (smaller area / all)^power."""
    one, other = ends[2 * edge], ends[2 * edge + 1]
    weight = border_weight * (strengths[edge] / lengths[edge])
    per_one, per_other = 1.0 / sizes[one], 1.0 / sizes[other]
    for b in range(len(bin_weights)):
        p, q = histograms[one, b] * per_one, histograms[other, b] * per_other
        if p + q > 0.0:
            weight += bin_weights[b] * ((p - q) * (p - q) / (p + q))
    if power != 0.0:
        weight *= (min(sizes[one], sizes[other]) / total) ** power
    return weight


@kernel
def _settle(place, size, heap, places, weights):
    """Move the border at `place` of the heap up or down to where it belongs: by weight, then by number."""
    edge = heap[place]
    weight = weights[edge]
    while place > 0:
        above = (place - 1) >> 1
        other = heap[above]
        if weights[other] < weight or (weights[other] == weight and other < edge):
            break
        heap[place] = other
        places[other] = place
        place = above
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        other = heap[below]
        if below + 1 < size:
            beside = heap[below + 1]
            if weights[beside] < weights[other] or (weights[beside] == weights[other] and beside < other):
                below += 1
                other = beside
        if weight < weights[other] or (weight == weights[other] and edge < other):
            break
        heap[place] = other
        places[other] = place
        place = below
    heap[place] = edge
    places[edge] = place


@kernel
def _drop(edge, size, heap, places, weights):
    """Take a border out of the heap; gives the new size."""
    place = places[edge]
    size -= 1
    if place < size:
        heap[place] = heap[size]
        places[heap[place]] = place
        _settle(place, size, heap, places, weights)
    return size


@kernel
def _key(one, other):
    return min(one, other) << 32 | max(one, other)


@kernel
def _forget(keys, edges, key):
    """Take a key out of the table; what stands behind it in the same run moves up."""
    last = len(keys) - 1
    hole = slot_of(keys, key)
    keys[hole] = -1
    place = (hole + 1) & last
    while keys[place] != -1:
        moved = keys[place]
        keys[place] = -1
        better = slot_of(keys, moved)
        keys[better] = moved
        edges[better] = edges[place]
        place = (place + 1) & last


@kernel
def _unhang(side, region, heads, after, before):
    """Take a side out of the ring of its region."""
    following, previous = after[side], before[side]
    if following == side:
        heads[region] = -1
        return
    after[previous] = following
    before[following] = previous
    if heads[region] == side:
        heads[region] = following


@kernel
def _hang(side, region, heads, after, before):
    """Put a side into the ring of a region, as its last."""
    head = heads[region]
    if head < 0:
        heads[region] = side
        after[side] = side
        before[side] = side
        return
    tail = before[head]
    after[tail] = side
    before[side] = tail
    after[side] = head
    before[head] = side


@kernel
def _merge_all(
    ends, lengths, strengths, sizes, histograms, bin_weights, border_weight, power, total, weights,
    heads, degrees, after, before, keys, edges, heap, places, nodes, merges, altitudes
):  # fmt: skip
    """Merge until no border is left; gives how many merges there were.

    Of two regions the one with fewer borders goes into the other, so that each side of a border is moved O(log) times.
    """
    size = len(heap)
    whole = power != 0.0 or len(bin_weights) > 0
    count = 0
    for edge in range(size):
        weights[edge] = _weight(
            edge, ends, lengths, strengths, sizes, histograms, bin_weights, border_weight, power, total
        )
        keys_place = slot_of(keys, _key(ends[2 * edge], ends[2 * edge + 1]))
        keys[keys_place] = _key(ends[2 * edge], ends[2 * edge + 1])
        edges[keys_place] = edge
        for side in range(2 * edge, 2 * edge + 2):
            _hang(side, ends[side], heads, after, before)
            degrees[ends[side]] += 1
        heap[edge] = edge
        places[edge] = edge
        _settle(edge, edge + 1, heap, places, weights)
    while size > 0:
        best = heap[0]
        kept, gone = ends[2 * best], ends[2 * best + 1]
        if degrees[kept] < degrees[gone] or (degrees[kept] == degrees[gone] and gone < kept):
            kept, gone = gone, kept
        merges[count, 0] = min(nodes[kept], nodes[gone])
        merges[count, 1] = max(nodes[kept], nodes[gone])
        altitudes[count] = weights[best]
        nodes[kept] = len(sizes) + count
        count += 1
        size = _drop(best, size, heap, places, weights)
        _forget(keys, edges, _key(kept, gone))
        for side in range(2 * best, 2 * best + 2):
            _unhang(side, ends[side], heads, after, before)
        degrees[kept] -= 1
        sizes[kept] += sizes[gone]
        for b in range(len(bin_weights)):
            histograms[kept, b] += histograms[gone, b]
        while heads[gone] >= 0:
            side = heads[gone]
            edge = side >> 1
            other = ends[side ^ 1]
            _forget(keys, edges, _key(gone, other))
            _unhang(side, gone, heads, after, before)
            place = slot_of(keys, _key(kept, other))
            if keys[place] == -1:
                keys[place] = _key(kept, other)
                edges[place] = edge
                ends[side] = kept
                _hang(side, kept, heads, after, before)
                degrees[kept] += 1
                continue
            twin = edges[place]
            lengths[twin] += lengths[edge]
            strengths[twin] += strengths[edge]
            _unhang(side ^ 1, other, heads, after, before)
            degrees[other] -= 1
            size = _drop(edge, size, heap, places, weights)
            if not whole:
                weights[twin] = border_weight * (strengths[twin] / lengths[twin])
                _settle(places[twin], size, heap, places, weights)
        if whole and heads[kept] >= 0:
            side = heads[kept]
            while True:
                edge = side >> 1
                weights[edge] = _weight(
                    edge, ends, lengths, strengths, sizes, histograms, bin_weights, border_weight, power, total
                )
                _settle(places[edge], size, heap, places, weights)
                side = after[side]
                if side == heads[kept]:
                    break
    return count


def merge_regions(
    borders: Borders,
    sizes: NDArray[np.integer],
    histograms: NDArray[np.float32],
    bin_weights: NDArray[np.float64],
    border_weight: float = 1.0,
    power: float = 0.0,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Merges (M, 2) as pairs of nodes, leaves 0..n-1 and merge i node n + i, and their weights (M,), which may fall.

    Two regions with areas a, b, mean boundary strength m along their border and shares p, q of their pixels in the bins
    of `histograms` (n, B; counts) weigh (border_weight m + sum of bin_weights (p - q)^2 / (p + q)) (min(a, b) / sum of
    all areas)^power; the lightest pair goes first, of equal ones that whose border was met first. Only strengths
    (no bins, power 0): average linkage, in O(E log^2 E). Otherwise each merge weighs the borders of the new region anew.
    """
    count, most = len(sizes), len(borders.pairs)
    room = 1 << int(2 * max(most, 1)).bit_length()
    merges = np.empty((max(count - 1, 0), 2), dtype=np.int64)
    altitudes = np.empty(len(merges))
    areas = sizes.astype(np.float64)
    sides = np.empty(2 * most, dtype=np.int64), np.empty(2 * most, dtype=np.int64)
    found = _merge_all(
        borders.pairs.astype(np.int64).ravel(),
        borders.lengths.copy(),
        borders.strengths.copy(),
        areas,
        histograms.astype(np.float32),
        bin_weights.astype(np.float64),
        float(border_weight),
        float(power),
        float(areas.sum()),
        np.empty(most),
        np.full(count, -1, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        *sides,
        np.full(room, -1, dtype=np.int64),
        np.empty(room, dtype=np.int64),
        np.empty(most, dtype=np.int64),
        np.empty(most, dtype=np.int64),
        np.arange(count, dtype=np.int64),
        merges,
        altitudes,
    )  # fmt: skip
    return merges[:found], altitudes[:found]
