"""Quickshift's tree, against a twin with lists of pixels."""

import numpy as np
import pytest
from reference import quickshift as plain

from classicseg.kernels.quickshift import roots, shift_quickly

pytestmark = pytest.mark.small


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kernel_size", [1, 1.5])
def test_tree_equals_the_plain_twin(depth, masked, kernel_size):
    rng = np.random.default_rng(depth + 10 * masked)
    colors = (6 * rng.random((7, 10, depth))).astype(np.float32)
    mask = rng.random((7, 10)) > 0.3 * masked
    parents, distances = shift_quickly(colors, mask, kernel_size, threads=1)
    expected_parents, expected_distances = plain.tree(colors, mask, kernel_size)
    assert np.array_equal(parents[mask], expected_parents[mask])
    np.testing.assert_allclose(distances[mask], expected_distances[mask], rtol=1e-12)


def test_of_equal_densities_the_earlier_counts_as_higher():
    """Every second pixel is alone with its colour: all densities are equal but at the ends of the line."""
    colors = np.zeros((1, 12, 1), dtype=np.float32)
    colors[0, ::2] = 1000
    parents, distances = shift_quickly(colors, np.ones((1, 12), dtype=bool), 1, threads=1)
    expected_parents, expected_distances = plain.tree(colors, np.ones((1, 12), dtype=bool), 1)
    assert np.array_equal(parents, expected_parents)
    np.testing.assert_allclose(distances, expected_distances)
    assert parents[0, 6] == 4  # its own colour again, two to the left


def test_roots_of_a_forest():
    # 0 <- 1 <- 2 <- 3, and 5 <- 4
    parents = np.array([[0, 0, 1], [2, 5, 5]])
    assert roots(parents).tolist() == [[0, 0, 0], [0, 5, 5]]


@pytest.mark.parametrize("max_dist", [0, 1, 1.5, 4, 100])
def test_cutting_and_walking_to_the_roots(max_dist):
    colors = (6 * np.random.default_rng(3).random((8, 8, 1))).astype(np.float32)
    parents, distances = shift_quickly(colors, np.ones((8, 8), dtype=bool), 1, threads=1)
    itself = np.arange(64).reshape(8, 8)
    cut = roots(np.where(distances > max_dist, itself, parents))
    assert np.array_equal(cut, plain.cut(parents, distances, max_dist))


def test_reports_progress_to_the_end():
    shares = []
    shift_quickly(np.zeros((16, 2, 1), np.float32), np.ones((16, 2), bool), 1, 1, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
