"""k-means beside scikit-learn's, OpenCV's and faiss's, from the same starting centres, on a photograph's colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg.image import as_image
from classicseg.parallel import thread_count

_CLUSTERS = 8
_STEPS = 25
_STARTS = 4
_MOST_STEPS = 300
_ALLOWED = 1e-4  # inertia, relative

Samples = NDArray[np.float32]
Centers = NDArray[np.float64]


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """Eight clusters of colours to convergence and by so many steps, and of grey levels; labels are always made."""
    image = as_image(picture)
    lab = image.samples(image.in_space("lab"))
    rgb = picture.reshape(-1, 3).astype(np.float32)
    grey = np.ascontiguousarray(image.lightness().reshape(-1, 1))
    return [
        _steps("Lab", lab),
        _steps("RGB", rgb),
        _four_starts("Lab", lab),
        _on_grey_levels(np.rint(255 * grey / 100).astype(np.float32)),
    ]


def _steps(space: str, pixels: Samples) -> Case:
    start = _start(pixels)
    labels = _nearest(pixels, start)  # OpenCV starts from labels; its first step makes the means of them, as ours does
    check = _no_more_inertia(pixels)
    return Case(
        method="kmeans",
        task=f"k={_CLUSTERS}, {len(pixels)} {space} pixels, {_STEPS} steps from the same centres, and labels",
        ours=lambda: _ours(pixels, start, _STEPS),
        peers=(
            *_sklearn_peers(pixels, [start], _STEPS),
            Peer("cv2.kmeans(KMEANS_USE_INITIAL_LABELS)", "cv2", 4, lambda: _cv2(pixels, labels), check),
            Peer("faiss.Kmeans.train and assign", "faiss", 1, lambda: _faiss(pixels, start), check),
        ),
    )


def _four_starts(space: str, pixels: Samples) -> Case:
    """What `KMeans()` does; scikit-learn is handed the starts, while ours draws them in its own time."""
    from classicseg.kernels.kmeans_blocks import arrange
    from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks

    rng = np.random.default_rng(0)
    blocks = arrange(pixels)
    starts = [seed_of_blocks(blocks, draw_uniforms(_CLUSTERS, rng)) for _ in range(_STARTS)]
    return Case(
        method="kmeans",
        task=f"k={_CLUSTERS}, {len(pixels)} {space} pixels, best of {_STARTS} starts, each until nothing moves",
        ours=lambda: _ours_of_starts(pixels),
        peers=_sklearn_peers(pixels, starts, _MOST_STEPS),
    )


def _sklearn_peers(pixels: Samples, starts: list[Centers], steps: int) -> tuple[Peer, ...]:
    return tuple(
        Peer(
            f"sklearn.cluster.KMeans(algorithm={algorithm!r})",
            "sklearn",
            10,
            partial(_sklearn, pixels, starts, steps, algorithm),
            _no_more_inertia(pixels),
        )
        for algorithm in ("lloyd", "elkan")
    )


def _on_grey_levels(levels: Samples) -> Case:
    start = _start(levels)
    return Case(
        method="kmeans",
        task=f"k={_CLUSTERS}, {len(levels)} pixels of 256 grey levels; ours is the global optimum",
        ours=lambda: _ours_on_grey(levels),
        peers=_sklearn_peers(levels, [start], _MOST_STEPS),
    )


def _start(pixels: Samples) -> Centers:
    from classicseg.kernels.kmeans_blocks import arrange
    from classicseg.kernels.seeding import draw_uniforms, seed_of_blocks

    return seed_of_blocks(arrange(pixels), draw_uniforms(_CLUSTERS, np.random.default_rng(0)))


def _ours(pixels: Samples, start: Centers, steps: int) -> tuple[NDArray[np.int32], Centers]:
    from classicseg.kernels.kmeans import lloyd_of_blocks
    from classicseg.kernels.kmeans_blocks import arrange, for_each_sample

    blocks = arrange(pixels, threads=thread_count(None))
    found = lloyd_of_blocks(blocks, start, steps, 0.0, thread_count(None))
    return for_each_sample(found.labels, blocks), found.centers


def _ours_of_starts(pixels: Samples) -> tuple[NDArray[np.int32], Centers]:
    from classicseg.kernels.kmeans import best_of_starts
    from classicseg.kernels.kmeans_blocks import arrange, for_each_sample

    blocks = arrange(pixels, threads=thread_count(None))
    rng = np.random.default_rng(0)
    best = best_of_starts(blocks, _CLUSTERS, _STARTS, rng, _MOST_STEPS, 0.0, thread_count(None))
    return for_each_sample(best.labels, blocks), best.centers


def _ours_on_grey(levels: Samples) -> tuple[NDArray[np.int32], Centers]:
    from classicseg.kernels.distinct import distinct_rows, look_up_all
    from classicseg.kernels.kmeans_line import best_on_line

    values, counts, index = distinct_rows(levels)
    found = best_on_line(values[:, 0], counts, _CLUSTERS, _MOST_STEPS, 0.0, thread_count(None))
    return look_up_all(found.labels, index), found.centers


def _sklearn(pixels: Samples, starts: list[Centers], steps: int, algorithm: str) -> tuple[Any, Any]:
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    mean = pixels.mean(axis=0)  # scikit-learn takes it away from the pixels before it asks for a start
    given = iter([start.astype(np.float32) - mean for start in starts])

    def init(*_: Any, **__: Any) -> Any:
        return next(given)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the steps are counted
        model = KMeans(_CLUSTERS, init=init, n_init=len(starts), algorithm=algorithm, max_iter=steps, tol=0)
        found = model.fit(pixels)
    return found.labels_, found.cluster_centers_


def _cv2(pixels: Samples, start: NDArray[np.int32]) -> tuple[Any, Any]:
    import cv2

    criteria = (cv2.TERM_CRITERIA_MAX_ITER, _STEPS, 0.0)
    # The labels are written over, hence the copy.
    _, labels, centers = cv2.kmeans(pixels, _CLUSTERS, start.copy(), criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    return labels.ravel(), centers


def _faiss(pixels: Samples, start: Centers) -> tuple[Any, Any]:
    import faiss

    model = faiss.Kmeans(
        pixels.shape[1], len(start), niter=_STEPS, min_points_per_centroid=1, max_points_per_centroid=len(pixels)
    )
    model.train(pixels, init_centroids=start.astype(np.float32))
    return model.assign(pixels)[1], model.centroids


def _nearest(pixels: Samples, centers: Centers) -> NDArray[np.int32]:
    distances = [np.sum((pixels - center) ** 2, axis=1) for center in centers]
    return np.argmin(distances, axis=0).astype(np.int32)[:, np.newaxis]


def _no_more_inertia(pixels: Samples) -> Callable[[Any, Any], Check]:
    def equal(ours: Any, theirs: Any) -> Check:
        higher = _inertia(pixels, ours) / _inertia(pixels, theirs) - 1
        return Check(higher <= _ALLOWED, f"inertia {higher:+.1e} of theirs (allowed {_ALLOWED:g} higher)")

    return equal


def _inertia(pixels: Samples, found: tuple[Any, Any]) -> float:
    """The sum of squared distances of the pixels to the centres that their own labels name."""
    labels, centers = found
    return float(np.sum((pixels - np.asarray(centers, dtype=np.float64)[labels]) ** 2))
