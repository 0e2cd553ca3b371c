"""Canny's edges, and hysteresis on any gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.gradients.slopes import means_inside

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


def canny_edges(
    lightness: Plane, mask: Mask, sigma: float, low_threshold: float, high_threshold: float, threads: int = 1
) -> Mask:
    """Canny's edges of one plane, with interpolation between the neighbours of a ridge.

    Parameters
    ----------
    lightness : (H, W) float32 array
    mask : (H, W) bool array
        Pixels outside take no part, and neither they nor their eight neighbours are edges.
    sigma : float
        Standard deviation of the Gaussian smoothing in pixels.
    low_threshold, high_threshold : float
        Slopes a pixel that may belong to an edge, and that start one. An edge is what is reached from a start over
        ridges of at least the low slope, corners included.
    threads : int
        The result does not depend on it.

    Returns
    -------
    (H, W) bool array
        The edges of `skimage.feature.canny` in its mode "nearest" with 8 times the thresholds, computed in float32
        instead of float64. The outermost pixels of the picture are none.

    Notes
    -----
    O(N sigma) for N pixels.

    References
    ----------
    J. Canny, "A computational approach to edge detection", IEEE TPAMI 8(6), 1986.
    """
    from classicseg.kernels.canny import canny_grades
    from classicseg.kernels.distance import farther_than
    from classicseg.kernels.hysteresis import hysteresis

    if mask.all():
        grades = canny_grades(lightness, sigma, low_threshold, high_threshold, threads)
    else:
        (smooth,) = means_inside(lightness[np.newaxis], mask, sigma, threads)
        grades = canny_grades(smooth, 0, low_threshold, high_threshold, threads)
        grades[~farther_than(mask, 1.5)] = 0  # 1.5: farther than a corner, nearer than two pixels
    return hysteresis(grades, diagonals=True)


def strong_and_tied(gradient: Plane, low_threshold: float, high_threshold: float) -> Mask:
    """Where a gradient (H, W) reaches the high threshold, or reaches the low one and hangs together with such a pixel.

    Pixels hang together where they share an edge. O(N) for N pixels.
    """
    from classicseg.kernels.hysteresis import hysteresis

    grades = (gradient >= low_threshold).view(np.uint8) + (gradient >= high_threshold).view(np.uint8)
    return hysteresis(grades, diagonals=False)
