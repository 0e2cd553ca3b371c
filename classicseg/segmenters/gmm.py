"""Gaussian mixtures on colour by expectation maximisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, space_parameter
from classicseg.image import Image, count_distinct
from classicseg.parameters import parameter

if TYPE_CHECKING:
    from classicseg.kernels.gmm import Fit, Mixture

_MOST_AUTO = 8


@dataclass(frozen=True, kw_only=True)
class GaussianMixture(Segmenter):
    """Gaussian mixture of the colours by EM; each pixel takes its most probable component.

    Maximises sum_i log sum_k w_k N(x_i; mu_k, Sigma_k) from the clusters of k-means, whose weights, means and
    covariances are the start. Sums are taken in float64 about the mean colour.

    Parameters
    ----------
    n_components : int or "auto"
        Number of classes; an upper bound, as fewer distinct colours give fewer, and a component may end as nobody's
        most probable one. "auto" tries 1 to 8 and takes the lowest Bayesian information criterion, p ln N - 2 ln L with
        p free parameters; photographs have so many pixels that it often takes the most.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Shape of the components, as in scikit-learn.
    max_iter : int
        Most iterations.
    tol : float
        Iteration ends when the mean log-likelihood of a pixel gains no more than this, as in scikit-learn.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.
    reg_covar : float
        Added to the variances, in squared colour units; 0.01 by default, the rounding noise of 8-bit samples.
    random_state : int
        Seed of k-means.

    Notes
    -----
    Findings: ``posteriors`` (K, H, W) float32, 0 outside the mask; ``weights``, ``means``, ``covariances``,
    ``log_likelihood`` (mean of a pixel), ``iterations``, ``converged``, ``n_components``, and for "auto" ``bic``.
    Rows of components that won no pixel are left out. O(N K D^2) an iteration for N pixels of D bands.

    References
    ----------
    A. Dempster, N. Laird, D. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39(1), 1977.
    G. Schwarz, "Estimating the dimension of a model", Annals of Statistics 6(2), 1978 (BIC).

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import GaussianMixture
    >>> GaussianMixture(n_components=2).segment(np.array([[0, 2, 250, 255]], dtype=np.uint8))
    array([[1, 1, 2, 2]], dtype=int32)
    """

    name: ClassVar[str] = "gmm"
    makes: ClassVar[Literal["classes", "segments"]] = "classes"
    bytes_per_sample: ClassVar[int] = 32

    n_components: int | str = parameter(
        3, "number of classes; an upper bound", low=1, high=64, special=("auto",), scale="log"
    )
    covariance_type: str = parameter("full", "shape of the components", choices=("full", "tied", "diag", "spherical"))
    max_iter: int = parameter(100, "most iterations", low=1, high=100_000, scale="log")
    tol: float = parameter(1e-3, "gain of a pixel's log-likelihood that ends the iteration", low=0, high=1, scale="log")
    space: str = space_parameter()
    reg_covar: float = parameter(
        1e-2, "added to the variances", low=1e-9, high=1e4, unit="Delta E squared", scale="log"
    )
    random_state: int = parameter(0, "seed of the k-means start", low=0)

    def _memory(self, image: Image) -> int:
        components = _MOST_AUTO if isinstance(self.n_components, str) else self.n_components
        return super()._memory(image) + 12 * components * image.mask.size

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.gmm import posteriors

        colors = image.samples(image.in_space(self.space))
        center = colors.mean(axis=0, dtype=np.float64)
        samples = colors - center
        most = _MOST_AUTO if isinstance(self.n_components, str) else self.n_components
        most = min(most, count_distinct(colors, most))
        findings: dict[str, Any] = {}
        if self.n_components == "auto":
            fits = {k: self._fit(samples, k, context.threads) for k in range(1, most + 1)}
            bic = {k: _bic(fit, len(samples), self.covariance_type) for k, fit in fits.items()}
            fit = fits[min(bic, key=lambda k: bic[k])]
            findings["bic"] = bic
        else:
            fit = self._fit(samples, most, context.threads)
        shares = posteriors(samples, fit.mixture, context.threads)
        raw = np.zeros(image.shape, dtype=np.int32)
        raw[image.mask] = np.argmax(shares, axis=1)
        planes = np.zeros((shares.shape[1], *image.shape), dtype=np.float32)
        planes[:, image.mask] = shares.T
        return raw, findings | {
            "n_components": len(fit.mixture.weights),
            "posteriors": PerClass(planes),
            "weights": PerClass(fit.mixture.weights),
            "means": PerClass(fit.mixture.means + center),
            "covariances": PerClass(fit.mixture.covariances),
            "log_likelihood": fit.log_likelihood,
            "iterations": fit.iterations,
            "converged": fit.converged,
        }

    def _fit(self, samples: NDArray[np.float64], count: int, threads: int) -> Fit:
        from classicseg.kernels.gmm import expectation_maximisation

        start = self._start(samples, count, threads)
        return expectation_maximisation(
            samples, start, self.covariance_type, self.reg_covar, self.max_iter, self.tol, threads
        )

    def _start(self, samples: NDArray[np.float64], count: int, threads: int) -> Mixture:
        """The mixture of k-means' clusters."""
        from classicseg.kernels.gmm import mixture_of_sums
        from classicseg.kernels.kmeans import lloyd, seed_centers

        colors = samples.astype(np.float32)
        seeds = seed_centers(colors, count, np.random.default_rng(self.random_state))
        labels = lloyd(colors, seeds, max_iter=300, tol=1e-4, threads=threads).labels
        depth = samples.shape[1]
        zeroth = np.bincount(labels, minlength=count).astype(np.float64)
        first = np.stack([np.bincount(labels, samples[:, d], count) for d in range(depth)], axis=1, dtype=np.float64)
        second = np.empty((count, depth, depth))
        for row in range(depth):
            for column in range(depth):
                second[:, row, column] = np.bincount(labels, samples[:, row] * samples[:, column], count)
        return mixture_of_sums(zeroth, first, second, self.covariance_type, self.reg_covar)


def _bic(fit: Fit, n_samples: int, covariance_type: str) -> float:
    count, depth = fit.mixture.means.shape
    of_covariance = {
        "full": count * depth * (depth + 1) / 2,
        "tied": depth * (depth + 1) / 2,
        "diag": count * depth,
        "spherical": count,
    }
    free = of_covariance[covariance_type] + count * depth + count - 1
    return float(free * np.log(n_samples) - 2 * fit.log_likelihood * n_samples)
