"""Samples along the Z-order curve, on which neighbours are near each other, and equal ones become one with a count.

The key of a sample is its cell in a grid of cubic cells, the bits of the coordinates interleaved. A radix sort by the
keys brings the samples of a cell together, and in a cell they are sorted by their bits: equal ones become one, and
what comes out hangs on which samples there are and how often, not on the order in which they came.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_DIGIT = 12  # bits a pass of the radix sort
_BITS = 2 * _DIGIT
_MOST_BITS = 12  # of one coordinate
_MOST_DIMENSIONS = _BITS  # further ones have no say in the order
_LANES = 32
_LEAST_SIDE, _GREATEST_SIDE = 1e-30, 1e30  # between them single precision does not overflow


class OnCurve(NamedTuple):
    """Samples in the order of their keys.

    Attributes
    ----------
    planes : (D, n + padding) float32 array
    weights : (n + padding,) float64 array
        The sum of the counts of the samples that each column stands for. The padding holds zeros.
    keys : (n,) uint32 array
        The column's place on the curve.
    places : (N,) int32 array
        The column of each sample.
    """

    planes: NDArray[np.float32]
    weights: NDArray[np.float64]
    keys: NDArray[np.uint32]
    places: NDArray[np.int32]


@kernel
def _extremes(flat, low, high):
    """Least and greatest of flat[j], flat[j + L], flat[j + 2 L], ... for each j below L, the length of `low`."""
    width = np.uint64(len(low))
    for j in range(width):
        low[j], high[j] = flat[j], flat[j]
    for row in range(np.uint64(len(flat)) // width):
        for j in range(width):
            value = flat[row * width + j]
            low[j] = value if value < low[j] else low[j]
            high[j] = value if value > high[j] else high[j]
    for i in range(len(flat) // len(low) * len(low), len(flat)):
        j = i % len(low)
        low[j] = min(low[j], flat[i])
        high[j] = max(high[j], flat[i])


@kernel
def _keys(samples, low, scale, last, spread, keys, digits):
    """keys[i] = the bits of the coordinates floor((samples[i] - low) * scale), spread and put together.

    `digits` counts how often each value of the low half of a key comes (rows 0 and 1), and of the high half (2 and 3).
    """
    count, depth = samples.shape
    if depth == 3:  # apart, since a stride that the compiler knows lets it vectorise
        flat = samples.reshape(3 * count)
        low_x, low_y, low_z = low[0], low[1], low[2]
        last_x, last_y, last_z = last[0], last[1], last[2]
        for i in range(count):
            x = min(np.int32((flat[3 * i] - low_x) * scale), last_x)
            y = min(np.int32((flat[3 * i + 1] - low_y) * scale), last_y)
            z = min(np.int32((flat[3 * i + 2] - low_z) * scale), last_z)
            keys[i] = spread[0, np.uint32(x)] | spread[1, np.uint32(y)] | spread[2, np.uint32(z)]
    else:
        for i in range(count):
            key = np.uint32(0)
            for d in range(len(low)):
                key |= spread[d, min(np.int32((samples[i, d] - low[d]) * scale), last[d])]
            keys[i] = key
    mask = np.uint32((1 << _DIGIT) - 1)
    for i in range(count):
        # Neighbours are often alike: what they count stands in two tables, lest one has to wait for the other.
        table, key = np.uint32(i & 1), keys[i]
        digits[table, key & mask] += 1
        digits[table + np.uint32(2), key >> np.uint32(_DIGIT)] += 1


@kernel
def _sort_by_low(keys, starts, high, order):
    """One stable pass of a radix sort, by the low half of the keys; `starts` tells where each value goes.

    The numbers of the keys go to `order`, and their high halves to `high`.
    """
    mask = np.uint32((1 << _DIGIT) - 1)
    for i in range(len(keys)):
        key = keys[i]
        place = np.uint32(starts[key & mask])
        starts[key & mask] += 1
        high[place] = key >> np.uint32(_DIGIT)
        order[place] = i


@kernel
def _sort_by_high(high, order, starts, sorted_order):
    """The other pass."""
    for i in range(len(order)):
        digit = np.uint32(high[i])
        sorted_order[np.uint32(starts[digit])] = order[i]
        starts[digit] += 1


@kernel
def _before(words, one, other):
    """Whether a sample comes before another one, by its words."""
    for d in range(words.shape[1]):
        if words[one, d] != words[other, d]:
            return words[one, d] < words[other, d]
    return False


@kernel
def _sort_cells(words, keys, order):
    """Sort the samples of each cell by their words: Shell's sort, as most cells hold one sample and a few hold many."""
    start = 0
    while start < len(order):
        key, stop = keys[order[start]], start + 1
        while stop < len(order) and keys[order[stop]] == key:
            stop += 1
        gap = 1
        while 3 * gap + 1 < stop - start:
            gap = 3 * gap + 1
        while gap > 0 and stop - start > 1:
            for i in range(start + gap, stop):
                sample, place = order[i], i
                while place - gap >= start and _before(words, sample, order[place - gap]):
                    order[place] = order[place - gap]
                    place -= gap
                order[place] = sample
            gap //= 3
        start = stop


@kernel
def _merge(words, order, places, last):
    """Number the samples, as `words`, in the given `order`, those that equal the one before them alike: `places`.

    `last` are the places in `order` of the last sample of each number. Returns how many numbers there are.
    """
    depth = words.shape[1]
    number = np.int64(-1)
    if depth == 3:  # apart, so that the sample before need not be fetched
        before_x, before_y, before_z = np.uint32(0), np.uint32(0), np.uint32(0)
        for i in range(len(order)):
            sample = np.uint32(order[i])
            x, y, z = words[sample, 0], words[sample, 1], words[sample, 2]
            differing = (x ^ before_x) | (y ^ before_y) | (z ^ before_z)
            before_x, before_y, before_z = x, y, z
            number += (differing != 0) | (number < 0)
            last[np.uint64(number)] = i
            places[sample] = number
        return number + 1
    for i in range(len(order)):
        sample = np.uint32(order[i])
        differing = np.uint32(number < 0)
        for d in range(depth):
            differing |= words[sample, d] ^ words[np.uint32(order[max(i - 1, 0)]), d]
        number += differing != 0
        last[number] = i
        places[sample] = number
    return number + 1


@kernel
def _take(samples, counts, order, all_keys, last, planes, weights, keys):
    """The samples, the sums of the counts, and the keys of the numbers of `_merge`."""
    first = 0
    for number in range(len(last)):
        sample = np.uint32(order[last[number]])
        for d in range(samples.shape[1]):
            planes[d, number] = samples[sample, d]
        keys[number] = all_keys[sample]
        total = counts[sample]
        for i in range(first, last[number]):
            total += counts[order[i]]
        weights[number] = total
        first = last[number] + 1


class _Grid(NamedTuple):
    """Cubic cells: where they begin, their number a unit, the last one along each axis, and its bits spread out."""

    low: NDArray[np.float32]
    scale: np.float32
    last: NDArray[np.int32]
    spread: NDArray[np.uint32]


def along_the_curve(samples: NDArray[np.float32], counts: NDArray[np.int64], padding: int) -> OnCurve:
    """The `samples` (N, D), each of which comes `counts` (N,) times, along the curve. O(N D) while cells hold few."""
    count, depth = samples.shape
    keys, high = np.empty(count, dtype=np.uint32), np.empty(count, dtype=np.uint16)
    by_low, order, last = (np.empty(count, dtype=np.int32) for _ in range(3))
    digits = np.zeros((4, 1 << _DIGIT), dtype=np.int32)
    _keys(samples, *_grid(samples), keys, digits)
    sizes = digits[::2] + digits[1::2]
    starts = np.cumsum(sizes, axis=1, dtype=np.int32) - sizes
    _sort_by_low(keys, starts[0], high, by_low)
    _sort_by_high(high, by_low, starts[1], order)
    _sort_cells(samples.view(np.uint32), keys, order)
    places = by_low
    found = _merge(samples.view(np.uint32), order, places, last)
    planes, weights = np.zeros((depth, found + padding), dtype=np.float32), np.zeros(found + padding)
    own_keys = np.empty(found, dtype=np.uint32)
    _take(samples, counts, order, keys, last[:found], planes, weights, own_keys)
    return OnCurve(planes, weights, own_keys, places)


def _grid(samples: NDArray[np.float32]) -> _Grid:
    """The finest cells whose coordinates' bits have room in a key; a single one where the samples have no extent."""
    low, high = _extremes_of(np.ascontiguousarray(samples[:, :_MOST_DIMENSIONS]))
    ranges = (high.astype(np.float64) - low).tolist()
    side = max(ranges)
    bits, scale, lengths = 0, 0.0, [0] * len(ranges)
    while _LEAST_SIDE < side < _GREATEST_SIDE and bits < _MOST_BITS:
        finer = (2 << bits) / side
        bits_along = [min(int(length * finer), (2 << bits) - 1).bit_length() for length in ranges]
        if sum(bits_along) > _BITS:
            break
        bits, scale, lengths = bits + 1, finer, bits_along
    last = np.array([min(int(length * scale), (1 << bits) - 1) for length in ranges], dtype=np.int32)
    return _Grid(low, np.float32(scale), last, _spread(lengths, bits))


def _spread(lengths, bits):
    """For each axis, the bits of 0, 1, 2, ... where they stand in a key: the highest of all axes first."""
    spread = np.zeros((len(lengths), 1 << bits), dtype=np.uint32)
    place = sum(lengths)
    for bit in reversed(range(bits)):
        for axis, length in enumerate(lengths):
            if bit < length:
                place -= 1
                spread[axis, 1 << bit] = 1 << place
    for bit in range(bits):
        np.add(spread[:, 1 << bit, np.newaxis], spread[:, : 1 << bit], out=spread[:, 1 << bit : 2 << bit])
    return spread


def _extremes_of(samples):
    depth = samples.shape[1]
    lanes = min(_LANES, len(samples))
    low, high = np.empty((2, lanes * depth), dtype=np.float32)
    _extremes(samples.reshape(-1), low, high)
    return low.reshape(lanes, depth).min(axis=0), high.reshape(lanes, depth).max(axis=0)
