"""Data sets by name or path; and real ones, found by CLASSICSEG_DATA, with the figures that plain OpenCV gives."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from classicseg.datasets import DataSet, Sample, Truths, made_scenes, open_dataset
from classicseg.errors import ImageError, ParameterError
from classicseg.io.read import Picture
from classicseg.metrics import mean_score, score

small = pytest.mark.small


@small
def test_scenes_are_opened_by_name():
    data = open_dataset("scenes")
    assert data.name == "scenes"
    assert data.kind is None  # classes and instances
    assert [sample.name for sample in data] == [sample.name for sample in made_scenes()]


@small
def test_a_kind_keeps_the_scenes_that_have_it():
    assert [sample.name for sample in open_dataset("scenes", kind="instances")] == [
        "touching-1",
        "touching-2",
        "touching-3",
    ]
    classes = open_dataset("scenes", kind="classes")
    assert len(classes) == 15
    assert classes.kind == "classes"
    with pytest.raises(ParameterError, match=r"none of the made scenes.*'binary'.*'classes' and 'instances'"):
        open_dataset("scenes", kind="binary")


def make_root(root):
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
        assert cv2.imwrite(str(root / part / "a.png"), np.eye(5, dtype=np.uint8))
    return root


@small
@pytest.mark.parametrize("spell", [str, Path])
def test_a_folder_is_opened_by_its_path(tmp_path, spell):
    data = open_dataset(spell(make_root(tmp_path / "set")), kind="binary", data_range=(0, 1))
    assert (data.name, data.kind, data.data_range) == ("set", "binary", (0, 1))
    np.testing.assert_array_equal(data.samples[0].read().truths[0], np.eye(5))


@small
def test_a_folder_called_scenes_is_opened_by_a_path(tmp_path, monkeypatch):
    make_root(tmp_path / "scenes")
    monkeypatch.chdir(tmp_path)
    assert len(open_dataset("./scenes", kind="binary")) == 1
    assert len(open_dataset("scenes")) == 18


@small
def test_the_kind_of_a_folder_has_to_be_said(tmp_path):
    with pytest.raises(ParameterError, match=r"kind of the truths.*not said.*'binary'.*Say which"):
        open_dataset(make_root(tmp_path))


@small
def test_what_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"'scnes' is not known.*'scenes'.*images\|image"):
        open_dataset("scnes", kind="classes")
    with pytest.raises(ParameterError, match="kind='objects'"):
        open_dataset("scenes", kind="objects")


@small
def test_void_has_the_size_of_the_picture():
    def sample(void):
        picture = Picture(array=np.zeros((3, 4), np.uint8), mask=None, color=None, name="a")
        return Sample("a", "classes", lambda: picture, lambda: Truths((np.ones((3, 4), np.int32),), void))

    good = np.eye(3, 4, dtype=bool)
    assert sample(good).read().void is good
    assert sample(good).read_void() is good
    with pytest.raises(ImageError, match=r"a: the picture has 3 x 4 pixels .*its void 4 x 3"):
        sample(good.T).read()
    assert len(DataSet("one", (sample(None),))) == 1


ROOT = os.environ.get("CLASSICSEG_DATA", "")
with_data = pytest.mark.skipif(
    not Path(ROOT, "dsb2018").is_dir(), reason="CLASSICSEG_DATA names no folder of data sets"
)


@small
@with_data
@pytest.mark.parametrize(
    ("name", "images", "count", "figure"), [("dsb2018", "images", 222, 0.6553), ("isbi2012_em", "image", 15, 0.6641)]
)
def test_real_folders_are_found_whole_and_otsu_of_opencv_scores_its_known_figure(name, images, count, figure):
    data = open_dataset(Path(ROOT, name), kind="binary")
    assert (data.name, len(data)) == (name, count)
    assert {sample.path for sample in data} == set(Path(ROOT, name, images).glob("*.png"))
    values = []
    for sample in data:
        loaded = sample.read()
        array = loaded.image.array
        grey = array if array.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(array[:, :, :3]), cv2.COLOR_RGB2GRAY)
        _, found = cv2.threshold(grey, 0, 1, cv2.THRESH_OTSU)
        values.append(score(found, loaded.truths[0], "iou.foreground", kind=loaded.kind, foreground="bright"))
    mean, scored = mean_score(values)
    assert scored == count
    assert round(mean, 4) == figure


@small
@with_data
def test_the_instances_of_a_real_folder_keep_their_numbers():
    sample = open_dataset(Path(ROOT, "dsb2018"), kind="instances").samples[0]
    path = Path(ROOT, "dsb2018", "labels", f"{sample.name}.tif")
    np.testing.assert_array_equal(sample.read_truths()[0], cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
