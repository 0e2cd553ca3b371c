"""Region merging beside a plain twin that looks through all borders each time."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import config
from reference import merging as plain
from reference.components import flood_fill_components

from classicseg.kernels import merging
from classicseg.kernels.adjacency import Borders, borders_of
from classicseg.kernels.merging import Rule, merge_by_rule, merge_by_strength
from classicseg.kernels.region_looks import Looks, looks_of

small = pytest.mark.small


@st.composite
def graphs(draw, whole):
    """Borders and looks of random regions, several parts of a mask among them; whole numbers are exact in any order."""
    height, width = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((height, width)) >= draw(st.sampled_from([0.0, 0.0, 0.2, 0.5]))
    mask[0, 0] = True
    regions = flood_fill_components(rng.integers(0, draw(st.sampled_from([1, 2, 5, 100])), mask.shape), mask)
    levels = draw(st.sampled_from([1, 2, 5])) if whole else 0
    orientations = draw(st.sampled_from([1, 8]))
    if whole:  # of one strength in all directions, so that a mean over pixels has no rounding
        oriented = np.repeat(rng.integers(0, levels + 1, (1, *mask.shape)), orientations, axis=0).astype(np.float32)
    else:
        oriented = rng.random((orientations, *mask.shape), dtype=np.float32)
    planes = rng.integers(0, 3, (2, *mask.shape)).astype(np.float32)
    words = rng.integers(0, 4, (draw(st.integers(0, 2)), *mask.shape)).astype(np.uint8)
    count = int(regions.max())
    borders = borders_of(regions, count, oriented)
    if whole:
        borders = borders._replace(strengths=np.round(2 * borders.strengths))
    return borders, looks_of(regions, count, planes, words, np.full(len(words), 4))


def twin_of(borders, looks, rule):
    """What starts the plain merging."""
    ends = {tuple(pair): [length, strength] for pair, length, strength in zip(
        borders.pairs.tolist(), borders.lengths.tolist(), borders.strengths.tolist(), strict=True)}  # fmt: skip
    weigh = functools.partial(
        plain.rule,
        powers=(rule.strength_power, rule.small_power, rule.large_power, rule.shared_power),
        color=rule.color, color_scale=rule.color_scale, bins=rule.bins.tolist(), total=float(looks.sizes.sum()),
    )  # fmt: skip
    rows = looks.sizes.tolist(), looks.sums.tolist(), looks.histograms.tolist()
    return lambda: plain.Merging(ends, borders.frames.tolist(), *rows, weigh)


def bins_of(looks, weight=0.5):
    return np.linspace(weight / 2, weight, looks.histograms.shape[1])


@small
@given(graphs(whole=True), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]))
def test_merges_and_weights_are_the_twins_with_many_ties(graph, small_power, shared_power):
    borders, looks = graph
    rule = Rule(1.0, 0.0, 1.0, small_power, 0.0, shared_power, np.zeros(looks.histograms.shape[1]))
    start = twin_of(borders, looks, rule)
    merges, weights = merge_by_rule(borders, looks, rule)
    pairs, expected = plain.merged(start)
    assert merges.tolist() == pairs
    assert weights.tolist() == expected


@small
@given(graphs(whole=False), st.sampled_from([(0.7, 0.1, 0.02, -0.06), (1.0, 0.3, -0.1, 0.5), (2.0, 0.0, 0.0, 0.0)]))
def test_each_merge_is_of_the_lightest_border(graph, powers):
    """Followed by the twin step by step, since roundings may order what is alike otherwise."""
    borders, looks = graph
    rule = Rule(powers[0], 0.05, 1.5, *powers[1:], bins_of(looks))
    before = [array.copy() for array in (*borders, *looks[:2])]
    start = twin_of(borders, looks, rule)
    merges, weights = merge_by_rule(borders, looks, rule)
    pairs, expected, lightest = plain.merged(start, follow=merges.tolist())
    assert merges.tolist() == pairs
    assert weights == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert weights == pytest.approx(lightest, rel=1e-9, abs=1e-12)
    assert all(np.array_equal(a, b) for a, b in zip(before, (*borders, *looks[:2]), strict=True))


@small
@given(graphs(whole=True))
def test_average_linkage_is_the_twins_mean_strength(graph):
    borders, looks = graph
    merges, weights = merge_by_strength(borders, len(looks.sizes))
    rule = Rule(1.0, 0.0, 1.0, 0.0, 0.0, 0.0, np.zeros(looks.histograms.shape[1]))
    assert (merges.tolist(), weights.tolist()) == plain.merged(twin_of(borders, looks, rule))


@small
def test_average_linkage_by_hand():
    """A square of four: 0-1 merge at 1; then 0-2 (4 long, 8) and 1-2 (2 long, 10) are one border of mean 3."""
    borders = Borders(
        np.array([(0, 1), (0, 2), (1, 2), (2, 3), (0, 3)], dtype=np.int32), np.array([1.0, 4, 2, 1, 1]),
        np.array([1.0, 8, 10, 5, 3.5]), np.zeros(4),
    )  # fmt: skip
    merges, weights = merge_by_strength(borders, 4)
    assert merges.tolist() == [[0, 1], [2, 4], [3, 5]]
    assert weights.tolist() == [1, 3, 4.25]


@small
def test_a_region_without_borders_is_left_alone():
    nothing = Borders(np.empty((0, 2), np.int32), np.empty(0), np.empty(0), np.array([8.0, 4.0]))
    for found in (
        merge_by_strength(nothing, 2),
        merge_by_rule(
            nothing, Looks(np.ones(2), np.ones((2, 1)), np.ones((2, 2), np.float32)), Rule(1, 1, 1, 1, 1, 1, np.ones(2))
        ),
    ):
        assert (found[0].shape, found[1].shape) == ((0, 2), (0,))


def star(count, size):
    """A background with so many specks in it, one pixel each."""
    pairs = np.stack([np.zeros(count, np.int32), np.arange(1, count + 1, dtype=np.int32)], axis=1)
    strengths = np.random.default_rng(0).random(count)
    borders = Borders(pairs, np.full(count, 4.0), 4 * strengths, np.r_[4 * size**0.5, np.zeros(count)])
    sizes = np.r_[float(size), np.ones(count)]
    histograms = np.zeros((count + 1, 2), np.float32)
    histograms[0, 0], histograms[1:, 1] = size, 1
    return borders, Looks(sizes, np.zeros((count + 1, 1)), histograms), np.argsort(strengths)


@small
def test_all_specks_in_a_background_merge_in_the_order_of_their_strengths():
    borders, looks, order = star(200 if config.DISABLE_JIT else 30_000, 1e6)
    merges, weights = merge_by_rule(borders, looks, Rule(1.0, 0.0, 1.0, 0.0, 0.0, 0.0, np.zeros(2)))
    assert np.array_equal(merges[0], [0, order[0] + 1])
    assert np.array_equal(merges[1:, 0], order[1:] + 1)
    assert np.array_equal(merges[1:, 1], np.arange(len(order) - 1) + len(order) + 1)
    assert np.array_equal(weights, np.sort(borders.strengths) / 4)


@small
@pytest.mark.skipif(not config.DISABLE_JIT, reason="calls of compiled kernels cannot be counted")
def test_borders_of_a_background_are_weighed_anew_only_when_it_has_grown(monkeypatch):
    calls, weigh = [], merging._weigh
    monkeypatch.setattr(merging, "_weigh", lambda edge, *rest: (calls.append(edge), weigh(edge, *rest)))
    for size, rounds in ((1e6, 0), (100.0, 11)):  # 100 grows by a sixteenth 11 times until it is 200
        calls.clear()
        borders, looks, _ = star(100, size)
        merge_by_rule(borders, looks, Rule(1.0, 0.0, 1.0, 0.1, 0.0, 0.0, np.ones(2)))
        assert 100 * (1 + rounds / 4) <= len(calls) <= 100 * (1 + rounds)


def test_a_photograph_is_merged_as_the_twin_does(photograph):
    """Some hundred real regions, with the real rule."""
    from classicseg import merging as road
    from classicseg.image import as_image

    image = as_image(photograph)
    contours = road.contours_of(image)
    labels = road.basins_of(contours, image.mask, 1.0, 1)
    count = int(labels.max())
    borders = borders_of(labels, count, contours.oriented)
    looks = looks_of(labels, count, contours.planes, contours.words, np.array([road.COLORS, road.TEXTONS]))
    rule = road._compiled(contours.rule)
    start = twin_of(borders, looks, rule)
    merges, weights = merge_by_rule(borders, looks, rule)
    assert count > 30
    _, expected, lightest = plain.merged(start, follow=merges.tolist())
    assert weights == pytest.approx(expected, rel=1e-9)
    assert weights == pytest.approx(lightest, rel=1e-9)
