"""What the numbers and colours in a truth's file become."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from classicseg.datasets.decode import (
    Encoding,
    colour_code,
    decode_truth,
    default_encoding,
)
from classicseg.datasets.pages import count_pages, read_shown
from classicseg.errors import ImageError
from classicseg.io.read import read_picture

pytestmark = pytest.mark.small

STORED = np.array([[0, 1, 1, 7], [0, 255, 0, 7], [1, 255, 0, 0]], dtype=np.uint8)


def png(path, array):
    Image.fromarray(array).save(path)
    return path


def palette(path, indices, colours):
    """A palette picture with these indices and colours; the format is that of the suffix."""
    picture = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
    picture.putpalette([value for colour in colours for value in colour])
    picture.save(path)
    return path


def test_a_threshold_parts_foreground_from_background(tmp_path):
    path = png(tmp_path / "a.png", np.array([[0, 127, 128, 255]], np.uint8))
    for encoding, expected in [
        (Encoding("threshold"), [[0, 1, 1, 1]]),
        (Encoding("threshold", above=127), [[0, 0, 1, 1]]),
        (Encoding("threshold", below=128), [[1, 1, 0, 0]]),
        (Encoding("threshold", above=0.5), [[0, 1, 1, 1]]),
    ]:
        labels, void = decode_truth(path, encoding)
        np.testing.assert_array_equal(labels, expected)
        assert labels.dtype == np.int32
        assert void is None


def test_void_of_a_threshold_is_background_that_no_score_counts(tmp_path):
    labels, void = decode_truth(png(tmp_path / "a.png", STORED), Encoding("threshold", void=(255, 3)))
    np.testing.assert_array_equal(labels, (STORED > 0) & (STORED != 255))
    np.testing.assert_array_equal(void, STORED == 255)


def test_a_threshold_looks_at_what_is_shown_not_at_indices(tmp_path):
    indices = np.array([[0, 1, 0, 0]], np.uint8)
    black_and_white = palette(tmp_path / "a.png", indices, [(0, 0, 0), (255, 255, 255)])
    np.testing.assert_array_equal(decode_truth(black_and_white, Encoding("threshold", above=127))[0], indices)
    turned = palette(tmp_path / "b.png", indices, [(255, 255, 255), (0, 0, 0)])
    np.testing.assert_array_equal(decode_truth(turned, Encoding("threshold", above=127))[0], 1 - indices)
    one_bit = tmp_path / "c.png"
    Image.fromarray(indices.astype(bool)).save(one_bit)
    np.testing.assert_array_equal(decode_truth(one_bit, Encoding("threshold", above=127))[0], indices)


def test_a_threshold_takes_the_mean_of_the_channels_and_leaves_alpha_aside(tmp_path):
    rgba = np.array([[[0, 0, 0, 255], [255, 255, 255, 255], [255, 255, 255, 0], [255, 0, 0, 255]]], np.uint8)
    labels, _ = decode_truth(png(tmp_path / "a.png", rgba), Encoding("threshold", above=127))
    np.testing.assert_array_equal(labels, [[0, 1, 1, 0]])
    labels, _ = decode_truth(tmp_path / "a.png", Encoding("threshold", above=127, channel=0))
    np.testing.assert_array_equal(labels, [[0, 1, 1, 1]])


def test_without_a_number_the_threshold_is_127_where_compression_is_lossy(tmp_path):
    mask = np.zeros((16, 16), np.uint8)
    mask[4:12, 3:11] = 255
    Image.fromarray(mask).save(tmp_path / "a.jpg", quality=60)
    with Image.open(tmp_path / "a.jpg") as picture:
        smeared = np.array(picture)
    assert ((smeared > 0) & (mask == 0)).any()
    np.testing.assert_array_equal(decode_truth(tmp_path / "a.jpg", default_encoding("binary"))[0], mask > 0)
    np.testing.assert_array_equal(decode_truth(tmp_path / "a.jpg", Encoding("threshold", above=0))[0], smeared > 0)


def test_a_threshold_that_leaves_nothing_of_zeros_and_ones_is_refused(tmp_path):
    path = png(tmp_path / "a.png", np.array([[0, 1]], np.uint8))
    with pytest.raises(ImageError, match=r"a\.png holds 0 and 1 alone.*declared 127.*above = 0"):
        decode_truth(path, Encoding("threshold", above=127))
    empty = png(tmp_path / "b.png", np.zeros((1, 2), np.uint8))
    assert not decode_truth(empty, Encoding("threshold", above=127))[0].any()


def test_values_have_the_classes_of_the_table(tmp_path):
    path = png(tmp_path / "a.png", STORED)
    encoding = Encoding("values", table=((0, 3), (1, 0), (7, 2)), void=(255,))
    labels, void = decode_truth(path, encoding)
    expected = np.select([STORED == 0, STORED == 1, STORED == 7], [3, 0, 2], 0)
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(void, STORED == 255)


def test_a_value_without_a_class_is_refused_with_its_first_position(tmp_path):
    path = png(tmp_path / "a.png", STORED)
    with pytest.raises(ImageError, match=r"the value 7 at row 0, column 3.*knows the value 0, the value 1\."):
        decode_truth(path, Encoding("values", table=((0, 0), (1, 1)), void=(255,)))
    labels, void = decode_truth(path, Encoding("values", table=((0, 0), (1, 1)), others="void"))
    np.testing.assert_array_equal(labels, STORED == 1)
    np.testing.assert_array_equal(void, STORED > 1)


def test_of_a_palette_the_indices_are_the_classes(tmp_path):
    indices = np.array([[0, 1, 2, 2, 255]], np.uint8)
    path = palette(tmp_path / "a.png", indices, [(9, 9, 9)] * 256)  # colours that tell nothing
    labels, void = decode_truth(path, Encoding("palette", void=(255,)))
    np.testing.assert_array_equal(labels, [[0, 1, 2, 2, 0]])
    np.testing.assert_array_equal(void, indices == 255)


def test_colours_have_the_classes_of_the_table(tmp_path):
    colours = np.array([[(128, 0, 0), (0, 128, 0), (0, 0, 0)], [(0, 128, 0), (128, 0, 0), (0, 128, 0)]], np.uint8)
    table = ((colour_code(128, 0, 0), 4), (colour_code(0, 128, 0), 1))
    labels, void = decode_truth(
        png(tmp_path / "a.png", colours), Encoding("colours", table=table, void=(colour_code(0, 0, 0),))
    )
    np.testing.assert_array_equal(labels, [[4, 1, 0], [1, 4, 1]])
    np.testing.assert_array_equal(void, [[False, False, True], [False] * 3])
    with pytest.raises(ImageError, match=r"the colour \(0, 0, 0\) at row 0, column 2.*knows the colour \(128, 0, 0\)"):
        decode_truth(tmp_path / "a.png", Encoding("colours", table=table))


def test_colours_of_a_palette_and_of_grey_are_colours_too(tmp_path):
    indices = np.array([[0, 1, 1]], np.uint8)
    table = ((colour_code(10, 20, 30), 1), (colour_code(200, 200, 200), 2))
    path = palette(tmp_path / "a.png", indices, [(10, 20, 30), (200, 200, 200)])
    np.testing.assert_array_equal(decode_truth(path, Encoding("colours", table=table))[0], [[1, 2, 2]])
    path = png(tmp_path / "b.png", np.array([[200, 200]], np.uint8))
    np.testing.assert_array_equal(decode_truth(path, Encoding("colours", table=table))[0], [[2, 2]])


@pytest.mark.parametrize("encoding", [Encoding("colours", table=((0, 0),)), Encoding("palette"), Encoding("values")])
def test_exact_numbers_are_not_looked_for_in_a_jpeg(tmp_path, encoding):
    Image.fromarray(STORED).save(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match=r"a\.jpg is a JPEG"):
        decode_truth(tmp_path / "a.jpg", encoding)


def test_instances_keep_their_numbers(tmp_path):
    stored = np.array([[0, 70, 70], [3, 0, 40_000]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stored)
    labels, void = decode_truth(tmp_path / "a.tif", Encoding("instances"))
    np.testing.assert_array_equal(labels, stored)
    assert void is None
    np.save(tmp_path / "b.npy", np.array([[0, -1, 5]]))
    with pytest.raises(ImageError, match="holds -1 at row 0, column 1"):
        decode_truth(tmp_path / "b.npy", Encoding("instances"))
    labels, void = decode_truth(tmp_path / "b.npy", Encoding("instances", void=(-1,)))
    np.testing.assert_array_equal(labels, [[0, 0, 5]])
    np.testing.assert_array_equal(void, [[False, True, False]])


def test_components_of_the_foreground_are_4_connected(tmp_path):
    rng = np.random.default_rng(3)
    mask = rng.random((14, 15)) < 0.5
    path = png(tmp_path / "a.png", mask.astype(np.uint8) * 255)
    labels, _ = decode_truth(path, Encoding("components", above=127))
    theirs, count = ndimage.label(mask)  # its cross is 4-connected, and its numbers follow the raster
    assert labels.max() == count > 5
    np.testing.assert_array_equal(labels, theirs)
    assert count > ndimage.label(mask, np.ones((3, 3)))[1]  # with 8 neighbours there would be fewer


def test_components_of_each_value_part_objects_that_touch(tmp_path):
    red = np.array([[1, 1, 2, 0, 1], [0, 1, 2, 0, 1]], np.uint8)
    rgba = np.dstack([red, 0 * red, 0 * red, 0 * red + 255])
    path = png(tmp_path / "a.png", rgba)
    labels, _ = decode_truth(path, Encoding("components", channel=0, separate_values=True))
    np.testing.assert_array_equal(labels, [[1, 1, 2, 0, 3], [0, 1, 2, 0, 3]])
    labels, _ = decode_truth(path, Encoding("components", channel=0))
    np.testing.assert_array_equal(labels, [[1, 1, 1, 0, 2], [0, 1, 1, 0, 2]])


def test_a_channel_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"has 1 channels .* no channel 2"):
        decode_truth(png(tmp_path / "a.png", STORED), Encoding("instances", channel=2))


def test_pages_of_a_stack(tmp_path):
    pages = np.stack([np.full((4, 5), 0, np.uint8), np.eye(4, 5, dtype=np.uint8) * 255])
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, pages)
    assert count_pages(path) == 2
    for page in (0, 1):
        labels, _ = decode_truth(path, Encoding("threshold", above=127), page)
        np.testing.assert_array_equal(labels, pages[page] > 0)
    np.testing.assert_array_equal(decode_truth(path, Encoding("instances"), 1)[0], pages[1])
    with pytest.raises(ImageError, match=r"page 2 of .*stack\.tif cannot be read"):
        decode_truth(path, Encoding("threshold"), 2)
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    with pytest.raises(ImageError, match=r"broken\.tif cannot be read as a stack"):
        count_pages(tmp_path / "broken.tif")


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding("palette", channel=0),
        Encoding("instances", channel=0),
        Encoding("values", channel=0, table=((0, 0),), others="void"),
        Encoding("components", channel=0, separate_values=True),
    ],
)
def test_a_channel_of_a_jpeg_has_no_exact_numbers_either(tmp_path, encoding):
    Image.fromarray(np.dstack([STORED] * 3)).save(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match=r"a\.jpg is a JPEG.*Give the truth as PNG"):
        decode_truth(tmp_path / "a.jpg", encoding)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    ("array", "photometric"),
    [
        (np.arange(2 * 3 * 4 * 3).reshape(2, 3, 4, 3).astype(np.uint16) * 900, "rgb"),
        (np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(np.int16) - 9, "minisblack"),
        (np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(np.float32) / 7, "minisblack"),
        (np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(np.uint8), "miniswhite"),
        (np.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).astype(np.uint8), "rgb"),
    ],
)
def test_a_page_of_a_stack_has_the_samples_of_a_file_of_its_own(tmp_path, array, photometric, compression):
    more = {"extrasamples": ["unassalpha"]} if array.shape[-1] == 4 and array.ndim == 4 else {}
    with tifffile.TiffWriter(tmp_path / "stack.tif") as stack:
        for number, page in enumerate(array):
            stack.write(page, photometric=photometric, compression=compression, contiguous=False, **more)
            tifffile.imwrite(tmp_path / f"{number}.tif", page, photometric=photometric, compression=compression, **more)
    assert count_pages(tmp_path / "stack.tif") == len(array)
    for number in range(len(array)):
        found, alone = read_shown(tmp_path / "stack.tif", number), read_picture(tmp_path / f"{number}.tif")
        assert (found.array.dtype, found.color) == (alone.array.dtype, alone.color)
        np.testing.assert_array_equal(found.array, alone.array)
        np.testing.assert_array_equal(found.mask, alone.mask)


def test_the_numbers_of_pages_are_those_that_are_stored(tmp_path):
    path = tmp_path / "stack.tif"
    whole = np.array([[[0, 1, 70_000]], [[2, 3, 4]]])
    grey = partial(tifffile.imwrite, path, photometric="minisblack")
    grey(whole.astype(np.float32))
    for page in (0, 1):
        np.testing.assert_array_equal(decode_truth(path, Encoding("instances"), page)[0], whole[page])
    grey(whole / 2)
    with pytest.raises(ImageError, match=r"stack\.tif holds numbers with a fraction"):
        decode_truth(path, Encoding("instances"), 0)
    grey(np.full((2, 1, 3), 3_000_000_000, np.uint32))
    with pytest.raises(ImageError, match="holds the label 3000000000; labels up to 2147483647"):
        decode_truth(path, Encoding("instances"), 1)
    labels, void = decode_truth(path, Encoding("instances", void=(3_000_000_000,)), 1)
    assert void.all()
    assert not labels.any()
    for wrong in (np.nan, np.inf, 1e30):
        grey(np.full((2, 1, 3), wrong, np.float32))
        with pytest.raises(ImageError, match=r"stack\.tif holds numbers"):
            decode_truth(path, Encoding("instances"), 1)


def test_of_a_stack_no_more_is_read_than_the_page(tmp_path, monkeypatch):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((40, 16, 16), np.uint8))
    read = []
    plain = tifffile.FileHandle.read_array
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("the whole file is read"))
    monkeypatch.setattr(tifffile.FileHandle, "read_array", lambda *a, **k: read.append(1) or plain(*a, **k))
    for encoding in (Encoding("threshold"), Encoding("instances"), Encoding("components", channel=0)):
        decode_truth(path, encoding, 39)
    assert len(read) <= 3
