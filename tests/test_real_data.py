"""Known figures on real data sets, which are not part of the project: see CLASSICSEG_DATA in conftest.py."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import classicseg
from classicseg import DataRangeWarning
from classicseg.io import read_picture


@pytest.mark.parametrize(("name", "pictures", "expected"), [("dsb2018", 222, 0.6553), ("isbi2012_em", 15, 0.6641)])
def test_bench_gives_what_plain_opencv_gives(data_root, call, name, pictures, expected):
    otsu = ("--method", "otsu", "--foreground", "bright", "--metric", "iou.foreground")
    code, stdout, _ = call("bench", data_root / name, "--truth", "binary", *otsu, "--json")
    assert code == 0
    (row,) = json.loads(stdout)
    assert row["pictures"] == row["scored"] == pictures
    assert round(row["value"], 4) == expected


def test_the_preset_nuclei_finds_nuclei_of_all_kinds_of_pictures(data_root):
    """Every eleventh picture: fluorescence, purple tissue and bright field. They give .508, all 222 give .507."""
    from classicseg.datasets import open_dataset
    from classicseg.metrics import score

    found = []
    for sample in open_dataset(f"instances:{data_root / 'dsb2018'}").samples[::11]:
        loaded = sample.read()
        labels = classicseg.segment(loaded.image.array, "nuclei")
        found.append(score(labels, loaded.truths, "instance.dsb2018", kind="instances"))
    assert len(found) == 21
    assert np.mean(found) >= 0.50


@pytest.fixture
def nuclei(data_root):
    """A 12-bit fluorescence picture and the number of its nuclei."""
    from skimage.measure import label

    path = sorted((data_root / "bbbc039" / "images").glob("*.tif"))[0]
    with Image.open(data_root / "bbbc039" / "masks" / f"{path.stem}.png") as mask:
        truth = label(np.asarray(mask)[:, :, 0], connectivity=1)
    return read_picture(path).array, int(truth.max())


def test_twelve_bits_need_a_data_range_and_the_warning_says_so(nuclei):
    image, _ = nuclei
    with pytest.warns(DataRangeWarning, match=r"data_range=\(0, 4095\)"):
        classicseg.segment(image, "otsu")


@pytest.mark.parametrize(("name", "parameters"), [("otsu", {"split_touching": 1.5}), ("meanshift", {})])
def test_nuclei_are_found_one_by_one(nuclei, name, parameters):
    image, count = nuclei
    labels = classicseg.segment(image, name, data_range=(0, 4095), **parameters)
    assert 0.7 * count < labels.max() < 1.4 * count


def test_every_method_gives_a_sensible_map_of_a_bsds_photograph(data_root, method):
    path = sorted((data_root / "BSDS500" / "data" / "images" / "val").glob("*.jpg"))[10]
    labels = classicseg.segment(read_picture(path).array, method)
    assert labels.shape == (321, 481) or labels.shape == (481, 321)
    # not one label, and not a label for every few pixels
    assert len(np.unique(labels)) >= 2
    assert labels.max() < labels.size / 40
