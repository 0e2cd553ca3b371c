"""The difference of two rows' figures on the same pictures, by paired bootstrap.

A figure is a function of weightings of the pictures (see `numbers`) and gives one number each, so that the best scale
is chosen anew in every resample. Intervals are those of `classicseg.bench.analysis.statistics`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from classicseg.bench.analysis.statistics import RESAMPLES, Figure, Values, estimate


@dataclass(frozen=True)
class Difference:
    """A difference of two rows' figures, its interval, and the p-value of there being none (two sides)."""

    value: float
    low: float
    high: float
    p: float


def difference(one: Figure, other: Figure, pictures: int, resamples: int = RESAMPLES) -> Difference:
    """one - other, both on the same resamples; p is twice the smaller share of resamples on either side of 0."""
    found = estimate(lambda weights: one(weights) - other(weights), pictures, resamples=resamples)
    return Difference(found.value, found.low, found.high, two_sided(found.drawn))


def two_sided(drawn: Values) -> float:
    """The bootstrap's p-value for "the difference is 0"; never below 1 / (resamples + 1) and never above 1."""
    below, above = np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0)
    return min(1.0, 2 * (min(below, above) + 1) / (len(drawn) + 1))
