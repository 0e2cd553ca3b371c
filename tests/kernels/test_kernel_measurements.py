"""Areas, places, perimeters, means and deviations against plain Python that rounds once, at the end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.measurements import mean_and_deviation, pixels_of, shape_of

from classicseg.kernels.measurements import measure_samples, measure_shapes

MAPS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int32, shape, elements=st.integers(0, 3))
)


@pytest.mark.small
@settings(max_examples=40)
@given(MAPS, st.sampled_from([1, 2]))
def test_shapes_of_all_labels_at_once(labels, scale):
    labels = labels.repeat(scale, axis=0).repeat(scale, axis=1)
    found = measure_shapes(labels)
    for label in np.unique(labels).tolist():
        area, centroid, box, perimeter = shape_of(labels.tolist(), label)
        assert found.areas[label] == area
        assert tuple(found.sums[label] / area) == centroid
        assert tuple(found.bounds[label]) == box
        assert tuple(found.firsts[label]) == pixels_of(labels.tolist(), label)[0]
        assert found.perimeters[label] == pytest.approx(perimeter, rel=1e-14)
    assert not found.areas[np.setdiff1d(np.arange(len(found.areas)), labels)].any()


@pytest.mark.small
@pytest.mark.parametrize("kind", ["bool", "uint8", "uint16", ">u2", "int64", "float32", "float64"])
def test_means_are_rounded_once_and_deviations_nearly_so(kind):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 5, (13, 14)).astype(np.int32)
    labels[labels == 3] = 1  # a label that does not occur
    high = {"bool": 2, "uint8": 256}.get(kind, 65536)
    picture = (rng.integers(0, high, (13, 14, 2)) / (7 if "float" in kind else 1)).astype(kind)
    means, deviations = measure_samples(labels, np.asfortranarray(picture), measure_shapes(labels))
    for label in (0, 1, 2, 4):
        for band in range(2):
            mean, deviation = mean_and_deviation(picture[labels == label, band].tolist())
            exactly = picture.dtype.itemsize <= 2
            assert means[label, band] == (mean if exactly else pytest.approx(mean, rel=5e-16))
            assert deviations[label, band] == pytest.approx(deviation, rel=1e-14)
    assert np.isnan(means[3]).all() and np.isnan(deviations[3]).all()


@pytest.mark.small
@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_a_small_deviation_far_from_0_is_kept(kind):
    samples = (np.arange(200).reshape(10, 20, 1) % 3 + 10**12).astype(kind)
    labels = np.zeros((10, 20), dtype=np.int32)
    means, deviations = measure_samples(labels, samples, measure_shapes(labels))
    mean, deviation = mean_and_deviation(samples.ravel().tolist())
    assert means[0, 0] == mean
    assert deviations[0, 0] == pytest.approx(deviation, rel=1e-12)


@pytest.mark.small
def test_equal_samples_have_their_mean_and_no_deviation():
    labels = np.zeros((7, 9), dtype=np.int32)
    for value in (0.1, np.float32(1 / 3), 1e300, -7.7):
        means, deviations = measure_samples(labels, np.full((7, 9, 1), value), measure_shapes(labels))
        assert means[0, 0] == value and deviations[0, 0] == 0


def test_many_rows_are_taken_in_turn():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, (300, 130)).astype(np.int32)
    picture = rng.normal(1000, 1, (300, 130, 1))
    means, deviations = measure_samples(labels, picture, measure_shapes(labels))
    for label in range(4):
        assert means[label, 0] == pytest.approx(picture[labels == label].mean(), rel=1e-14)
        assert deviations[label, 0] == pytest.approx(picture[labels == label].std(), rel=1e-12)


@pytest.mark.small
def test_a_first_sample_far_from_the_others_costs_no_digit():
    samples = np.random.default_rng(8).random((16, 16, 1))
    samples[0, 0] = 1e9
    labels = np.zeros((16, 16), dtype=np.int32)
    means, deviations = measure_samples(labels, samples, measure_shapes(labels))
    mean, deviation = mean_and_deviation(samples.ravel().tolist())
    assert means[0, 0] == pytest.approx(mean, rel=5e-16)
    assert deviations[0, 0] == pytest.approx(deviation, rel=1e-14)
