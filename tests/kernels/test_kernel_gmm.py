"""Expectation maximisation, against plain formulas and scikit-learn's mixture from the same start."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from reference import gmm as plain

from classicseg.kernels.exponential import exp64, log64
from classicseg.kernels.gmm import (
    Mixture,
    expectation_maximisation,
    mixture_of_clusters,
    posteriors,
    weighted_samples,
)

KINDS = ["full", "tied", "diag", "spherical"]


def blobs(rng, count, depth=3):
    """Samples (3 count, depth) of three skewed groups about the origin, such as float32 holds exactly."""
    shape = rng.normal(size=(3, depth, depth))
    groups = [rng.normal(size=(count, depth)) @ (2 * matrix) + rng.normal(0, 15, depth) for matrix in shape]
    samples = np.concatenate(groups)
    return (samples - samples.mean(axis=0)).astype(np.float32).astype(np.float64)


def start_from(samples, count):
    """Equal weights, the first samples as means, and a multiple of the identity, which is of every kind."""
    depth = samples.shape[1]
    step = len(samples) // count
    return Mixture(np.full(count, 1 / count), samples[::step][:count].copy(), np.array([40.0 * np.eye(depth)] * count))


def climb(samples, start, kind, regularisation=1e-2, max_iter=1, tol=0.0, threads=1, weights=None):
    return expectation_maximisation(
        weighted_samples(samples.T, weights), start, kind, regularisation, max_iter, tol, threads
    )


def assert_same_mixture(ours, theirs, tolerance=1e-9):
    for part, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(part, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.small
def test_exponential_of_many_sizes():
    x = np.concatenate([-np.geomspace(1e-12, 708, 400), [0.0], -np.linspace(0, 3, 301)])
    ours = np.array([exp64(value) for value in x])
    np.testing.assert_allclose(ours, np.exp(x), rtol=1e-15)
    assert exp64(np.float64(0.0)) == 1.0
    assert [exp64(np.float64(value)) for value in (-708.1, -1e300, -np.inf)] == [0, 0, 0]


@pytest.mark.small
def test_logarithm_of_many_sizes():
    x = np.concatenate([np.geomspace(1e-300, 1e300, 400), 1 + np.geomspace(1e-15, 70, 300), [0.5, 1.0, 2.0]])
    ours = np.array([log64(value) for value in x])
    np.testing.assert_allclose(ours, np.log(x), rtol=1e-15, atol=1e-16)
    assert log64(np.float64(1.0)) == 0.0


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_one_step_equals_the_plain_twin(kind, depth):
    samples = blobs(np.random.default_rng(5), 20, depth)
    start = start_from(samples, 3)
    fit = climb(samples, start, kind)
    expected = plain.em_step(samples, *start, kind, 1e-2)
    assert_same_mixture(fit.mixture, expected)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood(samples, *expected), rel=1e-9)
    assert (fit.iterations, fit.converged) == (1, False)


@pytest.mark.small
@hypothesis_settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 40), depth=st.sampled_from([1, 2, 3, 5]),
    count=st.integers(1, 4), kind=st.sampled_from(KINDS),
)  # fmt: skip
def test_weights_are_repeated_samples(seed, size, depth, count, kind):
    rng = np.random.default_rng(seed)
    samples = rng.uniform(-50, 50, (size, depth)).astype(np.float32).astype(np.float64)
    weights = rng.integers(1, 5, size)
    repeated = np.repeat(samples, weights, axis=0)
    start = Mixture(
        rng.dirichlet(np.ones(count)), rng.uniform(-50, 50, (count, depth)), np.array([400.0 * np.eye(depth)] * count)
    )
    fit = climb(samples, start, kind, weights=weights)
    expected = plain.em_step(repeated, *start, kind, 1e-2)
    for part, of_twin in zip(fit.mixture, expected, strict=True):
        np.testing.assert_allclose(part, of_twin, rtol=1e-6, atol=1e-6)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood(repeated, *expected), rel=1e-6, abs=1e-6)


@pytest.mark.small
def test_samples_of_weight_zero_have_no_say():
    samples = blobs(np.random.default_rng(6), 20)
    start = start_from(samples, 3)
    padded = np.concatenate([samples, np.zeros((9, 3))])
    fit = climb(padded, start, "full", max_iter=3, weights=np.repeat([1.0, 0.0], [60, 9]))
    assert_same_mixture(fit.mixture, climb(samples, start, "full", max_iter=3).mixture)


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
def test_the_mixture_of_clusters_equals_the_plain_twin(kind):
    rng = np.random.default_rng(9)
    samples = blobs(rng, 15, 2)
    labels = rng.permutation(np.arange(45) % 3)
    ours = mixture_of_clusters(weighted_samples(samples.T), labels, 3, kind, 1e-2, threads=1)
    assert_same_mixture(ours, plain.mixture_of_clusters(samples, labels, 3, kind, 1e-2))


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
def test_the_likelihood_never_falls(kind):
    samples = blobs(np.random.default_rng(8), 25)
    start = start_from(samples, 3)
    runs = [climb(samples, start, kind, 1e-9, steps).log_likelihood for steps in range(1, 8)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(runs))
    assert runs[-1] > runs[0]


@pytest.mark.parametrize("depth", [1, 3, 4])
def test_components_too_far_from_a_block_to_count(depth):
    """Of 600 samples, the blocks of 128 lie in one group or between two; the third group's component is left out."""
    rng = np.random.default_rng(4)
    middles = np.array([-90.0, 0.0, 90.0])
    samples = np.concatenate([middle + rng.normal(0, 2, (200, depth)) for middle in middles])
    samples = samples.astype(np.float32).astype(np.float64)
    start = Mixture(np.full(3, 1 / 3), np.repeat(middles[:, None], depth, 1), np.array([4.0 * np.eye(depth)] * 3))
    fit = climb(samples, start, "full")
    assert_same_mixture(fit.mixture, plain.em_step(samples, *start, "full", 1e-2), 1e-8)
    shares = posteriors(weighted_samples(samples.T), start, 1)
    assert np.array_equal(shares.argmax(axis=0), np.repeat([0, 1, 2], 200))
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)


@pytest.mark.small
def test_posteriors_equal_the_plain_twin():
    samples = blobs(np.random.default_rng(2), 15)
    mixture = start_from(samples, 3)
    joint = plain.densities(samples, *mixture)
    ours = posteriors(weighted_samples(samples.T), mixture, 1)
    np.testing.assert_allclose(ours.T, joint / joint.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.small
def test_a_component_without_weight_takes_no_part():
    samples = weighted_samples(np.array([[0.0, 1.0, 9.0]]))
    mixture = Mixture(np.array([0.5, 0.0, 0.5]), np.array([[0.0], [5.0], [9.0]]), np.ones((3, 1, 1)))
    shares = posteriors(samples, mixture, 1)
    assert np.isfinite(shares).all()
    assert not shares[1].any()
    fit = expectation_maximisation(samples, mixture, "full", 1e-2, 3, 0.0, 1)
    assert np.isfinite(fit.log_likelihood)
    assert fit.mixture.weights[1] == 0


@pytest.mark.small
def test_posteriors_of_samples_far_from_everything():
    """Densities there are 0 in float64; their logarithms still tell which is the nearer."""
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.full((2, 1, 1), 0.01))
    assert posteriors(weighted_samples(np.array([[-90.0, 80.0]])), mixture, 1).tolist() == [[1, 0], [0, 1]]


def test_many_bands_in_chunks(monkeypatch):
    """Partial sums of a chunk have D^2 / 2 numbers a component: chunks become fewer where D is large."""
    samples = blobs(np.random.default_rng(1), 100, 24)
    start = start_from(samples, 2)
    expected = plain.em_step(samples, *start, "full", 1e-2)
    for most in (1, 3 * 2 * 325, 1 << 23):
        monkeypatch.setattr("classicseg.kernels.gmm._SAMPLES_AT_ONCE", 50)
        monkeypatch.setattr("classicseg.kernels.gmm._MOST_PARTIAL_SUMS", most)
        assert_same_mixture(climb(samples, start, "full").mixture, expected, 1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_does_not_matter(kind):
    samples = blobs(np.random.default_rng(3), 40_000)
    start = start_from(samples, 4)
    ours = weighted_samples(samples.T)
    first = expectation_maximisation(ours, start, kind, 1e-2, 3, 0.0, 1)
    shares = posteriors(ours, first.mixture, 1)
    for threads in (2, 3):
        other = expectation_maximisation(ours, start, kind, 1e-2, 3, 0.0, threads)
        assert all(np.array_equal(a, b) for a, b in zip(first.mixture, other.mixture, strict=True))
        assert other.log_likelihood == first.log_likelihood
        assert np.array_equal(posteriors(ours, first.mixture, threads), shares)


def precisions(kind, depth, count):
    """What scikit-learn calls precisions_init, for the start of `start_from`."""
    return {
        "full": np.array([np.eye(depth) / 40] * count),
        "tied": np.eye(depth) / 40,
        "diag": np.full((count, depth), 1 / 40),
        "spherical": np.full(count, 1 / 40),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_log_likelihood_of_scikit_learn_from_the_same_start(kind, threads):
    from sklearn.mixture import GaussianMixture

    samples = blobs(np.random.default_rng(11), 4000)
    start = start_from(samples, 3)
    theirs = GaussianMixture(
        3, covariance_type=kind, reg_covar=1e-2, tol=1e-6, max_iter=2000, weights_init=start.weights,
        means_init=start.means, precisions_init=precisions(kind, 3, 3),
    ).fit(samples)  # fmt: skip
    ours = climb(samples, start, kind, 1e-2, 2000, 1e-6, threads)
    assert ours.converged
    assert ours.log_likelihood == pytest.approx(theirs.score(samples), abs=1e-3)
    assert ours.iterations == theirs.n_iter_
    np.testing.assert_allclose(ours.mixture.means, theirs.means_, atol=1e-3)
    np.testing.assert_allclose(ours.mixture.weights, theirs.weights_, atol=1e-4)
