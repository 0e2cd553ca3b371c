"""Contrast of segments: what may stand in for the scores that unsupervised segments have not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, ParameterError
from classicseg.metrics.contingency import checked_labels


def contrast_scores(
    labels: ArrayLike, lightness: ArrayLike, *, width: int = 3, mask: ArrayLike | None = None
) -> dict[int, float]:
    """How far the mean lightness of each segment lies from that of the ring around it: the stand-in ``"contrast"``.

    The ring holds the pixels of other labels whose row and column are at most `width` away from a pixel of the segment.

    Parameters
    ----------
    labels : (H, W) integer array
    lightness : (H, W) array
        L* or any grey values, finite where they count; only the order of the scores is used, so the unit is free.
    width : int
        Pixels, at least 1. 3 by default: past the blurred edge of a small object, short of the next one.
    mask : (H, W) bool array, optional
        True where a pixel counts; all by default.

    Returns
    -------
    dict of int to float
        The absolute difference of the means for each label; 0 where there is no ring. Work is that of a window filter
        over each label's bounding box.

    Raises
    ------
    ImageError
        The arrays differ in shape or cannot be used.
    ParameterError
        The width is no positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> contrast_scores([[0, 0, 1, 1]], np.array([[10.0, 20.0, 80.0, 80.0]]), width=1)
    {0: 65.0, 1: 60.0}
    """
    from scipy.ndimage import binary_dilation, find_objects

    numbers, grey, inside = _checked_picture(labels, lightness, mask)
    if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 1:
        raise ParameterError(f"width={width!r} is not allowed; it is a whole number of pixels, at least 1. Give 3.")
    values, index = np.unique(numbers, return_inverse=True)
    index = np.where(inside, index.reshape(numbers.shape) + 1, 0)
    square = np.ones((3, 3), dtype=bool)
    found = {}
    for position, box in enumerate(find_objects(index.astype(np.int32))):
        if box is None:  # wholly outside the mask
            continue
        rows, columns = (slice(max(side.start - width, 0), side.stop + width) for side in box)
        segment = index[rows, columns] == position + 1
        near = binary_dilation(segment, square, iterations=int(width))
        ring = grey[rows, columns][near & (index[rows, columns] > 0) & ~segment]
        contrast = abs(float(grey[rows, columns][segment].mean()) - float(ring.mean())) if ring.size else 0.0
        found[int(values[position])] = contrast
    return found


def _checked_picture(
    labels: ArrayLike, lightness: ArrayLike, mask: ArrayLike | None
) -> tuple[NDArray[np.integer], NDArray[np.float64], NDArray[np.bool_]]:
    numbers, grey = checked_labels("label map", labels), as_array("lightness", lightness)
    inside = np.ones(numbers.shape, dtype=bool) if mask is None else as_array("mask", mask)
    if grey.dtype.kind not in "buif" or grey.shape != numbers.shape:
        raise ImageError(
            f"lightness of type {grey.dtype} and shape {grey.shape} came beside labels of {numbers.shape}. Give one "
            "number a pixel, such as L* of the picture."
        )
    if inside.dtype != bool or inside.shape != numbers.shape:
        raise ImageError(
            f"a mask of type {inside.dtype} and shape {inside.shape} came beside labels of {numbers.shape}. Give one "
            "bool a pixel, True where it counts."
        )
    if not np.isfinite(grey[inside]).all():
        raise ImageError("lightness holds NaN or infinity inside the mask. Leave such pixels out by the mask.")
    return numbers, grey.astype(np.float64), inside
