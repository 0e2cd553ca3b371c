"""k-means on colour, optionally with position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, space_parameter
from classicseg.image import Image, count_distinct
from classicseg.parameters import parameter

if TYPE_CHECKING:
    from classicseg.kernels.kmeans import Clustering

_MOST_AUTO = 8


@dataclass(frozen=True, kw_only=True)
class KMeans(Segmenter):
    """k-means on colour, optionally with position.

    Minimises sum_i |x_i - c_k(i)|^2 over centres c and assignments k by Lloyd's algorithm from greedy k-means++ starts;
    x_i is the colour in `space`, followed by (row, column) times `spatial_weight` where that is not 0.

    Parameters
    ----------
    n_clusters : int or "auto"
        Number of classes; an upper bound, as fewer distinct colours give fewer. 3 by default: dark, middle,
        bright. "auto" tries 2 to 8 and takes the one with the greatest simplified silhouette, the mean of 1 - a/b over
        all pixels, with a and b the distances to the nearest and the second nearest centre (Hruschka et al. 2006).
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures; distances in Lab are closest to what one sees.
    spatial_weight : float
        Colour units (Delta E) that one pixel of distance counts; 0 leaves position out.
    n_init : int
        Starts; the one with the least inertia wins. 4 by default, which costs four times one start.
    max_iter : int
        Most iterations of a start.
    tol : float
        A start ends when its centres' squared moves sum to this share of the mean variance, as in scikit-learn.
    random_state : int
        Seed of the starts.

    Notes
    -----
    Findings: ``centers`` (in `space`), ``inertia``, ``iterations``, ``converged``, ``n_clusters``, and for "auto"
    ``silhouettes``. O(N K) an iteration for N pixels.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28(2), 1982.
    D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    E. R. Hruschka, R. Campello, L. de Castro, "Evolving clusters in gene-expression data", Inf. Sciences 176(13), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import KMeans
    >>> KMeans(n_clusters=2).segment(np.array([[0, 5, 250, 255]], dtype=np.uint8))
    array([[1, 1, 2, 2]], dtype=int32)
    """

    name: ClassVar[str] = "kmeans"
    makes: ClassVar[Literal["classes", "segments"]] = "classes"

    n_clusters: int | str = parameter(
        3, "number of classes; an upper bound", low=1, high=256, special=("auto",), scale="log"
    )
    space: str = space_parameter()
    spatial_weight: float = parameter(
        0,
        "what one pixel of distance counts; 0 leaves position out",
        kind=float,
        low=0,
        high=100,
        unit="Delta E per px",
    )
    n_init: int = parameter(4, "starts, of which the best wins", low=1, high=1000, scale="log")
    max_iter: int = parameter(300, "most iterations of a start", low=1, high=100_000, scale="log")
    tol: float = parameter(
        1e-4, "moves of the centres, as a share of the variance, that end a start", low=0, high=1, scale="log"
    )
    random_state: int = parameter(0, "seed of the starts", low=0)

    def _memory(self, image: Image) -> int:
        most = _MOST_AUTO if isinstance(self.n_clusters, str) else self.n_clusters
        return super()._memory(image) + 8 * (4 + int(np.log(most))) * image.mask.size  # the trials of the starts

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:

        samples = self._samples(image)
        most = _MOST_AUTO if isinstance(self.n_clusters, str) else self.n_clusters
        most = min(most, count_distinct(samples, most))
        findings: dict[str, Any] = {}
        if self.n_clusters == "auto" and most > 1:
            tried = {k: self._best_of_starts(samples, k, context.threads) for k in range(2, most + 1)}
            silhouettes = {k: _simplified_silhouette(samples, clustering.centers) for k, clustering in tried.items()}
            best = tried[max(silhouettes, key=lambda k: silhouettes[k])]
            findings["silhouettes"] = silhouettes
        else:
            best = self._best_of_starts(samples, most, context.threads)
        raw = np.zeros(image.shape, dtype=np.int32)
        raw[image.mask] = best.labels
        return raw, findings | {
            "n_clusters": len(best.centers),
            "centers": PerClass(best.centers),
            "inertia": best.inertia,
            "iterations": best.iterations,
            "converged": best.converged,
        }

    def _samples(self, image: Image) -> NDArray[np.float32]:
        samples = image.samples(image.in_space(self.space))
        if self.spatial_weight:
            position = np.argwhere(image.mask).astype(np.float32) * np.float32(self.spatial_weight)
            samples = np.concatenate([samples, position], axis=1)
        return samples

    def _best_of_starts(self, samples: NDArray[np.float32], count: int, threads: int) -> Clustering:
        from classicseg.kernels.kmeans import lloyd, seed_centers

        rng = np.random.default_rng(self.random_state)
        starts = (seed_centers(samples, count, rng) for _ in range(self.n_init if count > 1 else 1))
        outcomes = (lloyd(samples, start, self.max_iter, self.tol, threads) for start in starts)
        return min(outcomes, key=lambda clustering: clustering.inertia)


def _simplified_silhouette(samples: NDArray[np.float32], centers: NDArray[np.float64]) -> float:
    exact = samples.astype(np.float64)
    nearest = np.full(len(samples), np.inf)
    second = np.full(len(samples), np.inf)
    for center in centers:
        distance = np.sqrt(sum((exact[:, d] - coordinate) ** 2 for d, coordinate in enumerate(center)))
        second = np.minimum(second, np.maximum(nearest, distance))
        nearest = np.minimum(nearest, distance)
    return float(np.mean(1 - nearest / np.where(second > 0, second, 1)))
