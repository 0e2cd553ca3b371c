"""The thinning kernel against its plain twin and scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import thinning as plain
from skimage import morphology

from classicseg.kernels.thinning import thin

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))


@pytest.mark.small
@settings(derandomize=True, max_examples=150, deadline=None, database=None)
@given(mask=shapes.flatmap(lambda shape: hnp.arrays(bool, shape)))
def test_equals_the_plain_twin(mask):
    assert np.array_equal(thin(mask), plain.thin(mask))


@pytest.mark.small
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2), (3, 3), (8, 8), (3, 12)])
def test_full_blocks_equal_the_plain_twin(shape):
    block = np.ones(shape, dtype=bool)
    assert np.array_equal(thin(block), plain.thin(block))


@pytest.mark.small
def test_a_block_becomes_a_line_and_a_ring_stays_closed():
    assert thin(np.ones((3, 5), dtype=bool)).astype(int).tolist() == [[0] * 5, [0, 1, 1, 1, 0], [0] * 5]
    ring = np.ones((9, 9), dtype=bool)
    ring[4, 4] = False
    thinned = thin(ring)
    assert thinned.sum() == 4  # the diamond around the hole, closed over its diagonals
    assert thinned[[3, 4, 4, 5], [4, 3, 5, 4]].all()


@pytest.mark.small
def test_lines_and_points_stay():
    line = np.eye(7, dtype=bool)
    line[0, 6] = True
    assert np.array_equal(thin(line), line)


@pytest.mark.parametrize("density", [0.1, 0.5, 0.8, 0.97])
def test_equals_scikit_image_on_noise(density):
    mask = np.random.default_rng(int(100 * density)).random((120, 90)) < density
    assert np.array_equal(thin(mask), morphology.thin(mask))


def test_equals_scikit_image_on_thick_shapes():
    rows, columns = np.indices((150, 200))
    mask = (np.hypot(rows - 70, columns - 90) < 60) ^ (np.hypot(rows - 60, columns - 100) < 20)
    mask[100:, 150:] = True
    assert np.array_equal(thin(mask), morphology.thin(mask))


def test_input_is_not_modified_and_may_lie_anyhow_in_memory():
    mask = np.random.default_rng(3).random((20, 30)) < 0.7
    before = mask.copy()
    expected = thin(mask)
    assert np.array_equal(mask, before)
    assert np.array_equal(thin(np.asfortranarray(mask)), expected)
    assert np.array_equal(thin(np.repeat(mask, 2, axis=1)[:, ::2]), expected)
