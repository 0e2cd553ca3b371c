"""IoU under each protocol: by hand, against a plain twin, against scikit-learn and SciPy, and by its properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import overlap as plain

from classicseg.errors import ParameterError
from classicseg.metrics import TRUTH_KINDS, contingency_table
from classicseg.metrics.overlap import best_overlap_iou, covering, foreground_iou, hungarian_iou, majority_iou

pytestmark = pytest.mark.small

REGION_SCORES = {
    hungarian_iou: plain.hungarian,
    majority_iou: plain.majority,
    best_overlap_iou: plain.best_overlap,
    covering: plain.covering,
}

# The true regions are A (0): the left column and more, 6 pixels; B (1): 6; C (2): 4.
TRUTH = np.array([[0, 0, 1, 1],
                  [0, 0, 1, 1],
                  [0, 2, 2, 1],
                  [0, 2, 2, 1]])  # fmt: skip
PREDICTION = np.array([[5, 5, 5, 7],
                       [5, 5, 5, 7],
                       [5, 5, 8, 7],
                       [5, 5, 8, 7]])  # fmt: skip


def test_the_scores_of_a_picture_worked_out_by_hand():
    # 5 (10 pixels) shares 6 with A, 2 with B, 2 with C; 7 (4) shares 4 with B; 8 (2) shares 2 with C.
    # IoU: A5 = 6/10; B5 = 2/14, B7 = 4/6; C5 = 2/12, C8 = 2/4. Each true region has its own best partner.
    table = contingency_table(PREDICTION, TRUTH)
    assert hungarian_iou(table) == pytest.approx((6 / 10 + 4 / 6 + 2 / 4) / 3, abs=1e-15)
    assert best_overlap_iou(table) == pytest.approx((6 / 10 + 4 / 6 + 2 / 4) / 3, abs=1e-15)
    assert covering(table) == pytest.approx((6 * 6 / 10 + 6 * 4 / 6 + 4 * 2 / 4) / 16, abs=1e-15)
    assert majority_iou(table) == pytest.approx((6 / 10 + 4 / 6 + 2 / 4) / 3, abs=1e-15)


def test_instances_worked_out_by_hand():
    # Background is no region: B and C remain; 5 goes to the background, with which it shares most.
    table = contingency_table(PREDICTION, TRUTH)
    assert hungarian_iou(table, kind="instances") == pytest.approx((4 / 6 + 2 / 4) / 2, abs=1e-15)
    assert best_overlap_iou(table, kind="instances") == pytest.approx((4 / 6 + 2 / 4) / 2, abs=1e-15)
    assert covering(table, kind="instances") == pytest.approx((6 * 4 / 6 + 4 * 2 / 4) / 10, abs=1e-15)
    assert majority_iou(table, kind="instances") == pytest.approx((4 / 6 + 2 / 4) / 2, abs=1e-15)


def test_a_binary_truth_worked_out_by_hand():
    # Background A (6 pixels) and foreground B + C (10): 5 has IoU 6/10 with A and 4/16 with the rest, 7 4/10, 8 2/10.
    table = contingency_table(PREDICTION, TRUTH)
    assert hungarian_iou(table, kind="binary") == pytest.approx((6 / 10 + 4 / 10) / 2, abs=1e-15)
    assert covering(table, kind="binary") == pytest.approx((6 * 6 / 10 + 10 * 4 / 10) / 16, abs=1e-15)
    assert majority_iou(table, kind="binary") == pytest.approx((6 / 10 + 6 / 10) / 2, abs=1e-15)


def test_one_segment_serves_one_region_only_where_the_assignment_is_one_to_one():
    table = contingency_table(np.ones((4, 4), int), TRUTH)  # IoU with A, B, C: 6/16, 6/16, 4/16
    assert hungarian_iou(table) == pytest.approx(6 / 16 / 3, abs=1e-15)
    assert best_overlap_iou(table) == pytest.approx(16 / 16 / 3, abs=1e-15)
    assert majority_iou(table) == pytest.approx(
        6 / 16 / 3, abs=1e-15
    )  # the tie goes to the lowest class; B and C get 0


def test_the_assignment_is_the_best_in_total_and_not_greedy():
    prediction = np.array([[1, 1, 1, 1, 2, 2, 1]])
    truth = np.array([[0, 0, 0, 0, 0, 0, 9]])
    # Alone, (1, 0) with 4/7 beats (2, 0) with 2/6; together with (1, 9) at 1/5 it does not.
    assert hungarian_iou(contingency_table(prediction, truth)) == pytest.approx(
        max(4 / 7, 2 / 6 + 1 / 5) / 2, abs=1e-15
    )


def test_ties_of_the_majority_go_to_the_lowest_true_label():
    # Segment 4 covers one pixel each of 3, 7 and 9, and takes 3: IoU 1/3. 7 is left with 5, and 9 with 6: IoU 1/2 each.
    table = contingency_table(np.array([[4, 4, 4, 5, 6]]), np.array([[9, 7, 3, 7, 9]]))
    assert majority_iou(table) == pytest.approx((1 / 3 + 1 / 2 + 1 / 2) / 3, abs=1e-15)


def test_majority_equals_the_mean_jaccard_score_of_scikit_learn_after_the_assignment():
    from sklearn.metrics import jaccard_score

    rng = np.random.default_rng(3)
    truth = np.kron(rng.integers(1, 5, (4, 4)), np.ones((4, 4), int))
    segments = np.arange(1, 65).reshape(8, 8).repeat(2, axis=0).repeat(2, axis=1)
    shifted = np.roll(segments, 1, axis=1)
    assigned = np.zeros_like(truth)
    for segment in np.unique(shifted):
        inside = shifted == segment
        assigned[inside] = np.bincount(truth[inside]).argmax()  # argmax: the lowest of equals
    expected = jaccard_score(truth.ravel(), assigned.ravel(), average="macro")
    assert majority_iou(contingency_table(shifted, truth)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("foreground", "inside"),
    [("nonzero", {1, 2, 3}), ("bright", {3}), ("dark", {0}), (2, {2}), (np.int32(1), {1}), (0, {0}), (77, set())],
)
def test_foreground_equals_scikit_learn_for_every_way_to_say_it(foreground, inside):
    from sklearn.metrics import jaccard_score

    rng = np.random.default_rng(8)
    prediction, truth = rng.integers(0, 4, (8, 8)), rng.integers(0, 3, (8, 8))
    expected = jaccard_score(truth.ravel() > 0, np.isin(prediction.ravel(), list(inside)))
    table = contingency_table(prediction, truth)
    assert foreground_iou(table, foreground=foreground) == pytest.approx(expected, abs=1e-12)


def test_foreground_of_classes_without_a_zero():
    prediction, truth = np.array([[1, 1, 2, 4]]), np.array([[1, 0, 0, 1]])
    table = contingency_table(prediction, truth)
    assert foreground_iou(table, foreground="dark") == pytest.approx(1 / 3)
    assert foreground_iou(table, foreground="bright") == pytest.approx(1 / 2)
    assert foreground_iou(table, foreground="nonzero") == pytest.approx(2 / 4)


def test_an_empty_threshold_has_nothing_bright():
    table = contingency_table(np.zeros((2, 2), int), np.array([[0, 1], [0, 0]]))
    assert foreground_iou(table, foreground="bright") == 0
    assert foreground_iou(table, foreground="nonzero") == 0
    assert foreground_iou(table, foreground="dark") == 1 / 4


def test_nothing_to_find_and_nothing_found_is_no_score():
    empty = np.zeros((2, 3), int)
    assert math.isnan(foreground_iou(contingency_table(empty, empty)))
    assert foreground_iou(contingency_table(empty + 1, empty)) == 0  # something found where nothing is
    for function in REGION_SCORES:
        assert math.isnan(function(contingency_table(empty + 1, empty), kind="instances"))
        assert function(contingency_table(empty + 1, empty), kind="classes") == 1


@pytest.mark.parametrize("kind", TRUTH_KINDS)
def test_no_pixel_that_counts_is_no_score(kind):
    table = contingency_table(PREDICTION, TRUTH, void=np.ones(TRUTH.shape, bool))
    for function in REGION_SCORES:
        assert math.isnan(function(table, kind=kind))
    for foreground in ("nonzero", "bright", "dark", 1):
        assert math.isnan(foreground_iou(table, foreground=foreground))


def test_values_that_are_not_allowed_are_refused():
    table = contingency_table(PREDICTION, TRUTH)
    for function in REGION_SCORES:
        with pytest.raises(ParameterError, match=r"'objects'.*'binary' .*'classes' .*'instances'"):
            function(table, kind="objects")
    for foreground in ("light", True, 1.0, None):
        with pytest.raises(ParameterError, match=r"'nonzero', 'bright', 'dark', or an integer"):
            foreground_iou(table, foreground=foreground)


@st.composite
def pairs_of_maps(draw, predicted=4, true=4):
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (height, width)
    return rng.integers(0, draw(st.integers(1, predicted)), shape), rng.integers(0, draw(st.integers(1, true)), shape)


@given(pairs_of_maps(), st.sampled_from(TRUTH_KINDS))
@settings(max_examples=60, deadline=None)
def test_every_score_equals_the_plain_twin_and_lies_in_its_range(maps, kind):
    table = contingency_table(*maps)
    sets = [plain.pixel_sets(labels) for labels in maps]
    for function, twin in REGION_SCORES.items():
        value = function(table, kind=kind)
        assert value == pytest.approx(twin(*sets, kind), abs=1e-12, nan_ok=True), function.__name__
        assert math.isnan(value) or 0 <= value <= 1
    expected = plain.foreground(*sets, set(sets[0]) - {0})
    assert foreground_iou(table) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(pairs_of_maps(), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_void_is_as_if_the_pixels_were_not_there(maps, seed):
    void = np.random.default_rng(seed).random(maps[0].shape) < 0.3
    pixels = {(int(i), int(j)) for i, j in np.argwhere(void)}
    sets = [plain.without(plain.pixel_sets(labels), pixels) for labels in maps]
    table = contingency_table(*maps, void=void)
    for function, twin in REGION_SCORES.items():
        assert function(table) == pytest.approx(twin(*sets, "classes"), abs=1e-12, nan_ok=True), function.__name__


@given(pairs_of_maps(predicted=9, true=9), st.permutations(range(9)), st.permutations(range(9)))
@settings(max_examples=40, deadline=None)
def test_the_numbers_of_the_labels_do_not_matter(maps, predicted_numbers, true_numbers):
    table = contingency_table(*maps)
    other = contingency_table(np.array(predicted_numbers)[maps[0]] * 1001, np.array(true_numbers)[maps[1]] - 4)
    for function in (hungarian_iou, best_overlap_iou, covering):
        assert function(other) == pytest.approx(function(table), abs=1e-12)


@given(pairs_of_maps(true=9), st.sampled_from(TRUTH_KINDS))
@settings(max_examples=40, deadline=None)
def test_the_truth_itself_scores_one(maps, kind):
    truth = maps[1]
    perfect = contingency_table(truth > 0 if kind == "binary" else truth * 3 + 1, truth)
    for function in REGION_SCORES:
        value = function(perfect, kind=kind)
        assert value == 1 or (math.isnan(value) and kind == "instances" and not truth.any())


@given(pairs_of_maps(predicted=9, true=9), st.sampled_from(TRUTH_KINDS))
@settings(max_examples=40, deadline=None)
def test_one_to_one_never_beats_the_best_overlap_and_single_pixels_reach_the_oracles_top(maps, kind):
    table = contingency_table(*maps)
    if not math.isnan(hungarian_iou(table, kind=kind)):
        assert hungarian_iou(table, kind=kind) <= best_overlap_iou(table, kind=kind) + 1e-12
        pixels = np.arange(maps[1].size).reshape(maps[1].shape)
        assert majority_iou(contingency_table(pixels, maps[1]), kind=kind) == 1


@pytest.mark.parametrize(("predicted", "true"), [(40, 12), (12, 40), (30, 30)])
def test_the_assignment_of_many_regions_has_the_total_that_scipy_finds_on_the_dense_matrix(predicted, true):
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(predicted)
    prediction, truth = rng.integers(0, predicted, (16, 16)), rng.integers(0, true, (16, 16))
    table = contingency_table(prediction, truth)
    common = np.array([[np.sum((prediction == p) & (truth == t)) for t in table.true] for p in table.predicted])
    either = np.array([[np.sum((prediction == p) | (truth == t)) for t in table.true] for p in table.predicted])
    iou = common / either
    expected = iou[linear_sum_assignment(iou, maximize=True)].sum() / len(table.true)
    assert hungarian_iou(table) == pytest.approx(expected, abs=1e-12)
