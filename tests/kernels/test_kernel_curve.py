"""The order along the Z-order curve, against plain integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import curve as plain

from classicseg.kernels.curve import along_the_curve

PADDING = 7


@pytest.mark.small
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([1, 2, 3, 5, 24]), st.sampled_from([0.0, 1e-3, 90.0])
)
def test_equals_the_plain_twin(seed, count, depth, extent):
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 1, (count, depth)) if seed % 2 else rng.integers(0, 5, (count, depth))
    samples = (samples * rng.random(depth) * extent + 20).astype(np.float32)
    counts = rng.integers(1, 9, count)
    found = along_the_curve(samples, counts, PADDING)
    rows, totals, places = plain.along_the_curve(samples.tolist(), counts.tolist())
    assert found.planes[:, : len(rows)].T.tolist() == rows
    assert found.weights[: len(rows)].tolist() == totals
    assert found.places.tolist() == places
    assert (found.planes.shape, found.weights.shape) == ((depth, len(rows) + PADDING), (len(rows) + PADDING,))
    assert not found.planes[:, len(rows) :].any()
    assert not found.weights[len(rows) :].any()
    assert len(found.keys) == len(rows)
    assert (np.diff(found.keys.astype(np.int64)) >= 0).all()


@pytest.mark.small
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_the_order_in_which_samples_come_decides_nothing(seed, count):
    rng = np.random.default_rng(seed)
    samples = np.append(rng.integers(0, 9, (count, 3)), [[10_000, 0, 0]], axis=0).astype(
        np.float32
    )  # one cell for most
    counts = rng.integers(1, 9, count + 1)
    order = rng.permutation(count + 1)
    one, other = along_the_curve(samples, counts, PADDING), along_the_curve(samples[order], counts[order], PADDING)
    assert all(np.array_equal(first, second) for first, second in zip(one[:3], other[:3], strict=True))
    assert np.array_equal(one.places[order], other.places)
