"""Lloyd's algorithm: the compiled assignment step, and the drivers for seeding and iteration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_SAMPLES_AT_ONCE = 1 << 14


class Clustering(NamedTuple):
    """The outcome of `lloyd`; inertia is the sum of squared distances to the nearest centre."""

    labels: NDArray[np.int32]
    centers: NDArray[np.float64]
    inertia: float
    iterations: int
    converged: bool


@kernel
def _assign(samples, centers, start, stop, labels, distances, sums, counts):
    """Nearest centre (the first of equals) of each sample, its squared distance, and sums over each cluster."""
    count, depth = centers.shape
    inertia = 0.0
    for i in range(start, stop):
        best, best_distance = 0, np.inf
        for k in range(count):
            distance = 0.0
            for d in range(depth):
                difference = np.float64(samples[i, d]) - centers[k, d]
                distance += difference * difference
            if distance < best_distance:
                best, best_distance = k, distance
        labels[i] = best
        distances[i] = best_distance
        inertia += best_distance
        counts[best] += 1
        for d in range(depth):
            sums[best, d] += samples[i, d]
    return inertia


def lloyd(
    samples: NDArray[np.float32], centers: NDArray[np.float64], max_iter: int, tol: float, threads: int
) -> Clustering:
    """Move `centers` (K, D) to the means of the `samples` (N, D) nearest to them until that moves them no more.

    It ends when the squared moves sum to at most `tol` times the mean variance of the features, as in scikit-learn. A
    centre that lost all its samples moves to the sample farthest from its own centre. O(N K D) an iteration.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    centers = np.array(centers, dtype=np.float64, order="C")
    small_move = tol * float(np.mean(np.var(samples, axis=0, dtype=np.float64)))
    iterations, converged = 0, False
    while iterations < max_iter and not converged:
        labels, distances, sums, counts, _ = _assign_all(samples, centers, threads)
        iterations += 1
        moved = _means(samples, sums, counts, distances)
        move = float(np.sum((moved - centers) ** 2))
        centers, converged = moved, move <= small_move
    labels, _, _, _, inertia = _assign_all(samples, centers, threads)
    return Clustering(labels, centers, inertia, iterations, converged)


def _assign_all(samples, centers, threads):
    bounds = chunks(len(samples), _SAMPLES_AT_ONCE)
    labels = np.empty(len(samples), dtype=np.int32)
    distances = np.empty(len(samples), dtype=np.float64)
    sums = np.zeros((len(bounds), *centers.shape), dtype=np.float64)
    counts = np.zeros((len(bounds), len(centers)), dtype=np.int64)
    inertia = np.zeros(len(bounds), dtype=np.float64)

    def work(chunk: int, start: int, stop: int) -> None:
        inertia[chunk] = _assign(samples, centers, start, stop, labels, distances, sums[chunk], counts[chunk])

    for_chunks(work, bounds, threads)
    return labels, distances, sums.sum(axis=0), counts.sum(axis=0), float(inertia.sum())


def _means(samples, sums, counts, distances):
    means = sums / np.maximum(counts, 1)[:, np.newaxis]
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        farthest = np.argsort(-distances, kind="stable")[: len(empty)]
        means[empty] = samples[farthest]
    return means


def seed_centers(samples: NDArray[np.float32], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Starting centres by greedy k-means++: each is the best of 2 + ln(count) samples drawn by squared distance.

    D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007. O(N D) a trial.
    """
    trials = 2 + int(np.log(count))
    exact = samples.astype(np.float64)
    centers = np.empty((count, samples.shape[1]), dtype=np.float64)
    centers[0] = exact[int(rng.random() * len(exact))]
    nearest = _squared_distances(exact, centers[0])
    for k in range(1, count):
        running = np.cumsum(nearest)
        drawn = np.searchsorted(running, rng.random(trials) * running[-1], side="right")
        candidates = [
            (np.minimum(nearest, _squared_distances(exact, exact[i])), i) for i in np.minimum(drawn, len(exact) - 1)
        ]
        totals = [distances.sum() for distances, _ in candidates]
        nearest, chosen = candidates[int(np.argmin(totals))]
        centers[k] = exact[chosen]
    return centers


def _squared_distances(samples: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(len(samples), dtype=np.float64)
    for d, coordinate in enumerate(point):
        total += (samples[:, d] - coordinate) ** 2
    return total
