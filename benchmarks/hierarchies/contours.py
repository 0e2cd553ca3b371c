"""The contour map of a hierarchy at the picture's size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.hierarchy import Hierarchy


def contour(hierarchy: Hierarchy) -> NDArray[np.float64]:
    """At each pixel the altitude at which its square with right, lower and lower right neighbour becomes one segment.

    That is `ucm_contour` of the map of doubled size.
    """
    leaves = hierarchy.leaves.astype(np.int64) - 1
    strength = np.zeros(leaves.shape)
    for one, other, rows, columns in (
        (leaves[:, :-1], leaves[:, 1:], slice(None), slice(None, -1)),
        (leaves[:-1], leaves[1:], slice(None, -1), slice(None)),
    ):
        across = _joined_at(hierarchy, one, other)
        strength[rows, columns] = np.maximum(strength[rows, columns], across)
        # The corner below and to the right of a pixel also touches the contour of its other neighbours.
        if rows == slice(None):
            strength[:-1, :-1] = np.maximum(strength[:-1, :-1], across[1:])
        else:
            strength[:-1, :-1] = np.maximum(strength[:-1, :-1], across[:, 1:])
    strength[-1], strength[:, -1] = 0, 0
    return strength


def _joined_at(hierarchy: Hierarchy, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """The altitude of the lowest node that holds both leaves; 0 where they are the same."""
    pairs, place = np.unique(one * hierarchy.n_leaves + other, return_inverse=True)
    a, b = pairs // hierarchy.n_leaves, pairs % hierarchy.n_leaves
    same = a == b
    apart = np.flatnonzero(~same)
    while len(apart):  # a parent has the higher number: the lower of two nodes cannot hold the other
        lower = np.minimum(a[apart], b[apart])
        a[apart], b[apart] = hierarchy.parents[lower], np.maximum(a[apart], b[apart])
        apart = apart[a[apart] != b[apart]]
    return np.where(same, 0.0, hierarchy.altitudes[a])[place].reshape(one.shape)
