"""Pictures to look at: display, overlay, mean colours, montage."""

import numpy as np
import pytest

from classicseg.errors import ImageError, ParameterError
from classicseg.io.overlay import display, mean_color, montage, overlay
from classicseg.io.palette import label_colors

pytestmark = pytest.mark.small


def picture(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_8_bit_pictures_are_shown_as_they_are():
    rgb = picture(9, 12, 3)
    np.testing.assert_array_equal(display(rgb), rgb)
    np.testing.assert_array_equal(display(rgb, color="bgr"), rgb[..., ::-1])
    np.testing.assert_array_equal(display(rgb[..., 0]), rgb[..., [0, 0, 0]])
    np.testing.assert_array_equal(display(rgb[..., 0] > 99), np.where(rgb[..., [0, 0, 0]] > 99, 255, 0))


def test_masked_pixels_are_light_grey():
    rgb, mask = picture(9, 12, 3), picture(9, 12, seed=1) > 99
    shown = display(rgb, mask)
    np.testing.assert_array_equal(shown[mask], rgb[mask])
    assert np.unique(shown[~mask]).tolist() == [224]
    rgba = np.dstack([rgb, mask.astype(np.uint8)])
    np.testing.assert_array_equal(display(rgba, color="rgba"), shown)
    assert np.all(display(rgb, np.zeros_like(mask)) == 224)


def test_dark_deep_pictures_are_stretched():
    samples = np.random.default_rng(0).integers(100, 900, (16, 16)).astype(np.uint16)
    low, high = np.percentile(samples, [1, 99])
    expected = np.clip((samples - low) / (high - low), 0, 1) * 255
    shown = display(samples)
    assert shown.dtype == np.uint8
    np.testing.assert_allclose(shown, expected[..., np.newaxis].repeat(3, axis=2), atol=0.51)
    for deep in (samples.astype(np.int32), samples / 1000, samples.astype(np.float32) - 5000):
        np.testing.assert_allclose(display(deep).astype(int), shown, atol=1)
    np.testing.assert_allclose(display(samples, data_range=(0, 4095)).astype(int), shown, atol=1)


def test_deep_colour_is_stretched_by_all_channels_together():
    samples = np.random.default_rng(0).integers(0, 1000, (16, 16, 3)).astype(np.uint16)
    samples[..., 2] //= 4
    low, high = np.percentile(samples, [1, 99])
    np.testing.assert_allclose(display(samples), np.clip((samples - low) / (high - low), 0, 1) * 255, atol=0.51)


def test_few_pixels_on_an_even_ground_are_seen():
    samples = np.full((16, 16), 100, dtype=np.uint16)
    samples[3, 4] = 300
    shown = display(samples)
    assert shown[3, 4].tolist() == [255, 255, 255]
    assert shown.sum() == 3 * 255


def test_bands_are_shown_in_false_colour_each_by_its_own_range():
    bands = np.random.default_rng(0).integers(0, 60, (16, 16, 7)).astype(np.uint8)
    bands[..., 1] += 100
    expected = []
    for band in range(3):
        low, high = np.percentile(bands[..., band], [1, 99])
        expected.append(np.clip((bands[..., band] - low) / (high - low), 0, 1) * 255)
    np.testing.assert_allclose(display(bands), np.dstack(expected), atol=0.51)
    shown = display(bands[..., :2])
    mean = bands[..., :2].astype(float).mean(axis=2)
    low, high = np.percentile(mean, [1, 99])
    np.testing.assert_allclose(shown[..., 0], np.clip((mean - low) / (high - low), 0, 1) * 255, atol=0.51)
    assert np.array_equal(shown[..., 0], shown[..., 1])
    assert np.array_equal(shown[..., 0], shown[..., 2])


def test_not_a_number_outside_the_mask_is_no_matter():
    samples = np.linspace(0, 1, 256).reshape(16, 16)
    mask = np.ones((16, 16), dtype=bool)
    samples[2, 3], mask[2, 3] = np.nan, False
    assert display(samples, mask)[2, 3].tolist() == [224, 224, 224]
    with pytest.raises(ImageError, match="NaN"):
        display(samples)


def test_overlay_colours_segments_and_draws_their_boundaries():
    rgb = picture(12, 16, 3) // 4  # dark
    labels = np.ones((12, 16), dtype=np.int32)
    labels[:, 8:] = 2
    labels[9:, :] = 0
    before = rgb.copy()
    drawn = overlay(rgb, labels)
    colors = label_colors(labels)
    np.testing.assert_array_equal(rgb, before)
    for label, region in ((1, np.s_[:8, :7]), (2, np.s_[:8, 8:])):
        np.testing.assert_array_equal(drawn[region], np.rint(0.65 * rgb[region] + 0.35 * colors[label]))
    np.testing.assert_array_equal(drawn[9:], rgb[9:])  # label 0 is left alone
    assert np.all(drawn[:9, 7] == 255)  # one pixel wide
    assert np.all(drawn[8] == 255)


@pytest.mark.parametrize("ground", [0, 60, 128, 200, 255])
def test_boundaries_stand_out_on_any_ground(ground):
    rgb = np.full((15, 15, 3), ground, dtype=np.uint8)
    labels = np.ones((15, 15), dtype=np.int32)
    labels[:, 7:] = 2
    drawn = overlay(rgb, labels).astype(int)
    weights = [0.299, 0.587, 0.114]
    line, left, right = (drawn[7, column] @ weights for column in (6, 3, 11))
    assert min(abs(line - left), abs(line - right)) > 60


def test_overlay_of_nothing_is_the_picture():
    rgb = picture(5, 6, 3)
    np.testing.assert_array_equal(overlay(rgb, np.zeros((5, 6), dtype=np.int32)), rgb)
    np.testing.assert_array_equal(overlay(rgb, np.ones((5, 6), dtype=np.int32), alpha=0), rgb)


def test_overlay_says_what_does_not_fit():
    with pytest.raises(ImageError, match=r"label map has shape \(4, 5\), the picture \(5, 4\)"):
        overlay(picture(5, 4, 3), np.zeros((4, 5), dtype=np.int32))
    with pytest.raises(ImageError, match=r"float64 came; .* Use display"):
        overlay(picture(5, 4, 3) / 255, np.zeros((5, 4), dtype=np.int32))
    with pytest.raises(ParameterError, match="alpha=2 is not allowed"):
        overlay(picture(5, 4, 3), np.zeros((5, 4), dtype=np.int32), alpha=2)


@pytest.mark.parametrize("seed", range(5))
def test_mean_colours_are_those_of_a_plain_loop(seed):
    rgb = picture(13, 16, 3, seed=seed)
    labels = np.random.default_rng(seed).integers(0, 7, (13, 16))
    labels[labels == 3] = 0  # a hole in the numbering
    expected = np.empty_like(rgb)
    for label in set(labels.ravel().tolist()):
        for channel in range(3):
            values = [int(rgb[y, x, channel]) for y in range(13) for x in range(16) if labels[y, x] == label]
            expected[..., channel][labels == label] = int(sum(values) / len(values) + 0.5)
    np.testing.assert_array_equal(mean_color(rgb, labels), expected)


def test_montage_lays_tiles_out_in_rows():
    red, blue = (np.full((40, 80, 3), color, dtype=np.uint8) for color in ((200, 0, 0), (0, 0, 200)))
    sheet = montage([("red", red), ("blue", blue), ("red again", red)], columns=2, tile_width=80)
    assert sheet.dtype == np.uint8
    rows, columns = np.nonzero(np.all(sheet == (200, 0, 0), axis=2))
    assert len(rows) == 2 * 40 * 80  # both, unscaled
    assert (columns.min(), columns.max()) == (12, 91)
    rows, columns = np.nonzero(np.all(sheet == (0, 0, 200), axis=2))
    assert (columns.min(), columns.max()) == (104, 183)
    assert np.all(sheet[:, :12] == 255)  # the margin
    assert np.any(sheet[12:30, 12:60] < 100)  # a caption above the first tile


def test_montage_scales_every_tile_to_its_width():
    checks = (np.indices((4, 8)).sum(axis=0) % 2 * 255).astype(np.uint8)
    sheet = montage([("", np.dstack([checks] * 3))], tile_width=160)
    tile = sheet[-12 - 80 : -12, 12:172]
    np.testing.assert_array_equal(tile[::20, ::20, 0], checks)
    assert set(np.unique(tile).tolist()) == {0, 255}  # small pictures keep their pixels sharp
    tall = montage([("tall", np.zeros((300, 1, 3), dtype=np.uint8))], tile_width=50)
    assert tall.shape[0] < 100 + 50
    wide = montage([("wide", np.zeros((1, 300, 3), dtype=np.uint8))], tile_width=50)
    assert wide.shape[1] == 50 + 24


def test_a_long_caption_stays_within_its_tile():
    white = np.full((10, 60, 3), 255, dtype=np.uint8)
    sheet = montage([("a caption that goes on and on and on", white), ("", white)], columns=2, tile_width=60)
    assert np.any(sheet[:, 12:72] < 200)
    assert np.all(sheet[:, 73:] == 255)


def test_montage_says_what_is_allowed():
    for arguments in (([],), ([("", picture(5, 5, 3))], 0), ([("", picture(5, 5, 3))], 1, 3)):
        with pytest.raises(ParameterError, match="at least 1, 1 and 16 are allowed"):
            montage(*arguments)
    with pytest.raises(ImageError, match=r"shape \(5, 5\) and type uint8 came"):
        montage([("grey", picture(5, 5))])


def test_eight_threads_leave_the_filters_of_warnings_as_they_were():
    import warnings
    from concurrent.futures import ThreadPoolExecutor

    from classicseg.io import encode_labels, read_picture

    deep = np.arange(64, dtype=np.uint16).reshape(8, 8)
    tiff = encode_labels(np.arange(64).reshape(8, 8), "tiff")
    before = list(warnings.filters)

    def work(_):
        display(deep)
        read_picture(tiff)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(64)))
    assert list(warnings.filters) == before
