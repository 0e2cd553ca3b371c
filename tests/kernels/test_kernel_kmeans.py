"""Lloyd's algorithm and its starts, against plain Python and scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import kmeans as plain

from classicseg import image
from classicseg.kernels import kmeans_blocks, kmeans_line
from classicseg.kernels.kmeans import best_of_starts, lloyd_of_blocks
from classicseg.kernels.kmeans_blocks import BLOCK, arrange, count_distinct, for_each_sample
from classicseg.kernels.kmeans_line import best_on_line
from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks
from classicseg.kernels.silhouettes import simplified_silhouette


def lloyd(samples, centers, max_iter, tol, threads, weights=None):
    """Lloyd's steps as the segmenter takes them, with the labels of the samples in the order in which they came."""
    blocks = arrange(samples, weights, threads)
    found = lloyd_of_blocks(blocks, centers, max_iter, tol, threads)
    return found._replace(labels=for_each_sample(found.labels, blocks))


def seed_centers(samples, count, rng, weights=None):
    return seed_of_blocks(arrange(samples, weights), draw_uniforms(count, rng))


@st.composite
def weighted_samples(draw, depths=(1, 2, 3, 5, 40), most=200):
    """Samples with many ties (whole numbers) or none, with whole weights, on a few scales and far from 0 or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(8, most)), draw(st.sampled_from(depths))
    samples = rng.integers(0, 6, shape).astype(float) if draw(st.booleans()) else rng.normal(0, 1, shape)
    samples = samples * draw(st.sampled_from([1.0, 1000.0, 1e-3])) + draw(st.sampled_from([0.0, 100.0]))
    return samples.astype(np.float32), rng.integers(1, 9, len(samples))


@pytest.mark.small
@given(weighted_samples(), st.booleans())
def test_blocks_hold_every_sample_within_their_boxes(drawn, counted):
    samples, weights = drawn
    blocks = arrange(samples, weights if counted else None)
    weights = weights if counted else np.ones(len(samples))
    ordered = blocks.planes[:, : blocks.size].T
    places = for_each_sample(np.arange(blocks.size, dtype=np.int32), blocks)
    assert np.array_equal(ordered[places], samples)
    assert np.array_equal(blocks.weights[: blocks.size], np.bincount(places, weights))
    assert not blocks.weights[blocks.size :].any()
    bounds = blocks.starts.tolist()
    assert (bounds[0], bounds[-1]) == (0, blocks.size)
    for block, (start, stop) in enumerate(pairwise(bounds)):
        assert 0 < stop - start <= BLOCK
        own, own_weights = ordered[start:stop].astype(float), blocks.weights[start:stop]
        assert (np.abs(own - blocks.middles[:, block]) <= blocks.halves[:, block]).all()
        np.testing.assert_allclose(blocks.totals[block], [*(own_weights @ own), own_weights.sum()], rtol=1e-12)
    variances = np.average((samples.astype(float) - np.average(samples, 0, weights)) ** 2, 0, weights)
    assert blocks.variance == pytest.approx(variances.mean(), rel=1e-9, abs=1e-12)


@pytest.mark.small
@given(weighted_samples(depths=(1, 3, 4), most=30), st.integers(5, 20))
def test_parts_counted_apart_make_the_same_samples(drawn, at_once):
    samples, _ = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kmeans_blocks, "_SAMPLES_AT_ONCE", at_once)
        blocks = arrange(samples)
    places = for_each_sample(np.arange(blocks.size, dtype=np.int32), blocks)
    assert np.array_equal(blocks.planes[:, places].T, samples)
    assert np.array_equal(blocks.weights[: blocks.size], np.bincount(places))
    assert count_distinct(blocks, 1000) == len(np.unique(samples, axis=0))


@pytest.mark.small
def test_equal_samples_are_one_where_a_cell_holds_no_others():
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 256, (40, 3)).astype(np.float32)[rng.integers(0, 40, 900)]
    distinct = np.unique(samples, axis=0)
    assert arrange(samples).size == len(distinct)
    assert arrange(samples, np.ones(900, dtype=np.int64)).size == len(distinct)


@pytest.mark.small
@pytest.mark.parametrize("side", [0.0, 1e-38, 3e38])
def test_samples_of_no_or_any_extent_are_arranged(side):
    samples = (np.arange(150, dtype=np.float32).reshape(50, 3) / 150 * np.float32(side)).astype(np.float32)
    blocks = arrange(samples)
    places = for_each_sample(np.arange(blocks.size, dtype=np.int32), blocks)
    assert np.array_equal(blocks.planes[:, places].T, samples)


@pytest.mark.small
@given(weighted_samples(), st.integers(1, 8))
def test_a_step_equals_the_plain_one_ties_included(drawn, count):
    samples, weights = drawn
    start = samples[:count].astype(float)  # whole numbers are as near to one centre as to another, or centres are equal
    found = lloyd(samples, start, 0, 0.0, 1, weights)
    labels = plain.assign(samples.tolist(), start.tolist())
    assert found.labels.tolist() == labels
    whole = plain.inertia(np.repeat(samples, weights, axis=0), start, np.repeat(labels, weights))
    assert found.inertia == pytest.approx(whole, rel=1e-12)


@pytest.mark.small
@given(weighted_samples(depths=(1, 2, 3), most=24), st.integers(1, 4))
def test_weights_stand_for_copies(drawn, count):
    samples, weights = drawn
    start = np.unique(samples, axis=0)[:count].astype(float)
    found = lloyd(samples, start, 3, 0.0, 1, weights)
    repeated = np.repeat(samples, weights, axis=0)
    copies = lloyd(repeated, start, 3, 0.0, 1)
    assert copies.labels.tolist() == plain.assign(repeated.tolist(), copies.centers.tolist())
    np.testing.assert_allclose(found.centers, copies.centers, rtol=1e-9, atol=1e-12)
    assert found.inertia == pytest.approx(copies.inertia, rel=1e-9)


@pytest.mark.small
@pytest.mark.parametrize("seed", range(4))
def test_weighted_lloyd_equals_the_plain_twin(seed):
    rng = np.random.default_rng(seed)
    samples, weights = rng.normal(0, 10, (300, 3)).astype(np.float32), rng.integers(1, 50, 300)
    start = samples[:6].astype(np.float64)
    found = lloyd(samples, start, 1000, 0.0, 1, weights)
    labels, centers = plain.lloyd(samples, start, weights=weights.tolist())
    assert found.labels.tolist() == labels
    np.testing.assert_allclose(found.centers, centers, rtol=1e-11)


@pytest.mark.small
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("depth", [1, 3, 4])
def test_seeds_equal_the_plain_twin(seed, depth):
    rng = np.random.default_rng(seed)
    samples = rng.permutation(np.unique(rng.integers(0, 40, (150, depth)), axis=0)).astype(np.float32)
    weights = rng.integers(1, 9, len(samples))
    blocks = arrange(samples, weights)
    uniforms = draw_uniforms(7, rng)
    found = seed_of_blocks(blocks, uniforms)
    ordered = blocks.planes[:, : blocks.size].T.tolist()
    ordered_weights = blocks.weights[: blocks.size].tolist()
    assert found.tolist() == plain.seed_centers(ordered, ordered_weights, uniforms.tolist())


@pytest.mark.small
@pytest.mark.parametrize("count", [1, 2, 5])
def test_seeds_are_all_distinct_samples_where_all_are_wanted(count):
    samples = np.arange(count, dtype=np.float32)[:, np.newaxis]
    for seed in range(20):
        found = seed_centers(samples, count, np.random.default_rng(seed))
        assert sorted(found.ravel().tolist()) == samples.ravel().tolist()


def test_best_of_starts_is_the_best_of_each_whatever_the_threads(photograph):
    samples = photograph.reshape(-1, 3).astype(np.float32)
    blocks = arrange(samples)
    rng = np.random.default_rng(3)
    each = [lloyd_of_blocks(blocks, seed_of_blocks(blocks, draw_uniforms(7, rng)), 300, 1e-4, 1) for _ in range(4)]
    for threads in (1, 2, 3):
        best = best_of_starts(blocks, 7, 4, np.random.default_rng(3), 300, 1e-4, threads)
        assert best.inertia == min(clustering.inertia for clustering in each)
        labels = for_each_sample(best.labels, blocks)
        assert float(np.sum((samples - best.centers[labels]) ** 2)) == pytest.approx(best.inertia)


def test_threads_do_not_matter_where_there_are_many_chunks():
    samples = np.random.default_rng(0).normal(0, 30, (300_000, 2)).astype(np.float32)
    start = samples[:9].astype(float)
    one, two, three = (lloyd(samples, start, 12, 0.0, threads) for threads in (1, 2, 3))
    for other in (two, three):
        assert np.array_equal(other.labels, one.labels)
        assert np.array_equal(other.centers, one.centers)
        assert other.inertia == one.inertia


@pytest.mark.parametrize(("space", "count"), [("rgb", 3), ("rgb", 40), ("place", 12)])
def test_labels_are_those_of_all_distances(photograph, space, count):
    samples = photograph.reshape(-1, 3).astype(np.float32)
    if space == "place":
        samples = np.column_stack([samples, np.argwhere(np.ones(photograph.shape[:2]))]).astype(np.float32)
    start = seed_centers(samples, count, np.random.default_rng(0))
    found = lloyd(samples, start, 20, 0.0, 2)
    distances = np.zeros((count, len(samples)))
    for d in range(samples.shape[1]):
        distances += (samples[:, d].astype(float) - found.centers[:, d, np.newaxis]) ** 2
    assert np.array_equal(found.labels, np.argmin(distances, axis=0))
    assert found.inertia == pytest.approx(distances.min(axis=0).sum(), rel=1e-12)


@pytest.mark.small
@given(weighted_samples(depths=(1,), most=12), st.integers(1, 4))
def test_the_best_on_a_line_is_the_best_of_all_partitions(drawn, count):
    values, first = np.unique(drawn[0][:, 0], return_index=True)
    weights = drawn[1][first]
    count = min(count, len(values))
    shuffled = np.random.default_rng(0).permutation(len(values))
    found = best_on_line(values[shuffled], weights[shuffled], count, 300, 0.0, 1)
    least = plain.least_inertia_on_line(values.astype(float).tolist(), weights.tolist(), count)
    spread = float(weights @ (values - np.average(values, weights=weights)) ** 2)
    assert found.inertia == pytest.approx(least, rel=1e-9, abs=1e-11 * spread)
    assert (found.iterations, found.converged) == (0, True)
    assert found.labels.tolist() == plain.assign(values[shuffled, np.newaxis].tolist(), found.centers.tolist())
    assert sorted(set(found.labels.tolist())) == list(range(count))


@pytest.mark.small
def test_many_values_on_a_line_start_from_the_best_of_rounded_ones(monkeypatch):
    rng = np.random.default_rng(2)
    values = rng.permutation(np.unique(rng.normal(0, 1, 300).astype(np.float32)))
    weights = rng.integers(1, 5, len(values))
    best = best_on_line(values, weights, 4, 300, 0.0, 1)
    monkeypatch.setattr(kmeans_line, "_MOST_CHOICES", 4 * 64)
    found = best_on_line(values, weights, 4, 300, 0.0, 1)
    assert found.converged
    assert best.inertia <= found.inertia * (1 + 1e-12)
    assert found.inertia == pytest.approx(best.inertia, rel=1e-3)
    assert found.labels.tolist() == plain.assign(values[:, np.newaxis].tolist(), found.centers.tolist())


@pytest.mark.small
@given(weighted_samples(), st.integers(2, 6))
def test_silhouette_equals_the_plain_twin(drawn, count):
    samples, weights = drawn
    centers = samples[:count].astype(float)
    found = simplified_silhouette(samples, weights, centers, 1)
    assert found == pytest.approx(plain.simplified_silhouette(samples.tolist(), weights.tolist(), centers), abs=1e-12)


@pytest.mark.small
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("depth", [1, 3])
def test_lloyd_equals_the_plain_twin(seed, depth):
    rng = np.random.default_rng(seed)
    samples = (100 * rng.random((60, depth))).astype(np.float32)
    start = samples[:4].astype(np.float64)
    found = lloyd(samples, start, max_iter=1000, tol=0.0, threads=1)
    labels, centers = plain.lloyd(samples, start)
    assert found.labels.tolist() == labels
    np.testing.assert_allclose(found.centers, centers, rtol=1e-12)
    assert found.inertia == pytest.approx(plain.inertia(samples, centers, labels), rel=1e-12)
    assert found.converged


@pytest.mark.small
def test_of_equally_near_centres_the_first_wins():
    found = lloyd(np.array([[0], [2], [1]], dtype=np.float32), np.array([[0.0], [2.0]]), 1, 0.0, threads=1)
    assert plain.assign([[0], [2], [1]], [[0.0], [2.0]]) == [0, 1, 0]
    np.testing.assert_allclose(found.centers, [[0.5], [2.0]])


@pytest.mark.small
def test_a_centre_that_lost_its_samples_finds_others():
    samples = np.array([[0], [0.5], [10], [10.5], [50]], dtype=np.float32)
    found = lloyd(samples, np.array([[0.0], [1000.0], [2000.0]]), max_iter=100, tol=0.0, threads=1)
    assert len(set(found.labels.tolist())) == 3
    assert found.inertia == pytest.approx(2 * (0.25**2 + 0.25**2))


@pytest.mark.small
def test_says_when_the_iterations_did_not_suffice():
    samples = np.random.default_rng(0).random((200, 2)).astype(np.float32)
    found = lloyd(samples, samples[:5].astype(float), max_iter=1, tol=0.0, threads=1)
    assert (found.iterations, found.converged) == (1, False)


@pytest.mark.small
def test_the_start_is_left_alone():
    start = np.array([[0.0], [1.0]])
    lloyd(np.array([[0], [5], [9]], dtype=np.float32), start, 10, 0.0, threads=1)
    assert start.tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize("threads", [1, 2])
def test_inertia_of_scikit_learn_from_the_same_centres(threads):
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(1)
    samples = np.concatenate([rng.normal(m, 12, (9000, 3)) for m in (20, 45, 60, 90)]).astype(np.float32)
    start = samples[rng.choice(len(samples), 5, replace=False)].astype(np.float64)
    theirs = KMeans(5, init=start, n_init=1, algorithm="lloyd").fit(samples.astype(np.float64))
    ours = lloyd(samples, start, max_iter=300, tol=1e-4, threads=threads)
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-4)
    assert np.mean(ours.labels == theirs.labels_) > 0.99


@pytest.mark.small
@pytest.mark.parametrize("seed", range(5))
def test_seeds_are_samples_one_from_each_far_group(seed):
    rng = np.random.default_rng(seed)
    samples = np.concatenate([rng.normal(m, 1, (40, 2)) for m in (0, 1000, 2000, 3000)]).astype(np.float32)
    centers = seed_centers(samples, 4, np.random.default_rng(seed))
    assert {tuple(center) for center in centers.tolist()} <= {tuple(sample) for sample in samples.tolist()}
    assert sorted(np.rint(centers[:, 0] / 1000).astype(int).tolist()) == [0, 1, 2, 3]


@pytest.mark.small
def test_seeds_follow_the_generator():
    samples = np.random.default_rng(0).random((100, 3)).astype(np.float32)
    one, again, other = (seed_centers(samples, 3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.small
@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (2, 2), (3, 3), (10, 3)])
def test_count_distinct(limit, expected):
    samples = np.array([[1, 2], [1, 2], [2, 1], [1, 2], [0, 0], [2, 1]], dtype=np.float32)
    assert image.count_distinct(samples, limit) == expected
    assert count_distinct(arrange(samples), limit) == expected
