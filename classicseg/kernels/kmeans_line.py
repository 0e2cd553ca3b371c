"""k-means on a line: the best of all partitions, by dynamic programming over the distinct values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.histograms import best_cuts
from classicseg.kernels.kmeans import Clustering, lloyd_of_blocks
from classicseg.kernels.kmeans_blocks import arrange, for_each_sample

_MOST_CHOICES = 1 << 20  # entries of the table of the dynamic programme


def best_on_line(
    values: NDArray[np.float32], counts: NDArray[np.int64], count: int, max_iter: int, tol: float, threads: int
) -> Clustering:
    """k-means of distinct `values` (n,) that come `counts` (n,) times: 1 <= `count` <= n clusters, in rising order.

    Of least inertia among all partitions while n * `count` is at most 2^20, which 8-bit pictures never and 16-bit
    pictures with 16 clusters do not exceed; there are no iterations then. With more values, the optimum for values
    rounded to a grid is where Lloyd's iterations start. O(n log n) a cluster.

    H. Wang and M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic programming",
    The R Journal 3(2), 2011.
    """
    if len(values) * count <= _MOST_CHOICES:
        return _optimal(values, counts, count)
    coarse, weights = _on_a_grid(values, counts, _MOST_CHOICES // count)
    start = _optimal(coarse, weights, min(count, len(coarse)))
    blocks = arrange(values[:, np.newaxis], counts)
    found = lloyd_of_blocks(blocks, start.centers, max_iter, tol, threads)
    return found._replace(labels=for_each_sample(found.labels, blocks))


def _optimal(values, counts, count):
    order = np.argsort(values, kind="stable")
    rising, weights = values[order].astype(np.float64), counts[order]
    starts = np.concatenate([[0], best_cuts(rising, weights, count) + 1])
    # Sums about the middle, lest the rounding of large values outweigh their differences.
    middle = rising[len(rising) // 2]
    means = np.add.reduceat(weights * (rising - middle), starts) / np.add.reduceat(weights, starts) + middle
    classes = np.repeat(np.arange(count, dtype=np.int32), np.diff(starts, append=len(rising)))
    labels = np.empty_like(classes)
    labels[order] = classes
    inertia = float(np.sum(weights * (rising - means[classes]) ** 2))
    return Clustering(labels, means[:, np.newaxis], inertia, 0, True)


def _on_a_grid(values, counts, cells):
    """The weighted mean of the values in each of so many equal cells that holds any, and the weights."""
    low, high = float(values.min()), float(values.max())
    cell = np.minimum((values - low) * (cells / (high - low)), cells - 1).astype(np.int64)
    weights = np.bincount(cell, counts, cells)
    moments = np.bincount(cell, counts * values.astype(np.float64), cells)
    held = weights > 0
    return moments[held] / weights[held], weights[held]
