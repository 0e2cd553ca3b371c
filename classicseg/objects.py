"""Objects on a background, each at a threshold of its own; and enclosed background."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.labels import Mask, components

_SIGMA = 0.7  # pixels: as little smoothing as keeps single noisy pixels from being objects
_STEPS = 1024  # levels a unit of the logarithm
# Contrast is 1 from the mean of the background to that of the foreground, as Otsu's threshold parts them. The logarithm
# of contrast plus this is what falls at an outline: dim objects count nearly as much as bright ones, noise little.
_OFFSET = 0.7
_FAINTEST = 0.2  # contrast that an object has at least, on average
_LARGEST = 0.5  # of the picture
_SMALLEST = 0.1  # of the typical object


def find_objects(levels: NDArray[Any], mask: Mask, bright: Mask, threads: int = 1) -> Mask:
    """Bright objects (H, W), each at the level at which its outline is sharpest.

    Parameters
    ----------
    levels : (H, W) array of numbers
        Grey levels; anything outside the mask.
    mask : (H, W) bool array
    bright : (H, W) bool array
        What a threshold for the whole picture calls bright, in some of the mask, not all.
    threads : int

    Returns
    -------
    (H, W) bool array
        Components of thresholds of the smoothed levels, chosen by `kernels.component_tree.best_components`; those
        smaller than a tenth of the typical object are left out. Typical is the area that half of all object pixels lie
        in objects up to.
    """
    from classicseg.gradients import smooth_inside
    from classicseg.kernels.component_tree import best_components

    (smooth,) = smooth_inside(levels.astype(np.float32)[np.newaxis], mask, _SIGMA, threads)
    heights = _log_contrast(smooth, mask, bright)
    lowest = _STEPS * float(np.log(_FAINTEST + _OFFSET)) - _lowest_height() + 1
    found = best_components(np.where(mask, heights, 0).astype(np.uint16), _LARGEST * np.count_nonzero(mask), lowest)
    numbers, count = components(found.view(np.uint8), found)
    sizes = np.bincount(numbers.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    return (sizes >= _SMALLEST * typical_size(sizes))[numbers] & found


def typical_size(sizes: NDArray[np.integer]) -> int:
    """The size up to which objects hold half of all that is in objects; 0 where there are none."""
    rising = np.sort(sizes)
    below = np.cumsum(rising)
    return int(rising[np.searchsorted(2 * below, below[-1])])


def fill_enclosed(foreground: Mask, mask: Mask) -> Mask:
    """The foreground, and the 4-connected parts of the rest that touch neither the picture's edge nor the mask's."""
    rest, count = components((~foreground).view(np.uint8), ~foreground)
    open_to = np.zeros(count + 1, dtype=bool)
    for edge in (rest[0], rest[-1], rest[:, 0], rest[:, -1], rest[~mask]):
        open_to[edge] = True
    open_to[0] = False
    return (~open_to[rest]) & mask


def _log_contrast(levels: NDArray[np.float32], mask: Mask, bright: Mask) -> NDArray[np.float64]:
    """log(contrast + offset) in whole steps, 1 for the lowest."""
    dark = float(levels[mask & ~bright].mean(dtype=np.float64))
    span = float(levels[mask & bright].mean(dtype=np.float64)) - dark
    contrast = np.maximum((levels.astype(np.float64) - dark) / max(span, 1e-6), -0.9 * _OFFSET)
    return np.rint(_STEPS * np.log(contrast + _OFFSET) - _lowest_height()) + 1


def _lowest_height() -> float:
    return _STEPS * float(np.log(0.1 * _OFFSET))
