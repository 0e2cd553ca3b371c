"""`classicseg datasets list` and `check`, and `classicseg bench NAME:ROOT`."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from classicseg.datasets import known_readers

pytestmark = pytest.mark.small


@pytest.fixture
def camvid(tmp_path):
    """Two pictures of a dark and a bright half; the truths are the halves, with a void column."""
    picture = np.full((12, 16), 30, np.uint8)
    picture[:, 8:] = 220
    truth = np.where(picture > 100, 3, 1).astype(np.uint8)
    truth[:, 0] = 11
    lines = []
    for name in ("p1", "p2"):
        for folder, array in (("val", picture), ("valannot", truth)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(array).save(tmp_path / folder / f"{name}.png")
        lines.append(f"/SegNet/CamVid/val/{name}.png /SegNet/CamVid/valannot/{name}.png\n")
    (tmp_path / "val.txt").write_text("".join(lines))
    return tmp_path


def test_list_names_every_reader_with_its_kinds_and_source(call):
    code, stdout, stderr = call("datasets", "list")
    assert (code, stderr) == (0, "")
    for name, reader in known_readers().items():
        (line,) = (line for line in stdout.splitlines() if line.split()[:1] == [name])
        for word in (*reader.kinds, *reader.splits):
            assert word in line
    found = json.loads(call("datasets", "list", "--json")[1])
    assert list(found) == list(known_readers())
    assert found["voc"]["views"] == ["classes", "instances"]


def test_list_of_one_tells_its_layout(call):
    code, stdout, _ = call("datasets", "list", "bsds500")
    assert code == 0
    assert "BSR/BSDS500/data/groundTruth/{train,val,test}/ID.mat" in stdout
    assert "train, val, test (default: val)" in stdout
    code, stdout, stderr = call("datasets", "list", "bsds501")
    assert (code, stdout) == (2, "")
    assert "Did you mean 'bsds500'?" in stderr


def test_check_tells_that_all_is_well(call, camvid):
    code, stdout, stderr = call("datasets", "check", "camvid", camvid)
    assert (code, stderr) == (0, "")
    row = next(line.split() for line in stdout.splitlines() if line.startswith(" val"))
    assert row == ["val", "2", "2", "1", "classes", "0.0625"]
    assert "train: no pictures with truths of this split are there" in stdout
    assert stdout.splitlines()[-1] == "all is well"
    report = json.loads(call("datasets", "check", "camvid", camvid, "--split", "val", "--json", "-q")[1])
    assert report["ok"] is True
    assert report["parts"][0]["truths"] == [1, 1]
    assert report["parts"][0]["void"] == pytest.approx(1 / 16)


def test_check_tells_all_that_is_wrong(call, camvid):
    Image.fromarray(np.ones((12, 15), np.uint8)).save(camvid / "valannot" / "p1.png")
    (camvid / "val" / "p2.png").write_bytes(b"nothing")
    with (camvid / "val.txt").open("a") as stream:
        stream.write("/SegNet/CamVid/val/p3.png /SegNet/CamVid/valannot/p3.png\n")
    code, stdout, stderr = call("datasets", "check", "camvid", camvid)
    assert (code, stderr) == (1, "")
    for words in (
        "val: 2 missing",
        "  val/p3.png, named by val.txt, is not there",
        "  valannot/p3.png, named by val.txt, is not there",
        "val: 1 of different sizes",
        "  p1: the picture has 12 x 16 pixels (height x width), its truth 12 x 15",
        "val: 1 unreadable",
        "  p2: ",
        "not all is well",
    ):
        assert words in stdout
    report = json.loads(call("datasets", "check", "camvid", camvid, "--json")[1])
    assert report["ok"] is False
    assert [len(report["parts"][0][key]) for key in ("missing", "sizes", "unreadable")] == [2, 1, 1]


def test_check_of_what_needs_no_folder(call):
    code, stdout, _ = call("datasets", "check", "scenes")
    assert code == 0
    assert "classes, instances" in stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check"], 2, "Missing argument 'NAME'"),
        (["check", "camvit", "ROOT"], 2, "Did you mean 'camvid'?"),
        (["check", "camvid"], 2, "camvid needs its folder"),
        (["check", "camvid", "ROOT", "--split", "vla"], 2, "Did you mean 'val'?"),
        (["check", "camvid", "ROOT", "--view", "color"], 2, "has no views"),
        (["check", "voc", "ROOT"], 1, "JPEGImages"),
        (["check", "camvid", "ROOT/nowhere"], 1, "does not exist"),
        (["chekc"], 2, "chekc"),
    ],
)
def test_wrong_use_is_one_line(call, camvid, arguments, code, words):
    found, stdout, stderr = call("datasets", *(word.replace("ROOT", str(camvid)) for word in arguments))
    assert (found, stdout) == (code, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1


def test_bench_takes_a_reader_and_its_split(call, camvid):
    arguments = ("-m", "otsu", "--metric", "iou.hungarian", "--json", "-q")
    code, stdout, stderr = call("bench", f"camvid:{camvid}", "--split", "val", *arguments)
    assert (code, stderr) == (0, "")
    (row,) = json.loads(stdout)
    assert (row["dataset"], row["truth"], row["pictures"], row["value"]) == ("camvid/val", "classes", 2, 1.0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["camvid:ROOT", "--split", "test"], 1, "no pictures with truths of the split 'test'; there is val"),
        (["camvid:ROOT", "--split", "valid"], 2, "Did you mean 'val'?"),
        (["camvid:ROOT", "--view", "instances"], 2, "has no views"),
        (["ROOT", "--truth", "binary", "--split", "val"], 2, "not allowed for a folder of pairs"),
        (["--images", "ROOT/val", "--masks", "ROOT/valannot", "--truth", "binary", "--split", "val"], 2, "--split and"),
    ],
)
def test_bench_refuses_a_wrong_split_or_view(call, camvid, arguments, code, words):
    found, stdout, stderr = call("bench", *(word.replace("ROOT", str(camvid)) for word in arguments), "-m", "otsu")
    assert (found, stdout) == (code, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1


def test_the_list_and_the_help_load_no_heavy_library():
    code = (
        "from classicseg_cli.main import _exit_code\n"
        "import sys\n"
        "for words in (['datasets', '--help'], ['datasets', 'list'], ['datasets', 'check', '--help']):\n"
        "    assert _exit_code(words) == 0\n"
        "assert not {'numba', 'scipy', 'sklearn', 'skimage', 'cv2', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
