"""The watershed by queues beside a heap, scikit-image's, and what holds for any flood."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.components import flood_fill_components
from reference.watershed import flood_from_markers

from classicseg.kernels.watershed import HIGHEST_LEVEL, to_levels, watershed

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 10))  # wider than a strip


@pytest.fixture(autouse=True, params=["as it lies", "in strips"])
def way(request, monkeypatch):
    """Both ways to the same labels: that of pictures which a cache holds, and that of larger ones."""
    if request.param == "in strips":
        monkeypatch.setattr("classicseg.kernels.watershed._LARGE", 0)


@st.composite
def landscapes(draw, highest):
    """Levels, a few markers and a mask; a marker outside the mask among them at times."""
    shape = draw(SHAPES)
    levels = draw(arrays(np.uint16, shape, elements=st.integers(0, highest)))
    marked = draw(arrays(np.bool_, shape, elements=st.integers(0, 4).map(lambda n: n == 0)))
    mask = draw(arrays(np.bool_, shape, elements=st.integers(0, 5).map(bool)))
    return levels, np.where(marked, np.arange(1, marked.size + 1).reshape(shape), 0).astype(np.int32), mask


@pytest.mark.small
@pytest.mark.parametrize("highest", [0, 3, HIGHEST_LEVEL])
def test_equals_the_plain_twin(highest):
    @settings(max_examples=10 if highest == HIGHEST_LEVEL else settings().max_examples)  # each goes through all levels
    @given(landscapes(highest))
    def check(landscape):
        levels, markers, mask = landscape
        before = [each.copy() for each in landscape]
        expected = flood_from_markers(levels.tolist(), markers.tolist(), mask.tolist())
        assert watershed(levels, markers, mask).tolist() == expected
        assert all(np.array_equal(one, other) for one, other in zip(before, landscape, strict=True))

    check()


@pytest.mark.small
@given(landscapes(5))
def test_every_segment_hangs_together_with_its_marker(landscape):
    levels, markers, mask = landscape
    labels = watershed(levels, markers, mask)
    assert not labels[~mask].any()
    assert np.array_equal(labels[(markers > 0) & mask], markers[(markers > 0) & mask])
    pieces = flood_fill_components(mask, mask)
    reached = np.unique(pieces[(markers > 0) & mask])
    assert np.array_equal(labels > 0, mask & np.isin(pieces, reached))
    parts = flood_fill_components(labels, labels > 0)
    assert parts.max() == len(np.unique(labels[labels > 0]))  # each label is one 4-connected part


@pytest.mark.small
def test_water_rises_on_both_sides_of_a_ridge_and_meets_on_it():
    levels = np.array([[0, 1, 5, 2, 1, 0]], dtype=np.uint16)
    markers = np.array([[1, 0, 0, 0, 0, 2]], dtype=np.int32)
    assert watershed(levels, markers, levels < 9).tolist() == [[1, 1, 1, 2, 2, 2]]  # the first to reach it takes it


@pytest.mark.small
def test_a_hollow_behind_a_saddle_fills_at_the_saddles_level():
    """Over saddles of 4 both get in, in turn; were the hollow filled at its own level, the left would take all."""
    levels = np.array([[0, 4, 1, 1, 1, 4, 0]], dtype=np.uint16)
    markers = np.array([[1, 0, 0, 0, 0, 0, 2]], dtype=np.int32)
    assert watershed(levels, markers, levels < 9).tolist() == [[1, 1, 1, 1, 2, 2, 2]]


def test_equals_scikit_image_on_a_photograph(photograph):
    """Markers on ground of a level of their own each, below all else, so that both start them in the same order."""
    from skimage.segmentation import watershed as theirs

    rng = np.random.default_rng(4)
    levels = photograph[:, :, 1].astype(np.uint16) * 9 + 200
    places = rng.choice(levels.size, 200, replace=False)
    levels.ravel()[places] = np.arange(200)
    markers = np.zeros(levels.shape, dtype=np.int32)
    markers.ravel()[places] = np.arange(1, 201)
    mask = np.ones(levels.shape, dtype=bool)
    mask[20:40, 30:90] = False
    markers[~mask] = 0
    for where in (np.ones_like(mask), mask):
        assert np.array_equal(watershed(levels, markers, where), theirs(levels, markers, mask=where, connectivity=1))


def test_a_large_picture_goes_in_strips_to_the_same_labels(photograph, monkeypatch):
    levels = np.tile(photograph[:, :, 1].astype(np.uint16) * 9, (1 + 1100 // photograph.shape[0], 9))[:, :1003]
    assert levels.size > 1 << 20
    rng = np.random.default_rng(5)
    markers = np.where(rng.random(levels.shape) < 0.01, np.arange(1, levels.size + 1).reshape(levels.shape), 0)
    mask = np.ones(levels.shape, dtype=bool)
    mask[200:300, 95:] = False
    found = []
    for large in (0, 1 << 30):
        monkeypatch.setattr("classicseg.kernels.watershed._LARGE", large)
        found.append(watershed(levels, markers.astype(np.int32), mask))
    monkeypatch.undo()
    assert np.array_equal(*found)
    assert np.array_equal(found[0], watershed(levels, markers.astype(np.int32), mask))


@pytest.mark.small
def test_levels_above_the_highest_count_as_that():
    levels = np.array([[0, 65535, HIGHEST_LEVEL, 65533, 0]], dtype=np.uint16)
    markers = np.array([[1, 0, 0, 0, 2]], dtype=np.int32)
    assert watershed(levels, markers, levels >= 0).tolist() == [[1, 1, 1, 2, 2]]


@pytest.mark.small
def test_heights_become_whole_steps():
    heights = np.array([-3.0, -0.01, 0, 0.24, 0.25, 1.0, 1e9], dtype=np.float32)
    assert to_levels(heights, 0.25).tolist() == [0, 0, 0, 0, 1, 4, HIGHEST_LEVEL]
