"""Pixel accuracy, Dice and class IoU: by hand, against scikit-learn, and what absent and void classes do."""

import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import accuracy_score, f1_score, jaccard_score

from classicseg.metrics import contingency_table, score
from classicseg.metrics.accuracy import (
    class_accuracy_fractions,
    class_dice_fractions,
    class_iou,
    class_iou_fractions,
    foreground_accuracy_fractions,
    foreground_dice_fractions,
    hungarian_accuracy_fractions,
)

pytestmark = pytest.mark.small

PREDICTION = np.array([[0, 0, 1, 1], [0, 3, 1, 1]])
TRUTH = np.array([[0, 0, 0, 1], [0, 2, 2, 1]])


def random_pair(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 5, (8, 9)), rng.integers(0, 4, (8, 9))


def test_classes_worked_out_by_hand():
    # Class 0: 3 common of 4; class 1: 2 of 4; class 2: none of 2; class 3: none of 1.
    table = contingency_table(PREDICTION, TRUTH)
    assert class_iou(table) == {0: 3 / 4, 1: 2 / 4, 2: 0.0, 3: 0.0}
    assert class_iou_fractions(table).value == (3 / 4 + 2 / 4) / 4
    assert class_dice_fractions(table).quotients == {0: 6 / 7, 1: 4 / 6, 2: 0.0, 3: 0.0}
    assert class_accuracy_fractions(table).value == 5 / 8
    assert hungarian_accuracy_fractions(table).value == 6 / 8  # 0-0, 1-1, 3-2


def test_the_foreground_worked_out_by_hand():
    # 5 predicted, 4 true, 4 common, of 8 pixels.
    table = contingency_table(PREDICTION, TRUTH)
    assert foreground_dice_fractions(table).value == 8 / 9
    assert foreground_accuracy_fractions(table).value == 7 / 8
    assert foreground_dice_fractions(table, foreground=1).value == 2 * 3 / (4 + 4)


@pytest.mark.parametrize("seed", range(4))
def test_scikit_learn_agrees(seed):
    prediction, truth = random_pair(seed)
    table = contingency_table(prediction, truth)
    flat = truth.ravel(), prediction.ravel()
    options = {"average": "macro", "zero_division": 0}
    assert class_iou_fractions(table).value == pytest.approx(jaccard_score(*flat, **options), abs=1e-14)
    assert class_dice_fractions(table).value == pytest.approx(f1_score(*flat, **options), abs=1e-14)
    assert class_accuracy_fractions(table).value == accuracy_score(*flat)
    binary = truth.ravel() > 0, prediction.ravel() > 0
    assert foreground_dice_fractions(table).value == pytest.approx(f1_score(*binary), abs=1e-14)
    assert foreground_accuracy_fractions(table).value == accuracy_score(*binary)
    dense = table.dense()
    assert hungarian_accuracy_fractions(table).value == dense[linear_sum_assignment(-dense)].sum() / truth.size


def test_a_class_that_neither_has_is_left_out_and_void_is_nowhere():
    truth = np.where(TRUTH == 1, 255, TRUTH)
    void = truth == 255
    table = contingency_table(PREDICTION, truth, void=void)
    assert class_iou(table) == {0: 3 / 4, 1: 0.0, 2: 0.0, 3: 0.0}  # 1 is predicted outside void too
    assert 255 not in class_iou(contingency_table(truth, truth, void=void))
    assert class_iou_fractions(contingency_table(truth, truth, void=void)).value == 1


def test_pooled_class_iou_is_that_of_all_pixels_and_not_the_mean():
    pairs = [random_pair(seed) for seed in range(3)] + [(np.full((2, 2), 9), np.full((2, 2), 9))]
    pooled = class_iou_fractions(contingency_table(*pairs[0]))
    for prediction, truth in pairs[1:]:
        pooled = pooled + class_iou_fractions(contingency_table(prediction, truth))
    everything = [np.concatenate([pair[side].ravel() for pair in pairs])[None] for side in (0, 1)]
    whole = contingency_table(*everything)
    assert pooled.quotients == class_iou(whole)
    dice = class_dice_fractions(contingency_table(*pairs[0])) + class_dice_fractions(contingency_table(*pairs[-1]))
    assert dice.keys.tolist() == [*range(5), 9]
    assert pooled.value != pytest.approx(np.mean([score(*pair, "iou.classes") for pair in pairs]), abs=0.01)


def test_what_is_not_defined_is_nan():
    nothing = contingency_table([[1]], [[1]], mask=[[False]])
    for function in (class_iou_fractions, class_dice_fractions, class_accuracy_fractions, hungarian_accuracy_fractions):
        assert math.isnan(function(nothing).value)
    no_foreground = contingency_table([[0, 0]], [[0, 0]])
    assert math.isnan(foreground_dice_fractions(no_foreground).value)
    assert foreground_accuracy_fractions(no_foreground).value == 1
