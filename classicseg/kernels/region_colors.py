"""What colours and textures a region has: sums and histograms, counted in one pass over the picture."""

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
        Pixels in each bin: the planes' one after another, then the textons.
    """

    sizes: NDArray[np.float64]
    sums: NDArray[np.float64]
    histograms: NDArray[np.float32]


@kernel
def _count(regions, planes, lows, per_bin, bins, textons, sizes, sums, histograms):
    height, width = regions.shape
    depth = len(planes)
    for row in range(height):
        for column in range(width):
            region = regions[row, column] - 1
            if region < 0:
                continue
            sizes[region] += 1.0
            for d in range(depth):
                value = planes[d, row, column]
                sums[region, d] += value
                place = (value - lows[d]) * per_bin[d] - np.float32(0.5)
                place = min(max(place, np.float32(0.0)), np.float32(bins - 1))
                below = min(int(place), bins - 2)
                share = place - np.float32(below)
                histograms[region, d * bins + below] += np.float32(1.0) - share
                histograms[region, d * bins + below + 1] += share
            if textons.size:
                histograms[region, depth * bins + textons[row, column]] += np.float32(1.0)


def looks_of(
    regions: NDArray[np.int32],
    count: int,
    planes: NDArray[np.float32],
    lows: NDArray[np.float32],
    highs: NDArray[np.float32],
    bins: int,
    textons: NDArray[np.uint8] | None,
    n_textons: int,
) -> Looks:
    """Colours of regions 1..count of a map (0: none). O(N D).

    Each of the planes (D, H, W) has `bins` bins from its `lows` to its `highs`; a pixel counts for the two bins whose
    middles its value lies between, by nearness, and what lies beyond the outer middles for these alone.
    """
    depth = len(planes)
    per_bin = (bins / (highs - lows)).astype(np.float32)
    width = depth * bins + (n_textons if textons is not None else 0)
    looks = Looks(np.zeros(count), np.zeros((count, depth)), np.zeros((count, width), dtype=np.float32))
    known = np.empty((0, 0), np.uint8) if textons is None else textons
    _count(regions, planes, lows.astype(np.float32), per_bin, int(bins), known, *looks)
    return looks
