"""Pascal VOC: palette truths, void, lists, objects and their categories."""

import pickle
import shutil

import numpy as np
import pytest
from PIL import Image
from skimage.measure import label as components

from classicseg.datasets import voc
from classicseg.datasets.check import check_dataset
from classicseg.datasets.open import open_dataset
from classicseg.errors import ImageError

small = pytest.mark.small


def write_palette(path, labels):
    """A palette PNG whose colours are far from its indices, as those of VOC are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(labels.astype(np.uint8), mode="P")
    picture.putpalette(np.random.default_rng(1).integers(0, 256, 768).astype(np.uint8).tobytes())
    picture.save(path)


def write_sample(root, name, classes, objects):
    (root / "JPEGImages").mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*classes.shape, 3), 60, np.uint8)).save(root / "JPEGImages" / f"{name}.jpg")
    write_palette(root / "SegmentationClass" / f"{name}.png", classes)
    write_palette(root / "SegmentationObject" / f"{name}.png", objects)


CLASSES = np.array([[0, 15, 15, 255, 15], [0, 15, 15, 255, 15], [0, 255, 255, 12, 12]])
OBJECTS = np.array([[0, 1, 1, 255, 2], [0, 1, 1, 255, 2], [0, 255, 255, 3, 3]])


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for name in ("2007_000032", "2007_000033", "2007_000039"):
        write_sample(root, name, CLASSES, OBJECTS)
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_000032\n")
    (lists / "val.txt").write_text("2007_000039\n2007_000033\n")
    (lists / "trainval.txt").write_text("2007_000032\n2007_000033\n2007_000039\n")
    return root


@small
def test_indices_are_classes_and_255_is_void(root):
    found = voc.read(root)
    assert found.missing == ()
    assert found.classes[12] == "dog"
    assert len(found.classes) == 21
    assert [sample.name for sample in found.samples] == ["2007_000039", "2007_000033"]  # in the order of the list
    loaded = pickle.loads(pickle.dumps(found.samples[0])).read()
    assert loaded.kind == "classes"
    np.testing.assert_array_equal(loaded.truths[0], CLASSES)
    np.testing.assert_array_equal(loaded.void, CLASSES == 255)


@small
def test_objects_have_the_category_of_the_class_map_and_no_object_is_called_255(root):
    loaded = voc.read(root, split="train", view="instances").samples[0].read()
    assert loaded.kind == "instances"
    np.testing.assert_array_equal(loaded.truths[0], np.where(OBJECTS == 255, 0, OBJECTS))
    np.testing.assert_array_equal(loaded.void, OBJECTS == 255)
    assert loaded.categories == ({1: 15, 2: 15, 3: 12},)


@small
def test_lists_are_the_splits_and_one_year_is_found_from_above(root):
    for above in (root, root.parent, root.parent.parent):
        assert voc.find_splits(above) == ("train", "trainval", "val")
        assert len(voc.read(above, split="trainval").samples) == 3
    data = open_dataset(f"voc:{root}", split="trainval", view="instances")
    assert (data.name, data.kind, data.classes[20]) == ("voc/trainval/instances", "instances", "tvmonitor")


@small
def test_a_list_of_ones_own_is_a_split(root):
    (root / "ImageSets" / "Segmentation" / "night.txt").write_text("2007_000033\n")
    assert len(open_dataset(f"voc:{root}", split="night")) == 1


@small
def test_of_two_years_one_has_to_be_named(root):
    shutil.copytree(root, root.with_name("VOC2007"))
    with pytest.raises(ImageError, match=r"several years: VOC2007, VOC2012\. Give the folder of one"):
        voc.read(root.parent)
    assert len(voc.read(root).samples) == 2


@small
def test_what_the_list_names_and_is_not_there_is_missing(root):
    (root / "JPEGImages" / "2007_000039.jpg").unlink()
    (root / "SegmentationClass" / "2007_000033.png").unlink()
    (root / "SegmentationObject" / "2007_000033.png").unlink()
    found = voc.read(root)
    assert found.samples == ()
    assert found.missing == (
        "JPEGImages/2007_000039.jpg, named by val.txt, is not there",
        "SegmentationClass/2007_000033.png, a truth named by val.txt, is not there",
    )
    assert len(voc.read(root, view="instances").missing) == 3
    assert voc.read(root, split="test").missing == ("the list ImageSets/Segmentation/test.txt is not there",)
    (root / "ImageSets" / "Segmentation" / "test.txt").write_text("")
    assert voc.read(root, split="test").missing == ("the list ImageSets/Segmentation/test.txt is empty",)


@small
def test_a_class_map_of_another_size_than_the_objects_disagrees_with_the_picture(root):
    write_palette(root / "SegmentationClass" / "2007_000032.png", CLASSES[:, :4])
    with pytest.raises(ImageError, match=r"2007_000032: the picture has 3 x 5 pixels .* truth 3 x 4"):
        voc.read(root, split="train", view="instances").samples[0].read()


def test_real_pictures_in_the_publishers_layout(data_root, tmp_path):
    flat = data_root / "voc_tiny"
    if not flat.is_dir():
        pytest.skip("CLASSICSEG_DATA has no voc_tiny")
    root, names = tmp_path / "VOC2012", sorted(path.stem for path in flat.glob("*.jpg"))
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    expected = {}
    for name in names:
        shutil.copy(flat / f"{name}.jpg", root / "JPEGImages")
        shutil.copy(flat / f"{name}.png", root / "SegmentationClass")
        with Image.open(flat / f"{name}.png") as picture:
            classes = np.asarray(picture)
        objects = components(np.where(classes == 255, 0, classes), connectivity=1)
        write_palette(root / "SegmentationObject" / f"{name}.png", np.where(classes == 255, 255, objects))
        expected[name] = classes, objects
    (root / "ImageSets" / "Segmentation" / "val.txt").write_text("\n".join(names))
    for view in ("classes", "instances"):
        report = check_dataset("voc", root, view=view)
        assert report.ok
        assert (report.parts[0].pictures, report.parts[0].remarks) == (4, ())
    for sample in open_dataset(f"voc:{root}"):
        loaded = sample.read()
        np.testing.assert_array_equal(loaded.truths[0], expected[sample.name][0])
        assert 0 < loaded.void.mean() < 0.2
    for sample in open_dataset(f"voc:{root}", view="instances"):
        loaded = sample.read()
        classes, objects = expected[sample.name]
        np.testing.assert_array_equal(loaded.truths[0], objects)
        for number, category in loaded.categories[0].items():
            assert np.unique(classes[objects == number]) == [category]


@small
def test_names_in_a_list_may_have_a_suffix(root):
    listed = root / "ImageSets" / "Segmentation" / "val.txt"
    plain = voc.read(root)
    listed.write_text("".join(f"{name}.jpg\n{name}\n" for name in listed.read_text().split()))
    found = voc.read(root)
    assert [sample.name for sample in found.samples] == [sample.name for sample in plain.samples] != []
    assert found.missing == plain.missing
