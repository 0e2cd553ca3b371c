"""Modes of colours alone, against a twin over all pixels and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from reference import meanshift_colors as plain

from classicseg.image import as_image
from classicseg.kernels.distinct import distinct_rows
from classicseg.kernels.meanshift_colors import _apart, bin_seeds, color_modes, nearest_mode


@pytest.mark.small
@settings(max_examples=40)
@given(
    picture=arrays.arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 5)), elements=st.integers(0, 40)),
    bandwidth=st.floats(0.7, 60),
)
def test_equals_the_plain_twin(picture, bandwidth):
    """Levels that are no multiple of anything, so that no colour lies at exactly a bandwidth from a seed."""
    colors = (picture * np.float32(1.2357) - np.float32(7.1)).astype(np.float32)
    distinct = distinct_rows(colors)
    found = color_modes(distinct.rows, distinct.counts, bandwidth, 20, 1e-3, threads=1)
    np.testing.assert_allclose(found.modes, plain.modes(colors.astype(np.float64), bandwidth, 20, 1e-3), atol=1e-6)


@pytest.mark.small
def test_seeds_are_the_bins_that_hold_colours():
    rng = np.random.default_rng(0)
    for depth in (1, 3, 6):
        colors = rng.normal(0, 30, (50, depth)).astype(np.float32)
        assert np.array_equal(bin_seeds(colors, 0.9), plain.seeds(colors, 0.9))


@pytest.mark.small
@pytest.mark.parametrize("depth", [4, 5, 9, 70])
def test_colours_of_many_bands_that_lie_apart_are_modes(depth):
    """In many dimensions nothing may lie within a bandwidth of a cube's centre: seeds are colours there."""
    colors = np.random.default_rng(0).uniform(0, 100, (20, depth)).astype(np.float32)
    found = color_modes(colors, np.ones(20, dtype=np.int64), 1.0, 20, 1e-3, threads=1)
    np.testing.assert_allclose(sorted(found.modes.tolist()), sorted(colors.tolist()), atol=1e-8)


@pytest.mark.small
@settings(max_examples=30)
@given(
    ends=arrays.arrays(np.float64, st.tuples(st.integers(65, 300), st.integers(1, 4)), elements=st.floats(-9, 9)),
    bandwidth=st.floats(0.01, 3),
)
def test_many_modes_are_apart(ends, bandwidth):
    weights = np.ones(len(ends), dtype=np.int64)
    modes = _apart(ends, weights, bandwidth)
    expected = []
    for end in sorted(ends.tolist(), reverse=True):
        if all(sum((a - b) ** 2 for a, b in zip(end, mode, strict=True)) > bandwidth**2 for mode in expected):
            expected.append(end)
    assert modes.tolist() == expected


@pytest.mark.small
def test_a_climb_that_does_not_come_to_rest_is_told():
    colors = np.arange(40, dtype=np.float32)[:, np.newaxis] ** 1.2
    counts = np.arange(1, 41)
    found = color_modes(colors, counts, 5.0, 1, 0.0, threads=1)
    assert (found.steps == 1).all()
    assert not found.rests.all()
    assert color_modes(colors, counts, 5.0, 1000, 0.0, threads=1).rests.all()


@pytest.mark.small
def test_the_nearest_mode_and_of_two_the_first():
    modes = np.array([[4.0, 0.0], [0.0, 0.0], [9.0, 9.0]])
    colors = np.array([[2, 0], [1.9, 0], [8, 7], [2.1, 0]], dtype=np.float32)
    assert nearest_mode(colors, modes, threads=1).tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("bandwidth", [6.0, 11.0])
def test_modes_and_labels_are_those_of_scikit_learn(photograph, bandwidth):
    from sklearn.cluster import MeanShift

    picture = as_image(photograph[::2, ::2])
    samples = picture.samples(picture.in_space("lab"))
    peer = MeanShift(bandwidth=bandwidth, bin_seeding=True).fit(samples.astype(np.float64))
    distinct = distinct_rows(samples)
    for threads in (1, 2, 3):
        found = color_modes(distinct.rows, distinct.counts, bandwidth, 301, 1e-3, threads)
        assert len(found.modes) == len(peer.cluster_centers_) > 1
        np.testing.assert_allclose(found.modes, peer.cluster_centers_, atol=1e-6)
        assert np.array_equal(nearest_mode(distinct.rows, found.modes, threads)[distinct.index], peer.labels_)
