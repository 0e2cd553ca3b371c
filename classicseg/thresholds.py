"""From a histogram to a threshold: triangle, Li, Yen. What they find hangs on how often each level comes alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINS = 256  # of levels that are no whole numbers

Levels = NDArray[Any]
Counts = NDArray[np.int64]


def threshold_of(rule: str, levels: Levels, counts: Counts) -> float:
    """The threshold of "triangle", "li" or "yen" for rising `levels` that come `counts` times, each at least once.

    Whole levels (integers) make a bin each, others 256 equal ones from the lowest to the highest.
    """
    if len(levels) == 1:
        return float(levels[0])
    if rule == "li":
        return _li(levels, counts)
    bins, centers = _bins(levels, counts)
    if rule == "triangle":
        return float(centers[_triangle(bins)])
    from skimage.filters import threshold_yen

    return float(threshold_yen(hist=(bins, centers)))


def _bins(levels: Levels, counts: Counts) -> tuple[Counts, NDArray[Any]]:
    if levels.dtype.kind in "iu":
        centers = np.arange(int(levels[0]), int(levels[-1]) + 1)
        bins = np.zeros(len(centers), dtype=np.int64)
        bins[levels - levels[0]] = counts
        return bins, centers
    found, edges = np.histogram(levels, _BINS, (levels[0], levels[-1]), weights=counts.astype(np.float64))
    return np.rint(found).astype(np.int64), (edges[:-1] + edges[1:]) / 2


def _triangle(bins: Counts) -> int:
    """The bin farthest below the line from the highest bin to the end of the longer tail (Zack et al. 1977)."""
    held = np.flatnonzero(bins)
    peak, first, last = int(np.argmax(bins)), int(held[0]), int(held[-1])
    if peak - first < last - peak:  # the tail is on the right: the same, seen from behind
        return len(bins) - 1 - _triangle_of_left_tail(bins[::-1], len(bins) - 1 - peak, len(bins) - 1 - last)
    return _triangle_of_left_tail(bins, peak, first)


def _triangle_of_left_tail(bins: Counts, peak: int, first: int) -> int:
    width, height = peak - first, bins[peak]
    length = np.sqrt(height**2 + width**2)
    steps = np.arange(width)
    return first + int(np.argmax(height / length * steps - width / length * bins[first:peak]))


def _li(levels: Levels, counts: Counts) -> float:
    """The fixed point t = (b - f) / (ln b - ln f) of the means f above and b below t (Li and Tam 1998).

    Levels are taken above the lowest. The iteration starts at their mean and ends when a step is no longer than half
    of the least distance between two levels (or than 0.5, of whole ones).
    """
    above = (levels - levels[0]).astype(np.float64)
    tolerance = 0.5 if levels.dtype.kind in "iu" else float(np.diff(above).min()) / 2
    before, threshold = -np.inf, _mean(above, counts)
    while abs(threshold - before) > tolerance:
        before = threshold
        bright = above > threshold
        foreground, background = _mean(above[bright], counts[bright]), _mean(above[~bright], counts[~bright])
        if background == 0:  # it has one level, whose logarithm is not defined
            break
        threshold = (background - foreground) / (np.log(background) - np.log(foreground))
    return float(threshold + levels[0])


def _mean(levels: NDArray[np.float64], counts: Counts) -> float:
    return float(np.sum(levels * counts) / counts.sum())
