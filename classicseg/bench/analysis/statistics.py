"""Intervals by bootstrap over pictures, paired tests, Holm's correction and mean ranks.

A figure of a data set is a function of weightings of its pictures: how often each is taken. So the best of a family is
chosen anew in every resample, and all figures of a data set are taken on the same resamples: what makes one picture
hard makes it hard for all.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ParameterError

Values = NDArray[np.float64]
Weights = NDArray[np.float64]  # whole numbers, as floats: products of integer arrays are slow
Figure = Callable[..., Values]

RESAMPLES = 5000
LEVEL = 0.95
_AT_ONCE = 4_000_000  # weights that are in memory at one time


@dataclass(frozen=True)
class Estimate:
    """A figure of the data set with the ends of its interval, and the figures of the resamples."""

    value: float
    low: float
    high: float
    drawn: Values = field(default_factory=lambda: np.empty(0), repr=False, compare=False)


def check_resampling(level: float, resamples: int) -> None:
    """Raise `ParameterError` unless an interval of this level can be had from so many resamples."""
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} is not allowed; it lies between 0 and 1, such as 0.95. Mend it.")
    if resamples < 0:
        raise ParameterError(f"resamples={resamples!r} is not allowed; it is a number of 0 or above. Take {RESAMPLES}.")


def estimate(
    figure: Figure, *pictures: int, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """A figure of one data set (or of several, each drawn by itself), and its interval by BCa bootstrap over pictures.

    Parameters
    ----------
    figure : callable
        Takes weightings, (R, N) whole numbers for each data set, and gives (R,) numbers.
    *pictures : int
        N, the number of pictures of each data set.
    level : float
        How often such an interval covers the figure of the population, 0 < level < 1.
    resamples : int
    seed : int
        The same seed gives the same resamples, for any figure of as many pictures.

    Returns
    -------
    Estimate
        With fewer than two pictures, or no resamples, the ends are NaN; where all resamples are alike, they are that
        value. Where BCa is not defined though the resamples differ (leaving out any picture makes no difference, or all
        resamples lie on one side), they are the quantiles of the resamples.

    References
    ----------
    B. Efron, "Better bootstrap confidence intervals", JASA 82(397), 1987. SciPy computes it.

    Examples
    --------
    >>> values = np.array([0.2, 0.4, 0.4, 0.5, 0.9])
    >>> found = estimate(lambda weights: weights @ values / weights.sum(axis=1), 5, seed=1)
    >>> round(found.value, 3), found.low < 0.4 < found.high
    (0.48, True)
    """
    value = float(figure(*(np.ones((1, count)) for count in pictures))[0])
    figure, value = _without_noise(figure, value), float(_rounded(value, value))
    if min(pictures) < 2 or not resamples:
        return Estimate(value, math.nan, math.nan)
    drawn = _drawn(figure, pictures, resamples, seed)
    if np.ptp(drawn) == 0:
        return Estimate(value, float(drawn[0]), float(drawn[0]), drawn)
    for method in ("BCa", "percentile"):
        low, high = _interval(figure, pictures, drawn, level, method)
        if not (math.isnan(low) or math.isnan(high)):
            break
    return Estimate(value, low, high, drawn)


def _rounded(numbers: ArrayLike, like: float = 1.0) -> Values:
    """To twelve digits of a number like this: what is equal but for the order in which it was added up, is equal."""
    size = math.floor(math.log10(abs(like))) if math.isfinite(like) and like else 0
    rounded: Values = np.asarray(numbers, dtype=np.float64).round(min(12 - size, 15))
    return rounded


def _without_noise(figure: Figure, value: float) -> Figure:
    """The same figure, rounded: BCa counts the resamples below the value, and of few pictures many are equal to it."""
    return lambda *weights: _rounded(figure(*weights), value)


def _drawn(figure: Figure, pictures: Sequence[int], resamples: int, seed: int) -> Values:
    """The figure of each resample; those of large data sets are drawn in blocks, the same ones."""
    size = min(resamples, max(1, _AT_ONCE // max(pictures)))
    if size == resamples:
        return figure(*(_kept_weights(count, size, seed, place) for place, count in enumerate(pictures)))
    generators = [_generator(seed, place) for place in range(len(pictures))]
    blocks = [min(size, resamples - start) for start in range(0, resamples, size)]
    return np.concatenate([figure(*map(_weights, pictures, [block] * len(pictures), generators)) for block in blocks])


@lru_cache(maxsize=2)
def _kept_weights(pictures: int, resamples: int, seed: int, place: int) -> Weights:
    """The same for all figures of as many pictures, of which a table has hundreds."""
    weights = _weights(pictures, resamples, _generator(seed, place))
    weights.flags.writeable = False
    return weights


def _generator(seed: int, place: int) -> np.random.Generator:
    return np.random.default_rng([seed, place])


def _weights(pictures: int, resamples: int, generator: np.random.Generator) -> Weights:
    """(resamples, pictures): how often each picture is drawn, with replacement."""
    return generator.multinomial(pictures, np.full(pictures, 1 / pictures), size=resamples).astype(np.float64)


def _interval(figure: Figure, pictures: Sequence[int], drawn: Values, level: float, method: str) -> tuple[float, float]:
    """SciPy's interval from the figures of our resamples, so that these need not be drawn for each figure."""
    from scipy.stats import bootstrap

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of what is not defined: `estimate` answers it
        found = bootstrap(
            tuple(np.arange(count) for count in pictures),
            _of_positions(figure, pictures),
            n_resamples=0,
            batch=max(1, _AT_ONCE // max(pictures)),
            bootstrap_result=SimpleNamespace(bootstrap_distribution=drawn),
            vectorized=True,
            confidence_level=level,
            method=method,
        )
    low, high = found.confidence_interval
    return float(low), float(high)


def _of_positions(figure: Figure, pictures: Sequence[int]) -> Callable[..., Values]:
    """The same figure as a function of the positions of the pictures that were drawn, along the last axis."""

    def statistic(*drawn: NDArray[np.int64], axis: int = -1) -> Values:
        del axis  # SciPy has the pictures along the last one
        shape = np.broadcast_shapes(*(each.shape[:-1] for each in drawn))
        even = (np.broadcast_to(each, (*shape, each.shape[-1])) for each in drawn)
        return figure(*map(_counted, even, pictures)).reshape(shape)

    return statistic


def _counted(positions: NDArray[np.int64], pictures: int) -> Weights:
    """(R, pictures): how often each position stands in each row."""
    rows = positions.reshape(-1, positions.shape[-1])
    places = rows + pictures * np.arange(len(rows))[:, np.newaxis]
    counts = np.bincount(places.ravel(), minlength=len(rows) * pictures)
    return counts.reshape(len(rows), pictures).astype(np.float64)


def signed_rank(differences: ArrayLike) -> float:
    """The two-sided p-value of Wilcoxon's signed-rank test that paired differences lie evenly around 0.

    Differences of 0 are left out, as Wilcoxon did; where all are 0, p is 1; NaN where there are none. SciPy takes the
    exact distribution for few pictures without ties, and the normal approximation for many.

    References
    ----------
    F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1(6), 1945.

    Examples
    --------
    >>> signed_rank([0.1, 0.3, 0.2, 0.5, 0.4])
    0.0625
    """
    from scipy.stats import wilcoxon

    every = _rounded(differences)  # so that ties are ties
    if not len(every):
        return math.nan
    pairs = every[every != 0]  # by SciPy they would rule out the exact distribution in some of its versions
    if not len(pairs):
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how the distribution is approximated
        return float(wilcoxon(pairs).pvalue)


def holm(p_values: ArrayLike | Sequence[float]) -> Values:
    """p-values of several tests, corrected so that one false claim among all is as unlikely as the level says.

    Ascending: p'_i = max over j <= i of min(1, (m - j) p_j), j from 0. NaN is no test: it stays, and does not count.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    corrected = np.array(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(corrected))
    order = tested[np.argsort(corrected[tested], kind="stable")]
    stepped = np.minimum(1.0, (len(order) - np.arange(len(order))) * corrected[order])
    corrected[order] = np.maximum.accumulate(stepped)
    return corrected


def mean_ranks(values: ArrayLike, best: str = "higher") -> tuple[Values, int]:
    """The mean over pictures of each row's rank in the picture: 1 is best, equal ones share the mean of their ranks.

    Parameters
    ----------
    values : (K, N) array
        K rows of the table, N pictures. Pictures on which one has NaN are left out.
    best : {"higher", "lower"}

    Returns
    -------
    ranks : (K,) float64 array
        NaN where no picture is left.
    pictures : int
        How many were ranked.

    Examples
    --------
    >>> mean_ranks([[0.9, 0.5, 0.7], [0.8, 0.5, 0.2]])
    (array([1.16666667, 1.83333333]), 3)
    """
    from scipy.stats import rankdata

    table = _rounded(values)
    kept = table[:, ~np.isnan(table).any(axis=0)]
    if not kept.size:
        return np.full(len(table), math.nan), 0
    ranks = rankdata(kept if best == "lower" else -kept, method="average", axis=0)
    return ranks.mean(axis=1), kept.shape[1]


def median_seconds(seconds: Iterable[float]) -> float:
    """The median of those that were measured, of two the greater; NaN of none."""
    measured = sorted(each for each in seconds if not math.isnan(each))
    return measured[len(measured) // 2] if measured else math.nan
