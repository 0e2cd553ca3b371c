"""What is written comes back, through other libraries too."""

import json
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from classicseg.errors import ImageError, ParameterError
from classicseg.io.palette import label_colors
from classicseg.io.read import read_labels, read_picture
from classicseg.io.write import encode_indexed, encode_labels, write_json, write_labels, write_picture

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
@pytest.mark.parametrize("highest", [256, 65_535])
def test_label_maps_are_what_other_libraries_read(highest):
    labels = label_map(highest)
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
@pytest.mark.parametrize(
    ("highest", "dtype"), [(255, "uint8"), (256, "uint16"), (65_535, "uint16"), (65_536, "uint32")]
)
def test_a_tiff_has_as_many_bits_as_its_labels_need(highest, dtype):
    labels = label_map(highest)
    tiff = encode_labels(labels, "tiff")
    with tifffile.TiffFile(BytesIO(tiff)) as file:
        assert (len(file.pages), file.pages[0].dtype, file.is_bigtiff) == (1, dtype, False)
        assert file.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        np.testing.assert_array_equal(file.asarray(), labels)
    with Image.open(BytesIO(tiff)) as image:  # Pillow has no unsigned 32 bits: the same bits, signed
        np.testing.assert_array_equal(np.asarray(image), labels)
    np.testing.assert_array_equal(read_labels(tiff), labels)


@small
def test_labels_beyond_four_gigabytes_become_a_bigtiff(monkeypatch):
    monkeypatch.setattr("classicseg.io.write._CLASSIC_TIFF", 100)
    labels = label_map(7)
    tiff = encode_labels(labels, "tiff")
    assert tiff[:4] == b"II+\0"
    np.testing.assert_array_equal(tifffile.imread(BytesIO(tiff)), labels)


def test_a_geotiff_keeps_its_place_on_earth(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    labels = label_map(300)
    crs, place = rasterio.crs.CRS.from_epsg(32633), rasterio.Affine(10, 0, 399_960, 0, -10, 5_900_040)
    profile = {"driver": "GTiff", "height": 13, "width": 16, "count": 1, "dtype": "uint8"}
    with rasterio.open(tmp_path / "scene.tif", "w", **profile, crs=crs, transform=place) as scene:
        scene.write(label_map(9, np.uint8), 1)
    picture = read_picture(tmp_path / "scene.tif")
    write_labels(tmp_path / "labels.tiff", labels, "tiff", geo=picture.geo)
    with rasterio.open(tmp_path / "labels.tiff") as written:
        assert (written.crs, written.transform) == (crs, place)
        np.testing.assert_array_equal(written.read(1), labels)
    assert read_picture(tmp_path / "labels.tiff").geo == picture.geo


@small
@pytest.mark.parametrize("highest", [0, 1, 2, 200, 255])
def test_the_index_in_a_palette_is_the_label(highest):
    labels = label_map(highest)
    png = encode_indexed(labels)
    with Image.open(BytesIO(png)) as image:
        assert image.mode == "P"
        assert png[24] == 8  # bits
        np.testing.assert_array_equal(np.asarray(image), labels)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), label_colors(labels)[labels])
    np.testing.assert_array_equal(read_labels(png), labels)


def test_above_255_labels_indices_number_colours():
    labels = np.arange(900).reshape(30, 30)
    with Image.open(BytesIO(encode_indexed(labels))) as image:
        indices, shown = np.asarray(image), np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(shown, label_colors(labels)[labels])
    assert np.array_equal(indices == 0, labels == 0)
    firsts = np.unique(indices, return_index=True)[1]
    assert np.all(np.diff(firsts) > 0)  # numbered as labels bring them


def test_more_colours_than_a_palette_holds_become_near_ones():
    count = 400  # each touches each other one: as many colours
    first, second = np.triu_indices(count, 1)
    labels = np.zeros((len(first), 3), dtype=int)
    labels[:, 0], labels[:, 1] = first + 1, second + 1
    labels = np.insert(labels, np.arange(1, len(labels)), 0, axis=0)
    wanted = label_colors(labels)
    with Image.open(BytesIO(encode_indexed(labels))) as image:
        shown = np.asarray(image.convert("RGB"))
    kept = wanted[1:256].astype(int)
    for label in (1, 255, 256, 300, 400):
        gap = ((kept - wanted[label]) ** 2).sum(axis=1)
        np.testing.assert_array_equal(shown[labels == label][0], kept[np.argmin(gap)])
    assert np.all(shown[labels == 0] == 0)


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
