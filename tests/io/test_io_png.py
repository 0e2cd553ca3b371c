"""PNG files of our own: what other libraries read is what was written, and every check sum holds."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from classicseg.io import png
from classicseg.io.png import encode_png

small = pytest.mark.small

SHAPES = [(1, 1), (1, 16), (16, 1), (5, 16), (16, 3)]


def samples(shape, high, seed=0):
    """Smooth along rows in one half and along columns in the other, with noise: each filter is the better one."""
    generator = np.random.default_rng(seed)
    array = generator.integers(0, high, shape, endpoint=True)
    array[: shape[0] // 2] = array[: shape[0] // 2, :1]
    array[shape[0] // 2 + 1 :] = array[shape[0] // 2]
    return array


def parts(data):
    """The chunks of a file, their check sums held against zlib's."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, found = 8, []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        body = data[place + 4 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length]) == (zlib.crc32(body),)
        found.append((body[:4], body[4:]))
        place += 12 + length
    return found


@small
@pytest.mark.parametrize("at_once", [1, 40, 1 << 19])
@pytest.mark.parametrize("shape", SHAPES)
def test_pictures_of_any_shape_come_back(monkeypatch, shape, at_once):
    monkeypatch.setattr(png, "_BYTES_AT_ONCE", at_once)
    for depth in ((), (3,)):
        picture = samples((*shape, *depth), 255).astype(np.uint8)
        data = encode_png(picture)
        np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(data))), picture)
        read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read[..., ::-1] if depth else read, picture)


@small
@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64])
@pytest.mark.parametrize("shape", SHAPES)
def test_16_bits_come_back(monkeypatch, shape, dtype):
    monkeypatch.setattr(png, "_BYTES_AT_ONCE", 40)
    numbers = samples(shape, 65_535).astype(dtype)
    data = encode_png(numbers)
    for read in (np.asarray(Image.open(BytesIO(data))), cv2.imdecode(np.frombuffer(data, np.uint8), -1)):
        assert read.dtype == np.uint16
        np.testing.assert_array_equal(read, numbers)


@small
def test_views_come_back():
    picture = samples((16, 16, 3), 255).astype(np.uint8)
    for view in (picture[::2, ::-1], picture.swapaxes(0, 1), picture[..., ::-1], np.asfortranarray(picture)):
        np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(encode_png(view)))), view)


@small
def test_the_bytes_do_not_hang_on_the_threads(monkeypatch):
    monkeypatch.setattr(png, "_BYTES_AT_ONCE", 100)
    picture = samples((16, 16, 3), 255).astype(np.uint8)
    assert encode_png(picture, threads=1) == encode_png(picture, threads=4)


@small
@pytest.mark.parametrize("at_once", [60, 1 << 19])
def test_the_stream_is_one_that_zlib_takes_to_its_check_sum(monkeypatch, at_once):
    monkeypatch.setattr(png, "_BYTES_AT_ONCE", at_once)
    indices = samples((16, 16), 7).astype(np.uint8)
    colors = np.arange(24, dtype=np.uint8).reshape(8, 3)
    chunks = parts(encode_png(indices, colors))
    names = [name for name, _ in chunks]
    assert names == [b"IHDR", b"PLTE", *[b"IDAT"] * (len(chunks) - 3), b"IEND"]
    assert (len(names) > 6) == (at_once == 60)
    assert chunks[0][1] == struct.pack(">IIBBBBB", 16, 16, 8, 3, 0, 0, 0)
    assert chunks[1][1] == colors.tobytes()
    stream = zlib.decompressobj()
    rows = stream.decompress(b"".join(data for _, data in chunks[2:-1]))  # raises where Adler-32 is wrong
    assert stream.eof
    assert len(rows) == 16 * 17
    assert {rows[17 * row] for row in range(16)} == {1, 2}  # both filters are of use


def test_adler_32_of_pieces_is_that_of_the_whole():
    generator = np.random.default_rng(0)
    for _ in range(50):
        pieces = [generator.bytes(int(length)) for length in generator.integers(1, 9000, 5)]
        pieces.append(b"\xff" * 200_000)  # far beyond the modulus
        checks = [(zlib.adler32(piece), len(piece)) for piece in pieces]
        assert png._joined_adler32(checks) == zlib.adler32(b"".join(pieces))


def test_files_are_hardly_larger_than_those_of_pillow():
    from classicseg.io.read import read_picture

    photograph = read_picture("sample:astronaut").array
    plain = np.repeat(np.repeat(samples((64, 64), 9).astype(np.uint8), 4, axis=0), 4, axis=1)
    for picture, allowed in ((photograph, 1.1), (plain, 1.6)):
        buffer = BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        assert len(encode_png(picture)) < allowed * buffer.tell()
