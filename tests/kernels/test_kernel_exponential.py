"""The exponential function that vectorises, against the one of the C library in float64."""

import math

import numpy as np
import pytest

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp32

pytestmark = pytest.mark.small


@kernel
def exp32_of(values, results):
    for i in range(values.size):
        results[i] = exp32(values[i])


def exponentials(values):
    values = np.asarray(values, dtype=np.float32)
    results = np.full(values.shape, np.nan, dtype=np.float32)
    exp32_of(values, results)
    return values, results


def test_relative_error_is_below_2e_7():
    values, results = exponentials(np.concatenate([-np.linspace(0, 87.3, 2001), -np.geomspace(1e-9, 87, 500)]))
    true = np.array([math.exp(value) for value in values.tolist()])
    assert np.abs(results / true - 1).max() <= 2e-7


def test_nothing_is_one_and_far_below_is_zero():
    _, results = exponentials([0.0, -0.0, -87.7, -1e4, -3e38, -np.inf])
    assert results.tolist() == [1, 1, 0, 0, 0, 0]


def test_never_falls_by_more_than_rounding():
    _, results = exponentials(np.linspace(-20, 0, 3001))
    assert (np.diff(results) > 0).all()


def test_compiled_and_plain_give_the_same_bits():
    values = np.concatenate([-np.linspace(0, 90, 1500), -np.geomspace(1e-30, 1, 200)]).astype(np.float32)
    _, results = exponentials(values)
    plain = getattr(exp32, "py_func", exp32)  # one and the same where NUMBA_DISABLE_JIT is set
    expected = np.array([plain(value) for value in values])
    assert expected.dtype == np.float32
    assert np.array_equal(results.view(np.int32), expected.view(np.int32))


def test_bits_are_those_of_every_machine():
    """Recorded once: IEEE arithmetic without contraction has one result, compiled or not, vectorised or not."""
    _, results = exponentials([-0.25, -1, -3.3, -10, -60, -87])
    assert results.view(np.int32).tolist() == [1061642109, 1052531379, 1024922318, 943614927, 338522314, 11744902]
