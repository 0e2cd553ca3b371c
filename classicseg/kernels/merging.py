"""Region merging: the most alike two of all neighbours become one, again and again, until none are left.

All that is known stands in five tables, whose columns are named here.

- borders (E, 3) float64: length, summed strength, weight.
- sides (2 E, 3) int64: border e has the sides 2 e and 2 e + 1; the region on each, and the sides after and before it in
  the ring of that region's.
- regions (n, 3) int64: one side of each, how many it has, and its node in the tree.
- measures (n, 3 + D) float64: size, size when all its borders were last weighed, perimeter, and sums of the planes.
- pairs (room, 2) int64: the border between any two regions that have one, see `slot_of`.

Rows of regions and borders that were merged into others mean nothing any more. A heap holds the borders by weight, and
`places` where each of them stands in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.adjacency import EDGE, KEY, Borders, slot_of
from classicseg.kernels.compile import kernel
from classicseg.kernels.region_looks import Looks

_GROWTH = 1 + 1 / 16  # of a region, after which all its borders are weighed anew
_LENGTH, _STRENGTH, _WEIGHT = 0, 1, 2
_REGION, _AFTER, _BEFORE = 0, 1, 2
_SIDE, _DEGREE, _NODE = 0, 1, 2
_SIZE, _WEIGHED, _PERIMETER, _SUMS = 0, 1, 2, 3  # from the last one on
_STRENGTH_POWER, _COLOR, _PER_COLOR, _SMALL, _LARGE, _SHARED, _TOTAL, _BINS = range(8)  # of a rule; bins to the end


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


@kernel
def _power(value, power):
    """value^power, without the call where it is not needed."""
    if power == 0.0:
        return 1.0
    return value if power == 1.0 else value**power


@kernel
def _unlikeness(one, other, measures, histograms, rule):
    """What the colours and textures of two regions weigh."""
    per_one, per_other = 1.0 / measures[one, _SIZE], 1.0 / measures[other, _SIZE]
    weight, squared = 0.0, 0.0
    for d in range(_SUMS, measures.shape[1]):
        difference = measures[one, d] * per_one - measures[other, d] * per_other
        squared += difference * difference
    if rule[_COLOR] != 0.0:
        weight += rule[_COLOR] * (1.0 - np.exp(-np.sqrt(squared) / rule[_PER_COLOR]))
    for b in range(histograms.shape[1]):
        p, q = histograms[one, b] * per_one, histograms[other, b] * per_other
        if p + q > 0.0:
            weight += rule[_BINS + b] * ((p - q) * (p - q) / (p + q))
    return weight


@kernel
def _weigh(edge, borders, sides, measures, histograms, rule):
    """Weigh a border by the formula of `Rule`."""
    one, other = sides[2 * edge, _REGION], sides[2 * edge + 1, _REGION]
    length = borders[edge, _LENGTH]
    weight = _power(borders[edge, _STRENGTH] / length, rule[_STRENGTH_POWER])
    weight += _unlikeness(one, other, measures, histograms, rule)
    small, large = measures[one, _SIZE] / rule[_TOTAL], measures[other, _SIZE] / rule[_TOTAL]
    if small > large:
        small, large = large, small
    shared = length / min(measures[one, _PERIMETER], measures[other, _PERIMETER])
    areas = _power(small, rule[_SMALL]) * _power(large, rule[_LARGE])
    borders[edge, _WEIGHT] = weight * areas * _power(shared, rule[_SHARED])


@kernel
def _weigh_all(borders, sides, measures, histograms, rule):
    for edge in range(len(borders)):
        _weigh(edge, borders, sides, measures, histograms, rule)


@kernel
def _before(one, other, borders):
    """Whether a border is lighter than another, or as light and met before it."""
    weight, other_weight = borders[one, _WEIGHT], borders[other, _WEIGHT]
    return weight < other_weight or (weight == other_weight and one < other)


@kernel
def _settle(edge, size, heap, places, borders):
    """Move a border of the heap up or down to where its weight belongs."""
    place = places[edge]
    while place > 0:
        above = heap[(place - 1) >> 1]
        if _before(above, edge, borders):
            break
        heap[place] = above
        places[above] = place
        place = (place - 1) >> 1
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and _before(heap[below + 1], heap[below], borders):
            below += 1
        if _before(edge, heap[below], borders):
            break
        heap[place] = heap[below]
        places[heap[below]] = place
        place = below
    heap[place] = edge
    places[edge] = place


@kernel
def _drop(edge, size, heap, places, borders):
    """Take a border out of the heap, in which `size` others are left."""
    last = heap[size]
    if last != edge:
        places[last] = places[edge]
        _settle(last, size, heap, places, borders)


@kernel
def _key(one, other):
    return min(one, other) << 32 | max(one, other)


@kernel
def _forget(pairs, key):
    """Take a key out of the table; what stands behind it in the same run moves up."""
    last = len(pairs) - 1
    hole = slot_of(pairs, key)
    pairs[hole, KEY] = -1
    place = (hole + 1) & last
    while pairs[place, KEY] != -1:
        moved = pairs[place, KEY]
        pairs[place, KEY] = -1
        better = slot_of(pairs, moved)
        pairs[better, KEY] = moved
        pairs[better, EDGE] = pairs[place, EDGE]
        place = (place + 1) & last


@kernel
def _unhang(side, sides, regions):
    """Take a side out of the ring of its region."""
    region, following, previous = sides[side, _REGION], sides[side, _AFTER], sides[side, _BEFORE]
    sides[previous, _AFTER] = following
    sides[following, _BEFORE] = previous
    if regions[region, _SIDE] == side:
        regions[region, _SIDE] = following
    regions[region, _DEGREE] -= 1


@kernel
def _hang(side, region, sides, regions):
    """Put a side into the ring of a region, as its last."""
    sides[side, _REGION] = region
    if regions[region, _DEGREE] == 0:
        regions[region, _SIDE] = side
        sides[side, _BEFORE] = side
    head = regions[region, _SIDE]
    tail = sides[head, _BEFORE]
    sides[tail, _AFTER] = side
    sides[side, _BEFORE] = tail
    sides[side, _AFTER] = head
    sides[head, _BEFORE] = side
    regions[region, _DEGREE] += 1


@kernel
def _enter_all(sides, regions, pairs):
    """Hang all sides into the rings of their regions, and list the pairs."""
    for side in range(len(sides)):
        _hang(side, sides[side, _REGION], sides, regions)
        if side & 1:
            key = _key(sides[side - 1, _REGION], sides[side, _REGION])
            place = slot_of(pairs, key)
            pairs[place, KEY] = key
            pairs[place, EDGE] = side >> 1


@kernel
def _take_over(side, kept, borders, sides, regions, pairs):
    """Let region `kept` have the border of which this is a side; gives the border that it has to the neighbour then.

    If it had one before, that takes in the other, which is to be dropped.
    """
    edge, other = side >> 1, sides[side ^ 1, _REGION]
    _forget(pairs, _key(sides[side, _REGION], other))
    _unhang(side, sides, regions)
    key = _key(kept, other)
    place = slot_of(pairs, key)
    if pairs[place, KEY] == key:
        twin = pairs[place, EDGE]
        borders[twin, _LENGTH] += borders[edge, _LENGTH]
        borders[twin, _STRENGTH] += borders[edge, _STRENGTH]
        _unhang(side ^ 1, sides, regions)
        return twin
    pairs[place, KEY] = key
    pairs[place, EDGE] = edge
    _hang(side, kept, sides, regions)
    return edge


@kernel
def _add_region(kept, gone, shared, measures, histograms):
    """Add one region to another, `shared` being the length of the border between them."""
    measures[kept, _SIZE] += measures[gone, _SIZE]
    measures[kept, _PERIMETER] += measures[gone, _PERIMETER] - 2.0 * shared
    for d in range(_SUMS, measures.shape[1]):
        measures[kept, d] += measures[gone, d]
    for b in range(histograms.shape[1]):
        histograms[kept, b] += histograms[gone, b]


@kernel
def _merge_all(borders, sides, regions, pairs, heap, places, measures, histograms, rule, changed, merges, altitudes):
    """Merge until no border is left; gives how many merges there were. `changed` is room for a list of borders.

    Of two regions the one with fewer borders goes into the other, so that a side of a border moves O(log n) times.
    """
    size = len(heap)
    count = 0
    while size > 0:
        best = heap[0]
        kept, gone = sides[2 * best, _REGION], sides[2 * best + 1, _REGION]
        more = regions[gone, _DEGREE] - regions[kept, _DEGREE]
        if more > 0 or (more == 0 and gone < kept):
            kept, gone = gone, kept
        merges[count, 0] = min(regions[kept, _NODE], regions[gone, _NODE])
        merges[count, 1] = max(regions[kept, _NODE], regions[gone, _NODE])
        altitudes[count] = borders[best, _WEIGHT]
        regions[kept, _NODE] = len(regions) + count
        count += 1
        size -= 1
        _drop(best, size, heap, places, borders)
        _forget(pairs, _key(kept, gone))
        _unhang(2 * best, sides, regions)
        _unhang(2 * best + 1, sides, regions)
        _add_region(kept, gone, borders[best, _LENGTH], measures, histograms)
        many = 0
        while regions[gone, _DEGREE] > 0:
            side = regions[gone, _SIDE]
            changed[many] = _take_over(side, kept, borders, sides, regions, pairs)
            if changed[many] != side >> 1:
                size -= 1
                _drop(side >> 1, size, heap, places, borders)
            many += 1
        if measures[kept, _SIZE] >= _GROWTH * measures[kept, _WEIGHED]:
            measures[kept, _WEIGHED] = measures[kept, _SIZE]
            many, side = regions[kept, _DEGREE], regions[kept, _SIDE]
            for i in range(many):
                changed[i] = side >> 1
                side = sides[side, _AFTER]
        for i in range(many):
            _weigh(changed[i], borders, sides, measures, histograms, rule)
            _settle(changed[i], size, heap, places, borders)
    return count


def merge_by_rule(borders: Borders, looks: Looks, rule: Rule) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Merges (M, 2) as pairs of nodes, leaves 0..n-1 and merge i node n + i, and their weights (M,), which may fall.

    The lightest pair of neighbours goes first, of equal ones that whose border was met first (where a merge makes one
    border of two, it is that of the region which had more neighbours, or the lower number). The borders that a merge
    joins or that get another region are weighed anew, and all those of a region whenever it has grown by a sixteenth
    since the last time: without that, thousands of specks that go into one background, each of which changes it by
    nothing, would take quadratic time. O(E (B + log E) log N) for E borders, B bins and N pixels, commonly far less.

    The histograms of `looks` are used up: they are a third of the memory where there are many regions.
    """
    measures = np.empty((len(looks.sizes), _SUMS + looks.sums.shape[1]))
    measures[:, _SIZE] = measures[:, _WEIGHED] = looks.sizes
    measures[:, _PERIMETER] = borders.frames
    for side in range(2):
        np.add.at(measures[:, _PERIMETER], borders.pairs[:, side], borders.lengths)
    measures[:, _SUMS:] = looks.sums
    numbers = np.array([*rule[:_TOTAL], looks.sizes.sum(), *rule.bins])
    return _merged(borders, measures, looks.histograms, numbers)


def merge_by_strength(borders: Borders, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The same for `count` regions by mean strength along the border alone: average linkage. O(E log^2 E)."""
    measures = np.ones((count, _SUMS))
    measures[:, [_WEIGHED, _PERIMETER]] = np.inf  # what does not count; never weighed anew for its growth
    numbers = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    return _merged(borders, measures, np.empty((count, 0), dtype=np.float32), numbers)


def _merged(
    borders: Borders, measures: NDArray[np.float64], histograms: NDArray[np.float32], rule: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    count, most = len(measures), len(borders.pairs)
    weighed = np.empty((most, 3))
    weighed[:, _LENGTH], weighed[:, _STRENGTH] = borders.lengths, borders.strengths
    sides = np.empty((2 * most, 3), dtype=np.int64)
    sides[:, _REGION] = borders.pairs.ravel()
    regions = np.zeros((count, 3), dtype=np.int64)
    regions[:, _NODE] = np.arange(count)
    pairs = np.full((1 << int(2 * max(most, 1)).bit_length(), 2), -1, dtype=np.int64)
    _enter_all(sides, regions, pairs)
    _weigh_all(weighed, sides, measures, histograms, rule)
    heap = np.argsort(weighed[:, _WEIGHT], kind="stable")
    places = np.empty(most, dtype=np.int64)
    places[heap] = np.arange(most)
    merges, altitudes = np.empty((max(count - 1, 0), 2), dtype=np.int64), np.empty(max(count - 1, 0))
    room = np.empty(most, dtype=np.int64)
    found = int(
        _merge_all(weighed, sides, regions, pairs, heap, places, measures, histograms, rule, room, merges, altitudes)
    )
    return merges[:found], altitudes[:found]
