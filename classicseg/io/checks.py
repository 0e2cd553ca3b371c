"""What writers of label maps take: one check for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError
from classicseg.labels import as_int32, compressed

_LONGEST_TABLE = 1 << 24  # numbers of three bytes, as data sets give them to segments


def as_label_map(labels: Any, mask: Any = None) -> tuple[NDArray[np.int32], NDArray[np.bool_] | None]:
    """A label map as int32, and its mask as bool (None where none came).

    Raises
    ------
    ImageError
        The array is no label map, holds a label below 0 or above 2,147,483,647, or the mask has another shape.
    """
    labels = as_array("labels", labels)
    if labels.ndim != 2 or labels.dtype.kind not in "uib" or labels.size == 0:
        raise ImageError(
            f"labels of shape {labels.shape} and type {labels.dtype} came; a label map is (H, W) integers."
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest > np.iinfo(np.int32).max:
        raise ImageError(
            f"labels from {lowest} to {highest} came; 0 to {np.iinfo(np.int32).max} are allowed. Renumber them."
        )
    if mask is None:
        return as_int32(labels), None
    mask = as_array("mask", mask)
    if mask.shape != labels.shape:
        raise ImageError(f"a mask of shape {mask.shape} came for labels of shape {labels.shape}; they must be equal.")
    return as_int32(labels), mask.astype(bool, copy=False)


def highest_label(labels: NDArray[np.integer]) -> int:
    """The highest label of a map, for a table with an entry for each label up to it.

    Raises
    ------
    ImageError
        The table would take gigabytes, and almost all of it would be of labels that the map does not have.
    """
    highest = max(int(labels.max()), 0)
    if highest > max(_LONGEST_TABLE, labels.size):
        raise ImageError(
            f"a label of {highest:,} came; up to {_LONGEST_TABLE:,} are painted. Renumber them from 1 on, such as by "
            "numpy.unique(labels, return_inverse=True)."
        )
    return highest


def ranked(labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Numbers 0..n-1 for the labels of a map, rising with them, and the label of each number.

    Not every number has to occur; n is never far above the number of pixels.
    """
    numbers, values = compressed(labels)
    if values is None:
        return numbers, np.arange(int(numbers.max()) + 1)
    return numbers, values.astype(np.int64)
