"""Climbs on a lattice that go on as one where they meet, against a twin in whole numbers of Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from reference import meanshift as alone
from reference import meanshift_lattice as plain

from classicseg.image import as_image
from classicseg.kernels import meanshift_gaussian, meanshift_together
from classicseg.kernels.meanshift import climb
from classicseg.kernels.meanshift_gaussian import climb_gaussian
from classicseg.kernels.meanshift_lattice import lattice_for
from classicseg.kernels.meanshift_together import climb_together

small = pytest.mark.small


def noisy(rng, depth, shape):
    """Two tones and noise: planes (D, H, W)."""
    planes = rng.normal(0, 4, (depth, *shape))
    planes[:, :, shape[1] // 2 :] += 25
    return planes.astype(np.float32)


def check_against_twin(planes, mask, spatial, range_, share, max_iter, tol):
    lattice = lattice_for(planes, mask, spatial, range_)
    modes, steps, rests = climb_together(planes, mask, lattice, share, max_iter, tol, threads=1)
    expected, expected_steps, expected_rests = plain.climb_together(
        planes, mask, lattice.shift, spatial, range_, share, max_iter, tol
    )
    np.testing.assert_allclose(modes, expected, rtol=1e-6, atol=1e-5)
    assert np.array_equal(steps, expected_steps)
    assert np.array_equal(rests, expected_rests)
    return modes, steps


@pytest.mark.parametrize(
    ("depth", "share", "spatial", "shape"),
    [
        pytest.param(1, 0.0, 2.3, (5, 8), marks=small),
        pytest.param(2, 0.2, 2.3, (6, 8), marks=small),
        pytest.param(3, 0.2, 1.7, (6, 9), marks=small),
        (1, 0.2, 9.0, (10, 13)),
        (2, 0.0, 9.0, (10, 13)),
        (3, 0.2, 9.0, (10, 13)),
        (3, 0.35, 17.0, (14, 20)),
    ],
)
def test_equals_the_plain_twin(depth, share, spatial, shape):
    rng = np.random.default_rng(depth)
    mask = rng.random(shape) > 0.2
    modes, steps = check_against_twin(noisy(rng, depth, shape), mask, spatial, 9.7, share, 25, 0.01)
    assert steps.max() > 3
    assert not modes[~mask].any()


@small
@settings(max_examples=20)
@given(
    picture=arrays.arrays(np.uint8, st.tuples(st.just(3), st.integers(1, 5), st.integers(1, 5))),
    spatial=st.sampled_from([0.5, 1.0, 2.0, 3.5, 8.0]),
    range_=st.floats(4.2, 200),
    share=st.floats(0, 1),
    tol=st.floats(0, 0.3),
)
def test_equals_the_plain_twin_on_any_picture(picture, spatial, range_, share, tol):
    planes = picture.astype(np.float32)
    check_against_twin(planes, np.ones(planes.shape[1:], dtype=bool), spatial, range_, share, 8, tol)


def test_the_edge_of_the_window_and_of_the_picture_lie_where_they_should():
    """Windows of several blocks of columns and rows, on a picture of several tiles."""
    rng = np.random.default_rng(3)
    check_against_twin(noisy(rng, 1, (21, 70)), np.ones((21, 70), dtype=bool), 13.5, 30.0, 0.3, 3, 0.01)


@small
@pytest.mark.parametrize("spatial", [8, 17])
def test_pixels_at_exactly_the_radius_do_not_count(spatial):
    planes = np.zeros((1, 1, 2 * spatial + 5), dtype=np.float32)
    mask = np.ones(planes.shape[1:], dtype=bool)
    mask[0, : spatial + 2] = False  # pixels on the right of the first one only
    modes, _, _ = climb_together(planes, mask, lattice_for(planes, mask, spatial, 1.0), 0.0, 1, 0.0, threads=1)
    assert modes[0, spatial + 2, 1] == pytest.approx(spatial + 2 + (spatial - 1) / 2, abs=0.01)


@small
def test_alone_and_fine_it_is_the_climb_in_float64():
    rng = np.random.default_rng(8)
    planes, mask = noisy(rng, 3, (7, 8)), rng.random((7, 8)) > 0.1
    lattice = lattice_for(planes, mask, 2.0, 12.0)
    modes, _, _ = climb_together(planes, mask, lattice, 0.0, 200, 0.0, threads=1)
    expected, _, _ = climb(np.moveaxis(planes, 0, -1).copy(), mask, 2.0, 12.0, "epanechnikov", 200, 0.0, threads=1)
    away = np.abs(modes - expected).max(axis=2) / 12.0
    assert np.count_nonzero(away > 0.01) <= 2  # a pixel at the edge of a window may count here and not there
    assert away.max() < 1


@small
def test_climbs_that_meet_end_at_one_place():
    """Pixels of one colour, half a bandwidth apart, climb in twos if they share that much, and alone if not."""
    planes, mask = np.zeros((1, 1, 6), dtype=np.float32), np.ones((1, 6), dtype=bool)
    lattice = lattice_for(planes, mask, 2.0, 50.0)
    apart, _, _ = climb_together(planes, mask, lattice, 0.1, 1, 0.0, threads=1)
    assert apart[0, :, 1].tolist() == [0.5, 1, 2, 3, 4, 4.5]
    together, _, _ = climb_together(planes, mask, lattice, 0.6, 1, 0.0, threads=1)
    assert together[0, :, 1].tolist() == [0.5, 0.5, 2, 2, 4, 4]


@small
def test_ends_no_lower_than_it_began():
    rng = np.random.default_rng(6)
    planes, mask = noisy(rng, 1, (5, 6)), np.ones((5, 6), dtype=bool)
    colors = np.moveaxis(planes, 0, -1)
    modes, _, _ = climb_together(planes, mask, lattice_for(planes, mask, 2.3, 9.7), 0.0, 30, 1e-3, threads=1)
    for (row, column), start in np.ndenumerate(planes[0]):
        begin = alone.density(np.array([row, column, start]), colors, mask, 2.3, 9.7, "epanechnikov")
        assert alone.density(modes[row, column], colors, mask, 2.3, 9.7, "epanechnikov") >= begin - 0.05


@small
def test_no_lattice_where_it_would_be_too_coarse():
    inside = np.ones((4, 4), dtype=bool)
    planes = np.zeros((3, 4, 4), dtype=np.float32)
    planes[0, 0, 0] = 100
    assert lattice_for(planes, inside, 8.0, 10.0).radius == 1024
    assert lattice_for(planes, inside, 8.0, 0.5) is None
    assert lattice_for(np.zeros((4, 4, 4), np.float32), inside, 8.0, 10.0) is None
    assert lattice_for(np.zeros((1, 4, 4), np.float32), inside, 0.7, 1e-9).radius <= 2048


@small
def test_says_who_did_not_come_to_rest_and_how_far_it_is():
    planes = noisy(np.random.default_rng(1), 1, (8, 8))
    mask = np.ones((8, 8), dtype=bool)
    mask[2, 3] = False
    shares = []
    _, steps, rests = climb_together(
        planes, mask, lattice_for(planes, mask, 3.0, 9.7), 0.2, 1, 0.0, 1, progress=shares.append
    )
    assert (steps[mask] == 1).all()
    assert 0 < np.count_nonzero(~rests) < 64
    assert rests[2, 3]
    assert steps[2, 3] == 0
    assert shares[-1] == 1


def test_threads_do_not_matter():
    from skimage import data

    picture = as_image(data.coffee()[100:260, 100:300])
    planes = picture.in_space("lab")
    lattice = lattice_for(planes, picture.mask, 8.0, 10.0)
    one = climb_together(planes, picture.mask, lattice, 0.2, 100, 0.05, threads=1)
    for threads in (2, 3):
        other = climb_together(planes, picture.mask, lattice, 0.2, 100, 0.05, threads=threads)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("driver", [climb_together, climb_gaussian])
def test_a_wide_window_can_be_stopped_within_a_tile(monkeypatch, driver, threads):
    """Where tiles take long, progress is told in between as well, and what it raises ends all threads' work."""
    monkeypatch.setattr(meanshift_together, "LOOKS", 1)
    monkeypatch.setattr(meanshift_gaussian, "LOOKS", 1)
    planes, mask = noisy(np.random.default_rng(0), 1, (64, 128)), np.ones((64, 128), dtype=bool)
    lattice, shares = lattice_for(planes, mask, 4.0, 9.7), []
    driver(planes, mask, lattice, 0.2, 20, 0.0, threads, progress=shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 10
    assert shares[-1] == 1

    def stop(_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        driver(planes, mask, lattice, 0.2, 20, 0.0, threads, progress=stop)
