"""`classicseg tune`: from a data set with splits to a file of parameters, and on to its report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from classicseg.bench.tuning import SEARCHES, read_params
from classicseg_cli.tune import tune as command

small = pytest.mark.small


@pytest.fixture
def split_set(tmp_path):
    """A declared data set with the splits train and val: bright and mid squares on dark ground, two classes true."""
    lines = ['kind = "classes"', 'images = "{split}/{name}.png"', 'truth = "{split}/{name}_truth.png"']
    for split, names in (("train", ("t1", "t2", "t3")), ("val", ("v1", "v2"))):
        (tmp_path / split).mkdir()
        for shift, name in enumerate(names):
            image = np.full((16, 16), 20, np.uint8)
            image[2 : 8 + shift, 2:8] = 230
            image[10:14, 9:15] = 120 + len(split)
            Image.fromarray(image).save(tmp_path / split / f"{name}.png")
            Image.fromarray((image > 20).astype(np.uint8)).save(tmp_path / split / f"{name}_truth.png")
    declaration = tmp_path / "set.toml"
    declaration.write_text("\n".join([*lines, "[splits]", 'train = "train"', 'val = "val"', ""]))
    return declaration


@pytest.fixture
def tune(call, split_set, tmp_path):
    def run(*options, method="kmeans"):
        return call(
            "tune", split_set, "--split", "train", "--method", method, "-o", tmp_path / "tuned.toml",
            "--results", tmp_path / "results", "--workers", 1, *options,
        )  # fmt: skip

    return run


def test_the_table_tells_what_was_gained(tune, tmp_path):
    code, stdout, stderr = tune("--search", "grid", "--space", "n_clusters=2,3", "--space", "space=lab",
                                "--space", "kmeans.spatial_weight=0", "--space", "min_size=0")  # fmt: skip
    assert code == 0, stderr
    assert "set/train: 3 pictures, grid search, budget 40" in stdout
    assert "default iou.hungarian (mean)" in stdout
    row = next(line.split() for line in stdout.splitlines() if line.split()[:1] == ["kmeans"])
    assert float(row[1]) < float(row[2]) == 1.0  # two classes are true, and the default makes three
    assert row[3:5] == ["2", "0"]
    assert f"parameters -> {tmp_path / 'tuned.toml'}" in " ".join(stderr.split())
    (entry,) = read_params(tmp_path / "tuned.toml")
    assert entry.sources[0].segmenter.n_clusters == 2
    assert set(entry.tuned["pictures"]) == {"t1", "t2", "t3"}


def test_the_same_command_gives_the_same_file(tune, tmp_path):
    options = ("--budget", 4, "--pictures", 2, "--seed", 5, "--metric", "covering")
    assert tune(*options)[0] == 0
    first = (tmp_path / "tuned.toml").read_bytes()
    code, stdout, _ = tune(*options, "--json")
    assert code == 0
    assert (tmp_path / "tuned.toml").read_bytes() == first  # the seconds too: they were kept
    told = json.loads(stdout)
    assert told["tuned"]["seed"] == 5
    assert len(told["tuned"]["pictures"]) == 2
    assert told["methods"][0]["tried"] == 4
    assert told["methods"][0]["parameters"] == read_params(tmp_path / "tuned.toml")[0].sources[0].segmenter.get_params()


@small
def test_pictures_that_cannot_be_read_are_left_out_and_said(tune, tmp_path):
    (tmp_path / "train" / "t2.png").write_bytes(b"no picture")
    code, stdout, stderr = tune("--budget", 2)
    assert code == 3
    assert "t2: left out" in stderr
    assert "2 pictures" in stdout
    for name in ("t1", "t3"):
        (tmp_path / "train" / f"{name}.png").write_bytes(b"no picture")
    code, _, stderr = tune("--budget", 2)
    assert code == 1
    assert "no picture of set/train can be read" in stderr


@small
def test_a_method_that_fails_everywhere(tune, tmp_path, monkeypatch):
    from classicseg import ImageError, KMeans

    def fail(*_):
        raise ImageError("too small")

    monkeypatch.setattr(KMeans, "_segment", fail)
    code, _, stderr = tune("--budget", 2)
    assert code == 1
    assert "kmeans: nothing could be chosen: too small" in stderr
    assert stderr.count("too small") == 2  # and once where it happened first
    assert not (tmp_path / "tuned.toml").exists()
    code, _, _ = tune("--budget", 2, "--method", "otsu")
    assert code == 3
    assert [entry.name for entry in read_params(tmp_path / "tuned.toml")] == ["otsu"]


@small
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "watershed", "--space", "height=1,2"), "say METHOD.NAME=V1,V2,..."),
        (("--space", "otsu.value=1,2"), "with a method of this run (kmeans)"),
        (("--space", "n_clusters"), "is not NAME=VALUE"),
        (("--space", "n_clusters=9..2"), "cannot be searched from 9.0 to 2.0"),
        (("--search", "best"), "'best' is not one of"),
        (("--budget", "0"), "0 is not in the range"),
        (("--averaging", "pooled", "--metric", "nmi.arithmetic"), "cannot be pooled"),
        (("--split", "test"), "test"),
    ],
)
def test_wrong_use(tune, tmp_path, options, words):
    code, stdout, stderr = tune(*options)
    assert code == 2
    assert words in " ".join(stderr.split())
    assert stdout == ""
    assert not (tmp_path / "tuned.toml").exists()


@small
def test_every_search_can_be_asked_for():
    (option,) = (each for each in command.params if each.name == "search")
    assert tuple(option.type.choices) == tuple(SEARCHES)


def test_methods_shows_what_is_searched(call):
    table = call("methods", "watershed")[1]
    assert "searched" in table
    assert "0.2 to 6 (markers=0)" in table
    told = json.loads(call("methods", "threshold", "--json")[1])["threshold"]["parameters"]
    assert told["value"]["search"] == {"low": 10, "high": 245, "values": [], "when": ["rule", ["fixed"]], "scores": ""}
    assert told["band"]["search"] is None
