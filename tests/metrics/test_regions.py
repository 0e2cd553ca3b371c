"""Rand and information scores: by hand, against plain twins, and against scikit-learn and scikit-image."""

import math

import numpy as np
import pytest
from reference import partitions as plain
from skimage.metrics import adapted_rand_error as skimage_adapted
from skimage.metrics import variation_of_information as skimage_vi
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, rand_score

from classicseg.metrics import TRUTH_KINDS, contingency_table
from classicseg.metrics.regions import (
    adapted_rand_error,
    adjusted_rand_index,
    merge_information,
    normalised_mutual_information,
    rand_index,
    split_information,
    variation_of_information,
)

pytestmark = pytest.mark.small

EVERY = (
    adapted_rand_error,
    adjusted_rand_index,
    merge_information,
    normalised_mutual_information,
    rand_index,
    split_information,
    variation_of_information,
)
HIGHER = (adjusted_rand_index, normalised_mutual_information, rand_index)
# Two halves of four pixels in the truth; the prediction cuts off one pixel and joins it with nothing.
TRUTH = np.array([[1, 1, 1, 1], [2, 2, 2, 2]])
PREDICTION = np.array([[1, 1, 1, 1], [2, 2, 2, 3]])


def random_pair(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (7, 9)), rng.integers(0, 3, (7, 9))


def test_a_picture_worked_out_by_hand():
    # 28 pairs: 12 together in the truth, 6 + 3 in the prediction, all 9 of them rightly; 3 pairs disagree.
    table = contingency_table(PREDICTION, TRUTH)
    assert rand_index(table) == 25 / 28
    assert adapted_rand_error(table) == pytest.approx(1 - 2 * 9 / (9 + 12), abs=1e-15)
    expected = 12 * 9 / 28
    assert adjusted_rand_index(table) == pytest.approx((9 - expected) / ((12 + 9) / 2 - expected), abs=1e-15)
    # Over-segmentation alone: half of the pixels have the entropy of (3/4, 1/4).
    split = 0.5 * (0.75 * math.log2(4 / 3) + 0.25 * 2)
    assert split_information(table) == pytest.approx(split, abs=1e-15)
    assert merge_information(table) == 0
    assert variation_of_information(table) == pytest.approx(split, abs=1e-15)
    assert normalised_mutual_information(table) == pytest.approx(2 * 1 / (1 + 1 + split), abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_the_plain_twins_agree(seed):
    prediction, truth = random_pair(seed)
    table = contingency_table(prediction, truth)
    flat = prediction.ravel().tolist(), truth.ravel().tolist()
    assert rand_index(table) == pytest.approx(plain.rand_index(*flat), abs=1e-15)
    assert adapted_rand_error(table) == pytest.approx(plain.adapted_rand_error(*flat), abs=1e-14)
    assert split_information(table) == pytest.approx(plain.conditional_entropy(*flat), abs=1e-13)
    assert merge_information(table) == pytest.approx(plain.conditional_entropy(*flat[::-1]), abs=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_and_scikit_image_agree(seed):
    prediction, truth = random_pair(seed)
    table = contingency_table(prediction, truth)
    flat = truth.ravel(), prediction.ravel()
    assert rand_index(table) == pytest.approx(rand_score(*flat), abs=1e-14)
    assert adjusted_rand_index(table) == pytest.approx(adjusted_rand_score(*flat), abs=1e-14)
    assert normalised_mutual_information(table) == pytest.approx(normalized_mutual_info_score(*flat), abs=1e-12)
    under, over = skimage_vi(truth, prediction)
    # scikit-image names H(second | first) first: what it gives first is over-segmentation of the first picture
    assert sorted((under, over)) == pytest.approx(
        sorted((split_information(table), merge_information(table))), abs=1e-12
    )
    error = skimage_adapted(truth, prediction, ignore_labels=())[0]
    assert adapted_rand_error(table) == pytest.approx(error, abs=1e-12)
    without_background = skimage_adapted(truth, prediction, ignore_labels=(0,))[0]
    assert adapted_rand_error(table, kind="instances") == pytest.approx(without_background, abs=1e-12)


@pytest.mark.parametrize("function", EVERY, ids=lambda f: f.__name__)
def test_labels_mean_nothing_and_sides_can_be_named_anew(function):
    prediction, truth = random_pair(11)
    renamed = np.array([7, -3, 100, 0])[prediction]
    assert function(contingency_table(renamed, truth + 5)) == function(contingency_table(prediction, truth))


@pytest.mark.parametrize("kind", TRUTH_KINDS)
@pytest.mark.parametrize("function", EVERY, ids=lambda f: f.__name__)
def test_the_best_value_belongs_to_the_truth_itself(function, kind):
    truth = random_pair(12)[1]
    prediction = truth > 0 if kind == "binary" else truth
    best = 1 if function in HIGHER else 0
    assert function(contingency_table(prediction, truth), kind=kind) == pytest.approx(best)


def test_a_binary_truth_has_two_regions_whatever_its_values():
    prediction, truth = random_pair(13)
    for function in EVERY:
        two = function(contingency_table(prediction, (truth > 0).astype(int)))
        assert function(contingency_table(prediction, truth), kind="binary") == two
        assert function(contingency_table(prediction, truth)) != two


def test_void_and_mask_are_left_out():
    prediction, truth = random_pair(14)
    void = np.random.default_rng(0).random(truth.shape) < 0.4
    table = contingency_table(prediction, truth, void=void)
    flat = prediction[~void].tolist(), truth[~void].tolist()
    assert rand_index(table) == pytest.approx(plain.rand_index(*flat), abs=1e-15)
    assert split_information(table) == pytest.approx(plain.conditional_entropy(*flat), abs=1e-13)


def test_what_is_not_defined_is_nan_and_trivial_agreement_is_perfect():
    nothing = contingency_table([[1]], [[1]], mask=[[False]])
    assert all(math.isnan(function(nothing)) for function in EVERY)
    one_pixel = contingency_table([[1]], [[1]])
    assert math.isnan(rand_index(one_pixel)) and math.isnan(adjusted_rand_index(one_pixel))
    assert variation_of_information(one_pixel) == 0
    one_region = contingency_table([[4, 4]], [[9, 9]])
    assert rand_index(one_region) == adjusted_rand_index(one_region) == normalised_mutual_information(one_region) == 1
    a_region_a_pixel = contingency_table([[1, 2]], [[3, 4]])
    assert adjusted_rand_index(a_region_a_pixel) == normalised_mutual_information(a_region_a_pixel) == 1
    assert math.isnan(adapted_rand_error(a_region_a_pixel))
    assert math.isnan(adapted_rand_error(contingency_table([[1, 1]], [[0, 0]]), kind="instances"))


def test_chance_has_an_adjusted_index_of_nearly_nothing():
    rng = np.random.default_rng(3)
    values = [adjusted_rand_index(contingency_table(*rng.integers(0, 3, (2, 16, 16)))) for _ in range(50)]
    assert abs(np.mean(values)) < 0.005


def test_great_areas_do_not_overflow():
    from classicseg.metrics.contingency import ContingencyTable

    areas = np.array([2**31, 2**31])
    index = np.array([0, 1])
    table = ContingencyTable(index, index, index, index, areas, areas, areas)
    assert rand_index(table) == adjusted_rand_index(table) == 1
