"""The climb to the modes, against a twin that sums over all pixels."""

import numpy as np
import pytest
from reference import meanshift as plain

from classicseg.kernels.meanshift import climb

pytestmark = pytest.mark.small
KERNELS = ["epanechnikov", "gaussian"]


def noisy(rng, shape, depth):
    """Two tones and noise: a picture (H, W, D) of continuous values, so that no two distances are equal by chance."""
    colors = rng.normal(0, 4, (*shape, depth))
    colors[:, shape[1] // 2 :] += 25
    return colors.astype(np.float32)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_the_plain_twin(kernel, depth, masked):
    rng = np.random.default_rng(depth + 10 * masked)
    colors = noisy(rng, (8, 9), depth)
    mask = rng.random((8, 9)) > 0.25 * masked
    spatial = 2.3 if kernel == "epanechnikov" else 1.1
    modes, steps, rests = climb(colors, mask, spatial, 9.7, kernel, 25, 1e-3, threads=1)
    expected, expected_steps, expected_rests = plain.climb(colors, mask, spatial, 9.7, kernel, 25, 1e-3)
    np.testing.assert_allclose(modes, expected, rtol=1e-9, atol=1e-9)
    assert np.array_equal(steps, expected_steps)
    assert np.array_equal(rests, expected_rests)


@pytest.mark.parametrize("shape", [(16, 9), (9, 16)])
def test_window_leaves_out_the_pixels_at_exactly_its_radius(shape):
    """8^2 + 15^2 = 17^2: all pixels but the opposite corner count, whichever way the picture lies."""
    colors = np.zeros((*shape, 1), dtype=np.float32)
    modes, _, _ = climb(colors, np.ones(shape, dtype=bool), 17, 1, "epanechnikov", 1, 0.0, threads=1)
    mean = [(length - 1) * (length * 144 // length / 2 - 1) / 143 for length in shape]
    np.testing.assert_allclose(modes[0, 0, :2], mean, rtol=1e-12)


def test_epanechnikov_comes_to_rest_in_finitely_many_steps():
    colors = noisy(np.random.default_rng(4), (9, 9), 1)
    mask = np.ones((9, 9), dtype=bool)
    modes, steps, rests = climb(colors, mask, 3.0, 9.7, "epanechnikov", 10_000, 0.0, threads=1)
    assert rests.all()
    assert steps.max() < 100
    again, more, _ = climb(colors, mask, 3.0, 9.7, "epanechnikov", int(steps.max()) + 5, 0.0, threads=1)
    assert np.array_equal(modes, again)
    assert np.array_equal(steps, more)


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_climb_ends_no_lower_than_it_began(kernel):
    colors = noisy(np.random.default_rng(6), (7, 8), 1)
    mask = np.ones((7, 8), dtype=bool)
    modes, _, _ = climb(colors, mask, 1.3, 9.7, kernel, 30, 1e-3, threads=1)
    for (row, column), start in np.ndenumerate(colors[:, :, 0]):
        begin = plain.density(np.array([row, column, start]), colors, mask, 1.3, 9.7, kernel)
        end = plain.density(modes[row, column], colors, mask, 1.3, 9.7, kernel)
        assert end >= begin - 1e-9


def test_pixels_outside_the_mask_neither_climb_nor_count():
    colors = np.zeros((3, 5, 1), dtype=np.float32)
    mask = np.ones((3, 5), dtype=bool)
    mask[:, 3:] = False
    colors[:, 3:] = np.nan
    modes, steps, rests = climb(colors, mask, 10, 1, "epanechnikov", 50, 0.0, threads=1)
    np.testing.assert_allclose(modes[mask], [[1, 1, 0]] * 9)
    assert not modes[~mask].any()
    assert not steps[~mask].any()
    assert rests[~mask].all()


def test_says_who_did_not_come_to_rest():
    colors = noisy(np.random.default_rng(1), (8, 8), 1)
    mask = np.ones((8, 8), dtype=bool)
    _, steps, rests = climb(colors, mask, 3.0, 9.7, "gaussian", 1, 1e-9, threads=1)
    assert (steps == 1).all()
    assert not rests.any()


def test_reports_progress_to_the_end():
    shares = []
    climb(np.zeros((16, 2, 1), np.float32), np.ones((16, 2), bool), 1, 1, "epanechnikov", 5, 0.0, 1, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
