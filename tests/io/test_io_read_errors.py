"""What is wrong with a file is said in one clear line, and nowhere else."""

import os
import re
import struct
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classicseg import memory
from classicseg.errors import DependencyError, ImageError, MemoryLimitError
from classicseg.io import decode, tiff
from classicseg.io.read import read_bytes, read_labels, read_picture
from classicseg.memory import forced

pytestmark = pytest.mark.small

SHAPE = (13, 16)


def samples(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def encoded(array, format, **options):
    buffer = BytesIO()
    if format == "NPY":
        np.save(buffer, array)
    elif format == "PNG16":
        import cv2

        return cv2.imencode(".png", array.astype(np.uint16) * 257)[1].tobytes()
    else:
        Image.fromarray(array).save(buffer, format, **options)
    return buffer.getvalue()


def refusal(source, **options):
    with pytest.raises(ImageError) as caught:
        read_picture(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_file(tmp_path):
    path = tmp_path / "none.png"
    assert refusal(path) == f"{path} does not exist. Check the path, or say sample:coffee for a picture to try."


def test_a_folder(tmp_path):
    assert refusal(str(tmp_path)).startswith(f"{tmp_path} is a folder. Give a picture file;")


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.png").touch()
    assert "empty.png is empty (0 bytes)" in refusal(tmp_path / "empty.png")
    assert refusal(b"").startswith("stdin is empty")


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", int)() == 0, reason="needs a user kept from files"
)
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    path.chmod(0)
    assert f"{path} cannot be read (Permission denied)" in refusal(path)


def test_the_bytes_of_a_source(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    assert read_bytes(tmp_path / "file") == read_bytes(str(tmp_path / "file")) == read_bytes(b"content") == b"content"
    assert read_bytes("sample:coins").startswith(b"\x89PNG")
    for source in (b"", tmp_path, tmp_path / "none"):
        with pytest.raises(ImageError):
            read_bytes(source)


def test_a_path_that_is_none():
    assert "cannot be read" in refusal("a\0b.png")


@pytest.mark.parametrize(
    "content",
    [b"x", b"Dear reader,\n" * 30, b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", bytes(64)],
)
def test_what_is_no_picture(tmp_path, content):
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    message = refusal(path)
    assert message.startswith(f"{path} is no picture that classicseg reads; PNG, JPEG, TIFF,")


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("PNG", {}),
        ("PNG16", {}),
        ("JPEG", {"quality": 95}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("PPM", {}),
        ("NPY", {}),
    ],
)
def test_a_file_cut_off_anywhere_is_refused_without_a_word_elsewhere(format, options, capfd, caplog):
    data = encoded(samples(*SHAPE, 3), format, **options)
    assert read_picture(data).array.shape == (*SHAPE, 3)
    for length in [*range(1, len(data), 13), *range(len(data) - 9, len(data))]:
        message = refusal(data[:length], name="cut")
        assert message.startswith(("cut is truncated", "cut is no picture"))
        assert "0x" not in message
        assert message.startswith("cut is truncated") or length < 70, length
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_gif_that_ends_within_its_frame():
    data = encoded(samples(*SHAPE), "GIF")
    for length in range(1, len(data) - 20, 11):
        assert "cut is " in refusal(data[:length], name="cut")


@pytest.mark.parametrize("format", ["PNG", "PNG16"])
def test_a_damaged_png(format, capfd):
    data = bytearray(encoded(samples(*SHAPE, 3), format))
    data[len(data) // 2] ^= 0xFF
    assert refusal(bytes(data)).startswith("stdin is truncated or damaged (")
    assert capfd.readouterr() == ("", "")


def test_a_decompression_bomb(monkeypatch):
    data = encoded(np.zeros((16, 16), dtype=np.uint8), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # 256 pixels: above twice the limit
    assert refusal(data, name="bomb").startswith(
        "bomb is too large: it declares 0.000256 million pixels; 0.0002 million are"
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)  # between once and twice: Pillow would warn
    assert read_picture(data).array.shape == (16, 16)


def test_a_tiff_larger_than_the_memory(monkeypatch):
    import tifffile

    def no_memory(needed, purpose, cure):
        raise MemoryLimitError(f"{purpose} needs {needed} bytes. {cure}")

    buffer = BytesIO()
    tifffile.imwrite(buffer, samples(*SHAPE, dtype=np.uint16))
    monkeypatch.setattr(tiff, "require_memory", no_memory)
    with pytest.raises(MemoryLimitError, match=r"^huge: reading 16 x 13 pixels needs 416 bytes"):
        read_picture(buffer.getvalue(), name="huge")


def test_opencv_that_cannot_load_stops_only_what_needs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert read_picture(encoded(samples(*SHAPE, 3), "PNG")).array.shape == (*SHAPE, 3)
    with pytest.raises(DependencyError, match=r"OpenCV, which cannot be loaded .* opencv-python-headless"):
        decode.load_cv2("this")


def test_npy_that_is_no_picture(tmp_path):
    for array in (np.zeros(5), np.zeros((2, 3, 4, 5)), np.zeros((0, 3))):
        assert "a picture is (H, W) or (H, W, C)" in refusal(encoded(array, "NPY"))
    assert "type complex128" in refusal(encoded(np.zeros((3, 3), dtype=complex), "NPY"))
    np.save(tmp_path / "objects.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    assert "objects.npy holds Python objects, which are never loaded from a file" in refusal(tmp_path / "objects.npy")
    header = encoded(samples(*SHAPE), "NPY").replace(b"False", b'Fals"')
    assert "0x" not in refusal(header)


def test_label_maps_that_are_none():
    grey = samples(*SHAPE)
    np.testing.assert_array_equal(read_labels(encoded(grey, "WEBP", lossless=True)), grey)
    different = encoded(samples(*SHAPE, 3), "PNG")
    with pytest.raises(ImageError, match=r"stdin has 3 channels that differ; .* grey PNG"):
        read_labels(different)
    with pytest.raises(ImageError, match=r"stdin is a JPEG or a lossy WebP, whose compression changes labels"):
        read_labels(encoded(samples(*SHAPE), "JPEG"))
    with pytest.raises(ImageError, match=r"lossy WebP"):
        read_labels(encoded(samples(*SHAPE), "WEBP"))
    with pytest.raises(ImageError, match=r"numbers with a fraction"):
        read_labels(encoded(np.array([[0.5, 1]]), "NPY"))
    with pytest.raises(ImageError, match=r"numbers with a fraction, or NaN"):
        read_labels(encoded(np.array([[np.nan, 1]]), "NPY"))
    with pytest.raises(ImageError, match=r"labels from 0 to 2\.14748e\+09"):
        read_labels(encoded(np.array([[0, 2**31]]), "NPY"))


def test_what_is_too_large_is_read_where_that_is_forced(monkeypatch):
    data = encoded(np.zeros((16, 16), dtype=np.uint8), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert "say --force" in refusal(data)
    with forced():
        assert read_picture(data).array.shape == (16, 16)
    assert Image.MAX_IMAGE_PIXELS == 100
    assert "say --force" in refusal(data)


def made_tiff(**changes):
    """A TIFF of 16 x 13 pixels, some of whose LONG tags say something else."""
    import tifffile

    buffer = BytesIO()
    tifffile.imwrite(buffer, samples(*SHAPE), compression="zlib")
    data = buffer.getvalue()
    for name, value in changes.items():
        tag = {"width": 256, "length": 257, "rows": 278}[name]
        place = data.index(struct.pack("<HHI", tag, 4, 1)) if name != "rows" else data.index(struct.pack("<H", tag))
        kind = struct.unpack_from("<H", data, place + 2)[0]
        data = data[: place + 8] + struct.pack("<I" if kind == 4 else "<Hxx", value) + data[place + 12 :]
    return data


def test_a_compressed_tiff_that_declares_more_than_it_can_hold(monkeypatch):
    data = made_tiff(width=60_000, length=60_000)
    message = refusal(data, name="bomb")
    assert message.startswith(f"bomb is too large: its {len(data)} bytes declare 60000 x 60000 pixels")
    assert "say --force" in message
    monkeypatch.setattr(memory, "machine_memory", lambda: 2**20)
    with pytest.raises(MemoryLimitError, match="reading 4000 x 4000 pixels"):
        read_picture(made_tiff(width=4000, length=4000))


def test_a_raster_larger_than_the_memory(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 1000)
    with pytest.raises(MemoryLimitError, match=r"stdin: reading 16 x 13 pixels would take about"):
        read_picture(encoded(samples(*SHAPE, 3), "PNG"))


def test_a_file_larger_than_the_memory_is_not_even_opened(monkeypatch, tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(2**30)  # it takes no room on the disk
    monkeypatch.setattr(memory, "machine_memory", lambda: 2**29)
    with pytest.raises(MemoryLimitError, match=r"huge\.png: reading the file would take about 1 GiB, and this machine"):
        read_picture(path)


def test_a_file_that_fills_the_memory_all_the_same(monkeypatch, tmp_path):
    def filled(_):
        raise MemoryError

    (tmp_path / "large.png").write_bytes(b"x")
    monkeypatch.setattr(Path, "read_bytes", filled)
    assert "large.png does not fit into this machine's memory. Cut it into tiles." in refusal(tmp_path / "large.png")


def test_npy_that_python_2_wrote():
    data = encoded(np.arange(9.0).reshape(3, 3), "NPY").replace(b"(3, 3)", b"(3L,3)")
    np.testing.assert_array_equal(read_picture(data).array, np.arange(9.0).reshape(3, 3))  # and no warning


def test_npy_whose_header_declares_more_than_follows():
    data = encoded(np.zeros((3, 4)), "NPY")
    huge = data.replace(b"(3, 4), }          ", b"(30000, 40000), }  ")
    assert len(huge) == len(data)
    assert refusal(huge).startswith(
        "stdin is truncated: its header declares 9600000000 bytes of samples, and 96 follow"
    )
    named = np.zeros((3, 4), dtype=[("\N{GREEK SMALL LETTER ALPHA}", "f8")])
    with pytest.warns(UserWarning, match="format 3.0"):
        data = encoded(named, "NPY")
    assert "version of .npy that holds no samples" in refusal(data)


def no_pixels():
    def png(width, height):
        parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b""))]
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in [*parts, (b"IEND", b"")]
        )

    def cleared(format, *places):
        data = bytearray(encoded(samples(*SHAPE, *([3] if format == "BMP" else [])), format))
        for place in places:
            data[place] = 0
        return bytes(data)

    jpeg = encoded(samples(*SHAPE), "JPEG")
    gif = encoded(samples(*SHAPE), "GIF")
    frame = gif.index(b",", 13 + 768)
    yield "png", png(0, 5)
    yield "png", png(5, 0)
    yield "bmp", cleared("BMP", 18)
    yield "bmp", cleared("BMP", 22)
    yield "gif", cleared("GIF", 6, frame + 5)
    yield "jpeg", cleared("JPEG", jpeg.index(b"\xff\xc0") + 6)
    yield "ppm", b"P5\n0 5\n255\n"
    yield "ppm", b"P6\n5 0\n255\n"
    yield "tiff", made_tiff(width=0)
    yield "tiff", made_tiff(length=0)


@pytest.mark.parametrize(("kind", "data"), [pytest.param(*each, id=each[0]) for each in no_pixels()])
def test_an_image_of_0_pixels(kind, data, capfd):
    assert refusal(data, name=kind) == f"{kind} is an image of 0 pixels. Get the file again, or take it out."
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are text there")
def test_a_name_that_is_no_text(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    path = Path(os.fsdecode(path))
    path.write_bytes(encoded(samples(*SHAPE), "PNG"))
    assert read_picture(path).array.shape == SHAPE
    assert read_picture(path).name == "caf\udce9"
    path.write_bytes(b"nothing")
    assert "is no picture that classicseg reads" in refusal(str(path))


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "group4", "tiff_adobe_deflate"])
def test_a_tiff_with_damaged_samples_makes_no_noise(compression, capfd):
    array = samples(16, 16) > 127 if compression == "group4" else samples(16, 16, 3)
    data = encoded(array, "TIFF", compression=compression)
    refused = 0
    for place in range(8, len(data), 29):
        damaged = data[:place] + bytes(255 - byte for byte in data[place : place + 9]) + data[place + 9 :]
        try:
            read_picture(damaged)
        except (ImageError, MemoryLimitError) as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused
    assert capfd.readouterr() == ("", "")


def test_no_data_file_is_unpickled():
    """The only pickle that is loaded is machine code that this package wrote into its own cache."""
    package = Path(decode.__file__).parents[1]
    texts = {path.relative_to(package).as_posix(): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    unpickles = re.compile(
        r"^\s*(?:import|from) (?:pickle|shelve|dill|marshal)\b|\b(?:joblib|pickle)\.load", re.MULTILINE
    )
    assert [name for name, text in texts.items() if unpickles.search(text)] == ["kernels/cache.py"]
    loads = [call for text in texts.values() for call in re.findall(r"\bnp\.load\(.*", text)]
    assert loads
    assert all("allow_pickle=False" in call for call in loads)


def test_frames_that_cannot_be_counted_are_one(monkeypatch):
    from PIL.GifImagePlugin import GifImageFile

    monkeypatch.setattr(GifImageFile, "n_frames", property(lambda image: 1 / 0))
    assert read_picture(encoded(samples(*SHAPE), "GIF")).pages == 1


def test_frames_of_16_bits_are_refused_since_they_would_lose_them():
    data = encoded(samples(*SHAPE, 3), "PNG16")
    control = b"acTL" + struct.pack(">II", 2, 0)
    frame = b"fcTL" + struct.pack(">IIIIIHHBB", 0, SHAPE[1], SHAPE[0], 0, 0, 1, 1, 0, 0)
    extra = b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (control, frame))
    start = data.index(b"IDAT") - 4
    end = data.index(b"IEND") - 4
    later = b"fcTL" + struct.pack(">IIIIIHHBB", 1, SHAPE[1], SHAPE[0], 0, 0, 1, 1, 0, 0)
    (length,) = struct.unpack_from(">I", data, start)
    again = b"fdAT" + struct.pack(">I", 2) + data[start + 8 : start + 8 + length]
    extra2 = b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (later, again))
    animated = data[:start] + extra + data[start:end] + extra2 + data[end:]
    assert read_picture(animated).array.dtype == np.uint16
    assert "animated PNG of 16 bits, of which only the first page is read" in refusal(animated, page=2)


def test_a_process_without_stderr_reads_all_the_same(monkeypatch):
    def closed(descriptor):
        raise OSError

    monkeypatch.setattr(decode.os, "dup", closed)
    assert read_picture(encoded(samples(*SHAPE, 3), "TIFF", compression="tiff_lzw")).array.shape == (*SHAPE, 3)
