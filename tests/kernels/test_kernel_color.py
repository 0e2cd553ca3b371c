"""The compiled L*a*b*, against the formula for one pixel and the definition in NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference.lab import srgb_to_lab
from skimage import data

from classicseg import color
from classicseg.image import as_image
from classicseg.kernels import color as kernels

WEIGHTS = color.RELATIVE_XYZ_OF_RGB
shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))


def of_levels(levels, depth=3, threads=1):
    full = 1 if levels.dtype == bool else np.iinfo(levels.dtype).max
    return kernels.lab_of_levels(levels, int(full), WEIGHTS, depth, threads)


@pytest.mark.small
@given(st.data(), shapes, st.sampled_from([np.uint8, np.uint16]))
def test_equals_the_formula_for_one_pixel(data, shape, dtype):
    levels = data.draw(hnp.arrays(dtype, (*shape, 3)))
    lab = of_levels(levels)
    assert lab.dtype == np.float32
    for row, column in np.ndindex(shape):
        samples = (levels[row, column] / np.iinfo(dtype).max).astype(np.float32)
        expected = np.array(srgb_to_lab(*map(float, samples)))
        assert np.allclose(lab[:, row, column], expected, rtol=1.2e-7, atol=1e-9)  # one rounding to float32


@pytest.mark.small
@given(st.data(), shapes)
def test_samples_and_levels_give_the_same_bits(data, shape):
    levels = data.draw(hnp.arrays(np.uint8, (*shape, 3)))
    expected = of_levels(levels)
    assert np.array_equal(of_levels(levels.astype(np.uint16) * 257), expected)
    samples = np.moveaxis((levels / 255).astype(np.float32), -1, 0)
    assert np.array_equal(kernels.lab_of_samples(samples, WEIGHTS, 3), expected)
    assert np.array_equal(kernels.lab_of_samples(samples, WEIGHTS, 1)[0], expected[0])
    assert np.array_equal(of_levels(levels, depth=1)[0], expected[0])


@pytest.mark.small
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_greys_have_no_hue_and_the_lightness_of_one_plane(dtype):
    ramp = np.linspace(0, np.iinfo(dtype).max, 256).astype(dtype).reshape(16, 16, 1)
    lab = of_levels(np.repeat(ramp, 3, axis=2))
    assert not lab[1:].any()
    assert np.array_equal(of_levels(ramp, depth=1)[0], lab[0])
    assert (lab[0, 0, 0], lab[0, -1, -1]) == (0, 100)


@pytest.mark.small
def test_black_and_white():
    assert of_levels(np.array([[[False] * 3, [True] * 3]])).tolist() == [[[0, 100]], [[0, 0]], [[0, 0]]]


def test_every_level_of_sixteen_bits_and_the_edges_of_the_curves():
    samples = np.concatenate([np.arange(65536) / 65535, [0.04045, 0.0404500, 0.04046, 1e-30, 1 - 2**-24]])
    planes = np.stack([samples, samples[::-1], np.roll(samples, 7)]).astype(np.float32)[:, np.newaxis]
    ours, definition = kernels.lab_of_samples(planes, WEIGHTS, 3), color.convert(planes, "lab")
    assert np.allclose(ours, definition, rtol=1.2e-7, atol=1e-9)
    assert np.array_equal(kernels.lab_of_samples(planes[:1], WEIGHTS, 1), color.convert(planes[:1], "lab"))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_photograph_whatever_the_threads_layout_and_channels(threads):
    picture = data.astronaut()
    expected = color.convert(as_image(picture).planes, "lab")
    assert np.allclose(as_image(picture).in_space("lab", threads), expected, rtol=1.2e-7, atol=1e-9)
    alone = as_image(picture).in_space("lab")
    assert np.array_equal(as_image(picture).in_space("lab", threads), alone)
    assert np.array_equal(as_image(picture / 255).in_space("lab", threads), alone)
    assert np.array_equal(as_image(np.asfortranarray(picture)).in_space("lab", threads), alone)
    assert np.array_equal(as_image(picture[:, :, ::-1], color="bgr").in_space("lab", threads), alone)
    assert np.array_equal(as_image(picture).lightness(threads), alone[0])
