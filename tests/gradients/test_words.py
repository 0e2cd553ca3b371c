"""Words: the same colour has the same word, different ones different words, whatever lies outside the mask."""

from __future__ import annotations

import numpy as np
import pytest

from classicseg.gradients import color_words
from classicseg.gradients.words import COLORS, even_centers, lattice


def lloyd(samples, count, steps=10):
    """Lloyd's algorithm in float64, from samples at even ranks of their lengths."""
    order = np.argsort((samples**2).sum(axis=0), kind="stable")
    centers = samples[:, order[((np.arange(count) + 0.5) * samples.shape[1] / count).astype(int)]].T.copy()
    for _ in range(steps):
        nearest = ((samples.T[:, None] - centers[None]) ** 2).sum(axis=2).argmin(axis=1)
        for k in np.unique(nearest):
            centers[k] = samples[:, nearest == k].mean(axis=1)
    return centers


@pytest.mark.small
def test_centres_are_those_of_lloyd_in_double_precision():
    samples = np.random.default_rng(4).integers(0, 200, size=(3, 60)).astype(np.float64)
    found = even_centers(samples.astype(np.float32), 5)
    np.testing.assert_allclose(found, lloyd(samples, 5), rtol=1e-5)


@pytest.mark.small
def test_each_colour_of_a_few_has_a_word_of_its_own():
    colours = np.array([(10, 0, 0), (50, 30, -20), (90, -5, 5)], dtype=np.float32)
    kinds = np.arange(144).reshape(12, 12) % 3
    words = color_words(np.moveaxis(colours[kinds], -1, 0), np.ones((12, 12), dtype=bool))
    assert [len(np.unique(words[kinds == kind])) for kind in range(3)] == [1, 1, 1]
    assert len(np.unique(words)) == 3


@pytest.mark.small
def test_what_is_outside_the_mask_has_no_word_and_no_say():
    rng = np.random.default_rng(1)
    planes = rng.uniform(0, 100, size=(3, 10, 10)).astype(np.float32)
    mask = rng.random((10, 10)) < 0.7
    words = color_words(planes, mask)
    assert (words[~mask] == 255).all()
    assert (words[mask] < COLORS).all()
    other = np.where(mask, planes, np.float32(-7))
    np.testing.assert_array_equal(words, color_words(other, mask))


def test_words_do_not_depend_on_the_number_of_threads():
    planes = np.random.default_rng(0).uniform(0, 100, size=(3, 200, 300)).astype(np.float32)
    mask = np.ones((200, 300), dtype=bool)
    once = color_words(planes, mask, 1)
    assert len(np.unique(once)) == COLORS
    for threads in (2, 3):
        np.testing.assert_array_equal(once, color_words(planes, mask, threads))


@pytest.mark.parametrize("turned", [False, True])
def test_a_bar_has_words_of_its_own_whichever_way_it_runs(turned):
    """At 512 x 512, every so manyth pixel in raster order stands in a few columns only."""
    generator = np.random.default_rng(0)
    planes = generator.normal(50, 2, (3, 512, 512)).astype(np.float32)
    bar = np.zeros((512, 512), bool)
    bar[:, 49:62] = True
    planes[1, bar] += 60
    if turned:
        planes, bar = np.ascontiguousarray(planes.transpose(0, 2, 1)), bar.T
    words = color_words(planes, np.ones((512, 512), bool))
    assert not set(words[bar]) & set(words[~bar])


@pytest.mark.parametrize(
    ("shape", "met"), [((1, 100_000), 25_000), ((100_000, 1), 25_000), ((2, 3), 6), ((320, 480), 64 * 96)]
)
def test_the_lattice_meets_a_mask_evenly_and_misses_no_speck(shape, met):
    mask = np.ones(shape, bool)
    rows, step = lattice(mask)
    assert mask[rows, ::step].sum() == met
    speck = np.zeros(shape, bool)
    speck[-1, -1] = True
    rows, step = lattice(speck)
    assert speck[rows, ::step].sum() == 1
