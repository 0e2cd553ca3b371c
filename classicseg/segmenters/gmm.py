"""Gaussian mixtures on colour by expectation maximisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, space_parameter
from classicseg.image import Image
from classicseg.parameters import Search, parameter

if TYPE_CHECKING:
    from classicseg.kernels.gmm import Fit, Mixture, Samples
    from classicseg.kernels.kmeans_blocks import Blocks
    from classicseg.learned import Learned
    from classicseg.pools import ColorPool

_MOST_AUTO = 8


@dataclass(frozen=True, kw_only=True)
class GaussianMixture(Segmenter):
    """Gaussian mixture of the colours by EM; each pixel takes its most probable component.

    Maximises sum_i log sum_k w_k N(x_i; mu_k, Sigma_k) from the clusters of k-means (one start by greedy k-means++),
    whose weights, means and covariances are the start. Each distinct colour counts as often as it comes, which gives
    what all pixels would give, but for rounding; sums are taken in float64 about the mean colour.

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
    Rows of components that won no pixel are left out, while the rest stay those of the whole mixture, as does
    ``log_likelihood``: posteriors of a pixel, and the weights, then sum to less than 1, by what these components hold.
    Divided by their sum, posteriors are those among the classes alone.

    O(n K D^2) an iteration for n distinct colours of D bands, O(n K D) for "diag" and "spherical"; O(N D) to find them
    among N pixels, and O(N K) for the posteriors.

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
    bytes_per_pixel: ClassVar[int] = 4
    bytes_per_sample: ClassVar[int] = 4

    n_components: int | str = parameter(
        3,
        "number of classes; an upper bound",
        low=1,
        high=64,
        special=("auto",),
        scale="log",
        search=Search(2, 12),
    )
    covariance_type: str = parameter(
        "full",
        "shape of the components",
        choices=("full", "tied", "diag", "spherical"),
        search=Search(),
    )
    max_iter: int = parameter(100, "most iterations", low=1, high=100_000, scale="log")
    tol: float = parameter(1e-3, "gain of a pixel's log-likelihood that ends the iteration", low=0, high=1, scale="log")
    space: str = space_parameter(searched=True)
    reg_covar: float = parameter(
        1e-2, "added to the variances", low=1e-9, high=1e4, unit="Delta E squared", scale="log"
    )
    random_state: int = parameter(0, "seed of the k-means start", low=0)

    def _memory(self, image: Image) -> int:
        components = _MOST_AUTO if isinstance(self.n_components, str) else self.n_components
        return super()._memory(image) + 12 * components * image.mask.size

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.gmm import posteriors

        blocks, index = self._distinct_colors(image, context.threads)
        fit, samples, bic = self._fitted(blocks, len(index), context.threads)
        shares = posteriors(samples, fit.mixture, context.threads)
        likeliest = np.argmax(shares, axis=0).astype(np.int32)
        return _expanded(likeliest[np.newaxis], index, image.mask)[0], bic | {
            "n_components": len(fit.mixture.weights),
            "posteriors": PerClass(_expanded(shares, index, image.mask)),
            "weights": PerClass(fit.mixture.weights),
            "means": PerClass(fit.mixture.means),
            "covariances": PerClass(fit.mixture.covariances),
            "log_likelihood": fit.log_likelihood,
            "iterations": fit.iterations,
            "converged": fit.converged,
        }

    def _fitted(self, blocks: Blocks, pixels: int, threads: int) -> tuple[Fit, Samples, dict[str, Any]]:
        """The mixture, the samples that it is of, and what "auto" found."""
        from classicseg.kernels.gmm import weighted_samples
        from classicseg.kernels.kmeans_blocks import count_distinct

        samples = weighted_samples(blocks.planes, blocks.weights)
        most = count_distinct(blocks, _MOST_AUTO if isinstance(self.n_components, str) else self.n_components)
        if self.n_components != "auto":
            return self._fit(blocks, samples, most, threads), samples, {}
        fits = {k: self._fit(blocks, samples, k, threads) for k in range(1, most + 1)}
        bic = {k: _bic(fit, pixels, self.covariance_type) for k, fit in fits.items()}
        return fits[min(bic, key=lambda k: bic[k])], samples, {"bic": bic}

    def _pool(self) -> ColorPool:
        from classicseg.pools import ColorPool

        return ColorPool()

    def _learn(self, pool: ColorPool, threads: int) -> dict[str, Any]:
        from classicseg.kernels.gmm import posteriors
        from classicseg.pools import class_order

        image, counts, firsts = pool.colors()
        blocks, index = self._distinct_colors(image, threads, counts)
        fit, samples, bic = self._fitted(blocks, int(counts.sum()), threads)
        labels = np.argmax(posteriors(samples, fit.mixture, threads), axis=0)[index]
        classes = class_order(labels, counts, image.lightness(threads).reshape(-1), firsts)
        rest = sorted(set(range(len(fit.mixture.weights))) - set(classes))
        rows = [*classes, *rest]
        learned: dict[str, Any] = {name: part[rows].tolist() for name, part in fit.mixture._asdict().items()}
        learned |= {
            "n_classes": len(classes),  # the components after these are nobody's most probable one
            "order": np.argsort(rows).tolist(),  # in which equally probable ones win
            "log_likelihood": fit.log_likelihood,
        }
        return learned | {name: list(values.values()) for name, values in bic.items()}

    def _recall(self, learned: Learned) -> _Model:
        names = ["weights", "means", "covariances", "n_classes", "order", "log_likelihood"]
        if learned.holds("bic"):
            names.append("bic")
            learned.array("bic", None)
        learned.only(*names)
        weights, depth = learned.array("weights", None), learned.depth
        count = len(weights)
        covariances = learned.array("covariances", count, depth, depth)
        learned.require((weights >= 0).all() and weights.any(), "weights", "shares")
        learned.require(_positive_definite(covariances), "covariances", "positive definite matrices")
        learned.number("log_likelihood")
        n_classes = int(learned.number("n_classes", 1, count))
        means = learned.array("means", count, depth)
        return _Model(weights, means, covariances, n_classes, learned.order("order", count))

    def _apply(self, recalled: _Model, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.gmm import Mixture, posteriors, weighted_samples

        own, order, classes = recalled, recalled.order, recalled.n_classes
        blocks, index = self._distinct_colors(image, context.threads)
        samples = weighted_samples(blocks.planes, blocks.weights)
        found = Mixture(own.weights[order], own.means[order], own.covariances[order])
        shares = posteriors(samples, found, context.threads)
        ranked = np.flatnonzero(order < classes)  # the classes, in the order in which they were found
        labels = (order[ranked][np.argmax(shares[ranked], axis=0)] + 1).astype(np.int32)
        shares = shares[np.argsort(order)[:classes]]
        return _expanded(labels[np.newaxis], index, image.mask)[0], {
            "n_classes": classes,
            "n_components": len(own.weights),
            "posteriors": _expanded(shares, index, image.mask),
            "weights": own.weights[:classes],
            "means": own.means[:classes],
            "covariances": own.covariances[:classes],
        }

    def _distinct_colors(
        self, image: Image, threads: int, counts: NDArray[np.int64] | None = None
    ) -> tuple[Blocks, NDArray[np.int32]]:
        """The distinct colours of the picture in `space`, arranged in blocks; the place among them of each pixel.

        A pixel counts `counts` times, or once.
        """
        from classicseg.kernels.kmeans_blocks import arrange, for_each_sample

        blocks = arrange(image.samples_in(self.space, threads), counts, threads)
        return blocks, for_each_sample(np.arange(blocks.size, dtype=np.int32), blocks)

    def _fit(self, blocks: Blocks, samples: Samples, count: int, threads: int) -> Fit:
        from classicseg.kernels.gmm import expectation_maximisation

        start = self._start(blocks, samples, count, threads)
        return expectation_maximisation(
            samples, start, self.covariance_type, self.reg_covar, self.max_iter, self.tol, threads
        )

    def _start(self, blocks: Blocks, samples: Samples, count: int, threads: int) -> Mixture:
        """The mixture of k-means' clusters. It runs to its end: where it stops early decides which maximum EM finds."""
        from classicseg.kernels.gmm import mixture_of_clusters
        from classicseg.kernels.kmeans import lloyd_of_blocks
        from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks

        seeds = seed_of_blocks(blocks, draw_uniforms(count, np.random.default_rng(self.random_state)))
        labels = lloyd_of_blocks(blocks, seeds, max_iter=300, tol=0.0, threads=threads).labels
        return mixture_of_clusters(samples, labels, count, self.covariance_type, self.reg_covar, threads)


class _Model(NamedTuple):
    """A mixture whose first components are the classes in their order, and the order in which all were found."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]
    n_classes: int
    order: NDArray[np.int64]


def _positive_definite(matrices: NDArray[np.float64]) -> bool:
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return bool(np.array_equal(matrices, np.swapaxes(matrices, 1, 2)))


def _expanded(values: NDArray[Any], index: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """Planes (K, H, W) of what `values` (K, n), of four bytes each, say of each pixel's colour; 0 outside the mask."""
    from classicseg.kernels.distinct import look_up_all

    planes = np.zeros((len(values), *mask.shape), dtype=values.dtype)
    everywhere = bool(mask.all())
    for plane, row in zip(planes.view(np.int32), np.ascontiguousarray(values).view(np.int32), strict=True):
        if everywhere:
            look_up_all(row, index, plane.reshape(-1))
        else:
            plane[mask] = look_up_all(row, index)
    return planes


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
