"""Textons beside plain twins, and what they have to tell apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import textons as plain

from classicseg.gradients.textons import filter_bank, texton_map
from classicseg.kernels.textons import add_samples, nearest_centers, responses_of_rows


@pytest.mark.small
@pytest.mark.parametrize("sigma", [0.5, 1.0])
@pytest.mark.parametrize("step", [1, 2])
def test_responses_are_those_of_the_plain_twin(sigma, step):
    lightness = np.random.default_rng(1).uniform(0, 100, (7, 9)).astype(np.float32)
    bank, rows = filter_bank(sigma), np.array([0, 3, 6])
    samples = np.empty((17, 3 * -(-9 // step)), np.float32)
    responses_of_rows(np.pad(lightness, bank.reach, mode="symmetric"), rows, step, *bank, samples)
    filters, pixels = plain.bank(sigma), lightness.tolist()
    expected = [[plain.response(pixels, each, y, x) for y in (0, 3, 6) for x in range(0, 9, step)] for each in filters]
    np.testing.assert_allclose(samples, expected, atol=1e-4)


@pytest.mark.small
@given(
    arrays(np.float32, (6, 5), elements=st.integers(-3, 3).map(float)),
    arrays(np.float32, (4, 6), elements=st.integers(-3, 3).map(float)),
)
def test_labels_are_those_of_the_nearest_centres(samples, centers):
    """Whole numbers, so that nothing is rounded and ties are ties: the first wins."""
    labels = np.full(5, 9, np.uint8)
    nearest_centers(samples, 5, centers, labels)
    for sample, label in zip(samples.T, labels, strict=True):
        distances = plain.squared_distances(sample.tolist(), centers.tolist())
        assert label == distances.index(min(distances))
    sums = np.zeros((4, 7))
    add_samples(samples, labels, sums)
    np.testing.assert_array_equal(sums[:, 6], np.bincount(labels, minlength=4))
    np.testing.assert_array_equal(sums[:, :6], [samples.T[labels == k].sum(axis=0) for k in range(4)])


def stripes(shape, steps):
    """Level stripes above, upright ones below, at the same contrast."""
    rows, columns = np.indices(shape)
    level, upright = (50 + 20 * np.sin(2 * np.pi * each / steps) for each in (rows, columns))
    return np.where(rows < shape[0] // 2, level, upright).astype(np.float32)


def test_textures_of_other_directions_have_other_textons():
    lightness = stripes((60, 70), 7)
    textons = texton_map(lightness, np.ones(lightness.shape, bool))
    above, below = (np.bincount(part.ravel(), minlength=32) for part in (textons[:25], textons[35:]))
    assert np.minimum(above / above.sum(), below / below.sum()).sum() < 0.1


def test_masks_threads_and_odd_sizes(photograph_lab):
    lightness = np.ascontiguousarray(photograph_lab[0, :-1, :-3])
    mask = np.random.default_rng(0).random(lightness.shape) > 0.3
    mask[30:60, 50:90] = False
    other = np.where(mask, lightness, np.float32(7))
    one = texton_map(lightness, mask)
    assert one.dtype == np.uint8
    assert one.shape == lightness.shape
    assert (one[~mask] == 255).all()
    assert one[mask].max() < 32
    assert len(np.unique(one[mask])) > 20
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(texton_map(other, mask, threads), one)


@pytest.mark.small
@pytest.mark.parametrize("place", [(0, 0), (6, 8), (3, 1)])
def test_a_single_pixel_inside_has_a_texton(place):
    mask = np.zeros((7, 9), bool)
    mask[place] = True
    textons = texton_map(np.full((7, 9), 3, np.float32), mask)
    assert np.count_nonzero(textons < 32) == 1
    assert textons[place] < 32
