"""The simplified silhouette of a clustering, by which the number of clusters is chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_SAMPLES_AT_ONCE = 1 << 16
_LANES = 64


@kernel
def _sum_of_ratios(samples, counts, centers, start, stop):
    """The sum over samples of count times a/b, a and b the distances to the nearest and the second nearest centre."""
    depth = samples.shape[1]
    distance, nearest, second = np.empty(_LANES), np.empty(_LANES), np.empty(_LANES)
    total = 0.0
    for first in range(start, stop, _LANES):
        lanes = min(_LANES, stop - first)
        nearest[:] = np.inf
        second[:] = np.inf
        for k in range(len(centers)):
            distance[:] = 0.0
            for d in range(depth):
                for j in range(lanes):
                    difference = np.float64(samples[first + j, d]) - centers[k, d]
                    distance[j] += difference * difference
            for j in range(_LANES):
                farther = max(nearest[j], distance[j])
                second[j] = min(second[j], farther)
                nearest[j] = min(nearest[j], distance[j])
        for j in range(lanes):
            if second[j] > 0:
                total += counts[first + j] * np.sqrt(nearest[j] / second[j])
    return total


def simplified_silhouette(
    samples: NDArray[np.float32], counts: NDArray[np.int64], centers: NDArray[np.float64], threads: int
) -> float:
    """The mean of 1 - a/b over `samples` (n, D) that come `counts` (n,) times, for at least two `centers`. O(n K D).

    a and b are the distances to the nearest and the second nearest centre; where b is 0, the sample counts 1.
    """
    bounds = chunks(len(samples), _SAMPLES_AT_ONCE)
    sums = np.zeros(len(bounds))

    def work(chunk: int, start: int, stop: int) -> None:
        sums[chunk] = _sum_of_ratios(samples, counts, centers, start, stop)

    for_chunks(work, bounds, threads)
    return 1 - float(sums.sum()) / float(counts.sum())
