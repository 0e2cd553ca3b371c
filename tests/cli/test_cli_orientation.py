"""``--orientation ignore``, wherever a picture meets a truth: what the error of unequal sizes tells to say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

small = pytest.mark.small


@pytest.fixture
def one_turned(tmp_path):
    """A picture that says it lies on its side, and a truth, stored alike, that does not."""
    exif = Image.Exif()
    exif[274] = 6
    bright = np.zeros((8, 12), np.uint8)
    bright[2:5, 3:9] = 200
    for folder, tag in {"images": exif, "masks": None, "predicted": exif}.items():
        (tmp_path / folder).mkdir()
        Image.fromarray(bright if folder != "predicted" else bright // 200).save(
            tmp_path / folder / "a.png", **({"exif": tag} if tag else {})
        )
    return tmp_path


@small
@pytest.mark.parametrize("command", ["score", "bench", "bench folders", "tune", "datasets check"])
def test_the_cure_that_is_told_works(call, one_turned, tmp_path, command):
    run = ["--truth", "binary", "-m", "otsu", "--workers", 1]
    tuned = ["--metric", "iou.foreground", "--budget", 1, "--results", tmp_path / "out"]
    arguments = {
        "score": [one_turned / "predicted", one_turned / "masks", "--truth", "binary"],
        "bench": [one_turned, *run, "-o", tmp_path / "out"],
        "bench folders": [
            "--images",
            one_turned / "images",
            "--masks",
            one_turned / "masks",
            *run,
            "-o",
            tmp_path / "out",
        ],
        "tune": [one_turned, *run, *tuned, "-o", tmp_path / "tuned.toml"],
        "datasets check": ["instances", one_turned],
    }[command]
    arguments = [*command.removesuffix(" folders").split(), *arguments, "-q"]
    code, stdout, stderr = call(*arguments)
    assert code in (1, 3)
    assert "--orientation ignore" in stdout + stderr
    code, _, stderr = call(*arguments, "--orientation", "ignore")
    assert (code, stderr) == (0, "")
