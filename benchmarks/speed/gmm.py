"""Gaussian mixtures beside scikit-learn's and OpenCV's: so many EM steps from one start on a photograph's colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg import GaussianMixture
from classicseg.image import as_image
from classicseg.kernels.gmm import Fit, Mixture, expectation_maximisation, weighted_samples
from classicseg.parallel import thread_count

_COMPONENTS = 8
_STEPS = 10
_REGULARISATION = 1e-2  # scikit-learn's case; OpenCV adds nothing, so ours all but nothing in its case
_NEXT_TO_NONE = 1e-9
_ALLOWED = 1e-3  # log-likelihood of a pixel


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """Eight full components, from k-means' clusters; ours includes finding the distinct colours of the Lab pixels."""
    segmenter = GaussianMixture(n_components=_COMPONENTS)
    image = as_image(picture)
    pixels = image.samples(image.in_space("lab"))
    exact = pixels.astype(np.float64)
    blocks, _ = segmenter._distinct_colors(image, thread_count(None))
    start = segmenter._start(blocks, weighted_samples(blocks.planes, blocks.weights), _COMPONENTS, 1)
    threads = thread_count(None)

    def equal(ours: Fit, theirs: Mixture) -> Check:
        of_ours, of_theirs = _log_likelihood(exact, ours.mixture), _log_likelihood(exact, theirs)
        figure = f"log-likelihood of a pixel {of_ours:.6f}, theirs {of_theirs:.6f} (allowed {_ALLOWED:g} apart)"
        return Check(abs(of_ours - of_theirs) <= _ALLOWED, figure)

    task = f"k={_COMPONENTS}, full, {_STEPS} steps of EM from k-means' clusters on {len(pixels)} Lab pixels"
    return [
        Case(
            "gmm",
            f"{task}, {_REGULARISATION:g} added to variances",
            lambda: _ours(pixels, start, _REGULARISATION, threads),
            (Peer("sklearn.mixture.GaussianMixture", "sklearn", 20, lambda: _sklearn(exact, start), equal),),
        ),
        Case(
            "gmm",
            f"{task}, nothing added to variances",
            lambda: _ours(pixels, start, _NEXT_TO_NONE, threads),
            (Peer("cv2.ml.EM.trainE", "cv2.ml", 5, lambda: _cv2(exact, start), equal),),
            slow_runs=1,  # two seconds a step
        ),
    ]


def _ours(pixels: NDArray[np.float32], start: Mixture, regularisation: float, threads: int) -> Fit:
    from classicseg.kernels.kmeans_blocks import arrange

    blocks = arrange(pixels, threads=threads)
    samples = weighted_samples(blocks.planes, blocks.weights)
    return expectation_maximisation(samples, start, "full", regularisation, _STEPS, -np.inf, threads)


def _sklearn(pixels: NDArray[np.float64], start: Mixture) -> Mixture:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture as Theirs

    model = Theirs(
        _COMPONENTS, tol=0, max_iter=_STEPS, reg_covar=_REGULARISATION, weights_init=start.weights,
        means_init=start.means, precisions_init=np.linalg.inv(start.covariances), init_params="random_from_data",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the steps are counted
        model.fit(pixels)
    return Mixture(model.weights_, model.means_, model.covariances_)


def _cv2(pixels: NDArray[np.float64], start: Mixture) -> Mixture:
    from cv2 import Mat, ml  # of OpenCV 4; the main packages of OpenCV 5 are without it

    model = ml.EM_create()
    model.setClustersNumber(_COMPONENTS)
    model.setCovarianceMatrixType(ml.EM_COV_MAT_GENERIC)
    model.setTermCriteria((1, _STEPS + 1, 0.0))  # 1: by the count of expectations, one more than maximisations
    matrices = Mat(start.covariances, wrap_channels=False)  # lest it takes the last axis for channels
    model.trainE(pixels, start.means, matrices, start.weights[np.newaxis])
    return Mixture(model.getWeights()[0], model.getMeans(), np.array(model.getCovs()))


def _log_likelihood(pixels: NDArray[np.float64], mixture: Mixture) -> float:
    """The mean of log sum_k w_k N(x; mu_k, Sigma_k), by plain formulas, for both alike."""
    logs = np.empty((len(mixture.weights), len(pixels)))
    for row, weight, mean, covariance in zip(logs, *mixture, strict=True):
        away = pixels - mean
        squared = np.einsum("nd,nd->n", away @ np.linalg.inv(covariance), away)
        _, log_determinant = np.linalg.slogdet(2 * np.pi * covariance)
        row[:] = np.log(weight) - 0.5 * (log_determinant + squared)
    return float(np.logaddexp.reduce(logs, axis=0).mean())
