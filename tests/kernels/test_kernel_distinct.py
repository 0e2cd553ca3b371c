"""Distinct rows, against a dictionary and against NumPy's sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from reference import distinct as plain

from classicseg.kernels.distinct import distinct_rows, look_up_all

small = pytest.mark.small


@small
@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(0, 30), st.integers(1, 5)),
        elements=st.sampled_from(np.float32([0.0, 1.0, 1.0000001, 0.1, 100.0, 1e-30, -3.5]).tolist()),
    )
)
def test_equals_the_plain_twin(samples):
    rows, counts, index = plain.distinct_rows(samples.tolist())
    found = distinct_rows(samples)
    assert found.rows.tolist() == rows
    assert found.counts.tolist() == counts
    assert found.index.tolist() == index
    assert [part.dtype for part in found] == [np.float32, np.int64, np.int32]


@small
def test_look_up_all():
    values, index = np.array([7, -1, 2**31 - 1], dtype=np.int32), np.array([2, 0, 0, 1, 2], dtype=np.int32)
    assert look_up_all(values, index).tolist() == values[index].tolist()


@pytest.mark.parametrize("depth", [1, 3, 7])
@pytest.mark.parametrize("levels", [2, 256, 1 << 20])
def test_table_grows_with_what_it_finds(depth, levels):
    rng = np.random.default_rng(depth)
    samples = (rng.integers(0, levels, (60_000, depth)) / levels).astype(np.float32)
    found = distinct_rows(samples)
    expected, first, counts = np.unique(samples, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    assert np.array_equal(found.rows, expected[order])
    assert np.array_equal(found.counts, counts[order])
    assert np.array_equal(found.rows[found.index], samples)


@small
def test_rows_that_differ_in_one_bit_of_one_value_are_two():
    samples = np.full((4, 3), 0.5, dtype=np.float32)
    samples[1, 2] = np.nextafter(np.float32(0.5), np.float32(1))
    samples[3] = samples[1]
    assert distinct_rows(samples).index.tolist() == [0, 1, 0, 1]


def test_of_a_photograph(photograph):
    samples = (photograph.reshape(-1, 3) / 255).astype(np.float32)
    found = distinct_rows(samples)
    assert len(found.rows) == len(np.unique(samples, axis=0))
    assert np.array_equal(found.rows[found.index], samples)
    assert found.counts.sum() == len(samples)
