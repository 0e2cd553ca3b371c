"""Methods over a data set: one row a method, failures counted, the same road as segment and score."""

from __future__ import annotations

import math

import numpy as np
import pytest

import classicseg
from classicseg.bench import Entry, run_benchmark
from classicseg.datasets import DataSet, Sample, Truths, made_scenes
from classicseg.errors import ImageError
from classicseg.io import Picture
from classicseg.metrics import score
from classicseg.registry import make


@pytest.fixture(scope="module")
def scenes():
    chosen = [sample for sample in made_scenes(size=64) if sample.name in ("flat-1", "noise-2", "touching-1")]
    return DataSet("few", tuple(chosen))


def broken():
    raise ImageError("the picture is torn")


def test_a_row_is_the_mean_of_what_segment_and_score_give(scenes):
    entries = [Entry("two", make("kmeans", n_clusters=2)), Entry("otsu", make("otsu"))]
    seen = []
    rows = run_benchmark(scenes, entries, "iou.hungarian", advance=seen.append)
    assert [row.method for row in rows] == ["two", "otsu"]
    for row, entry in zip(rows, entries, strict=True):
        expected = []
        for sample in scenes:
            loaded = sample.read()
            labels = entry.segmenter.segment(loaded.image.array)
            expected.append(score(labels, loaded.truths[0], "iou.hungarian", kind=sample.kind))
        assert row.value == pytest.approx(np.mean(expected), abs=1e-12)
        assert (row.pictures, row.scored, row.failed) == (3, 3, 0)
        assert row.parameters == entry.segmenter.get_params()
        assert row.seconds > 0
    assert [(result.picture, result.method) for result in seen[:2]] == [("flat-1", "two"), ("flat-1", "otsu")]


def test_a_picture_that_fails_is_counted_and_the_rest_goes_on(scenes):
    torn = Sample("torn", "classes", broken, broken)
    banded = Picture(np.zeros((8, 8, 4), np.uint8), None, None, "banded")
    refused = Sample("refused", "classes", lambda: banded, lambda: Truths((np.zeros((8, 8), np.int32),)))
    dataset = DataSet("with trouble", (torn, *scenes.samples, refused))
    errors = []
    (row,) = run_benchmark(dataset, [Entry("otsu", make("otsu"))], "covering", advance=lambda r: errors.append(r.error))
    assert (row.pictures, row.scored, row.failed) == (5, 3, 2)
    assert "torn" in errors[0]
    assert "4 channels came" in errors[-1]
    assert not math.isnan(row.value)


def test_several_truths_are_averaged_and_void_is_left_out():
    image = np.array([[0, 0, 255, 255]], np.uint8)
    truths = (np.array([[1, 1, 2, 2]], np.int32), np.array([[1, 1, 1, 2]], np.int32))
    void = np.array([[False, False, False, True]])
    for hidden, expected in ((None, (1 + (2 / 3 + 1 / 2) / 2) / 2), (void, (1 + 2 / 3) / 2)):
        sample = Sample(
            "one",
            "classes",
            lambda: Picture(image, None, None, "one"),
            lambda hidden=hidden: Truths(truths, hidden),
        )
        entry = Entry("kmeans", classicseg.KMeans(n_clusters=2))
        (row,) = run_benchmark(DataSet("one", (sample,)), [entry], "iou.hungarian")
        assert row.value == pytest.approx(expected)


def test_an_oracle_says_so(scenes):
    (row,) = run_benchmark(scenes, [Entry("otsu", make("otsu"))], "iou.majority")
    assert row.oracle is True
    assert row.chosen == "fixed"
