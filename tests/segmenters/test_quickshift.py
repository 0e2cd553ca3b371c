"""Quickshift, against scikit-image without its tie noise, and against a plain twin."""

import dataclasses

import numpy as np
import pytest
from reference import quickshift as plain
from reference.components import flood_fill_components, raster_numbers
from reference.lab import srgb_to_lab
from skimage import data

import classicseg
from classicseg import QuickShift


class NoNoise(np.random.Generator):
    """A generator whose normal numbers are all 0."""

    def normal(self, loc=0.0, scale=1.0, size=None):
        return np.full(size, loc)


@pytest.fixture
def quiet_quickshift(monkeypatch):
    """scikit-image's quickshift without the noise that it adds to the densities.

    Its loop takes a seed only and makes its generator by numpy.random.default_rng, which is where it gets another.
    """
    from skimage.segmentation import quickshift

    asked = []

    def without_noise(seed=None):
        asked.append(seed)
        return NoNoise(np.random.PCG64(0))

    def call(*arguments, **parameters):
        with monkeypatch.context() as patch:
            patch.setattr(np.random, "default_rng", without_noise)
            result = quickshift(*arguments, **parameters)
        assert asked, "scikit-image asked for no generator: its noise was not switched off"
        return result

    return call


PIECES = {
    "coffee": lambda: data.coffee()[:120, :160],
    "chelsea": lambda: data.chelsea()[80:200, 120:280],
    "astronaut": lambda: data.astronaut()[60:180, 150:310],
}


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize(
    "parameters",
    [
        {"kernel_size": 5, "max_dist": 10, "ratio": 0.5},
        {"kernel_size": 2, "max_dist": 5, "ratio": 0.8},
        {"kernel_size": 3, "max_dist": 200, "ratio": 1.0},
    ],
)
def test_raw_partition_is_scikit_images(quiet_quickshift, name, parameters):
    from sklearn.metrics import adjusted_rand_score

    picture = PIECES[name]()
    theirs = quiet_quickshift(picture, **parameters)
    ours = classicseg.segment(picture, "quickshift", connected=False, **parameters)
    assert theirs.max() > 3
    assert adjusted_rand_score(theirs.ravel(), ours.ravel()) >= 0.99


def lab_times(picture, ratio):
    lab = [[srgb_to_lab(*(v / 255 for v in pixel)) for pixel in row] for row in picture.tolist()]
    return np.moveaxis(np.array(lab, dtype=np.float32) * np.float32(ratio), -1, 0)


@pytest.mark.small
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("max_dist", [1.5, 4, 30])
@pytest.mark.parametrize("connected", [False, True])
def test_equals_the_plain_twin(masked, max_dist, connected):
    rng = np.random.default_rng(4)
    picture = rng.integers(90, 130, (9, 11, 3)).astype(np.uint8)
    picture[:, 5:] += 60
    mask = rng.random((9, 11)) > 0.25 * masked
    planes = lab_times(picture, 0.5)
    parents, distances = plain.tree(planes, mask, 1.0, plain.densities(planes, mask, 1.0))
    trees = plain.cut(parents, distances, max_dist)
    result = classicseg.run(
        picture, "quickshift", mask=mask, kernel_size=1, max_dist=max_dist, ratio=0.5, connected=connected
    )
    expected = flood_fill_components(trees, mask) if connected else raster_numbers(np.where(mask, trees + 1, 0))
    assert np.array_equal(result.labels, expected)
    assert result.findings["n_trees"] == len(np.unique(trees[mask]))
    assert np.array_equal(result.findings["parents"][mask], parents[mask])


@pytest.mark.small
def test_a_tree_that_jumps_is_one_label_raw_and_two_segments():
    """A bright pixel in the middle of a dark line: the dark pixels hang together past it."""
    picture = np.array([[20, 20, 250, 20, 20]], dtype=np.uint8)
    assert QuickShift(kernel_size=2, connected=False).segment(picture).tolist() == [[1, 1, 2, 1, 1]]
    assert QuickShift(kernel_size=2).segment(picture).tolist() == [[1, 1, 2, 3, 3]]


@pytest.mark.small
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_ratio_weighs_colour(ratio):
    picture = np.zeros((4, 8), dtype=np.uint8)
    picture[:, 4:] = 255
    labels = classicseg.segment(picture, "quickshift", kernel_size=1, max_dist=8, ratio=ratio)
    assert labels.max() == (1 if ratio == 0 else 2)


@pytest.mark.small
def test_without_links_every_pixel_is_a_segment():
    labels = classicseg.segment(np.zeros((3, 4), dtype=np.uint8), "quickshift", kernel_size=1, max_dist=0)
    assert labels.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]


@pytest.mark.small
def test_distances_are_those_to_the_parents(small_picture):
    findings = classicseg.run(small_picture, "quickshift", kernel_size=1, ratio=0.5).findings
    colors = lab_times(small_picture, 0.5).reshape(3, -1).T.astype(float)
    places = np.argwhere(np.ones((12, 14), dtype=bool))
    parents = findings["parents"].ravel()
    apart = np.sqrt(((colors - colors[parents]) ** 2).sum(axis=1) + ((places - places[parents]) ** 2).sum(axis=1))
    roots = parents == np.arange(len(parents))
    assert 0 < roots.sum() < 20
    assert np.isinf(findings["distances"].ravel()[roots]).all()
    np.testing.assert_allclose(findings["distances"].ravel()[~roots], apart[~roots], atol=1e-4)


@pytest.mark.small
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("own", [{}, {"connected": False}, {"ratio": 0.9, "space": "rgb"}])
def test_cuts_of_the_hierarchy_are_what_longer_links_give(masked, own):
    """For each length from the method's own on, below and above the longest link."""
    rng = np.random.default_rng(11)
    picture = rng.integers(60, 140, (8, 9, 3)).astype(np.uint8)
    picture[:, 4:] += 90
    mask = rng.random((8, 9)) > 0.2 * masked
    method = QuickShift(kernel_size=1, max_dist=2, **own)
    result = method.run(picture, mask=mask)
    lengths = np.unique(result.findings["distances"][mask])
    counts = set()
    for length in (2, 3.3, *lengths[np.isfinite(lengths) & (lengths > 2)][::9].tolist(), 1e4):
        labels = dataclasses.replace(method, max_dist=length, connected=True).segment(picture, mask=mask)
        assert np.array_equal(result.hierarchy.cut(threshold=method.altitude(length)), labels)
        counts.add(labels.max())
    assert len(counts) > 3
    assert result.hierarchy.cut(n_segments=3).max() == 3 or masked


@pytest.mark.small
def test_small_segments_go_where_the_tree_of_most_of_their_pixels_goes():
    rng = np.random.default_rng(5)
    picture = rng.integers(60, 140, (10, 12, 3)).astype(np.uint8)
    result = QuickShift(kernel_size=1, max_dist=3, min_size=4).run(picture)
    assert np.bincount(result.hierarchy.leaves.ravel())[1:].min() >= 4
    assert result.hierarchy.n_leaves == result.n_labels > 3
    assert result.hierarchy.cut(n_segments=1).max() == 1


@pytest.mark.small
def test_altitudes_of_links_rise_below_a_half():
    method = QuickShift()
    altitudes = [method.altitude(length) for length in (0, 1, 10, 100, 131, 200, 1e4)]
    assert altitudes == sorted(altitudes)
    assert 0 == altitudes[0] < altitudes[1] < altitudes[3] < altitudes[-1] < 0.5


def test_cuts_of_the_hierarchy_of_a_photograph(photograph):
    result = QuickShift().run(photograph)
    for length in (10, 11.5, 14, 20, 60):
        labels = QuickShift(max_dist=length).segment(photograph)
        assert np.array_equal(result.hierarchy.cut(threshold=QuickShift().altitude(length)), labels)
