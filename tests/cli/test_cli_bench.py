"""`classicseg bench`: what is run, what is printed, what is left in the folder of results."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import classicseg

small = pytest.mark.small


@small
def test_bench_prints_the_mean_under_its_protocol(call, pairs):
    arguments = ["bench", pairs, "--truth", "binary", "--method", "otsu", "--metric", "iou.foreground"]
    code, stdout, _ = call(*arguments, "--foreground", "bright", "--json")
    assert code == 0
    (row,) = json.loads(stdout)
    assert row["value"] == pytest.approx(2.5 / 3)
    assert (row["metric"], row["averaging"], row["pictures"], row["scored"]) == ("iou.foreground", "mean", 3, 3)
    assert (row["chosen"], row["oracle"], row["parameters"]["rule"]) == ("fixed", False, "otsu")
    table = call(*arguments)[1]
    assert "iou.foreground (mean)" in table
    assert "0.8333" in table
    folders = ["bench", "--images", pairs / "images", "--masks", pairs / "masks", "--truth", "binary"]
    rows = list(csv.DictReader(io.StringIO(call(*folders, "-m", "otsu", "-m", "binary", "--csv")[1])))
    assert [row["entry"] for row in rows] == ["otsu", "binary"]
    assert json.loads(rows[1]["parameters"])["value"] == 127


@small
def test_bench_takes_parameters_and_marks_oracles(call, pairs):
    code, stdout, _ = call(
        "bench", pairs, "--truth", "binary", "-m", "kmeans", "--set", "kmeans.n_clusters=2", "--metric", "iou.majority",
        "--json",
    )  # fmt: skip
    assert code == 0
    (row,) = json.loads(stdout)
    assert row["oracle"] is True
    assert row["parameters"]["n_clusters"] == 2


@small
def test_bench_goes_on_after_a_picture_that_fails(call, pairs):
    (pairs / "images" / "p2.png").write_bytes(b"nothing")
    code, stdout, stderr = call("bench", pairs, "--truth", "binary", "-m", "otsu", "--json")
    assert code == 3
    (row,) = json.loads(stdout)
    assert (row["pictures"], row["scored"], row["failed"]) == (3, 2, 1)
    assert "p2" in stderr
    sweep = ("-m", "kmeans", "--sweep", "min_size=0,2,4", "--no-overlays")
    assert call("bench", pairs, "--truth", "binary", *sweep)[2].count("kmeans: ") == 1


@small
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "Give either a DATASET"),
        (["SET"], 2, "kind of the truths"),
        (["SET", "--truth", "binary", "--metric", "iou.nonsense"], 2, "iou.nonsense"),
        (["SET", "--truth", "binary", "-m", "otsu", "--set", "kmeans.n_clusters=2"], 2, "METHOD.NAME=VALUE"),
        (["nowhere", "--truth", "binary"], 1, "nowhere"),
        (["--images", "SET"], 2, "both --images and --masks"),
        (["SET", "--suite", "bsds500", "--metric", "vi"], 2, "[DATASET]..., --metric cannot stand beside it"),
        (["--suite", "bsds500", "--data", "SET", "-m", "otsu"], 2, "no method 'otsu'"),
        (["SET", "--truth", "binary", "-m", "otsu", "--allow-tuned-on-reported"], 2, "belongs to --params"),
        (["SET", "--truth", "binary", "--params", "t.toml", "--set", "kmeans.n_clusters=2"], 2, "bring their own"),
        (["SET", "--truth", "binary", "-m", "kmeans", *2 * ["--sweep", "n_clusters=2,3"]], 2, "is given twice"),
    ],
)
def test_bench_refuses_with_one_line(call, pairs, arguments, code, words):
    found, stdout, stderr = call("bench", *(str(pairs) if word == "SET" else word for word in arguments))
    assert (found, stdout) == (code, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1


@small
@pytest.mark.parametrize("word", ["²", "--5", "brightest"])
def test_a_foreground_that_is_no_label_is_refused(call, pairs, word):
    code, _, stderr = call("bench", pairs, "--truth", "binary", "-m", "otsu", f"--foreground={word}")
    assert code == 2
    assert "nor the number of a label" in stderr


@small
def test_bench_says_what_was_scored_against_what(call, pairs):
    arguments = ["bench", pairs, "--truth", "binary", "-m", "otsu", "--foreground", "bright", "--json"]
    (row,) = json.loads(call(*arguments, "--metric", "iou.foreground")[1])
    assert (row["dataset"], row["truth"], row["foreground"]) == ("set", "binary", "bright")
    assert row["version"] == classicseg.__version__
    (row,) = json.loads(call(*arguments, "--metric", "covering")[1])
    assert row["foreground"] == ""


@small
def test_results_are_left_in_a_folder_and_go_on_from_there(call, pairs, monkeypatch):
    arguments = ["bench", pairs, "--truth", "binary", "-m", "otsu", "--metric", "covering"]
    code, first, stderr = call(*arguments, "--json", "--workers", 1)
    assert code == 0
    assert "tables -> results" in stderr
    scores = (Path("results") / "scores.csv").read_bytes()
    manifest = json.loads((Path("results") / "manifest.json").read_text())
    assert [each["name"] for each in manifest["entries"]] == ["otsu"]
    assert manifest["datasets"][0]["pictures"] == 3
    assert len(manifest["datasets"][0]["fingerprint"]) == 64
    monkeypatch.setattr(classicseg.base.Segmenter, "run", None)  # everything is kept, the seconds too
    again, before = json.loads(call(*arguments, "--json")[1]), json.loads(first)
    assert [row | {"seconds": 0} for row in again] == [row | {"seconds": 0} for row in before]
    assert (Path("results") / "scores.csv").read_bytes() == scores


@small
def test_a_family_gives_the_train_row_first_and_marks_oracles(call, tmp_path, pairs):
    arguments = ["bench", pairs, "--truth", "binary", "-m", "kmeans", "--sweep", "n_clusters=2,3", "--no-overlays"]
    rows = json.loads(call(*arguments, "--metric", "covering", "--json")[1])
    assert [(row["chosen"], row["family"], row["oracle"]) for row in rows] == [
        ("ODS", 2, True), ("OIS", 2, True), ("best", 2, True),
    ]  # fmt: skip
    table = call(*arguments, "--metric", "covering")[1]
    assert "ODS, of 2, oracle" in table
    grid = [*arguments, "--sweep", "kmeans.space=lab,rgb", "--json"]
    assert [(row["chosen"], row["family"]) for row in json.loads(call(*grid)[1])] == [("ODS", 4), ("OIS", 4)]


@small
def test_predictions_stand_beside_methods(call, pairs, tmp_path):
    code, stdout, _ = call(
        "bench", pairs, "--truth", "binary", "--predictions", f"unet={pairs / 'masks'}", "-m", "otsu",
        "--metric", "iou.foreground", "--metric", "covering", "--json",
    )  # fmt: skip
    assert code == 0
    rows = {(row["entry"], row["metric"]): row for row in json.loads(stdout)}
    assert rows["unet", "iou.foreground"]["value"] == rows["unet", "covering"]["value"] == 1
    assert rows["unet", "covering"]["method"] == "predictions"
    assert rows["otsu", "iou.foreground"]["value"] == pytest.approx(2.5 / 3)
    assert rows["unet", "covering"]["rank"] < rows["otsu", "covering"]["rank"]


@small
def test_tuned_parameters_are_taken_and_refused_on_the_same_pictures(call, pairs, tmp_path):
    tuning = ["tune", pairs, "--truth", "binary", "-m", "kmeans", "--metric", "covering", "--budget", 3]
    assert call(*tuning, "-o", tmp_path / "tuned.toml", "--workers", 1, "-q")[0] == 0
    arguments = ["bench", pairs, "--truth", "binary", "--params", tmp_path / "tuned.toml", "--metric", "covering"]
    code, stdout, stderr = call(*arguments)
    assert (code, stdout) == (2, "")
    assert "--allow-tuned-on-reported" in stderr
    (row,) = json.loads(call(*arguments, "--allow-tuned-on-reported", "--json")[1])
    assert (row["chosen"], row["family"], row["oracle"]) == ("train", 3, True)
    assert "tuned on" in row["remark"]


@small
def test_several_data_sets_each_have_a_table(call, pairs, tmp_path):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(pairs, other)
    (other / "images" / "p2.png").unlink()
    (other / "masks" / "p2.png").unlink()
    rows = json.loads(call("bench", pairs, other, "--truth", "binary", "-m", "otsu", "--json")[1])
    assert [(row["dataset"], row["pictures"]) for row in rows] == [("set", 3), ("other", 2)]
    predicted = ("--predictions", f"unet={pairs / 'masks'}")
    code, stdout, stderr = call("bench", pairs, other, "--truth", "binary", *predicted)
    assert (code, stdout) == (1, "")
    assert "would be taken for" in stderr  # the pictures have equal names


@small
def test_each_score_may_be_averaged_in_its_own_way(call, pairs):
    arguments = ["bench", pairs, "--truth", "binary", "-m", "otsu", "--averaging", "pooled", "--json"]
    scores = ("--metric", "covering", "--metric", "covering:mean", "--metric", "vi:mean")
    rows = json.loads(call(*arguments, *scores)[1])
    assert [(row["metric"], row["averaging"]) for row in rows] == [
        ("covering", "pooled"), ("covering", "mean"), ("vi", "mean"),
    ]  # fmt: skip
    code, stdout, stderr = call(*arguments, "--metric", "covering:median")
    assert (code, stdout) == (2, "")
    assert "averaging='median' is not allowed" in stderr
