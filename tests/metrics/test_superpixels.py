"""Undersegmentation errors and achievable accuracy: by hand, against sets of pixels, and as the papers relate them."""

import math

import numpy as np
import pytest
from reference import partitions as plain

from classicseg.metrics import contingency_table
from classicseg.metrics.superpixels import (
    achanta_error,
    achievable_accuracy_fractions,
    bergh_error,
    levinshtein_error,
    neubert_protzel_error,
)

pytestmark = pytest.mark.small

ERRORS = (bergh_error, neubert_protzel_error, achanta_error, levinshtein_error)


def test_a_picture_worked_out_by_hand():
    # Segment 1: 3 pixels, 2 in A and 1 in B; segment 2: 3 pixels, all in B.
    table = contingency_table([[1, 1, 1, 2, 2, 2]], [[0, 0, 4, 4, 4, 4]])
    assert [error(table) for error in ERRORS] == pytest.approx([1 / 6, 2 / 6, (3 + 3 + 3 - 6) / 6, (1 / 2 + 2 / 4) / 2])
    assert achievable_accuracy_fractions(table).value == 5 / 6


@pytest.mark.parametrize("seed", range(4))
def test_sets_of_pixels_agree(seed):
    rng = np.random.default_rng(seed)
    prediction, truth = rng.integers(0, 6, (9, 12)), rng.integers(0, 3, (9, 12))
    prediction[:7, :10] = rng.integers(0, 2)  # a large segment, of which some regions have less than a twentieth
    table = contingency_table(prediction, truth)
    found = [error(table) for error in ERRORS]
    assert found == pytest.approx(
        plain.undersegmentation(prediction.ravel().tolist(), truth.ravel().tolist()), abs=1e-13
    )
    assert achievable_accuracy_fractions(table).value == pytest.approx(1 - found[0], abs=1e-15)


def test_a_leak_below_a_twentieth_costs_nothing_under_achantas_rule():
    prediction = np.ones((1, 40), dtype=int)
    truth = np.repeat([0, 1], [39, 1])[None]
    table = contingency_table(prediction, truth)
    assert achanta_error(table) == 0
    assert bergh_error(table) == 1 / 40
    assert levinshtein_error(table) == pytest.approx((1 / 39 + 39) / 2)
    at_a_twentieth = contingency_table(np.ones((1, 20), dtype=int), np.repeat([0, 1], [19, 1])[None])
    assert achanta_error(at_a_twentieth) == 0  # the paper asks for more than a twentieth


def test_segments_within_regions_have_no_error_and_an_empty_table_no_score():
    table = contingency_table([[1, 2, 3, 3]], [[0, 0, 8, 8]])
    assert [error(table) for error in ERRORS] == [0, 0, 0, 0]
    assert achievable_accuracy_fractions(table).value == 1
    nothing = contingency_table([[1]], [[1]], void=[[True]])
    assert all(math.isnan(error(nothing)) for error in ERRORS)
    assert math.isnan(achievable_accuracy_fractions(nothing).value)


def test_background_of_instances_is_a_region_and_binary_truths_have_two():
    prediction, truth = [[1, 1, 1, 2]], [[0, 5, 6, 6]]
    table = contingency_table(prediction, truth)
    assert bergh_error(table, kind="instances") == bergh_error(table) == 2 / 4
    assert bergh_error(table, kind="binary") == 1 / 4
