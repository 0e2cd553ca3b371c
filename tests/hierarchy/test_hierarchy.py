"""Hierarchies: what is kept and refused, cuts, and trees from merges and from contour maps."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import hierarchy as plain

from classicseg.errors import ImageError, ParameterError
from classicseg.hierarchy import Hierarchy
from classicseg.io.ucm import hierarchy_from_ucm2

pytestmark = pytest.mark.small

# Four leaves around a hole: 1 and 3 at .2, 2 and 4 at .5, all at .5 too.
LEAVES = np.array([[3, 3, 2], [3, 0, 2], [1, 1, 4]])
PARENTS = [4, 5, 4, 5, 6, 6, 6]
ALTITUDES = [0, 0, 0, 0, 0.2, 0.5, 0.5]
HIERARCHY = Hierarchy(LEAVES, PARENTS, ALTITUDES)


@st.composite
def contour_maps(draw):
    """Doubled maps whose cells are 0; many ties, some contours of 0."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    values = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 0.95])
    ucm2 = draw(hnp.arrays(np.float64, (2 * height + 1, 2 * width + 1), elements=values))
    ucm2[1::2, 1::2] = 0
    return ucm2


def test_the_arrays_are_read_only_copies():
    leaves, altitudes = LEAVES.copy(), np.array(ALTITUDES)
    hierarchy = Hierarchy(leaves, PARENTS, altitudes)
    leaves[:], altitudes[:] = 9, 9
    assert hierarchy.leaves.dtype == np.int32
    assert hierarchy.leaves.flags.c_contiguous
    assert np.array_equal(hierarchy.leaves, LEAVES)
    assert hierarchy.parents.tolist() == PARENTS
    assert hierarchy.altitudes.tolist() == ALTITUDES
    assert hierarchy.raw_altitudes is None
    assert hierarchy.n_leaves == 4
    for array in (hierarchy.leaves, hierarchy.parents, hierarchy.altitudes):
        with pytest.raises(ValueError, match="read-only"):
            array.flat[0] = 1
    with pytest.raises(AttributeError):
        hierarchy.leaves = LEAVES


def test_copies_and_pickles_are_read_only_too():
    whole = Hierarchy(LEAVES, PARENTS, ALTITUDES, ALTITUDES)
    for other in (pickle.loads(pickle.dumps(whole)), copy.copy(whole), copy.deepcopy(whole)):
        assert np.array_equal(other.leaves, LEAVES)
        assert other.raw_altitudes.tolist() == ALTITUDES
        assert not any(array.flags.writeable for array in (other.leaves, other.parents, other.altitudes))


def test_thresholds_are_the_distinct_altitudes_of_merges():
    assert HIERARCHY.thresholds().tolist() == [0.2, 0.5]
    assert Hierarchy([[1]], [0], [0.3]).thresholds().tolist() == []
    assert Hierarchy([[1, 2]], [2, 2, 2], [-1, -2, 0]).thresholds().tolist() == [0]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (-np.inf, [[1, 1, 2], [1, 0, 2], [3, 3, 4]]),
        (0.19, [[1, 1, 2], [1, 0, 2], [3, 3, 4]]),
        (0.2, [[1, 1, 2], [1, 0, 2], [1, 1, 3]]),
        (np.float32(0.5), [[1, 1, 1], [1, 0, 1], [1, 1, 1]]),
        (7, [[1, 1, 1], [1, 0, 1], [1, 1, 1]]),
    ],
)
def test_a_cut_by_hand(threshold, expected):
    labels = HIERARCHY.cut(threshold=threshold)
    assert labels.tolist() == expected
    assert labels.dtype == np.int32
    assert labels.flags.c_contiguous


def test_a_forest_keeps_a_segment_a_root():
    forest = Hierarchy([[1, 2, 3, 4]], [4, 4, 2, 3, 4], [0, 0, 0, 0, 1])
    assert forest.cut(threshold=np.inf).tolist() == [[1, 1, 2, 3]]
    assert Hierarchy([[1, 2]], [0, 1], [0, 0]).cut(threshold=1).tolist() == [[1, 2]]


@given(tree=plain.forests(), threshold=st.sampled_from([-1.0, 0.0, 0.3, 0.5, 0.75, 2.0]))
def test_cuts_of_random_trees_equal_the_plain_twin(tree, threshold):
    leaves, parents, raw = tree
    hierarchy = Hierarchy.from_parents(leaves, parents, raw)
    all_raw = [0.0] * hierarchy.n_leaves + raw
    assert hierarchy.altitudes.tolist() == plain.highest_below(parents, all_raw)
    assert hierarchy.raw_altitudes.tolist() == all_raw
    expected = plain.cut(leaves, parents, hierarchy.altitudes, threshold)
    assert np.array_equal(hierarchy.cut(threshold=threshold), expected)


def test_merges_are_pairs_in_order_and_altitudes_are_raised():
    hierarchy = Hierarchy.from_merges([[1, 2, 3, 4]], [(1, 2), (0, 4), (5, 3)], [0.6, 0.4, 0.9])
    assert hierarchy.parents.tolist() == [5, 4, 4, 6, 5, 6, 6]
    assert hierarchy.altitudes.tolist() == [0, 0, 0, 0, 0.6, 0.6, 0.9]
    assert hierarchy.raw_altitudes.tolist() == [0, 0, 0, 0, 0.6, 0.4, 0.9]
    assert hierarchy.cut(threshold=0.4).tolist() == [[1, 2, 3, 4]]
    assert hierarchy.cut(threshold=0.6).tolist() == [[1, 1, 1, 2]]


def test_leaves_start_below_negative_altitudes():
    hierarchy = Hierarchy.from_merges([[1, 2, 3]], [(0, 1), (2, 3)], [-2.0, -5.0])
    assert hierarchy.altitudes.tolist() == [-5, -5, -5, -2, -2]


def test_no_merges_leave_the_leaves():
    hierarchy = Hierarchy.from_merges([[2, 1]], [], [])
    assert hierarchy.cut(threshold=9).tolist() == [[1, 2]]
    assert repr(hierarchy) == "Hierarchy(shape=(1, 2), n_leaves=2, n_merges=0)"


@pytest.mark.parametrize(
    ("leaves", "message"),
    [
        ([[1, 3]], r"2 labels from 1 to 3 came; they are 1..n without a hole"),
        ([[-1, 1]], r"2 labels from -1 to 1"),
        ([[0, 0]], r"1 labels from 0 to 0"),
        ([[1, 2_000_000_000]], r"from 1 to 2000000000"),
        ([[1.0, 2.0]], r"type float64 and shape \(1, 2\).*integers"),
        ([1, 2], r"shape \(2,\)"),
        (np.zeros((0, 3), int), r"at least one pixel"),
    ],
)
def test_leaves_with_holes_are_refused(leaves, message):
    for make in (Hierarchy, Hierarchy.from_parents, Hierarchy.from_merges):
        with pytest.raises(ImageError, match=message):
            make(leaves, [0, 1], [0, 0])


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([4, 4, 2, 4, 3], r"node 3 has the parent 4.*|node 4 has the parent 3"),
        ([3, 3, 4, 4, 3], r"node 4 has the parent 3; a parent is a merge \(3 to 4\) that comes after its children"),
        ([1, 1, 2], r"node 0 has the parent 1; a parent is a merge \(3 to 2\)"),
        ([3, 3, 9, 3], r"node 2 has the parent 9"),
        ([3, 3, -1, 3], r"node 2 has the parent -1"),
        ([3, 3, 4, 4, 5, 5], r"node 5 has 1 children; a merge has two or more"),
        ([0, 1, 2, 3], r"node 3 has 0 children"),
        ([0, 1], r"shape \(2,\) came for 3 leaves"),
        ([3.0, 3.0, 3.0, 3.0], r"type float64"),
    ],
)
def test_parents_that_make_no_tree_are_refused(parents, message):
    with pytest.raises(ImageError, match=message):
        Hierarchy([[1, 2, 3]], parents, [0.0] * len(parents))


@pytest.mark.parametrize(
    ("altitudes", "message"),
    [
        ([0, 0, 0, 0.5, 0.4], r"falls from 0.5 at node 3 to 0.4 at its parent 4.*from_merges"),
        ([0, 0, 0.6, 0.5, 0.5], r"falls from 0.6 at node 2 to 0.5"),
        ([0, 0, 0, np.nan, 1], r"altitudes of shape \(5,\) has NaN or infinity 1 times, first at \(3,\)"),
        ([0, 0, 0, 1, np.inf], r"NaN or infinity 1 times, first at \(4,\)"),
        ([0, 0, 0, 1], r"altitudes of type int64 and shape \(4,\) came; real numbers \(5,\), one a node"),
        (["a"] * 5, r"altitudes of type <U1"),
    ],
)
def test_altitudes_that_fall_or_are_no_numbers_are_refused(altitudes, message):
    with pytest.raises(ImageError, match=message):
        Hierarchy([[1, 2, 3]], [3, 3, 4, 4, 4], altitudes)


def test_raw_altitudes_are_checked_too():
    with pytest.raises(ImageError, match=r"raw_altitudes .*shape \(2,\)"):
        Hierarchy([[1, 2]], [2, 2, 2], [0, 0, 1], [0, 1])
    with pytest.raises(ImageError, match=r"raw_altitudes .*shape \(2,\) came; real numbers \(1,\), one a merge"):
        Hierarchy.from_parents([[1, 2]], [2, 2, 2], [0.5, 1])
    with pytest.raises(ImageError, match=r"raw_altitudes .*NaN"):
        Hierarchy.from_merges([[1, 2]], [(0, 1)], [np.nan])


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        ([(0, 1), (0, 2)], r"node 0 is merged 2 times"),
        ([(0, 0), (1, 2)], r"node 0 is merged 2 times"),
        ([(0, 3), (1, 2)], r"merge 0 joins the nodes \[0, 3\]; it may join the nodes 0 to 2"),
        ([(0, 1), (-1, 2)], r"merge 1 joins the nodes \[-1, 2\]"),
        ([(0, 1, 2)], r"shape \(1, 3\).*from_parents"),
        ([(0.0, 1.0)], r"type float64"),
    ],
)
def test_merges_out_of_order_are_refused(merges, message):
    with pytest.raises(ImageError, match=message):
        Hierarchy.from_merges([[1, 2, 3]], merges, [0.5] * len(merges))


@pytest.mark.parametrize("threshold", [np.nan, "0.5", None, True, 1j])
def test_a_threshold_that_is_no_number_is_refused(threshold):
    with pytest.raises(ParameterError, match="is not allowed; it is a number in the unit of the altitudes"):
        HIERARCHY.cut(threshold=threshold)


@given(ucm2=contour_maps())
def test_cuts_of_contour_maps_equal_the_flood_fill_at_every_threshold(ucm2):
    hierarchy = hierarchy_from_ucm2(ucm2)
    assert len(hierarchy.parents) == 2 * hierarchy.n_leaves - 1
    assert set(hierarchy.thresholds()) <= set(ucm2.ravel())
    for threshold in [*np.unique(ucm2), 0.15, 0.99]:
        assert np.array_equal(hierarchy.cut(threshold=threshold), plain.contour_segments(ucm2, threshold))


def test_a_contour_map_of_two_by_two_pixels_by_hand():
    # Between the upper pixels .1, the lower .4, left .3, right .2; where they cross .3.
    ucm2 = np.array([[1, 1, 1, 1, 1], [1, 0, 0.1, 0, 1], [1, 0.3, 0.3, 0.2, 1], [1, 0, 0.4, 0, 1], [1, 1, 1, 1, 1]])
    hierarchy = hierarchy_from_ucm2(ucm2)
    assert hierarchy.leaves.tolist() == [[1, 2], [3, 4]]
    assert hierarchy.parents.tolist() == [4, 4, 6, 5, 5, 6, 6]
    assert hierarchy.altitudes.tolist() == [0, 0, 0, 0, 0.1, 0.2, 0.3]
    assert hierarchy.cut(threshold=0.2).tolist() == [[1, 1], [2, 1]]


def test_pixels_meet_by_corners_as_in_the_benchmark():
    ucm2 = np.full((5, 5), 0.8)
    ucm2[1::2, 1::2] = 0
    ucm2[2, 2] = 0.5  # the crossing alone is low: all four pixels touch it
    assert hierarchy_from_ucm2(ucm2).cut(threshold=0.5).tolist() == [[1, 1], [1, 1]]


def test_contours_of_zero_part_nothing_and_other_types_are_taken():
    assert hierarchy_from_ucm2(np.zeros((5, 7), dtype=bool)).leaves.tolist() == [[1, 1, 1], [1, 1, 1]]
    ucm2 = np.zeros((3, 5), dtype=np.uint8)
    ucm2[:, 2] = 200
    assert hierarchy_from_ucm2(ucm2).altitudes.tolist() == [0, 0, 200]
    assert hierarchy_from_ucm2(np.asfortranarray(ucm2.astype(np.float32) / 256)).thresholds().tolist() == [0.78125]


@pytest.mark.parametrize(
    ("ucm2", "message"),
    [
        (np.zeros((4, 5)), r"shape \(4, 5\) came; .*\(2H \+ 1, 2W \+ 1\).*doubleSize"),
        (np.zeros((1, 5)), r"shape \(1, 5\)"),
        (np.zeros((3, 3, 3)), r"shape \(3, 3, 3\)"),
        (np.zeros((3, 3), dtype=complex), r"type complex128"),
        ([[0, 0, 0], [0, 0, np.nan], [0, 0, 0]], r"NaN or infinity 1 times, first at \(1, 2\)"),
        ([[0, 0, 0], [0, 0, -1], [0, 0, 0]], r"values down to -1"),
        ([[0, 0, 0, 0, 0], [0, 0, 1, 0.5, 0], [0, 0, 0, 0, 0]], r"above 0 at 1 cells .*pixel \(0, 1\).*ucm2"),
    ],
)
def test_arrays_that_are_no_contour_maps_are_refused(ucm2, message):
    with pytest.raises(ImageError, match=message):
        hierarchy_from_ucm2(ucm2)
