"""`classicseg warmup`, and what a run says while it compiles; felzenszwalb has the fewest kernels of all methods."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from PIL import Image

small = pytest.mark.small

compiled_only = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
SAID = "classicseg: compiling kernels for this machine; later runs start at once\n"


def run(cache, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", "from classicseg_cli.main import main; main()", *map(str, arguments)],
        env=os.environ | {"CLASSICSEG_CACHE_DIR": str(cache)},
        capture_output=True,
        timeout=300,
        **options,
    )


@pytest.fixture
def picture_file(tmp_path, small_picture):
    path = tmp_path / "picture.png"
    Image.fromarray(small_picture).save(path)
    return path


@compiled_only
def test_the_first_run_says_that_it_compiles_and_later_ones_do_not(tmp_path, picture_file):
    runs = [
        run(tmp_path / "cache", "run", "-m", "quickshift", "-o", tmp_path / str(number), picture_file)
        for number in range(2)
    ]
    assert [done.returncode for done in runs] == [0, 0]
    assert [done.stderr.decode() for done in runs] == [SAID, ""]
    first, second = (Image.open(tmp_path / str(number) / "picture_quickshift_labels.png") for number in range(2))
    np.testing.assert_array_equal(np.array(first), np.array(second))


@compiled_only
def test_quiet_runs_compile_in_silence_and_streams_say_it_on_stderr(tmp_path, picture_file):
    quiet = run(tmp_path / "cache", "run", "-m", "felzenszwalb", "-q", "-o", tmp_path, picture_file)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")
    stream = run(tmp_path / "other", "run", "-m", "felzenszwalb", "-", input=picture_file.read_bytes())
    assert stream.returncode == 0
    assert stream.stderr.decode() == SAID
    assert stream.stdout == (tmp_path / "picture_felzenszwalb_labels.png").read_bytes()


def test_otsu_never_compiles_nor_loads_what_compiles(tmp_path, picture_file):
    arguments = ["run", "-m", "otsu", "-q", "-o", str(tmp_path), str(picture_file)]
    program = f"""
import sys
from classicseg_cli.main import _exit_code
print(_exit_code({arguments}), sorted({{"numba", "scipy", "skimage", "sklearn", "cv2", "rich"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0 []\n", "")


@compiled_only
def test_after_a_warm_up_nothing_is_compiled_from_a_folder_that_is_only_read(tmp_path, picture_file):
    cache = tmp_path / "cache"
    warm = run(cache, "warmup", "felzenszwalb", "--json")
    assert warm.returncode == 0
    report = json.loads(warm.stdout)
    assert list(report["parts"]) == ["felzenszwalb"]
    assert report["parts"]["felzenszwalb"]["compiled"]
    files = sorted((cache / "classicseg").rglob("*.bin"))
    assert report["kernels"] == len(files) > 1
    assert report["bytes"] == sum(file.stat().st_size for file in files)
    assert str(files[0].parent) == report["folder"]
    assert b"classicseg: felzenszwalb: " in warm.stderr
    done = run(cache, "run", "-m", "felzenszwalb", "-o", tmp_path, picture_file)
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted((cache / "classicseg").rglob("*.bin")) == files
    again = run(cache, "warmup", "felzenszwalb", "--processes", "1")
    assert again.returncode == 0
    assert b"nothing left to compile" in again.stderr
    assert again.stdout.decode().startswith(f"{len(files)} kernels, ")


@compiled_only
def test_a_warm_up_that_cannot_keep_anything_fails_with_the_cure(tmp_path):
    (tmp_path / "file").write_text("no folder")
    done = run(tmp_path / "file", "warmup", "felzenszwalb", "-q")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.decode().startswith("classicseg: nothing could be kept: set CLASSICSEG_CACHE_DIR")


@compiled_only
def test_a_warm_up_of_which_the_disk_keeps_only_some_fails(call, monkeypatch, tmp_path):
    import classicseg.warmup as warmup
    from classicseg.kernels import cache

    some = warmup.Warmed("threshold", 1.0, {"one": 0.5, "two": 0.5}, lost=1)
    monkeypatch.setattr(warmup, "warm_up", lambda *_, **__: [some])
    monkeypatch.setattr(warmup, "kept", lambda: (tmp_path, 1, 100))
    monkeypatch.setattr(cache, "can_keep", lambda: True)
    code, _, err = call("warmup", "threshold", "-q")
    assert code == 1
    assert "1 kernels could not be kept" in err


@small
def test_unknown_names_are_refused(call):
    code, out, err = call("warmup", "kmaens")
    assert (code, out) == (2, "")
    assert "Did you mean 'kmeans'?" in err
    assert "'scores' stands for all scores" in err


@small
def test_without_compiling_there_is_nothing_to_warm_up(call, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    code, _, err = call("warmup", "otsu")
    assert code == 1
    assert "NUMBA_DISABLE_JIT is set" in err


@small
@pytest.mark.parametrize("kept", [True, False])
def test_what_was_compiled_is_told_and_what_cannot_be_kept_is_a_failure(call, monkeypatch, tmp_path, kept):
    from classicseg import warmup
    from classicseg.kernels import cache

    monkeypatch.setattr(cache.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(cache, "can_keep", lambda: kept)
    done = [warmup.Warmed("kmeans", 1.5, {"a": 1.0, "b": 0.5}, 3, 0), warmup.Warmed("scores", 0.25, {}, 9, 0)]

    def warm_up(wanted, *, processes, advance):
        assert (wanted, processes) == (("kmeans", "scores"), 1)
        for each in done:
            advance(each)
        return done

    monkeypatch.setattr(warmup, "warm_up", warm_up)
    monkeypatch.setattr(warmup, "kept", lambda: (tmp_path, 14, 2_500_000))
    code, stdout, stderr = call("warmup", "kmeans", "scores", "--processes", 1)
    assert stdout == f"14 kernels, 2.5 MB in {tmp_path}\n"
    told = stderr.splitlines()
    assert told[:2] == [
        "classicseg: kmeans: 2 kernels compiled, 1.5 s",
        "classicseg: scores: nothing left to compile, 0.2 s",
    ]
    assert (code, len(told)) == ((0, 2) if kept else (1, 3))
    assert kept or "nothing could be kept: set CLASSICSEG_CACHE_DIR" in told[2]
    code, stdout, stderr = call("warmup", "kmeans", "scores", "--processes", 1, "--json", "--quiet")
    found = json.loads(stdout)
    assert (found["kernels"], found["bytes"], found["parts"]["kmeans"]["compiled"]) == (
        14,
        2_500_000,
        {"a": 1.0, "b": 0.5},
    )
    assert code == (0 if kept else 1)
