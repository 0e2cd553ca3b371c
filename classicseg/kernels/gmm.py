"""Expectation maximisation for a Gaussian mixture of weighted samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.gmm_blocks import add_up, add_up_clusters
from classicseg.kernels.gmm_steps import DIAGONAL, FULL, SPHERICAL, TIED, maximise, prepare
from classicseg.parallel import chunks, for_chunks

_SHAPES = {"full": FULL, "tied": TIED, "diag": DIAGONAL, "spherical": SPHERICAL}
_SAMPLES_AT_ONCE = 1 << 14
_MOST_PARTIAL_SUMS = 1 << 23
# Arithmetic below which threads take longer to begin than to end: about half a millisecond.
_WORTH_THREADS = 1 << 23


class Samples(NamedTuple):
    """Samples as planes (D, n) float32, their weights (n,) float64, and their weighted mean (D,) float64."""

    planes: NDArray[np.float32]
    weights: NDArray[np.float64]
    center: NDArray[np.float64]


class Mixture(NamedTuple):
    """Weights (K,), means (K, D) and covariances (K, D, D) of a Gaussian mixture."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]


class Fit(NamedTuple):
    """The outcome of `expectation_maximisation`; `log_likelihood` is the weighted mean over samples."""

    mixture: Mixture
    log_likelihood: float
    iterations: int
    converged: bool


def weighted_samples(planes: NDArray[np.float32], weights: NDArray[np.float64] | None = None) -> Samples:
    """The columns of `planes` (D, n) as samples of those weights, 1 by default; weights of 0 are allowed."""
    planes = np.ascontiguousarray(planes, dtype=np.float32)
    if weights is None:
        weights = np.ones(planes.shape[1])
    weights = np.ascontiguousarray(weights, dtype=np.float64)
    center = np.array([np.sum(plane * weights) for plane in planes]) / weights.sum()
    return Samples(planes, weights, center)


def expectation_maximisation(
    samples: Samples,
    start: Mixture,
    covariance_type: str,
    regularisation: float,
    max_iter: int,
    tol: float,
    threads: int,
) -> Fit:
    """Climb the likelihood of `samples` from `start` until a step gains at most `tol` for a weight of 1.

    A sample of weight w counts as w equal samples: what EM gives on all pixels comes out of their distinct colours, but
    for rounding. Sums are float64, about the samples' mean, which keeps second moments from cancelling. The one thing
    left out is a component's share below 4e-18, where all of 128 samples beside each other have no larger one.
    `regularisation` is added to the diagonal of every covariance. At most O(n K D^2) a step for n samples of depth D,
    O(n K D) where covariances are diagonal.
    """
    shape = _SHAPES[covariance_type]
    mixture = _moved(start, -samples.center)
    before, iterations, converged = -np.inf, 0, False
    while iterations < max_iter and not converged:
        log_likelihood, moments = _expectation(samples, mixture, shape, threads)
        converged = iterations > 0 and log_likelihood - before <= tol
        before = log_likelihood
        mixture = _maximisation(samples, moments, shape, regularisation)
        iterations += 1
    log_likelihood, _ = _expectation(samples, mixture, shape, threads)
    return Fit(_moved(mixture, samples.center), log_likelihood, iterations, converged)


def mixture_of_clusters(
    samples: Samples, labels: NDArray[np.int32], count: int, covariance_type: str, regularisation: float, threads: int
) -> Mixture:
    """The mixture of which each component has the samples of one of the labels 0..count - 1, and no other.

    `labels` may be fewer than the samples; those without have no say.
    """
    labels = np.ascontiguousarray(labels, dtype=np.int32)

    def work(start: int, stop: int, moments: NDArray[np.float64]) -> float:
        add_up_clusters(*samples, start, min(stop, len(labels)), labels, moments)
        return 0.0

    _, moments = _summed(samples, count, work, threads)
    mixture = _maximisation(samples, moments, _SHAPES[covariance_type], regularisation)
    return _moved(mixture, samples.center)


def posteriors(samples: Samples, mixture: Mixture, threads: int) -> NDArray[np.float32]:
    """The probability (K, n) that each sample came from each component.

    Sums are about the mixture's mean: what a sample is given does not hang on which others there are.
    """
    center = np.average(mixture.means, axis=0, weights=mixture.weights)
    result = np.empty((len(mixture.weights), len(samples.weights)), dtype=np.float32)
    _expectation(samples._replace(center=center), _moved(mixture, -center), FULL, threads, result)
    return result


def _expectation(
    samples: Samples, mixture: Mixture, shape: int, threads: int, posteriors: NDArray[np.float32] | None = None
) -> tuple[float, NDArray[np.float64]]:
    """The mean log-likelihood of the samples and the moments (K, ...) of the components; fills `posteriors`."""
    count, depth = mixture.means.shape
    diagonal = shape in (DIAGONAL, SPHERICAL)
    constants, factors = np.empty(count), np.zeros((count, depth, 1 + -(-depth // 4) * 4))
    prepare(*mixture, diagonal, constants, factors)
    shares = np.empty((count, 0), dtype=np.float32) if posteriors is None else posteriors

    def work(start: int, stop: int, moments: NDArray[np.float64]) -> float:
        return add_up(*samples, start, stop, constants, factors, diagonal, moments, shares)

    total, moments = _summed(samples, count, work, threads)
    return total / float(samples.weights.sum()), moments


def _summed(
    samples: Samples, count: int, work: Callable[[int, int, NDArray[np.float64]], float], threads: int
) -> tuple[float, NDArray[np.float64]]:
    """What `work` returns and what it adds to its moments, summed over chunks of the samples in their order."""
    depth, size = samples.planes.shape
    width = (depth + 1) * (depth + 2) // 2
    parts = max(1, min(-(-size // _SAMPLES_AT_ONCE), _MOST_PARTIAL_SUMS // (count * width)))
    bounds = chunks(size, -(-size // parts))
    totals = np.empty(len(bounds))
    moments = np.zeros((len(bounds), count, width))

    def work_on_chunk(chunk: int, start: int, stop: int) -> None:
        totals[chunk] = work(start, stop, moments[chunk])

    for_chunks(work_on_chunk, bounds, threads if size * count * (width + 25) > _WORTH_THREADS else 1)
    return float(totals.sum()), moments.sum(axis=0)


def _maximisation(samples: Samples, moments: NDArray[np.float64], shape: int, regularisation: float) -> Mixture:
    count, depth = len(moments), len(samples.planes)
    mixture = Mixture(np.empty(count), np.empty((count, depth)), np.empty((count, depth, depth)))
    maximise(moments, shape, float(regularisation), *mixture)
    return mixture


def _moved(mixture: Mixture, by: NDArray[np.float64]) -> Mixture:
    weights, means, covariances = (np.array(part, dtype=np.float64, order="C") for part in mixture)
    return Mixture(weights, means + by, covariances)
