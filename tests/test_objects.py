"""Objects at a threshold each, and holes."""

import numpy as np
import pytest

import classicseg
from classicseg.objects import fill_enclosed, find_objects, typical_size


def discs(shape, *places):
    rows, columns = np.indices(shape)
    picture = np.zeros(shape)
    for y, x, radius, level in places:
        picture += level / (1 + np.exp(2 * (np.hypot(rows - y, columns - x) - radius)))
    return picture


@pytest.fixture
def dim_and_bright():
    """A dim and a bright disc on a background of 10, which no one threshold outlines."""
    return discs((60, 90), (30, 22, 12, 70), (30, 65, 12, 200)) + 10


def test_dim_and_bright_objects_get_outlines_of_one_size(dim_and_bright):
    mask = np.ones(dim_and_bright.shape, dtype=bool)
    found = find_objects(dim_and_bright, mask, dim_and_bright > 80)
    dim, bright = np.count_nonzero(found[:, :44]), np.count_nonzero(found[:, 44:])
    assert abs(dim - bright) < 0.12 * bright
    assert abs(bright / (np.pi * 12**2) - 1) < 0.15


def test_dust_is_left_out(dim_and_bright):
    picture = dim_and_bright + discs((60, 90), (8, 45, 2.5, 60))
    found = find_objects(picture, np.ones(picture.shape, dtype=bool), picture > 80)
    assert not found[:14, 38:52].any()


@pytest.mark.small
def test_typical_is_the_size_that_half_of_all_pixels_lie_up_to():
    assert typical_size(np.array([1, 1, 1, 1, 10, 20, 30])) == 20
    assert typical_size(np.array([0])) == 0


@pytest.mark.small
def test_holes_are_what_no_way_leads_out_of():
    ring = np.zeros((7, 9), dtype=bool)
    ring[1:6, 1:6] = True
    ring[2:5, 2:5] = False
    ring[0, 7] = ring[1, 8] = True  # the corner (0, 8) lies at the picture's edge
    mask = np.ones_like(ring)
    filled = fill_enclosed(ring, mask)
    assert filled.sum() == ring.sum() + 9
    assert filled[2:5, 2:5].all()
    mask[3, 3] = False  # what the mask leaves out is no wall
    assert np.array_equal(fill_enclosed(ring, mask), ring & mask)


@pytest.mark.parametrize("polarity", ["bright", "dark"])
def test_nuclei_are_found_and_parted_whatever_their_polarity(polarity):
    picture = discs((90, 120), (25, 30, 11, 90), (25, 49, 11, 90), (60, 80, 13, 200), (65, 30, 10, 60)) + 12
    grey = np.clip(picture, 0, 255).astype(np.uint8)
    image = grey if polarity == "bright" else 255 - grey
    result = classicseg.run(image, "nuclei")
    assert result.findings["foreground"] == polarity
    assert result.n_labels == 4
    assert len({int(result.labels[place]) for place in ((25, 30), (25, 49), (60, 80), (65, 30))}) == 4
    assert result.labels[0, 0] == 0
    for threads in (1, 3):
        assert np.array_equal(classicseg.segment(image, "nuclei", threads=threads), result.labels)


def test_nuclei_take_every_type_and_what_the_mask_leaves_out_has_no_say(photograph):
    expected = classicseg.segment(photograph, "nuclei")
    for image in (photograph.astype(np.uint16) * 257, photograph / 255, (photograph / 255).astype(np.float32)):
        assert np.array_equal(classicseg.segment(image, "nuclei"), expected)
    mask = np.ones(photograph.shape[:2], dtype=bool)
    mask[30:50, 40:90] = False
    expected = classicseg.segment(photograph, "nuclei", mask=mask)
    other = photograph.copy()
    other[~mask] = (9, 250, 77)
    assert np.array_equal(classicseg.segment(other, "nuclei", mask=mask), expected)
    assert not expected[~mask].any()


@pytest.mark.small
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (5, 1), (2, 2), (9, 11)])
def test_nuclei_of_hardly_a_picture(shape):
    flat = np.full(shape, 77, dtype=np.uint8)
    assert not classicseg.segment(flat, "nuclei").any()
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert classicseg.segment(noise, "nuclei").shape == shape
