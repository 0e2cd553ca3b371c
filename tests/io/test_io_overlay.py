"""Pictures to look at: display, overlay, mean colours, montage."""

import sys
import tracemalloc

import numpy as np
import pytest

from classicseg.errors import ImageError, ParameterError
from classicseg.io.overlay import boundary_picture, display, mean_color, montage, overlay
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


def test_8_bits_with_a_data_range_are_scaled_by_it():
    grey = picture(9, 12)
    expected = np.rint(np.clip(grey / np.float32(100), 0, 1) * 255)
    np.testing.assert_array_equal(display(grey, data_range=(0, 100))[..., 0], expected)


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


def plain_boundaries(rgb, labels):
    """Boundaries over a picture, pixel by pixel, by the mean luma of the 25 x 25 pixels around each."""
    height, width = labels.shape
    drawn = rgb.copy()
    for y in range(height):
        for x in range(width):
            others = [labels[p, q] for p, q in ((y + 1, x), (y, x + 1)) if p < height and q < width]
            if all(other == labels[y, x] for other in others):
                continue
            window = rgb[max(y - 12, 0) : y + 13, max(x - 12, 0) : x + 13].reshape(-1, 3).astype(int)
            luma = (window @ [299, 587, 114]).sum()
            drawn[y, x] = 20 if luma >= 165_000 * len(window) else 255
    return drawn


def plain_overlay(rgb, labels, alpha):
    colors = label_colors(labels)
    tinted = rgb.copy()
    for place in np.ndindex(labels.shape):
        if labels[place] > 0:
            color = colors[labels[place]]
            tinted[place] = [
                round((1 - alpha) * int(a) + alpha * int(b)) for a, b in zip(rgb[place], color, strict=True)
            ]
    return plain_boundaries(tinted, labels)


def light_and_dark(height, width, seed):
    """A picture whose brightness changes across, so that lines of both kinds are drawn; and a map of it."""
    rgb = np.clip(picture(height, width, 3, seed=seed) // 2 + np.linspace(-20, 180, width)[:, np.newaxis], 0, 255)
    labels = np.random.default_rng(seed).integers(0, 6, (-(-height // 3), -(-width // 3)))
    return rgb.astype(np.uint8), labels.repeat(3, axis=0).repeat(3, axis=1)[:height, :width]


@pytest.mark.parametrize("rows", [1, 3, 64])
@pytest.mark.parametrize("shape", [(16, 16), (1, 16), (16, 1), (15, 14)])
def test_pictures_are_those_of_a_plain_loop_in_strips_of_any_height(monkeypatch, shape, rows):
    module = sys.modules["classicseg.io.overlay"]  # `classicseg.io` has the function under this name
    monkeypatch.setattr(module, "_FEWEST_ROWS", rows)
    monkeypatch.setattr(module, "_PIXELS_AT_ONCE", 1)
    rgb, labels = light_and_dark(*shape, seed=rows)
    for threads in (1, 3):
        np.testing.assert_array_equal(boundary_picture(rgb, labels, threads), plain_boundaries(rgb, labels))
        for alpha in (0.35, 0.5, 1):
            np.testing.assert_array_equal(overlay(rgb, labels, alpha, threads), plain_overlay(rgb, labels, alpha))
        np.testing.assert_array_equal(mean_color(rgb, labels, threads), mean_color(rgb, labels))


def test_lines_of_both_kinds_are_drawn():
    rgb, labels = light_and_dark(40, 160, seed=0)
    drawn = boundary_picture(rgb, labels)
    np.testing.assert_array_equal(drawn, plain_boundaries(rgb, labels))
    changed = drawn[np.any(drawn != rgb, axis=2)]
    assert {20, 255} == set(np.unique(changed).tolist())


def test_sums_may_pass_what_their_type_holds():
    """All white, so large that the sum over it is above 2^32: a dark line all along."""
    rgb = np.full((140, 130, 3), 255, dtype=np.uint8)
    assert rgb.shape[0] * rgb.shape[1] * 255_000 > 2**32
    labels = np.ones(rgb.shape[:2], dtype=np.int32)
    labels[:, 65:] = 2
    drawn = boundary_picture(rgb, labels)
    assert np.all(drawn[:, 64] == 20)
    assert np.all(np.delete(drawn, 64, axis=1) == 255)


def test_views_are_drawn_on_as_their_copies_are_and_stay_as_they_were():
    rgb, labels = light_and_dark(16, 16, seed=1)
    for view, own in ((rgb[:, ::-1], labels[:, ::-1]), (rgb.swapaxes(0, 1), labels.T), (rgb[::2], labels[::2])):
        before = view.copy()
        for work in (overlay, boundary_picture, mean_color):
            np.testing.assert_array_equal(work(view, own), work(view.copy(order="C"), own.copy(order="C")))
        np.testing.assert_array_equal(view, before)


def test_labels_below_0_are_left_alone():
    rgb = picture(4, 6, 3)
    np.testing.assert_array_equal(overlay(rgb, np.full((4, 6), -3)), rgb)


def test_little_memory_is_taken_beyond_the_result():
    height, width = 1000, 700
    rgb = np.broadcast_to(picture(1, width, 3), (height, width, 3))
    labels = (np.arange(height)[:, np.newaxis] // 20 * 35 + np.arange(width) // 20 + 1).astype(np.int32)
    work = [
        (display, (np.ascontiguousarray(rgb),), 3),
        (overlay, (rgb, labels, 0.35, 1), 3),
        (boundary_picture, (rgb, labels, 1), 3),
        (mean_color, (rgb, labels, 1), 3),
    ]
    for function, arguments, result in work:
        function(*arguments)
        tracemalloc.start()
        function(*arguments)
        most = tracemalloc.get_traced_memory()[1] / (height * width)
        tracemalloc.stop()
        # 10 bytes a pixel, and what the strips of a picture that is so small take
        assert most < result + 10 + 6e6 / (height * width), function.__name__


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


@pytest.mark.small
@pytest.mark.parametrize("painted", [overlay, boundary_picture, mean_color])
def test_labels_far_above_the_number_of_pixels(painted):
    rgb = np.zeros((2, 2, 3), dtype=np.uint8)
    far = np.array([[1, 1], [70_000, 70_000]])
    assert np.array_equal(painted(rgb, far)[0], painted(rgb, np.minimum(far, 2))[0])
    if painted is not boundary_picture:  # the others keep a table of labels
        with pytest.raises(ImageError, match=r"2,147,483,647 came.*Renumber"):
            painted(rgb, far + (2**31 - 1 - 70_000))
