"""The fits of `benchmarks.fitting`, on models whose numbers are known."""

import numpy as np
import pytest

from benchmarks.fitting.cues import crests, regression
from benchmarks.fitting.rule import Quality, centred, search, stepped
from classicseg.merging import MergingRule

RULE = MergingRule(
    strength_power=0.4, color=0.01, color_scale=6.0, colors=0.2, texture=0.1,
    small_power=0.05, large_power=0.02, shared_power=-0.03, spread_power=0.04, scale=0.6,
)  # fmt: skip


def test_steps_keep_signs_and_leave_the_scale():
    other = stepped(RULE, 0.5, np.random.default_rng(0))
    assert other != RULE and other.scale == RULE.scale
    assert other.shared_power < 0 < min(other.strength_power, other.colors, other.spread_power)


def test_the_scale_puts_the_best_altitude_at_one_half():
    unlikeness = 0.6 * 0.25 / 0.75  # what had the altitude 0.25
    scale = centred(RULE, Quality(0.6, 0.7, 0.7, altitude=0.25)).scale
    assert unlikeness / (unlikeness + scale) == pytest.approx(0.5)


def test_the_search_finds_a_hill_top():
    def hill(rule):
        return Quality(0.6 - (rule.colors - 0.3) ** 2, 0.7, 0.7 - (rule.texture - 0.05) ** 2, altitude=0.5)

    found = search(hill, RULE, 300, np.random.default_rng(0))
    assert found.colors == pytest.approx(0.3, abs=0.02) and found.texture == pytest.approx(0.05, abs=0.02)
    assert found.scale == RULE.scale


def test_weights_of_a_logistic_model_are_found_and_none_is_negative():
    generator = np.random.default_rng(0)
    values = generator.random((20_000, 3))
    weights = regression(values, 1 / (1 + np.exp(1 - values @ [2.0, 0.5, -1.0])))
    without = regression(values[:, :2], 1 / (1 + np.exp(1.5 - values[:, :2] @ [2.0, 0.5])))
    assert weights[2] == 0 and weights[0] > weights[1] > 0
    np.testing.assert_allclose(without, [2.0, 0.5], atol=0.01)


def test_crests_are_thin_lines_across_the_edge():
    oriented = np.zeros((8, 9, 11))
    oriented[4] = np.minimum(np.arange(11), 10 - np.arange(11))  # an upright edge at column 5
    found = crests(oriented)
    assert (found[:, 5] == 5).all() and np.count_nonzero(found) == 9
