"""What every method shares: L*a*b*, connected components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg.image import as_image
from classicseg.kernels.histograms import luma
from classicseg.labels import components
from classicseg.parallel import thread_count


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """From an array to Lab; components of a map of 8 grey classes and of a binary map."""
    grey = luma(picture)
    height, width = grey.shape
    classes = (grey // 32).astype(np.int32)
    bright = grey > grey.mean()
    threads = thread_count(None)
    return [
        Case(
            "road",
            f"RGB uint8 {width}x{height} to L*a*b* float32",
            lambda: as_image(picture).in_space("lab", threads),
            (
                Peer("skimage.color.rgb2lab", "skimage", 1.0, lambda: _skimage_lab(picture), _close(0.03)),
                Peer(
                    "cv2.cvtColor(float32, COLOR_RGB2Lab), scaled before", "cv2", None, _cv2_lab(picture), _close(2.0)
                ),
            ),
            runs=51,
        ),
        Case(
            "road",
            f"connected components of 8 grey classes, {width}x{height}",
            lambda: components(classes, np.ones(classes.shape, dtype=bool)),
            (Peer("skimage.measure.label(connectivity=1)", "skimage", 1.0, _skimage_label(classes), _same_partition),),
            runs=51,
        ),
        Case(
            "road",
            f"connected components of a binary map, {width}x{height}",
            lambda: components(bright, bright),
            (
                Peer(
                    "cv2.connectedComponents(connectivity=4)",
                    "cv2",
                    None,
                    lambda: _cv2_components(bright),
                    _same_partition,
                ),
                Peer("skimage.measure.label(connectivity=1)", "skimage", 1.0, _skimage_label(bright), _same_partition),
            ),
            runs=51,
        ),
    ]


def _skimage_lab(picture: NDArray[np.uint8]) -> Any:
    from skimage.color import rgb2lab

    return rgb2lab(picture)


def _cv2_lab(picture: NDArray[np.uint8]) -> Callable[[], Any]:
    scaled = picture.astype(np.float32) / np.float32(255)

    def call() -> Any:
        import cv2

        return cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab)

    return call


def _close(allowed: float) -> Callable[[Any, Any], Check]:
    """skimage rounds the white point to four digits; cv2 takes the cube root and the curve from a coarse table."""

    def compare(ours: Any, theirs: Any) -> Check:
        difference = float(np.abs(np.moveaxis(ours, 0, -1) - theirs).max())
        return Check(difference <= allowed, f"largest difference {difference:.2g} (allowed {allowed:g})")

    return compare


def _skimage_label(labels: NDArray[Any]) -> Callable[[], Any]:
    background = 0 if labels.dtype == bool else -1

    def call() -> Any:
        from skimage.measure import label

        return label(labels, connectivity=1, background=background)

    return call


def _cv2_components(bright: NDArray[np.bool_]) -> Any:
    import cv2

    return cv2.connectedComponents(bright.view(np.uint8), connectivity=4)[1]


def _same_partition(ours: Any, theirs: Any) -> Check:
    """Whether each number of one map goes with one number of the other, 0 with 0."""
    pairs = np.unique(np.stack([ours[0].reshape(-1), theirs.reshape(-1)]).astype(np.int64), axis=1)
    found = len(np.unique(pairs[0]))
    same = pairs.shape[1] == found == len(np.unique(pairs[1])) and bool(np.all((pairs[0] == 0) == (pairs[1] == 0)))
    return Check(same, f"{found} components, partitions {'equal' if same else 'differ'}")
