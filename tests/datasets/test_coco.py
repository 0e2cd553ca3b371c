"""COCO: run lengths, polygons, crowds, overlaps, pictures without annotations, panoptic files."""

import json
import pickle
import sys

import numpy as np
import pytest
from PIL import Image

from classicseg.datasets import coco, coco_masks
from classicseg.datasets.check import check_dataset
from classicseg.datasets.open import open_dataset
from classicseg.errors import DependencyError, ImageError

small = pytest.mark.small

SIZE = (6, 8)


def runs(mask):
    """Uncompressed run lengths of a mask, pixel by pixel down the columns."""
    counts, value = [0], 0
    for pixel in mask.T.ravel().tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def box(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[rows, columns] = True
    return mask


LARGE, SMALL, INNER = box(slice(0, 4), slice(0, 6)), box(slice(2, 5), slice(4, 7)), box(slice(1, 3), slice(1, 3))
CROWD = box(slice(3, 6), slice(0, 8))


def annotation(number, mask, category, picture=1, crowd=0, **more):
    return {
        "id": number,
        "image_id": picture,
        "category_id": category,
        "iscrowd": crowd,
        "segmentation": runs(mask),
        **more,
    }


@pytest.fixture
def content():
    """Three objects and a crowd on one picture, none on the other."""
    return {
        "images": [
            {"id": 1, "file_name": "a.jpg", "height": SIZE[0], "width": SIZE[1]},
            {"id": 2, "file_name": "b.jpg", "height": SIZE[0], "width": SIZE[1]},
        ],
        "annotations": [
            annotation(11, SMALL, 44),
            annotation(12, LARGE, 1),
            annotation(13, CROWD, 1, crowd=1),
            annotation(14, INNER, 90),
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 44, "name": "bottle"}, {"id": 90, "name": "toothbrush"}],
    }


@pytest.fixture
def write(tmp_path, content):
    """Writes the layout of COCO, with a list that may have been changed, and gives its root."""

    def make(content=content, split="val2017", pictures="val2017"):
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
        (tmp_path / pictures).mkdir(parents=True, exist_ok=True)
        for name in ("a", "b"):
            Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / pictures / f"{name}.jpg")
        return tmp_path

    return make


@small
def test_objects_are_numbered_in_the_order_of_the_file_and_smaller_ones_lie_on_top(write):
    found = coco.read(write())
    assert found.missing == ()
    assert dict(found.classes) == {1: "person", 44: "bottle", 90: "toothbrush"}
    loaded = pickle.loads(pickle.dumps(found.samples[0])).read()
    expected = np.zeros(SIZE, int)
    expected[LARGE] = 2
    expected[SMALL] = 1
    expected[INNER] = 3
    np.testing.assert_array_equal(loaded.truths[0], expected)
    assert loaded.truths[0].dtype == np.int32
    np.testing.assert_array_equal(loaded.void, CROWD & (expected == 0))
    assert loaded.categories == ({1: 44, 2: 1, 3: 90},)
    assert loaded.kind == "instances"


@small
def test_a_picture_without_annotations_is_all_background(write):
    root = write()
    for view, kind in (("instances", "instances"), ("semantic", "classes")):
        loaded = coco.read(root, view=view).samples[1].read()
        assert (loaded.name, loaded.kind, loaded.void) == ("b", kind, None)
        assert not loaded.truths[0].any()
    assert coco.read(root).samples[1].truth_loader().categories == ({},)


@small
def test_an_object_that_is_hidden_has_no_label(write, content):
    content["annotations"] = [annotation(11, INNER, 1), annotation(12, LARGE, 44), annotation(13, INNER, 90)]
    loaded = coco.read(write()).samples[0].read()
    expected = np.zeros(SIZE, int)
    expected[LARGE] = 1  # the first is hidden by the third, which is as large and comes later
    expected[INNER] = 2
    np.testing.assert_array_equal(loaded.truths[0], expected)
    assert loaded.categories == ({1: 44, 2: 90},)


@small
def test_the_semantic_view_gives_categories_and_background(write):
    found = coco.read(write(), view="semantic")
    assert found.classes[0] == "background"
    loaded = found.samples[0].read()
    expected = np.zeros(SIZE, int)
    expected[LARGE] = 1
    expected[SMALL] = 44
    expected[INNER] = 90
    np.testing.assert_array_equal(loaded.truths[0], expected)
    np.testing.assert_array_equal(loaded.void, CROWD & (expected == 0))


@small
def test_a_category_called_0_has_no_place_beside_the_background(write, content):
    content["categories"].append({"id": 0, "name": "plane"})
    content["annotations"][0]["category_id"] = 0
    root = write()
    assert coco.read(root).samples[0].read().categories[0][1] == 0
    with pytest.raises(ImageError, match=r"'plane' has the id 0.*Number the categories from 1"):
        coco.read(root, view="semantic")


@small
def test_pictures_may_lie_under_images_and_splits_have_any_name(write):
    root = write(split="night", pictures="images/night")
    assert coco.find_splits(root) == ("night",)
    data = open_dataset(f"coco:{root}", split="night")
    assert (data.name, len(data), data.kind) == ("coco/night", 2, "instances")


@small
def test_what_is_missing_is_named(write, content):
    content["images"].append({"id": 3, "file_name": "c.jpg", "height": 6, "width": 8})
    content["annotations"].append(annotation(15, SMALL, 1, picture=99))
    content["annotations"].append(annotation(16, SMALL, 1) | {"segmentation": []})
    found = coco.read(write())
    assert [sample.name for sample in found.samples] == ["a", "b"]
    assert found.missing == (
        "val2017/c.jpg, a picture that the list names, is not there",
        "annotations without a segmentation: 1 (the first is 16)",
        "annotations without a picture in the list: 1 (the first is 15)",
    )
    root = write()
    assert coco.read(root, split="train2017").missing == ("the list annotations/instances_train2017.json is not there",)
    content["images"] = content["annotations"] = []
    assert coco.read(write(content)).missing == ("the list annotations/instances_val2017.json names no picture",)
    write(content, split="odd")
    assert coco.read(root, split="odd").missing[0] == "the folder odd is not there"


@small
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "has no list 'images'"),
        ('{"images": {}}', "has no list 'images'"),
        ('{"images": [{"id": 1}]}', "damaged one: KeyError: 'file_name'"),
        ('{"images": [3]}', "damaged one: TypeError"),
    ],
)
def test_a_damaged_list_is_refused(write, text, words):
    root = write()
    (root / "annotations" / "instances_val2017.json").write_text(text)
    with pytest.raises(ImageError, match=rf"instances_val2017\.json .*{words}"):
        coco.read(root)


@small
@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"size": [6, 8], "counts": [1, 2, 3]}, "do not add up to 6 x 8"),
        ({"size": [6, 8], "counts": [50, -2]}, "do not add up"),
        ({"size": [8, 6], "counts": [48]}, r"size, \[6, 8\]"),
        ({"size": [6, 8]}, "do not add up"),
        ({"size": [6, 8], "counts": "~~~"}, "do not add up"),
        ("text", "polygons, or run lengths"),
    ],
)
def test_a_damaged_segmentation_is_refused_when_it_is_read(write, content, segmentation, words):
    content["annotations"][0]["segmentation"] = segmentation
    sample = coco.read(write()).samples[0]
    with pytest.raises(ImageError, match=rf"a: the segmentation of annotation 11 .*{words}"):
        sample.read()


@small
def test_without_pycocotools_polygons_name_the_extra(write, content, monkeypatch):
    content["annotations"][0]["segmentation"] = [[1, 1, 4, 1, 4, 4, 1, 4]]
    sample = coco.read(write()).samples[0]
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(DependencyError, match=r"filled by pycocotools.*pip install 'classicseg\[coco\]'"):
        sample.read()


@small
def test_a_sample_carries_the_annotations_of_its_picture_only(write, content):
    content["annotations"] += [annotation(100 + n, SMALL, 1, picture=2) for n in range(200)]
    first, second = coco.read(write()).samples
    assert len(pickle.dumps(first)) < 3000 < len(pickle.dumps(second))


@small
def test_compressed_run_lengths_worked_out_by_hand(write, content):
    # 40 of nothing, 3 of the object, 5 of nothing: 40 = 8 + 32 is "X" (8, and more follow: 48 + 8 + 32) and "1"; 3 is
    # "3" and 5 is "5", since the first three numbers are written as they are
    content["annotations"] = content["annotations"][:1]
    content["annotations"][0]["segmentation"] = {"size": list(SIZE), "counts": "X135"}
    (truth,) = coco.read(write()).samples[0].read().truths
    assert truth.T.ravel().tolist() == [0] * 40 + [1] * 3 + [0] * 5
    # the fourth and fifth as differences to those two places before: 4, 3, 20, 3 + 1, 20 - 3
    content["annotations"][0]["segmentation"]["counts"] = "43d01M"
    (truth,) = coco.read(write()).samples[0].read().truths
    assert truth.T.ravel().tolist() == [0] * 4 + [1] * 3 + [0] * 20 + [1] * 4 + [0] * 17


@small
def test_a_split_is_there_if_its_pictures_and_the_list_of_the_view_are(write, content):
    root = write()
    write(split="train2017")  # the list alone
    (root / "annotations" / "panoptic_val2017.json").write_text(json.dumps({"images": [], "annotations": []}))
    assert coco.find_splits(root) == ("val2017",)  # the archive brings both lists
    report = check_dataset("coco", root)
    assert report.ok
    assert report.absent == ("train2017",)
    assert coco.find_splits(root, view="panoptic") == ("val2017",)
    (root / "annotations" / "instances_val2017.json").unlink()
    assert coco.find_splits(root) == ("train2017",)  # none is whole: those with a list, so that the folder is named
    assert coco.read(root, split="train2017").missing == ("the folder train2017 is not there",)
    assert coco.find_splits(root, view="panoptic") == ("val2017",)


@small
def test_one_id_for_two_pictures_is_refused(write, content):
    content["images"][1]["id"] = 1
    with pytest.raises(ImageError, match=r"val2017 gives one id, 1, to the pictures a\.jpg and b\.jpg"):
        coco.read(write())


@small
def test_two_pictures_of_one_name_are_refused(write, content):
    root = write()
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(root / "val2017" / "a.png")
    content["images"][1]["file_name"] = "a.png"
    with pytest.raises(ImageError, match=r"two samples are called 'a': .*a\.jpg and .*a\.png"):
        coco.read(write())
    content["images"][1]["file_name"] = "a.jpg"
    with pytest.raises(ImageError, match=r"two samples are called 'a': .*a\.jpg and .*a\.jpg.*name each once"):
        check_dataset("coco", write())


@small
@pytest.mark.parametrize("file", ["../a.jpg", "/a.jpg", "C:\\a.jpg", "x/../../a.jpg", "C:/a.jpg"])
def test_a_list_does_not_lead_out_of_the_folder(write, content, file):
    content["images"][0]["file_name"] = file
    with pytest.raises(
        ImageError, match=r"the list of val2017 names the file .*paths below the folder of the data set"
    ):
        coco.read(write())


@small
def test_sizes_that_no_picture_has_are_refused(write, content):
    content["images"][0]["height"] = 0
    with pytest.raises(ImageError, match=r"gives the picture a\.jpg 0 x 8 pixels"):
        coco.read(write())
    content["images"][0]["height"] = 10**12
    report = check_dataset("coco", write())
    assert "a: " in report.parts[0].unreadable[0]
    assert report.parts[0].readable == 1


@small
def test_backslashes_part_folders_in_a_list(write, content):
    root = write()
    (root / "val2017" / "sub").mkdir()
    (root / "val2017" / "a.jpg").rename(root / "val2017" / "sub" / "a.jpg")
    content["images"][0]["file_name"] = "sub\\a.jpg"
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    assert [sample.name for sample in coco.read(root).samples] == ["sub/a", "b"]


@small
@pytest.mark.parametrize("number", [0, -1])
def test_the_semantic_view_has_no_category_below_1(write, content, number):
    content["annotations"][0]["category_id"] = number
    root = write()
    assert len(coco.read(root).samples) == 2
    with pytest.raises(ImageError, match=rf"the annotation 11 has the category {number}; in the view 'semantic'"):
        coco.read(root, view="semantic")
    content["categories"].append({"id": -1, "name": "plane"})
    with pytest.raises(ImageError, match=r"'plane' has the id -1, which lies below the background"):
        coco.read(write(), view="semantic")


@small
@pytest.mark.parametrize("size", [None, 3, "68", {}])
def test_run_lengths_of_no_size_are_refused(write, content, size):
    content["annotations"][0]["segmentation"] = {"size": size, "counts": "0o"}
    report = check_dataset("coco", write())
    (line,) = report.parts[0].unreadable
    assert "a: the segmentation of annotation 11 is to be polygons, or run lengths" in line


@small
def test_polygons_are_kept_as_arrays(write, content):
    content["annotations"][0]["segmentation"] = [[1, 2, 5, 2, 5, 5.5]]
    (load,) = [coco.read(write()).samples[0].truth_loader]
    (polygon,) = load.args[1][0].segmentation
    assert polygon.dtype == np.float64
    np.testing.assert_array_equal(polygon, [1, 2, 5, 2, 5, 5.5])


# ---- panoptic ----


@pytest.fixture
def panoptic(write, content):
    root = write()
    ids = np.zeros(SIZE, int)
    ids[LARGE], ids[SMALL], ids[INNER] = 70_000, 300, 9
    folder = root / "annotations" / "panoptic_val2017"
    folder.mkdir()
    Image.fromarray(np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=2).astype(np.uint8)).save(
        folder / "a.png"
    )
    segments = [
        {"id": 70_000, "category_id": 184, "iscrowd": 0},
        {"id": 300, "category_id": 1, "iscrowd": 1},
        {"id": 9, "category_id": 44, "iscrowd": 0},
    ]
    lists = {
        "images": content["images"][:1],
        "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": segments}],
        "categories": [{"id": 184, "name": "tree-merged", "isthing": 0}],
    }
    (root / "annotations" / "panoptic_val2017.json").write_text(json.dumps(lists))
    return root, ids, lists


@small
def test_panoptic_segments_are_numbered_in_the_order_of_the_list(panoptic):
    root, ids, _ = panoptic
    found = coco.read(root, view="panoptic")
    assert found.missing == ()
    assert found.classes[184] == "tree-merged"
    loaded = pickle.loads(pickle.dumps(found.samples[0])).read()
    np.testing.assert_array_equal(loaded.truths[0], np.where(ids == 70_000, 1, np.where(ids == 9, 2, 0)))
    np.testing.assert_array_equal(loaded.void, (ids == 0) | (ids == 300))  # no segment, and a crowd
    assert loaded.categories == ({1: 184, 2: 44},)
    assert check_dataset("coco", root, view="panoptic").ok


@small
def test_a_panoptic_file_and_its_list_have_to_agree(panoptic):
    root, _, lists = panoptic
    listed = root / "annotations" / "panoptic_val2017.json"
    del lists["annotations"][0]["segments_info"][2]
    listed.write_text(json.dumps(lists))
    with pytest.raises(ImageError, match=r"a\.png holds the segment 9, which the list does not describe"):
        coco.read(root, view="panoptic").samples[0].read()
    lists["annotations"][0]["file_name"] = "z.png"
    listed.write_text(json.dumps(lists))
    assert coco.read(root, view="panoptic").missing == (
        "annotations/panoptic_val2017/z.png, a truth that the list names, is not there",
    )
    lists["annotations"] *= 2
    listed.write_text(json.dumps(lists))
    with pytest.raises(ImageError, match=r"panoptic_val2017 has two annotations of the picture with the id 1"):
        coco.read(root, view="panoptic")
    lists["annotations"] = []
    listed.write_text(json.dumps(lists))
    assert coco.read(root, view="panoptic").missing == ("the list has no panoptic annotation of val2017/a.jpg",)


# ---- with pycocotools ----


@pytest.fixture
def mask_tools():
    return pytest.importorskip("pycocotools.mask", reason="pycocotools, the extra classicseg[coco], is not installed")


@small
def test_polygons_cover_what_they_enclose(write, content, mask_tools):
    box_of_3_by_4 = [1, 2, 5, 2, 5, 5, 1, 5]  # columns 1 to 4, rows 2 to 4
    content["annotations"] = content["annotations"][:1]
    content["annotations"][0]["segmentation"] = [box_of_3_by_4, [6, 0, 8, 0, 8, 1, 6, 1], [0, 0, 8, 6], [1, 1]]
    (truth,) = coco.read(write()).samples[0].read().truths
    expected = np.zeros(SIZE, int)
    expected[2:5, 1:5] = 1
    expected[0, 6:8] = 1  # both parts are one object; what has two corners or one encloses nothing
    np.testing.assert_array_equal(truth, expected)


@small
def test_compressed_run_lengths_are_those_that_pycocotools_packs(write, content, mask_tools):
    plain = coco.read(write()).samples[0].read()
    for each, mask in zip(content["annotations"], (SMALL, LARGE, CROWD, INNER), strict=True):
        packed = mask_tools.encode(np.asfortranarray(mask.astype(np.uint8)))
        each["segmentation"] = {"size": list(packed["size"]), "counts": packed["counts"].decode()}
    packed = coco.read(write()).samples[0].read()
    np.testing.assert_array_equal(plain.truths[0], packed.truths[0])
    np.testing.assert_array_equal(plain.void, packed.void)


@small
def test_run_lengths_of_random_masks_are_unpacked(mask_tools):
    rng = np.random.default_rng(9)
    for size in ((1, 1), (3, 5), (200, 300)):
        for share in (0.0, 0.002, 0.5, 1.0):  # long runs and short ones, growing and shrinking
            mask = rng.random(size) < share
            packed = mask_tools.encode(np.asfortranarray(mask.astype(np.uint8)))
            expected = runs(mask)
            segmentation = {"size": list(size), "counts": packed["counts"]}
            found = coco_masks.mask_of("a", coco_masks.Annotation("1", 1, False, segmentation), size)
            np.testing.assert_array_equal(found, mask)
            assert coco_masks.unpacked(packed["counts"]) == expected["counts"]


@small
@pytest.mark.parametrize(
    ("polygons", "words"),
    [
        ('[[1, 2, 3, 4, 5, "x"]]', "cannot be read as polygons"),
        ("[1, 1, 5, 1, 5, 5]", "cannot be read as polygons.* it holds '1'"),  # flat, as some tools write it
        ("[[1, 1, 5, 1, 5, 5], 3]", "it holds '3'"),
        ("[[[1, 1], [5, 1], [5, 5]]]", "cannot be read as polygons"),
        ("[[1, 1, 5, 1, 5, 5, 7]]", "a polygon of 7 numbers"),
        ("[[1, 1, 5, 1, NaN, 5]]", "a corner at nan.* between -80 and 80"),
        ("[[1, 1, 5, 1, Infinity, 5]]", "a corner at inf"),
        ("[[1, 1, 5, 1, -1e8, 5]]", r"a corner at -1e\+08"),
        ("[[1, 1, 5, 1, 1e400, 5]]", "a corner at inf"),
        ("[[1, 1, 5, 1, 1%s, 5]]" % ("0" * 400), "cannot be read as polygons"),
    ],
)
def test_a_polygon_that_cannot_be_filled_is_an_error_of_the_list(write, content, mask_tools, polygons, words):
    """Most of these would end the process, or leave a picture without its object."""
    content["annotations"][0]["segmentation"] = "HERE"
    root = write()
    listed = root / "annotations" / "instances_val2017.json"
    listed.write_text(listed.read_text().replace('"HERE"', polygons))
    with pytest.raises(ImageError, match=rf"a: the segmentation of annotation 11 .*{words}.*Mend the list"):
        coco.read(root).samples[0].read()


@small
def test_polygons_of_two_corners_are_remarked(write, content, mask_tools):
    content["annotations"][0]["segmentation"] = [[1, 2, 5, 2, 5, 5], [1, 1, 2, 2]]
    report = check_dataset("coco", write())
    assert report.ok
    (line,) = report.parts[0].remarks
    assert line == "annotations with polygons of fewer than three corners, which enclose nothing: 1 (the first is 11)"


def their_layers(listed, image, annotate):
    """For each pixel the annotation on top, by the masks of the other library: of objects the smallest, or the last."""
    top, area = np.zeros((image["height"], image["width"]), int), np.full((image["height"], image["width"]), np.inf)
    crowd = np.zeros(top.shape, bool)
    for number, each in enumerate([one for one in listed if one["image_id"] == image["id"]], start=1):
        mask = annotate(each) > 0
        if each["iscrowd"]:
            crowd |= mask
        else:
            above = mask & (mask.sum() <= area)
            top[above], area[above] = number, mask.sum()
    return top, crowd


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # within pycocotools
def test_the_real_part_agrees_with_the_masks_of_pycocotools(data_root, mask_tools, capsys):
    from pycocotools.coco import COCO

    listed = data_root / "coco128" / "annotations" / "instances_train2017.json"
    if not listed.is_file():
        pytest.skip("CLASSICSEG_DATA has no coco128")
    theirs = COCO(str(listed))
    content = json.loads(listed.read_text())
    samples = {sample.name: sample for sample in open_dataset(f"coco:{data_root / 'coco128'}", split="train2017")}
    for image in content["images"][::3]:
        loaded = samples[image["file_name"].removesuffix(".jpg")].read()
        top, crowd = their_layers(content["annotations"], image, theirs.annToMask)
        visible = np.unique(top[top > 0])
        np.testing.assert_array_equal(loaded.truths[0], np.where(top > 0, np.searchsorted(visible, top) + 1, 0))
        np.testing.assert_array_equal(np.zeros(top.shape) if loaded.void is None else loaded.void, crowd & (top == 0))


def test_the_real_part(data_root, mask_tools):
    root = data_root / "coco128"
    if not root.is_dir():
        pytest.skip("CLASSICSEG_DATA has no coco128")
    listed = json.loads((root / "annotations" / "instances_train2017.json").read_text())
    data = open_dataset(f"coco:{root}", split="train2017")
    assert (data.name, data.kind, len(data), len(data.classes)) == ("coco/train2017", "instances", 128, 80)
    bare = {image["file_name"] for image in listed["images"]} - {
        image["file_name"]
        for image in listed["images"]
        for each in listed["annotations"]
        if each["image_id"] == image["id"]
    }
    assert {f"{sample.name}.jpg" for sample in data} >= bare
    semantic = open_dataset(f"coco:{root}", split="train2017", view="semantic")
    for sample, objects in list(zip(semantic, data, strict=True))[::17]:
        classes, loaded = sample.read_truths()[0], objects.read()
        by_label = np.array([0, *loaded.categories[0].values()])
        np.testing.assert_array_equal(classes, by_label[loaded.truths[0]])


def test_every_real_picture_passes_the_check(data_root, mask_tools):
    if not (data_root / "coco128").is_dir():
        pytest.skip("CLASSICSEG_DATA has no coco128")
    report = check_dataset("coco", data_root / "coco128")
    assert report.ok
    assert (report.parts[0].pictures, report.absent) == (128, ("val2017",))


@pytest.mark.small
@pytest.mark.parametrize("file", ["../a.png", "/a.png", "x/../../a.png", 7])
def test_a_panoptic_list_does_not_lead_out_of_the_folder(write, content, file):
    root = write()
    (root / "annotations" / "panoptic_val2017").mkdir()
    listed = {"images": content["images"], "annotations": [{"image_id": 1, "file_name": file, "segments_info": []}]}
    (root / "annotations" / "panoptic_val2017.json").write_text(json.dumps(listed))
    with pytest.raises(ImageError, match=r"the list panoptic_val2017 names the file .*paths below the folder"):
        coco.read(root, view="panoptic")


def camera_picture(path, orientation):
    """Stored as SIZE, with a camera's orientation."""
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(np.arange(SIZE[0] * SIZE[1], dtype=np.uint8).reshape(SIZE)).save(path, exif=exif)


@pytest.mark.small
@pytest.mark.parametrize("view", ["instances", "semantic"])
def test_height_and_width_of_the_list_tell_whether_a_picture_is_turned(write, content, view):
    def opened(stored_as, size, **options):
        content["images"][1] |= {"height": size[0], "width": size[1]}
        root = write()
        for name in ("a.jpg", "b.jpg"):
            camera_picture(root / "val2017" / name, stored_as)
        return open_dataset(f"coco:{root}", view=view, **options).samples

    stored, upright = opened(6, SIZE[::-1])  # one was annotated as it is stored, the other upright
    loaded = stored.read()
    assert (loaded.image.array.shape[:2], loaded.image.orientation) == (SIZE, 1)
    loaded = pickle.loads(pickle.dumps(upright)).read()
    assert (loaded.image.array.shape[:2], loaded.image.orientation) == (SIZE[::-1], 6)
    for size in ((3, 3), SIZE[::-1]):  # no way fits; or only the turned one, which is not wanted
        with pytest.raises(ImageError, match=r"Give files of one size") as caught:
            opened(6, size, orientation="ignore")[1].read()
        assert ("turned by a quarter" in str(caught.value)) == (size == SIZE[::-1])
    assert opened(3, SIZE)[0].read().image.orientation == 3  # upside down: sizes tell nothing, and it is turned
