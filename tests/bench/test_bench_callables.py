"""Plain functions beside our methods: what they do wrong is the failure of a picture."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import classicseg
from classicseg.bench.callables import CallableSource
from classicseg.bench.run import compute
from classicseg.bench.sources import Entry
from classicseg.datasets import DataSet, Sample, Truths, made_scenes
from classicseg.io import Picture
from classicseg.metrics import find_score, score

small = pytest.mark.small


@pytest.fixture(scope="module")
def scenes():
    return DataSet("few", made_scenes(size=64).samples[:2])


def outcomes(function, dataset, **options):
    entry = Entry("mine", (CallableSource(function, **options),))
    return compute(dataset, [entry], [find_score("covering")], workers=1).outcomes


@small
def test_a_function_is_scored_as_the_method_that_it_calls(scenes):
    found = outcomes(lambda image: classicseg.segment(image, "kmeans", n_clusters=3), scenes)
    for each, sample in zip(found, scenes, strict=True):
        loaded = sample.read()
        labels = classicseg.segment(loaded.image.array, "kmeans", n_clusters=3)
        wanted = score(labels, loaded.truths, "covering", kind=loaded.kind, void=loaded.void)
        assert each.scores["covering"].value == wanted
        assert each.seconds > 0


@small
def test_a_function_may_do_with_its_picture_as_it_likes(scenes):
    loaded = scenes.samples[0].read()
    before = loaded.image.array.copy()

    def spoil(image):
        image[:] = 0
        return image[..., 0]

    CallableSource(spoil).run(loaded, None)
    assert np.array_equal(loaded.image.array, before)


@small
def test_the_mask_of_the_picture_is_kept():
    mask = np.array([[True, False]])
    picture = Picture(np.zeros((1, 2), np.uint8), mask, None, "x")
    sample = Sample("x", "classes", lambda: picture, lambda: Truths((np.array([[1, 2]], np.int32),)))
    (found,) = outcomes(lambda image: np.ones(image.shape, bool), DataSet("one", (sample,)))
    assert found.scores["covering"].value == 1.0
    assert found.labels == 1


def raising(error):
    def fails(image):
        raise error

    return fails


WRONG = {
    "shape": (lambda image: np.zeros((3, 3), int), "an array (3, 3)"),
    "channels": (lambda image: np.zeros(image.shape, int), "an array (64, 64, 3)"),
    "nothing": (lambda image: None, "an array ()"),
    "float": (lambda image: np.zeros(image.shape[:2]), "type float64"),
    "nan": (lambda image: np.full(image.shape[:2], np.nan), "4096 values NaN"),
    "negative": (lambda image: np.full(image.shape[:2], -1), "labels from -1 to -1"),
    "huge": (lambda image: np.full(image.shape[:2], 2**40), "2147483647"),
    "text": (lambda image: np.full(image.shape[:2], "x"), "type <U1"),
    "ragged": (lambda image: [[1], [1, 2]], "ValueError"),
    "error": (raising(KeyError("model")), "failed: KeyError: 'model'"),
    "memory": (raising(MemoryError("gpu")), "MemoryError"),
    "exit": (lambda image: sys.exit(3), "failed: SystemExit: 3"),
}


@small
@pytest.mark.parametrize("case", WRONG)
def test_what_a_function_does_wrong_is_the_failure_of_each_picture_and_names_it(scenes, case):
    function, words = WRONG[case]
    found = outcomes(function, scenes, name="mine")
    assert len(found) == 2
    for each in found:
        assert "the function mine" in each.error
        assert words in each.error
        assert not each.scores


@small
def test_results_are_known_again_by_a_version_alone(scenes, tmp_path):
    calls = []

    def counted(image):
        calls.append(1)
        return np.ones(image.shape[:2], int)

    def run(version):
        entry = Entry("mine", (CallableSource(counted, version=version),))
        return compute(scenes, [entry], [find_score("covering")], workers=1, folder=tmp_path)

    assert CallableSource(counted).facts("x") is None
    for version, total in ((None, 2), (None, 4), ("1", 6), ("1", 6), ("2", 8)):
        run(version)
        assert len(calls) == total


@small
def test_a_lambda_goes_to_another_process(scenes):
    cloudpickle = pytest.importorskip("cloudpickle")
    offset = 5
    source = CallableSource(lambda image: image[..., 0] > offset)
    wrapped = cloudpickle.dumps(source)
    again = cloudpickle.loads(wrapped)
    loaded = scenes.samples[0].read()
    assert np.array_equal(again.run(loaded, None).labels, loaded.image.array[..., 0] > offset)
    assert "lambda" in again.parameters["function"]
