"""Pictures come back from files as they were written, in every format, depth and channel layout."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from classicseg.io.read import read_labels, read_picture

pytestmark = pytest.mark.small

SHAPE = (11, 14)


def samples(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def encoded(array, format, **options):
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, format, **options)
    return buffer.getvalue()


def png(array, color_type, depth, extra=b"", end=b""):
    """A PNG written out by hand: the chunks in `extra` stand before the samples, those in `end` behind them."""
    rows = array.astype(">u2" if depth == 16 else "u1").reshape(array.shape[0], -1)
    if depth < 8:
        bits = np.unpackbits(rows[..., np.newaxis], axis=2)[..., 8 - depth :].reshape(len(rows), -1)
        rows = np.packbits(bits, axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], depth, color_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(lines)) + end + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_8_bit_colour_comes_back(tmp_path, format):
    array = samples(*SHAPE, 3)
    path = tmp_path / "a.picture.xyz"  # the content decides, not the name
    path.write_bytes(encoded(array, format, **({"lossless": True} if format == "WEBP" else {})))
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.array, array)
    assert (picture.array.dtype, picture.mask, picture.color, picture.name) == (np.uint8, None, "rgb", "a.picture")


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_8_bit_grey_comes_back(format):
    array = samples(*SHAPE)
    picture = read_picture(encoded(array, format))
    shown = picture.array if picture.array.ndim == 2 else picture.array[..., 0]  # a GIF always has a palette
    np.testing.assert_array_equal(shown, array)
    assert picture.mask is None


def test_jpeg_is_what_pillow_decodes(tmp_path):
    smooth = np.linspace(0, 255, 15 * 16 * 3).reshape(15, 16, 3).astype(np.uint8)
    data = encoded(smooth, "JPEG", quality=95)
    np.testing.assert_array_equal(read_picture(data).array, np.asarray(Image.open(BytesIO(data))))
    grey = read_picture(encoded(smooth[..., 0], "JPEG"))
    assert (grey.array.shape, grey.color) == ((15, 16), None)


def test_cmyk_becomes_rgb():
    ink = np.zeros((2, 3, 4), dtype=np.uint8)
    ink[:, 1] = (255, 0, 0, 0)
    ink[:, 2] = (0, 0, 0, 255)
    buffer = BytesIO()
    Image.frombytes("CMYK", (3, 2), ink.tobytes()).save(buffer, "TIFF")
    picture = read_picture(buffer.getvalue())
    assert picture.array[0].tolist() == [[255, 255, 255], [0, 255, 255], [0, 0, 0]]
    assert picture.color == "rgb"


@pytest.mark.parametrize("key", [0, 1])
def test_the_transparent_colour_of_one_bit_becomes_the_mask(key):
    array = samples(*SHAPE) > 99
    data = png(array, 0, 1, extra=chunk(b"tRNS", struct.pack(">H", key)))
    np.testing.assert_array_equal(read_picture(data).mask, array != key)


def test_one_bit_becomes_bool():
    array = samples(*SHAPE) > 127
    picture = read_picture(encoded(array, "PNG"))
    assert picture.array.dtype == bool
    np.testing.assert_array_equal(picture.array, array)


@pytest.mark.parametrize("depth", [2, 4])
def test_grey_of_few_bits_is_spread_in_pictures_and_kept_in_labels(depth):
    levels = samples(*SHAPE) % 2**depth
    data = png(levels, 0, depth, extra=chunk(b"tRNS", struct.pack(">H", 2)))
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.array, levels * (255 // (2**depth - 1)))
    np.testing.assert_array_equal(picture.mask, levels != 2)
    np.testing.assert_array_equal(read_labels(data), levels)


@pytest.mark.parametrize("writer", ["pillow", "cv2", "by hand"])
def test_16_bit_grey_png_keeps_its_bits(writer):
    array = samples(*SHAPE, dtype=np.uint16)
    data = {
        "pillow": lambda: encoded(array, "PNG"),
        "cv2": lambda: cv2.imencode(".png", array)[1].tobytes(),
        "by hand": lambda: png(array, 0, 16),
    }[writer]()
    picture = read_picture(data)
    assert (picture.array.dtype, picture.color) == (np.uint16, None)
    np.testing.assert_array_equal(picture.array, array)


def test_16_bit_colour_png_keeps_its_bits_and_the_order_of_its_channels():
    array = samples(*SHAPE, 3, dtype=np.uint16)
    for data in (png(array, 2, 16), cv2.imencode(".png", array[..., ::-1])[1].tobytes()):
        picture = read_picture(data)
        np.testing.assert_array_equal(picture.array, array)
        assert (picture.array.dtype, picture.mask, picture.color) == (np.uint16, None, "rgb")


def test_16_bit_png_with_alpha_keeps_its_bits():
    array = samples(*SHAPE, 4, dtype=np.uint16)
    array[2:5, 3:9, 3] = 0
    rgba = read_picture(png(array, 6, 16))
    np.testing.assert_array_equal(rgba.array, array[..., :3])
    np.testing.assert_array_equal(rgba.mask, array[..., 3] > 0)
    grey = read_picture(png(array[..., 2:], 4, 16))
    np.testing.assert_array_equal(grey.array, array[..., 2])
    np.testing.assert_array_equal(grey.mask, array[..., 3] > 0)
    assert (rgba.color, grey.color) == ("rgb", None)


@pytest.mark.parametrize(("color_type", "depth"), [(0, 8), (0, 16), (2, 8), (2, 16)])
def test_the_transparent_colour_of_a_png_becomes_the_mask(color_type, depth):
    shape = (*SHAPE, 3) if color_type == 2 else SHAPE
    array = samples(*shape, dtype=np.uint16 if depth == 16 else np.uint8)
    array[3, 4] = array[7, 1] = key = array[0, 0]
    array[5, 5] = key
    if color_type == 2:
        array[5, 5, 1] += 1  # one channel differs: another colour
    picture = read_picture(
        png(array, color_type, depth, extra=chunk(b"tRNS", np.atleast_1d(key).astype(">u2").tobytes()))
    )
    np.testing.assert_array_equal(picture.array, array)
    expected = np.ones(SHAPE, dtype=bool)
    expected[[0, 3, 7], [0, 4, 1]] = False
    if color_type == 0:
        expected[array == key] = False
    np.testing.assert_array_equal(picture.mask, expected)


def test_metadata_that_libpng_grumbles_about_leaves_no_trace(capfd):
    array = samples(*SHAPE, 3, dtype=np.uint16)
    profile = chunk(b"iCCP", b"no profile\0\0" + zlib.compress(b"not a colour profile"))
    text = chunk(b"tEXt", b"broken")
    np.testing.assert_array_equal(read_picture(png(array, 2, 16, extra=profile, end=text)).array, array)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_alpha_becomes_the_mask(format):
    array = samples(*SHAPE, 4)
    array[..., 3] = 200
    array[1:4, 2:7, 3] = 0
    array[6, 6, 3] = 1
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    picture = read_picture(encoded(array, format, **options))
    np.testing.assert_array_equal(picture.mask, array[..., 3] > 0)
    np.testing.assert_array_equal(picture.array[picture.mask], array[..., :3][picture.mask])
    assert picture.color == "rgb"


def test_opaque_alpha_is_no_mask():
    array = samples(*SHAPE, 4)
    array[..., 3] = 255
    picture = read_picture(encoded(array, "PNG"))
    assert picture.mask is None
    np.testing.assert_array_equal(picture.array, array[..., :3])


def test_grey_with_alpha_is_grey_with_a_mask():
    array = samples(*SHAPE, 2)
    array[0, :5, 1] = 0
    picture = read_picture(encoded(array, "PNG"))
    np.testing.assert_array_equal(picture.array, array[..., 0])
    np.testing.assert_array_equal(picture.mask, array[..., 1] > 0)


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_palette_becomes_its_colours_and_in_label_maps_its_indices(format):
    indices = (samples(*SHAPE) % 5).astype(np.uint8)
    palette = samples(256, 3, seed=1)
    image = Image.fromarray(indices)
    image.putpalette(palette.tobytes())
    buffer = BytesIO()
    image.save(buffer, format, transparency=3, optimize=False)
    picture = read_picture(buffer.getvalue())
    np.testing.assert_array_equal(picture.mask, indices != 3)
    np.testing.assert_array_equal(picture.array[picture.mask], palette[indices][picture.mask])
    np.testing.assert_array_equal(read_labels(buffer.getvalue()), indices)
    buffer = BytesIO()
    image.save(buffer, format)
    opaque = read_picture(buffer.getvalue())
    assert opaque.mask is None
    np.testing.assert_array_equal(opaque.array, palette[indices])


def test_of_several_frames_the_first_is_read():
    frames = [Image.fromarray(np.full(SHAPE, value, dtype=np.uint8)) for value in (10, 200)]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert np.unique(read_picture(buffer.getvalue()).array).tolist() == [10]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.float32, np.float64, ">u2", ">f4"])
@pytest.mark.parametrize("channels", [(), (3,), (4,), (7,)])
def test_npy_comes_back(tmp_path, dtype, channels):
    array = samples(*SHAPE, *channels).astype(dtype)
    path = tmp_path / "named.png"
    with path.open("wb") as file:
        np.save(file, array)
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.array, array)
    assert picture.array.dtype == np.dtype(dtype).newbyteorder("=")
    assert (picture.mask, picture.color) == (None, None)


@pytest.mark.parametrize("order", ["<", ">"])
def test_half_floats_become_floats(order):
    array = (samples(*SHAPE) / 255).astype(f"{order}f2")
    buffer = BytesIO()
    np.save(buffer, array)
    picture = read_picture(buffer.getvalue())
    assert picture.array.dtype == np.float32
    np.testing.assert_array_equal(picture.array, array)


def test_names():
    data = encoded(samples(*SHAPE), "PNG")
    assert read_picture(data).name == "stdin"
    assert read_picture(data, name="cells").name == "cells"


@pytest.mark.parametrize("channels", [3, 4])
def test_label_maps_with_equal_channels_are_grey(channels):
    labels = samples(*SHAPE)
    stored = np.repeat(labels[..., np.newaxis], channels, axis=2)
    stored[..., 3:] = 255
    read = read_labels(encoded(stored, "PNG"))
    assert (read.dtype, read.flags.c_contiguous) == (np.int32, True)
    np.testing.assert_array_equal(read, labels)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.int64, np.float32])
def test_label_maps_in_npy(tmp_path, dtype):
    labels = (samples(*SHAPE) % 100).astype(dtype)
    np.save(tmp_path / "labels.npy", labels)
    read = read_labels(tmp_path / "labels.npy")
    assert read.dtype == np.int32
    np.testing.assert_array_equal(read, labels)


@pytest.mark.parametrize("dtype", [bool, np.uint16])
def test_label_maps_in_png(tmp_path, dtype):
    labels = samples(*SHAPE, dtype=np.uint16).astype(dtype)
    path = tmp_path / "labels.png"
    path.write_bytes(encoded(labels, "PNG"))
    np.testing.assert_array_equal(read_labels(str(path)), labels.astype(np.int32))


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpegs_of_every_colour_space_are_what_opencv_decodes(mode, options):
    """Pillow writes CMYK as Photoshop does: inverted, with Adobe's marker."""
    smooth = np.linspace(0, 255, 16 * 16 * 3).reshape(16, 16, 3).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(smooth).convert(mode).save(buffer, "JPEG", quality=95, **options)
    data = buffer.getvalue()
    picture = read_picture(data)
    flag = cv2.IMREAD_GRAYSCALE if mode == "L" else cv2.IMREAD_COLOR_RGB
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    assert picture.array.shape == expected.shape
    assert np.abs(picture.array.astype(int) - expected).max() <= 3
    assert picture.color == (None if mode == "L" else "rgb")


@pytest.mark.parametrize("format", ["BMP", "PPM", "WEBP", "GIF", "AVIF"])
def test_colours_are_those_of_opencv(format):
    blocks = np.repeat(np.repeat(samples(2, 2, 3) // 85 * 85, 8, 0), 8, 1)
    data = encoded(blocks, format)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if expected is None:
        pytest.skip(f"this OpenCV reads no {format}")
    assert np.abs(read_picture(data).array.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_of_few_bits_are_what_opencv_decodes(depth):
    indices = samples(*SHAPE) & np.uint8(2**depth - 1)
    palette = samples(2**depth, 3, seed=1)
    padded = np.pad(indices, ((0, 0), (0, -SHAPE[1] % (8 // depth))))
    bits = np.unpackbits(padded[..., np.newaxis], axis=2)[..., 8 - depth :].reshape(SHAPE[0], -1)
    lines = b"".join(b"\0" + row.tobytes() for row in np.packbits(bits, axis=1))
    header = struct.pack(">IIBBBBB", SHAPE[1], SHAPE[0], depth, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.array, palette[indices])
    np.testing.assert_array_equal(picture.array, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB))
    np.testing.assert_array_equal(read_labels(data), indices)
