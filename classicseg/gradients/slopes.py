"""Slopes: the length of the colour gradient, and planes smoothed inside a mask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Steps of the slopes of Lab in which a watershed rises, in Delta E a pixel: fixed, so that the result does not hang on
# the picture's range; the steepest slope there is, about 180, is far below the highest of the 65531 levels.
SLOPE_STEP = 1 / 256

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
    nearest = nearest_inside(mask)
    for plane in means_inside(planes, mask, sigma, threads):
        yield plane[nearest]


def smooth_in_place(planes: Plane, mask: Mask, sigma: float, threads: int = 1) -> None:
    """Put each plane's `smooth_inside` in its place; a `sigma` of 0 leaves all as they are."""
    if sigma > 0:
        for place, smooth in enumerate(smooth_inside(planes, mask, sigma, threads)):
            planes[place] = smooth


def nearest_inside(mask: Mask) -> tuple[NDArray[np.intp], ...]:
    """Rows and columns of the pixel inside the mask that is nearest to each pixel."""
    from scipy.ndimage import distance_transform_edt

    return tuple(distance_transform_edt(~mask, return_distances=False, return_indices=True))


def means_inside(planes: Plane, mask: Mask, sigma: float, threads: int) -> Iterator[Plane]:
    """Gaussian means of the pixels inside, for every pixel near enough to some: sum of G x over sum of G; else 0."""
    from classicseg.kernels.smoothing import gaussian_smooth

    weights = gaussian_smooth(mask.astype(np.float32), sigma, threads)
    some = weights > 0
    for plane in planes:
        middle = plane[mask].mean(dtype=np.float64).astype(np.float32)  # what is flat stays so, to the last bit
        sums = gaussian_smooth(np.where(mask, plane - middle, np.float32(0)), sigma, threads)
        yield np.where(some, sums / np.where(some, weights, np.float32(1)) + middle, np.float32(0))
