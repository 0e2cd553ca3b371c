"""What is written comes back, and a place holds the old file or the whole new one."""

import json
import os
import stat
import sys
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from classicseg.errors import ImageError, ParameterError
from classicseg.io.read import read_labels, read_picture
from classicseg.io.write import atomic_write, encode_labels, write_json, write_labels, write_picture

small = pytest.mark.small


def label_map(highest, dtype=np.int32):
    labels = np.random.default_rng(0).integers(0, highest, (13, 16), endpoint=True).astype(dtype)
    labels[0, 0], labels[-1, -1] = 0, highest
    return labels


@small
@pytest.mark.parametrize("format", ["png", "tiff", "npy"])
@pytest.mark.parametrize("highest", [0, 1, 255, 256, 65_535])
def test_label_maps_come_back(tmp_path, format, highest):
    labels = label_map(highest)
    path = tmp_path / f"labels.{format}"
    write_labels(path, labels, format)
    np.testing.assert_array_equal(read_labels(path), labels)


@small
def test_label_maps_are_what_other_libraries_read():
    labels = label_map(65_535)
    png, tiff, npy = (encode_labels(labels, format) for format in ("png", "tiff", "npy"))
    for read in (
        np.asarray(Image.open(BytesIO(png))),
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED),
        tifffile.imread(BytesIO(tiff)),
        cv2.imdecode(np.frombuffer(tiff, np.uint8), cv2.IMREAD_UNCHANGED),
    ):
        assert read.dtype == np.uint16
        np.testing.assert_array_equal(read, labels)
    assert np.load(BytesIO(npy)).dtype == np.int32
    np.testing.assert_array_equal(np.load(BytesIO(npy)), labels)


def test_more_labels_than_a_png_holds_never_wrap(tmp_path):
    labels = np.arange(1, 65_537, dtype=np.int32).reshape(256, 256)
    with pytest.raises(ImageError, match=r"65,536 labels came; a PNG holds 65,535 at most\. Choose the format tiff"):
        write_labels(tmp_path / "labels.png", labels, "png")
    assert list(tmp_path.iterdir()) == []
    for format in ("tiff", "npy"):
        write_labels(tmp_path / f"labels.{format}", labels, format)
        np.testing.assert_array_equal(read_labels(tmp_path / f"labels.{format}"), labels)
    assert tifffile.imread(tmp_path / "labels.tiff").dtype == np.uint32


def test_tiff_is_compressed():
    assert len(encode_labels(np.ones((500, 500), dtype=np.int32), "tiff")) < 5000


@small
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_any_integer_type_and_layout(dtype):
    labels = np.asfortranarray(label_map(200, dtype))[::-1, ::2]
    for format in ("png", "tiff", "npy"):
        np.testing.assert_array_equal(read_labels(encode_labels(labels, format)), labels)


@small
def test_what_is_no_label_map_is_refused():
    with pytest.raises(ImageError, match="labels from -1 to 0"):
        encode_labels(np.array([[-1, 0]]), "npy")
    for array in (np.zeros((2, 2)), np.zeros(3, dtype=int), np.zeros((0, 2), dtype=int)):
        with pytest.raises(ImageError, match=r"a label map is \(H, W\) integers"):
            encode_labels(array, "png")
    with pytest.raises(ParameterError, match=r"format='jpg' is not allowed; it is one of 'png', 'tiff', 'npy'"):
        encode_labels(label_map(3), "jpg")


@small
def test_pictures_come_back(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    write_picture(tmp_path / "deep" / "folder" / "rgb.png", rgb[:, ::-1])
    np.testing.assert_array_equal(read_picture(tmp_path / "deep" / "folder" / "rgb.png").array, rgb[:, ::-1])
    with pytest.raises(ImageError, match="float64 came"):
        write_picture(tmp_path / "no.png", rgb / 255)
    assert not (tmp_path / "no.png").exists()


@small
def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, b"old")
    atomic_write(str(path), b"new and longer")
    assert path.read_bytes() == b"new and longer"
    assert list(tmp_path.iterdir()) == [path]


@small
@pytest.mark.parametrize("broken", ["write", "rename", "interrupted"])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, broken):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if broken == "write":
        data = "text, which a binary file does not take"
        expected = TypeError
    else:
        data, expected = b"new", OSError if broken == "rename" else KeyboardInterrupt

        def fail(source, target):
            assert Path(source).parent == tmp_path  # beside its place
            assert Path(source).read_bytes() == b"new"
            raise expected("no")

        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(expected):
        atomic_write(path, data)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@small
def test_a_place_that_is_a_folder(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        atomic_write(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@small
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_files_have_the_permissions_that_the_user_asks_for(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    atomic_write(tmp_path / "atomic", b"")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@small
def test_records(tmp_path):
    record = {
        "method": "größer",
        "count": np.int64(3),
        "share": np.float32(0.25),
        "flag": np.bool_(True),
        "gaps": [1.5, float("nan"), np.inf],
        "centres": np.array([[1.0, -np.inf], [2.0, 3.0]]),
        "pair": (1, np.uint8(2)),
        "where": Path("a") / "b.png",
        "nested": {1: None, "names": {"b", "a"}},
    }
    write_json(tmp_path / "record.json", record)
    text = (tmp_path / "record.json").read_text(encoding="utf-8")
    assert "größer" in text
    assert text.startswith('{\n  "method"')
    assert json.loads(text) == {
        "method": "größer",
        "count": 3,
        "share": 0.25,
        "flag": True,
        "gaps": [1.5, None, None],
        "centres": [[1.0, None], [2.0, 3.0]],
        "pair": [1, 2],
        "where": str(Path("a") / "b.png"),
        "nested": {"1": None, "names": ["a", "b"]},
    }


@small
def test_a_record_that_cannot_be_said_in_json_leaves_the_old_one(tmp_path):
    write_json(tmp_path / "record.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "record.json", {"a": object()})
    assert json.loads((tmp_path / "record.json").read_text()) == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1
