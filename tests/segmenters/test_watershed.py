"""The watershed of the gradient: scikit-image's road to the same segments, and what its parameters do."""

import numpy as np
import pytest
from reference.components import flood_fill_components, raster_numbers

import classicseg
from classicseg import ParameterError, Watershed
from classicseg.gradients import gradient_magnitude
from classicseg.image import as_image
from classicseg.kernels.watershed import to_levels


def test_the_basins_of_all_minima_are_scikit_images(photograph):
    """Markers of one level start in another order there, hence not all pixels."""
    from skimage.segmentation import watershed

    image = as_image(photograph)
    levels = to_levels(gradient_magnitude(image.in_space("lab"), image.mask, 1.0), 1 / 256)
    theirs = watershed(levels, connectivity=1)
    result = classicseg.run(photograph, "watershed", sigma=1.0, height=0, markers=0)
    assert result.n_labels == result.findings["n_markers"] == theirs.max()
    assert np.mean(result.labels == raster_numbers(theirs)) > 0.98


def test_more_height_joins_segments(photograph):
    fine, coarse = (classicseg.segment(photograph, "watershed", height=height) for height in (0.3, 1.5))
    assert 1 < coarse.max() < fine.max()
    assert len(np.unique(fine.astype(np.int64) * 10_000 + coarse)) == fine.max()


@pytest.mark.parametrize("count", [20, 150])
def test_a_grid_of_markers_gives_about_so_many_connected_segments(photograph, count):
    result = classicseg.run(photograph, "watershed", markers=count)
    assert 0.7 * count < result.n_labels < 1.4 * count
    assert result.n_labels == result.findings["n_markers"] == flood_fill_components(result.labels).max()


@pytest.mark.small
def test_parts_of_a_mask_that_no_marker_reaches_are_segments_too():
    mask = np.ones((5, 9), dtype=bool)
    mask[:, 1::2] = False
    labels = classicseg.segment(np.zeros((5, 9), np.uint8), "watershed", mask=mask, markers=1)
    assert labels[mask].reshape(5, 5).tolist() == [[1, 2, 3, 4, 5]] * 5


@pytest.mark.small
def test_connected_cannot_be_off():
    with pytest.raises(ParameterError, match=r"connected=False has no meaning.*Leave connected at True"):
        Watershed(connected=False)
