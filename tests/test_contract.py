"""The promises that every method keeps, built in or plugged in: what goes in, what comes out."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from reference.components import flood_fill_components
from sklearn.base import clone

import classicseg
from classicseg import DataRangeWarning, ImageError, ParameterError
from classicseg.registry import make

small = pytest.mark.small
RANGES = {
    "int8": (-128, 127),
    "int16": (0, 255),
    "uint32": (0, 255),
    "int32": (0, 255),
    "int64": (0, 255),
    "uint64": (0, 255),
}


def is_binary(method):
    return make(method).binary


def check_label_map(labels, picture_shape, mask, method):
    """Type, layout, void, and numbers without a hole."""
    assert labels.dtype == np.int32
    assert labels.flags.c_contiguous
    assert labels.shape == picture_shape
    assert not labels[~mask].any()
    inside = np.unique(labels[mask])
    if is_binary(method):
        inside = inside[inside > 0]
    assert inside.tolist() == list(range(1, len(inside) + 1))


def first_pixels(labels):
    """The raster index of each label's first pixel, by label."""
    flat = labels.ravel().tolist()
    return [flat.index(label) for label in range(1, max(flat) + 1)]


# --- what goes in ---------------------------------------------------------------------------------------------------


@small
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "float32", "float64", ">f8", ">u2", *RANGES])
def test_takes_every_type(method, quick, small_picture, dtype):
    grey = small_picture[:, :, 0]
    if dtype == "bool":
        image = grey > 100
    elif "f" in dtype:
        image = (grey / 255).astype(dtype)
    elif dtype in ("uint16", ">u2"):
        image = (grey.astype(int) * 257).astype(dtype)
    elif dtype == "int8":
        image = (grey.astype(int) - 128).astype(dtype)
    else:
        image = grey.astype(dtype)
    before = image.copy()
    labels = classicseg.segment(image, method, data_range=RANGES.get(dtype), **quick)
    check_label_map(labels, grey.shape, np.ones(grey.shape, bool), method)
    assert np.array_equal(image, before)
    if dtype != "bool":
        assert np.array_equal(labels, classicseg.segment(grey, method, **quick))


@small
def test_type_that_carries_the_picture_does_not_matter(method, quick, small_picture):
    expected = classicseg.segment(small_picture, method, **quick)
    for image in (
        small_picture.astype(np.uint16) * 257,
        small_picture / 255,
        (small_picture / 255).astype(np.float32),
        small_picture.astype(np.float32) / np.float32(255),
    ):
        assert np.array_equal(classicseg.segment(image, method, **quick), expected), image.dtype
    scaled = classicseg.segment(small_picture.astype(np.int64) * 3 + 11, method, data_range=(11, 776), **quick)
    assert np.array_equal(scaled, expected)


def test_type_does_not_matter_on_a_photograph(method, photograph):
    expected = classicseg.segment(photograph, method)
    for image in (photograph.astype(np.uint16) * 257, photograph / 255, (photograph / 255).astype(np.float32)):
        assert np.array_equal(classicseg.segment(image, method), expected), image.dtype


@small
def test_grey_and_its_rgb_copy_are_one_picture(method, quick, small_picture):
    grey = small_picture[:, :, 1]
    expected = classicseg.segment(grey, method, **quick)
    assert np.array_equal(classicseg.segment(grey[:, :, np.newaxis], method, **quick), expected)
    assert np.array_equal(classicseg.segment(np.dstack([grey] * 3), method, **quick), expected)
    assert np.array_equal(classicseg.segment(np.dstack([grey] * 3), method, color="bgr", **quick), expected)


@small
def test_one_band_and_its_copies_are_one_picture(method, quick, small_picture):
    band = small_picture[:, :, 1:2]
    expected = classicseg.segment(band, method, color="multiband", **quick)
    for copies in (2, 3, 4, 7):
        image = np.repeat(band, copies, axis=2)
        assert np.array_equal(classicseg.segment(image, method, color="multiband", **quick), expected), copies


@small
def test_takes_1_3_4_and_7_bands(method, quick, small_picture):
    everywhere = np.ones(small_picture.shape[:2], bool)
    seven = np.dstack([small_picture, small_picture[::-1], small_picture[:, ::-1, 0]])
    for image, color in (
        (small_picture[:, :, :1], None),
        (small_picture, None),
        (seven[:, :, :4], "multiband"),
        (seven, None),
        (seven, "multiband"),
    ):
        labels = classicseg.segment(image, method, color=color, **quick)
        check_label_map(labels, small_picture.shape[:2], everywhere, method)
    alpha = np.full(small_picture.shape[:2], 255, np.uint8)
    alpha[2:5, 3:9] = 0
    rgba = classicseg.segment(np.dstack([small_picture, alpha]), method, color="rgba", **quick)
    assert np.array_equal(rgba, classicseg.segment(small_picture, method, mask=alpha > 0, **quick))


@small
def test_bgr_and_channel_axis_are_other_words_for_the_same(method, quick, small_picture):
    expected = classicseg.segment(small_picture, method, **quick)
    assert np.array_equal(classicseg.segment(small_picture[:, :, ::-1], method, color="bgr", **quick), expected)
    first = np.moveaxis(small_picture, -1, 0)
    assert np.array_equal(classicseg.segment(first, method, channel_axis=0, **quick), expected)


@small
def test_memory_layout_does_not_matter(method, quick, small_picture):
    expected = classicseg.segment(small_picture, method, **quick)
    frozen = small_picture.copy()
    frozen.setflags(write=False)
    for image in (
        np.asfortranarray(small_picture),
        frozen,
        small_picture[::-1, ::-1].copy()[::-1, ::-1],
        np.repeat(small_picture, 2, axis=1)[:, ::2],
    ):
        assert np.array_equal(classicseg.segment(image, method, **quick), expected)


@small
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 9), (9, 1), (2, 2)])
def test_takes_the_smallest_pictures(method, quick, shape):
    rng = np.random.default_rng(3)
    for image in (
        rng.integers(0, 256, shape, np.uint8),
        rng.integers(0, 256, (*shape, 3), np.uint8),
        rng.random((*shape, 7)),
    ):
        check_label_map(classicseg.segment(image, method, **quick), shape, np.ones(shape, bool), method)


@small
@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_a_constant_picture_is_one_label(method, quick, value):
    labels = classicseg.segment(np.full((9, 11, 3), value, np.uint8), method, **quick)
    assert len(np.unique(labels)) == 1


# --- masks ----------------------------------------------------------------------------------------------------------


@small
def test_what_the_mask_leaves_out_has_no_say(method, quick, small_picture):
    mask = np.ones(small_picture.shape[:2], bool)
    mask[3:6, 2:9] = mask[9:, :2] = False
    expected = classicseg.run(small_picture, method, mask=mask, **quick)
    check_label_map(expected.labels, mask.shape, mask, method)
    assert np.array_equal(expected.mask, mask)
    other = small_picture.copy()
    other[~mask] = (9, 250, 77)
    assert np.array_equal(classicseg.segment(other, method, mask=mask, **quick), expected.labels)
    broken = small_picture / 255
    broken[~mask] = np.nan
    assert np.array_equal(classicseg.segment(broken, method, mask=mask, **quick), expected.labels)


@small
def test_a_mask_may_have_any_layout_and_is_copied(method, quick, small_picture):
    mask = np.ones(small_picture.shape[:2], bool)
    mask[3:6, 2:9] = False
    expected = classicseg.run(small_picture, method, mask=mask, **quick)
    frozen = mask.copy()
    frozen.setflags(write=False)
    for other in (np.asfortranarray(mask), np.repeat(mask, 2, axis=1)[:, ::2], frozen):
        assert np.array_equal(classicseg.segment(small_picture, method, mask=other, **quick), expected.labels)
    mask[:] = False
    assert expected.mask.any()


@small
def test_a_mask_of_islands_and_an_empty_one(method, quick, small_picture):
    mask = np.zeros(small_picture.shape[:2], bool)
    mask[0, 0] = mask[4:7, 5:8] = mask[11, 13] = True
    check_label_map(classicseg.segment(small_picture, method, mask=mask, **quick), mask.shape, mask, method)
    nothing = classicseg.run(small_picture, method, mask=np.zeros_like(mask), **quick)
    assert nothing.n_labels == 0
    assert not nothing.labels.any()


# --- what comes out -------------------------------------------------------------------------------------------------


@small
def test_labels_are_in_the_promised_order(method, quick, small_picture):
    labels = classicseg.segment(small_picture, method, **quick)
    if make(method).makes == "segments":
        assert first_pixels(labels) == sorted(first_pixels(labels))
    elif not is_binary(method):
        from skimage.color import rgb2lab

        lightness = rgb2lab(small_picture)[:, :, 0]
        means = [lightness[labels == label].mean() for label in range(1, labels.max() + 1)]
        assert means == sorted(means)


@small
def test_connected_means_four_connected(method, quick, small_picture):
    labels = classicseg.segment(small_picture, method, **{**quick, "connected": True})
    components = flood_fill_components(labels)
    for label in range(1, labels.max() + 1):
        assert len(np.unique(components[labels == label])) == 1
    assert first_pixels(labels) == sorted(first_pixels(labels))


@small
def test_methods_that_make_segments_connect_them_by_default(method):
    assert make(method).connected == (make(method).makes == "segments")


@small
def test_min_size_leaves_no_smaller_region(method, quick, small_picture):
    noisy = small_picture.copy()
    noisy[2, 3] = noisy[8, 10] = noisy[8, 3:5] = (128, 0, 128)
    labels = classicseg.segment(noisy, method, **{**quick, "min_size": 6})
    components = flood_fill_components(labels)
    sizes = [np.count_nonzero(components == c) for c in np.unique(components[labels > 0])]
    assert all(size >= 6 for size in sizes)


@small
def test_split_touching_is_for_binary_results_only(method):
    if is_binary(method):
        discs = np.add.outer((np.arange(16) - 7) ** 2, np.zeros(16)) + np.minimum(
            (np.arange(16) - 4) ** 2, (np.arange(16) - 11) ** 2
        )
        labels = classicseg.segment(discs < 18, method, split_touching=0.5)
        assert labels.max() == 2
    else:
        with pytest.raises(ParameterError, match=r"split_touching=2.*Leave it at 0"):
            make(method, split_touching=2)


@small
def test_segment_run_and_the_class_are_one_road(method, quick, small_picture):
    segmenter = make(method, **quick)
    result = segmenter.run(small_picture)
    assert np.array_equal(result.labels, classicseg.segment(small_picture, method, **quick))
    assert np.array_equal(result.labels, segmenter.segment(small_picture))
    assert result.segmenter == segmenter
    assert result.n_labels == result.labels.max()


@small
def test_progress_rises_to_one_and_may_stop_the_run(method, quick, small_picture):
    shares = []
    classicseg.segment(small_picture, method, progress=shares.append, **quick)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classicseg.segment(small_picture, method, progress=stop, **quick)


@pytest.mark.parametrize("name", ["kmeans", "gmm", "ucm", "edges", "felzenszwalb", "meanshift", "quickshift", "slic"])
def test_progress_is_heard_long_before_the_end(name, photograph):
    whole = []
    classicseg.segment(photograph, name, progress=whole.append)
    assert len(whole) >= 3
    assert whole == sorted(whole)
    called = []

    def stop(share):
        called.append(share)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        classicseg.segment(photograph, name, progress=stop)
    assert called == whole[:1]
    assert called[0] < 0.95


# --- refusals -------------------------------------------------------------------------------------------------------


@small
@pytest.mark.parametrize(
    ("image", "arguments", "what_came", "cure"),
    [
        (np.zeros((4, 4, 4), np.uint8), {}, r"4 channels came", r'color="rgba" or color="multiband"'),
        (np.zeros((3, 20, 30), np.uint8), {}, r"\(3, 20, 30\).*channels-first", r"channel_axis=0"),
        (np.zeros((4, 4), np.int32), {}, r"type int32", r"data_range=\(low, high\)"),
        (np.full((4, 4), 2.0), {}, r"from 2 to 2", r'data_range="image"'),
        (np.full((4, 4), -0.1), {}, r"from -0.1 to -0.1", r"data_range"),
        (np.zeros((4, 4), np.float16), {}, r"float16", r"astype"),
        (np.zeros((4, 4), complex), {}, r"complex128", r"astype"),
        (np.zeros((2, 4, 4, 3)), {}, r"\(2, 4, 4, 3\)", r"one by one"),
        (np.zeros((0, 4)), {}, r"no pixel", r"at least one"),
        (np.zeros(5), {}, r"\(5,\)", r"\(H, W\)"),
        (np.array([[0.5, np.nan], [np.inf, 0.1]]), {}, r"2 samples.*row 0, column 1", r"mask="),
        (np.zeros((4, 4)), {"mask": np.ones((3, 4), bool)}, r"mask has shape \(3, 4\)", r"height and width"),
        (np.zeros((4, 4)), {"mask": np.ones((4, 4))}, r"mask of type float64", r"mask != 0"),
        (np.zeros((4, 4)), {"mask": [[True], [True, False]]}, r"no mask can be made", r"height and width"),
        (np.zeros((4, 4, 3)), {"color": "rgba"}, r"3 channels", r"Leave color out"),
        (np.zeros((4, 4, 5)), {"color": "bgr"}, r"5 channels", r"multiband"),
        (np.ma.masked_less(np.ones((4, 4)), 0), {}, r"masked array", r"getmaskarray"),
    ],
)
def test_refuses_a_bad_picture_and_names_the_cure(method, image, arguments, what_came, cure):
    with pytest.raises(ImageError, match=what_came) as caught:
        classicseg.segment(image, method, **arguments)
    assert caught.match(cure)


@small
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"color": "hsv"}, r"color='hsv'.*'rgb', 'bgr'"),
        ({"data_range": (5, 5)}, r"data_range=\(5, 5\).*low < high"),
        ({"data_range": "auto"}, r"data_range='auto'.*\"image\""),
        ({"data_range": (0, np.nan)}, r"finite"),
        ({"data_range": (0, 10**400)}, r"finite"),
        ({"channel_axis": 3}, r"channel_axis=3"),
        ({"threads": 0}, r"threads=0.*at least 1"),
        ({"progress": 3}, r"progress=3.*called"),
        ({"nonsense": 1}, r"no parameter 'nonsense'"),
        ({"min_size": -1}, r"min_size=-1.*at least 0"),
        ({"min_size": 2.5}, r"min_size=2.5.*integer"),
        ({"connected": 1}, r"connected=1.*True or False"),
    ],
)
def test_refuses_bad_arguments_and_parameters(method, small_picture, arguments, words):
    with pytest.raises(ParameterError, match=words):
        classicseg.segment(small_picture, method, **arguments)


@small
def test_a_twelve_bit_picture_in_uint16_warns_once_with_the_cure(method, quick, small_picture):
    twelve = small_picture.astype(np.uint16) * 16
    with pytest.warns(DataRangeWarning, match=r"less than an eighth.*data_range=\(0, 4095\)") as caught:
        classicseg.segment(twelve, method, **quick)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classicseg.segment(twelve, method, data_range=(0, 4095), **quick)
        classicseg.segment(twelve, method, data_range="image", **quick)


@small
def test_samples_outside_a_given_range_are_clipped_with_a_warning(method, quick, small_picture):
    with pytest.warns(DataRangeWarning, match="clipped"):
        labels = classicseg.segment(small_picture, method, data_range=(50, 200), **quick)
    clipped = np.clip(small_picture, 50, 200)
    assert np.array_equal(labels, classicseg.segment(clipped, method, data_range=(50, 200), **quick))


def test_more_memory_than_there_is_is_refused_before_the_start(method, monkeypatch, photograph):
    monkeypatch.setattr("classicseg.memory.machine_memory", lambda: 10_000)
    with pytest.raises(classicseg.MemoryLimitError, match=r"96 x 128 pixels would take about .* GiB.*tiles"):
        classicseg.segment(photograph, method)


# --- values, not objects that change ---------------------------------------------------------------------------------


@small
def test_a_segmenter_is_a_value(method, quick):
    segmenter = make(method, **quick)
    assert segmenter == make(method, **quick)
    assert hash(segmenter) == hash(make(method, **quick))
    copy = clone(segmenter)
    assert copy == segmenter
    assert copy is not segmenter
    assert set(segmenter.get_params()) == {field.name for field in dataclasses.fields(segmenter)}
    with pytest.raises(ParameterError, match=r"dataclasses.replace\(segmenter, min_size=3\)"):
        segmenter.set_params(min_size=3)
    assert dataclasses.replace(segmenter, min_size=3).min_size == 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        segmenter.min_size = 3


# --- threads, runs, processes ----------------------------------------------------------------------------------------


def test_the_number_of_threads_does_not_matter(method, photograph):
    expected = classicseg.segment(photograph, method, threads=1)
    for threads in (2, 3):
        assert np.array_equal(classicseg.segment(photograph, method, threads=threads), expected)


def test_eight_threads_may_call_at_once(method, photograph):
    expected = classicseg.segment(photograph, method)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: classicseg.segment(photograph, method), range(8)))
    assert all(np.array_equal(labels, expected) for labels in results)


FORK = """
import multiprocessing, sys, zlib
from skimage import data
import classicseg
image = data.coffee()[60:156, 180:308]
def digest(_):
    return zlib.crc32(classicseg.segment(image, sys.argv[1], threads=2).tobytes())
if __name__ == "__main__":
    first = digest(0)
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        assert pool.map_async(digest, range(2)).get(timeout=100) == [first, first]
    print(first)
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no fork")
def test_a_child_forked_after_a_first_call_gives_the_same(method):
    done = subprocess.run(
        [sys.executable, "-c", FORK, method], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().isdigit()
