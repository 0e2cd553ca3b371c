"""Borders of regions beside a plain twin, and the directions of straight lines."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import merging as plain
from reference.components import flood_fill_components

from classicseg.kernels.adjacency import borders_of

small = pytest.mark.small


@st.composite
def region_maps(draw):
    """4-connected regions, 0 outside a mask."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, draw(st.sampled_from([1, 2, 4, 100])), (height, width))
    mask = rng.random((height, width)) >= draw(st.sampled_from([0.0, 0.0, 0.3]))
    mask[rng.integers(height), rng.integers(width)] = True
    return flood_fill_components(labels, mask)


@small
@given(region_maps(), st.sampled_from([1, 2, 8]), st.integers(0, 2**32 - 1))
def test_borders_are_those_of_the_plain_twin(regions, orientations, seed):
    oriented = np.random.default_rng(seed).random((orientations, *regions.shape), dtype=np.float32)
    count = int(regions.max())
    found = borders_of(regions, count, oriented)
    expected, frames = plain.borders(regions.tolist(), oriented.tolist())
    assert found.pairs.tolist() == [list(pair) for pair in expected]
    assert found.lengths.tolist() == [length for length, _ in expected.values()]
    assert found.strengths == pytest.approx([strength for _, strength in expected.values()], abs=1e-5)
    assert found.frames.tolist() == [frames[region] for region in range(count)]
    assert (found.pairs.dtype, found.strengths.dtype) == (np.int32, np.float64)


@small
@pytest.mark.parametrize("k", range(8))
@pytest.mark.parametrize("flipped", [False, True])
def test_a_straight_border_is_seen_at_its_own_orientation(k, flipped):
    """A line at k pi / 8 through the middle, and strengths that are the sines of the angles to it."""
    rows, columns = np.indices((16, 16)) - 7.5
    angle = k * math.pi / 8
    above = np.cos(angle) * rows + np.sin(angle) * columns > 1e-9
    regions = np.where(above != flipped, 1, 2).astype(np.int32)
    sines = np.abs(np.sin((np.arange(8) - k) * math.pi / 8)).astype(np.float32)
    oriented = np.repeat(sines, 256).reshape(8, 16, 16)
    found = borders_of(regions, 2, oriented)
    assert found.strengths / found.lengths < (1e-6 if k in (0, 4) else math.sin(math.pi / 16))  # windows are not square
    across = borders_of(regions, 2, np.roll(oriented, 4, axis=0).copy())
    assert across.strengths / across.lengths > 0.95


@small
def test_regions_around_one_middle_have_an_upright_border():
    regions = np.full((5, 5), 1, dtype=np.int32)
    regions[2, 2] = 2
    oriented = np.zeros((2, 5, 5), dtype=np.float32)
    oriented[1] = 0.25
    assert borders_of(regions, 2, oriented).strengths.tolist() == [1.0]


@small
def test_no_region_and_one_region_have_no_border():
    assert len(borders_of(np.zeros((3, 4), np.int32), 0, np.ones((8, 3, 4), np.float32)).pairs) == 0
    alone = borders_of(np.ones((3, 4), np.int32), 1, np.ones((8, 3, 4), np.float32))
    assert len(alone.pairs) == len(alone.lengths) == len(alone.strengths) == 0
    assert alone.frames.tolist() == [14]


@small
def test_what_is_not_connected_is_refused_before_the_room_is_full():
    """Ten regions in all 45 pairs, where 30 have room."""
    pairs = [(one, other, 0) for one in range(2, 11) for other in range(1, one)]
    regions = np.array(pairs, dtype=np.int32)
    regions[1::2] = regions[1::2, ::-1]
    with pytest.raises(ValueError, match="10 regions have more than 30 borders: some are not 4-connected"):
        borders_of(regions, 10, np.ones((1, *regions.shape), np.float32))


def test_threads_make_no_difference():
    from skimage.data import coffee

    from classicseg.image import as_image
    from classicseg.labels import components

    image = as_image(coffee()[:150])
    labels, count = components((image.lightness() / 12).astype(np.int32), image.mask)
    oriented = np.random.default_rng(0).random((8, *labels.shape), dtype=np.float32)
    one, *others = (borders_of(labels, count, oriented, threads) for threads in (1, 2, 3))
    assert len(one.pairs) > 1000
    for other in others:
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
