"""Quickshift's densities and tree, against a twin with lists of pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import quickshift as plain

from classicseg.kernels.quickshift import shift_quickly, trees

small = pytest.mark.small


@st.composite
def pictures(draw):
    """Planes of few and of many levels, with and without a mask, from a line to a square."""
    height, width, depth = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = draw(st.sampled_from([1, 2, 5, None]))
    spread = draw(st.sampled_from([2.0, 8.0, 40.0]))
    samples = rng.random((depth, height, width))
    if levels is not None:
        samples = np.floor(samples * levels) / levels
    mask = rng.random((height, width)) >= draw(st.sampled_from([0.0, 0.0, 0.3, 0.8]))
    return (spread * samples).astype(np.float32), mask


def assert_densities_are_the_plain_ones(result, planes, mask, kernel_size):
    expected = plain.densities(planes, mask, kernel_size)
    terms = mask.size
    assert np.log2(result.unit) == np.round(np.log2(result.unit))
    error = np.abs(result.densities * result.unit - expected)
    assert (error <= terms * result.unit / 2 + 1e-6 * expected).all()


@small
@settings(max_examples=25)
@given(pictures(), st.sampled_from([1, 1.5]))
def test_densities_are_the_plain_sums_rounded_and_the_tree_is_the_plain_one(picture, kernel_size):
    planes, mask = picture
    result = shift_quickly(planes, mask, kernel_size, threads=1)
    assert_densities_are_the_plain_ones(result, planes, mask, kernel_size)
    parents, distances = plain.tree(planes, mask, kernel_size, result.densities)
    assert np.array_equal(result.parents, parents)
    assert np.array_equal(result.distances, distances)
    assert result.parents.dtype == result.densities.dtype == np.int32
    assert result.distances.dtype == np.float32


@small
@pytest.mark.parametrize("kernel_size", [5, 100])
def test_windows_larger_than_the_picture(kernel_size):
    planes = (30 * np.random.default_rng(0).random((3, 5, 8))).astype(np.float32)
    mask = np.ones((5, 8), dtype=bool)
    result = shift_quickly(planes, mask, kernel_size, threads=1)
    assert_densities_are_the_plain_ones(result, planes, mask, kernel_size)
    parents, distances = plain.tree(planes, mask, kernel_size, result.densities)
    assert np.array_equal(result.parents, parents)
    assert np.array_equal(result.distances, distances)


@pytest.mark.parametrize(
    ("kernel_size", "shape"), [(1, (3, 3, 530)), (2, (1, 19, 36)), (3.4, (2, 20, 30)), (1, (3, 40, 17))]
)
def test_pictures_of_several_parts(kernel_size, shape):
    """Wider than a strip, or of more rows than are done at once, and links of all lengths."""
    rng = np.random.default_rng(1)
    planes = (60 * rng.random(shape)).astype(np.float32)
    mask = rng.random(shape[1:]) > 0.1
    result = shift_quickly(planes, mask, kernel_size, threads=2)
    assert_densities_are_the_plain_ones(result, planes, mask, kernel_size)
    parents, distances = plain.tree(planes, mask, kernel_size, result.densities)
    assert np.array_equal(result.parents, parents)
    assert np.array_equal(result.distances, distances)
    assert result.distances[np.isfinite(result.distances)].max() > 3


@small
@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_picture_has_the_same_densities_to_the_last_bit(axis):
    planes = (9 * np.random.default_rng(1).random((2, 8, 11))).astype(np.float32)
    mask = np.ones((8, 11), dtype=bool)
    densities = shift_quickly(planes, mask, 1, threads=1).densities
    mirrored = shift_quickly(np.flip(planes, axis + 1), mask, 1, threads=1).densities
    assert np.array_equal(np.flip(densities, axis), mirrored)
    assert len(np.unique(densities)) > 80


@pytest.mark.parametrize("kernel_size", [1, 2.5, 30])
def test_sums_stay_in_range_where_all_colours_are_equal(kernel_size):
    """The greatest densities that there are; in the middle of the picture all are one number."""
    reach = int(np.ceil(3 * kernel_size))
    side = 2 * min(reach, 40) + 3
    result = shift_quickly(np.zeros((1, side, side), np.float32), np.ones((side, side), bool), kernel_size, threads=2)
    steps = np.arange(-reach, reach + 1) if side > 2 * reach else np.arange(-(side // 2), side // 2 + 1)
    expected = np.exp(-(steps**2) / (2 * kernel_size**2)).sum() ** 2
    assert (result.densities > 0).all()
    assert result.densities.max() * result.unit == pytest.approx(expected, rel=1e-5)
    assert (result.densities == result.densities.max()).sum() >= (9 if side > 2 * reach else 1)


@small
def test_of_equal_densities_the_earlier_counts_as_higher():
    """Every second pixel is alone with its colour: all densities are equal but at the ends of the line."""
    planes = np.zeros((1, 1, 12), dtype=np.float32)
    planes[0, 0, ::2] = 900
    mask = np.ones((1, 12), dtype=bool)
    parents, distances, densities, _ = shift_quickly(planes, mask, 1, threads=1)
    expected_parents, expected_distances = plain.tree(planes, mask, 1, plain.densities(planes, mask, 1))
    assert np.array_equal(parents, expected_parents)
    assert np.array_equal(distances, expected_distances)
    assert parents[0, 6] == 4  # its own colour again, two to the left
    assert densities[0, 6] == densities[0, 4]


@small
def test_of_equally_near_parents_the_first_wins():
    """One low pixel among equal ones, above them all and below: the one above is earlier."""
    planes = np.zeros((1, 5, 5), dtype=np.float32)
    planes[0, 2, 2] = 1
    parents = shift_quickly(planes, np.ones((5, 5), dtype=bool), 1, threads=1).parents
    assert parents[2, 2] == 1 * 5 + 2


@small
def test_pixels_outside_the_mask_are_roots_that_nobody_sees():
    planes = (5 * np.random.default_rng(2).random((3, 6, 9))).astype(np.float32)
    mask = np.ones((6, 9), dtype=bool)
    mask[:, 4] = False
    both = shift_quickly(planes, mask, 1, threads=1)
    planes[:, :, 4] = 77
    again = shift_quickly(planes, mask, 1, threads=1)
    assert all(np.array_equal(one, other) for one, other in zip(both, again, strict=True))
    assert np.array_equal(both.parents[:, 4], np.arange(54).reshape(6, 9)[:, 4])
    assert np.isinf(both.distances[:, 4]).all()
    assert (both.densities[:, 4] == 0).all()


@small
def test_trees_of_a_forest():
    # 0 <- 1 <- 2 <- 3, and 5 <- 4; the link of 2 is long
    parents = np.array([[0, 0, 1], [2, 5, 5]], dtype=np.int32)
    distances = np.array([[np.inf, 1, 3], [1, 1, np.inf]], dtype=np.float32)
    roots, count = trees(parents, distances, 3)
    assert roots.tolist() == [[0, 0, 0], [0, 5, 5]]
    assert count == 2
    roots, count = trees(parents, distances, 2)
    assert roots.tolist() == [[0, 0, 2], [2, 5, 5]]
    assert count == 3


@small
@pytest.mark.parametrize("max_dist", [0, 1, 1.5, 4, 100])
def test_cutting_and_walking_to_the_roots(max_dist):
    planes = (6 * np.random.default_rng(3).random((1, 8, 8))).astype(np.float32)
    tree = shift_quickly(planes, np.ones((8, 8), dtype=bool), 1, threads=1)
    roots, count = trees(tree.parents, tree.distances, max_dist)
    assert np.array_equal(roots, plain.cut(tree.parents, tree.distances, max_dist))
    assert count == len(np.unique(roots))


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(threads):
    from skimage import data

    planes = np.moveaxis(data.astronaut()[:200].astype(np.float32), -1, 0) / 8
    mask = np.ones(planes.shape[1:], dtype=bool)
    mask[50:70, 100:140] = False
    alone = shift_quickly(planes, mask, 3, threads=1)
    together = shift_quickly(planes, mask, 3, threads=threads)
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
    assert len(np.unique(alone.parents)) > 1000


@small
def test_reports_progress_to_the_end():
    shares = []
    shift_quickly(np.zeros((1, 16, 2), np.float32), np.ones((16, 2), bool), 1, 1, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
