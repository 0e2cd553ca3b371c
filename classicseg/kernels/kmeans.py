"""Lloyd's algorithm on weighted samples in blocks: the assignment step and the drivers of the iteration.

The result is that of comparing every sample with every centre in float64, the first of equals winning: blocks only
leave out centres that lie farther from every point of a block's box than another one does, by more than rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.kmeans_blocks import BLOCK, Blocks, arrange, squared_distances
from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks
from classicseg.parallel import chunks, for_chunks

_MARGIN = 1e-10  # share of the distances by which a centre must be farther to be left out; rounding is far below it
_BLOCKS_AT_ONCE = 64 * BLOCK


class Clustering(NamedTuple):
    """Labels (n,) of the samples, centres (K, D), and the weighted sum of squared distances to the nearest centre."""

    labels: NDArray[np.int32]
    centers: NDArray[np.float64]
    inertia: float
    iterations: int
    converged: bool


_NO_LABELS = np.empty(0, dtype=np.int32)
_NO_CLUSTERING = Clustering(_NO_LABELS, np.empty((0, 0)), np.inf, 0, False)


@kernel
def _nearest(planes, start, centers, chosen, count, distance, best, labels):
    """The nearest of the centres chosen[:count] to BLOCK points from `start` on, and its squared distance.

    Of equally near centres the first wins. The loops run along the points and do one thing each, to vectorise.
    """
    squared_distances(planes, start, centers[chosen[0]], best)
    for j in range(BLOCK):
        labels[j] = chosen[0]
    for c in range(1, count):
        k = chosen[c]
        squared_distances(planes, start, centers[k], distance)
        for j in range(BLOCK):
            labels[j] = k if distance[j] < best[j] else labels[j]
        for j in range(BLOCK):
            best[j] = distance[j] if distance[j] < best[j] else best[j]


@kernel
def _filter(middles, halves, tile, centers, chosen, distance, best, labels, gap, toward, keep):
    """Which centres may be nearest to some point in the boxes of BLOCK blocks from `tile` on: keep[k, block - tile].

    With m the middle of a box, h half its sides and c the centre nearest to m, |x - z|^2 - |x - c|^2 is linear in x,
    and its minimum over the box is |m - z|^2 - |m - c|^2 - 2 sum_d h_d |z_d - c_d|. Where that is above 0, z is out.
    """
    count, depth = centers.shape
    _nearest(middles, tile, centers, chosen, count, distance, best, labels)
    for d in range(depth):
        for j in range(BLOCK):
            toward[d, j] = centers[labels[j], d]
    for k in range(count):
        for j in range(BLOCK):
            gap[j] = -best[j]
        for d in range(depth):
            middle, half, near = middles[d][tile : tile + BLOCK], halves[d][tile : tile + BLOCK], toward[d]
            coordinate = centers[k, d]
            for j in range(BLOCK):
                difference = np.float64(middle[j]) - coordinate
                square = difference * difference
                reach = 2 * half[j] * abs(coordinate - near[j])
                gap[j] += square - reach - _MARGIN * (square + half[j] * half[j])
        for j in range(BLOCK):
            keep[k, j] = gap[j] <= 0


@kernel
def _add_up(planes, weights, start, stop, owners, chosen, count, share, lanes):
    """lanes[k, :, j] += (weighted values, weight) of sample start + j, for those samples whose owner is k.

    Lane by lane, since samples that are added to one sum one after another would have to wait for each other.
    """
    depth = len(planes)
    own_weights = weights[start : start + BLOCK]
    for j in range(stop - start, BLOCK):
        owners[j] = -1
    for c in range(count):
        k = chosen[c]
        total = lanes[k, depth]
        for j in range(BLOCK):
            share[j] = own_weights[j] if owners[j] == k else 0.0
        for j in range(BLOCK):
            total[j] += share[j]
        for d in range(depth):
            row, total = planes[d][start : start + BLOCK], lanes[k, d]
            for j in range(BLOCK):
                total[j] += share[j] * np.float64(row[j])


@kernel
def _pass(planes, weights, starts, middles, halves, totals, first, stop, centers, final, sums, labels):
    """Add the weighted values and the weights of blocks first..stop to the `sums` (K, D + 1) of their centres.

    With `final` every sample's label is written instead, and the inertia is returned.
    """
    count, depth = centers.shape
    every = np.arange(count)
    chosen = np.empty(count, np.int64)
    distance, best, gap = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    own = np.zeros(BLOCK, np.int64)
    toward = np.empty((depth, BLOCK))
    keep = np.empty((count, BLOCK), np.bool_)
    lanes = np.zeros((count, depth + 1, BLOCK))
    inertia = 0.0
    for tile in range(first, stop, BLOCK):
        _filter(middles, halves, tile, centers, every, distance, best, own, gap, toward, keep)
        for block in range(tile, min(tile + BLOCK, stop)):
            left = np.int64(0)  # a bare 0 is a type of its own, for which what it is handed to would be compiled again
            for k in range(count):
                chosen[left] = k
                left += keep[k, block - tile]
            if left == 1 and not final:
                for d in range(depth + 1):
                    sums[chosen[0], d] += totals[block, d]
                continue
            start, end = starts[block], starts[block + 1]
            _nearest(planes, start, centers, chosen, left, distance, best, own)
            if final:
                for j in range(end - start):
                    labels[start + j] = own[j]
                    inertia += weights[start + j] * best[j]
            else:
                _add_up(planes, weights, start, end, own, chosen, left, best, lanes)
    for k in range(count):
        for d in range(depth + 1):
            for j in range(BLOCK):
                sums[k, d] += lanes[k, d, j]
    return inertia


@kernel
def _steps(planes, weights, starts, middles, halves, totals, centers, most, small_move, no_labels):
    """Move the `centers` by passes over all blocks, at most so many, until they move no more than `small_move`.

    Returns the number of steps, and whether the centres have settled. It ends before a step in which one of them would
    lose all its samples.
    """
    count, depth = centers.shape
    sums = np.empty((count, depth + 1))
    for step in range(most):
        for k in range(count):
            for d in range(depth + 1):
                sums[k, d] = 0.0
        _pass(
            planes, weights, starts, middles, halves, totals, np.int64(0), len(totals), centers, np.bool_(False),
            sums, no_labels,
        )  # fmt: skip
        for k in range(count):
            if sums[k, depth] == 0:
                return step, False
        move = 0.0
        for k in range(count):
            for d in range(depth):
                mean = sums[k, d] / sums[k, depth]
                move += (mean - centers[k, d]) * (mean - centers[k, d])
                centers[k, d] = mean
        if move <= small_move:
            return step + 1, True
    return most, False


def _pass_over(blocks: Blocks, centers, final, threads):
    """Sums (K, D + 1) over the samples of each centre; with `final` labels, in the order of the blocks, and inertia."""
    bounds = chunks(len(blocks.totals), _BLOCKS_AT_ONCE)
    sums = np.zeros((len(bounds), centers.shape[0], centers.shape[1] + 1))
    inertia = np.zeros(len(bounds))
    labels = np.empty(len(blocks.order) if final else 0, dtype=np.int32)

    def work(chunk: int, start: int, stop: int) -> None:
        inertia[chunk] = _pass(
            blocks.planes, blocks.weights, blocks.starts, blocks.middles, blocks.halves, blocks.totals,
            start, stop, centers, final, sums[chunk], labels,
        )  # fmt: skip

    for_chunks(work, bounds, threads)
    return sums.sum(axis=0), labels, float(inertia.sum())


def lloyd_of_blocks(
    blocks: Blocks, centers: NDArray[np.float64], max_iter: int, tol: float, threads: int
) -> Clustering:
    """`lloyd` for samples that are arranged already; the labels are in the order of the blocks."""
    centers = np.array(centers, dtype=np.float64, order="C")
    small_move = float(tol * blocks.variance)
    iterations, converged = 0, False
    while iterations < max_iter and not converged:
        if len(blocks.totals) <= _BLOCKS_AT_ONCE:  # one thread does it all, and Python need not come between the passes
            steps, converged = _steps(
                blocks.planes, blocks.weights, blocks.starts, blocks.middles, blocks.halves, blocks.totals,
                centers, max_iter - iterations, small_move, _NO_LABELS,
            )  # fmt: skip
            iterations += steps
            if converged or iterations == max_iter:
                break
        sums, _, _ = _pass_over(blocks, centers, False, threads)
        iterations += 1
        moved = _means(blocks, sums, centers, threads)
        move = float(np.sum((moved - centers) ** 2))
        centers, converged = moved, move <= small_move
    _, labels, inertia = _pass_over(blocks, centers, True, threads)
    return Clustering(labels, centers, inertia, iterations, converged)


def _means(blocks, sums, centers, threads):
    empty = np.flatnonzero(sums[:, -1] == 0)
    sums[empty, -1] = 1
    means = sums[:, :-1] / sums[:, -1:]
    if len(empty):
        count = len(blocks.order)
        _, labels, _ = _pass_over(blocks, centers, True, threads)
        distances = np.zeros(count)
        for plane, coordinates in zip(blocks.planes[:, :count], centers.T, strict=True):
            distances += (plane - coordinates[labels]) ** 2
        farthest = np.argsort(-distances, kind="stable")[: len(empty)]
        means[empty] = blocks.planes[:, farthest].T
    return means


def lloyd(
    samples: NDArray[np.float32],
    centers: NDArray[np.float64],
    max_iter: int,
    tol: float,
    threads: int,
    weights: NDArray[np.float64] | None = None,
) -> Clustering:
    """Move `centers` (K, D) to the means of the `samples` (n, D) nearest to them until that moves them no more.

    Each sample counts `weights` (n,) times, once if that is None. It ends when the squared moves sum to at most `tol`
    times the mean variance of the features, as in scikit-learn. A centre that lost all its samples moves to the sample
    farthest from its own centre. At most O(n K D) an iteration; blocks of samples that one centre takes as a whole
    cost O(K D).
    """
    blocks = arrange(samples, weights)
    return in_given_order(lloyd_of_blocks(blocks, centers, max_iter, tol, threads), blocks)


def seed_centers(
    samples: NDArray[np.float32],
    count: int,
    rng: np.random.Generator,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Starting centres (count, D) among `samples` (N, D) by greedy k-means++; see `seed_of_blocks`."""
    return seed_of_blocks(arrange(samples, weights), draw_uniforms(count, rng))


def in_given_order(clustering: Clustering, blocks: Blocks) -> Clustering:
    """The clustering with its labels in the order in which the samples were before they were arranged."""
    labels = np.empty_like(clustering.labels)
    labels[blocks.order] = clustering.labels
    return clustering._replace(labels=labels)


def best_of_starts(
    blocks: Blocks, count: int, starts: int, rng: np.random.Generator, max_iter: int, tol: float, threads: int
) -> Clustering:
    """The clustering of least inertia (the first of equals) out of so many `starts` from `seed_of_blocks`.

    Starts run beside one another; the labels are in the order of the blocks.
    """
    uniforms = [draw_uniforms(count, rng) for _ in range(starts)]
    outcomes: list[Clustering] = [_NO_CLUSTERING] * starts
    inside = max(1, threads // starts)

    def work(start: int, *_: int) -> None:
        centers = seed_of_blocks(blocks, uniforms[start])
        # The labels of all starts at once would be too many; those of the best are made again.
        outcomes[start] = lloyd_of_blocks(blocks, centers, max_iter, tol, inside)._replace(labels=_NO_LABELS)

    for_chunks(work, chunks(starts, 1), threads)
    best = min(outcomes, key=lambda clustering: clustering.inertia)
    _, labels, _ = _pass_over(blocks, best.centers, True, threads)
    return best._replace(labels=labels)
