"""TIFF and PNG files that the fuzzer found to break something."""

import os
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tifffile import imwrite

from classicseg.errors import ImageError
from classicseg.io.read import read_labels, read_picture
from classicseg.io.tiff import count_tiff_pages, decode_tiff_page

PICTURE = np.arange(35, dtype=np.uint8).reshape(5, 7)


def tiff(**how: object) -> bytearray:
    buffer = BytesIO()
    imwrite(buffer, PICTURE, photometric="minisblack", **how)
    return bytearray(buffer.getvalue())


def in_a_circle(big: bool) -> bytes:
    """A TIFF of one page, whose next page is said to be the same."""
    data = tiff(bigtiff=big)
    (first,) = struct.unpack_from("<Q" if big else "<I", data, 8 if big else 4)
    (count,) = struct.unpack_from("<Q" if big else "<H", data, first)
    place = first + (8 + 20 * count if big else 2 + 12 * count)
    assert not any(data[place : place + 4])  # it was the last
    struct.pack_into("<I", data, place, first)
    return bytes(data)


@pytest.mark.small
@pytest.mark.parametrize("big", [False, True])
def test_pages_in_a_circle_come_to_an_end(tmp_path, big):
    data = in_a_circle(big)
    for read in (read_picture, read_labels):
        with pytest.raises(ImageError, match=r"^stdin is damaged: its list of pages runs in a circle\."):
            read(data)
    path = tmp_path / "circle.tif"
    path.write_bytes(data)
    for count in (lambda: count_tiff_pages(path), lambda: decode_tiff_page(path, 0)):
        with pytest.raises(ImageError, match="in a circle"):
            count()


@pytest.mark.small
def test_a_list_of_pages_that_leads_out_of_the_file_ends_there():
    data = bytearray(in_a_circle(False))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, 2**31)
    assert np.array_equal(read_picture(bytes(data)).array, PICTURE)


def deep_png(*, broken_end: bool) -> bytes:
    """A PNG of 16 bits in RGB; its end may hold bytes, which libpng complains of on stderr."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes(range(12)) for _ in range(2))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"\0" * broken_end)


@pytest.mark.small
def test_what_libpng_thinks_of_a_deep_png_is_not_printed(capfd):
    whole, broken = (read_picture(deep_png(broken_end=end)).array for end in (False, True))
    assert whole.dtype == np.uint16
    assert whole.tolist() == broken.tolist()
    assert capfd.readouterr().err == ""
    os.write(2, b"still there\n")
    assert capfd.readouterr().err == "still there\n"


@pytest.mark.small
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_of_any_depth_gives_colours(bits):
    colours = Image.fromarray(PICTURE % 2 * 200).quantize(2)
    buffer = BytesIO()
    colours.save(buffer, "PNG", bits=bits)
    picture = read_picture(buffer.getvalue())
    assert (picture.color, picture.array.shape) == ("rgb", (5, 7, 3))
    assert np.array_equal(picture.array, np.array(colours.convert("RGB")))
