"""`classicseg methods`, `score` and `demo`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import classicseg

small = pytest.mark.small


@small
def test_methods_lists_all_with_their_presets(call):
    code, stdout, _ = call("methods")
    assert code == 0
    for name, method in classicseg.methods().items():
        assert name in stdout
        assert method.summary in stdout
    assert "otsu, multiotsu, binary, nuclei" in stdout


@small
def test_methods_name_lists_parameters(call, method):
    stdout = call("methods", method)[1]
    for name, declaration in classicseg.methods()[method].parameters.items():
        assert name in stdout
        assert declaration.unit in stdout
    assert "preset of threshold: rule='fixed', value=127" in call("methods", "binary")[1]
    record = json.loads(call("methods", method, "--json")[1])
    assert record[method]["parameters"]["min_size"]["low"] == 0
    assert set(json.loads(call("methods", "--json")[1])) == set(classicseg.methods())


@small
def test_score_prints_protocol_names(call, tmp_path):
    prediction = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.uint8)
    truth = np.array([[0, 255, 255, 255], [0, 255, 255, 255]], np.uint8)
    Image.fromarray(prediction).save(tmp_path / "p.png")
    Image.fromarray(truth).save(tmp_path / "t.png")
    code, stdout, _ = call("score", tmp_path / "p.png", tmp_path / "t.png", "--truth", "binary", "--json")
    assert code == 0
    found = json.loads(stdout)["pictures"]["p.png"]
    # by hand: foreground 4 of 6 pixels; background 2 of 4; covering (2 * 1/2 + 6 * 2/3) / 8
    assert found["iou.foreground"] == pytest.approx(4 / 6)
    assert found["iou.hungarian"] == pytest.approx((4 / 6 + 2 / 4) / 2)
    assert found["covering"] == pytest.approx((2 * 0.5 + 6 * 4 / 6) / 8)
    dark = call("score", tmp_path / "p.png", tmp_path / "t.png", "--truth", "binary", "--foreground", "dark", "--json")[
        1
    ]
    assert json.loads(dark)["pictures"]["p.png"]["iou.foreground"] == pytest.approx(2 / 8)
    table = call("score", tmp_path / "p.png", tmp_path / "t.png", "--truth", "binary")[1]
    assert "iou.foreground" in table
    assert "0.6667" in table


@small
def test_score_leaves_void_out(call, tmp_path):
    Image.fromarray(np.array([[1, 1, 2, 2]], np.uint8)).save(tmp_path / "p.png")
    Image.fromarray(np.array([[5, 255, 9, 9]], np.uint8)).save(tmp_path / "t.png")
    stdout = call("score", tmp_path / "p.png", tmp_path / "t.png", "--void", 255, "--json")[1]
    assert json.loads(stdout)["mean"]["iou.hungarian"] == {"value": 1.0, "scored": 1}


@small
def test_score_matches_what_run_wrote_to_a_folder_of_truths(call, pairs, tmp_path):
    call("run", "-m", "otsu", "-o", tmp_path / "out", pairs / "images")
    code, stdout, _ = call("score", tmp_path / "out", pairs / "masks", "--truth", "binary", "--json")
    assert code == 0
    found = json.loads(stdout)
    assert {name: row["iou.foreground"] for name, row in found["pictures"].items()} == {
        "p1": 1.0,
        "p2": 1.0,
        "p10": 0.5,
    }
    assert found["mean"]["iou.foreground"]["value"] == pytest.approx(2.5 / 3)


@small
@pytest.mark.parametrize("what", ["missing", "size", "folder", "lonely"])
def test_score_refuses_with_one_line(call, tmp_path, what):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a" / "x.png")
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "b" / "y.png")
    left, right, words = {
        "missing": (tmp_path / "a" / "x.png", tmp_path / "none.png", "none.png does not exist"),
        "size": (tmp_path / "a" / "x.png", tmp_path / "b" / "y.png", "(4, 5)"),
        "folder": (tmp_path / "a", tmp_path / "b" / "y.png", "one is a folder"),
        "lonely": (tmp_path / "a", tmp_path / "b", "have no truth"),
    }[what]
    code, stdout, stderr = call("score", left, right)
    assert (code, stdout) == (1, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1


def test_demo_writes_one_picture_of_all_methods(call, tmp_path, monkeypatch, small_picture):
    from classicseg.datasets import DataSet, made_scenes

    few = [sample for sample in made_scenes(size=64) if sample.name in ("shading-2", "touching-2")]
    monkeypatch.setattr("classicseg.datasets.made_scenes", lambda: DataSet("scenes", tuple(few)))
    Image.fromarray(small_picture).save(tmp_path / "img.png")
    code, stdout, stderr = call("demo", "-o", tmp_path, tmp_path / "img.png")
    assert (code, stderr) == (0, "")
    for name in classicseg.methods():
        assert name in stdout
    assert "mean" in stdout
    sight = np.asarray(Image.open(tmp_path / "classicseg_demo.png"))
    assert min(sight.shape[:2]) > 1000


@small
def test_demo_prints_scores_and_writes_all_beside_one_another(call, tmp_path, monkeypatch):
    from classicseg.datasets import DataSet, made_scenes
    from classicseg.registry import BUILT_IN

    few = [sample for sample in made_scenes(size=64) if sample.name in ("shading-2", "noise-1")]
    monkeypatch.setattr("classicseg.datasets.made_scenes", lambda: DataSet("scenes", tuple(few)))
    monkeypatch.setattr("classicseg.registry.BUILT_IN", {name: BUILT_IN[name] for name in ("threshold",)})
    Image.fromarray(np.eye(12, dtype=np.uint8) * 255).save(tmp_path / "img.png")
    code, stdout, stderr = call("demo", "-o", tmp_path, tmp_path / "img.png")
    assert (code, stderr) == (0, "")
    words = stdout.split()
    assert "threshold" in words
    scores = [float(words[words.index(row) + 1]) for row in ("noise-1", "shading-2", "mean")]
    assert 0 < scores[0] <= 1
    assert scores[2] == pytest.approx((scores[0] + scores[1]) / 2, abs=1e-4)
    sight = np.asarray(Image.open(tmp_path / "classicseg_demo.png"))
    assert min(sight.shape[:2]) > 600
    assert call("demo", "--no-scenes", "-o", tmp_path, tmp_path / "img.png")[1].startswith("all results side by side")


@small
def test_help_and_version(call):
    code, stdout, _ = call("--help")
    assert code == 0
    for command in ("run", "methods", "score", "bench", "demo"):
        assert command in stdout
        assert call(command, "--help")[0] == 0
    assert call("--version")[1].strip() == f"classicseg {classicseg.__version__}"


@small
def test_score_marks_oracles_and_takes_jpeg_truths_and_names_as_they_are(call, tmp_path):
    truth = np.zeros((16, 16), np.uint8)
    truth[:, 8:] = 255
    for folder in ("p", "t"):
        (tmp_path / folder / "deep").mkdir(parents=True)
    for name in ("deep/img_0_labels", "img_1_labels"):
        Image.fromarray(truth // 255).save(tmp_path / "p" / f"{name}.png")
        Image.fromarray(truth).save(tmp_path / "t" / f"{name}.jpg", quality=70)
    code, stdout, _ = call("score", tmp_path / "p", tmp_path / "t", "--truth", "binary", "--json")
    assert code == 0
    found = json.loads(stdout)
    assert set(found["pictures"]) == {"deep/img_0_labels", "img_1_labels"}
    assert found["mean"]["iou.foreground"]["value"] == 1.0
    assert found["oracles"] == ["iou.majority", "asa", "undersegmentation.bergh"]
    assert "iou.majority (oracle)" in call("score", tmp_path / "p", tmp_path / "t", "--truth", "binary")[1]
