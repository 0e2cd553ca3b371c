"""Segmenters that share steps give what each gives by itself."""

from __future__ import annotations

import dataclasses
import itertools
from typing import ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import classicseg
from classicseg.base import Segmenter
from classicseg.bench.nested import run_nested
from classicseg.bench.sources import Labelled, MethodSource
from classicseg.datasets import made_scenes
from classicseg.io import Picture
from classicseg.registry import make

small = pytest.mark.small

# Of each method, values that its last steps alone look at, and some that they do not.
FAMILIES = {
    "threshold": {"foreground": ["bright", "dark"], "connected": [False, True], "split_touching": [0, "auto"]},
    "kmeans": {"n_clusters": [2, 3], "connected": [False, True], "min_size": [0, 4]},
    "gmm": {"n_components": [3], "connected": [False, True], "min_size": [0, 4]},
    "meanshift": {"spatial_bandwidth": [2.0], "connected": [False, True], "min_size": [0, 4, 60]},
    "quickshift": {"kernel_size": [1, 2], "max_dist": [2, 6, 30], "connected": [False, True], "min_size": [0, 4]},
    "edges": {"detector": ["sobel", "canny"], "high_threshold": [4.0, 8.0], "gap": [0, 4], "min_size": [0, 4]},
    "felzenszwalb": {"scale": [20.0], "connected": [False, True], "min_size": [0, 4, 20]},
    "watershed": {"sigma": [0, 1], "markers": [0, 4], "height": [0, 2.0, 9.0], "min_size": [0, 4]},
    "slic": {"n_segments": [9], "min_size": [0, 60]},
    "ucm": {"gradient": ["sobel"], "level": [0.1, 0.5], "n_segments": [0, 3], "min_size": [0, 4]},
    "spectral": {"n_clusters": [3], "n_superpixels": [0], "connected": [False, True], "min_size": [0, 60]},
}  # fmt: skip


def family(method):
    values = FAMILIES[method]
    return [make(method, **dict(zip(values, chosen, strict=True))) for chosen in itertools.product(*values.values())]


def picture_of(array, mask=None):
    return Picture(array, mask, None, "made")


def require_same(segmenters, picture):
    """What comes out together is what each gives by itself; gives the label maps."""
    together = list(run_nested(segmenters, picture))
    for segmenter, found in zip(segmenters, together, strict=True):
        alone = segmenter.run(picture.array, mask=picture.mask, threads=1)
        assert isinstance(found, Labelled), found
        np.testing.assert_array_equal(found.labels, alone.labels, err_msg=repr(segmenter))
        assert found.labels.dtype == np.int32
        np.testing.assert_array_equal(found.mask, alone.mask)
        assert found.seconds > 0
    return [found.labels for found in together]


def _counting(real, calls):
    def counting(self, *arguments):
        calls.append(self.name)
        return real(self, *arguments)

    return counting


@pytest.fixture
def counted(monkeypatch):
    """How often each class took its first steps."""
    calls = []
    for name in ("watershed", "ucm", "kmeans", "felzenszwalb"):
        cls = type(make(name))
        step = "_uncut" if cls.cuts else "_segment"
        monkeypatch.setattr(cls, step, _counting(getattr(cls, step), calls))
    return calls


@small
def test_every_method_that_is_built_in_is_tried_here():
    assert FAMILIES.keys() == {
        name for name, each in classicseg.methods().items() if "classicseg." in str(each.segmenter)
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_together_as_alone(name, small_picture):
    mask = np.ones(small_picture.shape[:2], dtype=bool)
    mask[3:5, 2:9] = False
    maps = require_same(family(name), picture_of(small_picture, mask))
    assert len({labels.tobytes() for labels in maps}) > 1  # else there was nothing to tell apart


@settings(max_examples=15)
@given(arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 40, 90, 255])), st.randoms(use_true_random=False))
def test_the_order_is_of_no_account(array, random):
    mixed = [*family("watershed")[:8], *family("threshold")[:8], *family("felzenszwalb")]
    random.shuffle(mixed)
    require_same(mixed, picture_of(array))


def test_a_real_photograph(photograph):
    levels = [make("ucm", level=level, min_size=size) for level in (0.3, 0.6) for size in (0, 60)]
    require_same([*levels, *(make("meanshift", min_size=size) for size in (0, 20, 100))], picture_of(photograph))


def test_what_is_shared_is_computed_once(counted, small_picture):
    segmenters = [*family("ucm"), *family("watershed"), *family("kmeans"), *family("felzenszwalb")]
    assert all(isinstance(each, Labelled) for each in run_nested(segmenters, picture_of(small_picture)))
    # one gradient; two sigmas by two grids of markers; two numbers of clusters; each min_size is a step of the method
    assert {name: counted.count(name) for name in set(counted)} == {
        "ucm": 1,
        "watershed": 4,
        "kmeans": 2,
        "felzenszwalb": 3,
    }


@small
def test_nothing_is_kept_longer_than_it_is_needed(small_picture):
    from classicseg.bench import nested

    segmenters = family("watershed")
    steps = nested._Steps(picture_of(small_picture), None, segmenters)
    most = 0
    for segmenter in segmenters:
        steps.raw(segmenter, steps.image)
        most = max(most, len(steps._made))
    assert (most, steps._made) == (2, {})


@small
def test_an_error_is_told_to_all_that_share_its_step(small_picture, monkeypatch):
    def fail(*_):
        raise classicseg.ImageError("too flat")

    monkeypatch.setattr(type(make("watershed")), "_uncut", fail)
    found = list(run_nested([*family("watershed")[:4], make("kmeans")], picture_of(small_picture)))
    assert found[:4] == ["too flat"] * 4
    assert isinstance(found[4], Labelled)


@small
def test_a_picture_that_cannot_be_used_fails_for_each():
    nan = picture_of(np.full((4, 4), np.nan))
    found = list(run_nested(family("kmeans"), nan))
    assert len(found) == len(family("kmeans"))
    assert all("NaN" in each for each in found)


@small
def test_memory_is_asked_for_by_each(small_picture, monkeypatch):
    huge = 10**18  # bytes, more than any machine has
    monkeypatch.setattr(Segmenter, "_memory", lambda self, image: huge if self.min_size else 1)
    for segmenter, each in zip(family("kmeans"), run_nested(family("kmeans"), picture_of(small_picture)), strict=True):
        assert isinstance(each, str) == bool(segmenter.min_size), each


@small
def test_a_picture_without_a_pixel_that_counts(small_picture):
    require_same(family("kmeans")[:2], picture_of(small_picture, np.zeros(small_picture.shape[:2], dtype=bool)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sly(Segmenter):
    """A method of somebody else's whose own step looks at `min_size`."""

    name: ClassVar[str] = "sly"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"

    def _segment(self, image, context):
        return np.full(image.shape, 1 + self.min_size // 9) + (np.arange(image.shape[1]) < self.min_size), {}


@small
def test_a_plug_in_shares_nothing(small_picture):
    require_same([Sly(min_size=size) for size in (0, 4, 4)] * 2, picture_of(small_picture))


def test_sources_run_together():
    sample = made_scenes(size=64).samples[0].read()
    sources = [MethodSource(make("watershed", height=height)) for height in (0, 3.0)]
    found = list(MethodSource.run_all(sources, sample, None))
    for source, each in zip(sources, found, strict=True):
        np.testing.assert_array_equal(each.labels, source.run(sample, None).labels)
