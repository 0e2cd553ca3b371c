"""Colour spaces, against scikit-image, a formula for one pixel, and figures by hand."""

import colorsys
import math

import numpy as np
import pytest
from reference.lab import srgb_to_lab

from classicseg import color

pytestmark = pytest.mark.small


@pytest.fixture
def rgb():
    """16 x 16 random colours, with black, white, primaries and dark ones among them: (3, 16, 16) float32."""
    planes = np.random.default_rng(0).random((3, 16, 16))
    planes[:, 0, :8] = [[0, 1, 1, 0, 0, 1, 0, 1], [0, 1, 0, 1, 0, 1, 1, 0], [0, 1, 0, 0, 1, 0, 1, 1]]
    planes[:, 1] *= 0.03
    return planes.astype(np.float32)


def greys():
    return np.broadcast_to(np.arange(256).reshape(16, 16) / 255, (3, 16, 16)).astype(np.float32)


def test_white_and_black_in_lab():
    picture = np.array([[[0.0, 1.0]]] * 3, dtype=np.float32)
    assert color.convert(picture, "lab").tolist() == [[[0.0, 100.0]], [[0.0, 0.0]], [[0.0, 0.0]]]


@pytest.mark.parametrize("space", ["lab", "luv", "hsv"])
def test_greys_have_no_hue_at_all(space):
    planes = color.convert(greys(), space)
    hue = planes[:2] if space == "hsv" else planes[1:]
    assert not hue.any()


@pytest.mark.parametrize("space", color.SPACES)
def test_one_plane_and_its_copies_lie_equally_far_apart(space):
    """A grey picture keeps one plane; distances between its pixels are those of its RGB copy."""
    one, three = color.convert(greys()[:1], space), color.convert(greys(), space)
    assert one.shape == (1, 16, 16)
    np.testing.assert_allclose(one[0], np.sqrt((three.astype(np.float64) ** 2).sum(axis=0)), rtol=1e-6)


@pytest.mark.parametrize("space", color.SPACES)
def test_black_and_white_are_100_apart(space):
    picture = np.array([[[0.0, 1.0]]] * 3, dtype=np.float32)
    planes = color.convert(picture, space).astype(np.float64)
    assert np.linalg.norm(planes[:, 0, 1] - planes[:, 0, 0]) == pytest.approx(100, abs=1e-4)


def test_lab_equals_the_formula_for_one_pixel(rgb):
    lab = color.convert(rgb, "lab")
    for row, column in np.ndindex(16, 16):
        expected = srgb_to_lab(*map(float, rgb[:, row, column]))
        np.testing.assert_allclose(lab[:, row, column], expected, atol=1e-4)


@pytest.mark.parametrize("space", ["lab", "luv"])
def test_close_to_scikit_image(rgb, space):
    """Its white point is rounded to four digits, which moves colours by up to 0.03."""
    from skimage.color import rgb2lab, rgb2luv

    function = {"lab": rgb2lab, "luv": rgb2luv}[space]
    expected = function(rgb.astype(np.float64), channel_axis=0)
    np.testing.assert_allclose(color.convert(rgb, space), expected, atol=0.03)


def test_rgb_is_scaled():
    picture = np.array([[[0.5]], [[0.25]], [[1.0]]], dtype=np.float32)
    np.testing.assert_allclose(
        color.convert(picture, "rgb")[:, 0, 0], np.array([50, 25, 100]) / math.sqrt(3), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((1, 0, 0), (100, 0, 100)),  # red: no angle
        ((0, 1, 0), (-50, 50 * math.sqrt(3), 100)),  # green: 120 degrees
        ((0, 0, 1), (-50, -50 * math.sqrt(3), 100)),  # blue: 240 degrees
        ((1, 1, 0), (50, 50 * math.sqrt(3), 100)),  # yellow: 60 degrees
        ((0, 1, 1), (-100, 0, 100)),  # cyan: 180 degrees
        ((0.5, 0.25, 0.25), (25, 0, 50)),  # half as saturated, half as bright
        ((0, 0, 0), (0, 0, 0)),
        ((0.5, 0.5, 0.5), (0, 0, 50)),
    ],
)
def test_the_hsv_cone_by_hand(colour, expected):
    picture = np.array(colour, dtype=np.float32).reshape(3, 1, 1)
    np.testing.assert_allclose(color.convert(picture, "hsv")[:, 0, 0], expected, atol=1e-5)


def test_the_hsv_cone_against_the_standard_library(rgb):
    planes = color.convert(rgb, "hsv")
    for row, column in np.ndindex(16, 16):
        hue, saturation, value = colorsys.rgb_to_hsv(*map(float, rgb[:, row, column]))
        angle = 2 * math.pi * hue
        expected = [saturation * value * math.cos(angle), saturation * value * math.sin(angle), value]
        np.testing.assert_allclose(planes[:, row, column], 100 * np.array(expected), atol=1e-4)


def test_the_hsv_cone_has_no_seam_at_red():
    just_below, just_above = np.array([[1, 0, 0.01], [1, 0.01, 0]], dtype=np.float32).reshape(2, 3, 1, 1)
    assert np.linalg.norm(color.convert(just_below, "hsv") - color.convert(just_above, "hsv")) < 3


@pytest.mark.parametrize("space", color.SPACES)
def test_any_layout_gives_the_same_and_stays_untouched(rgb, space):
    expected = color.convert(rgb, space)
    turned = np.ascontiguousarray(rgb.transpose(2, 1, 0)).transpose(2, 1, 0)
    before = turned.copy()
    assert np.array_equal(color.convert(turned, space), expected)
    assert np.array_equal(turned, before)
    assert expected.dtype == np.float32


def test_large_pictures_are_converted_in_pieces_without_a_seam(monkeypatch, rgb):
    expected = color.convert(rgb, "lab")
    monkeypatch.setattr(color, "_PIXELS_AT_ONCE", 7)
    assert np.array_equal(color.convert(rgb, "lab"), expected)
