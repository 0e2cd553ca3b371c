"""COCO's JSON, read back by pycocotools itself: the same map, from run lengths and from polygons."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

import classicseg
from classicseg import ImageError, ParameterError
from classicseg.io import encode_coco, join_coco

# pycocotools knows no `copy` of newer NumPy.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

FORMS = ("rle", "polygons")
MAPS = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 3)).flatmap(
    lambda sizes: arrays(np.int32, sizes[:2], elements=st.integers(0, sizes[2]))
)


def opened(data):
    """A document as pycocotools holds it."""
    coco = COCO()
    coco.dataset = json.loads(data)
    coco.createIndex()
    return coco


def read_back(data, image_id=1):
    """The label map of a picture of a document, made by pycocotools alone; and its annotations."""
    coco = opened(data)
    picture = coco.loadImgs([image_id])[0]
    labels = np.zeros((picture["height"], picture["width"]), dtype=np.int64)
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[image_id]))
    for annotation in annotations:
        mask = coco.annToMask(annotation).astype(bool)
        assert not labels[mask].any()
        labels[mask] = annotation["label"]
        rows, columns = np.nonzero(mask)
        left, top, width, height = annotation["bbox"]
        assert (left, top, left + width, top + height) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert annotation["area"] == mask.sum() and annotation["iscrowd"] == 0
    return labels, annotations


@pytest.mark.small
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60)
@given(MAPS, st.sampled_from([(1, 1), (1, 1), (2, 3)]))
def test_pycocotools_reads_the_same_map_back(form, labels, scale):
    labels = labels.repeat(scale[0], axis=0).repeat(scale[1], axis=1)
    found, annotations = read_back(encode_coco(labels, file_name="a.png", segmentation=form))
    assert np.array_equal(found, labels)
    assert [each["label"] for each in annotations] == np.unique(labels[labels > 0]).tolist()


@pytest.mark.small
@settings(max_examples=40)
@given(MAPS)
def test_run_lengths_are_the_very_text_of_pycocotools(labels):
    for annotation in json.loads(encode_coco(labels, file_name="a.png"))["annotations"]:
        mask = np.asfortranarray(labels == annotation["label"], dtype=np.uint8)
        expected = coco_mask.encode(mask)
        assert annotation["segmentation"] == {"size": expected["size"], "counts": expected["counts"].decode()}
        assert np.array_equal(coco_mask.decode(annotation["segmentation"]), mask)


@pytest.mark.small
@settings(max_examples=40)
@given(MAPS)
def test_polygons_are_valid_and_only_touch(labels):
    for annotation in json.loads(encode_coco(labels, file_name="a.png", segmentation="polygons"))["annotations"]:
        polygons = [shapely.Polygon(np.reshape(each, (-1, 2))) for each in annotation["segmentation"]]
        assert all(polygon.is_valid and len(polygon.interiors) == 0 for polygon in polygons)
        assert sum(polygon.area for polygon in polygons) == annotation["area"]
        assert shapely.union_all(polygons).area == annotation["area"]
        for polygon in polygons:  # a point at each turn and nowhere else
            corners = np.array(polygon.exterior.coords[:-1])
            before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
            assert not np.any((before == corners) & (corners == after))


@pytest.mark.small
@pytest.mark.parametrize("form", FORMS)
def test_holes_islands_and_corners(form):
    labels = np.zeros((11, 13), dtype=np.int32)
    labels[1:10, 1:12] = 3
    labels[3:8, 3:10] = 0
    labels[5:7, 5:8] = 3  # an island of the same label in the hole, open to one side
    labels[6, 6] = 9
    labels[0, 0] = labels[10, 12] = 9  # touch label 3 at corners, and are one label with what lies within
    found, annotations = read_back(encode_coco(labels, file_name="a.png", segmentation=form))
    assert np.array_equal(found, labels)
    if form == "polygons":
        assert [len(each["segmentation"]) for each in annotations] == [2 + 1, 3]


@pytest.mark.parametrize("form", FORMS)
def test_maps_of_a_photograph_come_back(form, photograph):
    for method, parameters in (("meanshift", {}), ("otsu", {}), ("kmeans", {"n_clusters": 5})):
        labels = classicseg.segment(photograph, method, **parameters)
        assert np.array_equal(read_back(encode_coco(labels, file_name="a.png", segmentation=form))[0], labels)


@pytest.mark.small
@pytest.mark.parametrize("form", FORMS)
def test_what_is_masked_and_labels_far_apart(form):
    labels = np.array([[7, 7, 0], [2_000_000_000, 7, 7]], dtype=np.uint32)
    mask = np.array([[True, False, True], [True, True, True]])
    data = encode_coco(labels, file_name="a.png", segmentation=form, mask=mask)
    assert np.array_equal(read_back(data)[0], np.where(mask, labels, 0))
    # No pixel of label 0, so that the lowest of numbers far apart is a label's.
    assert np.array_equal(read_back(encode_coco(labels[1:], file_name="a.png", segmentation=form))[0], labels[1:])
    empty = json.loads(encode_coco(np.zeros((2, 3), dtype=int), file_name="a.png", segmentation=form))
    assert empty["annotations"] == []


@pytest.mark.small
def test_names_and_numbers_are_as_asked():
    labels = np.array([[1, 2, 3]])
    names = {1: "cell", 2: "wall", 3: "cell", 4: "none"}
    document = json.loads(
        encode_coco(labels, file_name="tür.png", image_id=np.int64(8), first_annotation_id=40, category=names)
    )
    assert document["images"] == [{"id": 8, "file_name": "tür.png", "height": 1, "width": 3}]
    assert [each["id"] for each in document["annotations"]] == [40, 41, 42]
    assert [each["category_id"] for each in document["annotations"]] == [1, 2, 1]
    assert {each["image_id"] for each in document["annotations"]} == {8}
    assert document["categories"] == [{"id": n, "name": name} for n, name in enumerate(("cell", "wall", "none"), 1)]
    assert json.loads(encode_coco(labels, file_name="a"))["categories"] == [{"id": 1, "name": "segment"}]


@pytest.mark.small
def test_a_name_that_is_no_text_is_kept_as_the_escape_that_stands_for_it():
    data = encode_coco(np.array([[1]]), file_name="\udcff.png")
    assert json.loads(data)["images"][0]["file_name"] == "\udcff.png"


@pytest.mark.small
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"segmentation": "bitmap"}, "'rle', 'polygons'"),
        ({"image_id": 0}, "image_id=0 is not allowed; it is an integer of at least 1"),
        ({"image_id": True}, "image_id=True"),
        ({"first_annotation_id": 1.0}, "first_annotation_id=1.0"),
        ({"category": {1: "cell"}}, "no name for label 2"),
    ],
)
def test_other_arguments_are_refused(arguments, words):
    with pytest.raises(ParameterError, match=words):
        encode_coco(np.array([[1, 2]]), file_name="a.png", **arguments)


@pytest.mark.small
def test_documents_are_joined_with_numbers_of_their_own():
    maps = [np.array([[1, 1, 2]]), np.array([[0], [0]]), np.array([[5, 1], [5, 5]])]
    one, other, third = (
        encode_coco(labels, file_name=f"{n}.png", segmentation=form, category=names)
        for n, (labels, form, names) in enumerate(
            zip(maps, ("rle", "rle", "polygons"), ("cell", "wall", {1: "wall", 5: "cell"}), strict=True)
        )
    )
    joined = join_coco([one, other.decode(), json.loads(third)])
    coco = opened(joined)
    assert [each["file_name"] for each in coco.dataset["images"]] == ["0.png", "1.png", "2.png"]
    assert [each["id"] for each in coco.dataset["images"]] == [1, 2, 3]
    assert [each["id"] for each in coco.dataset["annotations"]] == [1, 2, 3, 4]
    assert coco.dataset["categories"] == [{"id": 1, "name": "cell"}, {"id": 2, "name": "wall"}]
    assert [each["category_id"] for each in coco.dataset["annotations"]] == [1, 1, 2, 1]
    for image_id, labels in enumerate(maps, 1):
        assert np.array_equal(read_back(joined, image_id)[0], labels)
    assert join_coco([joined]) == joined
    assert json.loads(join_coco([])) == {"images": [], "annotations": [], "categories": []}


@pytest.mark.small
@pytest.mark.parametrize(
    "document", [b"\xff", b"{", b"[]", b'{"images": [], "annotations": []}', {"images": [1]}, 7, b"[" * 100_000]
)
def test_what_is_no_document_is_not_joined(document):
    good = encode_coco(np.array([[1]]), file_name="a.png")
    with pytest.raises(ImageError, match=r"document 2 .* is not COCO's JSON"):
        join_coco([good, document])


@pytest.mark.small
@pytest.mark.parametrize("field", ["image_id", "category_id"])
def test_annotations_of_what_is_not_there_are_not_joined(field):
    document = json.loads(encode_coco(np.array([[1]]), file_name="a.png"))
    document["annotations"][0][field] = 9
    with pytest.raises(ImageError, match=r"annotation 1 is of image .* Mend it"):
        join_coco([document])
