"""What every method promises, on pictures, masks and parameters that are drawn: labels as said, or one of two errors.

`pytest --hypothesis-profile=hard tests/test_properties.py` draws thousands, other ones in each run.
"""

from __future__ import annotations

import _thread
import itertools
import time
import warnings

import drawn as drawing
import numpy as np
import pytest
from conftest import QUICK, UNCOMPILED
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from reference.components import flood_fill_components, raster_numbers

import classicseg
from classicseg import DataRangeWarning, ImageError, ParameterError
from classicseg.registry import make

small = pytest.mark.small
SIDE = 4 if UNCOMPILED else 12
every_picture = drawing.pictures(SIDE)


class Stopped(Exception):
    """What a callback raises to end a run."""


def few(share):
    """A part of the usual number of examples, since each runs for every method."""
    most = max(settings.default.max_examples // share, 1)
    return settings(max_examples=2 if UNCOMPILED else most, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def range_warnings_pass():
    """Dark pictures of 16 bits, and samples beside a range that was drawn, are warned of as they should be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataRangeWarning)
        yield


def made(method, parameters, picture):
    """The segmenter, unless the parameters do not go together, which is an error of the right type."""
    if parameters.get("band") is not None:
        parameters = {**parameters, "band": parameters["band"] % picture.levels.shape[2]}
    if UNCOMPILED:
        slow = {"gradient", "n_init", "max_iter"}
        parameters = quick_of(method) | {name: value for name, value in parameters.items() if name not in slow}
    try:
        return make(method, **parameters)
    except ParameterError:
        assume(False)


def quick_of(method):
    """Settings under which a method is quick; those of the contract."""
    return QUICK.get(method, {})


# --- checks ---------------------------------------------------------------------------------------------------------


def check_labels(labels, mask, binary):
    """Type, layout and shape; 0 outside the mask, 1..K without a hole inside, beside the background."""
    assert labels.dtype == np.int32
    assert labels.flags.c_contiguous
    assert labels.shape == mask.shape
    assert not labels[~mask].any()
    numbers = np.unique(labels[mask])
    numbers = numbers[numbers > 0] if binary else numbers
    assert numbers.tolist() == list(range(1, len(numbers) + 1))


def check_order(labels, segmenter, picture):
    """Segments and connected parts in raster order, classes by rising lightness."""
    if segmenter.makes == "segments" or segmenter.connected or segmenter.split_touching:
        assert np.array_equal(labels, raster_numbers(labels))
    elif not segmenter.binary:
        lightness = picture.lightness
        means = [lightness[labels == label].mean() for label in range(1, labels.max() + 1)]
        assert all(after > before - 1e-3 for before, after in itertools.pairwise(means)), means


def check_parts(labels, segmenter, mask):
    """Connected where that is asked for, and none too small that has a neighbour."""
    parts = flood_fill_components(labels, mask)
    if segmenter.connected:
        count = len(np.unique(parts[labels > 0]))
        assert count == labels.max()
    least = min(segmenter.min_size, mask.size + 1)
    if segmenter.name == "felzenszwalb" and not segmenter.connected and segmenter.connectivity == 2:
        return  # its segments hang together by corners, and their size is that of all of it
    wholes = flood_fill_components(np.zeros_like(labels), mask)
    for part in np.unique(parts[labels > 0]):
        here = parts == part
        size = np.count_nonzero(here)
        assert size >= least or size == np.count_nonzero(wholes == wholes[here][0]), (size, least)


def check_findings(result):
    """The empty mask is said; else what the method's documentation promises is there."""
    if not result.mask.any():
        assert result.findings == {"empty": True}
        return
    documented = type(result.segmenter).__doc__.split("Findings:")[1].split(".")[0]
    names = documented.split("``")[1::2]
    assert any(name in result.findings for name in names), (names, list(result.findings))
    rows = result.findings.get("n_classes")
    if rows is not None and not result.segmenter.connected:
        assert rows == result.n_labels


# --- promises -------------------------------------------------------------------------------------------------------


@small
def test_every_promise_about_labels_is_kept(method):
    keep_every_promise(method)


@small
def test_spectral_keeps_them_on_pixels_by_levels_too(monkeypatch):
    monkeypatch.setattr("classicseg.eigen.BANDED_WORK", 0)
    keep_every_promise("spectral", n_superpixels=0)


def keep_every_promise(method, **fixed):
    """Draw pictures and parameters, and look at all that is said of labels, findings and what came in."""

    @few(2)
    @given(
        every_picture, drawing.parameters(method), st.sampled_from(drawing.CARRIERS), st.sampled_from(drawing.LAYOUTS)
    )
    def check(picture, parameters, carrier, layout):
        assume(picture.inside.size > 1 or not fixed)  # a single pixel is never solved by levels
        segmenter = made(method, {**parameters, **fixed}, picture)
        arguments = picture.given(carrier, layout, broken=True)
        before = arguments["image"].tobytes()
        mask_before = None if picture.mask is None else picture.mask.copy()
        result = segmenter.run(**arguments, threads=1)
        assert arguments["image"].tobytes() == before
        assert mask_before is None or np.array_equal(picture.mask, mask_before)
        assert np.array_equal(result.mask, picture.inside)
        check_labels(result.labels, picture.inside, segmenter.binary)
        check_order(result.labels, segmenter, picture)
        check_parts(result.labels, segmenter, picture.inside)
        check_findings(result)
        for threads in (1, 3):
            assert np.array_equal(segmenter.segment(**arguments, threads=threads), result.labels), threads

    check()


@small
def test_neither_the_carrier_nor_the_layout_matters(method):
    other = st.sampled_from(drawing.CARRIERS), st.sampled_from(drawing.LAYOUTS)

    @few(4)
    @given(every_picture, drawing.parameters(method, 0.2), *other)
    def check(picture, parameters, carrier, layout):
        segmenter = made(method, parameters, picture)
        expected = segmenter.segment(**picture.given())
        assert np.array_equal(segmenter.segment(**picture.given(carrier, layout, broken=True)), expected)
        two = np.where(picture.levels > 127, np.uint8(255), np.uint8(0))
        black_and_white = drawing.Drawn(two, picture.channels, picture.mask)
        arguments = black_and_white.given()
        as_bool = {**arguments, "image": drawing.laid_out(arguments["image"] > 127, layout)}
        assert np.array_equal(segmenter.segment(**as_bool), segmenter.segment(**arguments))

    check()


def test_a_hierarchy_is_nested_and_its_cuts_keep_the_promises(method):
    @few(4)
    @given(every_picture, drawing.parameters(method, 0.2), st.floats(0, 1), st.integers(1, 160))
    def check(picture, parameters, threshold, n_segments):
        segmenter = made(method, parameters, picture)
        result = segmenter.run(**picture.given())
        if not picture.inside.any():
            with pytest.raises(ImageError, match="no pixel"):
                _ = result.hierarchy
            return
        tree = result.hierarchy
        assert np.array_equal(tree.leaves > 0, picture.inside)
        assert 0 <= tree.altitudes.min() <= tree.altitudes.max() <= 1
        finest, coarse = tree.cut(threshold=0), tree.cut(threshold=threshold)
        for labels in (finest, coarse, tree.cut(n_segments=n_segments), tree.cut(threshold=1)):
            check_labels(labels, picture.inside, False)
            assert np.array_equal(labels, raster_numbers(labels))
        pairs = np.unique(np.stack([finest[picture.inside], coarse[picture.inside]]), axis=1)
        assert len(np.unique(pairs[0])) == pairs.shape[1]
        wholes = flood_fill_components(np.zeros_like(finest), picture.inside).max()
        assert tree.cut(n_segments=n_segments).max() <= max(n_segments, wholes)
        cut = result.cut(n_segments=n_segments)
        check_labels(cut.labels, picture.inside, False)

    check()


@small
def test_progress_rises_to_one_and_an_exception_in_it_ends_the_run(method):
    @few(5)
    @given(every_picture, drawing.parameters(method, 0.2), st.integers(0, 4), st.sampled_from([1, 3]))
    def check(picture, parameters, last, threads):
        assume(picture.inside.any())
        segmenter = made(method, parameters, picture)
        arguments = picture.given()
        shares = []
        segmenter.segment(**arguments, threads=threads, progress=shares.append)
        assert shares == sorted(shares)
        assert shares[0] >= 0
        assert shares[-1] == 1.0
        calls = 0

        def stop(share):
            nonlocal calls
            calls += 1
            if calls > min(last, len(shares) - 1):
                raise Stopped(share)

        working = _thread._count()
        with pytest.raises(Stopped):
            segmenter.segment(**arguments, threads=threads, progress=stop)
        assert calls == min(last, len(shares) - 1) + 1
        patience = time.monotonic() + 5
        while _thread._count() > working and time.monotonic() < patience:
            time.sleep(0.001)  # a thread that has let go of its lock is about to end
        assert _thread._count() <= working

    check()


# --- refusals -------------------------------------------------------------------------------------------------------


@small
def test_a_refused_value_is_a_parameter_error_that_names_it(method):
    @few(1)
    @given(st.data())
    def check(data):
        name = data.draw(st.sampled_from(list(classicseg.methods()[method].parameters)))
        with pytest.raises(ParameterError, match=rf"{name}="):
            make(method, **{name: data.draw(drawing.refused(method, name))})

    check()


@small
def test_anything_at_all_gives_labels_or_one_of_the_two_errors(method):
    @few(2)
    @given(drawing.anything(), drawing.any_arguments())
    def check(image, arguments):
        try:
            result = classicseg.run(image, method, **arguments, **quick_of(method))
        except (ImageError, ParameterError) as error:
            assert len(str(error)) > 20  # what came, what is allowed, the cure
            return
        check_labels(result.labels, result.mask, result.segmenter.binary)

    check()


@small
def test_a_sample_that_is_no_number_is_refused_inside_the_mask_and_nowhere_else(method):
    @few(5)
    @given(every_picture, st.sampled_from([np.nan, np.inf, -np.inf]), drawing.SEEDS)
    def check(picture, value, seed):
        arguments = drawing.without(picture, picture.inside.copy()).given("float64")
        rows = np.moveaxis(arguments["image"], 0, -1) if picture.channels == "first" else arguments["image"]
        place = tuple(np.random.default_rng(seed).integers(rows.shape[:2]))
        assume(picture.channels != "rgba")
        rows[place] = value
        if picture.inside[place]:
            with pytest.raises(ImageError, match=rf"row {place[0]}, column {place[1]}"):
                classicseg.segment(**arguments, method=method, **quick_of(method))
        arguments["mask"][place] = False
        classicseg.segment(**arguments, method=method, **quick_of(method))

    check()
