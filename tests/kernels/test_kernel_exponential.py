"""The exponential functions that vectorise, against those of the C library in float64."""

import math

import numpy as np
import pytest

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp2_32, exp32

pytestmark = pytest.mark.small


@kernel
def exp32_of(values, results):
    for i in range(values.size):
        results[i] = exp32(values[i])


@kernel
def exp2_32_of(values, results):
    for i in range(values.size):
        results[i] = exp2_32(values[i])


LOOPS = {"exp32": (exp32, exp32_of, math.exp, 87.3), "exp2_32": (exp2_32, exp2_32_of, lambda x: 2.0**x, 126.0)}


@pytest.fixture(params=LOOPS)
def function(request):
    """The kernel, its loop over an array, the true function, and how far below 0 it is accurate."""
    scalar, loop, true, depth = LOOPS[request.param]

    def of(values):
        values = np.asarray(values, dtype=np.float32)
        results = np.full(values.shape, np.nan, dtype=np.float32)
        loop(values, results)
        return values, results

    return scalar, of, true, depth


def test_relative_error_is_below_2e_7(function):
    _, of, true, depth = function
    values, results = of(np.concatenate([-np.linspace(0, depth, 2001), -np.geomspace(1e-9, depth, 500)]))
    expected = np.array([true(value) for value in values.tolist()])
    assert np.abs(results / expected - 1).max() <= 2e-7


def test_nothing_is_one_and_far_below_is_zero(function):
    _, of, _, depth = function
    _, results = of([0.0, -0.0, -depth - 0.6, -1e4, -3e38, -np.inf])
    assert results.tolist() == [1, 1, 0, 0, 0, 0]


def test_rises_all_the_way(function):
    _, of, _, _ = function
    _, results = of(np.linspace(-20, 0, 3001))
    assert (np.diff(results) > 0).all()


def test_compiled_and_plain_give_the_same_bits(function):
    scalar, of, _, _ = function
    values, results = of(np.concatenate([-np.linspace(0, 130, 1500), -np.geomspace(1e-30, 1, 200)]))
    plain = getattr(scalar, "py_func", scalar)  # one and the same where NUMBA_DISABLE_JIT is set
    expected = np.array([plain(value) for value in values])
    assert expected.dtype == np.float32
    assert np.array_equal(results.view(np.int32), expected.view(np.int32))


def test_powers_of_integers_are_exact():
    powers = np.arange(-126, 1).astype(np.float32)
    results = np.empty_like(powers)
    exp2_32_of(powers, results)
    assert results.tolist() == [2.0**power for power in range(-126, 1)]


def test_bits_are_those_of_every_machine():
    """Recorded once: IEEE arithmetic without contraction has one result, compiled or not, vectorised or not."""
    values = np.array([-0.25, -1, -3.3, -10, -60, -87], dtype=np.float32)
    results = np.empty_like(values)
    exp32_of(values, results)
    assert results.view(np.int32).tolist() == [1061642109, 1052531379, 1024922318, 943614927, 338522314, 11744902]
