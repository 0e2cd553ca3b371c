"""Expectation maximisation, against plain formulas and scikit-learn's mixture from the same start."""

from itertools import pairwise

import numpy as np
import pytest
from reference import gmm as plain

from classicseg.kernels.gmm import Mixture, expectation_maximisation, posteriors

KINDS = ["full", "tied", "diag", "spherical"]


def blobs(rng, count, depth=3):
    """Samples of three skewed groups about the origin."""
    shape = rng.normal(size=(3, depth, depth))
    groups = [rng.normal(size=(count, depth)) @ (2 * matrix) + rng.normal(0, 15, depth) for matrix in shape]
    samples = np.concatenate(groups)
    return samples - samples.mean(axis=0)


def start_from(samples, count, kind):
    """Equal weights, the first samples as means, and a multiple of the identity, which is of every kind."""
    depth = samples.shape[1]
    step = len(samples) // count
    return Mixture(np.full(count, 1 / count), samples[::step][:count].copy(), np.array([40.0 * np.eye(depth)] * count))


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 3])
def test_one_step_equals_the_plain_twin(kind, depth):
    samples = blobs(np.random.default_rng(5), 20, depth)
    start = start_from(samples, 3, kind)
    fit = expectation_maximisation(samples, start, kind, 1e-2, max_iter=1, tol=0.0, threads=1)
    weights, means, covariances = plain.em_step(samples, *start, kind, 1e-2)
    np.testing.assert_allclose(fit.mixture.weights, weights, rtol=1e-9)
    np.testing.assert_allclose(fit.mixture.means, means, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fit.mixture.covariances, covariances, rtol=1e-9, atol=1e-9)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood(samples, weights, means, covariances), rel=1e-9)
    assert (fit.iterations, fit.converged) == (1, False)


@pytest.mark.small
@pytest.mark.parametrize("kind", KINDS)
def test_the_likelihood_never_falls(kind):
    samples = blobs(np.random.default_rng(8), 25)
    start = start_from(samples, 3, kind)
    runs = [expectation_maximisation(samples, start, kind, 1e-9, steps, 0.0, 1).log_likelihood for steps in range(1, 8)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(runs))
    assert runs[-1] > runs[0]


@pytest.mark.small
def test_posteriors_equal_the_plain_twin():
    samples = blobs(np.random.default_rng(2), 15)
    mixture = start_from(samples, 3, "full")
    joint = plain.densities(samples, *mixture)
    np.testing.assert_allclose(posteriors(samples, mixture, 1), joint / joint.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.small
def test_a_component_without_weight_takes_no_part():
    samples = np.array([[0.0], [1.0], [9.0]])
    mixture = Mixture(np.array([0.5, 0.0, 0.5]), np.array([[0.0], [5.0], [9.0]]), np.ones((3, 1, 1)))
    shares = posteriors(samples, mixture, 1)
    assert np.isfinite(shares).all()
    assert not shares[:, 1].any()


@pytest.mark.small
def test_posteriors_of_samples_far_from_everything():
    """Densities there are 0 in float64; their logarithms still tell which is the nearer."""
    mixture = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.full((2, 1, 1), 0.01))
    assert posteriors(np.array([[-90.0], [80.0]]), mixture, 1).tolist() == [[1, 0], [0, 1]]


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
    start = start_from(samples, 3, kind)
    theirs = GaussianMixture(
        3, covariance_type=kind, reg_covar=1e-2, tol=1e-6, max_iter=2000, weights_init=start.weights,
        means_init=start.means, precisions_init=precisions(kind, 3, 3),
    ).fit(samples)  # fmt: skip
    ours = expectation_maximisation(samples, start, kind, 1e-2, 2000, 1e-6, threads)
    assert ours.converged
    assert ours.log_likelihood == pytest.approx(theirs.score(samples), abs=1e-3)
    assert ours.iterations == theirs.n_iter_
    np.testing.assert_allclose(ours.mixture.means, theirs.means_, atol=1e-3)
    np.testing.assert_allclose(ours.mixture.weights, theirs.weights_, atol=1e-4)
