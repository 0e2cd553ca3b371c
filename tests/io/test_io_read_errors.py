"""What is wrong with a file is said in one clear line, and nowhere else."""

import os
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from classicseg.errors import DependencyError, ImageError, MemoryLimitError
from classicseg.io import decode, tiff
from classicseg.io.read import read_bytes, read_labels, read_picture

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
