"""Sums that scores are quotients of."""

import math

import numpy as np
import pytest

from classicseg.metrics import Fractions

pytestmark = pytest.mark.small


def test_the_value_is_the_mean_of_the_quotients_that_there_are():
    assert Fractions.of([1, 0, 0], [2, 4, 0]).value == 0.25
    assert math.isnan(Fractions.of([0], [0]).value)
    assert math.isnan(Fractions.of([], []).value)


def test_rows_of_equal_keys_add_up_and_others_stand_beside():
    total = Fractions.of([1, 2], [2, 3], keys=[0, 7]) + Fractions.of([5, 1], [5, 7], keys=[3, 7])
    assert total.keys.tolist() == [0, 3, 7]
    assert total.quotients == {0: 0.5, 3: 1.0, 7: 0.3}


def test_adding_does_not_depend_on_the_order():
    rng = np.random.default_rng(1)
    parts = [Fractions.of(rng.integers(0, 5, 4), rng.integers(5, 9, 4), keys=rng.permutation(6)[:4]) for _ in range(5)]
    forward, backward = parts[0], parts[-1]
    for part in parts[1:]:
        forward = forward + part
    for part in parts[-2::-1]:
        backward = backward + part
    assert forward.quotients == backward.quotients
