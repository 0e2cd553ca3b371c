"""Minima and shallow basins beside sets of pixels, scikit-image's minima, and what joining promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import basins as plain

from classicseg.kernels.basins import join_shallow, lowest_of_cells, regional_minima
from classicseg.kernels.watershed import HIGHEST_LEVEL, watershed

small = pytest.mark.small
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)


@st.composite
def landscapes(draw):
    """Levels with plateaus, and a mask."""
    shape = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    levels = draw(arrays(np.uint16, shape, elements=st.integers(0, draw(st.sampled_from([1, 3, 12])))))
    return levels, draw(arrays(np.bool_, shape, elements=st.integers(0, 5).map(bool)))


def whole(picture):
    return np.ones(picture.shape, dtype=bool)


@small
@given(landscapes())
def test_minima_are_those_of_the_plain_twin(landscape):
    levels, mask = landscape
    markers, count = regional_minima(levels, mask)
    expected = plain.minima(levels.tolist(), mask.tolist())
    found = [set(map(tuple, np.argwhere(markers == label).tolist())) for label in range(1, count + 1)]
    assert found == expected
    assert markers.max() == count


@small
@given(landscapes(), st.sampled_from([0.5, 1.0, 2.0, 5.0]))
def test_shallow_basins_join_as_in_the_plain_twin(landscape, depth):
    levels, mask = landscape
    labels = watershed(levels, regional_minima(levels, mask)[0], mask)
    basins = join_shallow(labels, levels, depth)
    found = {frozenset(np.flatnonzero(basins == basin).tolist()) for basin in basins[1:]}
    assert found == plain.joined(labels.tolist(), levels.tolist(), depth)
    assert basins[0] == 0


@small
@given(landscapes())
def test_basins_of_more_depth_are_made_of_those_of_less(landscape):
    levels, mask = landscape
    labels = watershed(levels, regional_minima(levels, mask)[0], mask)
    less, more = join_shallow(labels, levels, 2.0), join_shallow(labels, levels, 4.0)
    assert np.array_equal(more[less], more)


@small
def test_the_shallower_basin_joins_over_its_lowest_pass():
    levels = np.array([[0, 9, 4, 6, 1]], dtype=np.uint16)
    labels = np.array([[1, 1, 2, 3, 3]], dtype=np.int32)  # 2 is 2 deep, then 3 is 8 deep
    for height, expected in ((2.0, [0, 1, 2, 3]), (2.5, [0, 1, 3, 3]), (8.0, [0, 1, 3, 3]), (8.5, [0, 3, 3, 3])):
        basins = join_shallow(labels, levels, height)
        assert [basins[each] == basins[other] for each, other in ((1, 2), (2, 3))] == [
            expected[1] == expected[2],
            expected[2] == expected[3],
        ]


@small
def test_levels_above_the_highest_are_one_plateau():
    levels = np.array([[HIGHEST_LEVEL, 65535, HIGHEST_LEVEL + 3]], dtype=np.uint16)
    assert regional_minima(levels, whole(levels))[0].tolist() == [[1, 1, 1]]


@small
@given(landscapes(), st.integers(1, 9))
def test_each_cell_has_one_marker_on_its_lowest_pixel(landscape, count):
    levels, mask = landscape
    if not mask.any():
        mask[0, 0] = True
    markers, found = lowest_of_cells(levels, mask, count)
    assert markers[mask].max() == found == np.count_nonzero(markers)
    assert not markers[~mask].any()
    assert levels[markers > 0].min() == levels[mask].min()
    assert markers[markers > 0].tolist() == list(range(1, found + 1))


def test_minima_and_their_number_at_a_height_are_scikit_images(photograph):
    """A basin stays where its minimum lies deeper than the height: where the filled landscape still has one."""
    from skimage.measure import label
    from skimage.morphology import local_minima, reconstruction

    levels = photograph[:, :, 1].astype(np.uint16) * 9
    markers, count = regional_minima(levels, whole(levels))
    assert np.array_equal(markers, label(local_minima(levels, connectivity=1), connectivity=1))
    labels = watershed(levels, markers, whole(levels))
    for height in (100, 300):
        filled = reconstruction(levels + height, levels, method="erosion", footprint=CROSS)
        deep = label(local_minima(filled, connectivity=1), connectivity=1).max()
        assert len(np.unique(join_shallow(labels, levels, height + 0.5)[1:])) == deep
        assert 1 < deep < count
