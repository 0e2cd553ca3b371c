"""Weighted samples in blocks of near neighbours, so that k-means settles most of them a block at a time.

A block knows the box around its samples and their weighted sums. A centre that is farther than another one from every
point of the box takes none of its samples; where one centre is left, the block's sums are all that is asked for. This
is the filtering of T. Kanungo et al., "An efficient k-means clustering algorithm: analysis and implementation", IEEE
Trans. PAMI 24(7), 2002, over the leaves alone, which are cut from the Z-order curve instead of a tree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

BLOCK = 64  # most samples in a block; also the lanes of the loops over samples and over blocks
_FEWEST = BLOCK // 2
_OUTWARD = 1 + 1e-12  # the sides of a box are rounded away from its middle
_DIGIT = 11  # bits a pass of the radix sort
_MOST_BITS = 16
_MOST_DIMENSIONS = 30


class Blocks(NamedTuple):
    """Samples (n of depth D) in the order of the blocks.

    Attributes
    ----------
    planes : (D, n + BLOCK) float32 array
        The samples; what follows the last is padding, so that loops may have a fixed length.
    weights : (n + BLOCK,) float64 array
        Their weights, 0 in the padding.
    order : (n,) int32 array
        The number of each sample before it was arranged.
    starts : (B + 1,) int64 array
        Where each block begins.
    middles : (D, B + BLOCK) float32 array
    halves : (D, B + BLOCK) float64 array
        A point near the middle of each block's box, and how far the box reaches from it.
    totals : (B, D + 1) float64 array
        Sums of weight times value over each block, and the sum of the weights.
    variance : float
        The mean of the features' variances.
    """

    planes: NDArray[np.float32]
    weights: NDArray[np.float64]
    order: NDArray[np.int32]
    starts: NDArray[np.int64]
    middles: NDArray[np.float32]
    halves: NDArray[np.float64]
    totals: NDArray[np.float64]
    variance: float


@kernel
def squared_distances(planes, start, points, number, distance):
    """distance[j] = sum_d (planes[d, start + j] - points[number, d])^2 for BLOCK samples, in the order of d.

    The loops run along the samples. Their indices are unsigned: one that might be negative, as far as the compiler
    knows, would make it gather the samples one by one, and to cut rows out first costs as much as the loop.
    """
    first = np.uint64(start)
    coordinate = points[number, 0]
    if len(planes) < 3:
        for j in range(BLOCK):
            difference = np.float64(planes[0, first + np.uint64(j)]) - coordinate
            distance[j] = difference * difference
    else:  # the same for colours in one loop, which takes half the time
        of_second, of_third = points[number, 1], points[number, 2]
        for j in range(BLOCK):
            i = first + np.uint64(j)
            difference = np.float64(planes[0, i]) - coordinate
            along_second = np.float64(planes[1, i]) - of_second
            along_third = np.float64(planes[2, i]) - of_third
            distance[j] = difference * difference + along_second * along_second + along_third * along_third
    for d in range(1 if len(planes) < 3 else 3, len(planes)):
        coordinate = points[number, d]
        for j in range(BLOCK):
            difference = np.float64(planes[d, first + np.uint64(j)]) - coordinate
            distance[j] += difference * difference


@kernel
def _keys(samples, low, scale, spread, keys):
    """The place of each sample on the Z-order curve: the bits of its cell's coordinates, interleaved."""
    last = len(spread) - 1
    for i in range(len(samples)):
        key = np.int64(0)
        for d in range(min(samples.shape[1], _MOST_DIMENSIONS)):
            cell = min(np.int64((np.float64(samples[i, d]) - low[d]) * scale), last)
            key |= spread[cell] << d
        keys[i] = key


@kernel
def _sort_pass(keys, order, shift, sorted_keys, sorted_order):
    """One stable pass of a radix sort by the digit of the keys that starts at bit `shift`."""
    starts = np.zeros((1 << _DIGIT) + 1, np.int64)
    mask = (1 << _DIGIT) - 1
    for i in range(len(keys)):
        starts[((np.int64(keys[i]) >> shift) & mask) + 1] += 1
    for digit in range(1 << _DIGIT):
        starts[digit + 1] += starts[digit]
    for i in range(len(keys)):
        digit = (np.int64(keys[i]) >> shift) & mask
        place = starts[digit]
        starts[digit] += 1
        sorted_keys[place] = keys[i]
        sorted_order[place] = order[i]


@kernel
def _cut(keys, starts):
    """Cut the curve into blocks of BLOCK/2 to BLOCK samples, each ending where the curve leaves the largest cell."""
    count = len(keys)
    blocks, start = 0, 0
    while start < count:
        starts[blocks] = start
        blocks += 1
        stop = count
        if count - start > BLOCK:
            widest = np.int64(-1)
            for i in range(start + _FEWEST, start + BLOCK + 1):
                step = np.int64(keys[i - 1]) ^ np.int64(keys[i])
                if step >= widest:
                    widest, stop = step, i
        start = stop
    starts[blocks] = count
    return blocks


@kernel
def _fill(samples, weights, order, starts, planes, arranged_weights, middles, halves, totals, variances):
    blocks, depth = totals.shape[0], samples.shape[1]
    for block in range(blocks):
        weight = 0.0
        for i in range(starts[block], starts[block + 1]):
            arranged_weights[i] = weights[order[i]]
            weight += arranged_weights[i]
        totals[block, depth] = weight
    for d in range(depth):
        origin = np.float64(samples[0, d])  # the variance is taken about a sample, lest two large numbers cancel
        weight, moment, square = 0.0, 0.0, 0.0
        for block in range(blocks):
            low, high, total = np.inf, -np.inf, 0.0
            for i in range(starts[block], starts[block + 1]):
                planes[d, i] = samples[order[i], d]
                value = np.float64(planes[d, i])
                low = min(low, value)
                high = max(high, value)
                total += arranged_weights[i] * value
                square += arranged_weights[i] * (value - origin) * (value - origin)
            middles[d, block] = 0.5 * (low + high)
            middle = np.float64(middles[d, block])
            halves[d, block] = max(high - middle, middle - low) * _OUTWARD
            totals[block, d] = total
            weight += totals[block, depth]
            moment += total - totals[block, depth] * origin
        variances[d] = max(square / weight - (moment / weight) * (moment / weight), 0.0)


def arrange(samples: NDArray[np.float32], weights: NDArray[np.floating] | NDArray[np.integer] | None = None) -> Blocks:
    """The `samples` (n, D) with their `weights` (n,), 1 if that is None, in blocks of near neighbours. O(n D)."""
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    weights = np.ones(len(samples)) if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    count, depth = samples.shape
    order, keys = _along_the_curve(samples)
    starts = np.empty(count // _FEWEST + 2, dtype=np.int64)
    blocks = _cut(keys, starts)
    starts = starts[: blocks + 1].copy()
    planes = np.zeros((depth, count + BLOCK), dtype=np.float32)
    arranged_weights = np.zeros(count + BLOCK)
    middles = np.zeros((depth, blocks + BLOCK), dtype=np.float32)
    halves = np.zeros((depth, blocks + BLOCK))
    totals = np.empty((blocks, depth + 1))
    variances = np.empty(depth)
    _fill(samples, weights, order, starts, planes, arranged_weights, middles, halves, totals, variances)
    return Blocks(planes, arranged_weights, order, starts, middles, halves, totals, float(variances.mean()))


def _along_the_curve(samples: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
    """The order of the samples along the Z-order curve through cubic cells, and their places on it."""
    depth = min(samples.shape[1], _MOST_DIMENSIONS)
    bits = min(_MOST_BITS, (22 if depth <= 3 else 30) // depth)
    # Column by column: NumPy takes much longer for the extremes along the first axis.
    low = np.array([column.min() for column in samples.T], dtype=np.float64)
    side = max(float(column.max()) - least for column, least in zip(samples.T, low, strict=True))
    spread = np.zeros(1 << bits, dtype=np.int64)
    for bit in range(bits):
        spread |= ((np.arange(1 << bits) >> bit) & 1) << (bit * depth)
    keys = np.empty(len(samples), dtype=np.uint32)
    _keys(samples, low, float(1 << bits) / side if side else 0.0, spread, keys)
    order = np.arange(len(samples), dtype=np.int32)
    other_keys, other_order = np.empty_like(keys), np.empty_like(order)
    for shift in range(0, bits * depth, _DIGIT):
        _sort_pass(keys, order, shift, other_keys, other_order)
        keys, other_keys, order, other_order = other_keys, keys, other_order, order
    return order, keys
