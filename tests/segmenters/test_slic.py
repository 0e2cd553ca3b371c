"""SLIC: what it promises, and its quality beside scikit-image's and beside plain squares."""

import numpy as np
import pytest
from reference.components import flood_fill_components

import classicseg
from classicseg import ParameterError, Slic
from classicseg.image import as_image
from classicseg.kernels.slic import superpixels


def spread(planes, labels):
    """The mean squared distance of pixels from the mean colour of their superpixel."""
    flat, numbers = planes.reshape(len(planes), -1).astype(np.float64), labels.ravel()
    sizes = np.bincount(numbers)
    means = [np.bincount(numbers, plane) / np.maximum(sizes, 1) for plane in flat]
    return sum(((plane - mean[numbers]) ** 2).mean() for plane, mean in zip(flat, means, strict=True))


def test_superpixels_follow_colours_as_well_as_scikit_images(photograph):
    from skimage.segmentation import slic

    planes = as_image(photograph).in_space("lab")
    theirs = slic(photograph, n_segments=140, compactness=10, start_label=1)
    ours = classicseg.segment(photograph, "slic", n_segments=90)
    assert len(np.unique(ours)) <= len(np.unique(theirs))
    assert spread(planes, ours) < spread(planes, theirs)


@pytest.mark.parametrize("count", [30, 200])
def test_superpixels_are_connected_of_about_the_wanted_number_and_told_by_their_means(photograph, count):
    result = classicseg.run(photograph, "slic", n_segments=count)
    assert 0.7 * count < result.n_labels < 1.4 * count
    assert flood_fill_components(result.labels).max() == result.n_labels
    planes = as_image(photograph).in_space("lab")
    own = result.labels == 3
    np.testing.assert_allclose(result.findings["positions"][2], np.argwhere(own).mean(axis=0))
    np.testing.assert_allclose(result.findings["colors"][2], planes[:, own].mean(axis=1, dtype=np.float64))


def test_every_third_row_is_nearly_as_good_as_all(photograph):
    image = as_image(photograph)
    planes = image.in_space("lab")
    every, third, none = (
        superpixels(planes, image.mask, 60, 10.0, rounds, 1, None, stride).labels
        for rounds, stride in ((10, 1), (10, 3), (1, 1))
    )
    assert not np.array_equal(every, third)
    assert spread(planes, third) < 1.1 * spread(planes, every)
    assert spread(planes, third) < spread(planes, none)


@pytest.mark.small
def test_the_last_round_looks_at_all_pixels():
    """Two flat halves, whose border lies within a cell, on a row that is looked at in the last round only."""
    planes = np.zeros((1, 16, 8), dtype=np.float32)
    planes[:, 7:] = 50
    labels = superpixels(planes, np.ones((16, 8), dtype=bool), 2, 1.0, 4, 1, None, 3).labels
    assert (labels[:7] != labels[7:8]).all()
    assert all(len(np.unique(half)) <= 2 for half in (labels[:7], labels[7:]))


@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
@pytest.mark.parametrize(("size", "half", "count"), [(400, 200, 100), (100, 100, 1)])
def test_thin_masks_lose_no_pixel(rounds, size, half, count):
    """Row 3 alone, or with the lower half: a row that the first rounds do not look at."""
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    mask = np.zeros((size, size), dtype=bool)
    mask[3] = mask[half:] = True
    labels = classicseg.segment(picture, "slic", mask=mask, n_segments=count, max_num_iter=rounds)
    assert np.array_equal(labels > 0, mask)


@pytest.mark.small
@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
def test_rows_that_are_not_looked_at_are_somebodys(rounds):
    planes = np.random.default_rng(1).random((3, 16, 16)).astype(np.float32)
    for row in range(16):
        mask = np.zeros((16, 16), dtype=bool)
        mask[row] = True
        labels = superpixels(planes, mask, 1, 10.0, rounds, 1, None, 3).labels
        assert np.array_equal(labels >= 0, mask)


@pytest.mark.small
def test_more_superpixels_than_pixels_are_pixels():
    picture = np.arange(0, 250, 10, dtype=np.uint8).reshape(5, 5)
    assert classicseg.segment(picture, "slic", n_segments=1000).max() == 25


@pytest.mark.small
def test_one_colour_is_told_by_the_means_of_its_parts():
    picture = np.full((6, 9, 3), (90, 160, 30), dtype=np.uint8)
    mask = np.ones((6, 9), dtype=bool)
    mask[:, 4] = mask[3, 5:] = False
    for where, parts in ((None, 1), (mask, 3)):
        result = classicseg.run(picture, "slic", mask=where)
        assert np.array_equal(result.labels, flood_fill_components(result.mask, result.mask))
        positions, colors = result.findings["positions"], result.findings["colors"]
        assert result.n_labels == len(positions) == len(colors) == parts
        for label, (position, color) in enumerate(zip(positions, colors, strict=True), 1):
            own = result.labels == label
            assert np.array_equal(position, np.argwhere(own).mean(axis=0))
            assert np.array_equal(color, as_image(picture).in_space("lab")[:, 0, 0])


@pytest.mark.small
def test_more_compactness_gives_squarer_superpixels(small_picture):
    square = classicseg.segment(small_picture, "slic", n_segments=6, compactness=1e4)
    loose = classicseg.segment(small_picture, "slic", n_segments=6, compactness=0.1)
    planes = as_image(small_picture).in_space("lab")
    assert spread(planes, loose) < spread(planes, square)
    assert np.unique(square, return_counts=True)[1].min() > 0.7 * square.size / square.max()


@pytest.mark.small
def test_connected_cannot_be_off():
    with pytest.raises(ParameterError, match=r"connected=False has no meaning.*Leave connected at True"):
        Slic(connected=False)
