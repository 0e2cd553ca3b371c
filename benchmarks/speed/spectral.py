"""Normalised cuts beside scikit-learn's spectral clustering of the same graph, and scikit-image's of superpixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer

_CLUSTERS = 8
_GRAPH: dict[str, Any] = {"n_superpixels": 0, "radius": 1.0, "color_scale": 10.0}
_ALLOWED = 0.01


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """Four neighbours at half the picture's size, beside peers; the whole picture at radius 5; superpixels."""
    import classicseg

    small = np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2 : 2, : picture.shape[1] // 2 * 2 : 2])

    def ours() -> Any:
        return classicseg.run(small, "spectral", n_clusters=_CLUSTERS, **_GRAPH)

    def pixels() -> Any:
        return classicseg.run(picture, "spectral", n_clusters=_CLUSTERS, n_superpixels=0)

    def superpixels() -> Any:
        return classicseg.run(picture, "spectral", n_clusters=_CLUSTERS)

    shape = f"{small.shape[1]}x{small.shape[0]}"
    return [
        Case(
            "spectral",
            f"{_CLUSTERS} classes of a {shape} four-neighbour graph, from picture to labels",
            ours,
            tuple(
                Peer(
                    f"sklearn.cluster.spectral_clustering, {name}",
                    module,
                    50.0,
                    _sklearn(small, **settings),
                    _cuts(small),
                )
                for name, module, settings in (
                    ("its defaults (arpack, kmeans)", "sklearn", {}),
                    ("arpack, cluster_qr", "sklearn", {"assign_labels": "cluster_qr"}),
                    ("amg, cluster_qr", "pyamg", {"eigen_solver": "amg", "assign_labels": "cluster_qr"}),
                )
            ),
            runs=7,
            slow_runs=1,
        ),
        Case("spectral", "the whole picture, pixels linked up to radius 5", pixels, (), runs=5),
        Case(
            "spectral",
            "superpixels at the defaults",
            superpixels,
            (Peer("skimage SLIC-400 + rag_mean_color + cut_normalized", "skimage", 10.0, _skimage(picture), _ran),),
            runs=7,
            slow_runs=1,
        ),
    ]


def _graph(small: NDArray[np.uint8]) -> Any:
    """The graph that ours cuts, as scikit-learn takes it."""
    from scipy.sparse import csr_matrix

    from classicseg.graphs import affinity
    from classicseg.image import as_image

    image = as_image(small)
    places = np.argwhere(image.mask).astype(np.float64)
    colors = image.samples(image.in_space("lab")).astype(np.float64)
    graph = affinity(colors, places, _GRAPH["color_scale"], 4.0, _GRAPH["radius"])
    return csr_matrix((graph.weights, graph.ends, graph.starts.astype(np.int32)), shape=(graph.size, graph.size))


def _sklearn(small: NDArray[np.uint8], **settings: str) -> Callable[[], Any]:
    weights = cache(lambda: _graph(small))

    def call() -> Any:
        from sklearn.cluster import spectral_clustering

        return spectral_clustering(weights(), n_clusters=_CLUSTERS, random_state=0, **settings)

    return call


def _cuts(small: NDArray[np.uint8]) -> Callable[[Any, Any], Check]:
    """Our labels may not cut more than the peer's by over a hundredth, on the peer's double precision graph."""

    def equal(ours: Any, theirs: Any) -> Check:
        weights = _graph(small).tocoo()

        def cut(labels: NDArray[np.integer]) -> float:
            own = labels[weights.row]
            total = np.bincount(own, weights.data)
            inner = np.bincount(own, weights.data * (own == labels[weights.col]))
            return float(np.sum(1 - inner[total > 0] / total[total > 0]))

        our_labels = ours.labels.ravel() - 1
        one, other = cut(our_labels), cut(np.asarray(theirs))
        same = len(np.unique(our_labels)) == len(np.unique(theirs))
        return Check(
            same and one <= (1 + _ALLOWED) * other,
            f"normalised cut {one:.4f} beside {other:.4f} (allowed {_ALLOWED:.0%} more)",
        )

    return equal


def _skimage(picture: NDArray[np.uint8]) -> Callable[[], Any]:
    def call() -> Any:
        from skimage import graph
        from skimage.segmentation import slic

        segments = slic(picture, n_segments=400, compactness=30, start_label=1)
        regions = graph.rag_mean_color(picture, segments, mode="similarity")
        return graph.cut_normalized(segments, regions, rng=0)

    return call


def _ran(ours: Any, theirs: Any) -> Check:
    """Another rule cuts another graph (two-way cuts, one after another): only that both give more than one class."""
    one, other = ours.n_labels, len(np.unique(theirs))
    return Check(one > 1 and other > 1, f"{one} and {other} classes (other graphs: cuts are not comparable)")
