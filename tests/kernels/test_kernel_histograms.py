"""Histograms and optimal cuts of weighted values, against exhaustive search in exact fractions."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import otsu

from classicseg.kernels import histograms as kernels
from classicseg.kernels.histograms import best_cuts, count_levels, cut_in_two, luma

pytestmark = pytest.mark.small

histograms = st.dictionaries(st.integers(0, 255), st.integers(1, 60), min_size=2, max_size=10)


def check_as_good_as_the_best(values, counts, classes):
    cuts = best_cuts(np.array(values, dtype=float), np.array(counts), classes).tolist()
    assert len(cuts) == classes - 1
    assert sorted(set(cuts)) == cuts
    assert all(0 <= cut < len(values) - 1 for cut in cuts)
    best = otsu.between_class_variance(values, counts, otsu.best_cuts(values, counts, classes))
    assert float(otsu.between_class_variance(values, counts, cuts)) == pytest.approx(float(best), rel=1e-12)


@given(histogram=histograms, classes=st.integers(1, 8))
def test_reaches_the_exhaustive_optimum(histogram, classes):
    values = sorted(histogram)
    check_as_good_as_the_best(values, [histogram[v] for v in values], min(classes, len(values)))


@pytest.mark.parametrize("classes", [1, 2, 3, 4, 5, 6])
def test_few_values_for_many_classes(classes):
    check_as_good_as_the_best([0, 1, 2, 100, 200, 255], [9, 1, 4, 1, 7, 2], classes)


def test_cuts_by_hand():
    values = np.array([0.0, 1.0, 2.0, 100.0, 200.0, 255.0])
    assert best_cuts(values, np.ones(6, dtype=int), 2).tolist() == [3]
    assert best_cuts(values, np.ones(6, dtype=int), 3).tolist() == [2, 3]
    assert best_cuts(values, np.ones(6, dtype=int), 4).tolist() == [2, 3, 4]


def test_counts_weigh():
    values = np.array([0.0, 10.0, 20.0])
    assert best_cuts(values, np.array([1, 1, 100]), 2).tolist() == [1]
    assert best_cuts(values, np.array([100, 1, 1]), 2).tolist() == [0]


def test_values_that_never_come_are_no_class():
    values, counts = np.arange(9.0), np.array([0, 2, 0, 0, 5, 1, 0, 7, 0])
    for classes in range(1, 6):
        cuts = best_cuts(values, counts, classes)
        occurring = best_cuts(values[counts > 0], counts[counts > 0], min(classes, 4))
        assert cuts.tolist() == np.flatnonzero(counts)[occurring].tolist()


def test_of_equal_maxima_the_lowest_wins():
    assert best_cuts(np.array([-1.0, 0.0, 1.0]), np.array([1, 1, 1]), 2).tolist() == [0]


@pytest.mark.parametrize("classes", [3, 4])
def test_long_lists_like_short_ones(classes):
    """Values that come in tight groups, too many for a search over all cuts, part between the groups."""
    rng = np.random.default_rng(3)
    groups = [np.sort(start + rng.random(200)) for start in (0, 40, 90, 200)[:classes]]
    values = np.concatenate(groups)
    assert best_cuts(values, np.ones(len(values), dtype=int), classes).tolist() == [199, 399, 599][: classes - 1]


# --- 8-bit levels ---------------------------------------------------------------------------------------------------


@given(levels=hnp.arrays(np.uint8, st.integers(0, 70)))
def test_counts_of_levels(levels):
    assert count_levels(levels).tolist() == np.bincount(levels, minlength=256).tolist()


def test_counts_of_a_flat_and_a_large_picture():
    assert count_levels(np.full(1003, 255, dtype=np.uint8))[255] == 1003
    levels = np.random.default_rng(0).integers(0, 256, 5003).astype(np.uint8)
    assert np.array_equal(count_levels(levels), np.bincount(levels, minlength=256))


@given(histogram=histograms)
def test_the_cut_in_two_is_the_exact_one_or_left_open(histogram):
    values = sorted(histogram)
    counts = np.zeros(256, dtype=np.int64)
    counts[values] = [histogram[value] for value in values]
    best = otsu.best_cuts(values, counts[values].tolist(), 2)[0]
    gains = [otsu.between_class_variance(values, counts[values].tolist(), [cut]) for cut in range(len(values) - 1)]
    tied = sorted(gains)[-2] == max(gains) if len(gains) > 1 else False
    assert cut_in_two(counts) == (-1 if tied else values[best])


def test_the_cut_in_two_of_one_level_is_left_open():
    counts = np.zeros(256, dtype=np.int64)
    counts[9] = 5
    assert cut_in_two(counts) == -1


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_read_only_pictures_need_no_code_of_their_own():
    pixels = np.arange(90, dtype=np.uint8).reshape(5, 6, 3)
    grey = pixels.reshape(-1)
    expected = luma(pixels), count_levels(grey)
    compiled = len(kernels._luma.signatures), len(kernels._count_levels.signatures)
    pixels.setflags(write=False)
    grey.setflags(write=False)
    np.testing.assert_array_equal(luma(pixels), expected[0])
    np.testing.assert_array_equal(count_levels(grey), expected[1])
    assert (len(kernels._luma.signatures), len(kernels._count_levels.signatures)) == compiled


def test_luma_by_hand():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [1, 2, 3]]], dtype=np.uint8)
    assert luma(pixels).tolist() == [[76, 150, 29, 255, 2]]
    assert luma(pixels[:, ::-1]).tolist() == [[2, 255, 29, 150, 76]]
