"""Region merging: the most alike two of all neighbours become one, again and again, until none are left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.adjacency import Borders, slot_of
from classicseg.kernels.compile import kernel
from classicseg.kernels.region_colors import Looks

_GROWTH = 1 + 1 / 16  # of a region, after which all its borders are weighed anew


class Rule(NamedTuple):
    """How unlike two neighbours are, so that the most alike merge first.

    With m the mean strength along their border, d the distance of their mean colours, p and q their shares of pixels in
    the bins of their histograms, s and l the smaller and the larger area as shares of all, and f the share that the
    border has of the perimeter of that region whose perimeter is shorter:

        (m^strength_power + color (1 - exp(-d / color_scale)) + sum of bins (p - q)^2 / (p + q))
        s^small_power l^large_power f^shared_power

    Attributes
    ----------
    strength_power, color, color_scale, small_power, large_power, shared_power : float
    bins : (B,) float64 array
        The weight of each bin.
    """

    strength_power: float
    color: float
    color_scale: float
    small_power: float
    large_power: float
    shared_power: float
    bins: NDArray[np.float64]


class _Regions(NamedTuple):
    """What is known of each region, and its size when all its borders were last weighed.

    The rows of regions that were merged into others mean nothing any more.
    """

    sizes: NDArray[np.float64]
    perimeters: NDArray[np.float64]
    sums: NDArray[np.float64]
    histograms: NDArray[np.float32]
    weighed: NDArray[np.float64]


@kernel
def _unlikeness(regions, one, other, rule):
    """What the colours and textures of two regions weigh."""
    per_one, per_other = 1.0 / regions.sizes[one], 1.0 / regions.sizes[other]
    weight, squared = 0.0, 0.0
    for d in range(regions.sums.shape[1]):
        difference = regions.sums[one, d] * per_one - regions.sums[other, d] * per_other
        squared += difference * difference
    if rule.color != 0.0:
        weight += rule.color * (1.0 - np.exp(-np.sqrt(squared) / rule.color_scale))
    for b in range(len(rule.bins)):
        p, q = regions.histograms[one, b] * per_one, regions.histograms[other, b] * per_other
        if p + q > 0.0:
            weight += rule.bins[b] * ((p - q) * (p - q) / (p + q))
    return weight


@kernel
def _weight(edge, ends, lengths, strengths, regions, rule, total):
    """The formula of `Rule`."""
    one, other = ends[2 * edge], ends[2 * edge + 1]
    weight = (strengths[edge] / lengths[edge]) ** rule.strength_power + _unlikeness(regions, one, other, rule)
    small, large = regions.sizes[one], regions.sizes[other]
    if small > large:
        small, large = large, small
    perimeter = min(regions.perimeters[one], regions.perimeters[other])
    shared = (lengths[edge] / perimeter) ** rule.shared_power
    return weight * (small / total) ** rule.small_power * (large / total) ** rule.large_power * shared


@kernel
def _add_region(regions, kept, gone, shared):
    """Add one region to another, `shared` being the length of the border between them."""
    regions.sizes[kept] += regions.sizes[gone]
    regions.perimeters[kept] += regions.perimeters[gone] - 2.0 * shared
    for d in range(regions.sums.shape[1]):
        regions.sums[kept, d] += regions.sums[gone, d]
    for b in range(regions.histograms.shape[1]):
        regions.histograms[kept, b] += regions.histograms[gone, b]


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


class _Graph(NamedTuple):
    """Borders as they change. Border e has two sides, 2 e and 2 e + 1, each in the ring of the region on that side.

    Attributes
    ----------
    ends : (2 E,) array
        The region on each side.
    lengths, strengths, weights : (E,) arrays
    heads, degrees : (n,) arrays
        One side of each region (-1: none), and how many it has.
    after, before : (2 E,) arrays
        The sides beside each in its ring.
    keys, edges : arrays
        A table of the pairs of regions that have a border.
    heap, places : (E,) arrays
        The borders by weight; the place of each.
    """

    ends: NDArray[np.int64]
    lengths: NDArray[np.float64]
    strengths: NDArray[np.float64]
    weights: NDArray[np.float64]
    heads: NDArray[np.int64]
    degrees: NDArray[np.int64]
    after: NDArray[np.int64]
    before: NDArray[np.int64]
    keys: NDArray[np.int64]
    edges: NDArray[np.int64]
    heap: NDArray[np.int64]
    places: NDArray[np.int64]


@kernel
def _enter(graph, edge):
    """Put a border into the rings of its regions, the table and the heap."""
    key = _key(graph.ends[2 * edge], graph.ends[2 * edge + 1])
    place = slot_of(graph.keys, key)
    graph.keys[place] = key
    graph.edges[place] = edge
    for side in range(2 * edge, 2 * edge + 2):
        region = graph.ends[side]
        _hang(side, region, graph.heads, graph.after, graph.before)
        graph.degrees[region] += 1
    graph.heap[edge] = edge
    _settle(edge, edge + 1, graph.heap, graph.places, graph.weights)


@kernel
def _take_over(graph, side, kept, gone, size, regions, rule, linkage, total):
    """Let region `kept` have a border of region `gone`, together with its own to the same neighbour if it has one."""
    edge, other = side >> 1, graph.ends[side ^ 1]
    _forget(graph.keys, graph.edges, _key(gone, other))
    _unhang(side, gone, graph.heads, graph.after, graph.before)
    place = slot_of(graph.keys, _key(kept, other))
    if graph.keys[place] == -1:
        graph.keys[place] = _key(kept, other)
        graph.edges[place] = edge
        graph.ends[side] = kept
        _hang(side, kept, graph.heads, graph.after, graph.before)
        graph.degrees[kept] += 1
        if not linkage:
            graph.weights[edge] = _weight(edge, graph.ends, graph.lengths, graph.strengths, regions, rule, total)
            _settle(graph.places[edge], size, graph.heap, graph.places, graph.weights)
        return size
    twin = graph.edges[place]
    graph.lengths[twin] += graph.lengths[edge]
    graph.strengths[twin] += graph.strengths[edge]
    _unhang(side ^ 1, other, graph.heads, graph.after, graph.before)
    graph.degrees[other] -= 1
    size = _drop(edge, size, graph.heap, graph.places, graph.weights)
    if linkage:
        graph.weights[twin] = graph.strengths[twin] / graph.lengths[twin]
    else:
        graph.weights[twin] = _weight(twin, graph.ends, graph.lengths, graph.strengths, regions, rule, total)
    _settle(graph.places[twin], size, graph.heap, graph.places, graph.weights)
    return size


@kernel
def _weigh_anew(graph, region, regions, rule, total, size):
    """Weigh all borders of a region."""
    side = graph.heads[region]
    if side < 0:
        return
    while True:
        edge = side >> 1
        graph.weights[edge] = _weight(edge, graph.ends, graph.lengths, graph.strengths, regions, rule, total)
        _settle(graph.places[edge], size, graph.heap, graph.places, graph.weights)
        side = graph.after[side]
        if side == graph.heads[region]:
            return


@kernel
def _merge_all(graph, regions, rule, linkage, total, nodes, merges, altitudes):
    """Merge until no border is left; gives how many merges there were.

    Of two regions the one with fewer borders goes into the other, so that a side of a border moves O(log n) times.
    """
    size = len(graph.heap)
    for edge in range(size):
        if linkage:
            graph.weights[edge] = graph.strengths[edge] / graph.lengths[edge]
        else:
            graph.weights[edge] = _weight(edge, graph.ends, graph.lengths, graph.strengths, regions, rule, total)
        _enter(graph, edge)
    count = 0
    while size > 0:
        best = graph.heap[0]
        kept, gone = graph.ends[2 * best], graph.ends[2 * best + 1]
        if graph.degrees[kept] < graph.degrees[gone] or (graph.degrees[kept] == graph.degrees[gone] and gone < kept):
            kept, gone = gone, kept
        merges[count, 0] = min(nodes[kept], nodes[gone])
        merges[count, 1] = max(nodes[kept], nodes[gone])
        altitudes[count] = graph.weights[best]
        nodes[kept] = len(nodes) + count
        count += 1
        size = _drop(best, size, graph.heap, graph.places, graph.weights)
        _forget(graph.keys, graph.edges, _key(kept, gone))
        for side in range(2 * best, 2 * best + 2):
            _unhang(side, graph.ends[side], graph.heads, graph.after, graph.before)
        graph.degrees[kept] -= 1
        if not linkage:
            _add_region(regions, kept, gone, graph.lengths[best])
        while graph.heads[gone] >= 0:
            size = _take_over(graph, graph.heads[gone], kept, gone, size, regions, rule, linkage, total)
        if not linkage and regions.sizes[kept] >= _GROWTH * regions.weighed[kept]:
            _weigh_anew(graph, kept, regions, rule, total, size)
            regions.weighed[kept] = regions.sizes[kept]
    return count


def merge_by_rule(borders: Borders, looks: Looks, rule: Rule) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Merges (M, 2) as pairs of nodes, leaves 0..n-1 and merge i node n + i, and their weights (M,), which may fall.

    The lightest pair of neighbours goes first, of equal ones that whose border was met first. The borders that a merge
    joins or that get another region are weighed anew, and all those of a region whenever it has grown by a sixteenth
    since the last time: without that, thousands of specks that go into one background, each of which changes it by
    nothing, would take quadratic time. O(E (B + log E) log N) for E borders, B bins and N pixels, commonly far less.
    """
    edges = borders.pairs.astype(np.int64)
    perimeters = borders.frames.copy()
    for side in range(2):
        np.add.at(perimeters, edges[:, side], borders.lengths)
    regions = _Regions(looks.sizes.copy(), perimeters, looks.sums.copy(), looks.histograms.copy(), looks.sizes.copy())
    return _merged(borders, len(looks.sizes), regions, rule, False)


def merge_by_strength(borders: Borders, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The same for `count` regions by mean strength along the border alone: average linkage. O(E log^2 E)."""
    nothing = np.zeros(0), np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0), dtype=np.float32), np.zeros(0)
    rule = Rule(1.0, 0.0, 1.0, 0.0, 0.0, 0.0, np.zeros(0))
    return _merged(borders, count, _Regions(*nothing), rule, True)


def _merged(
    borders: Borders, count: int, regions: _Regions, rule: Rule, linkage: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    most = len(borders.pairs)
    room = 1 << int(2 * max(most, 1)).bit_length()
    graph = _Graph(
        ends=borders.pairs.astype(np.int64).ravel(),
        lengths=borders.lengths.copy(),
        strengths=borders.strengths.copy(),
        weights=np.empty(most),
        heads=np.full(count, -1, dtype=np.int64),
        degrees=np.zeros(count, dtype=np.int64),
        after=np.empty(2 * most, dtype=np.int64),
        before=np.empty(2 * most, dtype=np.int64),
        keys=np.full(room, -1, dtype=np.int64),
        edges=np.empty(room, dtype=np.int64),
        heap=np.empty(most, dtype=np.int64),
        places=np.empty(most, dtype=np.int64),
    )
    merges = np.empty((max(count - 1, 0), 2), dtype=np.int64)
    altitudes = np.empty(len(merges))
    total = float(regions.sizes.sum())
    found = int(_merge_all(graph, regions, rule, linkage, total, np.arange(count), merges, altitudes))
    return merges[:found], altitudes[:found]
