"""Local boundary cues."""

from __future__ import annotations

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
    for plane in planes:
        smooth = smooth_inside(plane, mask, sigma)
        for axis in (0, 1):
            squares += (
                sobel(smooth, axis=axis, mode="nearest") / 8
            ) ** 2  # 8: the filter's weights times their distance
    magnitude = np.sqrt(squares)
    magnitude[~mask] = 0
    return magnitude


def smooth_inside(plane: NDArray[np.floating], mask: NDArray[np.bool_], sigma: float) -> NDArray[np.float64]:
    """Gaussian smoothing that averages only pixels inside the mask; outside it continues the nearest one inside."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    values = plane.astype(np.float64)
    if mask.all():
        return gaussian_filter(values, sigma, mode="nearest") if sigma else values
    if sigma:
        weight = gaussian_filter(mask.astype(np.float64), sigma, mode="nearest")
        smooth = gaussian_filter(np.where(mask, values, 0.0), sigma, mode="nearest")
        values = np.where(mask, smooth / np.where(weight > 0, weight, 1), 0.0)
    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return values[tuple(nearest)]
