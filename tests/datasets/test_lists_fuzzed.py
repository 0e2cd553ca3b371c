"""Lists and declarations that the fuzzer found to break something: nesting and numbers beyond measure."""

import json

import numpy as np
import pytest
from PIL import Image

from classicseg.bench.suites import read_suite
from classicseg.bench.tuning import params_file
from classicseg.datasets import coco
from classicseg.datasets.declared.declaration import parse_declaration
from classicseg.errors import ImageError, ParameterError

pytestmark = pytest.mark.small

DEEP = b"[" * 100_000


@pytest.fixture
def root(tmp_path):
    """A folder in COCO's layout with one picture, and no list yet."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "val2017").mkdir()
    Image.fromarray(np.zeros((5, 7), np.uint8)).save(tmp_path / "val2017" / "a.png")
    return tmp_path


def content(**changes):
    image = {"id": 1, "file_name": "a.png", "height": 5, "width": 7} | changes.get("image", {})
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [[1, 1, 4, 1, 4, 3]]}
    category = {"id": 1, "name": "cat"} | changes.get("category", {})
    return {"images": [image], "annotations": [annotation | changes.get("annotation", {})], "categories": [category]}


@pytest.mark.parametrize("view", ["instances", "semantic"])
@pytest.mark.parametrize(
    "changes",
    [
        {"image": {"height": float("inf")}},
        {"category": {"id": float("inf")}},
        {"annotation": {"category_id": float("inf")}},
        {"annotation": {"category_id": 2**31}},
    ],
)
def test_numbers_beyond_measure(root, changes, view):
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(content(**changes)))
    with pytest.raises(ImageError, match=r"or a damaged one: OverflowError|up to 2147483647 \(int32\) is allowed"):
        coco.read(root, view=view)


def test_a_list_of_lists_without_an_end(root):
    (root / "annotations" / "instances_val2017.json").write_bytes(b'{"images": ' + DEEP)
    with pytest.raises(ImageError, match="cannot be read as JSON"):
        coco.read(root)


def test_toml_of_lists_without_an_end(tmp_path):
    with pytest.raises(ParameterError, match="is no TOML file"):
        parse_declaration(b"a = " + DEEP)
    path = tmp_path / "deep.toml"
    path.write_bytes(b"a = " + DEEP)
    with pytest.raises(ParameterError, match="is no TOML file"):
        read_suite(path)
    with pytest.raises(ImageError, match="is no TOML"):
        params_file._parsed(path)
