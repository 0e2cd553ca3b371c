"""Sizes, sums and histograms of regions beside a plain twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import merging as plain

from classicseg.kernels.region_looks import looks_of

pytestmark = pytest.mark.small


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    depth=st.integers(1, 4),
    bins=st.lists(st.integers(1, 6), max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_looks_are_those_of_the_plain_twin(shape, depth, bins, seed):
    rng = np.random.default_rng(seed)
    regions = rng.integers(0, 4, shape).astype(np.int32)
    regions.flat[0] = 3
    planes = rng.uniform(-90, 140, (depth, *shape)).astype(np.float32)
    words = np.zeros((len(bins), *shape), np.uint8)
    for each, count in zip(words, bins, strict=True):
        each[:] = rng.integers(0, count, shape)
    found = looks_of(regions, 3, planes, words, np.array(bins, dtype=np.int64))
    sizes, sums, histograms = plain.looks(regions.tolist(), planes.tolist(), words.tolist(), bins)
    assert found.sizes.tolist() == sizes
    assert np.allclose(found.sums, sums, rtol=1e-12, atol=1e-9)
    assert found.histograms.tolist() == histograms
    assert found.histograms.shape == (3, sum(bins))


def test_what_is_no_region_is_not_looked_at():
    regions, words = np.array([[1, 0]], dtype=np.int32), np.array([[[1, 255]]], dtype=np.uint8)
    looks = looks_of(regions, 1, np.array([[[4, np.nan]]], dtype=np.float32), words, np.array([3]))
    assert (looks.sums.tolist(), looks.histograms.tolist()) == ([[4]], [[0, 1, 0]])
