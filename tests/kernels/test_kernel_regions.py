"""Union-find on pixels and regions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import meanshift as plain
from reference.components import raster_numbers

from classicseg.kernels.regions import absorb, find, fuse_pixels

pytestmark = pytest.mark.small

shapes = st.tuples(st.integers(1, 7), st.integers(1, 7))


@settings(derandomize=True, max_examples=60, deadline=None, database=None)
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
    sizes = np.array(sizes)
    sums = np.array(colors, dtype=float)[:, None] * sizes[:, None]
    stays = np.isin(np.arange(len(sizes)), fixed)
    return absorb(np.array(pairs, dtype=np.int64).reshape(-1, 2), sizes, sums, stays, min_size).tolist()


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
