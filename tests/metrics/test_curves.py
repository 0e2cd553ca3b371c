"""Scores of a data set from counts, worked out by hand and against the benchmark's loops written plainly."""

import itertools

import numpy as np
import pytest

from classicseg.errors import ParameterError
from classicseg.metrics.boundaries import BoundaryCounts
from classicseg.metrics.curves import boundary_summary


def f_of(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def plain_best(thresholds, precision, recall):
    """The benchmark's maxF: step by step, only a greater F replaces the best."""
    best = (thresholds[0], precision[0], recall[0], f_of(precision[0], recall[0]))
    for i in range(1, len(thresholds)):
        for step in range(100):
            d = step / 99
            t, p, r = (x[i] * d + x[i - 1] * (1 - d) for x in (thresholds, precision, recall))
            if f_of(p, r) > best[3]:
                best = (t, p, r, f_of(p, r))
    return best


def plain_area(precision, recall):
    """Precision at recall 0, 0.01, .., 1 on straight lines between measured points; the first of equal recalls."""
    points = {}
    for p, r in zip(precision, recall, strict=True):
        points.setdefault(r, p)
    if len(points) < 2:
        return 0.0
    known = sorted(points.items())
    area = 0.0
    for wanted in (k / 100 for k in range(101)):
        for (r0, p0), (r1, p1) in itertools.pairwise(known):
            if r0 <= wanted <= r1:
                area += 0.01 * (p0 + (p1 - p0) * (wanted - r0) / (r1 - r0))
                break
    return area


def drawn_counts(rng, pictures, thresholds):
    totals = rng.integers(1, 60, (pictures, thresholds, 2))
    totals[:, :, 0] = totals[:, :1, 0]
    hits = (totals * rng.random(totals.shape)).astype(int)
    return np.stack([hits[..., 0], totals[..., 0], hits[..., 1], totals[..., 1]], axis=-1)


@pytest.mark.small
@pytest.mark.parametrize("seed", range(8))
def test_equals_the_benchmark_s_loops(seed):
    rng = np.random.default_rng(seed)
    table = drawn_counts(rng, 4, 6)
    thresholds = np.sort(rng.random(6))
    found = boundary_summary(table, thresholds)
    pooled = table.sum(axis=0)
    recall, precision = pooled[:, 0] / pooled[:, 1], pooled[:, 2] / pooled[:, 3]
    assert np.allclose(found.recall, recall)
    assert np.allclose(found.precision, precision)
    assert np.allclose(found.f, [f_of(p, r) for p, r in zip(precision, recall, strict=True)])
    ods = (found.ods.threshold, found.ods.precision, found.ods.recall, found.ods.f)
    assert np.allclose(ods, plain_best(thresholds, precision, recall))
    assert found.ap == pytest.approx(plain_area(precision, recall))
    best = np.zeros(4, dtype=int)
    for counts, image in zip(table, found.images, strict=True):
        r, p = counts[:, 0] / counts[:, 1], counts[:, 2] / counts[:, 3]
        point = (image.threshold, image.precision, image.recall, image.f)
        assert np.allclose(point, plain_best(thresholds, p, r))
        best += counts[np.argmax([f_of(*rates) for rates in zip(p, r, strict=True)])]
    assert found.ois == BoundaryCounts(*best.tolist())


@pytest.mark.small
def test_a_curve_by_hand():
    # From precision 1/2, recall 1 (F 2/3) to precision 1, recall 1/4 (F 2/5). Between, at share d of the way,
    # F = 2 (1/2 + d/2) (1 - 3d/4) / (3/2 - d/4), greatest at d = 0.2845: of the steps, d = 28/99 is best.
    counts = [[BoundaryCounts(8, 8, 8, 16), BoundaryCounts(2, 8, 4, 4)]]
    found = boundary_summary(counts, [10, 20])
    assert np.allclose(found.f, [2 / 3, 2 / 5])
    d = 28 / 99
    assert found.ods.threshold == pytest.approx(10 + 10 * d)
    assert found.ods.precision == pytest.approx(1 / 2 + d / 2)
    assert found.ods.recall == pytest.approx(1 - 3 * d / 4)
    assert found.ods.f == pytest.approx(2 * (1 / 2 + d / 2) * (1 - 3 * d / 4) / (3 / 2 - d / 4))
    assert found.images == (found.ods,)
    assert found.ois == counts[0][0]  # measured thresholds only
    # 76 recalls from 0.25 to 1, precision falling from 1 to 0.5: 0.75 in the mean; below 0.25 nothing was measured.
    assert found.ap == pytest.approx(0.01 * 76 * 0.75)


@pytest.mark.small
def test_each_picture_has_its_own_best_scale():
    good, bad = BoundaryCounts(3, 4, 3, 4), BoundaryCounts(1, 4, 1, 8)
    found = boundary_summary([[good, bad], [bad, good]], [1, 2])
    assert found.ois == good + good
    assert [image.threshold for image in found.images] == [1, 2]
    assert found.ods.f < found.ois.f == 0.75
    assert found.f.tolist() == [(good + bad).f] * 2


@pytest.mark.small
def test_one_threshold_alone():
    one, other = BoundaryCounts(1, 4, 1, 2), BoundaryCounts(4, 4, 4, 4)
    found = boundary_summary([[one], [other]], [0.5])
    assert found.ois == one + other
    assert (found.ods.threshold, found.ods.f) == (0.5, (one + other).f)
    assert found.ap == 0
    assert [image.f for image in found.images] == [one.f, other.f]


@pytest.mark.small
def test_counts_without_boundaries_give_zero():
    found = boundary_summary([[BoundaryCounts(), BoundaryCounts()]], [0.1, 0.2])
    assert (found.ods.threshold, found.ods.f, found.ois, found.ap) == (0.1, 0, BoundaryCounts(), 0)


@pytest.mark.small
def test_perfect_from_nothing_to_all_has_the_greatest_area():
    counts = [[BoundaryCounts(4, 4, 4, 4), BoundaryCounts(0, 4, 1, 1)]]
    assert boundary_summary(counts, [0, 1]).ap == pytest.approx(1.01)


@pytest.mark.small
def test_arrays_and_dataclasses_say_the_same():
    table = drawn_counts(np.random.default_rng(1), 2, 3)
    nested = [[BoundaryCounts(*map(int, cell)) for cell in row] for row in table]
    one, other = boundary_summary(table, [1, 2, 3]), boundary_summary(nested, [1, 2, 3])
    assert (one.ods, one.ois, one.ap, one.images) == (other.ods, other.ois, other.ap, other.images)


@pytest.mark.small
def test_counts_and_thresholds_that_cannot_be_used_are_refused():
    one = BoundaryCounts(1, 2, 1, 2)
    for wrong in ([], [[]], [one], [[one], [one, one]], np.zeros((2, 3)), np.zeros((2, 3, 4)), [[(1, 2, 3)]]):
        with pytest.raises(ParameterError, match="counts of shape"):
            boundary_summary(wrong, [0.5])
    for wrong in ([[(3, 2, 1, 2)]], [[(1, 2, 3, 2)]], [[(-1, 2, 1, 2)]]):
        with pytest.raises(ParameterError, match="Check the order"):
            boundary_summary(wrong, [0.5])
    for wrong in ([0.5], [0.1, 0.2, 0.3], 0.5, [0.1, np.nan], ["a", "b"]):
        with pytest.raises(ParameterError, match="the counts have 2 a picture"):
            boundary_summary([[one, one]], wrong)
    for wrong in ([0.2, 0.1], [0.1, 0.1]):
        with pytest.raises(ParameterError, match="ascending"):
            boundary_summary([[one, one]], wrong)
