"""What several tests share: real photographs, a small picture, the folder of real data, the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

import classicseg
from classicseg.color import convert
from classicseg_cli.main import main

# The same examples in every run, so that a failure can be had again; nothing is written into the tree. Un-compiled,
# where a kernel takes a hundred times as long, the first few examples have to do: the compiled run draws all of them.
UNCOMPILED = os.environ.get("NUMBA_DISABLE_JIT") == "1"
settings.register_profile(
    "classicseg", derandomize=True, database=None, deadline=None, max_examples=20 if UNCOMPILED else 100
)
settings.load_profile("classicseg")
# `pytest --hypothesis-profile=hard tests/test_properties.py`: thousands of examples, other ones each time.
settings.register_profile("hard", database=None, deadline=None, max_examples=6000, print_blob=False)

# Settings under which a method is quick on small pictures even where its kernels run as plain Python.
QUICK: dict[str, dict[str, object]] = {
    "meanshift": {"spatial_bandwidth": 2.0, "min_size": 0, "tol": 0.1},
    "quickshift": {"kernel_size": 1, "max_dist": 4},
    "kmeans": {"n_init": 1},
    "slic": {"n_segments": 12, "max_num_iter": 2},
    "spectral": {"n_clusters": 3, "radius": 3.0},
}

# A contract takes a minute un-compiled here; the kernels have tests of their own, which run un-compiled.
SLOW_UNCOMPILED = {"ucm"} if UNCOMPILED else set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `method` runs for every registered method, built in or plugged in."""
    if "method" in metafunc.fixturenames:
        metafunc.parametrize("method", [each for each in classicseg.methods() if each not in SLOW_UNCOMPILED])


@pytest.fixture
def quick(method: str) -> dict[str, object]:
    """Parameters with which `method` is quick on small pictures."""
    return QUICK.get(method, {})


@pytest.fixture
def small_picture() -> np.ndarray:
    """A seeded 12 x 14 sRGB picture, uint8: four flat parts and a little noise."""
    rng = np.random.default_rng(7)
    picture = np.empty((12, 14, 3))
    picture[:6, :7], picture[:6, 7:] = (200, 40, 30), (40, 180, 60)
    picture[6:, :7], picture[6:, 7:] = (30, 40, 190), (225, 220, 210)
    return np.clip(picture + rng.integers(-6, 7, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def light_merging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Un-compiled, regions merge by the numbers that they have: boundaries would take seconds a picture."""
    from classicseg import hierarchy, merging
    from classicseg.labels import neighbours

    def by_number(labels: np.ndarray, *_: object, **__: object) -> hierarchy.Hierarchy:
        pairs = neighbours(labels) - 1
        return hierarchy.hierarchy_of_pairs(labels, pairs, (pairs[:, 1] - pairs[:, 0]) / labels.max())

    if UNCOMPILED:
        monkeypatch.setattr(merging, "hierarchy_of", by_number)


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A piece of scikit-image's photograph of a cup of coffee, 96 x 128, uint8 sRGB."""
    from skimage import data

    return np.ascontiguousarray(data.coffee()[60:156, 180:308])


@pytest.fixture(scope="session")
def photograph_lab(photograph: np.ndarray) -> np.ndarray:
    """The photograph in L*a*b*, as planes."""
    return convert(np.ascontiguousarray(photograph.transpose(2, 0, 1), dtype=np.float32) / np.float32(255), "lab")


@pytest.fixture
def picture_file(tmp_path: Path, small_picture: np.ndarray) -> Path:
    """The small picture as a PNG called img.png, alone in its folder."""
    path = tmp_path / "in" / "img.png"
    path.parent.mkdir()
    Image.fromarray(small_picture).save(path)
    return path


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard, though a shell that starts the tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data sets, or a skipped test where there is none."""
    root = os.environ.get("CLASSICSEG_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("CLASSICSEG_DATA names no folder of real data sets")
    return Path(root)


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process, from an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return leaving.value.code, captured.out, captured.err

    return run


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A data set of three pictures with binary truths: bright squares, of which the last truth is half right."""
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for name in ("p1", "p2", "p10"):
        image = np.full((16, 16), 30, np.uint8)
        image[4:8, 4:12] = 220
        truth = image > 100
        if name == "p10":
            truth[8:12, 4:12] = True
        Image.fromarray(image).save(root / "images" / f"{name}.png")
        Image.fromarray(truth.astype(np.uint8) * 255).save(root / "masks" / f"{name}.png")
    return root
