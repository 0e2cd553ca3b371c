"""Operations on label maps, against flood fills and lists of pixels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference.absorb import absorb_small as absorb_plainly
from reference.components import flood_fill_components, raster_numbers
from reference.splitting import split_touching as split_plainly

from classicseg import labels as label_maps

shapes = st.tuples(st.integers(1, 8), st.integers(1, 8))


def label_map_of(shape, lowest=0, highest=4):
    return hnp.arrays(np.int32, shape, elements=st.integers(lowest, highest))


@pytest.mark.small
@given(data=st.data(), shape=shapes, lowest=st.sampled_from([-2, 0, 3]))
def test_components_equal_a_flood_fill(data, shape, lowest):
    labels = data.draw(label_map_of(shape, lowest, lowest + 2))
    mask = data.draw(hnp.arrays(bool, shape))
    found, count = label_maps.components(labels, mask)
    assert found.dtype == np.int32
    assert np.array_equal(found, flood_fill_components(labels, mask))
    assert count == found.max()


@pytest.mark.small
@given(data=st.data(), shape=shapes)
def test_numbers_follow_a_raster_scan(data, shape):
    labels = data.draw(label_map_of(shape, -1, 6))
    found, count = label_maps.number_in_raster_order(labels)
    assert np.array_equal(found, raster_numbers(labels))
    assert count == found.max()


@pytest.mark.small
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int64, np.uint64, bool, np.float64])
def test_labels_of_any_type(dtype):
    labels = np.array([[0, 1, 1], [1, 0, 0]]).astype(dtype)
    everywhere = np.ones(labels.shape, dtype=bool)
    if dtype in (np.uint32, np.int64, np.uint64):
        labels[labels == 1] = np.iinfo(dtype).max
    if dtype == np.float64:
        labels[labels == 1] = 0.5
    assert label_maps.components(labels, everywhere)[0].tolist() == [[1, 2, 2], [3, 4, 4]]
    numbers, count = label_maps.number_in_raster_order(labels)
    assert (numbers.tolist(), count) == ([[0, 1, 1], [1, 0, 0]], 1)
    assert label_maps.relabel(labels > 0, everywhere, np.array([7, 3])).tolist() == [[7, 3, 3], [3, 7, 7]]


@pytest.mark.small
@given(data=st.data(), shape=shapes)
def test_order_by_lightness_sorts_means_then_first_pixels(data, shape):
    labels = data.draw(label_map_of(shape))
    lightness = data.draw(hnp.arrays(np.float32, shape, elements=st.integers(0, 3).map(float)))
    mask = data.draw(hnp.arrays(bool, shape).filter(np.any))
    order = label_maps.order_by_lightness(labels, lightness, mask)

    def mean_and_first(label):
        own = np.flatnonzero((labels == label) & mask)
        values = lightness.ravel()[own].tolist()
        return sum(values) / len(values), own[0]

    assert order.tolist() == sorted(set(labels[mask].tolist()), key=mean_and_first)


@pytest.mark.small
@given(data=st.data(), shape=shapes)
def test_boundaries_and_neighbours_pixel_by_pixel(data, shape):
    labels = data.draw(label_map_of(shape))
    edge = np.zeros(shape, dtype=bool)
    pairs = set()
    for row in range(shape[0]):
        for column in range(shape[1]):
            for r, c in ((row + 1, column), (row, column + 1)):
                if r < shape[0] and c < shape[1] and labels[row, column] != labels[r, c]:
                    edge[row, column] = True
                    one, other = sorted((int(labels[row, column]), int(labels[r, c])))
                    if one > 0:
                        pairs.add((one, other))
    assert np.array_equal(label_maps.boundaries(labels), edge)
    assert [tuple(pair) for pair in label_maps.neighbours(labels).tolist()] == sorted(pairs)


@pytest.mark.small
@given(data=st.data(), shape=shapes, min_size=st.integers(1, 9), background=st.sampled_from([None, 0]))
def test_absorbing_equals_the_plain_twin(data, shape, min_size, background):
    labels = data.draw(label_map_of(shape, 0, 2))
    planes = data.draw(hnp.arrays(np.float32, (2, *shape), elements=st.integers(0, 20).map(float)))
    mask = data.draw(hnp.arrays(bool, shape, elements=st.sampled_from([True, True, True, False])))
    before = labels.copy()
    found = label_maps.absorb_small(labels, planes, mask, min_size, background)
    assert found.dtype == np.int32
    assert np.array_equal(found[mask], absorb_plainly(labels, planes, mask, min_size, background)[mask])
    assert np.array_equal(labels, before)
    strips = (planes[:, row : row + 2] for row in range(0, shape[0], 2))
    assert np.array_equal(label_maps.absorb_small(labels, strips, mask, min_size, background), found)


@pytest.mark.small
def test_absorbing_by_hand():
    labels = np.array([[1, 1, 1, 2, 3, 3, 3]])
    planes = np.array([[[0, 0, 0, 60, 100, 100, 100]]], dtype=np.float32)
    mask = np.ones((1, 7), dtype=bool)
    assert label_maps.absorb_small(labels, planes, mask, 1).tolist() == [[1, 1, 1, 2, 3, 3, 3]]
    assert label_maps.absorb_small(labels, planes, mask, 2).tolist() == [[1, 1, 1, 3, 3, 3, 3]]
    mask[0, 4] = False  # what lies beyond the mask is nobody's neighbour
    assert label_maps.absorb_small(labels, planes, mask, 2).tolist()[0][:4] == [1, 1, 1, 1]


@pytest.mark.small
def test_a_region_without_neighbours_stays_however_small():
    mask = np.array([[True, False, True]])
    labels = np.array([[5, 0, 7]])
    found = label_maps.absorb_small(labels, np.zeros((1, 1, 3), np.float32), mask, 100)
    assert found[mask].tolist() == [5, 7]


@pytest.mark.small
def test_background_absorbs_but_is_not_absorbed():
    labels = np.array([[0, 0, 1, 0, 1, 1, 1]])
    planes = np.zeros((1, 1, 7), dtype=np.float32)
    mask = np.ones((1, 7), dtype=bool)
    assert label_maps.absorb_small(labels, planes, mask, 3, background=0).tolist() == [[0, 0, 0, 0, 1, 1, 1]]


# --- touching objects -----------------------------------------------------------------------------------------------


def discs(shape, radius, *centers):
    rows, columns = np.indices(shape)
    return np.logical_or.reduce([(rows - r) ** 2 + (columns - c) ** 2 <= radius**2 for r, c in centers])


@pytest.fixture
def overlapping():
    """Two discs of radius 15 whose centres lie 24 apart: the neck's half width is sqrt(15^2 - 12^2) = 9."""
    return discs((50, 70), 15, (25, 22), (25, 46))


@pytest.mark.parametrize("height", [0.5, 2, 4])
def test_overlapping_discs_are_parted_at_the_neck(overlapping, height):
    found = label_maps.split_touching(overlapping, height)
    assert found.dtype == np.int32
    assert np.array_equal(found > 0, overlapping)
    assert found.max() == 2
    assert len(np.unique(found[:, :33][overlapping[:, :33]])) == 1
    assert len(np.unique(found[:, 36:][overlapping[:, 36:]])) == 1
    assert found[25, 22] != found[25, 46]


def test_a_height_above_the_fall_at_the_neck_parts_nothing(overlapping):
    fall = 15 - math.sqrt(15**2 - 12**2)
    assert label_maps.split_touching(overlapping, fall - 1.5).max() == 2
    assert label_maps.split_touching(overlapping, fall + 1.5).max() == 1


@pytest.mark.parametrize("height", [0.5, 3, 50])
def test_what_is_one_disc_stays_one(height):
    found = label_maps.split_touching(discs((40, 40), 14, (20, 20)), height)
    assert found.max() == 1


@pytest.mark.parametrize("height", [0.5, 3, 50])
def test_objects_apart_stay_apart_whatever_their_size(height):
    picture = discs((40, 80), 14, (20, 20)) | discs((40, 80), 3, (20, 60))
    picture[5, 70] = True
    found = label_maps.split_touching(picture, height)
    assert np.array_equal(found > 0, picture)
    assert found.max() == 3
    assert len({int(found[20, 20]), int(found[20, 60]), int(found[5, 70])}) == 3


def test_the_edge_of_the_picture_counts_as_background():
    """Half a disc against the edge: one object, whose distances fall towards the edge too."""
    found = label_maps.split_touching(discs((15, 40), 14, (0, 20)), 1.0)
    assert found.max() == 1
    assert np.array_equal(found > 0, discs((15, 40), 14, (0, 20)))


@pytest.mark.small
def test_splitting_nothing_and_everything():
    assert not label_maps.split_touching(np.zeros((3, 4), dtype=bool), 1).any()
    assert (label_maps.split_touching(np.ones((3, 4), dtype=bool), 1) == 1).all()


@pytest.mark.small
@given(
    hnp.arrays(bool, shapes, elements=st.integers(0, 6).map(bool)),
    st.sampled_from([(0.3, 0.3, 0.0), (1.0, 1.0, 0.0), (2.5, 2.5, 0.0), ("auto", 1.0, 0.2)]),
)
def test_splitting_equals_its_definition_step_by_step(foreground, height):
    found = label_maps.split_touching(foreground, height[0])
    assert found.tolist() == split_plainly(foreground.tolist(), *height[1:])


@pytest.mark.parametrize("height", [0.5, 1.5, 4])
def test_splitting_equals_scipy_and_scikit_image(photograph, height):
    """But for pixels that two objects reach at once: markers of one height start in another order there."""
    from scipy.ndimage import distance_transform_edt
    from skimage.measure import label
    from skimage.morphology import local_maxima, reconstruction
    from skimage.segmentation import watershed

    foreground = photograph[:, :, 0] > np.median(photograph[:, :, 0])
    distance = np.pad(distance_transform_edt(np.pad(foreground, 1)), 1)
    floor, cross = -height - 1, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    tops = reconstruction(
        np.where(distance > 0, distance - height, floor), np.where(distance > 0, distance, floor), footprint=cross
    )
    peaks = local_maxima(tops, connectivity=1) & (distance > 0)
    theirs = watershed(-distance, label(peaks, connectivity=1), mask=distance > 0, connectivity=1)[2:-2, 2:-2]
    found = label_maps.split_touching(foreground, height)
    assert found.max() == theirs.max() > 3
    partner = np.zeros(theirs.max() + 1, dtype=int)
    partner[theirs[foreground]] = found[foreground]  # of a pair of numbers any pixel tells, but for a few
    values, counts = np.unique(np.stack([theirs[foreground], found[foreground]]), axis=1, return_counts=True)
    for number in range(1, len(partner)):
        own = values[0] == number
        partner[number] = values[1][own][np.argmax(counts[own])]
    assert len(set(partner[1:].tolist())) == len(partner) - 1
    assert np.mean(partner[theirs] != found) < 0.003


def test_auto_splits_by_the_neck_whatever_the_size():
    for scale in (1, 2, 5):
        narrow = discs((60 * scale, 90 * scale), 15 * scale, (30 * scale, 25 * scale), (30 * scale, 51 * scale))
        wide = discs((60 * scale, 90 * scale), 15 * scale, (30 * scale, 30 * scale), (30 * scale, 44 * scale))
        assert label_maps.split_touching(narrow, "auto").max() == 2
        assert label_maps.split_touching(wide, "auto").max() == 1
