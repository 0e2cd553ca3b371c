"""Thresholds, against scikit-image, OpenCV and exact fractions."""

import importlib
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import otsu as plain
from skimage import data, filters

import classicseg
from classicseg import ImageError, ParameterError
from classicseg.grey import grey_levels, histogram
from classicseg.image import as_image
from classicseg.segmenters import threshold

PHOTOGRAPHS = ["coffee", "chelsea", "rocket", "camera", "coins", "moon", "page", "text", "cell"]


def grey_of(name):
    picture = getattr(data, name)()
    return picture, picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def lumpy(seed, levels=256):
    """A random picture of whole levels, two humps with gaps between the levels."""
    rng = np.random.default_rng(seed)
    allowed = np.sort(rng.choice(256, levels, replace=False))
    values = np.where(rng.random((40, 50)) < 0.3, rng.normal(60, 20, (40, 50)), rng.normal(170, 30, (40, 50)))
    return allowed[np.clip(np.searchsorted(allowed, values), 0, levels - 1)].astype(np.uint8)


def found(picture, **parameters):
    return classicseg.run(picture, "threshold", **parameters).findings


# --- grey levels ----------------------------------------------------------------------------------------------------


def test_luma_is_opencvs_to_the_last_digit():
    picture = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    levels = grey_levels(as_image(picture))
    assert levels.numbers.dtype == np.uint8
    assert np.array_equal(levels.numbers, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16])
def test_eight_bits_in_another_type_have_the_same_luma(dtype):
    picture = np.random.default_rng(1).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    carried = picture.astype(np.uint16) * 257 if dtype == np.uint16 else (picture / 255).astype(dtype)
    levels = grey_levels(as_image(carried))
    assert levels.numbers.dtype == np.uint8
    assert np.array_equal(levels.numbers, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


@pytest.mark.small
def test_other_samples_are_not_rounded():
    levels = grey_levels(as_image(np.array([[[0.1, 0.2, 0.7]]])))
    assert levels.numbers.dtype == np.float64
    assert levels.values()[0, 0] == pytest.approx(255 * (0.299 * 0.1 + 0.587 * 0.2 + 0.114 * 0.7), rel=1e-6)


@pytest.mark.small
def test_bands_give_their_first_principal_component():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(2)
    picture = np.clip(rng.random((9, 9, 1)) * [0.2, 0.7, 0.4, -0.3, 0.1] + rng.random((9, 9, 5)) * 0.1 + 0.3, 0, 1)
    levels = grey_levels(as_image(picture, color="multiband")).values()
    pca = PCA(1).fit(picture.reshape(-1, 5))
    loading = pca.components_[0] * np.sign(pca.components_[0].sum())
    loading /= np.abs(loading).sum()
    expected = picture.reshape(-1, 5) @ loading - loading[loading < 0].sum()
    np.testing.assert_allclose(levels.ravel(), 255 * expected, atol=1e-3)


@pytest.mark.small
def test_a_band_can_be_named():
    picture = np.random.default_rng(3).integers(0, 256, (6, 7, 5), dtype=np.uint8)
    labels = classicseg.segment(picture, "binary", color="multiband", band=3)
    assert np.array_equal(labels, picture[:, :, 3] > 127)
    with pytest.raises(ImageError, match=r"band=5 was asked of a picture with 5 bands\. Name one from 0 to 4"):
        classicseg.segment(picture, "binary", color="multiband", band=5)


# --- Otsu -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PHOTOGRAPHS, "astronaut"])
def test_otsu_equals_scikit_image_and_opencv_on_photographs(name):
    picture, grey = grey_of(name)
    theirs, binary = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    result = classicseg.run(picture, "otsu")
    assert result.findings["threshold"] == theirs == filters.threshold_otsu(grey)
    assert np.array_equal(result.labels, binary)


@pytest.mark.parametrize("levels", [3, 9, 40, 256])
@pytest.mark.parametrize("seed", range(4))
def test_otsu_equals_scikit_image_and_opencv_on_made_pictures(seed, levels):
    picture = lumpy(seed, levels)
    theirs, binary = cv2.threshold(picture, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    result = classicseg.run(picture, "otsu")
    assert result.findings["threshold"] == theirs == filters.threshold_otsu(picture)
    assert np.array_equal(result.labels, binary)


@pytest.mark.parametrize("seed", range(3))
def test_otsu_in_sixteen_bits(seed):
    rng = np.random.default_rng(seed)
    picture = np.clip(lumpy(seed).astype(int) * 257 + rng.integers(-128, 129, (40, 50)), 0, 65535).astype(np.uint16)
    assert np.array_equal(classicseg.segment(picture, "otsu"), picture > filters.threshold_otsu(picture))


@pytest.mark.small
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 9)))
def test_otsu_is_the_first_exact_maximum(picture):
    levels = picture.ravel().tolist()
    expected = plain.thresholds(levels, 2) or levels[:1]  # on a flat picture: that level, and nothing is foreground
    assert found(picture, rule="otsu")["threshold"] == expected[0]


@pytest.mark.small
def test_otsu_of_real_levels_is_exact_and_needs_no_bins():
    """All but two levels crowd in a space far narrower than a 256th of the range."""
    picture = np.array([[0.500001, 0.500002, 0.500003, 0.500008, 0.500009]])
    assert classicseg.segment(picture, "otsu").tolist() == [[0, 0, 0, 1, 1]]


@pytest.mark.parametrize("classes", [3, 4])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_multiotsu_equals_scikit_image_on_photographs(name, classes):
    picture, grey = grey_of(name)
    result = classicseg.run(picture, "multiotsu", classes=classes)
    theirs = filters.threshold_multiotsu(grey, classes)
    assert result.findings["thresholds"].tolist() == theirs.tolist()
    assert np.array_equal(result.labels, 1 + (grey[..., np.newaxis] > theirs).sum(axis=-1))


@pytest.mark.parametrize("classes", [3, 4])
def test_where_multiotsu_differs_from_scikit_image_it_is_the_better(classes):
    """scikit-image sums in float32, which costs it a level here; exact fractions say who is right."""
    picture, grey = grey_of("astronaut")
    values, counts = (array.tolist() for array in np.unique(grey, return_counts=True))

    def variance(thresholds):
        return plain.between_class_variance(values, counts, [values.index(t) for t in thresholds])

    ours = found(picture, rule="otsu", classes=classes)["thresholds"].tolist()
    theirs = filters.threshold_multiotsu(grey, classes).tolist()
    assert variance(ours) >= variance(theirs)
    assert np.abs(np.subtract(ours, theirs)).max() <= 1


@pytest.mark.parametrize("classes", [3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_multiotsu_equals_scikit_image_on_made_pictures(seed, classes):
    picture = lumpy(seed, 40)
    assert (
        found(picture, classes=classes)["thresholds"].tolist() == filters.threshold_multiotsu(picture, classes).tolist()
    )


@pytest.mark.small
@given(
    picture=hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 9)),
    classes=st.integers(3, 8),
)
def test_multiotsu_reaches_the_exhaustive_optimum(picture, classes):
    values, counts = (array.tolist() for array in np.unique(picture, return_counts=True))
    findings = found(picture, classes=classes)
    ours = [values.index(t) for t in findings["thresholds"].tolist()]
    assert findings["n_classes"] == min(classes, len(values)) == len(ours) + 1
    best = plain.between_class_variance(values, counts, plain.best_cuts(values, counts, len(ours) + 1))
    assert float(plain.between_class_variance(values, counts, ours)) == pytest.approx(float(best), rel=1e-12)


@pytest.mark.small
def test_fewer_levels_than_classes_give_fewer_classes():
    result = classicseg.run(np.array([[0, 9], [9, 200]], dtype=np.uint8), "multiotsu", classes=5)
    assert result.labels.tolist() == [[1, 2], [2, 3]]
    assert result.findings["n_classes"] == 3
    assert result.findings["class_means"].tolist() == [0, 9, 200]


# --- the two roads: NumPy, or compiled loops where they are in use anyway -------------------------------------------


@pytest.fixture(params=["numpy", "compiled"])
def road(request, monkeypatch):
    """Each of the two roads to the same numbers."""
    importlib.import_module("classicseg.kernels.histograms")
    if request.param == "numpy":
        monkeypatch.setattr("classicseg.grey._KERNELS", "no such module")


@pytest.mark.parametrize("name", ["coffee", "camera", "text"])
def test_both_roads_equal_opencv(road, name):
    picture, grey = grey_of(name)
    assert np.array_equal(grey_levels(as_image(picture)).numbers, grey)
    theirs, binary = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    assert threshold.otsu(grey.ravel()) == theirs
    assert np.array_equal(classicseg.segment(picture, "otsu"), binary)


@pytest.mark.small
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(0, 9)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_roads_take_the_first_exact_maximum(road, picture):
    levels = picture.ravel().tolist()
    assert threshold.otsu(picture.ravel()) == (plain.thresholds(levels, 2) or levels)[0]


@pytest.mark.small
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_histograms_by_hand(road, dtype):
    greatest = 255 if dtype == np.float64 else np.iinfo(dtype).max
    values, counts = histogram(np.array([7, greatest, 7, 0, 7], dtype=dtype))
    occurring = counts > 0
    assert (values[occurring].tolist(), counts[occurring].tolist()) == ([0, 7, greatest], [1, 3, 1])
    assert len(values) == (3 if dtype == np.float64 else greatest + 1)


@pytest.mark.small
def test_ties_between_sums_too_large_for_floats_are_exact():
    """Mirrored counts of millions: two cuts are equally good, and the first wins, whatever rounding says."""
    counts = np.zeros(256, dtype=np.int64)
    counts[[10, 20, 30]] = [3_333_337, 7, 3_333_337]
    assert threshold._otsu_of_counts(counts) == 10
    counts[10] += 1
    assert threshold._otsu_of_counts(counts) == 10
    counts[30] += 2
    assert threshold._otsu_of_counts(counts) == 20


@pytest.mark.small
@pytest.mark.parametrize("carrier", [np.uint8, np.uint16, np.float32, np.float64, bool])
def test_what_the_mask_hides_changes_no_level(carrier):
    rng = np.random.default_rng(6)
    picture = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    mask = rng.random((9, 9)) > 0.3
    if carrier is bool:
        array = picture > 100
    elif carrier == np.uint16:
        array = picture.astype(np.uint16) * 257
    else:
        array = picture if carrier == np.uint8 else (picture / 255).astype(carrier)
    hidden = array.copy()
    hidden[~mask] = 0.123 if array.dtype.kind == "f" else 77
    for classes in (2, 4):
        runs = [classicseg.run(a, "threshold", mask=mask, classes=classes) for a in (array, hidden)]
        assert np.array_equal(runs[0].labels, runs[1].labels)
    assert grey_levels(as_image(hidden, mask=mask)).numbers.dtype == np.uint8


@pytest.mark.small
def test_a_found_threshold_given_back_as_a_fixed_value_gives_the_same():
    rng = np.random.default_rng(8)
    for _ in range(30):
        picture = rng.integers(0, 65536, (8, 8)).astype(np.uint16)
        result = classicseg.run(picture, "otsu")
        again = classicseg.segment(picture, "threshold", rule="fixed", value=result.findings["threshold"])
        assert np.array_equal(again, result.labels)


# --- the other rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["triangle", "li", "yen"])
@pytest.mark.parametrize("name", ["coffee", "camera", "page", "cell"])
def test_rules_equal_scikit_image_on_photographs(rule, name):
    picture, grey = grey_of(name)
    threshold = getattr(filters, f"threshold_{rule}")(grey)
    result = classicseg.run(picture, "threshold", rule=rule)
    assert result.findings == {"rule": rule, "threshold": threshold}
    assert np.array_equal(result.labels, grey > threshold)


@pytest.mark.parametrize("rule", ["triangle", "li", "yen"])
def test_rules_equal_scikit_image_on_real_levels(rule):
    grey = np.clip(np.random.default_rng(4).normal(0.4, 0.15, (60, 60)), 0, 1).astype(np.float32)
    levels = grey.astype(np.float64) * 255
    threshold = getattr(filters, f"threshold_{rule}")(levels)
    assert np.array_equal(classicseg.segment(grey, "threshold", rule=rule), levels > threshold)


@pytest.mark.parametrize("rule", ["otsu", "triangle", "li", "yen"])
def test_rules_see_only_what_the_mask_leaves(rule):
    _, grey = grey_of("coins")
    piece, mask = grey[40:140, 50:180], np.zeros(grey.shape, dtype=bool)
    mask[40:140, 50:180] = True
    expected = found(piece.copy(), rule=rule)["threshold"]
    assert classicseg.run(grey, "threshold", rule=rule, mask=mask).findings["threshold"] == expected


@pytest.mark.small
@pytest.mark.parametrize("rule", ["otsu", "triangle", "li", "yen"])
def test_a_flat_picture_is_background(rule):
    result = classicseg.run(np.full((4, 5), 80, dtype=np.uint8), "threshold", rule=rule)
    assert not result.labels.any()
    assert result.findings["threshold"] == 80


@pytest.mark.small
@pytest.mark.parametrize("value", [0, 99.5, 127, 255])
def test_a_fixed_value_is_the_highest_dark_level(value):
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16)
    labels = classicseg.segment(picture, "threshold", rule="fixed", value=value)
    assert np.array_equal(labels, picture > value)
    assert np.array_equal(labels, cv2.threshold(picture, value, 1, cv2.THRESH_BINARY)[1])


@pytest.mark.small
@pytest.mark.parametrize("block_size", [3, 5, 51])
@pytest.mark.parametrize("offset", [0, 7.5, -3])
@pytest.mark.parametrize("kind", ["whole", "masked", "real"])
def test_local_pixel_by_pixel(block_size, offset, kind):
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (11, 13), dtype=np.uint8)
    mask = rng.random((11, 13)) > 0.4 * (kind == "masked")
    levels = picture.astype(float)
    if kind == "real":
        picture = rng.random((11, 13)).astype(np.float32)
        levels = picture.astype(float) * 255
    expected = np.zeros((11, 13), dtype=int)
    reach = block_size // 2
    for row, column in zip(*np.nonzero(mask), strict=True):
        block = np.s_[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        expected[row, column] = levels[row, column] > levels[block][mask[block]].mean() - offset
    labels = classicseg.segment(picture, "threshold", rule="local", block_size=block_size, offset=offset, mask=mask)
    assert np.array_equal(labels, expected)


@pytest.mark.small
@pytest.mark.parametrize("level", [0.1, 1 / 3, 0.7])
def test_a_flat_picture_equals_its_local_mean(level):
    assert not classicseg.segment(np.full((9, 9), level), "threshold", rule="local", block_size=5).any()


# --- which side is the foreground -----------------------------------------------------------------------------------


@pytest.fixture
def spot():
    """A bright spot on dark ground, off the border: uint8."""
    picture = np.full((9, 9), 30, dtype=np.uint8)
    picture[3:6, 3:6] = 200
    return picture


@pytest.mark.small
def test_foreground_bright_dark_and_by_the_border(spot):
    inside = spot > 100
    for picture, bright in ((spot, inside), (255 - spot, ~inside)):
        assert np.array_equal(classicseg.segment(picture, "otsu"), bright)
        assert np.array_equal(classicseg.segment(picture, "otsu", foreground="dark"), ~bright)
        assert np.array_equal(classicseg.segment(picture, "otsu", foreground="border"), inside)


@pytest.mark.small
def test_where_the_border_is_half_and_half_the_bright_side_is_foreground():
    picture = np.zeros((4, 4), dtype=np.uint8)
    picture[:, 2:] = 200
    assert np.array_equal(classicseg.segment(picture, "otsu", foreground="border"), picture > 0)


@pytest.mark.small
def test_the_border_counts_inside_the_mask_only(spot):
    """Masked to the spot's surroundings, no pixel of the border is left, and all pixels that count decide."""
    mask = np.zeros((9, 9), dtype=bool)
    mask[3:6, 3:7] = True
    labels = classicseg.segment(spot, "otsu", foreground="border", mask=mask)
    assert np.array_equal(labels, mask & (spot < 100))


@pytest.mark.small
def test_dark_foreground_stays_inside_the_mask(spot):
    mask = np.ones((9, 9), dtype=bool)
    mask[:3] = False
    labels = classicseg.segment(spot, "otsu", foreground="dark", mask=mask)
    assert np.array_equal(labels, mask & (spot < 100))


def test_touching_discs_are_split():
    rows, columns = np.indices((60, 90))
    discs = ((rows - 30) ** 2 + (columns - 30) ** 2 <= 400) | ((rows - 30) ** 2 + (columns - 62) ** 2 <= 400)
    picture = np.where(discs, 220, 20).astype(np.uint8)
    assert classicseg.segment(picture, "otsu", connected=True).max() == 1
    labels = classicseg.segment(picture, "otsu", split_touching=2)
    assert np.array_equal(labels > 0, discs)
    assert labels.max() == 2
    assert (labels[30, 30], labels[30, 62]) == (1, 2)


@pytest.mark.small
def test_several_classes_need_otsu():
    with pytest.raises(ParameterError, match="only rule='otsu' makes more than 2 classes"):
        classicseg.Threshold(rule="li", classes=3)


@pytest.mark.small
@pytest.mark.parametrize(("name", "value", "default"), [("fill_holes", True, False), ("foreground", "dark", "bright")])
def test_what_is_for_binary_results_is_refused_with_several_classes(name, value, default):
    words = rf"threshold: {name}={value!r} is for binary results, and this makes 3 classes\. Leave it at {default!r}"
    with pytest.raises(ParameterError, match=words):
        classicseg.Threshold(classes=3, **{name: value})
    assert classicseg.Threshold(classes=3, **{name: default}).classes == 3
    assert getattr(classicseg.Threshold(classes=2, **{name: value}), name) == value


def test_of_equal_maxima_the_first_wins():
    # by hand: the three levels part alike either way, and 1000 comes before 2000
    for image in (
        np.array([[1000, 2000, 3000]], np.uint16),
        np.array([[10, 20, 30]], np.uint8),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", classicseg.DataRangeWarning)
            assert classicseg.segment(image, "otsu").tolist() == [[0, 1, 1]]
    levels = np.array([[70, 120, 138, 199, 217]], np.uint8)
    assert classicseg.segment(levels, "multiotsu", classes=4).tolist() == [[1, 2, 3, 4, 4]]


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_ties_on_few_levels_go_as_in_exact_arithmetic(classes):
    rng = np.random.default_rng(classes)
    for _ in range(60):
        levels = (rng.choice(12, size=7, replace=False) * 1000).astype(np.uint16)[np.newaxis]
        expected = plain.thresholds(levels.ravel().tolist(), classes)
        found = classicseg.run(levels, "threshold", classes=classes, data_range=(0, 65535)).findings
        cuts = np.atleast_1d(found["thresholds"] if classes > 2 else found["threshold"]) * 257
        assert np.allclose(cuts, expected, atol=0.1)
