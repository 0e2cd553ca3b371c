"""Readers of instances, over real parts in their publishers' layouts and over small trees."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from classicseg.datasets import check_dataset, dsb2018
from classicseg.datasets.declared import read_shipped
from classicseg.datasets.folders import read_instance_maps
from classicseg.errors import ImageError, ParameterError


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array) if path.suffix == ".tif" else Image.fromarray(array).save(path)
    return path


def load(path):
    with Image.open(path) as picture:
        return np.array(picture)


def publish_dsb(root, name, picture, labels, *, order=1):
    """One picture in the layout of the publisher: one mask a label, in files whose names say nothing."""
    save(root / name / "images" / f"{name}.png", picture)
    for number in np.unique(labels[labels > 0])[::order]:
        word = f"{int(number) * 7919 % 1_000_003:x}"
        save(root / name / "masks" / f"{word}.png", np.where(labels == number, 255, 0).astype(np.uint8))


def same_partition(one, other):
    """Whether two label maps part the same pixels, with 0 for 0."""
    codes = np.unique(one.astype(np.int64) * 1_000_003 + other)
    zeros = np.array_equal(one == 0, other == 0)
    return zeros and len(codes) == len(np.unique(one)) == len(np.unique(other))


@pytest.fixture(scope="module")
def blobs():
    labels = np.zeros((12, 16), np.int32)
    labels[1:5, 1:6], labels[1:5, 6:9], labels[7:11, 3:12], labels[8:9, 14:] = 3, 1, 9, 4
    return labels


# ---- DSB2018 ----


@pytest.mark.small
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("inside", [True, False])
def test_dsb2018_puts_the_masks_of_a_picture_together(tmp_path, blobs, order, inside):
    root = tmp_path / "stage1_train"
    publish_dsb(root, "b10", np.zeros((12, 16, 4), np.uint8) + 255, blobs, order=order)
    publish_dsb(root, "b9", np.zeros((12, 16, 4), np.uint8), np.where(blobs == 9, 2, 0), order=order)
    (root / "notes.txt").write_text("not a picture")
    found = dsb2018.read(tmp_path if inside else root, split="train")
    assert [sample.name for sample in found.samples] == ["b9", "b10"]
    assert found.missing == ()
    loaded = pickle.loads(pickle.dumps(found.samples[1])).read()
    # Numbered by first pixels in raster order: 3 begins at (1, 1), 1 at (1, 6), 9 at (7, 3), 4 at (8, 14).
    np.testing.assert_array_equal(
        loaded.truths[0], np.select([blobs == 3, blobs == 1, blobs == 9, blobs == 4], [1, 2, 3, 4], 0)
    )
    assert loaded.kind == "instances"
    assert loaded.void is None
    assert loaded.image.array.shape == (12, 16, 3)


@pytest.mark.small
def test_dsb2018_as_foreground(tmp_path, blobs):
    publish_dsb(tmp_path, "a", np.zeros((12, 16), np.uint8), blobs)
    (sample,) = dsb2018.read(tmp_path, view="binary").samples
    assert sample.kind == "binary"
    np.testing.assert_array_equal(sample.read().truths[0], blobs > 0)


@pytest.mark.small
def test_dsb2018_one_mask_is_one_object_and_an_empty_one_none(tmp_path, blobs):
    in_pieces = np.where(blobs == 4, 3, blobs)
    publish_dsb(tmp_path, "a", np.zeros((12, 16), np.uint8), in_pieces)
    save(tmp_path / "a" / "masks" / "0.png", np.zeros((12, 16), np.uint8))
    truth = dsb2018.read(tmp_path).samples[0].read().truths[0]
    assert same_partition(truth, in_pieces)
    assert truth.max() == 3


@pytest.mark.small
def test_dsb2018_pixels_of_several_masks_are_void_and_said(tmp_path, blobs):
    publish_dsb(tmp_path, "a", np.zeros((12, 16), np.uint8), blobs)
    extra = np.zeros((12, 16), np.uint8)
    extra[1:5, 5:7] = 255  # two columns: one of object 3, one of object 1
    save(tmp_path / "a" / "masks" / "zz.png", extra)
    sample = dsb2018.read(tmp_path).samples[0]
    with pytest.warns(UserWarning, match="masks: 8 pixels belong to several masks; no score counts them"):
        loaded = sample.read()
    np.testing.assert_array_equal(loaded.void, extra > 0)
    assert same_partition(loaded.truths[0], np.where(extra > 0, 0, blobs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what is foreground is clear
        binary = dsb2018.read(tmp_path, view="binary").samples[0].read()
    np.testing.assert_array_equal(binary.truths[0], blobs > 0)
    assert binary.void is None


@pytest.mark.small
def test_dsb2018_names_what_is_missing(tmp_path, blobs):
    for name in ("a", "b", "c"):
        publish_dsb(tmp_path, name, np.zeros((12, 16), np.uint8), blobs)
    (tmp_path / "a" / "images" / "a.png").unlink()
    for mask in (tmp_path / "b" / "masks").iterdir():
        mask.unlink()
    found = dsb2018.read(tmp_path)
    assert [sample.name for sample in found.samples] == ["c"]
    assert found.missing == (
        "masks a/masks have no picture: a/images/a.png is not there",
        "picture b/images/b.png has no truth: b/masks holds no PNG",
    )


@pytest.mark.small
def test_dsb2018_refuses_another_layout_split_and_view(tmp_path, blobs):
    save(tmp_path / "images" / "a.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(ImageError, match=r"holds no stage1_train/ID/images .*flat copy"):
        dsb2018.read(tmp_path)
    with pytest.raises(ImageError, match="holds no stage1_train"):
        dsb2018.read(tmp_path / "nowhere")
    with pytest.raises(ParameterError, match=r"no split 'trian'; it has 'train'.*Did you mean 'train'\?"):
        dsb2018.read(tmp_path, split="trian")
    with pytest.raises(ParameterError, match="no view 'classes'; it has 'instances' and 'binary'"):
        dsb2018.read(tmp_path, view="classes")
    publish_dsb(tmp_path / "x", "a", np.zeros((12, 16), np.uint8), blobs)
    save(tmp_path / "x" / "a" / "masks" / "zz.png", np.zeros((3, 16), np.uint8))
    with pytest.raises(ImageError, match=r"has 12 x 16 pixels .*zz\.png 3 x 16"):
        dsb2018.read(tmp_path / "x").samples[0].read()


def test_dsb2018_built_from_the_real_part(tmp_path, data_root):
    root = data_root / "dsb2018"
    chosen = sorted((root / "labels").iterdir())[::40]
    stored = {}
    for path in chosen:
        stored[path.stem] = tifffile.imread(path)
        picture = load(root / "images" / f"{path.stem}.png")
        publish_dsb(tmp_path / "stage1_train", path.stem, picture, stored[path.stem])
    found = dsb2018.read(tmp_path)
    assert {sample.name for sample in found.samples} == set(stored)
    assert found.missing == ()
    for sample in found.samples:
        loaded = sample.read()
        assert same_partition(loaded.truths[0], stored[sample.name])
        assert loaded.void is None


# ---- BBBC039 ----


@pytest.fixture
def bbbc(tmp_path):
    rng = np.random.default_rng(8)
    for name in ("well_A02", "well_B12"):
        save(tmp_path / "images" / f"{name}.tif", rng.integers(0, 4096, (10, 12)).astype(np.uint16))
        red = np.zeros((10, 12), np.uint8)
        red[1:4, 1:4], red[1:4, 4:7], red[6:9, 1:4] = 1, 2, 1
        rgba = np.zeros((10, 12, 4), np.uint8)
        rgba[..., 0], rgba[..., 3] = red, 255
        save(tmp_path / "masks" / f"{name}.png", rgba)
    return tmp_path


@pytest.mark.small
def test_bbbc039_parts_of_each_value_are_objects(bbbc):
    found = read_shipped(bbbc, name="bbbc039")
    assert found.data_range == (0, 4095)
    assert [sample.name for sample in found.samples] == ["well_A02", "well_B12"]
    truth = found.samples[0].read().truths[0]
    assert [tuple(np.argwhere(truth == label)[0]) for label in (1, 2, 3)] == [(1, 1), (1, 4), (6, 1)]
    assert truth.max() == 3
    np.testing.assert_array_equal(
        read_shipped(bbbc, view="binary", name="bbbc039").samples[0].read().truths[0], truth > 0
    )


@pytest.mark.small
def test_bbbc039_splits_by_the_publishers_lists(bbbc):
    with pytest.raises(ImageError, match=r"list of the split 'val', .*validation\.txt, is not there"):
        read_shipped(bbbc, split="val", name="bbbc039")
    (bbbc / "metadata").mkdir()
    (bbbc / "metadata" / "validation.txt").write_text("well_B12.png\nwell_C01.png\n")
    found = read_shipped(bbbc, split="val", name="bbbc039")
    assert [sample.name for sample in found.samples] == ["well_B12"]
    assert found.missing == ("the list metadata/validation.txt names well_C01.png, which is no picture with a truth",)
    assert len(read_shipped(bbbc, name="bbbc039").samples) == 2


def test_bbbc039_real_part(data_root):
    found = read_shipped(data_root / "bbbc039", name="bbbc039")
    assert found.missing == ()
    assert len(found.samples) == 13
    for sample in found.samples:
        loaded = sample.read()
        red = load(data_root / "bbbc039" / "masks" / f"{sample.name}.png")[..., 0]
        expected = np.zeros_like(loaded.truths[0])
        for value in np.unique(red[red > 0]):
            parts, _ = ndimage.label(red == value)
            expected = np.where(parts > 0, parts + expected.max(), expected)
        assert same_partition(loaded.truths[0], expected)
        assert loaded.image.array.dtype == np.uint16
        assert loaded.image.array.max() <= 4095


# ---- instance maps ----


@pytest.mark.small
@pytest.mark.parametrize(("pictures", "maps"), [("images", "labels"), ("image", "label"), ("images", "masks")])
def test_instance_maps_keep_their_numbers(tmp_path, blobs, pictures, maps):
    save(tmp_path / pictures / "a.png", np.zeros((12, 16, 3), np.uint8))
    save(tmp_path / maps / "a.tif", (blobs * 1000).astype(np.uint16))
    (sample,) = read_instance_maps(tmp_path).samples
    np.testing.assert_array_equal(sample.read().truths[0], blobs * 1000)
    (sample,) = read_instance_maps(tmp_path, view="binary").samples
    np.testing.assert_array_equal(sample.read().truths[0], blobs > 0)


@pytest.mark.small
def test_instance_maps_of_two_kinds_of_truth_are_refused(tmp_path, blobs):
    for folder in ("images", "labels", "masks"):
        save(tmp_path / folder / "a.png", blobs.astype(np.uint8))
    with pytest.raises(ImageError, match=r"one folder of truths.* and has labels and masks"):
        read_instance_maps(tmp_path)


@pytest.mark.small
def test_instance_maps_are_found_whatever_the_case_of_folders_and_suffixes(tmp_path, blobs):
    for name in ("a.tif", "C.TIF"):
        for folder in ("Images", "LABELS"):
            save(tmp_path / folder / name.lower(), blobs.astype(np.uint16))
            (tmp_path / folder / name.lower()).rename(tmp_path / folder / name)
    found = read_instance_maps(tmp_path)
    assert [sample.name for sample in found.samples] == ["C", "a"]
    assert found.missing == ()
    assert check_dataset("instances", tmp_path).parts[0].readable == 2
    (tmp_path / "Images" / "C.TIF").unlink()
    save(tmp_path / "Images" / "d.png", np.zeros((12, 16), np.uint8))
    found = read_instance_maps(tmp_path)
    assert [sample.name for sample in found.samples] == ["a"]
    assert found.missing == (
        "picture Images/d.png has no truth: LABELS has no file of the name d",
        "truth LABELS/C.TIF has no picture: Images has no file of the name C",
    )


def test_instance_maps_real_part(data_root):
    found = read_instance_maps(data_root / "dsb2018")
    assert found.missing == ()
    assert len(found.samples) == 222
    for sample in found.samples[::30]:
        np.testing.assert_array_equal(
            sample.read().truths[0], tifffile.imread(data_root / "dsb2018" / "labels" / f"{sample.name}.tif")
        )
