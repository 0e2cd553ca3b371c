"""Cuts by number, contour maps, hierarchies made of pairs, of connected parts and of one above another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import hierarchy as plain
from reference import merging_order
from reference.components import flood_fill_components, raster_numbers

from classicseg.errors import ImageError, ParameterError
from classicseg.hierarchy import Hierarchy, connected_hierarchy, hierarchy_of_pairs, raised, stacked
from classicseg.io.ucm import hierarchy_from_ucm2

pytestmark = pytest.mark.small

CHAIN = Hierarchy.from_merges([[1, 2, 3, 4, 5]], [(0, 1), (3, 4), (5, 6), (7, 2)], [0.1, 0.2, 0.3, 0.4])


def made(tree):
    return Hierarchy.from_parents(*tree)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_a_binary_tree_with_distinct_altitudes_gives_exactly_so_many(count):
    assert CHAIN.cut(n_segments=count).max() == count


def test_more_segments_than_leaves_are_the_leaves_and_fewer_than_roots_the_roots():
    assert CHAIN.cut(n_segments=99).tolist() == [[1, 2, 3, 4, 5]]
    forest = Hierarchy([[1, 2, 3, 4]], [4, 4, 2, 3, 4], [0, 0, 0, 0, 1])
    assert forest.cut(n_segments=1).tolist() == [[1, 1, 2, 3]]
    assert Hierarchy([[1, 2]], [0, 1], [0, 0]).cut(n_segments=1).tolist() == [[1, 2]]


def test_merges_at_one_altitude_are_done_together():
    plateau = Hierarchy.from_merges([[1, 2, 3, 4]], [(0, 1), (4, 2), (5, 3)], [0.5, 0.5, 0.75])
    assert [plateau.cut(n_segments=count).max() for count in (1, 2, 3, 4)] == [1, 2, 2, 4]


@given(tree=plain.forests(), count=st.integers(1, 12))
def test_a_cut_by_number_is_the_finest_with_at_most_so_many(tree, count):
    hierarchy = made(tree)
    cuts = [hierarchy.cut(threshold=t) for t in (-np.inf, *hierarchy.thresholds())]
    expected = next((cut for cut in cuts if cut.max() <= count), cuts[-1])
    assert np.array_equal(hierarchy.cut(n_segments=count), expected)


@pytest.mark.parametrize("count", [0, -1, 2.0, True, "3", np.nan])
def test_a_number_of_segments_that_is_none_is_refused(count):
    with pytest.raises(ParameterError, match="is not allowed; it is a whole number of at least 1"):
        CHAIN.cut(n_segments=count)


def test_a_hierarchy_is_cut_in_one_way():
    with pytest.raises(ParameterError, match=r"threshold=0\.5 and n_segments=2 came.*Leave the other out"):
        CHAIN.cut(threshold=0.5, n_segments=2)
    with pytest.raises(ParameterError, match=r"n_segments= is given instead"):
        CHAIN.cut()


@given(tree=plain.forests())
def test_contour_maps_equal_the_plain_twin(tree):
    leaves, parents, _ = tree
    hierarchy = made(tree)
    apart = 1.0 if hierarchy.altitudes.max() < 1 else 2.0
    expected = merging_order.contour_map(leaves.tolist(), parents, hierarchy.altitudes.tolist(), apart)
    found = hierarchy.ucm()
    assert found.tolist() == expected
    assert found.dtype == np.float64 and found.flags.c_contiguous
    pixels = hierarchy.ucm(size="pixel")
    assert np.array_equal(pixels, found[2::2, 2::2])
    assert pixels.shape == leaves.shape and pixels.flags.c_contiguous


@given(tree=plain.forests())
def test_reading_a_contour_map_gives_the_connected_parts_of_the_same_cuts(tree):
    hierarchy = made(tree)
    inside = hierarchy.leaves > 0
    back = hierarchy_from_ucm2(hierarchy.ucm())
    for threshold in (0.0, 0.1, *hierarchy.thresholds(), 0.9999):
        expected = flood_fill_components(hierarchy.cut(threshold=threshold), inside)
        labels = back.cut(threshold=threshold)
        assert np.array_equal(raster_numbers(np.where(inside, labels, 0)), expected)


def test_merges_at_altitude_0_are_done_in_the_leaves_of_a_contour_map():
    hierarchy = Hierarchy.from_merges([[1, 2, 3]], [(0, 1), (3, 2)], [0.0, 0.5])
    assert hierarchy_from_ucm2(hierarchy.ucm()).leaves.tolist() == [[1, 1, 2]]


def test_what_never_merges_stands_above_all_altitudes():
    assert Hierarchy([[1, 0, 2]], [0, 1], [0, 0]).ucm()[1].tolist() == [0, 0, 1, 0, 1, 0, 0]
    assert Hierarchy([[1, 2, 0]], [2, 2, 2], [0, 0, 3]).ucm()[1].tolist() == [0, 0, 3, 0, 6, 0, 0]


def test_contour_maps_that_cannot_be_are_refused():
    with pytest.raises(ImageError, match=r"altitudes down to -2; contours have altitudes of 0 or above"):
        Hierarchy.from_merges([[1, 2]], [(0, 1)], [-2]).ucm()
    with pytest.raises(ParameterError, match=r"size='half' is not allowed; it is one of 'double', 'pixel'"):
        CHAIN.ucm(size="half")


def test_pairs_join_by_rising_value_and_leave_several_roots():
    pairs = np.array([(0, 1), (2, 3), (1, 0), (1, 4)])
    hierarchy = hierarchy_of_pairs([[1, 2, 3, 4, 5]], pairs, np.array([0.5, 0.25, 0.125, 0.125]))
    assert hierarchy.altitudes.tolist() == [0] * 5 + [0.125, 0.125, 0.25]
    assert hierarchy.cut(threshold=1).tolist() == [[1, 1, 2, 2, 1]]
    alone = hierarchy_of_pairs([[1]], np.zeros((0, 2), int), np.zeros(0))
    assert alone.parents.tolist() == [0]


@given(tree=plain.forests(), threshold=st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.75, 2.0]))
def test_connected_parts_of_a_hierarchy_whose_segments_lie_apart(tree, threshold):
    whole = made(tree)
    inside = whole.leaves > 0
    parts = flood_fill_components(whole.leaves, inside)
    owners = np.array([whole.leaves[parts == part][0] - 1 for part in range(1, parts.max() + 1)])
    found = connected_hierarchy(parts, owners, whole)
    assert np.array_equal(found.leaves, parts)
    expected = flood_fill_components(whole.cut(threshold=threshold), inside)
    assert np.array_equal(found.cut(threshold=threshold), expected)


def test_parts_of_one_owner_that_touch_join_at_the_lowest():
    whole = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.5])
    found = connected_hierarchy(np.array([[1, 2, 3]], np.int32), np.array([0, 0, 1]), whole, lowest=0.25)
    assert found.altitudes.tolist() == [0, 0, 0, 0.25, 0.5]


@given(lower=plain.forests(), data=st.data())
def test_one_hierarchy_above_another(lower, data):
    below = raised(made(lower), 0.0)
    top = below.cut(threshold=np.inf)
    count = int(top.max())
    pairs = data.draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=6))
    values = np.linspace(0, 1, len(pairs))
    above = raised(hierarchy_of_pairs(top, np.array(pairs).reshape(-1, 2), values), 1.0)
    both = stacked(below, above)
    for threshold in (0.0, 0.3, 0.5, 0.9):
        assert np.array_equal(both.cut(threshold=threshold), below.cut(threshold=threshold))
    assert np.array_equal(both.cut(threshold=np.inf), above.cut(threshold=np.inf))
    assert (both.raw_altitudes is None) == (below.raw_altitudes is None and above.raw_altitudes is None)


def test_a_hierarchy_stands_only_above_its_own_roots():
    lower = Hierarchy.from_merges([[1, 2, 3]], [(0, 1)], [0.5])
    with pytest.raises(ImageError, match=r"the upper hierarchy has 3 leaves that are not the segments"):
        stacked(lower, Hierarchy.from_merges([[1, 2, 3]], [(0, 1)], [0.75]))
    with pytest.raises(ImageError, match=r"the altitude falls from 0.5"):
        stacked(lower, Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.25]))


def test_raised_altitudes_keep_their_order_and_the_raw_ones():
    hierarchy = Hierarchy.from_merges([[1, 2, 3]], [(0, 1), (3, 2)], [0.5, 0.25])
    assert raised(hierarchy, 0.5).altitudes.tolist() == [0, 0, 0, 0.75, 0.75]
    assert raised(hierarchy, 0.5).raw_altitudes.tolist() == [0, 0, 0, 0.75, 0.625]
    assert hierarchy.altitudes.tolist() == [0, 0, 0, 0.5, 0.5]
