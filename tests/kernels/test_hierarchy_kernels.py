"""Merge trees: sums along the cuts, over whole numbers and over fractions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classicseg.kernels.hierarchy import running_maximum
from classicseg.kernels.hierarchy_sums import sums_of_cuts, sums_of_nodes

pytestmark = pytest.mark.small


@given(data=st.data(), n_cuts=st.integers(1, 20))
def test_sums_of_cuts_are_those_of_the_runs(data, n_cuts):
    ends = st.tuples(st.integers(0, n_cuts), st.integers(0, n_cuts))
    runs = data.draw(st.lists(ends, min_size=1, max_size=12))  # some are empty, or end before they start
    values = data.draw(st.lists(st.floats(0, 1e6), min_size=len(runs), max_size=len(runs)))
    births, deaths = np.array(runs, dtype=np.int64).T.copy()
    found = sums_of_cuts(births, deaths, np.array(values), n_cuts)
    expected = [
        sum(value for (birth, death), value in zip(runs, values, strict=True) if birth <= cut < death)
        for cut in range(n_cuts)
    ]
    assert found.shape == (n_cuts,)
    assert np.allclose(found, expected, rtol=1e-14, atol=0)


def test_nothing_cancels_in_sums_of_cuts():
    births, deaths, values = np.array([0, 1, 3]), np.array([1, 3, 4]), np.array([1e300, 1e-300, 0.0])
    assert sums_of_cuts(births, deaths, values, 4).tolist() == [1e300, 1e-300, 1e-300, 0.0]


def test_sums_of_nodes_go_up_to_every_root():
    parents = np.array([4, 4, 5, 3, 5, 5])
    assert sums_of_nodes(parents, np.array([1, 10, 100, 1000])).tolist() == [1, 10, 100, 1000, 11, 111]


def test_the_running_maximum_leaves_its_input_alone():
    parents, altitudes = np.array([3, 3, 4, 4, 4]), np.array([0.0, 5.0, 0.0, 2.0, 4.0])
    assert running_maximum(parents, altitudes).tolist() == [0, 5, 0, 5, 5]
    assert altitudes.tolist() == [0, 5, 0, 2, 4]
