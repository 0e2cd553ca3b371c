"""Merges weighed anew by area, volume and dynamics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import hierarchy as plain
from reference import merging_order
from reference.components import raster_numbers

import classicseg
from classicseg.errors import ParameterError
from classicseg.hierarchy import Hierarchy, hierarchy_of_pairs

small = pytest.mark.small


@st.composite
def starting_forests(draw):
    """Forests whose leaves start at altitudes of their own, some of them where they are merged."""
    leaves, parents, raw = draw(plain.forests())
    n_leaves = len(parents) - len(raw)
    altitudes = Hierarchy.from_parents(leaves, parents, raw).altitudes.copy()
    starts = draw(hnp.arrays(np.float64, n_leaves, elements=st.sampled_from([-0.5, 0.0, 0.25, 0.5])))
    own = altitudes[np.array(parents[:n_leaves])]
    altitudes[:n_leaves] = np.minimum(starts, own)
    return Hierarchy(leaves, parents, altitudes)


@small
@pytest.mark.parametrize("attribute", ["area", "volume", "dynamics"])
@given(hierarchy=starting_forests())
def test_equals_the_plain_twin(attribute, hierarchy):
    found = hierarchy.reweight(attribute)
    leaves = hierarchy.leaves.tolist()
    edges = merging_order.reweighted(leaves, hierarchy.parents.tolist(), hierarchy.altitudes.tolist(), attribute)
    expected = sorted(value for value, _, _ in edges)
    assert np.allclose(found.altitudes[found.n_leaves :], expected, rtol=0, atol=1e-12)
    for threshold in (0.0, 0.03, 0.101, 0.26, *(value for value, _, _ in edges)):
        labels = raster_numbers(merging_order.joined_along(leaves, edges, threshold))
        assert np.array_equal(found.cut(threshold=threshold + 1e-9), labels)


@small
@given(hierarchy=starting_forests())
def test_by_area_nothing_small_is_left_but_whole_trees(hierarchy):
    by_area = hierarchy.reweight("area")
    count = np.count_nonzero(hierarchy.leaves)
    whole = by_area.cut(threshold=np.inf)
    assert np.array_equal(whole, hierarchy.cut(threshold=np.inf))
    assert by_area.altitudes.max() <= 0.5
    for threshold in by_area.thresholds():
        labels = by_area.cut(threshold=threshold)
        for label in range(1, labels.max() + 1):
            segment = labels == label
            root = whole == whole[segment][0]
            assert segment.sum() > threshold * count * (1 - 1e-12) or segment.sum() == root.sum()


@small
@given(hierarchy=starting_forests(), attribute=st.sampled_from(["area", "volume", "dynamics"]))
def test_merges_as_basins_are_leaves_that_start_where_they_are_merged(hierarchy, attribute):
    """Which is a graph weighted at its edges: a leaf has no attribute, and so joins a neighbour at 0."""
    found = hierarchy.reweight(attribute, basins="merges")
    own = hierarchy.parents[: hierarchy.n_leaves]
    altitudes = np.concatenate([hierarchy.altitudes[own], hierarchy.altitudes[hierarchy.n_leaves :]])
    other = Hierarchy(hierarchy.leaves, hierarchy.parents, altitudes).reweight(attribute)
    assert np.array_equal(found.parents, other.parents)
    assert np.array_equal(found.altitudes, other.altitudes)
    merged = found.parents[: found.n_leaves]
    assert (found.altitudes[merged] == 0).all()


@small
def test_a_small_part_joins_a_neighbour_before_large_ones_join():
    # The lone pixel is merged last, with the two large leaves that were merged before it.
    hierarchy = Hierarchy.from_merges([[1, 1, 1, 3, 2, 2, 2, 2]], [(0, 1), (3, 2)], [0.2, 0.7])
    by_area = hierarchy.reweight("area")
    assert by_area.altitudes.tolist() == [0, 0, 0, 1 / 8, 3 / 8]
    assert by_area.cut(n_segments=2).tolist() == [[1, 1, 1, 1, 2, 2, 2, 2]]  # of equal borders the first leaf's


@small
def test_volumes_by_hand():
    # Leaves of 2, 1 and 3 pixels; heights .2, .2 and .7 of the leaves, .5 of the first merge.
    hierarchy = Hierarchy.from_merges([[1, 1, 2, 3, 3, 3]], [(0, 1), (3, 2)], [0.2, 0.7])
    volumes = [2 * 0.2, 1 * 0.2, 3 * 0.7, 2 * 0.2 + 1 * 0.2 + 3 * 0.5]
    expected = [volumes[1] / 6, min(volumes[3], volumes[2]) / 6]
    assert np.allclose(hierarchy.reweight("volume").altitudes[3:], expected, rtol=1e-14)


@small
def test_dynamics_by_hand():
    # Leaves that start at .1, .3, 0: the second is joined at .4 by a lower one, the first at .9 by the third.
    hierarchy = Hierarchy([[1, 2, 3]], [3, 3, 4, 4, 4], [0.1, 0.3, 0.0, 0.4, 0.9])
    assert np.allclose(hierarchy.reweight("dynamics").altitudes, [0, 0, 0, 0.1, 0.8], rtol=1e-14)


@small
@given(tree=plain.forests())
def test_dynamics_of_leaves_that_start_together_are_the_altitudes(tree):
    hierarchy = Hierarchy.from_parents(*tree)
    by_dynamics = hierarchy.reweight("dynamics")
    for threshold in (0.0, *hierarchy.thresholds()):
        assert np.array_equal(by_dynamics.cut(threshold=threshold), hierarchy.cut(threshold=threshold))


@small
def test_what_is_not_known_is_refused():
    hierarchy = Hierarchy.from_merges([[1, 2]], [(0, 1)], [0.5])
    with pytest.raises(ParameterError, match=r"attribute='height' is not allowed; it is one of 'area', 'volume'"):
        hierarchy.reweight("height")
    with pytest.raises(ParameterError, match=r"basins='points' is not allowed; it is one of 'leaves', 'merges'"):
        hierarchy.reweight("area", basins="points")


@small
def test_one_leaf_stays_one_leaf():
    for attribute in ("area", "volume", "dynamics"):
        assert Hierarchy([[1, 0]], [0], [0.5]).reweight(attribute).cut(threshold=9).tolist() == [[1, 0]]


def test_many_leaves_in_a_long_chain():
    """A tree as deep as it has leaves: nothing walks it up leaf by leaf."""
    count = 60_000
    leaves = np.arange(1, count + 1, dtype=np.int32).reshape(200, 300)
    pairs = np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)
    chain = hierarchy_of_pairs(leaves, pairs, np.linspace(0.1, 0.9, count - 1))
    assert np.array_equal(np.sort(chain.ucm()[1, 2:-1:2]), chain.altitudes[count : count + 299])
    by_area = chain.reweight("area")
    assert by_area.cut(n_segments=7).max() <= 7
    assert np.allclose(by_area.altitudes[count:], 1 / count)


def test_on_a_photograph_attributes_are_shares_and_nothing_tiny_is_left(photograph):
    hierarchy = classicseg.run(photograph, "kmeans").hierarchy
    for attribute in ("area", "volume", "dynamics"):
        found = hierarchy.reweight(attribute)
        assert found.n_leaves == hierarchy.n_leaves > 20
        assert found.altitudes.min() >= 0 and found.altitudes.max() <= 1
        assert found.cut(n_segments=5).max() == 5
    sizes = np.bincount(hierarchy.reweight("area").cut(threshold=0.01).ravel())[1:]
    assert len(sizes) > 1
    assert sizes.min() > 0.01 * photograph.shape[0] * photograph.shape[1]
