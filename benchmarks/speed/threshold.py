"""Thresholds: Otsu on 8 bits beside OpenCV, several thresholds beside scikit-image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg.kernels.histograms import luma
from classicseg.segmenters.threshold import multi_otsu, otsu


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """Threshold and binary map of grey and of colour; three, four and five classes."""
    grey = luma(picture)
    height, width = grey.shape
    return [
        Case(
            "threshold",
            f"Otsu's threshold and binary map, grey {width}x{height}",
            lambda: _binary(grey),
            (Peer("cv2.threshold(THRESH_OTSU)", "cv2", 1.0, lambda: _cv2_otsu(grey), _same_map),),
        ),
        Case(
            "threshold",
            f"luma, Otsu's threshold and binary map, RGB {width}x{height}",
            lambda: _binary(luma(picture)),
            (Peer("cv2.cvtColor + cv2.threshold(THRESH_OTSU)", "cv2", 1.0, lambda: _cv2_of_rgb(picture), _same_map),),
        ),
        *(_several(grey, classes) for classes in (3, 4, 5)),
    ]


def _several(grey: NDArray[np.uint8], classes: int) -> Case:
    height, width = grey.shape
    return Case(
        "threshold",
        f"{classes - 1} thresholds of multi-Otsu, grey {width}x{height}",
        lambda: multi_otsu(grey.reshape(-1), classes),
        (
            Peer(
                f"skimage.filters.threshold_multiotsu(classes={classes})",
                "skimage",
                10.0,
                _skimage_multi_otsu(grey, classes),
                lambda ours, theirs: _as_good(grey, ours, theirs),
            ),
        ),
        slow_runs=3 if classes < 5 else 1,
    )


def _binary(grey: NDArray[np.uint8]) -> tuple[float, NDArray[np.bool_]]:
    threshold = otsu(grey.reshape(-1))
    return threshold, grey > threshold


def _cv2_otsu(grey: NDArray[np.uint8]) -> Any:
    import cv2

    return cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)


def _cv2_of_rgb(picture: NDArray[np.uint8]) -> Any:
    import cv2

    return cv2.threshold(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)


def _skimage_multi_otsu(grey: NDArray[np.uint8], classes: int) -> Callable[[], Any]:
    def call() -> Any:
        from skimage.filters import threshold_multiotsu

        return threshold_multiotsu(grey, classes)

    return call


def _same_map(ours: Any, theirs: Any) -> Check:
    different = int(np.count_nonzero(ours[1] != (theirs[1] > 0)))
    return Check(different == 0, f"thresholds {ours[0]:g} and {theirs[0]:g}, {different} pixels differ (allowed 0)")


def _as_good(grey: NDArray[np.uint8], ours: Any, theirs: Any) -> Check:
    """scikit-image sums in float32, which may cost it a level: ours may be another cut only where it is no worse."""
    gain = _between_class_variance(grey, ours) / _between_class_variance(grey, theirs) - 1
    same = np.array_equal(ours, theirs)
    passed = same or (gain >= 0 and int(np.abs(np.subtract(ours, theirs)).max()) <= 1)
    return Check(passed, f"thresholds {list(map(int, ours))}, variance higher by {gain:.1e} (allowed: not lower)")


def _between_class_variance(grey: NDArray[np.uint8], thresholds: Any) -> float:
    levels, counts = np.arange(256.0), np.bincount(grey.reshape(-1), minlength=256)
    classes = np.searchsorted(thresholds, levels, side="left")
    weights = np.bincount(classes, weights=counts)
    sums = np.bincount(classes, weights=counts * levels)
    return float((sums**2 / weights).sum() / counts.sum() - (sums.sum() / counts.sum()) ** 2)
