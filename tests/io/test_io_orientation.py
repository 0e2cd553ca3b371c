"""Pictures, masks and label maps are turned as their own file says, in every format and for every value."""

import struct
import zlib
from contextlib import nullcontext
from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from classicseg.errors import ParameterError
from classicseg.io.orientation import orientation_ignored, turned
from classicseg.io.read import read_labels, read_picture

pytestmark = pytest.mark.small

SHAPE = (5, 8)
EVERY = range(1, 9)
# Where the corners of what is stored lie in the upright picture, from the table of TIFF 6.0: rows and columns of the
# first sample, the last of the first row, and the first of the last row.
CORNERS = {
    1: ((0, 0), (0, -1), (-1, 0)),
    2: ((0, -1), (0, 0), (-1, -1)),
    3: ((-1, -1), (-1, 0), (0, -1)),
    4: ((-1, 0), (-1, -1), (0, 0)),
    5: ((0, 0), (-1, 0), (0, -1)),
    6: ((0, -1), (-1, -1), (0, 0)),
    7: ((-1, -1), (0, -1), (-1, 0)),
    8: ((-1, 0), (0, 0), (-1, -1)),
}


def samples(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def exif(orientation):
    made = Image.Exif()
    made[274] = orientation
    return made


def encoded(array, format, orientation, **options):
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, format, exif=exif(orientation), **options)
    return buffer.getvalue()


def tiff(array, orientation, **options):
    buffer = BytesIO()
    tifffile.imwrite(buffer, array, extratags=[(274, 3, 1, orientation, True)], **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", EVERY)
@pytest.mark.parametrize(("channels", "dtype"), [((), np.uint8), ((3,), np.uint8), ((5,), np.float32), ((), bool)])
def test_corners_go_where_the_specification_puts_them(orientation, channels, dtype):
    stored = np.arange(np.prod((*SHAPE, *channels))).reshape(*SHAPE, *channels).astype(dtype)
    kept = stored.copy()
    upright = turned(stored, orientation)
    assert upright.shape[:2] == (SHAPE if orientation < 5 else SHAPE[::-1])
    assert upright.flags.c_contiguous
    for corner, place in zip(((0, 0), (0, -1), (-1, 0)), CORNERS[orientation], strict=True):
        np.testing.assert_array_equal(upright[place], stored[corner])
    np.testing.assert_array_equal(stored, kept)


@pytest.mark.parametrize("orientation", EVERY)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_every_format_is_turned_as_pillow_turns_it(format, orientation):
    data = encoded(samples(16, 12, 3), format, orientation)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB"))
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.array, expected)
    assert (picture.orientation, picture.array.flags.c_contiguous) == (orientation, True)
    if format == "PNG":
        np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB), expected)
    stored = read_picture(data, orientation="ignore")
    assert (stored.array.shape, stored.orientation) == ((16, 12, 3), 1)


@pytest.mark.parametrize("orientation", EVERY)
def test_the_mask_turns_with_the_picture(orientation):
    array = samples(*SHAPE, 4)
    array[..., 3] = 255
    array[0, 0, 3] = array[1, 5, 3] = 0
    for data in (encoded(array, "PNG", orientation), tiff(array, orientation, photometric="rgb", extrasamples=[2])):
        picture = read_picture(data)
        np.testing.assert_array_equal(picture.array, turned(array[..., :3], orientation))
        np.testing.assert_array_equal(picture.mask, turned(array[..., 3] > 0, orientation))
        assert picture.mask.flags.c_contiguous
        np.testing.assert_array_equal(read_picture(data, orientation="ignore").mask, array[..., 3] > 0)


def test_16_bits_and_floats_turn():
    deep = samples(*SHAPE, 3, dtype=np.uint16)
    rows = b"".join(b"\0" + row.tobytes() for row in deep.astype(">u2").reshape(SHAPE[0], -1))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", SHAPE[1], SHAPE[0], 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"eXIf", exif(8).tobytes().removeprefix(b"Exif\0\0")),  # behind the samples, as the specification lets it
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    np.testing.assert_array_equal(read_picture(data).array, turned(deep, 8))
    bands = samples(*SHAPE, 6).astype(np.float32)
    data = tiff(bands, 5, photometric="minisblack", planarconfig="contig")
    np.testing.assert_array_equal(read_picture(data).array, bands.swapaxes(0, 1))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "tiff_adobe_deflate"])
def test_a_tiff_is_turned_once_whoever_decodes_it(compression):
    array = samples(16, 12, 3)
    stored = read_picture(encoded(array, "TIFF", 1, compression=compression)).array
    picture = read_picture(encoded(array, "TIFF", 6, compression=compression))
    np.testing.assert_array_equal(picture.array, turned(stored, 6))
    assert picture.orientation == 6


@pytest.mark.parametrize("orientation", EVERY)
def test_label_maps_follow_their_own_tag(orientation):
    labels = samples(*SHAPE)
    for data in (encoded(labels, "PNG", orientation), tiff(labels, orientation)):
        read = read_labels(data)
        np.testing.assert_array_equal(read, turned(labels, orientation))
        assert (read.dtype, read.flags.c_contiguous) == (np.int32, True)
        np.testing.assert_array_equal(read_labels(data, orientation="ignore"), labels)


@pytest.mark.parametrize("damage", ["cut", "noise", "offset", "value"])
def test_damaged_exif_turns_nothing(damage):
    array = samples(*SHAPE, 3)
    whole = exif(6).tobytes()
    broken = {
        "cut": whole[:17],
        "noise": b"Exif\0\0" + b"no TIFF header, and not a tag at all",
        "offset": whole[:10] + b"\xff\xff\xff\x7f" + whole[14:],
        "value": exif(77).tobytes(),
    }[damage]
    for format, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        buffer = BytesIO()
        Image.fromarray(array).save(buffer, format, exif=broken, **options)
        picture = read_picture(buffer.getvalue())
        np.testing.assert_array_equal(picture.array, array)
        assert picture.orientation == 1


@pytest.mark.parametrize("value", [0, 9, 77])
def test_a_tag_of_a_tiff_that_means_nothing_turns_nothing(value):
    array = samples(*SHAPE)
    picture = read_picture(tiff(array, value))
    np.testing.assert_array_equal(picture.array, array)
    assert picture.orientation == 1


def test_of_a_geotiff_rows_stay_where_its_reference_has_them():
    array = samples(*SHAPE)
    buffer = BytesIO()
    tags = [(274, 3, 1, 6, True), (33550, 12, 3, (1.0, 1.0, 0.0), True), (33922, 12, 6, (0.0,) * 6, True)]
    tifffile.imwrite(buffer, array, extratags=tags)
    picture = read_picture(buffer.getvalue())
    np.testing.assert_array_equal(picture.array, array)
    assert picture.orientation == 1
    assert picture.geo.transform == (1, 0, 0, 0, -1, 0)


def test_orientations_can_be_ignored_by_everything_in_a_block():
    array = samples(*SHAPE, 3)
    data = encoded(array, "PNG", 6)
    for block, shape in ((nullcontext(), SHAPE[::-1]), (orientation_ignored(), SHAPE), (nullcontext(), SHAPE[::-1])):
        with block:
            assert read_picture(data).array.shape == (*shape, 3)
            assert read_labels(encoded(array[..., 0], "PNG", 6)).shape == shape


def test_another_word_is_refused():
    for read in (read_picture, read_labels):
        with pytest.raises(ParameterError, match="orientation='yes' is not allowed; say 'apply'"):
            read(encoded(samples(*SHAPE), "PNG", 1), orientation="yes")
