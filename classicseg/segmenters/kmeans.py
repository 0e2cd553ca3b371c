"""k-means on colour, optionally with position."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, space_parameter
from classicseg.errors import ParameterError
from classicseg.image import Image
from classicseg.parameters import Search, parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from classicseg.kernels.kmeans import Clustering
    from classicseg.learned import Learned
    from classicseg.pools import ColorPool

_MOST_AUTO = 8
_BYTES_OF_PLACED = 55  # a pixel, where positions count and no two pixels are equal


@dataclass(frozen=True, kw_only=True)
class KMeans(Segmenter):
    """k-means on colour, optionally with position.

    Minimises sum_i |x_i - c_k(i)|^2 over centres c and assignments k by Lloyd's algorithm from greedy k-means++ starts;
    x_i is the colour in `space`, followed by (row, column) times `spatial_weight` where that is not 0. Each iteration
    is exact: weighted distinct colours stand for their pixels, and only distances that cannot matter are left out.

    On grey pictures (without position) the least sum of all is found by dynamic programming over the grey levels,
    without iterations or random numbers: `n_init`, `max_iter`, `tol` and `random_state` have no effect. Only where the
    levels times `n_clusters` exceed 2^20, it is the optimum for rounded levels that Lloyd's algorithm starts from.

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
    ``silhouettes``. O(N) for N pixels, and at most O(n K) an iteration for n distinct colours: colours lie in blocks
    of neighbours, and where one centre is nearest to a whole block, it costs as much as one colour.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28(2), 1982.
    D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    T. Kanungo et al., "An efficient k-means clustering algorithm: analysis and implementation", IEEE Trans. PAMI 24(7),
    2002.
    H. Wang, M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic programming", The R Journal
    3(2), 2011.
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
    bytes_per_pixel: ClassVar[int] = 0
    bytes_per_sample: ClassVar[int] = 15

    n_clusters: int | str = parameter(
        3,
        "number of classes; an upper bound",
        low=1,
        high=256,
        special=("auto",),
        scale="log",
        search=Search(2, 12),
    )
    space: str = space_parameter(searched=True)
    spatial_weight: float = parameter(
        0,
        "what one pixel of distance counts; 0 leaves position out",
        kind=float,
        low=0,
        high=100,
        unit="Delta E per px",
        search=Search(values=(0.0, 0.03, 0.1, 0.3)),
    )
    n_init: int = parameter(4, "starts, of which the best wins", low=1, high=1000, scale="log")
    max_iter: int = parameter(300, "most iterations of a start", low=1, high=100_000, scale="log")
    tol: float = parameter(
        1e-4, "moves of the centres, as a share of the variance, that end a start", low=0, high=1, scale="log"
    )
    random_state: int = parameter(0, "seed of the starts", low=0)

    def _memory(self, image: Image) -> int:
        return super()._memory(image) + (_BYTES_OF_PLACED * image.mask.size if self.spatial_weight else 0)

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        labels, best, silhouettes = self._clustered(image, None, context.threads)
        return _painted(labels, image.mask), silhouettes | {
            "n_clusters": len(best.centers),
            "centers": PerClass(best.centers),
            "inertia": best.inertia,
            "iterations": best.iterations,
            "converged": best.converged,
        }

    def _clustered(
        self, image: Image, counts: NDArray[np.int64] | None, threads: int
    ) -> tuple[NDArray[np.int32], Clustering, dict[str, Any]]:
        """The labels of the samples, the clustering, and what "auto" found; each sample counts once, or as said."""
        on_line = image.depth == 1 and not self.spatial_weight
        search = (self._on_line if on_line else self._among_colors)(image, counts, threads)
        if self.n_clusters != "auto" or search.most == 1:
            best = search.best_of(search.most)
            return search.labels_of_samples(best), best, {}
        tried = {k: search.best_of(k) for k in range(2, search.most + 1)}
        silhouettes = {k: search.silhouette(clustering) for k, clustering in tried.items()}
        best = tried[max(silhouettes, key=lambda k: silhouettes[k])]
        return search.labels_of_samples(best), best, {"silhouettes": silhouettes}

    def _pool(self) -> ColorPool:
        from classicseg.pools import ColorPool

        if self.spatial_weight:
            raise ParameterError(
                f"kmeans: spatial_weight={self.spatial_weight!r} ties classes to places in one picture, and a model is "
                "for many. Set spatial_weight=0, or segment each picture by itself."
            )
        return ColorPool()

    def _learn(self, pool: ColorPool, threads: int) -> dict[str, Any]:
        from classicseg.pools import class_order

        image, counts, firsts = pool.colors()
        labels, best, silhouettes = self._clustered(image, counts, threads)
        order = class_order(labels, counts, image.lightness(threads).reshape(-1), firsts)
        learned: dict[str, Any] = {
            "centers": best.centers[order].tolist(),
            "order": np.argsort(order).tolist(),  # of the classes that hold anything, in which equally near ones win
            "inertia": best.inertia,
        }
        if image.depth == 1:
            learned["cuts"] = _cuts(image.samples_in(self.space, threads)[:, 0], labels, best.centers[:, 0])
        if silhouettes:
            learned["silhouettes"] = list(silhouettes["silhouettes"].values())
        return learned

    def _recall(self, learned: Learned) -> _Palette:
        depth = learned.depth
        names = ["centers", "order", "inertia", *(["cuts"] if depth == 1 else [])]
        if learned.holds("silhouettes"):
            names.append("silhouettes")
            learned.array("silhouettes", None)
        learned.only(*names)
        learned.number("inertia", 0)
        centers = learned.array("centers", None, depth)
        order = learned.order("order", len(centers))
        cuts = learned.rising("cuts", len(centers) - 1) if depth == 1 else None
        return _Palette(centers, order, cuts)

    def _apply(self, recalled: _Palette, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.kmeans import nearest_of_blocks
        from classicseg.kernels.kmeans_blocks import arrange, for_each_sample

        centers, order, cuts = recalled
        if cuts is not None:  # lightness rises with levels
            samples = image.samples_in(self.space, context.threads)
            classes = np.searchsorted(cuts, samples[:, 0].astype(np.float64), side="left")
        else:
            blocks = arrange(image.samples_in(self.space, context.threads), threads=context.threads)
            classes = order[for_each_sample(nearest_of_blocks(blocks, centers[order], context.threads), blocks)]
        return _painted((classes + 1).astype(np.int32), image.mask), {
            "n_classes": len(centers),
            "n_clusters": len(centers),
            "centers": centers,
        }

    def _on_line(self, image: Image, counts: NDArray[np.int64] | None, threads: int) -> _Search:
        from classicseg.kernels.distinct import distinct_rows, look_up_all
        from classicseg.kernels.kmeans_line import best_on_line
        from classicseg.kernels.silhouettes import simplified_silhouette

        levels, totals, index = distinct_rows(image.samples_in(self.space, threads))
        if counts is not None:
            totals = np.zeros_like(totals)
            np.add.at(totals, index, counts)
        rising = np.argsort(levels[:, 0])
        return _Search(
            most=self._most(len(levels)),
            best_of=lambda count: best_on_line(levels[:, 0], totals, count, self.max_iter, self.tol, threads),
            silhouette=lambda found: simplified_silhouette(levels[rising], totals[rising], found.centers, threads),
            labels_of_samples=lambda found: look_up_all(found.labels, index),
        )

    def _among_colors(self, image: Image, counts: NDArray[np.int64] | None, threads: int) -> _Search:
        from classicseg.kernels.kmeans import best_of_starts
        from classicseg.kernels.kmeans_blocks import arrange, count_distinct, for_each_sample
        from classicseg.kernels.silhouettes import simplified_silhouette

        if self.spatial_weight:  # no two pixels are equal, unless the weight is lost in float32
            placed = _placed(image.samples_in(self.space, threads), image.mask, self.spatial_weight)
            blocks = arrange(placed, np.ones(len(placed), dtype=np.int64))
        else:
            blocks = arrange(image.samples_in(self.space, threads), counts, threads)  # which alone holds them
        most = count_distinct(blocks, self._most(int(np.count_nonzero(image.mask))))

        def best_of(count: int) -> Clustering:
            rng = np.random.default_rng(self.random_state)
            starts = self.n_init if count > 1 else 1
            return best_of_starts(blocks, count, starts, rng, self.max_iter, self.tol, threads)

        def silhouette(found: Clustering) -> float:
            rows = np.ascontiguousarray(blocks.planes[:, : blocks.size].T)
            return simplified_silhouette(rows, blocks.weights[: blocks.size].astype(np.int64), found.centers, threads)

        return _Search(most, best_of, silhouette, lambda found: for_each_sample(found.labels, blocks))

    def _most(self, distinct: int) -> int:
        return min(_MOST_AUTO if isinstance(self.n_clusters, str) else self.n_clusters, distinct)


class _Search(NamedTuple):
    """How clusters are found among samples, `most` of them at most."""

    most: int
    best_of: Callable[[int], Clustering]
    silhouette: Callable[[Clustering], float]
    labels_of_samples: Callable[[Clustering], NDArray[np.int32]]


class _Palette(NamedTuple):
    """Centres (K, D) in the order of the classes, the order in which they were found, and cuts between grey levels."""

    centers: NDArray[np.float64]
    order: NDArray[np.int64]
    cuts: NDArray[np.float64] | None


def _cuts(levels: NDArray[np.float32], labels: NDArray[np.int32], centers: NDArray[np.float64]) -> list[float]:
    """The greatest level of each class but the brightest: halfway between centres, but where known levels say other."""
    held = [label for label in np.argsort(centers, kind="stable").tolist() if np.any(labels == label)]
    cuts = []
    for dark, bright in itertools.pairwise(held):
        lowest = float(levels[labels == dark].max())
        highest = math.nextafter(float(levels[labels == bright].min()), -math.inf)
        cuts.append(min(max((centers[dark] + centers[bright]) / 2, lowest), highest))
    return [float(cut) for cut in cuts]


def _painted(labels: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The labels of the pixels inside the mask as a map, 0 elsewhere."""
    if mask.all():
        return labels.reshape(mask.shape)
    raw = np.zeros(mask.shape, dtype=np.int32)
    raw[mask] = labels
    return raw


def _placed(samples: NDArray[np.float32], mask: NDArray[np.bool_], weight: float) -> NDArray[np.float32]:
    """The samples followed by their weighted positions."""
    depth = samples.shape[1]
    placed = np.empty((len(samples), depth + 2), dtype=np.float32)
    placed[:, :depth] = samples
    for axis, position in enumerate(np.nonzero(mask)):
        placed[:, depth + axis] = position.astype(np.float32) * np.float32(weight)
    return placed
