"""Graph-based segments beside sets of pixels, and scikit-image's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import felzenszwalb as plain
from reference.components import flood_fill_components

from classicseg.kernels.felzenszwalb import grow_segments


@st.composite
def pictures(draw):
    """Planes of few and of many whole levels, whose distances are exact, with and without a mask."""
    height, width, depth = draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    planes = rng.integers(0, draw(st.sampled_from([1, 3, 9, 1000])), (depth, height, width)).astype(np.float32)
    return planes, rng.random((height, width)) >= draw(st.sampled_from([0.0, 0.0, 0.3]))


def sets_of(labels, mask):
    return {frozenset(map(tuple, np.argwhere((labels == label) & mask).tolist())) for label in np.unique(labels[mask])}


@pytest.mark.small
@given(pictures(), st.sampled_from([0.0, 1.3, 7.7, 812.6]), st.integers(0, 6), st.sampled_from([1, 2]))
def test_segments_are_those_of_the_plain_twin(picture, scale, min_size, connectivity):
    planes, mask = picture
    before = planes.copy(), mask.copy()
    found = grow_segments(planes, mask, scale, min_size, connectivity)
    expected, grown = plain.segments(planes.tolist(), mask.tolist(), scale, min_size, connectivity)
    assert sets_of(found.labels, mask) == expected
    assert found.n_grown == len(grown)
    assert np.array_equal(before[0], planes) and np.array_equal(before[1], mask)


@pytest.mark.small
@given(pictures(), st.integers(2, 6))
def test_small_segments_are_left_only_where_nothing_is_beside_them(picture, min_size):
    planes, mask = picture
    labels = np.where(mask, grow_segments(planes, mask, 5.0, min_size, 1).labels + 1, 0)
    islands = flood_fill_components(mask, mask)
    for label in np.unique(labels[mask]):
        own = labels == label
        assert own.sum() >= min_size or np.array_equal(own, islands == islands[own][0])
    assert len(np.unique(labels[mask])) == flood_fill_components(labels, mask).max()  # 4-connected


@pytest.mark.small
def test_a_small_segment_tolerates_more_than_a_large_one():
    """The step of 3 is within 10 / 2 of two pixels on either side, not within 10 / 4 of four."""
    narrow = np.repeat(np.array([0, 3], dtype=np.float32), 2).reshape(1, 1, 4)
    wide = np.repeat(np.array([0, 3], dtype=np.float32), 4).reshape(1, 1, 8)
    assert grow_segments(narrow, narrow[0] >= 0, 10.0, 0, 1).n_grown == 1
    assert grow_segments(wide, wide[0] >= 0, 10.0, 0, 1).n_grown == 2


@pytest.mark.parametrize("scale", [10.0, 300.0])
def test_equals_scikit_image_on_a_photograph(photograph, scale):
    """A little noise parts equal distances, whose order is not scikit-image's."""
    from skimage.segmentation import felzenszwalb

    rng = np.random.default_rng(0)
    picture = (photograph + rng.random(photograph.shape)).astype(np.float32)
    theirs = felzenszwalb(picture.astype(np.float64) / 512, scale * 255 / 512, sigma=0, min_size=30)
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0))
    ours = grow_segments(planes, np.ones(theirs.shape, dtype=bool), scale, 30, 2)
    assert len(np.unique(ours.labels)) == theirs.max() + 1 > 3
    pairs = np.unique(np.stack([ours.labels.ravel(), theirs.ravel()]), axis=1).shape[1]
    assert pairs == theirs.max() + 1
