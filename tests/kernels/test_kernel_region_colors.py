"""Sizes, sums and soft histograms of regions beside a plain twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import merging as plain

from classicseg.kernels.region_colors import looks_of

pytestmark = pytest.mark.small


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    depth=st.integers(1, 4),
    bins=st.integers(2, 6),
    n_textons=st.sampled_from([0, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_looks_are_those_of_the_plain_twin(shape, depth, bins, n_textons, seed):
    rng = np.random.default_rng(seed)
    regions = rng.integers(0, 4, shape).astype(np.int32)
    regions.flat[0] = 3
    lows = rng.integers(-60, 1, depth).astype(np.float32)
    highs = lows + rng.integers(50, 100, depth).astype(np.float32)
    planes = rng.uniform(-90, 140, (depth, *shape)).astype(np.float32)  # some lie beyond
    textons = rng.integers(0, n_textons, shape).astype(np.uint8) if n_textons else None
    found = looks_of(regions, 3, planes, lows, highs, bins, textons, n_textons)
    sizes, sums, histograms = plain.looks(
        regions.tolist(), planes.tolist(), lows.tolist(), highs.tolist(), bins,
        None if textons is None else textons.tolist(), n_textons,
    )  # fmt: skip
    assert found.sizes.tolist() == sizes
    assert np.allclose(found.sums, sums, rtol=1e-12, atol=1e-9)
    assert np.allclose(found.histograms, histograms, atol=1e-4)
    assert found.histograms.shape == (3, depth * bins + n_textons)


def test_a_value_between_two_middles_counts_for_both_by_nearness():
    plane = np.array([[[0, 5, 7.5, 10, 16, 100]]], dtype=np.float32)  # of two bins the middles are 5 and 15
    regions = np.arange(1, 7, dtype=np.int32)[np.newaxis]
    looks = looks_of(regions, 6, plane, np.zeros(1, np.float32), np.full(1, 20, np.float32), 2, None, 0)
    assert looks.histograms.tolist() == [[1, 0], [1, 0], [0.75, 0.25], [0.5, 0.5], [0, 1], [0, 1]]


def test_textons_outside_the_mask_are_not_looked_at():
    regions, textons = np.array([[1, 0]], dtype=np.int32), np.array([[1, 255]], dtype=np.uint8)
    plane = np.array([[[1, np.nan]]], dtype=np.float32)
    looks = looks_of(regions, 1, plane, np.zeros(1, np.float32), np.ones(1, np.float32), 2, textons, 3)
    assert looks.histograms.tolist() == [[0, 1, 0, 1, 0]]
