"""Counts of found objects: by hand, against a search through every matching, and by their properties."""

import math
from fractions import Fraction
from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.overlap import pixel_sets, true_regions, without

from classicseg.errors import ParameterError
from classicseg.metrics.contingency import contingency_table
from classicseg.metrics.instances import (
    TEN_THRESHOLDS,
    InstanceCounts,
    average_recall,
    dsb2018,
    instance_counts,
    instance_f1,
    instance_precision,
    instance_recall,
    sweep_counts,
)

pytestmark = pytest.mark.small


def row(*runs):
    """A label map of one row from (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs])[None]


def counts_of(found, truth, threshold, void=None, **options):
    counts = instance_counts(contingency_table(found, truth, void=void), threshold, **options)
    return counts.tp, counts.fp, counts.fn


# 1 has IoU 3/4 with 7, 2 has 1/2 with 8, 3 lies on background, 9 is missed.
TRUTH = row((7, 4), (8, 4), (0, 4), (9, 4))
FOUND = row((1, 3), (0, 1), (2, 2), (0, 2), (3, 2), (0, 6))


def test_counts_worked_out_by_hand():
    assert counts_of(FOUND, TRUTH, 0.5) == (2, 1, 1)
    assert counts_of(FOUND, TRUTH, 0.5, strict=True) == (1, 2, 2)
    assert counts_of(FOUND, TRUTH, 0.75) == (1, 2, 2)
    assert counts_of(FOUND, TRUTH, 0.8) == (0, 3, 3)
    table = contingency_table(FOUND, TRUTH)
    assert instance_precision(table) == instance_recall(table) == instance_f1(table) == 2 / 3
    assert instance_precision(table, threshold=0.6) == instance_recall(table, threshold=0.6) == 1 / 3
    assert instance_counts(table, 0.5).jaccard == 2 / 4


def test_averages_over_thresholds_worked_out_by_hand():
    # 3/4 lies above 0.5, 0.55, ..., 0.7 (five) and is at least 0.5, ..., 0.75 (six); 1/2 is at least 0.5, above none.
    table = contingency_table(FOUND, TRUTH)
    assert dsb2018(table) == pytest.approx(5 * (1 / 5) / 10, abs=1e-15)
    assert average_recall(table) == pytest.approx((2 / 3 + 5 * 1 / 3) / 10, abs=1e-15)


def test_the_example_of_stardist():
    # A square of 10 x 10, found 5 rows lower: IoU 50/150. StarDist gives one false and one missed at 0.5.
    truth = np.zeros((16, 16), int)
    truth[:10, :10] = 1
    found = np.roll(truth, 5, axis=0)
    assert counts_of(found, truth, 0.5) == (0, 1, 1)
    assert counts_of(found, truth, Fraction(1, 3)) == (1, 0, 0)
    assert counts_of(found, truth, Fraction(1, 3), strict=True) == (0, 1, 1)


@pytest.mark.parametrize("twentieths", range(10, 20))
def test_an_iou_exactly_at_a_threshold(twentieths):
    # Sums and ranges of floats give 0.6000000000000001 and the like.
    truth, found = row((1, 20)), row((1, twentieths), (0, 20 - twentieths))
    for threshold in (twentieths / 20, 0.5 + 0.05 * (twentieths - 10), np.arange(0.5, 1, 0.05)[twentieths - 10]):
        assert counts_of(found, truth, threshold) == (1, 0, 0)
        assert counts_of(found, truth, threshold, strict=True) == (0, 1, 1)
    table = contingency_table(found, truth)
    assert dsb2018(table) == pytest.approx((twentieths - 10) / 10, abs=1e-15)
    assert average_recall(table) == pytest.approx((twentieths - 9) / 10, abs=1e-15)


def test_one_half_twice_is_one_match():
    one_over_two, two_in_one = (row((1, 4)), row((1, 2), (2, 2))), (row((1, 2), (2, 2)), row((1, 4)))
    assert counts_of(*one_over_two, 0.5) == (1, 0, 1) and counts_of(*two_in_one, 0.5) == (1, 1, 0)
    assert counts_of(*one_over_two, 0.5, strict=True) == (0, 1, 2)
    assert average_recall(contingency_table(*one_over_two)) == pytest.approx(0.05, abs=1e-15)


def test_as_many_as_possible_are_matched_before_the_best():
    # 1 has IoU 8/12 with 7 and 2/11 with 8, 2 has 2/10 with 7: the best sum is that of 1 and 7 alone.
    truth, found = row((7, 10), (8, 3)), row((2, 2), (1, 10), (0, 1))
    assert counts_of(found, truth, 0.15) == (2, 0, 0)
    assert counts_of(found, truth, 0.19) == (1, 1, 1)


def test_of_matchings_of_one_size_the_greatest_sum_is_taken():
    # Both 1 (IoU 3/6) and 2 (2/6) reach 7 at 0.3. 1 is taken, and 2 is false: only half of its 4 pixels lie in void.
    # Were 2 taken, 1 would be excused, with 4 of its 7 pixels in void.
    truth, void = row((7, 6), (0, 6)), row((0, 6), (1, 6)).astype(bool)
    found = np.array([[1, 1, 1, 2, 2, 0, 1, 1, 1, 1, 2, 2]])
    assert counts_of(found, truth, 0.3, void=void) == (1, 1, 0)
    assert counts_of(np.where(found == 2, 1, np.where(found == 1, 2, 0)), truth, 0.3, void=void) == (1, 1, 0)


def test_background_of_either_side_is_no_segment():
    truth = row((0, 8), (1, 2))
    assert counts_of(row((0, 8), (1, 2)), truth, 0.5) == (1, 0, 0)
    assert counts_of(row((1, 8), (2, 2)), truth, 0.5) == (1, 1, 0)  # a background with a label is a false positive
    assert counts_of(row((0, 8), (1, 2)), truth, 0.5, kind="classes") == (2, 0, 0)
    assert counts_of(row((3, 4), (0, 4), (1, 2)), row((0, 6), (7, 2), (9, 2)), 0.5, kind="binary") == (2, 1, 0)
    assert counts_of(row((1, 4)), row((0, 4)), 0.5, kind="binary") == (1, 0, 0)


def test_void_takes_pixels_out_and_excuses_what_lies_in_it():
    truth = row((1, 4), (0, 6))
    void = row((0, 5), (1, 5)).astype(bool)
    assert counts_of(row((1, 8), (0, 2)), truth, 0.8, void=void) == (1, 0, 0)  # IoU 4/5, not 4/8
    assert counts_of(row((0, 4), (1, 2), (0, 4)), truth, 0.5, void=void) == (0, 1, 1)  # half of it in void: false
    assert counts_of(row((0, 4), (1, 3), (0, 3)), truth, 0.5, void=void) == (0, 0, 1)  # two thirds: excused
    assert counts_of(row((1, 10)), truth, 0.5, void=void) == (1, 0, 0)  # half in void, and matched
    assert counts_of(row((0, 6), (1, 4)), truth, 0.5, void=void) == (0, 0, 1)


def values_of(found, truth, void=None):
    table = contingency_table(found, truth, void=void)
    return [
        instance_precision(table), instance_recall(table), instance_f1(table), instance_counts(table, 0.5).jaccard,
        dsb2018(table), average_recall(table),
    ]  # fmt: skip


def test_where_a_side_has_no_segment():
    nothing, something, nan = row((0, 4)), row((1, 4)), math.nan
    np.testing.assert_equal(values_of(nothing, something), [0, 0, 0, 0, 0, 0])
    np.testing.assert_equal(values_of(something, nothing), [0, nan, 0, 0, 0, nan])
    np.testing.assert_equal(values_of(nothing, nothing), [nan] * 6)
    np.testing.assert_equal(values_of(something, something, void=np.ones((1, 4), bool)), [nan] * 6)


def test_counts_of_pictures_are_pooled():
    one, two = InstanceCounts(3, 1, 0), InstanceCounts(1, 0, 4)
    assert one + two == InstanceCounts(4, 1, 4) == sum([one, two], start=InstanceCounts())
    assert (one + two).precision == 4 / 5 and (one + two).recall == 1 / 2
    sweep = sweep_counts(contingency_table(FOUND, TRUTH)) + sweep_counts(contingency_table(TRUTH, TRUTH))
    assert [each.tp for each in sweep.counts] == [5] + [4] * 5 + [3] * 4
    assert sweep.recall == pytest.approx((5 + 5 * 4 + 4 * 3) / 6 / 10, abs=1e-15)
    # The first has 3 segments on both sides, the second 3 as well: TP + FP + FN = 12 - TP.
    assert sweep.jaccard == pytest.approx((5 / 7 + 5 * 4 / 8 + 4 * 3 / 9) / 10, abs=1e-15)


def best_matching(ious, threshold, strict):
    """(pairs, sum of IoUs, rows) of the best one-to-one matching, by trying every one of them."""

    def search(rows, free):
        if not rows:
            return 0, Fraction(0), ()
        row_of, rest = rows[0], rows[1:]
        best = search(rest, free)
        for column in sorted(free):
            value = ious[row_of, column]
            if value > threshold or (value == threshold and not strict and value):
                size, total, others = search(rest, free - {column})
                if (size + 1, total + value) > best[:2]:
                    best = (size + 1, total + value, (row_of, *others))
        return best

    return search(sorted({row for row, _ in ious}), frozenset(column for _, column in ious))


def counts_by_search(found, truth, threshold, kind, strict, void):
    predicted, true = pixel_sets(found), true_regions(pixel_sets(truth), kind)
    if kind == "instances":
        predicted.pop(0, None)
    kept, true = without(predicted, void), without(true, void)
    ious = {(p, t): Fraction(len(kept[p] & true[t]), len(kept[p] | true[t])) for p in kept for t in true}
    size, _, matched = best_matching(ious, threshold, strict)
    false = [p for p in kept if p not in matched and 2 * len(predicted[p] & void) <= len(predicted[p])]
    return size, len(false), len(true) - size


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["instances", "classes", "binary"])
def test_counts_are_those_of_a_search_through_every_matching(seed, kind):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.repeat(rng.integers(0, 5, (2, 4)), 4, axis=0), 3, axis=1)
    found = np.where(rng.random(truth.shape) < 0.3, rng.integers(0, 5, truth.shape), np.roll(truth, seed % 3, axis=1))
    void = rng.random(truth.shape) < (0.6 if seed % 2 else 0)
    void[:, :3] = seed % 2
    pixels = set(zip(*(side.tolist() for side in np.nonzero(void)), strict=True))
    for threshold in (Fraction(1, 50), Fraction(1, 10), Fraction(1, 4), Fraction(1, 2), Fraction(3, 5)):
        for strict in (False, True):
            expected = counts_by_search(found, truth, threshold, kind, strict, pixels)
            assert counts_of(found, truth, threshold, void=void, kind=kind, strict=strict) == expected


LABEL_MAPS = st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=3, max_size=3).map(np.array)


@given(LABEL_MAPS, LABEL_MAPS)
def test_what_holds_for_all_label_maps(found, truth):
    table, turned = contingency_table(found, truth), contingency_table(truth, found)
    at_half = instance_counts(table, 0.5)
    assert at_half.tp + at_half.fp == np.sum(table.predicted != 0) and at_half.tp + at_half.fn == np.sum(
        table.true != 0
    )
    swapped = instance_counts(turned, 0.5)
    assert (swapped.tp, swapped.fp, swapped.fn) == (at_half.tp, at_half.fn, at_half.fp)
    right = [each.tp for each in sweep_counts(table).counts]
    assert right == sorted(right, reverse=True)
    assert right == [instance_counts(table, threshold).tp for threshold in TEN_THRESHOLDS]
    perfect = instance_counts(contingency_table(truth, truth), 1.0)
    assert (perfect.fp, perfect.fn) == (0, 0)


@pytest.mark.parametrize("threshold", [0, 0.0, -0.5, 1.01, math.nan, math.inf, True, "0.5", None, 1e-9])
def test_thresholds_that_are_refused(threshold):
    with pytest.raises(ParameterError, match=r"threshold=.* is not allowed.*0 < threshold <= 1.*Give 0.5"):
        instance_counts(contingency_table(FOUND, TRUTH), threshold)


def test_strict_thresholds_reach_from_0_to_below_1():
    table = contingency_table(FOUND, TRUTH)
    assert instance_counts(table, 0, strict=True).tp == 2
    with pytest.raises(ParameterError, match="0 <= threshold < 1 where strict"):
        instance_counts(table, 1.0, strict=True)


@pytest.mark.parametrize("score", [instance_precision, instance_recall, instance_f1, dsb2018, average_recall])
def test_an_unknown_kind_is_refused(score):
    with pytest.raises(ParameterError, match="kind='things' is not allowed"):
        score(contingency_table(FOUND, TRUTH), kind="things")


def test_figures_made_of_counts():
    assert {name: attrgetter(name)(InstanceCounts(1, 1, 2)) for name in ("precision", "recall", "f1", "jaccard")} == {
        "precision": 1 / 2, "recall": 1 / 3, "f1": 2 / 5, "jaccard": 1 / 4,
    }  # fmt: skip
