"""Graph-based segments: the whole call beside scikit-image's, and what its parameters do."""

import numpy as np
import pytest
from reference.components import flood_fill_components
from skimage import data

import classicseg
from classicseg import Felzenszwalb
from classicseg.metrics.contingency import contingency_table
from classicseg.metrics.regions import adjusted_rand_index


@pytest.mark.parametrize(("scale", "sigma", "min_size"), [(100, 0.8, 20), (400, 1.2, 0)])
def test_the_raw_partition_in_rgb_is_scikit_images(scale, sigma, min_size):
    """Smoothing goes on differently beyond the border, hence not all pixels."""
    from skimage.segmentation import felzenszwalb

    picture = data.astronaut()[40:200, 140:340]
    theirs = felzenszwalb(picture, scale, sigma, min_size)
    ours = Felzenszwalb(
        scale=scale * 100 / np.sqrt(3) / 255, sigma=sigma, min_size=min_size, connectivity=2, connected=False,
        space="rgb",
    ).segment(picture)  # fmt: skip
    assert adjusted_rand_index(contingency_table(ours, theirs + 1)) > 0.98


@pytest.mark.small
def test_corners_connect_at_connectivity_2_until_they_are_parted():
    board = np.kron([[0, 1], [1, 0]], np.full((3, 3), 255)).astype(np.uint8)
    settings = {"sigma": 0, "scale": 1, "min_size": 0}
    assert classicseg.segment(board, "felzenszwalb", **settings).max() == 4
    raw = classicseg.segment(board, "felzenszwalb", connectivity=2, connected=False, **settings)
    assert raw.max() == 2
    assert classicseg.segment(board, "felzenszwalb", connectivity=2, **settings).max() == 4


@pytest.mark.parametrize("connectivity", [1, 2])
def test_segments_are_connected_and_large_enough(photograph, connectivity):
    result = classicseg.run(photograph, "felzenszwalb", min_size=40, connectivity=connectivity)
    sizes = np.bincount(flood_fill_components(result.labels).ravel())[1:]
    assert len(sizes) == result.n_labels < result.findings["n_grown"]
    assert sizes.min() >= 40


@pytest.mark.small
def test_a_larger_scale_and_more_smoothing_give_fewer_segments(small_picture):
    counts = [
        classicseg.segment(small_picture, "felzenszwalb", min_size=0, sigma=0, scale=scale).max()
        for scale in (1, 10, 1e5)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 1
