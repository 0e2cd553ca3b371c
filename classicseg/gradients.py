"""Local boundary cues: the length of the colour gradient, Canny's edges, hysteresis on either."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


def gradient_magnitude(planes: Plane, mask: Mask, sigma: float, threads: int = 1) -> Plane:
    """Length of the colour gradient by Sobel's filters on smoothed planes, in colour units a pixel.

    Parameters
    ----------
    planes : (D, H, W) float32 array
    mask : (H, W) bool array
        Values outside take no part: a gradient next to the mask's border is that of the pixels inside.
    sigma : float
        Standard deviation of the Gaussian smoothing in pixels; 0 does not smooth.
    threads : int
        The result does not depend on it.

    Returns
    -------
    (H, W) float32 array
        The square root of the squared derivatives summed over both directions and all planes; 0 outside the mask.

    Notes
    -----
    O(N D sigma) for N pixels. All arithmetic is float32: against float64 the lengths of a photograph (0..50) are off by
    1e-5 at most.
    """
    from classicseg.kernels.smoothing import slope_length

    if mask.all():
        return slope_length(planes, sigma, threads)
    magnitude = slope_length(np.stack(list(smooth_inside(planes, mask, sigma, threads))), 0, threads)
    magnitude[~mask] = 0
    return magnitude


def smooth_inside(planes: Plane, mask: Mask, sigma: float, threads: int = 1) -> Iterator[Plane]:
    """Each plane smoothed over the pixels inside the mask only; outside it goes on as the nearest pixel inside."""
    if mask.all():
        from classicseg.kernels.smoothing import gaussian_smooth

        yield from (gaussian_smooth(plane, sigma, threads) for plane in planes)
        return
    from scipy.ndimage import distance_transform_edt

    nearest = tuple(distance_transform_edt(~mask, return_distances=False, return_indices=True))
    for plane in _means_inside(planes, mask, sigma, threads):
        yield plane[nearest]


def _means_inside(planes: Plane, mask: Mask, sigma: float, threads: int) -> Iterator[Plane]:
    """Gaussian means of the pixels inside, for every pixel near enough to some: sum of G x over sum of G; else 0."""
    from classicseg.kernels.smoothing import gaussian_smooth

    weights = gaussian_smooth(mask.astype(np.float32), sigma, threads)
    some = weights > 0
    for plane in planes:
        middle = plane[mask].mean(dtype=np.float64).astype(np.float32)  # what is flat stays so, to the last bit
        sums = gaussian_smooth(np.where(mask, plane - middle, np.float32(0)), sigma, threads)
        yield np.where(some, sums / np.where(some, weights, np.float32(1)) + middle, np.float32(0))


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
        (smooth,) = _means_inside(lightness[np.newaxis], mask, sigma, threads)
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
