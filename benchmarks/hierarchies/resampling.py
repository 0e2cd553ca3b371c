"""Intervals by bootstrap over pictures, paired tests, and Holm's correction.

A figure is a function of weightings of the pictures (see `numbers`) and gives one number each, so that the best scale
is chosen anew in every resample. The same resamples serve all rows: what makes one picture hard makes it hard for all,
and the difference of two rows is less uncertain than either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.hierarchies.numbers import Values, Weights

RESAMPLES = 5000
LEVEL = 0.95
_NORMAL = NormalDist()

Figure = Callable[[Weights], Values]


@dataclass(frozen=True)
class Estimate:
    """A figure of the data set with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A difference of two rows' figures, its interval, and the p-value of there being none (two sides)."""

    value: float
    low: float
    high: float
    p: float


def resamples(pictures: int, count: int = RESAMPLES, seed: int = 0) -> Weights:
    """(count, pictures): how often each picture is drawn, with replacement."""
    return np.random.default_rng(seed).multinomial(pictures, np.full(pictures, 1 / pictures), size=count)


def left_out(pictures: int) -> Weights:
    """(pictures, pictures): each picture left out once."""
    return 1 - np.eye(pictures, dtype=np.int64)


def estimate(figure: Figure, weights: Weights) -> Estimate:
    """The figure of the data set, and its BCa interval from these resamples."""
    pictures = weights.shape[1]
    value = float(figure(np.ones((1, pictures), dtype=np.int64))[0])
    low, high = bca(value, figure(weights), [figure(left_out(pictures))])
    return Estimate(value, low, high)


def estimate_chosen(
    figure: Callable[[Weights, Weights], Values], val_weights: Weights, train_weights: Weights
) -> Estimate:
    """The same of a figure whose scale is chosen on other pictures, which are drawn anew too."""
    val, train = val_weights.shape[1], train_weights.shape[1]
    all_val, all_train = (np.ones((1, count), dtype=np.int64) for count in (val, train))
    value = float(figure(all_val, all_train)[0])
    jackknives = [
        figure(left_out(val), np.repeat(all_train, val, axis=0)),
        figure(np.repeat(all_val, train, axis=0), left_out(train)),
    ]
    low, high = bca(value, figure(val_weights, train_weights), jackknives)
    return Estimate(value, low, high)


def bca(value: float, drawn: Values, jackknives: Sequence[Values], level: float = LEVEL) -> tuple[float, float]:
    """The ends of the bias-corrected and accelerated interval.

    z0 is the normal quantile of the share of resamples below the value (ties half), a = sum u^3 / 6 (sum u^2)^1.5 over
    the influences u of the pictures, of each sample by itself: u_i = (n - 1)(mean - value without i) / n. The ends are
    the quantiles Phi(z0 + (z0 + z) / (1 - a (z0 + z))) of the resamples at z = -+z(level).

    References
    ----------
    B. Efron, "Better bootstrap confidence intervals", JASA 82(397), 1987.
    """
    if np.ptp(drawn) == 0:
        return float(drawn[0]), float(drawn[0])
    share = (np.count_nonzero(drawn < value) + 0.5 * np.count_nonzero(drawn == value)) / len(drawn)
    edge = 0.5 / len(drawn)
    z0 = _NORMAL.inv_cdf(min(max(share, edge), 1 - edge))
    influences = np.concatenate([(each.mean() - each) * (len(each) - 1) / len(each) for each in jackknives])
    spread = float((influences**2).sum())
    a = float((influences**3).sum()) / (6 * spread**1.5) if spread else 0.0
    ends = []
    for z in (_NORMAL.inv_cdf((1 - level) / 2), _NORMAL.inv_cdf((1 + level) / 2)):
        ends.append(_NORMAL.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))))
    low, high = np.quantile(drawn, ends)
    return float(low), float(high)


def difference(one: Figure, other: Figure, weights: Weights) -> Difference:
    """one - other, both on the same resamples; p is twice the smaller share of resamples on either side of 0."""
    own = np.ones((1, weights.shape[1]), dtype=np.int64)
    value = float(one(own)[0] - other(own)[0])
    drawn = one(weights) - other(weights)
    jackknife = one(left_out(weights.shape[1])) - other(left_out(weights.shape[1]))
    low, high = bca(value, drawn, [jackknife])
    return Difference(value, low, high, two_sided(drawn))


def two_sided(drawn: Values) -> float:
    """The bootstrap's p-value for "the difference is 0"; never below 1 / (resamples + 1) and never above 1."""
    below, above = np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0)
    return min(1.0, 2 * (min(below, above) + 1) / (len(drawn) + 1))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """p-values of several tests, corrected so that one false claim among all is as unlikely as the level says.

    Ascending: p'_i = max over j <= i of min(1, (m - j) p_j), j from 0.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, (len(p) - np.arange(len(p))) * p[order])
    corrected = np.empty_like(p)
    corrected[order] = np.maximum.accumulate(stepped) if len(p) else stepped
    return corrected
