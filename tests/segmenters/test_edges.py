"""Edges, closed contours, watershed."""

import subprocess
import sys

import numpy as np
import pytest
from reference.components import flood_fill_components

import classicseg
from classicseg import Edges, ParameterError
from classicseg.gradients import gradient_magnitude
from classicseg.image import as_image


def walled(opening):
    """Two halves of one grey, parted by a bright wall with an opening of so many rows: 40 x 60."""
    picture = np.full((40, 60), 90, dtype=np.uint8)
    picture[:, 29:32] = 230
    picture[20 - opening // 2 : 20 + (opening + 1) // 2, 29:32] = 90
    return picture


@pytest.mark.parametrize("detector", ["sobel", "canny"])
def test_a_closed_wall_parts_the_halves(detector):
    labels = classicseg.segment(walled(0), "edges", detector=detector, sigma=1.0)
    assert labels[20, 5] != labels[20, 55]
    assert len(np.unique(labels[:, :25])) == len(np.unique(labels[:, 36:])) == 1


@pytest.mark.parametrize("detector", ["sobel", "canny"])
def test_a_gap_in_the_contour_is_closed_when_it_is_narrow_enough(detector):
    picture = walled(6)
    closed = classicseg.segment(picture, "edges", detector=detector, sigma=1.0, gap=10)
    assert closed[20, 5] != closed[20, 55]
    assert len(np.unique(closed[:, :25])) == len(np.unique(closed[:, 36:])) == 1
    open_ = classicseg.segment(picture, "edges", detector=detector, sigma=1.0, gap=0)
    assert open_[20, 5] == open_[20, 55]


@pytest.mark.parametrize("detector", ["sobel", "canny"])
def test_contours_are_closed_and_contour_pixels_belong_to_a_segment(detector):
    """A disc on a ground: one segment each, which meet where the disc ends, and no pixel is left over."""
    rows, columns = np.indices((50, 60))
    away = np.hypot(rows - 25, columns - 30)
    picture = np.where((away <= 15)[..., np.newaxis], [230, 90, 60], [40, 60, 110]).astype(np.uint8)
    result = classicseg.run(picture, "edges", detector=detector, sigma=1.0)
    assert result.n_labels == 2
    assert (result.labels > 0).all()
    assert (result.labels[away < 14] == 2).all()
    assert (result.labels[away > 16.5] == 1).all()


def test_narrow_pieces_between_contours_are_segments_of_their_own():
    """A stripe of 5 pixels is nowhere farther than half of a gap of 8 from its edges."""
    picture = np.full((30, 40), 40, dtype=np.uint8)
    picture[:, 17:22] = 200
    labels = classicseg.segment(picture, "edges", sigma=0.5, gap=8)
    assert len({int(label) for label in labels[15, [5, 19, 35]]}) == 3
    assert labels.max() == 3


@pytest.mark.small
@pytest.mark.parametrize("detector", ["sobel", "canny"])
def test_a_flat_picture_has_no_edge_and_one_segment(detector):
    result = classicseg.run(np.full((10, 12), 90, dtype=np.uint8), "edges", detector=detector)
    assert (result.labels == 1).all()
    assert not result.findings["edges"].any()
    assert (result.findings["edge_share"], result.findings["n_markers"]) == (0, 1)


def test_canny_edges_are_scikit_images(photograph):
    from skimage.color import rgb2gray
    from skimage.feature import canny

    result = classicseg.run(photograph, "edges", detector="canny", sigma=1.5, low_threshold=1.0, high_threshold=3.0)
    lightness = as_image(photograph).lightness().astype(np.float64)
    assert np.array_equal(result.findings["edges"], canny(lightness, 1.5, 8.0, 24.0, mode="nearest"))
    # Grey is no lightness, but its edges at like thresholds are mostly the same, so the units are right.
    grey = canny(rgb2gray(photograph) * 100, 1.5, 8.0, 24.0, mode="nearest")
    assert 0.5 < grey.sum() / result.findings["edges"].sum() < 2


def ramp(slope):
    """Bands whose mean rises by `slope` (of 0..100) a pixel over the middle third: (20, 60)."""
    return np.broadcast_to(np.clip(np.arange(60) - 20, 0, 20) * slope / 100, (20, 60))


@pytest.mark.parametrize("detector", ["sobel", "canny"])
def test_thresholds_are_slopes_a_pixel(detector):
    for threshold, seen in ((3.9, True), (4.1, False)):
        result = classicseg.run(
            ramp(4.0), "edges", color="multiband", detector=detector, sigma=1.0, low_threshold=threshold,
            high_threshold=threshold,
        )  # fmt: skip
        assert result.findings["edges"].any() == seen


@pytest.mark.parametrize("masked", [False, True])
def test_sobel_edges_are_the_strong_ones_and_the_weak_ones_tied_to_them(photograph, masked):
    mask = np.ones(photograph.shape[:2], dtype=bool)
    if masked:
        mask[30:50, 40:90] = False
    low, high = 2.0, 8.0
    result = classicseg.run(photograph, "edges", mask=mask, sigma=1.0, low_threshold=low, high_threshold=high)
    image = as_image(photograph, mask=mask)
    gradient = gradient_magnitude(image.in_space("lab"), mask, 1.0)
    pieces = flood_fill_components(gradient >= low, mask & (gradient >= low))
    expected = np.isin(pieces, np.unique(pieces[(gradient >= high) & mask])) & (pieces > 0)
    assert 0 < expected.sum() < (gradient >= low).sum()
    assert np.array_equal(result.findings["edges"], expected)
    assert result.findings["edge_share"] == pytest.approx(expected[mask].mean())


def test_sobel_sees_edges_of_colour_that_canny_does_not():
    """Red and green of one lightness."""
    picture = np.zeros((20, 40, 3), dtype=np.uint8)
    picture[:, :20], picture[:, 20:] = (200, 60, 60), (20, 130, 20)
    lightness = as_image(picture).lightness()
    assert np.ptp(lightness) < 1
    assert classicseg.segment(picture, "edges", detector="sobel", sigma=1.0).max() == 2
    assert classicseg.segment(picture, "edges", detector="canny", sigma=1.0).max() == 1


@pytest.mark.small
def test_gradient_reaching_the_threshold_is_an_edge():
    """A slope of exactly 25 a pixel, on bands, without smoothing."""
    picture = np.broadcast_to(np.clip(np.arange(12) - 4, 0, 4) / 4, (6, 12))
    for threshold, seen in ((25.0, True), (25.001, False)):
        edges = Edges(sigma=0, low_threshold=threshold, high_threshold=threshold)
        assert edges.run(picture, color="multiband").findings["edges"].any() == seen


@pytest.mark.small
def test_the_masks_border_is_no_edge():
    picture = np.full((12, 14), 90, dtype=np.uint8)
    mask = np.ones((12, 14), dtype=bool)
    mask[4:8, 5:9] = False
    picture[~mask] = 255
    result = classicseg.run(picture, "edges", mask=mask)
    assert not result.findings["edges"].any()
    assert np.array_equal(result.labels, mask)


@pytest.mark.small
def test_parts_of_the_mask_that_are_all_edge_are_segments_too():
    picture = np.zeros((10, 14), dtype=np.uint8)
    picture[:, 7:] = 255
    mask = np.ones((10, 14), dtype=bool)
    mask[:, 3:6] = mask[:, 8:11] = False  # leaves two columns at the edge, apart from the rest
    result = classicseg.run(picture, "edges", mask=mask, sigma=0)
    assert result.findings["edges"][:, 6:8].all()
    assert result.labels[5, [0, 6, 7, 13]].tolist() == [1, 2, 2, 3]


@pytest.mark.parametrize("detector", ["sobel", "canny"])
def test_every_segment_is_connected(photograph, detector):
    labels = classicseg.segment(photograph, "edges", detector=detector, sigma=1.0)
    assert np.array_equal(flood_fill_components(labels), labels)
    assert labels.max() > 5


def test_canny_edges_are_scikit_images_inside_a_mask_too(photograph):
    from skimage.feature import canny

    mask = np.hypot(*(np.indices(photograph.shape[:2]) - np.array([48, 64])[:, None, None])) < 45
    mask[30:36, 50:80] = False
    result = classicseg.run(photograph, "edges", mask=mask, detector="canny", sigma=1.5)
    lightness = as_image(photograph, mask=mask).lightness().astype(np.float64)
    theirs = canny(lightness, 1.5, 16.0, 32.0, mask=mask, mode="nearest")
    assert theirs.sum() > 200
    assert (result.findings["edges"] & theirs).sum() >= 0.995 * max(theirs.sum(), result.findings["edges"].sum())


def test_labels_are_those_of_scikit_images_steps(photograph):
    """The definition, step by step in float64 by other libraries; rounding and plateaus leave few pixels to differ."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter, sobel
    from skimage.filters import apply_hysteresis_threshold
    from skimage.measure import label
    from skimage.segmentation import watershed

    planes = as_image(photograph).in_space("lab").astype(np.float64)
    smooth = [gaussian_filter(plane, 2.0, mode="nearest") for plane in planes]
    slopes = [sobel(plane, axis, mode="nearest") / 8 for plane in smooth for axis in (0, 1)]
    gradient = np.sqrt(sum(slope**2 for slope in slopes))
    free = ~apply_hysteresis_threshold(gradient, 2.0, 4.0)
    core = free & (distance_transform_edt(free) > 2)
    pieces = label(free, connectivity=1)
    seeds = core | (free & ~np.isin(pieces, np.unique(pieces[core])))
    expected = watershed(gradient, label(seeds, connectivity=1), connectivity=1)
    result = classicseg.run(photograph, "edges")
    assert result.findings["n_markers"] == expected.max()
    assert np.array_equal(result.findings["edges"], ~free)
    ours = np.empty(expected.max() + 1, dtype=int)
    ours[label(seeds, connectivity=1)[seeds]] = result.labels[seeds]
    assert (ours[expected] == result.labels).mean() > 0.998


def test_threads_change_nothing():
    from skimage import data

    photograph = data.coffee()  # 400 x 600: several chunks
    for detector in ("sobel", "canny"):
        one = classicseg.run(photograph, "edges", detector=detector, threads=1)
        for threads in (2, 3):
            other = classicseg.run(photograph, "edges", detector=detector, threads=threads)
            assert np.array_equal(other.labels, one.labels)
            assert np.array_equal(other.findings["edges"], one.findings["edges"])


STEPS = """
import sys
import numpy as np
from classicseg.image import as_image
picture = as_image(np.repeat(np.arange(0, 240, 80, dtype=np.uint8), 20)[None].repeat(40, 0))
from classicseg.base import Context
from classicseg.segmenters.edges import Edges
for detector in ("sobel", "canny"):
    labels, _ = Edges(detector=detector)._segment(picture, Context())
    assert labels.max() > 1
print([name for name in ("scipy.ndimage", "skimage", "sklearn", "cv2") if name in sys.modules])
"""


def test_without_a_mask_no_other_library_is_loaded():
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.small
def test_unconnected_segments_are_refused():
    with pytest.raises(ParameterError, match=r"connected=False has no meaning.*Leave connected at True"):
        Edges(connected=False)


@pytest.mark.small
def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(ParameterError, match=r"low_threshold=5\.0 is above high_threshold=4\.0"):
        Edges(low_threshold=5.0, high_threshold=4.0)


def dotted():
    """Two textures of one mean, 64 x 96: what differs is how the dots lie; and which pixels are of which."""
    generator = np.random.default_rng(2)
    fine = generator.integers(0, 2, (64, 96)) * 90 + 80
    coarse = np.kron(generator.integers(0, 2, (16, 24)), np.ones((4, 4), int)) * 90 + 80
    right = np.indices((64, 96))[1] >= 48
    return np.where(right, coarse, fine).astype(np.uint8), right


def test_differences_of_histograms_see_less_inside_of_textures():
    picture, _ = dotted()
    shares = {}
    for gradient in ("sobel", "mpb"):
        result = classicseg.run(picture, "edges", gradient=gradient)
        shares[gradient] = result.findings["edge_share"], result.n_labels
    assert shares["mpb"][0] < shares["sobel"][0]
    assert shares["mpb"][1] < shares["sobel"][1]


def test_mpb_edges_are_the_smoothed_strengths_at_15_delta_e_for_1(photograph):
    from scipy.ndimage import gaussian_filter

    from classicseg.gradients import boundary_strengths

    image = as_image(photograph)
    strengths = boundary_strengths(image.in_space("lab"), image.mask).oriented.max(axis=0).astype(np.float64)
    gradient = 15 * gaussian_filter(strengths, 2.0, mode="nearest")
    for threshold in (2.0, 4.0):
        result = classicseg.run(photograph, "edges", gradient="mpb", low_threshold=threshold, high_threshold=threshold)
        expected = gradient >= threshold
        assert 0.02 < expected.mean() < 0.98
        assert np.mean(result.findings["edges"] == expected) > 0.999
    assert classicseg.segment(photograph, "edges", gradient="mpb").max() > 3


def test_mpb_leaves_what_is_masked_alone(small_picture):
    mask = np.ones((12, 14), dtype=bool)
    mask[3:6, 2:9] = False
    other = small_picture.copy()
    other[~mask] = (9, 250, 77)
    one, two = (classicseg.run(p, "edges", mask=mask, gradient="mpb", sigma=1.0) for p in (small_picture, other))
    assert np.array_equal(one.labels, two.labels)
    assert not one.findings["edges"][~mask].any()
    assert np.array_equal(one.labels > 0, mask)


@pytest.mark.small
def test_mpb_is_refused_with_canny():
    with pytest.raises(ParameterError, match=r"gradient='mpb' does not go with detector='canny'.*leave gradient out"):
        Edges(detector="canny", gradient="mpb")


@pytest.mark.parametrize("parameters", [{}, {"detector": "canny"}, {"gradient": "mpb", "sigma": 1.0}])
def test_the_hierarchy_stands_on_the_basins_of_its_own_gradient(photograph, parameters):
    from classicseg.merging import contour_hierarchy

    result = classicseg.run(photograph, "edges", **parameters)
    image = as_image(photograph)
    if "gradient" in parameters:
        expected = contour_hierarchy(image, "mpb", 1.0)
    else:
        kind = "lightness" if "detector" in parameters else "sobel"
        expected = contour_hierarchy(image, kind, 0.0, slope_sigma=2.0)
    assert np.array_equal(result.hierarchy.leaves, expected.leaves)
    assert np.array_equal(result.hierarchy.altitudes, expected.altitudes)
    assert result.hierarchy.n_leaves > result.n_labels


def test_the_leaves_are_scikit_images_basins(photograph):
    """Of the gradient itself, whose strengths are 1 - exp(-s / 10)."""
    from skimage.segmentation import watershed

    image = as_image(photograph)
    theirs = watershed(gradient_magnitude(image.in_space("lab"), image.mask, 2.0), connectivity=1)
    leaves = classicseg.run(photograph, "edges").hierarchy.leaves
    both = len(np.unique(leaves.astype(np.int64) * 100_000 + theirs))
    assert abs(int(leaves.max()) - int(theirs.max())) <= 0.02 * theirs.max()
    assert both < 1.5 * theirs.max()
