"""Starting centres for k-means: greedy k-means++ over weighted samples in blocks.

D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; greedy: each centre is the
best of several samples drawn. A block whose box a new centre cannot reach closer than what its samples have keeps its
share of the potential without a look at the samples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.kmeans_blocks import BLOCK, Blocks, squared_distances

_INWARD = 1 - 1e-12  # what is out of reach by less than this share is looked at


@kernel
def _drawn(shares, weights, starts, nearest, target):
    """The sample at which the running sum of weight times `nearest` passes `target`; the last with any, if none."""
    running, block, last = 0.0, 0, 0
    for b in range(len(shares)):
        if shares[b] > 0:
            block = b
            if running + shares[b] > target:
                break
            running += shares[b]
    for i in range(starts[block], starts[block + 1]):
        share = weights[i] * nearest[i]
        if share > 0:
            last = i
            running += share
            if running > target:
                break
    return last


@kernel
def _sum_and_maximum(parts, values):
    """The sum of BLOCK `parts` and the greatest of the `values`, which are spent: halves folded upon each other."""
    width = BLOCK // 2
    while width > 0:
        for j in range(width):
            parts[j] += parts[width + j]
            values[j] = values[j] if values[j] > values[width + j] else values[width + j]
        width //= 2
    return parts[0], values[0]


@kernel
def _potential(planes, weights, starts, middles, halves, chosen, nearest, shares, widest, settle):
    """Sum of weight times squared distance to the nearest centre, with sample `chosen` as one more of the centres.

    `nearest` holds that distance for the centres so far, `shares` its sum over each block, `widest` its maximum; with
    `settle` the new centre is taken in.
    """
    depth = len(planes)
    point = np.empty((1, depth))
    for d in range(depth):
        point[0, d] = planes[d, chosen]
    lanes = np.zeros(BLOCK)
    distance, parts = np.empty(BLOCK), np.empty(BLOCK)
    settled = 0.0
    for block in range(len(shares)):
        reach = 0.0
        for d in range(depth):
            beyond = abs(point[0, d] - np.float64(middles[d, block])) - halves[d, block]
            if beyond > 0:
                reach += beyond * beyond
        if reach * _INWARD > widest[block]:
            settled += shares[block]
            continue
        start = starts[block]
        size = starts[block + 1] - start
        squared_distances(planes, start, point, np.int64(0), distance)
        first = np.uint64(start)
        for j in range(BLOCK):  # what belongs to the next block, or to none, counts nothing
            before = nearest[first + np.uint64(j)]
            least = distance[j] if distance[j] < before else before
            distance[j] = least if j < size else 0.0
            parts[j] = weights[first + np.uint64(j)] * distance[j]
        if settle:
            for j in range(size):
                nearest[start + j] = distance[j]
            shares[block], widest[block] = _sum_and_maximum(parts, distance)
            settled += shares[block]
        else:
            for j in range(BLOCK):
                lanes[j] += parts[j]
    for j in range(BLOCK):
        settled += lanes[j]
    return settled


@kernel
def _seed(planes, weights, starts, middles, halves, shares, uniforms, nearest, widest, seeds):
    """`uniforms` (count, trials) in 0..1 decide which samples are tried for each centre; `seeds` gets the best ones."""
    for k in range(len(uniforms)):
        potential = 0.0
        for block in range(len(shares)):
            potential += shares[block]
        best = np.inf
        for trial in range(uniforms.shape[1] if k else 1):
            sample = _drawn(shares, weights, starts, nearest, uniforms[k, trial] * potential)
            reached = 0.0
            if k:
                reached = _potential(
                    planes, weights, starts, middles, halves, sample, nearest, shares, widest, np.bool_(False)
                )
            if reached < best:
                best, seeds[k] = reached, sample
        if k == 0:
            nearest[:] = np.inf
        _potential(planes, weights, starts, middles, halves, seeds[k], nearest, shares, widest, np.bool_(True))


def draw_uniforms(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The random numbers of one start, (count, 2 + ln count): one for the first centre, a row for each other."""
    uniforms = np.zeros((count, 2 + int(math.log(count))))
    uniforms[0, 0] = rng.random()
    uniforms[1:] = rng.random(uniforms[1:].shape)
    return uniforms


def seed_of_blocks(blocks: Blocks, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centres (K, D) among the samples by `uniforms` of `draw_uniforms`; K is at most the number of distinct samples.

    Each is the best of 2 + ln(K) samples drawn by weight times squared distance to the nearest centre so far, the
    first one by weight. At most O(n D) a trial; blocks out of reach cost O(D).
    """
    seeds = np.empty(len(uniforms), dtype=np.int64)
    _seed(
        blocks.planes,
        blocks.weights,
        blocks.starts,
        blocks.middles,
        blocks.halves,
        blocks.totals[:, -1].copy(),
        uniforms,
        np.ones(len(blocks.weights)),
        np.full(len(blocks.totals), np.inf),
        seeds,
    )
    return np.ascontiguousarray(blocks.planes[:, seeds].T, dtype=np.float64)
