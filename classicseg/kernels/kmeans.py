"""Lloyd's algorithm on weighted samples in blocks: the assignment step and the drivers of the iteration.

The result is that of comparing every sample with every centre in float64, the first of equals winning: blocks only
leave out centres that lie farther from every point of a block's box than another one does, by more than rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.kmeans_blocks import BLOCK, Blocks, squared_distances
from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks
from classicseg.parallel import chunks, for_chunks

_MARGIN = 1e-10  # share of the distances by which a centre must be farther to be left out; rounding is far below it
_BLOCKS_AT_ONCE = 64 * BLOCK
_SEVERAL, _NOBODY = np.int32(-1), np.int32(-2)


class Clustering(NamedTuple):
    """Labels (n,), centres (K, D), and the weighted sum of squared distances to the nearest centre.

    The labels are those of the samples in the blocks; `for_each_sample` makes those of all samples of them.
    """

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

    Of equally near centres the first wins.
    """
    first = np.uint64(start)
    k = chosen[0]
    if len(planes) == 3 and count > 1:  # the same as below for colours, with less to keep and to fetch on the way
        other = chosen[1]
        x, y, z = centers[k, 0], centers[k, 1], centers[k, 2]
        other_x, other_y, other_z = centers[other, 0], centers[other, 1], centers[other, 2]
        for j in range(BLOCK):
            i = first + np.uint64(j)
            at_x, at_y, at_z = np.float64(planes[0, i]), np.float64(planes[1, i]), np.float64(planes[2, i])
            along_x, along_y, along_z = at_x - x, at_y - y, at_z - z
            nearest = along_x * along_x + along_y * along_y + along_z * along_z
            along_x, along_y, along_z = at_x - other_x, at_y - other_y, at_z - other_z
            squared = along_x * along_x + along_y * along_y + along_z * along_z
            labels[j] = other if squared < nearest else k
            best[j] = squared if squared < nearest else nearest
        for c in range(2, count):
            k = chosen[c]
            x, y, z = centers[k, 0], centers[k, 1], centers[k, 2]
            for j in range(BLOCK):
                i = first + np.uint64(j)
                along_x, along_y = np.float64(planes[0, i]) - x, np.float64(planes[1, i]) - y
                along_z = np.float64(planes[2, i]) - z
                squared = along_x * along_x + along_y * along_y + along_z * along_z
                closer = squared < best[j]
                labels[j] = k if closer else labels[j]
                best[j] = squared if closer else best[j]
        return
    squared_distances(planes, start, centers, k, best)
    for j in range(BLOCK):
        labels[j] = k
    for c in range(1, count):
        k = chosen[c]
        squared_distances(planes, start, centers, k, distance)
        for j in range(BLOCK):
            closer = distance[j] < best[j]
            labels[j] = k if closer else labels[j]
            best[j] = distance[j] if closer else best[j]


@kernel
def _filter(middles, halves, tile, centers, chosen, distance, best, labels, gap, toward, keep):
    """Which centres may be nearest to some point in the boxes of BLOCK blocks from `tile` on: keep[k, block - tile].

    With m the middle of a box, h half its sides and c the centre nearest to m, |x - z|^2 - |x - c|^2 is linear in x,
    and its minimum over the box is |m - z|^2 - |m - c|^2 - 2 sum_d h_d |z_d - c_d|. Where that is above 0, z is out.
    """
    count, depth = centers.shape
    first = np.uint64(tile)
    _nearest(middles, tile, centers, chosen, count, distance, best, labels)
    for d in range(depth):
        for j in range(BLOCK):
            toward[d, j] = centers[labels[j], d]
    for k in range(count):
        for j in range(BLOCK):
            gap[j] = -best[j]
        if depth == 3:  # the same as below for colours, in one loop
            x, y, z = centers[k, 0], centers[k, 1], centers[k, 2]
            for j in range(BLOCK):
                i = first + np.uint64(j)
                half_x, half_y, half_z = halves[0, i], halves[1, i], halves[2, i]
                along_x, along_y = np.float64(middles[0, i]) - x, np.float64(middles[1, i]) - y
                along_z = np.float64(middles[2, i]) - z
                square = along_x * along_x + along_y * along_y + along_z * along_z
                reach = half_x * abs(x - toward[0, j]) + half_y * abs(y - toward[1, j]) + half_z * abs(z - toward[2, j])
                box = half_x * half_x + half_y * half_y + half_z * half_z
                gap[j] += square - 2 * reach - _MARGIN * (square + box)
            for j in range(BLOCK):
                keep[k, j] = gap[j] <= 0
            continue
        for d in range(depth):
            coordinate = centers[k, d]
            for j in range(BLOCK):
                half = halves[d, first + np.uint64(j)]
                difference = np.float64(middles[d, first + np.uint64(j)]) - coordinate
                square = difference * difference
                reach = 2 * half * abs(coordinate - toward[d, j])
                gap[j] += square - reach - _MARGIN * (square + half * half)
        for j in range(BLOCK):
            keep[k, j] = gap[j] <= 0


@kernel
def _add(values, share, sums):
    for d in range(len(sums)):
        sums[d] += share * values[d]


@kernel
def _hand_over(planes, weights, start, size, found, owners, moved, sums):
    """Let samples start..start + size, owned by `owners`, go to the owners `found` for them, and their sums with them.

    `moved` has room for the numbers of those that do, of which there are few in a step.
    """
    depth = len(planes)
    left = np.int64(0)
    for j in range(size):
        moved[left] = j
        left += owners[start + j] != found[j]
    for m in range(left):
        i = start + moved[m]
        old, new = owners[i], found[moved[m]]
        owners[i] = new
        weight = weights[i]
        for d in range(depth):
            share = weight * np.float64(planes[d, i])
            sums[old, d] -= share
            sums[new, d] += share
        sums[old, depth] -= weight
        sums[new, depth] += weight


@kernel
def _pass(planes, weights, starts, middles, halves, totals, first, stop, centers, sole, owners, sums):
    """Find the nearest of the `centers` to each sample of blocks first..stop; keep their `sums` (K, D + 1) up to date.

    These are the sums of the weighted values and of the weights of a centre's samples. `sole` has the owner of all
    samples of a block: _SEVERAL where they have different ones, which then stand in `owners`, _NOBODY at first.
    """
    count, depth = centers.shape
    every = np.arange(count)
    chosen, moved = np.empty(count, np.int64), np.empty(BLOCK + 1, np.int64)
    distance, best, gap = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    found = np.zeros(BLOCK, np.int64)
    toward = np.empty((depth, BLOCK))
    keep = np.empty((count, BLOCK), np.bool_)
    for tile in range(first, stop, BLOCK):
        _filter(middles, halves, tile, centers, every, distance, best, found, gap, toward, keep)
        for block in range(tile, min(tile + BLOCK, stop)):
            left = np.int64(0)  # a bare 0 is a type of its own, for which what it is handed to would be compiled again
            for k in range(count):
                chosen[left] = k
                left += keep[k, block - tile]
            owner = sole[block]
            if left == 1 and owner == chosen[0]:
                continue
            start, size = starts[block], starts[block + 1] - starts[block]
            if left == 1 and owner != _SEVERAL:
                if owner != _NOBODY:
                    _add(totals[block], -1.0, sums[owner])
                _add(totals[block], 1.0, sums[chosen[0]])
                sole[block] = chosen[0]
                continue
            if owner == _NOBODY:
                owner = chosen[0]
                _add(totals[block], 1.0, sums[owner])
            if owner != _SEVERAL:
                for j in range(size):
                    owners[start + j] = owner
            _nearest(planes, start, centers, chosen, left, distance, best, found)
            first_sample = np.uint64(start)
            different = 0
            for j in range(BLOCK):
                different += (owners[first_sample + np.uint64(j)] != found[j]) & (j < size)
            if different > 0:
                _hand_over(planes, weights, start, size, found, owners, moved, sums)
            sole[block] = chosen[0] if left == 1 else _SEVERAL


@kernel
def _label(planes, weights, starts, first, stop, centers, sole, owners):
    """Write the owners of all samples of blocks first..stop to `owners`; their weighted squared distances, summed."""
    depth = len(planes)
    lanes, distance = np.zeros(BLOCK), np.empty(BLOCK)
    for block in range(first, stop):
        start, size = np.uint64(starts[block]), starts[block + 1] - starts[block]
        owner = sole[block]
        if owner != _SEVERAL:
            squared_distances(planes, starts[block], centers, np.int64(owner), distance)
            for j in range(BLOCK):
                i = start + np.uint64(j)
                owners[i] = owner if j < size else owners[i]
        else:
            for j in range(size):
                i, total = start + np.uint64(j), 0.0
                of_sample = np.uint64(owners[i])
                for d in range(depth):
                    difference = np.float64(planes[d, i]) - centers[of_sample, d]
                    total += difference * difference
                distance[j] = total
        for j in range(BLOCK):
            lanes[j] += weights[start + np.uint64(j)] * distance[j] if j < size else 0.0
    inertia = 0.0
    for j in range(BLOCK):
        inertia += lanes[j]
    return inertia


@kernel
def _steps(planes, weights, starts, middles, halves, totals, centers, most, small_move, sole, owners, sums):
    """Move the `centers` by passes over all blocks, at most so many, until they move no more than `small_move`.

    Returns the number of steps, and whether the centres have settled. It ends before a step in which one of them would
    lose all its samples.
    """
    count, depth = centers.shape
    for step in range(most):
        _pass(
            planes, weights, starts, middles, halves, totals, np.int64(0), len(totals), centers, sole, owners, sums
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


class _Assignment:
    """Which centre each sample belongs to: the last one found, from which the next one is told."""

    def __init__(self, blocks: Blocks, count: int, threads: int) -> None:
        self.blocks, self.threads = blocks, threads
        self.bounds = chunks(len(blocks.totals), _BLOCKS_AT_ONCE)
        self.sole = np.full(len(blocks.totals), _NOBODY, dtype=np.int32)
        self.owners = np.empty(len(blocks.weights), dtype=np.int32)
        self.sums = np.zeros((len(self.bounds), count, len(blocks.planes) + 1))

    def steps(self, centers: NDArray[np.float64], most: int, small_move: float) -> tuple[int, bool]:
        """What `_steps` does, for samples that make a single chunk."""
        blocks = self.blocks
        steps, settled = _steps(
            blocks.planes, blocks.weights, blocks.starts, blocks.middles, blocks.halves, blocks.totals,
            centers, most, small_move, self.sole, self.owners, self.sums[0],
        )  # fmt: skip
        return steps, settled

    def sums_of(self, centers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums (K, D + 1) of the weighted values, and of the weights, of the samples nearest to each centre."""
        blocks = self.blocks

        def work(chunk: int, start: int, stop: int) -> None:
            _pass(
                blocks.planes, blocks.weights, blocks.starts, blocks.middles, blocks.halves, blocks.totals,
                start, stop, centers, self.sole, self.owners, self.sums[chunk],
            )  # fmt: skip

        for_chunks(work, self.bounds, self.threads)
        return np.asarray(self.sums.sum(axis=0))

    def labels_of(self, centers: NDArray[np.float64]) -> tuple[NDArray[np.int32], float]:
        """The nearest centre of each sample, in the order of the blocks, and the inertia."""
        blocks = self.blocks
        self.sums_of(centers)
        inertia = np.zeros(len(self.bounds))

        def work(chunk: int, start: int, stop: int) -> None:
            inertia[chunk] = _label(
                blocks.planes, blocks.weights, blocks.starts, start, stop, centers, self.sole, self.owners
            )

        for_chunks(work, self.bounds, self.threads)
        return self.owners[: blocks.size], float(inertia.sum())


def lloyd_of_blocks(
    blocks: Blocks, centers: NDArray[np.float64], max_iter: int, tol: float, threads: int
) -> Clustering:
    """Move `centers` (K, D) to the means of the samples nearest to them until that moves them no more.

    It ends when the squared moves sum to at most `tol` times the mean variance of the features, as in scikit-learn. A
    centre that lost all its samples moves to the sample farthest from its own centre. At most O(n K D) an iteration
    for n samples in the blocks; blocks that one centre keeps as a whole cost O(K D). Sums are kept from step to step
    and changed by what changes hands.
    """
    centers = np.array(centers, dtype=np.float64, order="C")
    assignment = _Assignment(blocks, len(centers), threads)
    small_move = float(tol * blocks.variance)
    iterations, converged = 0, False
    while iterations < max_iter and not converged:
        if len(assignment.bounds) == 1:  # one thread does it all, and Python need not come between the passes
            steps, converged = assignment.steps(centers, max_iter - iterations, small_move)
            iterations += steps
            if converged or iterations == max_iter:
                break
        sums = assignment.sums_of(centers)
        iterations += 1
        moved = _means(assignment, sums, centers)
        move = float(np.sum((moved - centers) ** 2))
        centers, converged = moved, move <= small_move
    labels, inertia = assignment.labels_of(centers)
    return Clustering(labels, centers, inertia, iterations, converged)


def _means(assignment, sums, centers):
    empty = np.flatnonzero(sums[:, -1] == 0)
    sums[empty, -1] = 1
    means = sums[:, :-1] / sums[:, -1:]
    if len(empty):
        labels, _ = assignment.labels_of(centers)
        planes = assignment.blocks.planes[:, : len(labels)]
        distances = np.zeros(len(labels))
        for plane, coordinates in zip(planes, centers.T, strict=True):
            distances += (plane - coordinates[labels]) ** 2
        farthest = np.argsort(-distances, kind="stable")[: len(empty)]
        means[empty] = planes[:, farthest].T
    return means


def best_of_starts(
    blocks: Blocks, count: int, starts: int, rng: np.random.Generator, max_iter: int, tol: float, threads: int
) -> Clustering:
    """The clustering of least inertia (the first of equals) out of so many `starts` from `seed_of_blocks`.

    Starts run beside one another.
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
    labels, _ = _Assignment(blocks, count, threads).labels_of(best.centers)
    return best._replace(labels=labels)


def nearest_of_blocks(blocks: Blocks, centers: NDArray[np.float64], threads: int) -> NDArray[np.int32]:
    """The nearest of `centers` (K, D) to each sample of the blocks, the first of equals."""
    return _Assignment(blocks, len(centers), threads).labels_of(np.ascontiguousarray(centers))[0]
