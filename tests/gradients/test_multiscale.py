"""Boundary strengths beside their plain twin, and on pictures whose boundaries are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import half_windows as plain

from classicseg.gradients import boundary_strengths, multiscale
from classicseg.gradients.multiscale import (
    Cue,
    default_cues,
    each_cue,
    label_maps,
    oriented_sums,
    parabola_taps,
    window_of,
)

WHOLE = np.ones((33, 41), dtype=bool)


def step(k, low=30, high=70, shape=(33, 41)):
    """Two halves of a picture, parted by a line through its middle in the direction k pi / 8."""
    rows, columns = np.indices(shape)
    angle = k * math.pi / 8
    across = (columns - shape[1] // 2) * math.sin(angle) + (rows - shape[0] // 2) * math.cos(angle)
    return np.where(across > 0.2, high, low).astype(np.float32)


def twin(labels, k, cues):
    windows = {cue: window_of(cue) for cue in cues}
    maps = [[[None if label == 255 else int(label) for label in row] for row in plane] for plane in labels]
    tuples = tuple(
        (cue.place, cue.bins, cue.spread, window.half, window.width, window.stride, cue.weight)
        for cue, window in windows.items()
    )
    return plain.strengths(maps, k * math.pi / 8, tuples, plain.parabola_taps)


@pytest.mark.small
@pytest.mark.parametrize(
    ("shape", "radius", "stride"),
    [((5, 8), 2.5, 1), ((8, 3), 6.0, 1), ((5, 8), 6.0, 2), ((7, 4), 8.0, 4), ((1, 1), 2.5, 1)],
)
def test_each_orientation_is_that_of_the_plain_twin(shape, radius, stride):
    rng = np.random.default_rng(shape[0])
    labels = rng.integers(0, 3, (2, *shape)).astype(np.uint8)
    mask = rng.random(shape) > 0.2
    labels[:, ~mask] = 255
    cues = (Cue("one", 0, 3, 1, radius, stride, 0.6), Cue("other", 1, 5, 0, radius, stride, 0.3))
    found = oriented_sums(labels, mask, cues, 1)
    for k in (0, 1, 2, 4, 7):
        np.testing.assert_allclose(found[k][mask], np.array(twin(labels, k, cues))[mask], atol=2e-6)


def test_large_windows_are_those_of_the_plain_twin():
    rng = np.random.default_rng(3)
    labels = np.kron(rng.integers(0, 3, (1, 2, 3)), np.ones((1, 7, 6))).astype(np.uint8)
    cues = (Cue("one", 0, 3, 1, 20.0, 4, 0.6),)
    found = oriented_sums(labels, np.ones(labels.shape[1:], bool), cues, 1)
    for k in (1, 4):
        np.testing.assert_allclose(found[k], twin(labels, k, cues), atol=2e-6)


@pytest.mark.small
@given(st.integers(1, 30))
def test_taps_fit_a_parabola(reach):
    taps = parabola_taps(reach)
    np.testing.assert_allclose(taps, plain.parabola_taps(reach), rtol=1e-5)


@pytest.mark.parametrize("k", range(8))
def test_a_straight_step_is_strongest_at_its_own_orientation(k):
    for planes in (step(k)[np.newaxis], np.stack([step(0, 50, 50), step(k, -30, 30), step(0, 0, 0)])):
        oriented = boundary_strengths(planes, WHOLE).oriented
        middle = oriented[:, 14:19, 18:23].max(axis=(1, 2))
        assert middle.argmax() == k
        assert middle[k] > 1.2 * np.delete(middle, k).max()
        assert middle[(k + 4) % 8] < 0.1 * middle[k]


def test_the_strongest_place_of_a_step_is_the_step():
    oriented = boundary_strengths(step(4)[np.newaxis], WHOLE).oriented[4]
    assert set(oriented[5:-5].argmax(axis=1).tolist()) <= {20, 21}


@pytest.mark.parametrize("depth", [1, 3])
def test_an_even_picture_has_no_boundary(depth):
    planes = np.full((depth, 33, 41), 37.3, dtype=np.float32)
    mask = WHOLE.copy()
    mask[10:20, 5:17] = False
    for where in (WHOLE, mask):
        assert boundary_strengths(planes, where).oriented.max() < 1e-6


def test_a_mirrored_picture_has_mirrored_strengths(photograph_lab):
    """Plane k becomes plane 8 - k. Every second row and column is computed for the larger windows, and which is not
    mirrored: hence the tolerance."""
    labels = label_maps(photograph_lab, np.ones(photograph_lab.shape[1:], bool))
    mask = np.ones(labels.shape[1:], bool)
    small = [cue for cue in default_cues(3) if cue.stride == 1]
    for cues, most in ((small, 0.02), (default_cues(3), 0.05)):
        here = oriented_sums(labels, mask, cues, 1)
        there = oriented_sums(np.ascontiguousarray(labels[:, :, ::-1]), mask, cues, 1)[:, :, ::-1]
        difference = np.abs(here - there[[0, 7, 6, 5, 4, 3, 2, 1]])
        assert difference.mean() < 0.1 * most
        assert np.quantile(difference, 0.99) < most


def test_what_lies_outside_the_mask_takes_no_part(photograph_lab):
    mask = np.ones(photograph_lab.shape[1:], bool)
    mask[20:50, 40:90] = False
    mask[:, -7:] = False
    other = photograph_lab.copy()
    other[:, ~mask] = np.random.default_rng(0).uniform(-80, 80, (3, np.count_nonzero(~mask)))
    here, there = boundary_strengths(photograph_lab, mask), boundary_strengths(other, mask)
    np.testing.assert_array_equal(here.oriented, there.oriented)
    np.testing.assert_array_equal(here.textons, there.textons)
    assert not here.oriented[:, ~mask].any()
    assert (here.textons[~mask] == 255).all()


def test_threads_and_tiles_change_nothing(photograph_lab, monkeypatch):
    mask = np.random.default_rng(0).random(photograph_lab.shape[1:]) > 0.1
    one = boundary_strengths(photograph_lab, mask, threads=1)
    monkeypatch.setattr(multiscale, "_TILE", 50)
    for threads in (1, 2, 3):
        several = boundary_strengths(photograph_lab, mask, threads=threads)
        np.testing.assert_array_equal(one.oriented, several.oriented)
        np.testing.assert_array_equal(one.textons, several.textons)


def test_cues_by_themselves_sum_to_the_whole(photograph_lab):
    """But for what is cut off below 0: of the sum in one case, of each part in the other."""
    mask = np.ones(photograph_lab.shape[1:], bool)
    labels, cues = label_maps(photograph_lab, mask), default_cues(3)
    parts = np.stack(list(each_cue(labels, mask, cues)))
    assert parts.shape == (10, 8, *mask.shape)
    total = np.einsum("c,ckyx->kyx", [cue.weight for cue in cues], parts)
    whole = oriented_sums(labels, mask, cues, 1)
    np.testing.assert_allclose(total, whole, atol=0.02)
    assert np.mean(np.abs(total - whole)) < 1e-3
    assert whole.max() <= 1


@pytest.mark.small
def test_weights_of_colour_sum_to_one_and_bands_share_them():
    assert sum(cue.weight for cue in default_cues(3)) == pytest.approx(1)
    assert sum(cue.weight for cue in default_cues(1)) < 1
    bands = default_cues(5, bands=True)
    assert sum(cue.weight for cue in bands) == pytest.approx(1)
    assert [cue.name for cue in bands[::3]] == ["band 1", "band 2", "band 3", "band 4", "band 5", "texture"]


def test_bands_are_cues_of_their_own():
    """A step in one band of five is seen, and in all five it is seen five times as strong."""
    flat = np.full((5, 33, 41), 20, np.float32)
    one, every = flat.copy(), np.repeat(step(4, 5, 35)[np.newaxis], 5, axis=0)
    one[3] = every[3]
    cues = [cue for cue in default_cues(5, bands=True) if cue.name != "texture"]
    found = [boundary_strengths(planes, WHOLE, bands=True, cues=cues).oriented[4] for planes in (one, every)]
    np.testing.assert_allclose(5 * found[0], found[1], rtol=1e-3, atol=1e-6)
    assert found[1].max() > 0.4
