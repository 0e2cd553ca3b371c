"""Local boundary cues."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def gradient_magnitude(planes: NDArray[np.float32], mask: NDArray[np.bool_], sigma: float) -> NDArray[np.float64]:
    """Length of the colour gradient by Sobel's filters on smoothed planes, in colour units a pixel.

    Parameters
    ----------
    planes : (D, H, W) float32 array
    mask : (H, W) bool array
        Values outside take no part: a gradient next to the mask's border is that of the pixels inside.
    sigma : float
        Standard deviation of the Gaussian smoothing in pixels; 0 does not smooth.

    Returns
    -------
    (H, W) float64 array
        The square root of the squared derivatives summed over both directions and all planes; 0 outside the mask.
    """
    from scipy.ndimage import sobel

    squares = np.zeros(mask.shape)
    for smooth in smooth_inside(planes, mask, sigma):
        for axis in (0, 1):
            # 8: the sum of the filter's weights, times the distance between its sides
            squares += (sobel(smooth, axis=axis, mode="nearest") / 8) ** 2
    magnitude = np.sqrt(squares)
    magnitude[~mask] = 0
    return magnitude


def smooth_inside(planes: NDArray[np.floating], mask: NDArray[np.bool_], sigma: float) -> Iterator[NDArray[np.float64]]:
    """Each plane smoothed over the pixels inside the mask only; outside it goes on as the nearest pixel inside."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    def smooth(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaussian_filter(plane, sigma, mode="nearest") if sigma else plane

    if mask.all():
        yield from (smooth(plane.astype(np.float64)) for plane in planes)
        return
    weight = smooth(mask.astype(np.float64))
    nearest = tuple(distance_transform_edt(~mask, return_distances=False, return_indices=True))
    for plane in planes:
        sums = smooth(np.where(mask, plane.astype(np.float64), 0.0))
        yield np.where(mask, sums / np.where(weight > 0, weight, 1), 0.0)[nearest]
