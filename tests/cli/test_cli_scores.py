"""`classicseg scores`; and averaging, chosen metrics and sweeps of `score` and `bench`."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from classicseg.metrics import score, scores

pytestmark = pytest.mark.small

LARGE = np.kron([[1, 2], [3, 4]], np.ones((8, 8), dtype=int)).astype(np.uint8)
HALVES = np.kron([[5, 9]], np.ones((16, 8), dtype=int)).astype(np.uint8)


@pytest.fixture
def maps(tmp_path):
    """Two predictions and truths: one perfect, of 16 pixels, and one whose truth has two of its four segments."""
    for folder in ("found", "true"):
        (tmp_path / folder).mkdir()
    for name, found, true in (("a", LARGE[:4, :4], LARGE[:4, :4]), ("b", LARGE, HALVES)):
        Image.fromarray(found).save(tmp_path / "found" / f"{name}.png")
        Image.fromarray(true).save(tmp_path / "true" / f"{name}.png")
    return tmp_path / "found", tmp_path / "true"


@pytest.fixture
def split_set(tmp_path):
    """A declared data set with the splits train and val: bright and mid squares on dark ground, two classes true."""
    lines = ['kind = "classes"', 'images = "{split}/{name}.png"', 'truth = "{split}/{name}_truth.png"']
    for split, names in (("train", ("t1", "t2")), ("val", ("v1", "v2", "v3"))):
        (tmp_path / split).mkdir()
        for shift, name in enumerate(names):
            image = np.full((16, 16), 20 if split == "val" else 25, np.uint8)
            image[2 : 8 + shift, 2:8] = 230
            image[10:14, 9:15] = 120
            Image.fromarray(image).save(tmp_path / split / f"{name}.png")
            truth = image > (200 if name == "v1" else 25)
            Image.fromarray(truth.astype(np.uint8)).save(tmp_path / split / f"{name}_truth.png")
    declaration = tmp_path / "set.toml"
    declaration.write_text("\n".join([*lines, "[splits]", 'train = "train"', 'val = "val"', ""]))
    return declaration


def test_scores_lists_every_score_with_range_and_paper(call):
    code, stdout, stderr = call("scores")
    assert (code, stderr) == (0, "")
    assert all(name in stdout for name in scores())
    listed = json.loads(call("scores", "--json")[1])
    assert list(listed) == list(scores())
    assert listed["vi"] | {"help": "", "paper": ""} == {
        "range": [0.0, None],
        "best": "lower",
        "kinds": ["binary", "classes", "instances"],
        "help": "",
        "paper": "",
        "oracle": False,
        "pools": False,
        "costly": False,
    }


def test_score_takes_the_metrics_that_are_asked_for(call, maps):
    code, stdout, _ = call("score", *maps, "--metric", "covering", "--metric", "boundary.f", "--json")
    found = json.loads(stdout)
    assert code == 0
    assert list(found["mean"]) == ["covering", "boundary.f"]
    expected = [score(LARGE, HALVES, name) for name in ("covering", "boundary.f")]
    assert list(found["pictures"]["b"].values()) == pytest.approx(expected)
    table = call("score", *maps, "--metric", "covering")[1]
    assert "mean of 2" in table and "0.7500" in table  # (1 + 1/2) / 2
    everything = call("score", *maps)[1]
    assert "2 pictures" in everything and "vi.split" in everything and "boundary.f" not in everything


def test_score_tells_of_truths_without_prediction_and_of_files_that_fail(call, maps):
    Image.fromarray(HALVES).save(maps[1] / "c.png")
    (maps[0] / "a.png").write_bytes(b"nothing")
    code, stdout, stderr = call("score", *maps, "--metric", "covering", "--json")
    assert code == 3
    assert "1 truths have no prediction and are not in the scores: c" in stderr
    found = json.loads(stdout)
    assert list(found["failed"]) == ["a"] and list(found["pictures"]) == ["b"]
    assert (found["truth"], found["averaging"], found["void"], found["missing"]) == ("classes", "mean", None, ["c"])


def test_score_pools_what_can_be_pooled(call, maps):
    found = json.loads(call("score", *maps, "--averaging", "pooled", "--json")[1])
    assert found["pooled"]["covering"]["value"] == pytest.approx((16 + 256 / 2) / (16 + 256))
    assert "vi" not in found["pooled"]
    code, _, stderr = call("score", *maps, "--averaging", "pooled", "--metric", "vi")
    assert code == 2
    assert "vi cannot be pooled over pictures. Take averaging='mean'." in stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--metric", "coverin"], "Did you mean 'covering'"),
        (["--metric", "instance.dsb2018"], "does not apply to a truth of kind='classes'"),
        (["--metric", "instance.ap", "--truth", "instances"], "Take 'instance.ap.area'"),
        (["--averaging", "median"], "'median' is not one of"),
    ],
)
def test_score_refuses_with_one_line(call, maps, arguments, words):
    code, stdout, stderr = call("score", *maps, *arguments)
    assert (code, stdout) == (2, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1


def test_bench_pools(call, split_set):
    arguments = ["bench", split_set, "--split", "val", "-m", "otsu", "--metric", "iou.classes", "--json"]
    mean, pooled = (json.loads(call(*arguments, "--averaging", each)[1])[0] for each in ("mean", "pooled"))
    assert (mean["averaging"], pooled["averaging"]) == ("mean", "pooled")
    assert mean["value"] != pooled["value"]


def test_a_sweep_prints_a_row_for_each_way_of_choosing(call, split_set):
    sweep = ["bench", split_set, "--split", "val", "-m", "kmeans", "--metric", "covering", "--sweep", "n_clusters=2,3"]
    code, stdout, _ = call(*sweep, "--train", "train", "--csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(stdout)))
    assert [(row["chosen"], row["oracle"], row["family"]) for row in rows] == [
        ("train", "False", "2"),
        ("ODS", "True", "2"),
        ("OIS", "True", "2"),
        ("best", "True", "2"),
    ]
    assert json.loads(rows[0]["parameters"])["n_clusters"] in (2, 3)
    assert {row["dataset"] for row in rows} == {"set/val"}
    table = call(*sweep)[1]
    assert "ODS, of 2, oracle: n_clusters=" in table and "train" not in table


def test_bench_tells_where_objects_would_be_one(call):
    arguments = ["bench", "scenes", "--truth", "instances", "-m", "otsu", "--metric", "instance.f1@0.7", "--json", "-q"]
    code, stdout, stderr = call(*arguments)
    assert code == 0
    assert "otsu: makes classes, so that all objects of a class are one" in stderr
    apart = call(*arguments, "--set", "otsu.connected=true", "--set", "otsu.split_touching=1")
    assert apart[2] == ""
    assert json.loads(apart[1])[0]["value"] > json.loads(stdout)[0]["value"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["-m", "kmeans", "-m", "otsu", "--sweep", "n_clusters=2,3"],
            "say METHOD.NAME=V1,V2,..., with a method of this run (kmeans, otsu)",
        ),
        (["-m", "kmeans", "--sweep", "n_clusters=2,x"], "n_clusters='x' is not allowed"),
        (["-m", "kmeans", "--sweep", "n_cluster=2,3"], "Did you mean 'n_clusters'"),
        (["-m", "kmeans", "--set", "kmeans.n_clusters=4", "--sweep", "n_clusters=2,3"], "both set n_clusters"),
        (["-m", "kmeans", "--train", "train"], "--train belongs to --sweep"),
        (["-m", "kmeans", "--sweep", "n_clusters=2,3", "--train", "val"], "is what is reported"),
        (["-m", "kmeans", "--metric", "vi", "--averaging", "pooled"], "vi cannot be pooled"),
        (["-m", "kmeans", "--metric", "iou.foreground"], "does not apply to a truth of kind='classes'"),
    ],
)
def test_bench_refuses_with_one_line(call, split_set, arguments, words):
    code, stdout, stderr = call("bench", split_set, "--split", "val", *arguments)
    assert (code, stdout) == (2, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1
