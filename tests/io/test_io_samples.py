"""``sample:NAME`` reads the photographs that scikit-image installs, without a network and without importing it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import classicseg.io.read
from classicseg.errors import DependencyError, ImageError
from classicseg.io.read import read_picture, sample_names


def test_samples_are_the_photographs_that_scikit_image_installs():
    from skimage import data

    names = sample_names()
    assert {"astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "rocket"} <= set(names)
    assert names == sorted(names)
    for name in ("coffee", "coins", "rocket"):
        np.testing.assert_array_equal(read_picture(f"sample:{name}").array, getattr(data, name)())


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_can_be_read(name):
    picture = read_picture(f"sample:{name}")
    assert picture.array.ndim in (2, 3)
    assert (picture.mask is None) or picture.mask.shape == picture.array.shape[:2]


def test_an_unknown_sample_is_answered_with_the_names():
    with pytest.raises(ImageError, match=r"^sample:coffe is not among .*astronaut.*coffee.*coins"):
        read_picture("sample:coffe")


def test_samples_without_scikit_image(monkeypatch):
    monkeypatch.setattr(classicseg.io.read, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match="pip install scikit-image"):
        sample_names()


def test_finding_samples_imports_no_heavy_library():
    program = (
        "import sys, classicseg.io; classicseg.io.sample_names();"
        "print([m for m in ('skimage', 'numba', 'scipy', 'sklearn', 'cv2', 'PIL', 'tifffile') if m in sys.modules])"
    )
    root = Path(classicseg.io.read.__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert answer.stdout.strip() == "[]"


def test_a_sample_is_named_after_itself():
    assert read_picture("sample:coins").name == "coins"
    assert read_picture("sample:coins", name="money").name == "money"
