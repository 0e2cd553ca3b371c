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
from classicseg.kernels.curve import along_the_curve
from classicseg.kernels.distinct import Distinct, distinct_rows, look_up_all
from classicseg.parallel import chunks, for_chunks

BLOCK = 64  # most samples in a block; also the lanes of the loops over samples and over blocks
_FEWEST = BLOCK // 2
_OUTWARD = 1 + 1e-12  # the sides of a box are rounded away from its middle
_ROWS_AT_FIRST = 1 << 12
_SAMPLES_AT_ONCE = 1 << 18  # whose distinct ones are found in the caches


class Blocks(NamedTuple):
    """Samples (n of depth D) in the order of the blocks.

    Attributes
    ----------
    planes : (D, n + BLOCK) float32 array
        The samples; what follows the last is padding, so that loops may have a fixed length.
    weights : (n + BLOCK,) float64 array
        Their weights, 0 in the padding.
    starts : (B + 1,) int64 array
        Where each block begins.
    middles : (D, B + BLOCK) float32 array
    halves : (D, B + BLOCK) float64 array
        A point near the middle of each block's box, and how far the box reaches from it.
    totals : (B, D + 1) float64 array
        Sums of weight times value over each block, and the sum of the weights.
    variance : float
        The mean of the features' variances.
    places, index : int32 arrays
        Where the samples lie that were arranged: sample i is the one at ``places[index[i]]``, or at ``places[i]`` if
        `index` is None.
    """

    planes: NDArray[np.float32]
    weights: NDArray[np.float64]
    starts: NDArray[np.int64]
    middles: NDArray[np.float32]
    halves: NDArray[np.float64]
    totals: NDArray[np.float64]
    variance: float
    places: NDArray[np.int32]
    index: NDArray[np.int32] | None  # type: ignore[assignment]  # nobody looks for a value in this tuple

    @property
    def size(self) -> int:
        """The number of samples in the blocks."""
        return int(self.starts[-1])


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
def _fill(planes, weights, starts, middles, halves, totals, variances):
    """The boxes and the sums of the blocks, and the variances of the planes.

    Lane by lane, then folded: in a single sum or minimum, each sample would have to wait for the one before it.
    """
    blocks, depth = len(totals), len(planes)
    lows, highs, shares = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK)
    squares = np.empty(BLOCK)
    for d in range(depth):
        origin = planes[d, 0]  # the variance is taken about a sample, lest two large numbers cancel
        weight, moment, square = 0.0, 0.0, 0.0
        squares[:] = 0.0
        for block in range(blocks):
            first, size = np.uint64(starts[block]), starts[block + 1] - starts[block]
            edge = planes[d, first]
            for j in range(BLOCK):
                i = first + np.uint64(j)
                value = planes[d, i] if j < size else edge
                share = weights[i] if j < size else 0.0
                away = np.float64(value) - np.float64(origin)
                lows[j], highs[j], shares[j] = value, value, share * np.float64(value)
                squares[j] += share * away * away
            width = BLOCK // 2
            while width > 0:
                for j in range(width):
                    low, high = lows[width + j], highs[width + j]
                    lows[j] = low if low < lows[j] else lows[j]
                    highs[j] = high if high > highs[j] else highs[j]
                    shares[j] += shares[width + j]
                width //= 2
            middles[d, block] = np.float32(0.5) * (lows[0] + highs[0])
            middle = np.float64(middles[d, block])
            halves[d, block] = max(np.float64(highs[0]) - middle, middle - np.float64(lows[0])) * _OUTWARD
            totals[block, d] = shares[0]
            weight += totals[block, depth]
            moment += totals[block, d] - totals[block, depth] * np.float64(origin)
        for j in range(BLOCK):
            square += squares[j]
        variances[d] = max(square / weight - (moment / weight) * (moment / weight), 0.0)


def arrange(samples: NDArray[np.float32], counts: NDArray[np.int64] | None = None, threads: int = 1) -> Blocks:
    """The `samples` (N, D) in blocks of near neighbours. O(N D).

    Each comes `counts` (N,) times. If that is None, each comes once, and those that are equal are counted as one:
    parts that fit the caches beside one another, and what they leave together. The blocks do not hang on the order of
    the samples.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    index = None
    if counts is None:
        samples, counts, index = _counted_once(samples, threads)
    planes, weights, keys, places = along_the_curve(samples, np.ascontiguousarray(counts, dtype=np.int64), BLOCK)
    starts = np.empty(len(keys) // _FEWEST + 2, dtype=np.int64)
    blocks = _cut(keys, starts)
    starts = starts[: blocks + 1].copy()
    middles = np.zeros((len(planes), blocks + BLOCK), dtype=np.float32)
    halves = np.zeros((len(planes), blocks + BLOCK))
    totals = np.empty((blocks, len(planes) + 1))
    totals[:, -1] = np.add.reduceat(weights, starts[:-1])
    variances = np.empty(len(planes))
    _fill(planes, weights, starts, middles, halves, totals, variances)
    return Blocks(planes, weights, starts, middles, halves, totals, float(variances.mean()), places, index)


def _counted_once(
    samples: NDArray[np.float32], threads: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """The distinct rows of each part of the samples, their counts, and which of them each sample is."""
    bounds = chunks(len(samples), _SAMPLES_AT_ONCE)
    parts: list[Distinct] = [distinct_rows(samples[:0])] * len(bounds)
    index = np.empty(len(samples), dtype=np.int32)

    def work(part: int, start: int, stop: int) -> None:
        parts[part] = distinct_rows(samples[start:stop], index[start:stop])

    for_chunks(work, bounds, threads)
    if len(parts) == 1:
        return parts[0]
    found = sum(len(part.rows) for part in parts)
    rows, counts = np.empty((found, samples.shape[1]), dtype=np.float32), np.empty(found, dtype=np.int64)
    first = 0
    parts.reverse()
    while parts:  # each is let go as soon as it is copied
        part = parts.pop()
        last = first + len(part.rows)
        rows[first:last], counts[first:last] = part.rows, part.counts
        part.index[:] += first
        first = last
    return rows, counts, index


def for_each_sample(values: NDArray[np.int32], blocks: Blocks) -> NDArray[np.int32]:
    """What `values` (n,) say of the rows of the blocks, for each sample that was given to `arrange`."""
    own = look_up_all(values, blocks.places)
    return own if blocks.index is None else look_up_all(own, blocks.index)


def count_distinct(blocks: Blocks, limit: int) -> int:
    """The number of distinct rows in the blocks, counted no further than `limit`. O(n D), mostly much less."""
    rows = blocks.planes[:, : blocks.size].T
    found = len(distinct_rows(rows[:_ROWS_AT_FIRST]).rows)
    return min(limit, found if found >= limit else len(distinct_rows(rows).rows))
