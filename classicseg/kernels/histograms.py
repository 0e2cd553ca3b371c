"""Optimal cuts of sorted, weighted values into classes (multi-Otsu, 1-D k-means) by exact dynamic programming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_TIE = 1e-12  # sums that differ by less than this share of the total variance are equal but for rounding


@kernel
def _cut_from_right(weight, moment, gains, previous, choice, tie):
    """One more class on the left of the best cuts known: gains[i] = max_j gain(i..j) + previous[j + 1].

    The best j never falls as i rises (the gain of a class satisfies the quadrangle inequality), so the middle i halves
    the range of j for the others: O(n log n). Of sums equal but for `tie`, the lowest j wins.
    """
    count = len(gains)
    stack = np.empty((128, 4), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, count - 1, 0, count - 1
    size = 1
    while size > 0:
        size -= 1
        first, final, lowest, highest = stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3]
        if first > final:
            continue
        middle = (first + final) // 2
        best, best_gain = -1, -np.inf
        for j in range(max(middle, lowest), min(highest, count - 2) + 1):
            w = weight[j + 1] - weight[middle]
            m = moment[j + 1] - moment[middle]
            gain = m * m / w + previous[j + 1]
            if gain > best_gain + tie:
                best, best_gain = j, gain
        gains[middle], choice[middle] = best_gain, best
        upper = best
        if best < 0:  # no value is left for the classes on the right; that bounds no other i
            best, upper = lowest, highest
        stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3] = first, middle - 1, lowest, upper
        size += 1
        stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3] = middle + 1, final, best, highest
        size += 1


def best_cuts(values: NDArray[np.floating], counts: NDArray[np.integer], classes: int) -> NDArray[np.intp]:
    """Indices of the last value of each class but the brightest, for the greatest between-class variance.

    `values` (n,) rise strictly and come `counts` (n,) times; 1 <= `classes` <= n. A class with weight w and first
    moment m about the mean gains m^2 / w; the sum over classes is the between-class variance. Of equal maxima the
    lowest cuts win. O(classes n log n).
    """
    weights = counts.astype(np.float64)
    centred = values.astype(np.float64) - np.average(values, weights=weights)
    weight = np.concatenate([[0.0], np.cumsum(weights)])
    moment = np.concatenate([[0.0], np.cumsum(weights * centred)])
    count = len(values)
    gains = (moment[-1] - moment[:-1]) ** 2 / (weight[-1] - weight[:-1])  # one class: all that is left
    tie = _TIE * float(np.sum(weights * centred**2))
    choices = []
    for _ in range(classes - 1):
        previous, gains = gains, np.full(count, -np.inf)
        choice = np.full(count, -1, dtype=np.int64)
        _cut_from_right(weight, moment, gains, previous, choice, tie)
        choices.append(choice)
    cuts = []
    start = 0
    for choice in reversed(choices):
        cuts.append(int(choice[start]))
        start = cuts[-1] + 1
    return np.array(cuts, dtype=np.intp)
