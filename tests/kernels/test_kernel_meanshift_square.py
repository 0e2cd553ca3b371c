"""The filter by OpenCV's rule, against a twin and against OpenCV itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from reference import meanshift_square as plain

from classicseg.kernels.meanshift_square import filter_square


@pytest.mark.small
@settings(max_examples=30)
@given(
    picture=arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8), st.just(3))),
    radius=st.integers(1, 9),
    color_radius=st.floats(1, 300),
    max_iter=st.integers(1, 5),
)
def test_equals_the_plain_twin(picture, radius, color_radius, max_iter):
    found = filter_square(picture, radius, color_radius, max_iter, 1.0, threads=1)
    assert np.array_equal(found, plain.filtered(picture, radius, color_radius, max_iter, 1.0))


@pytest.mark.parametrize("radius", [pytest.param(2, marks=pytest.mark.small), 8, 11])
def test_equals_the_plain_twin_on_tones_with_noise(radius):
    rng = np.random.default_rng(radius)
    picture = np.clip(np.array([60, 160])[np.arange(16) // 8][:, None] + rng.normal(0, 9, (13, 16, 3)), 0, 255)
    picture = picture.astype(np.uint8)
    found = filter_square(picture, radius, 30, 5, 1.0, threads=1)
    assert np.array_equal(found, plain.filtered(picture, radius, 30, 5, 1.0))
    assert found.std() < picture.std()


@pytest.mark.parametrize(("radius", "color_radius"), [(8, 16), (16, 16), (3, 40.5)])
def test_is_opencv_filter_on_a_photograph_whatever_the_threads(photograph, radius, color_radius):
    cv2 = pytest.importorskip("cv2")
    stop = (cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, 5, 1)
    expected = cv2.pyrMeanShiftFiltering(photograph, radius, color_radius, maxLevel=0, termcrit=stop)
    for threads in (1, 2, 3):
        assert np.array_equal(filter_square(photograph, radius, color_radius, 5, 1.0, threads), expected)
