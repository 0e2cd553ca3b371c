"""Canny's ridges and hysteresis beside plain twins, scikit-image and OpenCV."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.gradients import ridge_margins
from reference.hysteresis import strong_or_tied

from classicseg.kernels.canny import canny_grades
from classicseg.kernels.hysteresis import hysteresis

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7))


@pytest.mark.small
@given(arrays(np.float32, SHAPES, elements=st.integers(0, 40).map(float)))
def test_ridges_equal_the_plain_twin(plane):
    margins = ridge_margins(plane.tolist())
    for (row, column), grade in np.ndenumerate(canny_grades(plane, 0, 2.0, 6.0)):
        margin, length = margins[row][column]
        if abs(margin) < 1e-4 or min(abs(length - 2), abs(length - 6)) < 1e-4:
            continue  # a tie, which rounding decides
        assert grade == (margin > 0) * ((length >= 2) + (length >= 6))


@pytest.mark.small
@given(arrays(np.uint8, SHAPES, elements=st.integers(0, 2)), st.booleans())
def test_hysteresis_equals_the_plain_twin(grades, diagonals):
    before = grades.copy()
    assert hysteresis(grades, diagonals).tolist() == strong_or_tied(grades.tolist(), diagonals)
    assert np.array_equal(grades, before)


@pytest.mark.parametrize(("sigma", "low", "high"), [(0.0, 1.0, 5.0), (1.0, 0.0, 3.0), (2.0, 2.0, 4.0)])
def test_edges_are_scikit_images(photograph, sigma, low, high):
    from skimage.feature import canny

    plane = photograph[:, :, 1].astype(np.float32)
    ours = hysteresis(canny_grades(plane, sigma, low, high), diagonals=True)
    theirs = canny(plane.astype(np.float64), sigma, 8 * low, 8 * high, mode="nearest")
    assert theirs.sum() > 200
    assert (ours & theirs).sum() >= 0.999 * max(ours.sum(), theirs.sum())


@pytest.mark.parametrize(("low", "high"), [(10, 40), (60, 60), (3, 200)])
def test_by_its_rule_edges_are_opencvs(photograph, low, high):
    """Whole numbers leave no rounding. A frame of flat pixels, since OpenCV's edges may reach the border."""
    import cv2

    plane = np.pad(cv2.GaussianBlur(photograph[:, :, 1], (5, 5), 1.0), 3, mode="edge")
    plane[:2] = plane[-2:] = plane[:, :2] = plane[:, -2:] = 0
    theirs = cv2.Canny(plane, low, high, L2gradient=True) > 0
    grades = canny_grades(plane.astype(np.float32), 0, low / 8, high / 8, directions=True)
    assert theirs.sum() > 200
    assert np.array_equal(hysteresis(grades, diagonals=True), theirs)


def test_threads_change_nothing():
    from skimage import data

    plane = data.astronaut()[:, :, 1].astype(np.float32)  # 512 x 512: several chunks
    one = canny_grades(plane, 1.5, 1.0, 3.0)
    assert one.any()
    for threads in (2, 3):
        assert np.array_equal(canny_grades(plane, 1.5, 1.0, 3.0, threads), one)
