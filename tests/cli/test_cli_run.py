"""`classicseg run`: files written, lines printed, exit codes."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import classicseg

small = pytest.mark.small


@small
def test_writes_labels_overlay_and_record(call, picture_file, tmp_path, small_picture):
    out = tmp_path / "out"
    code, stdout, stderr = call("run", "--method", "kmeans", "-o", out, picture_file)
    assert code == 0
    assert stderr == ""
    assert stdout.startswith(f"{picture_file}: kmeans, 3 labels, ")
    assert sorted(path.name for path in out.iterdir()) == [
        "img_kmeans.json",
        "img_kmeans_labels.png",
        "img_kmeans_overlay.png",
    ]
    labels = np.asarray(Image.open(out / "img_kmeans_labels.png"))
    assert np.array_equal(labels, classicseg.segment(small_picture, "kmeans"))
    assert np.asarray(Image.open(out / "img_kmeans_overlay.png")).shape == (12, 14, 3)
    record = json.loads((out / "img_kmeans.json").read_text())
    assert record["method"] == "kmeans"
    assert record["parameters"] == classicseg.KMeans().get_params()
    assert record["version"] == classicseg.__version__
    assert (record["height"], record["width"], record["labels"]) == (12, 14, 3)
    assert len(record["input_sha256"]) == 64
    assert record["findings"]["converged"] is True


@small
def test_writes_to_the_current_folder_by_default(call, picture_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("run", "-m", "otsu", "in/img.png")[0] == 0
    assert (tmp_path / "img_otsu_labels.png").is_file()
    record = json.loads((tmp_path / "img_otsu.json").read_text())
    assert record["name"] == "otsu"
    assert record["method"] == "threshold"
    assert record["parameters"]["rule"] == "otsu"


@small
@pytest.mark.parametrize("format", ["png", "tiff", "npy"])
def test_formats_hold_the_same_labels(call, picture_file, tmp_path, small_picture, format):
    from classicseg.io import read_labels

    assert call("run", "-m", "multiotsu", "--format", format, "-o", tmp_path, picture_file)[0] == 0
    labels = read_labels(tmp_path / f"img_multiotsu_labels.{format}")
    assert np.array_equal(labels, classicseg.segment(small_picture, "multiotsu"))


@small
def test_mean_colour_paints_each_label_with_its_mean(call, picture_file, tmp_path, small_picture):
    assert call("run", "-m", "kmeans", "--mean-colour", "-o", tmp_path, picture_file)[0] == 0
    painted = np.asarray(Image.open(tmp_path / "img_kmeans_mean.png")).astype(float)
    labels = classicseg.segment(small_picture, "kmeans")
    for label in (1, 2, 3):
        assert np.abs(painted[labels == label] - small_picture[labels == label].mean(axis=0)).max() <= 0.5


@small
def test_own_options_and_set_are_the_same(call, picture_file, tmp_path):
    call("run", "-m", "kmeans", "--n-clusters", 2, "--space", "rgb", "-o", tmp_path / "a", picture_file)
    call("run", "-m", "kmeans", "--set", "n_clusters=2", "--set", "space=rgb", "-o", tmp_path / "b", picture_file)
    one, other = (json.loads((tmp_path / f / "img_kmeans.json").read_text()) for f in "ab")
    assert one["parameters"] == other["parameters"]
    assert one["parameters"]["n_clusters"] == 2
    code, _, stderr = call("run", "-m", "kmeans", "--n-clusters", 2, "--set", "n_clusters=3", picture_file)
    assert code == 2
    assert "given twice" in stderr
    call("run", "-m", "threshold", "--connected", "-o", tmp_path / "c", picture_file)
    assert json.loads((tmp_path / "c" / "img_threshold.json").read_text())["parameters"]["connected"] is True


@small
def test_a_result_is_kept_until_something_changes(call, picture_file, tmp_path, small_picture):
    run = ("run", "-m", "otsu", "-o", tmp_path, picture_file)
    assert "kept from" not in call(*run)[1]
    stamp = (tmp_path / "img_otsu_labels.png").stat().st_mtime_ns
    assert "kept from before" in call(*run)[1]
    assert (tmp_path / "img_otsu_labels.png").stat().st_mtime_ns == stamp
    assert "kept from" not in call(*run, "--overwrite")[1]
    assert "kept from" not in call(*run, "--min-size", 3)[1]
    assert "kept from" not in call(*run, "--min-size", 3, "--data-range", "0,200")[1]
    Image.fromarray(small_picture[::-1].copy()).save(picture_file)
    assert "kept from" not in call(*run)[1]
    (tmp_path / "img_otsu_overlay.png").unlink()
    assert "kept from" not in call(*run)[1]


def test_json_is_one_record_a_line(call, picture_file, tmp_path):
    code, stdout, _ = call("run", "-m", "otsu", "--json", "-o", tmp_path, picture_file, "sample:coins")
    assert code == 0
    records = [json.loads(line) for line in stdout.splitlines()]
    assert [record["input"] for record in records] == [str(picture_file), "sample:coins"]


@small
def test_quiet_and_verbose(call, picture_file, tmp_path):
    assert call("run", "-q", "-m", "otsu", "-o", tmp_path, picture_file) == (0, "", "")
    _, _, stderr = call("run", "-v", "-m", "otsu", "-o", tmp_path, picture_file)
    assert "Threshold(" in stderr


@small
def test_folders_keep_their_paths_and_globs_are_expanded(call, picture_file, tmp_path, small_picture):
    deep = picture_file.parent / "a" / "b.tif"
    deep.parent.mkdir()
    Image.fromarray(small_picture).save(deep)
    (picture_file.parent / "notes.txt").write_text("no picture")
    code, stdout, _ = call("run", "-m", "otsu", "-o", tmp_path / "out", picture_file.parent)
    assert code == 0
    assert len(stdout.splitlines()) == 2
    assert (tmp_path / "out" / "a" / "b_otsu_labels.png").is_file()
    assert (tmp_path / "out" / "img_otsu_labels.png").is_file()
    code, stdout, _ = call("run", "-m", "otsu", "-o", tmp_path / "globbed", f"{picture_file.parent}/**/*.tif")
    assert code == 0
    assert (tmp_path / "globbed" / "b_otsu_labels.png").is_file()


@small
def test_names_that_would_collide_are_refused_before_the_start(call, picture_file, tmp_path, small_picture):
    other = tmp_path / "elsewhere" / "img.tif"
    other.parent.mkdir()
    Image.fromarray(small_picture).save(other)
    code, _, stderr = call("run", "-m", "otsu", "-o", tmp_path / "out", picture_file, other)
    assert code == 2
    assert "both be written as img_*" in stderr
    assert not (tmp_path / "out").exists()


@small
def test_alpha_is_a_mask(call, tmp_path, small_picture):
    alpha = np.full((12, 14), 255, np.uint8)
    alpha[:4] = 0
    for mode, array in (
        ("RGBA", np.dstack([small_picture, alpha])),
        ("LA", np.dstack([small_picture[:, :, 0], alpha])),
    ):
        path = tmp_path / f"{mode}.png"
        Image.fromarray(array, mode=None).save(path)
        assert call("run", "-m", "kmeans", "-o", tmp_path, path)[0] == 0
        labels = np.asarray(Image.open(tmp_path / f"{mode}_kmeans_labels.png"))
        assert not labels[:4].any()
        assert labels[4:].all()


def test_a_pipe_takes_a_picture_and_gives_a_label_map(picture_file, small_picture):
    done = subprocess.run(
        [sys.executable, "-c", "from classicseg_cli.main import main; main(['run', '-m', 'kmeans', '-'])"],
        input=picture_file.read_bytes(),
        capture_output=True,
        check=True,
    )
    labels = np.asarray(Image.open(io.BytesIO(done.stdout)))
    assert np.array_equal(labels, classicseg.segment(small_picture, "kmeans"))
    assert done.stderr == b""


def test_more_labels_than_a_png_holds_asks_for_tiff(call, tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "noise.png"
    Image.fromarray(rng.integers(0, 256, (300, 300, 3), np.uint8)).save(path)
    arguments = ("run", "-m", "kmeans", "--n-clusters", 16, "--connected", "-o", tmp_path / "out", path)
    code, _, stderr = call(*arguments)
    assert code == 1
    assert "65,535" in stderr
    assert "the format tiff" in stderr
    assert not list((tmp_path / "out").glob("*"))
    assert call(*arguments, "--format", "tiff")[0] == 0
    from classicseg.io import read_labels

    assert read_labels(tmp_path / "out" / "noise_kmeans_labels.tiff").max() > 65_535


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "missing.png"], 1, "missing.png does not exist"),
        (["run", "-m", "nonsense", "sample:coins"], 2, "method='nonsense' is not known"),
        (["run", "-m", "kmeans", "--n-clusters", "0", "sample:coins"], 2, "integer from 1 to 256"),
        (["run", "-m", "kmeans", "--set", "nonsense=1", "sample:coins"], 2, "no parameter 'nonsense'"),
        (["run", "-m", "kmeans", "--set", "n_clusters", "sample:coins"], 2, "NAME=VALUE"),
        (["run", "-m", "kmeans", "--value", "3", "sample:coins"], 2, "--value"),
        (["run", "--data-range", "low", "sample:coins"], 2, "LOW,HIGH"),
        (["run", "--data-range", "9,3", "-m", "otsu", "sample:coins"], 2, "low < high"),
        (["run", "-m", "kmeans", "--split-touching", "2", "sample:coins"], 2, "binary result"),
        (["run", "no/*.png"], 2, "matches no picture"),
        (["run"], 2, "Missing argument"),
        (["run", "-", "sample:coins"], 2, "stdout"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_wrong_input_is_one_clear_line(call, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    found, stdout, stderr = call(*arguments)
    assert found == code
    assert stdout == ""
    assert len(stderr.splitlines()) == 1
    assert words in stderr
    assert list(tmp_path.iterdir()) == []


@small
def test_in_a_batch_the_other_pictures_go_on(call, picture_file, tmp_path):
    (picture_file.parent / "text.png").write_text("no picture at all")
    (picture_file.parent / "short.png").write_bytes(picture_file.read_bytes()[:200])
    code, stdout, stderr = call("run", "-m", "otsu", "-o", tmp_path / "out", picture_file.parent, "missing.jpg")
    assert code == 3
    assert len(stdout.splitlines()) == 1
    assert len(stderr.splitlines()) == 3
    assert all(name in stderr for name in ("text.png", "short.png", "missing.jpg"))
    assert len(list((tmp_path / "out").iterdir())) == 3


@small
def test_a_twelve_bit_picture_warns_on_stderr(call, tmp_path, small_picture):
    import tifffile

    tifffile.imwrite(tmp_path / "deep.tif", small_picture[:, :, 0].astype(np.uint16) * 16)
    code, _, stderr = call("run", "-m", "otsu", "-o", tmp_path, tmp_path / "deep.tif")
    assert code == 0
    assert stderr.startswith("classicseg: warning: the uint16 picture uses less than an eighth")
    assert len(stderr.splitlines()) == 1
    assert call("run", "-m", "otsu", "--data-range", "0,4095", "-o", tmp_path, tmp_path / "deep.tif")[2] == ""


@small
def test_an_interrupted_run_says_so(call, picture_file, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("classicseg.batch.process", interrupt)
    code, _, stderr = call("run", "-m", "otsu", "-o", tmp_path / "out", picture_file)
    assert code == 130
    assert stderr.strip() == "classicseg: interrupted"


def test_every_method_runs_on_a_photograph(call, method, tmp_path):
    code, stdout, stderr = call("run", "--method", method, "-o", tmp_path, "sample:chelsea")
    assert (code, re.sub("classicseg: compiling kernels.*\n", "", stderr)) == (0, "")
    labels = np.asarray(Image.open(tmp_path / f"chelsea_{method}_labels.png"))
    assert labels.shape == (300, 451)
    assert 1 <= labels.max() < 2000
    assert Path(stdout.split(" -> ")[1].strip()).is_file()


@small
def test_a_kept_result_is_the_one_that_was_asked_for(call, picture_file, tmp_path):
    from classicseg.io import read_labels

    run = ("run", "-m", "kmeans", "-o", tmp_path)
    call(*run, "--n-clusters", 3, picture_file)
    call(*run, "--n-clusters", 4, "--format", "tiff", picture_file)
    assert "kept from" not in call(*run, "--n-clusters", 4, picture_file)[1]
    assert read_labels(tmp_path / "img_kmeans_labels.png").max() == 4
    (tmp_path / "img_kmeans_labels.png").write_bytes(picture_file.read_bytes())
    assert "kept from" not in call(*run, "--n-clusters", 4, picture_file)[1]
    assert read_labels(tmp_path / "img_kmeans_labels.png").max() == 4


@small
def test_a_folder_is_not_fed_with_its_own_results(call, picture_file):
    before = sorted(picture_file.parent.iterdir())
    (picture_file.parent / ".hidden.png").write_bytes(b"no picture")
    run = ("run", "-m", "otsu", "--mean-colour", "--boundaries", "--indexed", "-o", picture_file.parent)
    for _ in range(2):
        assert call(*run, picture_file.parent)[0] == 0
    assert len(list(picture_file.parent.iterdir())) == len(before) + 1 + 6


@small
def test_the_mask_of_a_picture_is_written_and_scored_with(call, tmp_path):
    grey = np.zeros((8, 8), np.uint8)
    grey[:, 4:] = 200
    alpha = np.full((8, 8), 255, np.uint8)
    alpha[4:] = 0
    Image.fromarray(np.dstack([grey, alpha])).save(tmp_path / "img.png")
    truth = np.where(grey > 0, 255, 0).astype(np.uint8)
    Image.fromarray(truth).save(tmp_path / "truth.png")
    call("run", "-m", "otsu", "-o", tmp_path / "out", tmp_path / "img.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "img_otsu_mask.png")), alpha)
    found = call(
        "score", tmp_path / "out" / "img_otsu_labels.png", tmp_path / "truth.png", "--truth", "binary", "--json"
    )
    assert json.loads(found[1])["mean"]["iou.foreground"]["value"] == 1.0


@small
def test_one_file_named_twice_is_one_job(call, picture_file, tmp_path):
    twice = picture_file.parent / ".." / picture_file.parent.name / picture_file.name
    code, stdout, _ = call("run", "-m", "otsu", "-o", tmp_path, picture_file, twice)
    assert code == 0
    assert len(stdout.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no file name that is not text")
def test_a_file_name_that_is_no_text_is_written_as_it_is(call, picture_file, tmp_path):
    import os

    odd = tmp_path / os.fsdecode(b"bad\xff.png")
    odd.write_bytes(picture_file.read_bytes())
    code, stdout, _ = call("run", "-m", "otsu", "-o", tmp_path / "out", odd)
    assert code == 0
    assert r"bad\udcff.png: otsu, 1 label" in stdout
    (record,) = (tmp_path / "out").glob("*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["input"] == str(odd)


@small
def test_the_method_may_be_named_in_any_way_that_click_reads(call, picture_file, tmp_path):
    for number, named in enumerate((["-mthreshold"], ["--method=threshold"], ["-m", "kmeans", "-m", "threshold"])):
        out = tmp_path / str(number)
        assert call("run", *named, "--rule", "li", "-o", out, picture_file)[0] == 0
        assert json.loads((out / "img_threshold.json").read_text())["parameters"]["rule"] == "li"


def test_without_a_command_the_help_is_shown(call):
    code, _, stderr = call()
    assert code == 2
    assert "Commands:" in stderr
    assert len(stderr.splitlines()) > 10
