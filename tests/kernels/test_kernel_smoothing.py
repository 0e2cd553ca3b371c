"""Smoothing and Sobel's slopes beside a plain twin, scipy, and themselves on several threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.gradients import slopes, smooth

from classicseg.kernels.smoothing import bands, gaussian_smooth, gaussian_weights, slope_length

PLANES = arrays(np.float32, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.floats(-100, 100, width=32))
SIGMAS = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0])


@pytest.mark.small
@given(PLANES, SIGMAS)
def test_smoothing_equals_the_plain_twin(plane, sigma):
    np.testing.assert_allclose(gaussian_smooth(plane, sigma), smooth(plane.tolist(), sigma), atol=1e-4)


@pytest.mark.small
@given(PLANES, st.sampled_from([0.0, 0.5]))
def test_slopes_equal_the_plain_twin(plane, sigma):
    pairs = np.array(slopes(smooth(plane.tolist(), sigma)))
    np.testing.assert_allclose(slope_length(plane[np.newaxis], sigma), np.hypot(*np.moveaxis(pairs, 2, 0)), atol=1e-4)


@pytest.mark.small
@pytest.mark.parametrize("sigma", [0.13, 0.5, 1, 2.5])
def test_weights_are_normalised_and_cut_off_at_four_sigma(sigma):
    weights = gaussian_weights(sigma)
    assert len(weights) == int(4 * sigma + 0.5) + 1
    assert 2 * weights.sum(dtype=np.float64) - weights[0] == pytest.approx(1, abs=1e-6)
    if len(weights) > 1:
        assert weights[1] / weights[0] == pytest.approx(np.exp(-1 / (2 * sigma**2)), rel=1e-5)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 50.0])
def test_smoothing_equals_scipys_on_a_photograph(photograph, sigma):
    from scipy.ndimage import gaussian_filter

    plane = photograph[:, :, 0].astype(np.float32)
    theirs = gaussian_filter(plane.astype(np.float64), sigma, mode="nearest")
    np.testing.assert_allclose(gaussian_smooth(plane, sigma), theirs, atol=3e-4)


def test_threads_and_chunks_change_nothing():
    from skimage import data

    planes = np.ascontiguousarray(np.moveaxis(data.astronaut(), -1, 0), dtype=np.float32)  # 512 x 512: several chunks
    assert len(bands(1, 512, 512)) > 1
    one = slope_length(planes, 1.5), gaussian_smooth(planes[0], 1.5)
    for threads in (2, 3):
        assert np.array_equal(slope_length(planes, 1.5, threads), one[0])
        assert np.array_equal(gaussian_smooth(planes[0], 1.5, threads), one[1])
    # A part of the picture smoothed alone is the same where its border is far enough away.
    part = gaussian_smooth(np.ascontiguousarray(planes[0, 417:500]), 1.5)
    assert np.array_equal(part[6:-6], one[1][423:494])
