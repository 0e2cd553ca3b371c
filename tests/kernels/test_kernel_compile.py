"""The decorator of all compiled loops: what it computes."""

import numpy as np
import pytest

from classicseg.kernels.compile import kernel

pytestmark = pytest.mark.small


def test_a_kernel_computes_what_its_function_says():
    @kernel
    def add_up(values):
        total = 0.0
        for value in values:
            total += value
        return total

    assert add_up(np.array([1.0, 2.5])) == 3.5


def test_division_by_zero_does_not_raise():
    @kernel
    def divide(a, b):
        return a / b

    with np.errstate(divide="ignore"):
        assert divide(np.float64(1), np.float64(0)) == np.inf


def test_nan_is_kept():
    """No fast-math, which may take it that there is none."""

    @kernel
    def is_nan(value):
        return value != value

    assert is_nan(np.float32("nan"))
    assert not is_nan(np.float32(1))
