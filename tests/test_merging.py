"""Region merging above label maps and above basins of boundaries."""

import numpy as np
import pytest
from reference.components import flood_fill_components

from classicseg import ParameterError
from classicseg.image import as_image
from classicseg.labels import components
from classicseg.merging import Contours, MergingRule, contour_hierarchy, contours_of, hierarchy_of

small = pytest.mark.small
# Un-compiled, histograms of half windows take seconds a picture; they have tests of their own.
GRADIENTS = ("mpb", pytest.param("sobel", marks=small), "lightness")


def same(one, other):
    return (
        np.array_equal(one.leaves, other.leaves)
        and np.array_equal(one.parents, other.parents)
        and np.array_equal(one.altitudes, other.altitudes)
        and np.array_equal(one.raw_altitudes, other.raw_altitudes)
    )


def check(hierarchy, mask):
    """Leaves are connected and cover the mask; altitudes lie in 0..1 and never fall."""
    assert np.array_equal(flood_fill_components(hierarchy.leaves, mask), hierarchy.leaves)
    assert np.array_equal(hierarchy.leaves > 0, mask)
    assert hierarchy.altitudes.min() >= 0
    assert hierarchy.altitudes.max() < 1
    assert (hierarchy.altitudes[hierarchy.parents] >= hierarchy.altitudes).all()
    islands = flood_fill_components(mask, mask)
    assert np.array_equal(hierarchy.cut(threshold=1.0), islands)
    merges = len(hierarchy.parents) - hierarchy.n_leaves
    assert merges == hierarchy.n_leaves - islands.max()


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_altitudes_lie_in_0_to_1_and_never_fall(small_picture, gradient):
    holed = np.ones(small_picture.shape[:2], dtype=bool)
    holed[5] = holed[8:, 9] = False  # three parts
    bands = np.dstack([small_picture, small_picture[::-1], small_picture[:, ::-1, 0]])
    for picture, mask in ((small_picture, None), (small_picture[:, :, 1], holed), (bands, holed)):
        image = as_image(picture, mask=mask)
        check(contour_hierarchy(image, gradient), image.mask)


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_a_grey_picture_and_its_copies_have_one_hierarchy(small_picture, gradient):
    grey = small_picture[:, :, 1]
    expected = contour_hierarchy(as_image(grey), gradient)
    assert same(contour_hierarchy(as_image(np.dstack([grey] * 3)), gradient), expected)
    band = contour_hierarchy(as_image(grey[:, :, np.newaxis], color="multiband"), gradient)
    assert same(contour_hierarchy(as_image(np.dstack([grey] * 4), color="multiband"), gradient), band)


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 1)])
def test_the_smallest_pictures(gradient, shape):
    generator = np.random.default_rng(0)
    for picture in (generator.integers(0, 256, (*shape, 3), np.uint8), np.full((*shape, 3), 7, np.uint8)):
        image = as_image(picture)
        check(contour_hierarchy(image, gradient), image.mask)
        each = np.arange(1, image.mask.size + 1, dtype=np.int32).reshape(shape)
        check(hierarchy_of(each, image, contours=contours_of(image, gradient)), image.mask)


@small
def test_one_region_alone_has_no_merge(small_picture):
    image = as_image(small_picture)
    alone = hierarchy_of(np.ones(image.shape, np.int32), image, contours=contours_of(image, "sobel"))
    assert (alone.parents.tolist(), alone.altitudes.tolist()) == ([0], [0])


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_the_most_alike_neighbours_merge_first(gradient):
    """Four stripes: two nearly alike, a third of their lightness, and one far from all."""
    colors = np.array([(90, 60, 60), (96, 64, 64), (60, 96, 60), (240, 240, 40)], dtype=np.uint8)
    image = as_image(np.repeat(np.repeat(colors[np.newaxis], 4, axis=1), 12, axis=0))
    labels = np.repeat(np.repeat(np.arange(1, 5, dtype=np.int32)[np.newaxis], 4, axis=1), 12, axis=0)
    hierarchy = hierarchy_of(labels, image, contours=contours_of(image, gradient))
    assert hierarchy.parents.tolist() == [4, 4, 5, 6, 5, 6, 6]
    assert hierarchy.cut(n_segments=3)[0, ::4].tolist() == [1, 1, 2, 3]


@small
def test_a_rule_of_strength_alone_gives_the_strengths():
    """Unlikeness is the mean strength m then, and the altitude m / (m + scale)."""
    image = as_image(np.zeros((2, 6), np.uint8))
    labels = np.repeat(np.array([[1, 2, 3]], dtype=np.int32), 2, axis=1).repeat(2, axis=0)
    oriented = np.repeat(np.array([[0, 0.25, 0.25, 0.25, 0.5, 0]], dtype=np.float32), 2, axis=0)[np.newaxis]
    rule = MergingRule(
        strength_power=1, color=0, color_scale=1, colors=0, texture=0, small_power=0, large_power=0, shared_power=0,
        spread_power=0, scale=0.25,
    )  # fmt: skip
    contours = Contours(image.in_space("lab"), oriented, np.zeros((2, 2, 6), np.uint8), rule)
    hierarchy = hierarchy_of(labels, image, contours=contours)
    assert hierarchy.parents.tolist() == [3, 3, 4, 4, 4]
    assert hierarchy.altitudes.tolist() == [0, 0, 0, 0.5, 0.6]  # .25 / .5, and .375 / .625
    wider = MergingRule(**{**vars(rule), "scale": 0.375})
    assert hierarchy_of(labels, image, contours=contours, rule=wider).altitudes[-1] == 0.5


@small
@pytest.mark.parametrize("wrong", ["canny", "MPB", "", None])
def test_an_unknown_gradient_is_refused(small_picture, wrong):
    for make in (contours_of, contour_hierarchy):
        with pytest.raises(ParameterError, match=rf"gradient={wrong!r} is not allowed.*'mpb', 'sobel', 'lightness'\."):
            make(as_image(small_picture), wrong)


@small
def test_strengths_of_slopes_are_those_of_the_formula(small_picture):
    from classicseg.gradients import gradient_magnitude

    image = as_image(small_picture)
    planes = image.in_space("lab")
    for gradient, steep in (("sobel", planes), ("lightness", planes[:1])):
        contours = contours_of(image, gradient, slope_sigma=1.0)
        slopes = gradient_magnitude(steep, image.mask, 1.0).astype(np.float64)
        assert contours.oriented.shape == (1, 12, 14)
        assert np.allclose(contours.oriented[0], 1 - np.exp(-slopes / 10), atol=1e-6)
        assert np.array_equal(contours.planes, planes)


def test_differences_of_histograms_are_sharpened_by_slopes(photograph):
    """22 parts of slopes at one pixel, of the same at all orientations, beside 100."""
    from classicseg.gradients import boundary_strengths

    image = as_image(photograph)
    coarse = boundary_strengths(image.in_space("lab"), image.mask).oriented
    fine = contours_of(image, "sobel", slope_sigma=1.0).oriented
    found = contours_of(image, "mpb").oriented
    assert found.shape == coarse.shape and 0 <= found.min() < 0.01 and 0.3 < found.max() <= 1
    np.testing.assert_allclose(found, (coarse + 0.22 * fine) / 1.22, atol=1e-6)


@pytest.mark.parametrize("gradient", GRADIENTS)
def test_what_the_mask_leaves_out_has_no_say(small_picture, gradient):
    mask = np.ones((12, 14), dtype=bool)
    mask[3:6, 2:9] = False
    other = small_picture.copy()
    other[~mask] = (9, 250, 77)
    one, two = (contour_hierarchy(as_image(picture, mask=mask), gradient) for picture in (small_picture, other))
    assert same(one, two)


def test_threads_make_no_difference(photograph):
    from skimage.data import coffee

    image = as_image(coffee()[:200, :300])
    labels, _ = components((image.lightness() / 10).astype(np.int32), image.mask)
    for make in (
        lambda threads: hierarchy_of(labels, image, threads),
        lambda threads: contour_hierarchy(image, "mpb", threads=threads),
        lambda threads: contour_hierarchy(image, "sobel", threads=threads),
    ):
        one, *others = (make(threads) for threads in (1, 2, 3))
        assert one.n_leaves > 100
        assert all(same(one, other) for other in others)


def test_merging_finds_the_parts_of_a_noisy_picture():
    """Sixteen squares, each in many basins of noise, come out as they are."""
    generator = np.random.default_rng(5)
    truth = np.arange(16).reshape(4, 4).repeat(24, axis=0).repeat(24, axis=1)
    colors = generator.permutation(np.stack(np.meshgrid([60, 110, 160, 210], [70, 130], [80, 180]), -1).reshape(16, 3))
    picture = np.clip(colors[truth] + generator.normal(0, 4, (*truth.shape, 3)), 0, 255).astype(np.uint8)
    hierarchy = contour_hierarchy(as_image(picture), "sobel")
    assert hierarchy.n_leaves > 60
    labels = hierarchy.cut(n_segments=16)
    most = [np.bincount(labels[truth == part]).max() for part in range(16)]
    assert labels.max() == 16
    assert sum(most) > 0.97 * truth.size
