"""Lists and declarations that the fuzzer found to break something: nesting and numbers beyond measure."""

import json

import numpy as np
import pytest
from PIL import Image

from classicseg.bench.suites import read_suite
from classicseg.bench.tuning import params_file
from classicseg.datasets import coco
from classicseg.datasets.declared.declaration import parse_declaration
from classicseg.datasets.open import open_dataset
from classicseg.errors import ImageError, MemoryLimitError, ParameterError

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


def test_a_picture_larger_than_a_float_tells(root):
    """Its bytes are a whole number of Python's, which no float holds."""
    changes = {"image": {"height": 1e308, "width": 2**63}}
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(content(**changes)))
    (found,) = coco.read(root).samples
    with pytest.raises((ImageError, MemoryLimitError)) as caught:
        found.read()
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('images = "imag{a-s\\nme}.png"\ntruth = "t/{name}.png"', "has the placeholder {a-s me}"),
        (f'images = "i/{{name}}.png"\ntruth = "t/{{name}}.png"\nstart = {["deep" * 9, "{"] * 99}', r"start = \['deep"),
    ],
)
def test_what_is_wrong_with_a_declaration_is_a_short_line(lines, words):
    with pytest.raises(ParameterError, match=words) as caught:
        parse_declaration(f'kind = "binary"\n{lines}\n'.encode())
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("long", ["start", "truth"])
def test_names_longer_than_any_file_has_are_not_there(root, long):
    folders = {"start": ".", "truth": "t"} | {long: "n" * 300}
    declaration = (
        f'kind = "binary"\nimages = "val2017/{{name}}.png"\ntruth = "{folders["truth"]}/{{name}}.png"\n'
        f"start = {[folders['start']] * 20}\n"
    )
    (root / "d.toml").write_text(declaration)
    with pytest.raises(ImageError) as caught:
        list(open_dataset(f"{root / 'd.toml'}:{root}"))
    assert len(str(caught.value)) < 1500
