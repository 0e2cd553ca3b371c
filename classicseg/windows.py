"""Sums over square windows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def box_sums(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Sums over the square of `side` pixels (odd) around each pixel, cut off at the picture's edge.

    Running sums along both axes: O(N) whatever the side. Integers are summed exactly; the sums must fit their type.

    Examples
    --------
    >>> box_sums(np.array([[1, 2, 4, 8]]), 3)
    array([[ 3,  7, 14, 12]])
    """
    reach = side // 2
    for axis in (0, 1):
        length = values.shape[axis]
        running = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        upper = np.minimum(np.arange(length) + reach + 1, length)
        lower = np.maximum(np.arange(length) - reach, 0)
        values = running.take(upper, axis) - running.take(lower, axis)
    return values
