"""Union-find on pixels and regions, neighbours of regions, absorbing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import meanshift as plain
from reference.absorb import absorb_small as absorb_plainly
from reference.components import flood_fill_components, raster_numbers

from classicseg import labels as label_maps
from classicseg.kernels.regions import (
    absorb,
    find,
    fuse_pixels,
    list_neighbours,
    measure_classes,
    measure_regions,
    paint,
)

pytestmark = pytest.mark.small

shapes = st.tuples(st.integers(1, 7), st.integers(1, 7))


@given(data=st.data(), shape=shapes, reach=st.sampled_from([0.5, 1.0, 2.0]))
def test_fusing_equals_the_plain_twin(data, shape, reach):
    modes = data.draw(hnp.arrays(np.float64, (*shape, 3), elements=st.integers(0, 6).map(float)))
    mask = data.draw(hnp.arrays(bool, shape))
    fused = fuse_pixels(modes, mask, np.array([2.0, 2.0, 4.0]), reach)
    # A set's number is the raster index of its first pixel, so the numbers are those of a raster scan but for holes.
    assert np.array_equal(raster_numbers(np.where(mask, fused + 1, 0)), plain.fuse(modes, mask, 2.0, 4.0, reach))
    for number in np.unique(fused[mask]):
        assert np.flatnonzero(fused.ravel() == number)[0] == number


def test_fusing_goes_through_chains():
    modes = np.arange(6, dtype=np.float64).reshape(1, 6, 1)
    inside = np.ones((1, 6), dtype=bool)
    assert not fuse_pixels(modes, inside, np.array([2.0]), 0.5).any()
    assert fuse_pixels(modes, inside, np.array([2.0]), 0.49).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_find_walks_to_the_root_and_shortens_the_way():
    parent = np.array([0, 0, 1, 2, 3])
    assert find(parent, 4) == 0
    assert parent[4] == 2
    assert find(parent, 0) == 0


def absorbing(pairs, sizes, colors, min_size, fixed=()):
    """The fate of each region of a graph given by its edges."""
    both = sorted([*pairs, *((b, a) for a, b in pairs)])
    ends = np.array([sum(one <= region for one, _ in both) for region in range(len(sizes))])
    starts = np.concatenate([[0], ends[:-1]])
    targets = np.array([other for _, other in both], dtype=np.int32)
    sizes = np.array(sizes)
    sums = np.array(colors, dtype=float)[:, None] * sizes[:, None]
    stays = np.isin(np.arange(len(sizes)), fixed)
    return absorb(starts, ends, targets, sizes, sums, stays, min_size).tolist()


def test_small_regions_join_their_most_similar_neighbour():
    assert absorbing([(0, 1), (1, 2)], [9, 1, 9], [0, 60, 100], 5) == [0, 2, 2]
    assert absorbing([(0, 1), (1, 2)], [9, 1, 9], [0, 40, 100], 5) == [0, 0, 2]


def test_of_equally_similar_neighbours_the_first_wins():
    assert absorbing([(0, 1), (1, 2)], [9, 1, 9], [0, 50, 100], 5) == [0, 0, 2]


def test_small_regions_go_on_joining_until_they_are_large_enough():
    # 1 joins 2, which is nearer; together they are still small and join 3.
    assert absorbing([(0, 1), (1, 2), (2, 3)], [9, 1, 2, 9], [0, 50, 60, 100], 5) == [0, 3, 3, 3]


def test_means_follow_every_merger():
    # 2 (one pixel of 100) joins 1 (two of 40): three pixels of 60, which are nearer to 100 than to 0, as 40 was not.
    assert absorbing([(0, 1), (1, 2), (1, 3)], [9, 2, 1, 9], [0, 40, 100, 100], 5) == [0, 3, 3, 3]


def test_fixed_regions_stay_and_take_others_in():
    assert absorbing([(0, 1)], [1, 2], [0, 10], 5, fixed=[0]) == [0, 0]
    assert absorbing([(0, 1)], [1, 9], [0, 10], 5, fixed=[0]) == [0, 1]


def test_without_neighbours_nothing_happens():
    assert absorbing([], [1, 2], [0, 10], 5) == [0, 1]


@given(data=st.data(), shape=shapes, min_size=st.integers(2, 50), background=st.sampled_from([None, 0]))
def test_absorbing_equals_the_plain_twin_at_any_size(data, shape, min_size, background):
    """Many regions that grow far, with colours that tie: the bounds may never hide the nearest neighbour."""
    labels = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(0, 9)))
    colours = data.draw(st.sampled_from([1, 3, 100]))
    planes = data.draw(hnp.arrays(np.float32, (3, *shape), elements=st.integers(0, colours).map(float)))
    everywhere = np.ones(shape, dtype=bool)
    found = label_maps.absorb_small(labels, planes, everywhere, min_size, background)
    assert np.array_equal(found, absorb_plainly(labels, planes, everywhere, min_size, background))


@given(data=st.data(), shape=shapes)
def test_lists_hold_the_neighbours_of_the_wanted_regions(data, shape):
    labels = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(0, 3)))
    mask = data.draw(hnp.arrays(bool, shape, elements=st.sampled_from([True, True, False])))
    regions = flood_fill_components(labels, mask)
    sizes = np.bincount(regions.ravel(), minlength=2)[1:]
    wanted = sizes < 4
    starts, ends, targets = list_neighbours(regions, sizes, wanted)
    for region in range(1, int(regions.max()) + 1):
        own = np.pad(regions == region, 1)
        around = own[2:, 1:-1] | own[:-2, 1:-1] | own[1:-1, 2:] | own[1:-1, :-2]
        expected = set(regions[around].tolist()) - {0, region} if wanted[region - 1] else set()
        assert {int(t) + 1 for t in targets[starts[region - 1] : ends[region - 1]]} == expected


def test_measures_by_hand():
    regions = np.array([[1, 1, 0], [2, 2, 2]], dtype=np.int32)
    labels = np.array([[7, 7, 5], [0, 0, 0]], dtype=np.int32)
    planes = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    sizes, sums, label_of = measure_regions(regions, labels, [planes[:, :1], planes[:, 1:]], 2)
    assert sizes.tolist() == [2, 3]
    assert sums.tolist() == [[1, 13], [12, 30]]
    assert label_of.tolist() == [7, 0]
    values = np.array([0, 4, 9], dtype=np.int32)
    assert paint(regions, regions > 0, values, labels).tolist() == [[4, 4, 5], [9, 9, 9]]
    assert paint(regions, regions > 0, values).tolist() == [[4, 4, 0], [9, 9, 9]]
    counts, totals, firsts = measure_classes(labels, planes[0], regions > 0)
    assert (counts[7], totals[7], firsts[7]) == (2, 1, 0)
    assert (counts[0], totals[0], firsts[0]) == (3, 12, 3)
    assert not counts[1:7].any()
