"""Gaussian climbs on a lattice, against a twin over the samples and against the climb in float64."""

import numpy as np
import pytest
from reference import meanshift as alone

from classicseg.image import as_image
from classicseg.kernels.meanshift import climb
from classicseg.kernels.meanshift_gaussian import climb_gaussian, sampling
from classicseg.kernels.meanshift_lattice import lattice_for

small = pytest.mark.small


def noisy(rng, depth, shape):
    """Two tones and noise: planes (D, H, W)."""
    planes = rng.normal(0, 4, (depth, *shape))
    planes[:, :, shape[1] // 2 :] += 25
    return planes.astype(np.float32)


def one_step(planes, mask, spatial, range_, every):
    """The weighted mean of the samples about each pixel, in float64."""
    rows, columns = np.nonzero(mask)
    points = np.column_stack([rows, columns, planes[:, rows, columns].T]).astype(np.float64)
    grids = [points[(rows % every == r) & (columns % every == c)] for r in range(every) for c in range(every)]
    samples = max(grids, key=len)
    bandwidths = np.array([spatial, spatial] + [range_] * len(planes))
    means = np.zeros((*mask.shape, points.shape[1]))
    for point, row, column in zip(points, rows, columns, strict=True):
        u = (((samples - point) / bandwidths) ** 2).sum(axis=1)
        weights = np.where(u < 9, np.exp(-u / 2), 0)
        means[row, column] = np.average(samples, axis=0, weights=weights) if weights.any() else point
    return means


@pytest.mark.parametrize(
    ("depth", "spatial", "shape"),
    [
        pytest.param(1, 0.6, (7, 9), marks=small),
        pytest.param(3, 1.1, (5, 8), marks=small),
        (3, 3.0, (14, 16)),
        (1, 8.0, (35, 40)),
        (3, 8.0, (5, 40)),
        (2, 16.0, (130, 34)),
    ],
)
def test_one_step_is_the_weighted_mean_of_the_samples(depth, spatial, shape):
    rng = np.random.default_rng(depth)
    planes, mask = noisy(rng, depth, shape), rng.random(shape) > 0.2
    lattice = lattice_for(planes, mask, spatial, 9.7)
    modes, steps, _ = climb_gaussian(planes, mask, lattice, 0.0, 1, 0.0, threads=1)
    expected = one_step(planes, mask, spatial, 9.7, 2 ** sampling(spatial, shape))
    scales = np.array([spatial, spatial] + [9.7] * depth)
    away = np.abs((modes - expected) / scales)
    assert np.quantile(away, 0.99) < 2 / lattice.radius + 1e-3
    assert away.max() < 0.03  # rounding may move a sample over the edge of the window, where it weighs exp(-4.5)
    assert (steps[mask] == 1).all()
    assert not modes[~mask].any()


@small
def test_alone_and_fine_it_is_the_climb_in_float64():
    rng = np.random.default_rng(8)
    planes, mask = noisy(rng, 3, (5, 6)), rng.random((5, 6)) > 0.1
    modes, _, _ = climb_gaussian(planes, mask, lattice_for(planes, mask, 0.8, 12.0), 0.0, 9, 0.01, threads=1)
    expected, _, _ = climb(np.moveaxis(planes, 0, -1).copy(), mask, 0.8, 12.0, "gaussian", 9, 0.01, threads=1)
    away = np.abs(modes - expected) / np.array([0.8, 0.8, 12, 12, 12])
    assert np.median(away) < 2e-3
    assert away.max() < 0.1


@small
def test_ends_no_lower_than_it_began():
    planes, mask = noisy(np.random.default_rng(6), 1, (4, 6)), np.ones((4, 6), dtype=bool)
    colors = np.moveaxis(planes, 0, -1)
    modes, _, _ = climb_gaussian(planes, mask, lattice_for(planes, mask, 0.8, 9.7), 0.0, 9, 1e-3, threads=1)
    for (row, column), start in np.ndenumerate(planes[0]):
        begin = alone.density(np.array([row, column, start]), colors, mask, 0.8, 9.7, "gaussian")
        assert alone.density(modes[row, column], colors, mask, 0.8, 9.7, "gaussian") >= begin - 0.01


@small
def test_wide_windows_are_sampled():
    assert [sampling(s, (1000, 600)) for s in (0.5, 4, 7.9, 8, 15.9, 16, 200)] == [0, 0, 0, 1, 1, 2, 5]


@small
def test_thin_pictures_are_not_sampled():
    assert [sampling(200, (500, n)) for n in (1, 16, 31, 32, 63, 64, 500)] == [0, 0, 0, 1, 1, 2, 4]
    assert sampling(8, (3, 300)) == sampling(8, (300, 3)) == 0


def test_threads_do_not_matter(photograph):
    picture = as_image(photograph)
    planes = picture.in_space("lab")
    lattice = lattice_for(planes, picture.mask, 4.0, 10.0)
    one = climb_gaussian(planes, picture.mask, lattice, 0.25, 20, 0.05, threads=1)
    for threads in (2, 3):
        other = climb_gaussian(planes, picture.mask, lattice, 0.25, 20, 0.05, threads=threads)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
