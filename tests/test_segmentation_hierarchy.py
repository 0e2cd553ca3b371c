"""`Segmentation.hierarchy`: made when asked for, for every method, on one scale."""

import copy
import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from reference.components import flood_fill_components

import classicseg
from classicseg import ImageError, ParameterError, PluginError, Segmentation, merging
from classicseg.base import Segmenter
from classicseg.hierarchy import Hierarchy

small = pytest.mark.small
FINER = {"edges", "ucm"}  # whose leaves are basins of all minima
pytestmark = pytest.mark.usefixtures("light_merging")


@pytest.fixture
def mask():
    mask = np.ones((12, 14), dtype=bool)
    mask[:3, :4] = mask[8, 5:9] = False
    return mask


@small
def test_leaves_are_the_connected_parts_of_the_labels(method, quick, small_picture, mask):
    for where in (None, mask):
        result = classicseg.run(small_picture, method, mask=where, **quick)
        hierarchy = result.hierarchy
        if method not in FINER:
            assert np.array_equal(hierarchy.leaves, flood_fill_components(result.labels, result.mask))
        assert np.array_equal(flood_fill_components(hierarchy.leaves, result.mask), hierarchy.leaves)
        assert hierarchy is result.hierarchy
        assert hierarchy.altitudes.min() >= 0
        assert hierarchy.altitudes.max() <= 1
        assert np.array_equal(hierarchy.cut(n_segments=1) > 0, result.mask)


@small
def test_the_whole_picture_becomes_one_segment(method, quick, small_picture):
    assert classicseg.run(small_picture, method, **quick).hierarchy.cut(n_segments=1).max() == 1


@small
def test_the_background_has_leaves_too():
    picture = np.zeros((5, 7), np.uint8)
    picture[1:4, 1:4] = 255
    picture[2, 2] = 0
    result = classicseg.run(picture, "otsu")
    assert result.n_labels == 1
    assert result.hierarchy.n_leaves == 3
    assert result.hierarchy.leaves[2, 1:5].tolist() == [2, 3, 2, 1]


@small
def test_the_same_picture_has_the_same_hierarchy_whatever_carries_it(method, quick, small_picture):
    first, *others = (
        classicseg.run(picture, method, **quick).hierarchy
        for picture in (small_picture, small_picture.astype(np.uint16) * 257, small_picture / 255)
    )
    for other in others:
        assert np.array_equal(first.parents, other.parents)
        assert np.array_equal(first.altitudes, other.altitudes)


def test_threads_make_no_difference(method, photograph):
    first, *others = (classicseg.run(photograph, method, threads=threads).hierarchy for threads in (1, 2, 3))
    for other in others:
        assert np.array_equal(first.leaves, other.leaves)
        assert np.array_equal(first.parents, other.parents)
        assert np.array_equal(first.altitudes, other.altitudes)


@small
def test_a_run_that_does_not_ask_makes_none(method, quick, small_picture, monkeypatch):
    def fail(*_):
        raise AssertionError("nobody asked")

    if method == "ucm":
        pytest.skip("its labels are a cut of its hierarchy")
    monkeypatch.setattr(Hierarchy, "__post_init__", fail)
    monkeypatch.setattr(merging, "hierarchy_of", fail)
    classicseg.run(small_picture, method, **quick)


@small
def test_copies_and_pickles_have_one_too(small_picture):
    result = classicseg.run(small_picture, "kmeans")
    early = [pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)]
    expected = result.hierarchy
    late = [pickle.loads(pickle.dumps(result)), copy.deepcopy(result)]
    for other in early + late:
        assert np.array_equal(other.hierarchy.parents, expected.parents)
        assert np.array_equal(other.hierarchy.altitudes, expected.altitudes)


@small
def test_without_a_picture_or_a_pixel_there_is_none(small_picture):
    result = classicseg.run(small_picture, "kmeans")
    bare = Segmentation(result.labels, result.mask, result.segmenter)
    with pytest.raises(ImageError, match=r"holds no picture.*segmenter\.run\(image\)"):
        _ = bare.hierarchy
    nothing = classicseg.run(small_picture, "kmeans", mask=np.zeros((12, 14), bool))
    with pytest.raises(ImageError, match=r"no pixel of the picture counts"):
        _ = nothing.hierarchy


@small
def test_a_cut_has_other_labels_and_the_whole_hierarchy(small_picture):
    result = classicseg.run(small_picture, "kmeans", n_clusters=6)
    cut = result.cut(n_segments=2)
    assert np.array_equal(cut.labels, result.hierarchy.cut(n_segments=2))
    assert cut.hierarchy is result.hierarchy
    assert cut.n_labels == 2 < result.n_labels
    assert cut.findings is result.findings
    assert np.array_equal(result.cut(threshold=0.05).labels, result.hierarchy.cut(threshold=0.05))
    with pytest.raises(ParameterError, match="n_segments=0 is not allowed"):
        result.cut(n_segments=0)


@small
def test_cuts_keep_to_the_smallest_size(method, quick, small_picture, mask):
    """Every segment has as many pixels, though leaves may be smaller; an island of the mask has no one to join."""
    mask[:, 12] = False
    island = np.zeros_like(mask)
    island[:, 13] = True
    result = classicseg.run(small_picture, method, mask=mask, **{**quick, "min_size": 15})
    for how in ({"n_segments": 9}, {"n_segments": 4}, {"threshold": 0.0}, {"threshold": 0.2}):
        labels = result.cut(**how).labels
        assert np.array_equal(labels > 0, mask)
        assert np.array_equal(flood_fill_components(labels, mask), labels)
        assert np.unique(labels[mask & ~island], return_counts=True)[1].min() >= 15


@pytest.mark.parametrize("finer", sorted(FINER))
def test_leaves_below_the_smallest_size_join_after_a_cut(finer, photograph):
    result = classicseg.run(photograph, finer, min_size=100)
    whole = classicseg.run(photograph, finer).hierarchy
    assert np.array_equal(result.hierarchy.altitudes, whole.altitudes)
    cut = result.cut(n_segments=40)
    assert np.bincount(whole.cut(n_segments=40).ravel())[1:].min() < 100 <= np.bincount(cut.labels.ravel())[1:].min()
    assert 5 < cut.n_labels < 40
    if finer == "ucm":
        asked = classicseg.run(photograph, finer, min_size=100, n_segments=40)
        assert np.array_equal(asked.labels, cut.labels)


@dataclass(frozen=True, kw_only=True)
class PluggedIn(Segmenter):
    """A method of another package, with a hierarchy of its own."""

    name: ClassVar[str] = "plugged"
    makes: ClassVar[str] = "classes"

    makes_hierarchy: str = "whole"

    def __post_init__(self):
        pass

    def _segment(self, image, context):
        return np.indices(image.shape).sum(axis=0) % 2, {}

    def _hierarchy(self, found, image, context):
        if self.makes_hierarchy == "nothing":
            return 3
        if self.makes_hierarchy == "error":
            raise KeyError("lost")
        if self.makes_hierarchy == "smaller":
            return Hierarchy([[1, 2]], [0, 1], [0, 0])
        return Hierarchy(found.mask.astype(int), [0], [0])


@small
def test_a_plug_in_may_have_a_hierarchy_of_its_own(small_picture, mask):
    assert PluggedIn().run(small_picture, mask=mask).hierarchy.n_leaves == 1
    for wrong, words in (("nothing", "gave int"), ("smaller", "leaves cover the mask"), ("error", "KeyError: 'lost'")):
        result = PluggedIn(makes_hierarchy=wrong).run(small_picture, mask=mask)
        with pytest.raises(PluginError, match=rf"plug-in method 'plugged'.*{words}"):
            _ = result.hierarchy
