"""Expectation maximisation for a Gaussian mixture: one compiled pass does both steps' sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_SAMPLES_AT_ONCE = 1 << 13


class Mixture(NamedTuple):
    """Weights (K,), means (K, D) and covariances (K, D, D) of a Gaussian mixture."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]


class Fit(NamedTuple):
    """The outcome of `expectation_maximisation`; `log_likelihood` is the mean over samples."""

    mixture: Mixture
    log_likelihood: float
    iterations: int
    converged: bool


@kernel
def _log_densities(sample, constants, means, whiteners, out):
    """out[k] = constants[k] - |W_k (x - mu_k)|^2 / 2, with W_k the inverse of covariance k's Cholesky factor."""
    count, depth = means.shape
    for k in range(count):
        square = 0.0
        for row in range(depth):
            whitened = 0.0
            for column in range(row + 1):
                whitened += whiteners[k, row, column] * (sample[column] - means[k, column])
            square += whitened * whitened
        out[k] = constants[k] - 0.5 * square


@kernel
def _soften(out):
    """Log joint densities become posteriors, in place; returns the log of their sum."""
    top = out[0]
    for k in range(1, len(out)):
        top = max(top, out[k])
    total = 0.0
    for k in range(len(out)):
        out[k] = np.exp(out[k] - top)
        total += out[k]
    for k in range(len(out)):
        out[k] /= total
    return top + np.log(total)


@kernel
def _accumulate(samples, start, stop, constants, means, whiteners, zeroth, first, second):
    """Posterior-weighted sums of 1, x and x x^T (its lower triangle) over samples[start:stop]; the log-likelihood."""
    count, depth = means.shape
    posterior = np.empty(count, np.float64)
    total = 0.0
    for i in range(start, stop):
        _log_densities(samples[i], constants, means, whiteners, posterior)
        total += _soften(posterior)
        for k in range(count):
            p = posterior[k]
            zeroth[k] += p
            for row in range(depth):
                weighted = p * samples[i, row]
                first[k, row] += weighted
                for column in range(row + 1):
                    second[k, row, column] += weighted * samples[i, column]
    return total


@kernel
def _fill_posteriors(samples, start, stop, constants, means, whiteners, posteriors):
    posterior = np.empty(len(means), np.float64)
    for i in range(start, stop):
        _log_densities(samples[i], constants, means, whiteners, posterior)
        _soften(posterior)
        for k in range(len(means)):
            posteriors[i, k] = posterior[k]


def expectation_maximisation(
    samples: NDArray[np.float64],
    start: Mixture,
    covariance_type: str,
    regularisation: float,
    max_iter: int,
    tol: float,
    threads: int,
) -> Fit:
    """Climb the likelihood of `samples` (N, D) from `start` until a step gains at most `tol` a sample.

    `regularisation` is added to the diagonal of every covariance. O(N K D^2) a step.
    """
    mixture, before = start, -np.inf
    iterations, converged = 0, False
    while iterations < max_iter and not converged:
        log_likelihood, zeroth, first, second = _sums(samples, mixture, threads)
        converged = iterations > 0 and log_likelihood - before <= tol
        before = log_likelihood
        mixture = mixture_of_sums(zeroth, first, second, covariance_type, regularisation)
        iterations += 1
    return Fit(mixture, _sums(samples, mixture, threads)[0], iterations, converged)


def mixture_of_sums(
    zeroth: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    covariance_type: str,
    regularisation: float,
) -> Mixture:
    """The maximisation step: the mixture whose moments are the weighted sums (K,), (K, D) and (K, D, D)."""
    depth = first.shape[1]
    safe = zeroth + 10 * np.finfo(np.float64).eps
    means = first / safe[:, np.newaxis]
    covariances = second / safe[:, np.newaxis, np.newaxis] - means[:, :, np.newaxis] * means[:, np.newaxis, :]
    if covariance_type == "tied":
        shared = np.sum(safe[:, np.newaxis, np.newaxis] * covariances, axis=0) / safe.sum()
        covariances = np.broadcast_to(shared, covariances.shape).copy()
    elif covariance_type == "diag":
        covariances = covariances * np.eye(depth)
    elif covariance_type == "spherical":
        covariances = np.trace(covariances, axis1=1, axis2=2)[:, np.newaxis, np.newaxis] / depth * np.eye(depth)
    return Mixture(zeroth / zeroth.sum(), means, covariances + regularisation * np.eye(depth))


def posteriors(samples: NDArray[np.float64], mixture: Mixture, threads: int) -> NDArray[np.float32]:
    """The probability (N, K) that each sample came from each component."""
    result = np.empty((len(samples), len(mixture.weights)), dtype=np.float32)
    constants, whiteners = _constants(mixture)

    def work(_: int, start: int, stop: int) -> None:
        _fill_posteriors(samples, start, stop, constants, mixture.means, whiteners, result)

    for_chunks(work, chunks(len(samples), _SAMPLES_AT_ONCE), threads)
    return result


def _sums(samples, mixture, threads):
    bounds = chunks(len(samples), _SAMPLES_AT_ONCE)
    count, depth = mixture.means.shape
    constants, whiteners = _constants(mixture)
    total = np.zeros(len(bounds))
    zeroth = np.zeros((len(bounds), count))
    first = np.zeros((len(bounds), count, depth))
    second = np.zeros((len(bounds), count, depth, depth))

    def work(chunk: int, start: int, stop: int) -> None:
        total[chunk] = _accumulate(
            samples, start, stop, constants, mixture.means, whiteners, zeroth[chunk], first[chunk], second[chunk]
        )

    for_chunks(work, bounds, threads)
    lower = second.sum(axis=0)
    whole = lower + np.swapaxes(np.tril(lower, -1), 1, 2)
    return float(total.sum()) / len(samples), zeroth.sum(axis=0), first.sum(axis=0), whole


def _constants(mixture: Mixture) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log(weight) - log sqrt((2 pi)^D det(covariance)), and the inverse Cholesky factors, for each component."""
    depth = mixture.means.shape[1]
    factors = np.linalg.cholesky(mixture.covariances)
    log_roots = np.sum(np.log(np.diagonal(factors, axis1=1, axis2=2)), axis=1)
    with np.errstate(divide="ignore"):  # a component may lose all its weight: log 0 is -inf, its posterior 0
        constants = np.log(mixture.weights) - log_roots - 0.5 * depth * np.log(2 * np.pi)
    return constants, np.ascontiguousarray(np.linalg.inv(factors))
