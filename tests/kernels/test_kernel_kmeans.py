"""Lloyd's algorithm and its starts, against plain Python and scikit-learn."""

import numpy as np
import pytest
from reference import kmeans as plain

from classicseg.image import count_distinct
from classicseg.kernels.kmeans import lloyd, seed_centers


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
    assert count_distinct(samples, limit) == expected
