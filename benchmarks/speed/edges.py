"""Canny's edges and the watershed beside scikit-image's and OpenCV's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg import Edges
from classicseg.gradients import canny_edges, gradient_magnitude, strong_and_tied
from classicseg.image import as_image
from classicseg.kernels.canny import canny_grades
from classicseg.kernels.hysteresis import hysteresis
from classicseg.kernels.smoothing import gaussian_smooth
from classicseg.kernels.watershed import to_levels, watershed
from classicseg.parallel import thread_count
from classicseg.segmenters.edges import _markers

_SIGMA, _LOW, _HIGH = 2.0, 2.0, 4.0  # the defaults of `Edges`
_STEP = 1 / 256
_GREY_LOW, _GREY_HIGH = 16, 32  # the same slopes for OpenCV: Sobel's sums, 8 times a slope, of grey levels 0..255
_ALLOWED = 0.995


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """The tasks of `edges` on one photograph."""
    return [_whole_call(picture), _canny_and_watershed(picture), *_pieces(picture)]


def _whole_call(picture: NDArray[np.uint8]) -> Case:
    """No peer does the same; the time is what counts (40 ms are asked for)."""
    segmenter = Edges()
    return Case("edges", "Edges().segment, whole call", lambda: segmenter.segment(picture), ())


def _canny_and_watershed(picture: NDArray[np.uint8]) -> Case:
    image = as_image(picture)
    lightness, mask, threads = image.lightness(), image.mask, thread_count(None)
    markers = _marked(picture)
    wide = lightness.astype(np.float64)

    def ours() -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        edges = canny_edges(lightness, mask, _SIGMA, _LOW, _HIGH, threads)
        slopes = gradient_magnitude(lightness[np.newaxis], mask, 0, threads)
        return edges, watershed(to_levels(slopes, _STEP), markers, mask)

    def scikit_image() -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        from skimage.feature import canny
        from skimage.filters import sobel
        from skimage.segmentation import watershed as flood

        edges = canny(wide, _SIGMA, low_threshold=8 * _LOW, high_threshold=8 * _HIGH, mode="nearest")
        return edges, flood(sobel(wide), markers, connectivity=1)

    def equal(one: Any, other: Any) -> Check:
        edges, labels = _edges_alike(one[0], other[0]), _labels_alike(one[1], other[1], _ALLOWED)
        return Check(edges.passed and labels.passed, f"{edges.figure}; {labels.figure}")

    name = "skimage.feature.canny + filters.sobel + segmentation.watershed"
    return Case("edges", "Canny, Sobel, watershed", ours, (Peer(name, "skimage", 10.0, scikit_image, equal),))


def _pieces(picture: NDArray[np.uint8]) -> list[Case]:
    """Smoothing with Canny's edges by OpenCV's rule, and the watershed, each from the same input as the peer's."""
    import cv2

    threads = thread_count(None)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    blur = {"ksize": (17, 17), "sigmaX": _SIGMA, "borderType": cv2.BORDER_REPLICATE}
    plane, rounded = grey.astype(np.float32), cv2.GaussianBlur(grey, **blur).astype(np.float32)
    low, high = _GREY_LOW / 8, _GREY_HIGH / 8

    def our_edges() -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        smooth = gaussian_smooth(plane, _SIGMA, threads)
        grades = canny_grades(rounded, 0, low, high, threads, directions=True)
        return smooth, hysteresis(grades, diagonals=True)

    def opencv_edges() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        smooth = cv2.GaussianBlur(grey, **blur)
        return smooth, cv2.Canny(smooth, _GREY_LOW, _GREY_HIGH, L2gradient=True)

    def equal_edges(one: Any, other: Any) -> Check:
        near = float((np.abs(one[0] - other[0].astype(np.float32)) <= 1).mean())  # OpenCV rounds to 8 bits
        inside = np.s_[1:-1, 1:-1]  # the outermost pixels are never edges of ours
        edges = _edges_alike(one[1][inside], other[1][inside] > 0)
        return Check(edges.passed and near >= 0.999, f"{near:.2%} smoothed alike within a grey level; {edges.figure}")

    markers, mask = _marked(picture), np.ones(grey.shape, dtype=bool)
    levels = to_levels(gradient_magnitude(as_image(picture).in_space("lab"), mask, _SIGMA, threads), _STEP)

    def scikit_image_flood() -> NDArray[np.int32]:
        from skimage.segmentation import watershed as flood

        return flood(levels, markers, connectivity=1)

    def equal_labels(one: Any, other: Any) -> Check:
        return _labels_alike(one, other, 0.999)

    def opencv_labels(one: Any, other: Any) -> Check:
        # OpenCV floods by colour steps between pixels and leaves lines: another definition. A sanity check only.
        return _labels_alike(one[other > 0], other[other > 0], 0.8)

    return [
        Case(
            "edges",
            "Gaussian, then Canny by OpenCV's rule",
            our_edges,
            (Peer("cv2.GaussianBlur + cv2.Canny(L2gradient=True)", "cv2", 1.0, opencv_edges, equal_edges),),
        ),
        Case(
            "edges",
            "watershed of the gradient's levels",
            lambda: watershed(levels, markers, mask),
            (
                Peer("skimage.segmentation.watershed", "skimage", 10.0, scikit_image_flood, equal_labels),
                Peer("cv2.watershed", "cv2", 1.0, lambda: cv2.watershed(picture, markers.copy()), opencv_labels),
            ),
        ),
    ]


def _marked(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The markers that `Edges` at its defaults sets in the picture."""
    image = as_image(picture)
    gradient = gradient_magnitude(image.in_space("lab"), image.mask, _SIGMA)
    return _markers(strong_and_tied(gradient, _LOW, _HIGH), image.mask, Edges().gap)[0]


def _edges_alike(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Check:
    """The share of edge pixels that both have, of the more numerous."""
    share = float((one & other).sum() / max(one.sum(), other.sum(), 1))
    return Check(share >= _ALLOWED, f"{share:.2%} of edge pixels equal (asked: {_ALLOWED:.1%})")


def _labels_alike(one: NDArray[np.int32], other: NDArray[np.int32], least: float) -> Check:
    share = float((one == other).mean())
    return Check(share >= least, f"{share:.3%} of labels equal (asked: {least:.1%})")
