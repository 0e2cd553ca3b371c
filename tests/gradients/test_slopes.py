"""Gradients and smoothing, pixel by pixel."""

import math

import numpy as np
import pytest

from classicseg.gradients import gradient_magnitude, smooth_inside

pytestmark = pytest.mark.small
WHOLE = np.ones((12, 14), dtype=bool)


def smooth_one(plane, mask, sigma):
    (only,) = smooth_inside(plane[np.newaxis], mask, sigma)
    return only


def ramp(down, right):
    rows, columns = np.indices(WHOLE.shape)
    return (down * rows + right * columns).astype(np.float32)


def test_slope_of_a_ramp_is_its_gradient():
    """3 up and 4 across are 5 a pixel, in every pixel that has neighbours on both sides."""
    magnitude = gradient_magnitude(ramp(3, 4)[np.newaxis], WHOLE, 0)
    np.testing.assert_allclose(magnitude[1:-1, 1:-1], 5, rtol=1e-12)


def test_planes_add_up_by_their_squares():
    magnitude = gradient_magnitude(np.stack([ramp(1, 2), ramp(2, 0), ramp(0, 4)]), WHOLE, 0)
    np.testing.assert_allclose(magnitude[1:-1, 1:-1], math.sqrt(1 + 4 + 4 + 16), rtol=1e-12)


def test_sobel_by_hand_at_every_pixel():
    plane = np.random.default_rng(1).random((6, 7)).astype(np.float32)
    magnitude = gradient_magnitude(plane[np.newaxis], np.ones((6, 7), dtype=bool), 0)
    padded = np.pad(plane.astype(np.float64), 1, mode="edge")
    weights = ((-1, 1), (0, 2), (1, 1))
    for row, column in np.ndindex(6, 7):
        r, c = row + 1, column + 1
        down = sum(w * (padded[r + 1, c + s] - padded[r - 1, c + s]) for s, w in weights) / 8
        right = sum(w * (padded[r + s, c + 1] - padded[r + s, c - 1]) for s, w in weights) / 8
        assert magnitude[row, column] == pytest.approx(math.hypot(down, right), rel=2e-6)  # float32


@pytest.mark.parametrize("sigma", [0, 1.5])
def test_what_lies_outside_the_mask_takes_no_part(sigma):
    plane = np.full((1, 12, 14), 20, dtype=np.float32)
    mask = WHOLE.copy()
    mask[3:8, 5:9] = False
    mask[:, -2:] = False
    plane[0, ~mask] = 1000
    magnitude = gradient_magnitude(plane, mask, sigma)
    np.testing.assert_allclose(magnitude, 0, atol=1e-9)


@pytest.mark.parametrize("sigma", [0, 1.5])
def test_gradient_is_0_outside_the_mask(sigma):
    mask = WHOLE.copy()
    mask[:4] = False
    magnitude = gradient_magnitude(ramp(3, 4)[np.newaxis], mask, sigma)
    assert not magnitude[:4].any()
    assert (magnitude[5:-1, 1:-1] > 3).all()


def test_smoothing_is_a_weighted_mean_of_the_pixels_inside():
    """Far from the picture's edge: sum of G(q) x(q) by sum of G(q), over pixels q inside the mask."""
    rng = np.random.default_rng(2)
    plane, mask = rng.random((16, 16)).astype(np.float32), rng.random((16, 16)) > 0.3
    mask[8, 8] = True
    smooth = smooth_one(plane, mask, 1.0)
    rows, columns = np.indices((16, 16))
    away = np.maximum(abs(rows - 8), abs(columns - 8))
    weights = np.exp(-((rows - 8) ** 2 + (columns - 8) ** 2) / 2) * mask * (away <= 4)  # scipy cuts at 4 sigma
    assert smooth[8, 8] == pytest.approx((weights * plane).sum() / weights.sum(), rel=1e-6)


def test_outside_the_mask_the_nearest_value_goes_on():
    plane = ramp(0, 1)
    mask = WHOLE.copy()
    mask[:, :5] = mask[:, 9:] = False
    smooth = smooth_one(plane, mask, 0)
    assert np.array_equal(smooth, np.clip(plane, 5, 8))


def test_without_sigma_nothing_is_smoothed():
    plane = np.random.default_rng(3).random((5, 6)).astype(np.float32)
    assert np.array_equal(smooth_one(plane, np.ones((5, 6), dtype=bool), 0), plane)


def test_a_flat_picture_stays_flat_and_its_sum_stays_the_same():
    plane = np.zeros((15, 15), dtype=np.float32)
    plane[7, 7] = 1
    smooth = smooth_one(plane, np.ones((15, 15), dtype=bool), 1.5)
    assert smooth.sum() == pytest.approx(1)
    assert smooth[7, 7] == smooth.max()
    np.testing.assert_allclose(smooth, smooth.T)
    np.testing.assert_allclose(smooth_one(np.full((9, 9), 7, np.float32), np.ones((9, 9), bool), 2), 7)
