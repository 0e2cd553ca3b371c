"""`classicseg run` with hierarchies: --hierarchy, --segments, --level."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import classicseg

small = pytest.mark.small
pytestmark = pytest.mark.usefixtures("light_merging")


def labels_in(folder, method="kmeans"):
    return np.asarray(Image.open(folder / f"img_{method}_labels.png"))


@small
def test_writes_the_hierarchy_and_its_contours_beside_the_labels(call, picture_file, tmp_path, small_picture):
    out = tmp_path / "out"
    code, _, stderr = call("run", "-m", "kmeans", "--hierarchy", "-o", out, picture_file)
    assert (code, stderr) == (0, "")
    names = {"img_kmeans_hierarchy.npz", "img_kmeans_ucm.png", "img_kmeans_labels.png", "img_kmeans_overlay.png"}
    assert {path.name for path in out.iterdir()} == names | {"img_kmeans.json"}
    result = classicseg.run(small_picture, "kmeans")
    found = classicseg.read_hierarchy(out / "img_kmeans_hierarchy.npz")
    assert np.array_equal(found.parents, result.hierarchy.parents)
    assert np.array_equal(found.altitudes, result.hierarchy.altitudes)
    assert np.array_equal(labels_in(out), result.labels)
    contours = np.asarray(Image.open(out / "img_kmeans_ucm.png"))
    assert np.array_equal(contours, np.rint(result.hierarchy.ucm(size="pixel") * 255))
    assert contours.max() > 0
    assert set(json.loads((out / "img_kmeans.json").read_text())["files"]) == names


@small
@pytest.mark.parametrize("option", ["--segments", "--level"])
def test_the_label_map_is_a_cut(call, picture_file, tmp_path, small_picture, option):
    hierarchy = classicseg.run(small_picture, "kmeans", n_clusters=6).hierarchy
    altitudes = hierarchy.thresholds()
    cut = {"n_segments": 2} if option == "--segments" else {"threshold": float(altitudes[len(altitudes) // 2])}
    (value,) = cut.values()
    assert call("run", "-m", "kmeans", "--n-clusters", 6, option, value, "-o", tmp_path, picture_file)[0] == 0
    expected = hierarchy.cut(**cut)
    assert np.array_equal(labels_in(tmp_path), expected)
    assert 1 < expected.max() < hierarchy.n_leaves
    record = json.loads((tmp_path / "img_kmeans.json").read_text())
    assert record["cut"] == cut
    assert record["labels"] == expected.max()


@small
def test_a_hierarchy_beside_a_cut_is_the_whole_one(call, picture_file, tmp_path, small_picture):
    call("run", "-m", "kmeans", "--hierarchy", "--segments", 2, "-o", tmp_path, picture_file)
    found = classicseg.read_hierarchy(tmp_path / "img_kmeans_hierarchy.npz")
    assert np.array_equal(found.leaves, classicseg.run(small_picture, "kmeans").hierarchy.leaves)
    assert np.array_equal(labels_in(tmp_path), found.cut(n_segments=2))


@small
def test_results_are_kept_as_long_as_the_cut_is_the_same(call, picture_file, tmp_path):
    def kept(*options):
        return "kept from before" in call("run", "-m", "kmeans", *options, "-o", tmp_path, picture_file)[1]

    assert not kept()
    assert kept()
    assert not kept("--segments", 2)
    assert kept("--segments", 2)
    assert not kept("--segments", 3)
    assert not kept("--level", 0.2)
    assert kept("--level", 0.2)
    assert not kept()
    assert not kept("--hierarchy")
    assert kept("--hierarchy")
    assert kept()
    (tmp_path / "img_kmeans_ucm.png").unlink()
    assert not kept("--hierarchy")


@small
def test_outside_the_mask_a_cut_is_0(call, tmp_path, small_picture):
    alpha = np.full((12, 14), 255, np.uint8)
    alpha[:4] = 0
    Image.fromarray(np.dstack([small_picture, alpha])).save(tmp_path / "img.png")
    assert call("run", "-m", "otsu", "--segments", 3, "--hierarchy", "-o", tmp_path, tmp_path / "img.png")[0] == 0
    labels = labels_in(tmp_path, "otsu")
    assert not labels[:4].any()
    assert labels[4:].all()


@pytest.mark.parametrize(("option", "value", "name"), [("--segments", 2, "n_segments"), ("--level", 0.25, "level")])
def test_of_ucm_whose_labels_are_a_cut_the_cut_is_a_parameter(
    call, picture_file, tmp_path, small_picture, option, value, name
):
    assert call("run", "-m", "ucm", option, value, "-o", tmp_path, picture_file)[0] == 0
    record = json.loads((tmp_path / "img_ucm.json").read_text())
    assert record["cut"] == {} and record["parameters"][name] == value
    assert np.array_equal(labels_in(tmp_path, "ucm"), classicseg.segment(small_picture, "ucm", **{name: value}))
    code, _, stderr = call("run", "-m", "ucm", option, value, "--n-segments", 3, "-o", tmp_path, picture_file)
    assert code == 2 and "n_segments is given too" in stderr


def test_contours_in_a_folder_are_no_pictures(call, picture_file):
    for _ in range(2):
        assert call("run", "-m", "kmeans", "--hierarchy", "-o", picture_file.parent, picture_file.parent)[0] == 0
    assert not list(picture_file.parent.glob("img_kmeans_ucm_*"))


def test_a_pipe_takes_a_picture_and_gives_a_cut(picture_file, small_picture):
    program = "from classicseg_cli.main import main; main(['run', '-m', 'kmeans', '--segments', '2', '-'])"
    done = subprocess.run(
        [sys.executable, "-c", program], input=picture_file.read_bytes(), capture_output=True, check=True
    )
    expected = classicseg.run(small_picture, "kmeans").hierarchy.cut(n_segments=2)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(done.stdout))), expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--segments", "0", "sample:coins"], "0 is not in the range"),
        (["--segments", "many", "sample:coins"], "not a valid integer"),
        (["--level", "1.5", "sample:coins"], "--level 1.5 is not allowed; altitudes lie from 0 to 1"),
        (["--level", "nan", "sample:coins"], "--level nan is not allowed"),
        (["--segments", "3", "--level", "0.5", "sample:coins"], "give one of them"),
        (["--hierarchy", "-"], "--hierarchy, ..."),
    ],
)
def test_wrong_use_is_one_clear_line(call, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, stdout, stderr = call("run", *arguments)
    assert (code, stdout) == (2, "")
    assert len(stderr.splitlines()) == 1
    assert words in stderr
    assert list(tmp_path.iterdir()) == []


@small
def test_nothing_to_cut_is_one_clear_line(call, tmp_path):
    Image.fromarray(np.zeros((4, 5, 4), np.uint8)).save(tmp_path / "empty.png")
    code, _, stderr = call("run", "-m", "otsu", "--segments", 2, "-o", tmp_path / "out", tmp_path / "empty.png")
    assert code == 1
    assert "empty.png: no pixel of the picture counts" in stderr
    assert not (tmp_path / "out").exists()
