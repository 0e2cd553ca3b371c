"""From an array to an Image: ranges, integers of any size, the cures in messages."""

from __future__ import annotations

import numpy as np
import pytest

from classicseg import DataRangeWarning, ImageError, ParameterError, segment
from classicseg.image import as_image

pytestmark = pytest.mark.small


def test_a_division_is_rounded_once_whatever_the_type():
    k = np.arange(256, dtype=np.uint8)[np.newaxis]
    exact = (k / np.float64(255)).astype(np.float32)
    for image in (k, k.astype(np.uint16) * 257, exact, k / 255):
        assert np.array_equal(as_image(image).planes[0], exact)
    assert np.array_equal(as_image(k.astype(np.int32) - 99, data_range=(-99, 156)).planes[0], exact)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_beyond_what_floats_hold_keep_their_differences(dtype):
    base = 2**62
    image = np.array([[base, base + 1, base + 4]], dtype=dtype)
    assert np.array_equal(as_image(image, data_range=(base, base + 4)).planes[0], [[0, 0.25, 1]])
    assert np.array_equal(as_image(image, data_range="image").planes[0], [[0, 0.25, 1]])


def test_the_whole_range_of_an_integer_type_is_no_overflow():
    limits = np.iinfo(np.int64)
    image = np.array([[limits.min, 0, limits.max]])
    assert np.allclose(as_image(image, data_range="image").planes[0], [[0, 0.5, 1]])
    with pytest.warns(DataRangeWarning, match="clipped"):
        planes = as_image(np.array([[-5, 3, 90]], np.int8), data_range=(0, 6)).planes
    assert np.array_equal(planes[0], [[0, 0.5, 1]])


def test_a_span_beyond_floats_is_refused():
    with pytest.raises(ImageError, match="too far apart"):
        as_image(np.array([[-1.7e308, 1.7e308]]), data_range="image")
    with pytest.raises(ParameterError, match="low < high"):
        as_image(np.zeros((2, 2)), data_range=(-1.7e308, 1.7e308))


@pytest.mark.parametrize("bad", ["12", (1, 2, 3), 5, ("a", "b"), (3, 1), (0, float("inf"))])
def test_a_bad_range_is_refused(bad):
    with pytest.raises(ParameterError, match=r"data_range=.* is not allowed"):
        as_image(np.zeros((2, 2)), data_range=bad)


def test_a_constant_picture_stretched_to_its_own_range_is_black():
    assert not as_image(np.full((2, 2), 7, np.int32), data_range="image").planes.any()


def test_the_cure_for_nan_works():
    grey, colour = np.full((2, 2), 0.5), np.full((2, 2, 3), 0.5)
    grey[0, 1] = colour[0, 1, 2] = np.nan
    for image, mask in ((grey, np.isfinite(grey)), (colour, np.isfinite(colour).all(axis=-1))):
        with pytest.raises(ImageError, match=r"row 0, column 1") as caught:
            as_image(image)
        assert ("all(axis=-1)" in str(caught.value)) == (image.ndim == 3)
        assert not as_image(image, mask=mask).mask[0, 1]


def test_channels_first_is_seen_whatever_colour_is_said():
    first = np.zeros((3, 20, 30), np.uint8)
    for color in (None, "rgb", "bgr"):
        with pytest.raises(ImageError, match=r"channels-first.*channel_axis=0"):
            as_image(first, color=color)
    assert as_image(first, color="multiband").shape == (3, 20)
    assert as_image(first, channel_axis=0).shape == (20, 30)


@pytest.mark.parametrize("bad", [{"color": np.zeros(3)}, {"channel_axis": "last"}, {"channel_axis": np.zeros(2)}])
def test_odd_call_arguments_are_refused_clearly(bad):
    with pytest.raises(ParameterError, match="is not allowed"):
        as_image(np.zeros((4, 4, 3)), **bad)


def test_a_ragged_list_is_refused_clearly():
    with pytest.raises(ImageError, match="no array can be made"):
        as_image([[1, 2], [3]])


def test_whole_levels_are_kept_as_they_came_and_make_the_same_planes():
    colour = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
    mask = np.ones((4, 5), dtype=bool)
    mask[1, 2] = False
    for array in (colour, colour.astype(np.uint16) * 257, colour > 100):
        image = as_image(array, mask=mask)
        assert np.shares_memory(image.levels, array)
        assert (image.depth, image.shape) == (3, (4, 5))
        full = 1 if array.dtype == bool else np.iinfo(array.dtype).max
        expected = np.moveaxis(np.where(mask[..., np.newaxis], array / full, 0), -1, 0).astype(np.float32)
        assert np.array_equal(image.planes, expected)
        assert image.planes is image.planes
    assert as_image(colour, data_range=(0, 99), quiet=True).levels is None
    assert as_image(colour / 255).levels is None


def test_repeated_channels_are_dropped_by_what_the_mask_shows():
    grey = np.arange(200, dtype=np.uint8).reshape(100, 2)
    copies = np.dstack([grey] * 3)
    copies[90, 1, 2] = 7
    mask = np.ones(grey.shape, dtype=bool)
    assert as_image(np.dstack([grey] * 3)).depth == 1
    assert as_image(copies).depth == 3
    mask[90, 1] = False
    for array in (copies, copies / 255):
        image = as_image(array, mask=mask)
        assert image.depth == 1
        assert np.array_equal(image.in_space("lab"), as_image(grey, mask=mask).in_space("lab"))
    assert as_image(copies, mask=np.zeros_like(mask)).depth == 1


@pytest.mark.parametrize("space", ["lab", "rgb", "luv", "hsv"])
@pytest.mark.parametrize("color", [None, "multiband"])
def test_spaces_are_0_outside_the_mask_and_the_same_for_every_type(space, color):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    mask = rng.random((6, 7)) > 0.3
    expected = as_image(picture, mask=mask, color=color).in_space(space)
    assert not expected[:, ~mask].any()
    for array in (picture.astype(np.uint16) * 257, picture / 255, (picture / 255).astype(np.float32)):
        image = as_image(array, mask=mask, color=color)
        assert np.array_equal(image.in_space(space), expected)
        assert np.array_equal(image.lightness(), as_image(picture, mask=mask, color=color).lightness())
    assert np.array_equal(image.samples(expected), expected[:, mask].T)
    everywhere = as_image(picture)
    assert np.array_equal(everywhere.samples(expected), expected.reshape(3, -1).T)


# --- strips ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def thin(monkeypatch):
    """Strips of two rows of the small picture, instead of some hundred thousand pixels."""
    monkeypatch.setattr("classicseg.image._PIXELS_OF_STRIP", 30)


def pictures_and_masks(small_picture):
    """A colour and a grey picture of whole levels, one of floats, and one of bands, with and without a mask."""
    mask = np.ones(small_picture.shape[:2], dtype=bool)
    mask[2:5, 3:9] = mask[7] = False
    bands = np.concatenate([small_picture, small_picture[::-1, :, :2]], axis=2)
    for array in (small_picture, small_picture[..., 1], small_picture / 255, bands, np.asfortranarray(bands)):
        for each in (None, mask):
            yield as_image(array, mask=each, color="multiband" if array.shape[2:] == (5,) else None)


def test_strips_are_the_picture_and_no_copies(thin, small_picture):
    for picture in pictures_and_masks(small_picture):
        parts = list(picture.strips())
        assert [part.shape for part in parts] == [(2, 14)] * 6
        assert np.array_equal(np.concatenate([part.mask for part in parts]), picture.mask)
        assert np.array_equal(np.concatenate([part.in_space("lab") for part in parts], axis=1), picture.in_space("lab"))
        whole = picture.planes if picture.levels is None else picture.levels
        kept = parts[3].planes if picture.levels is None else parts[3].levels
        assert np.shares_memory(kept, whole)


@pytest.mark.parametrize("space", ["lab", "hsv"])
def test_samples_come_strip_by_strip_as_from_the_whole(thin, small_picture, space):
    for picture in pictures_and_masks(small_picture):
        expected = picture.samples(picture.in_space(space))
        found = picture.samples_in(space)
        assert found.dtype == np.float32
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["kmeans", "gmm"])
def test_strips_leave_the_labels_as_they_are(monkeypatch, small_picture, name):
    noisy = small_picture // 4 + np.random.default_rng(0).integers(0, 60, small_picture.shape).astype(np.uint8)
    expected = segment(noisy, name, min_size=5)
    monkeypatch.setattr("classicseg.image._PIXELS_OF_STRIP", 1)
    assert np.array_equal(segment(noisy, name, min_size=5), expected)


@pytest.mark.parametrize("shape", [(46341, 46341), (2**31, 1), (1, 2**31, 3)])
def test_more_pixels_than_can_be_numbered_are_refused_at_once(shape):
    with pytest.raises(ImageError, match=r"2147483647 are the most that can be numbered.*tiles"):
        as_image(np.broadcast_to(np.uint8(7), shape))
