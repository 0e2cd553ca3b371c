"""Connected components and numbering on int32 maps, against flood fill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference.components import flood_fill_components, raster_numbers

from classicseg.kernels.components import compressed, first_come_numbers, number_components, root_of

shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))


@pytest.mark.small
@given(data=st.data(), shape=shapes, kinds=st.sampled_from([1, 2, 3]))
def test_components_equal_a_flood_fill(data, shape, kinds):
    labels = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(-1, kinds - 1)))
    mask = data.draw(hnp.arrays(bool, shape, elements=st.sampled_from([True, True, True, False])))
    numbers, count = number_components(labels, mask)
    assert numbers.dtype == np.int32
    assert np.array_equal(numbers, flood_fill_components(labels, mask))
    assert count == numbers.max()


@pytest.mark.small
@pytest.mark.parametrize(
    "rows",
    [
        ["#.#.#.#", "#.#.#.#", "#######"],  # a comb: sets that meet in the last row
        ["#######", "#.....#", "#.###.#", "#.#.#.#", "#.#...#", "#.#####"],  # a spiral
        ["..#..", ".###.", "#.#.#", ".###.", "..#.."],
        ["#.#.#", ".#.#.", "#.#.#"],  # a chessboard: corners do not connect
    ],
)
def test_sets_that_meet_late_are_one(rows):
    labels = np.array([[mark == "#" for mark in row] for row in rows]).astype(np.int32)
    for picture in (labels, labels[::-1], labels[:, ::-1], labels.T):
        everywhere = np.ones(picture.shape, dtype=bool)
        assert np.array_equal(number_components(picture, everywhere)[0], flood_fill_components(picture))


def test_a_large_map_equals_scikit_image():
    from skimage import data
    from skimage.measure import label

    for step in (64, 20, 3):
        labels = (data.camera() // step).astype(np.int32)
        numbers, count = number_components(labels, np.ones(labels.shape, dtype=bool))
        assert np.array_equal(numbers, label(labels + 1, connectivity=1))
        assert count == numbers.max()


@pytest.mark.small
@given(data=st.data(), shape=shapes, step=st.sampled_from([1, 10**8]))
def test_numbers_come_in_raster_order(data, shape, step):
    labels = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(0, 9))) * np.int32(step)
    mask = data.draw(hnp.arrays(bool, shape))
    numbers, count = first_come_numbers(labels, mask)
    assert np.array_equal(numbers, raster_numbers(np.where(mask, labels + 1, 0)))
    assert count == numbers.max()


@pytest.mark.small
def test_labels_far_above_the_number_of_pixels_are_ranked():
    labels = np.array([[2**31 - 2, 0, 7], [7, 5, 0]], dtype=np.int32)
    ranks, names = compressed(labels)
    assert ranks.tolist() == [[3, 0, 2], [2, 1, 0]]
    assert names.tolist() == [0, 5, 7, 2**31 - 2]
    assert np.array_equal(names[ranks], labels)
    few = np.minimum(labels, 12)
    assert compressed(few)[0] is few
    assert compressed(few)[1] is None


@pytest.mark.small
def test_the_root_is_found_and_the_way_shortened():
    parent = np.array([0, 0, 1, 2, 3], dtype=np.int32)
    assert root_of(parent, np.int32(4)) == 0
    assert parent[4] == 2
