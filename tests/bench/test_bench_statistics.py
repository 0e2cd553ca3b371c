"""Intervals, tests and ranks beside SciPy's own calls, plain loops, and figures by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from classicseg.bench.analysis import statistics
from classicseg.bench.analysis.figures import FEWER, adds_quickly, best_of, mean_figure, only, pooled_figure
from classicseg.bench.analysis.statistics import (
    check_resampling,
    estimate,
    holm,
    mean_ranks,
    median_seconds,
    signed_rank,
)
from classicseg.errors import ParameterError
from classicseg.metrics import Score, find_score
from classicseg.metrics.boundaries import BoundaryCounts
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.instances import InstanceCounts, SweepCounts
from classicseg.metrics.panoptic import PanopticCounts

small = pytest.mark.small

SKEWED = np.random.default_rng(2).gamma(1.0, size=60)


def mean_of(values):
    return only(mean_figure(np.asarray(values, dtype=float)[:, np.newaxis]))


def test_the_interval_is_scipys():
    found = estimate(mean_of(SKEWED), 60, resamples=20_000)
    theirs = scipy.stats.bootstrap((SKEWED,), np.mean, n_resamples=20_000, method="BCa").confidence_interval
    assert found.value == pytest.approx(SKEWED.mean())
    width = theirs.high - theirs.low
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.04 * width)
    assert found.high - found.value > 1.1 * (found.value - found.low)  # the skew is seen: no symmetric interval
    assert found.drawn.std() == pytest.approx(SKEWED.std() / math.sqrt(60), rel=0.03)


@small
@pytest.mark.parametrize("level", [0.95, 0.5])
def test_the_interval_is_efrons_formula(level):
    found = estimate(mean_of(SKEWED), 60, level=level, resamples=999)
    normal = scipy.stats.norm
    z0 = normal.ppf((np.mean(found.drawn < found.value) + np.mean(found.drawn <= found.value)) / 2)
    left_out = np.array([np.delete(SKEWED, at).mean() for at in range(60)])
    u = left_out.mean() - left_out
    a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    z = normal.ppf([(1 - level) / 2, (1 + level) / 2])
    ends = np.quantile(found.drawn, normal.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))))
    assert [found.low, found.high] == pytest.approx(ends)


@small
def test_the_interval_does_not_hang_on_the_order_of_adding():
    few = [2.1, 3.3, 2.7, 1.9, 3.1, 2.6, 2.2, 3.6]  # of eight pictures one resample in 400 is the data themselves

    def exactly(weights):
        return np.array([math.fsum(each * times for each, times in zip(few, row, strict=True)) / 8 for row in weights])

    def backwards(weights):
        return np.array(
            [sum(each * times for each, times in zip(few[::-1], row[::-1], strict=True)) / sum(row) for row in weights]
        )

    found, again, once_more = (estimate(each, 8, resamples=2000) for each in (mean_of(few), exactly, backwards))
    assert (found.value, found.low, found.high) == (again.value, again.low, again.high)
    assert (found.value, found.low, found.high) == (once_more.value, once_more.low, once_more.high)


@small
def test_the_best_member_is_chosen_anew_in_each_resample():
    values = np.array([[1.0, 0.0], [0.0, 0.9]])  # each picture has another best member
    weights = np.array([[2, 0], [1, 1], [0, 2]])
    np.testing.assert_allclose(best_of(mean_figure(values), "higher")(weights), [1.0, 0.5, 0.9])
    np.testing.assert_allclose(best_of(mean_figure(values), "lower")(weights), [0.0, 0.45, 0.0])


@small
def test_means_leave_out_what_is_not_defined():
    values = np.array([[0.5, np.nan], [1.0, np.nan], [np.nan, 0.25]])
    weights = np.array([[3, 1, 0], [0, 0, 2], [1, 1, 1]])
    found = mean_figure(values)(weights)
    np.testing.assert_allclose(found, [[0.625, np.nan], [np.nan, 0.25], [0.75, 0.25]])
    np.testing.assert_allclose(best_of(mean_figure(values), "higher")(weights), [0.625, 0.25, 0.75])
    nothing = best_of(mean_figure(values[:1]), "lower")(np.array([[0]]))
    assert np.isnan(nothing).all()


@small
def test_a_member_chosen_elsewhere_moves_with_those_pictures():
    train, val = np.array([[1.0, 0.9], [0.0, 0.2]]), np.array([[0.4, 0.6], [0.4, 0.6]])

    def at_chosen(weights, train_weights):
        member = mean_figure(train)(train_weights).argmax(axis=1)
        return np.take_along_axis(mean_figure(val)(weights), member[:, np.newaxis], axis=1)[:, 0]

    found = estimate(at_chosen, 2, 2, resamples=500)
    assert (found.value, found.low, found.high) == pytest.approx((0.6, 0.4, 0.6))


@small
def test_where_there_is_no_interval():
    constant = estimate(mean_of([0.5] * 5), 5)
    assert (constant.value, constant.low, constant.high) == (0.5, 0.5, 0.5)
    for pictures, resamples in ((1, 100), (4, 0)):
        found = estimate(mean_of([0.25] * pictures), pictures, resamples=resamples)
        assert found.value == 0.25
        assert math.isnan(found.low) and math.isnan(found.high)


@small
def test_where_bca_is_not_defined_the_resamples_quantiles_are_taken():
    # Leaving out either picture gives 1: no acceleration. Resamples are 1 or, where both are drawn, one half.
    found = estimate(best_of(mean_figure(np.eye(2)), "higher"), 2, resamples=400)
    assert (found.value, found.low, found.high) == (0.5, 0.5, 1.0)


@small
def test_the_same_seed_gives_the_same_resamples_whatever_is_in_memory(monkeypatch):
    at_once = estimate(mean_of(SKEWED), 60, seed=3, resamples=100)
    assert estimate(mean_of(SKEWED), 60, seed=3, resamples=100).drawn.tobytes() == at_once.drawn.tobytes()
    assert estimate(mean_of(SKEWED), 60, seed=4, resamples=100).low != at_once.low
    monkeypatch.setattr(statistics, "_AT_ONCE", 60 * 7)
    in_blocks = estimate(mean_of(SKEWED), 60, seed=3, resamples=100)
    np.testing.assert_allclose(in_blocks.drawn, at_once.drawn, rtol=1e-13)


def counts(rng, kind):
    if kind == "fractions":  # classes that some pictures lack, one without any pixel
        keys = np.flatnonzero(rng.random(5) < 0.7)
        below = rng.integers(0, 9, len(keys))
        return Fractions.of(rng.random(len(keys)) * below, below, keys)
    if kind == "panoptic":
        categories = np.flatnonzero(rng.random(4) < 0.7)
        tp = rng.integers(0, 3, len(categories))
        return PanopticCounts(categories, tp * rng.random(len(tp)), tp, tp % 2, rng.integers(0, 3, len(tp)))
    if kind == "boundaries":
        return BoundaryCounts(*map(int, np.sort(rng.integers(0, 90, (2, 2)), axis=1).ravel()))
    if kind == "sweep":
        return SweepCounts(tuple(InstanceCounts(*map(int, rng.integers(0, 9, 3))) for _ in range(3)))
    return InstanceCounts(*map(int, rng.integers(0, 9, 3)))


SCORES = {
    "fractions": find_score("iou.classes"),
    "panoptic": find_score("pq.agnostic"),
    "boundaries": find_score("boundary.f"),
    "instances": find_score("instance.f1@0.5"),
}


@small
@pytest.mark.parametrize("kind", ["fractions", "own value", "panoptic", "boundaries", "sweep", "instances", "tuples"])
def test_pooled_figures_are_those_of_sums_added_one_by_one(kind):
    rng = np.random.default_rng(5)
    own = Score(
        name="own", help="", paper="", sums=len, value=lambda added: added.numerators.sum() + 9 * len(added.keys)
    )
    sweep = Score(name="sweep", help="", paper="", sums=len, value=lambda added: added.jaccard)
    tuples = Score(name="tuples", help="", paper="", sums=len, value=lambda added: sum(added) / len(added))
    score = {**SCORES, "own value": own, "sweep": sweep, "tuples": tuples}[kind]
    made = {"own value": "fractions"}.get(kind, kind)
    sums = [[(float(rng.random()),) if kind == "tuples" else counts(rng, made) for _ in range(2)] for _ in range(6)]
    weights = rng.multinomial(6, np.full(6, 1 / 6), size=8)
    found = pooled_figure(score, sums)(weights)
    for row, along in zip(weights, found, strict=True):
        for member in range(2):
            added = None
            for times, picture in zip(row, sums, strict=True):
                for _ in range(times):
                    added = picture[member] if added is None else added + picture[member]
            assert along[member] == pytest.approx(score.value(added), rel=1e-12, nan_ok=True)
    assert adds_quickly(sums) == (kind != "tuples")
    assert FEWER < statistics.RESAMPLES


@small
def test_signed_rank_is_that_of_all_signs():
    differences = np.array([0.3, -0.1, 0.7, 0.2, 0.05, 0.9])
    ranks = scipy.stats.rankdata(np.abs(differences))
    reached = ranks[differences > 0].sum()
    drawn = np.array([ranks[np.array(signs)].sum() for signs in itertools.product([True, False], repeat=6)])
    p = min(1, 2 * min(np.mean(drawn >= reached), np.mean(drawn <= reached)))
    assert signed_rank(differences) == pytest.approx(p)
    assert signed_rank([0.0, *differences, 0.0]) == pytest.approx(p)  # zeros take part in nothing
    assert signed_rank([0.0, 0.0]) == 1.0
    assert signed_rank([0.3 - 0.2, 0.2 - 0.1, 0.5, 0.1 + 0.2 - 0.3]) == signed_rank([0.1, 0.1, 0.5])  # but for rounding
    assert math.isnan(signed_rank([]))
    assert signed_rank(np.r_[SKEWED, 0.0]) == scipy.stats.wilcoxon(SKEWED, method="approx").pvalue


@small
def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.5]), [0.04, 0.09, 0.09, 0.5])
    np.testing.assert_allclose(holm([0.6, math.nan, 0.02]), [0.6, math.nan, 0.04])
    assert holm([]).shape == (0,)


@small
def test_mean_ranks_by_hand():
    values = [[0.9, 0.5, 0.7, math.nan], [0.8, 0.5, 0.2, 0.9], [0.1, 0.4, 0.9, 0.9]]
    ranks, pictures = mean_ranks(values)
    np.testing.assert_allclose(ranks, [(1 + 1.5 + 2) / 3, (2 + 1.5 + 3) / 3, (3 + 3 + 1) / 3])
    assert pictures == 3
    lower, _ = mean_ranks(values, "lower")
    np.testing.assert_allclose(lower, 4 - ranks)
    ranks, _ = mean_ranks([[0.1 + 0.2], [0.3]])  # the same but for rounding
    assert ranks.tolist() == [1.5, 1.5]
    ranks, pictures = mean_ranks([[math.nan], [0.5]])
    assert np.isnan(ranks).all() and pictures == 0


@small
def test_median_seconds_by_hand():
    assert median_seconds([3.0, math.nan, 1.0]) == 3.0
    assert median_seconds([3.0, 1.0, 2.0]) == 2.0
    assert math.isnan(median_seconds([math.nan]))


@small
@pytest.mark.parametrize(("level", "resamples", "words"), [(1.0, 9, "level=1.0"), (0, 9, "level=0"), (0.9, -1, "=-1")])
def test_what_gives_no_interval_is_refused(level, resamples, words):
    with pytest.raises(ParameterError, match=words):
        check_resampling(level, resamples)
