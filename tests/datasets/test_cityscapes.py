"""Cityscapes: a small tree in the exact layout, and the official table of ids."""

import pickle
import shutil

import numpy as np
import pytest
from PIL import Image

from classicseg.datasets import cityscapes
from classicseg.datasets.check import check_dataset
from classicseg.datasets.open import open_dataset
from classicseg.errors import ImageError

small = pytest.mark.small

# The train id of each id that the official evaluation counts; all others are ignored.
TRAIN_IDS = {
    7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14, 28: 15,
    31: 16, 32: 17, 33: 18,
}  # fmt: skip

ALL_IDS = np.arange(34, dtype=np.uint8).reshape(2, 17)
# two cars, a group of cars, a caravan, road, sky, a void id, a person
INSTANCES = np.array([[26001, 26001, 26000, 26], [29000, 7, 23, 4], [24000, 7, 7, 0]], np.int32)


def write(root, split, name, label_ids, instance_ids=None):
    city = name.split("_")[0]
    pictures, truths = root / "leftImg8bit" / split / city, root / "gtFine" / split / city
    for folder in (pictures, truths):
        folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((*label_ids.shape, 3), np.uint8)).save(pictures / f"{name}_leftImg8bit.png")
    Image.fromarray(label_ids).save(truths / f"{name}_gtFine_labelIds.png")
    Image.fromarray(np.zeros((*label_ids.shape, 4), np.uint8)).save(truths / f"{name}_gtFine_color.png")
    (truths / f"{name}_gtFine_polygons.json").write_text("{}")
    if instance_ids is not None:
        Image.fromarray(instance_ids.astype(np.uint16)).save(truths / f"{name}_gtFine_instanceIds.png")


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "val", "munster_000000_000019", ALL_IDS)
    write(tmp_path, "val", "frankfurt_000001_000294", ALL_IDS)
    write(tmp_path, "val", "frankfurt_000000_000294", ALL_IDS)
    write(tmp_path, "train", "aachen_000000_000019", (INSTANCES % 256).astype(np.uint8), INSTANCES)
    return tmp_path


@small
def test_ids_that_the_evaluation_ignores_are_void(root):
    found = cityscapes.read(root)
    assert found.missing == ()
    assert [sample.name for sample in found.samples] == [
        "frankfurt_000000_000294",
        "frankfurt_000001_000294",
        "munster_000000_000019",
    ]
    loaded = pickle.loads(pickle.dumps(found.samples[0])).read()
    assert loaded.kind == "classes"
    np.testing.assert_array_equal(loaded.truths[0], ALL_IDS)
    assert set(ALL_IDS[~loaded.void].tolist()) == set(TRAIN_IDS)
    assert [found.classes[label] for label in (7, 18, 26, 33)] == ["road", "polegroup", "car", "bicycle"]


@small
def test_train_ids_are_computed_by_the_official_table(root):
    found = cityscapes.read(root, view="trainIds")
    loaded = found.samples[0].read()
    expected = np.array([[TRAIN_IDS.get(label, 255) for label in row] for row in ALL_IDS.tolist()])
    np.testing.assert_array_equal(loaded.truths[0], expected)
    np.testing.assert_array_equal(loaded.void, expected == 255)
    assert [found.classes[label] for label in (0, 13, 18)] == ["road", "car", "bicycle"]


@small
def test_a_file_of_train_ids_wins_over_the_table(root):
    path = root / "gtFine/val/munster/munster_000000_000019_gtFine_labelTrainIds.png"
    own = np.full(ALL_IDS.shape, 3, np.uint8)
    own[0, 0] = 255
    Image.fromarray(own).save(path)
    loaded = cityscapes.read(root, view="trainIds").samples[2].read()
    np.testing.assert_array_equal(loaded.truths[0], own)
    np.testing.assert_array_equal(loaded.void, own == 255)


@small
def test_objects_are_numbered_by_value_and_groups_are_void(root):
    loaded = cityscapes.read(root, split="train", view="instances").samples[0].read()
    assert loaded.kind == "instances"
    # 24000, 26000, 26001 in this order; the group 26, the caravan and the ids 4 and 0 are void; road and sky background
    np.testing.assert_array_equal(loaded.truths[0], [[3, 3, 2, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(loaded.void, [[0, 0, 0, 1], [1, 0, 0, 1], [0, 0, 0, 1]])
    assert loaded.categories == ({1: 24, 2: 26, 3: 26},)


@small
def test_what_is_missing_is_named(root):
    (root / "gtFine/val/frankfurt/frankfurt_000000_000294_gtFine_labelIds.png").unlink()
    shutil.rmtree(root / "leftImg8bit/val/munster")
    found = cityscapes.read(root)
    assert [sample.name for sample in found.samples] == ["frankfurt_000001_000294"]
    assert found.missing == (
        "gtFine/val/frankfurt/frankfurt_000000_000294_gtFine_labelIds.png, the truth of "
        "leftImg8bit/val/frankfurt/frankfurt_000000_000294_leftImg8bit.png, is not there",
        "the picture of gtFine/val/munster/munster_000000_000019_gtFine_labelIds.png is not there",
    )
    assert len(cityscapes.read(root, view="instances").missing) == 2  # of both cities' pictures that are left
    assert cityscapes.read(root, split="test").missing == (
        "the folder leftImg8bit/test is not there",
        "the folder gtFine/test is not there",
    )
    for half in ("leftImg8bit", "gtFine"):
        (root / half / "test").mkdir()
    assert "no folder of a city" in cityscapes.read(root, split="test").missing[0]


@small
def test_another_layout_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"leftImg8bit, gtFine in it\. It holds nothing"):
        cityscapes.read(tmp_path)


@small
def test_the_tree_passes_its_check_in_every_view(root):
    assert cityscapes.find_splits(root) == ("train", "val")
    for view in ("labelIds", "trainIds"):
        report = check_dataset("cityscapes", root, view=view)
        assert report.ok
        assert [(part.split, part.pictures) for part in report.parts] == [("train", 1), ("val", 3)]
        assert report.absent == ("test",)
    assert check_dataset("cityscapes", root, split="train", view="instances").ok
    data = open_dataset(f"cityscapes:{root}", split="train", view="instances")
    assert (data.name, data.kind) == ("cityscapes/train/instances", "instances")
