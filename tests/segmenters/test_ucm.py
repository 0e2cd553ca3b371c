"""Contours at every scale: what its cuts find on pictures whose truth is known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from reference.components import flood_fill_components

import classicseg
from classicseg import UCM, ParameterError, merging
from classicseg.metrics import score

small = pytest.mark.small


def patches(rows, columns, size):
    """A board of so many flat patches of random colours, and their numbers."""
    truth = np.arange(rows * columns).reshape(rows, columns).repeat(size, axis=0).repeat(size, axis=1)
    levels = np.array([30, 130, 230])
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    chosen = np.random.default_rng(3).permutation(colors)[: rows * columns]
    return chosen.astype(np.uint8)[truth], truth + 1


@pytest.mark.parametrize("gradient", ["mpb", "sobel"])
@pytest.mark.parametrize("shape", [(1, 2), (2, 3), (3, 4)])
def test_as_many_segments_as_there_are_flat_patches_are_the_patches(gradient, shape):
    picture, truth = patches(*shape, 30)
    labels = classicseg.segment(picture, "ucm", gradient=gradient, n_segments=truth.max())
    assert labels.max() == truth.max()
    assert score(labels, truth, "covering") > 0.99  # what is missing are pixels where four meet


@pytest.mark.parametrize("gradient", ["mpb", pytest.param("sobel", marks=small)])
def test_flat_halves_are_found_exactly(gradient):
    picture = np.zeros((12, 14), np.uint8)
    picture[:, 6:] = 200
    result = classicseg.run(picture, "ucm", gradient=gradient, n_segments=2)
    assert np.array_equal(result.labels, np.where(np.arange(14) < 6, 1, 2)[np.newaxis].repeat(12, axis=0))


def test_made_scenes_of_flat_shapes_are_found():
    from classicseg.datasets.scenes import made_scene

    picture, classes = made_scene("flat")
    truth = flood_fill_components(classes)
    result = classicseg.run(picture, "ucm", gradient="sobel", sigma=0.0)
    labels = result.hierarchy.cut(n_segments=int(truth.max()))
    assert labels.max() == truth.max() > 5
    assert score(labels, truth, "covering") > 0.9


@small
def test_levels_0_and_1_are_the_leaves_and_the_whole(small_picture, monkeypatch):
    segmenter = UCM(gradient="sobel", level=0.0)
    fine = segmenter.run(small_picture)
    hierarchy = fine.findings["hierarchy"]
    assert np.array_equal(fine.labels, hierarchy.cut(threshold=0.0))
    monkeypatch.setattr(merging, "contour_hierarchy", lambda *_: hierarchy)  # the same, at other cuts
    for parameters in ({"level": 1.0}, {"n_segments": 1}):
        assert (replace(segmenter, **parameters).segment(small_picture) == 1).all()
    assert np.array_equal(replace(segmenter, n_segments=100_000).segment(small_picture), hierarchy.leaves)


def test_higher_levels_join_segments(photograph):
    levels = (0.0, 0.2, 0.4, 0.5, 0.7)
    found = [classicseg.run(photograph, "ucm", level=level) for level in levels]
    counts = [each.n_labels for each in found]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2] > counts[-1] >= 1
    for fine, coarse in pairwise(found):
        pairs = fine.labels.astype(np.int64) * 10_000 + coarse.labels
        assert len(np.unique(pairs)) == fine.n_labels


def test_the_hierarchy_is_the_one_that_was_cut(photograph):
    result = classicseg.run(photograph, "ucm", level=0.45)
    hierarchy = result.hierarchy
    assert hierarchy is result.findings["hierarchy"]
    assert hierarchy.n_leaves == result.findings["n_leaves"] == hierarchy.leaves.max()
    assert np.array_equal(hierarchy.cut(threshold=0.45), result.labels)
    assert np.array_equal(flood_fill_components(result.labels), result.labels)
    for count in (2, 5, 12):
        assert classicseg.segment(photograph, "ucm", n_segments=count).max() == count


def test_more_smoothing_leaves_fewer_leaves(photograph):
    leaves = [classicseg.run(photograph, "ucm", sigma=sigma).findings["n_leaves"] for sigma in (0.0, 1.0, 3.0)]
    assert leaves == sorted(leaves, reverse=True)
    assert len(set(leaves)) == 3


@small
def test_unconnected_segments_are_refused():
    with pytest.raises(ParameterError, match=r"ucm: connected=False has no meaning.*Leave connected at True"):
        UCM(connected=False)
