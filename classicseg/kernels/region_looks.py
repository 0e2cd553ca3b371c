"""What a region looks like: sums of colours, and histograms of words, counted in one pass over the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


class Looks(NamedTuple):
    """What regions 0..n-1 look like.

    Attributes
    ----------
    sizes : (n,) float64 array
        Pixels.
    sums : (n, D) float64 array
        Each plane summed.
    histograms : (n, B) float32 array
        Pixels of each word, those of one map behind those of the other.
    """

    sizes: NDArray[np.float64]
    sums: NDArray[np.float64]
    histograms: NDArray[np.float32]


@kernel
def _count(regions, planes, words, starts, sizes, sums, histograms):
    height, width = regions.shape
    for row in range(height):
        for column in range(width):
            region = regions[row, column] - 1
            if region < 0:
                continue
            sizes[region] += 1.0
            for d in range(len(planes)):
                sums[region, d] += planes[d, row, column]
            for m in range(len(words)):
                histograms[region, starts[m] + words[m, row, column]] += np.float32(1.0)


def looks_of(
    regions: NDArray[np.int32],
    count: int,
    planes: NDArray[np.float32],
    words: NDArray[np.uint8],
    bins: NDArray[np.integer],
) -> Looks:
    """Colours and words of regions 1..count of a map (0: none).

    Words (M, H, W) are M numbers of each pixel, below `bins` (M,) each. O(N (D + M)) for N pixels and D planes.
    """
    starts = np.concatenate([[0], np.cumsum(bins)]).astype(np.int64)
    looks = Looks(np.zeros(count), np.zeros((count, len(planes))), np.zeros((count, int(starts[-1])), dtype=np.float32))
    _count(regions, planes, words, starts, *looks)
    return looks
