"""Superpixels, against plain Python, and what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import slic as plain
from reference.components import flood_fill_components, raster_numbers

from classicseg.image import as_image
from classicseg.kernels import slic
from classicseg.kernels.slic import superpixels
from classicseg.kernels.slic_parts import joined_parts


@pytest.mark.small
@given(
    st.integers(1, 11),
    st.integers(1, 13),
    st.sampled_from([1, 3]),
    st.integers(2, 9),
    st.booleans(),
    st.integers(0, 99),
)
def test_clusters_equal_the_plain_twin(height, width, depth, count, masked, seed):
    rng = np.random.default_rng(seed)
    planes = (100 * rng.random((depth, height, width))).astype(np.float32)
    mask = rng.random((height, width)) > 0.3 * masked
    mask[0, 0] = True
    spacing = float(np.sqrt(np.count_nonzero(mask) / count))
    labels = slic._clusters(planes, mask, spacing, 10.0, 3, 2, None)
    expected = plain.clusters(planes.tolist(), mask.tolist(), spacing, 10.0, 3)
    across = len(plain.edges(width, spacing)) - 1
    differing = [pixel for pixel, (down, right) in expected.items() if labels[pixel] != down * across + right]
    assert len(differing) <= 0.02 * len(expected)  # single precision may turn a tie


@pytest.mark.small
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 20), st.booleans(), st.integers(0, 99))
def test_superpixels_are_connected_numbered_and_told_by_their_means(height, width, count, masked, seed):
    rng = np.random.default_rng(seed)
    planes = (100 * rng.random((3, height, width))).astype(np.float32)
    mask = rng.random((height, width)) > 0.3 * masked
    mask[-1, -1] = True
    found = superpixels(planes, mask, count, 10.0, 4, 1)
    labels = found.labels
    assert (labels[~mask] == -1).all()
    inside = labels[mask]
    first = [inside.tolist().index(label) for label in range(inside.max() + 1)]
    assert first == sorted(first)
    components = flood_fill_components(labels + 1)
    places = np.argwhere(mask)
    for label in range(inside.max() + 1):
        own = inside == label
        assert len(np.unique(components[labels == label])) == 1
        assert found.sizes[label] == own.sum()
        np.testing.assert_allclose(found.positions[label], places[own].mean(axis=0))
        np.testing.assert_allclose(found.colors[label], planes[:, mask].T[own].astype(float).mean(axis=0))


@pytest.mark.small
@given(st.integers(1, 9), st.integers(1, 20), st.sampled_from([1, 3]), st.integers(1, 9), st.integers(0, 99))
def test_joined_parts_equal_the_plain_twin(height, width, depth, smallest, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, 3, (height, width)).astype(np.int32)
    labels = np.where(rng.random(labels.shape) < 0.5, labels[:, :1], labels)
    planes = rng.random((depth, height, width)).astype(np.float32)
    parts = flood_fill_components(labels, labels >= 0)
    expected = raster_numbers(plain.joined(parts.tolist(), planes.tolist(), smallest))
    means = joined_parts(labels, planes, smallest, 2)
    assert np.array_equal(labels + 1, expected)
    for number, mean in enumerate(means):
        own = labels == number
        np.testing.assert_allclose(mean[:3], [own.sum(), *np.argwhere(own).mean(axis=0)])
        np.testing.assert_allclose(mean[3:], planes[:, own].astype(float).mean(axis=1))


@pytest.mark.small
def test_small_parts_join_the_neighbour_of_nearest_colour():
    planes = np.zeros((1, 8, 16), dtype=np.float32)
    planes[:, :, 8:] = 50
    planes[:, 3, 4] = planes[:, 3, 11] = 90
    labels = superpixels(planes, np.ones((8, 16), dtype=bool), 2, 1.0, 5, 1).labels
    assert labels.tolist() == [[0] * 8 + [1] * 8] * 8


def test_superpixels_follow_a_photograph_and_do_not_depend_on_threads(photograph):
    image = as_image(photograph)
    planes = image.in_space("lab")
    found = superpixels(planes, image.mask, 200, 10.0, 10, 1)
    assert 140 <= len(found.sizes) <= 280
    assert found.sizes.min() >= 0.25 * photograph[:, :, 0].size / 200
    squares = ((planes - found.colors.T[:, found.labels]) ** 2).sum()
    cells = superpixels(planes, image.mask, 200, 10.0, 0, 1)
    assert squares < 0.6 * ((planes - cells.colors.T[:, cells.labels]) ** 2).sum()
    for threads in (2, 3):
        again = superpixels(planes, image.mask, 200, 10.0, 10, threads)
        assert all(np.array_equal(one, other) for one, other in zip(found, again, strict=True))
