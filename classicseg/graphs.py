"""Affinity graphs: nodes with colours and places, linked where they lie near each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.graphs import Graph, near


def affinity(
    colors: NDArray[np.float64],
    positions: NDArray[np.float64],
    color_scale: float,
    spatial_scale: float,
    radius: float,
) -> Graph:
    """Nodes no farther apart than `radius` are linked; a node that no weight reaches is linked with itself, by 1.

    w_ij = exp(-|c_i - c_j|^2 / (2 color_scale^2) - |p_i - p_j|^2 / (2 spatial_scale^2)). O(n + links).
    """
    starts, ends = near(positions, radius)
    size = len(positions)
    rows = np.repeat(np.arange(size), np.diff(starts))
    color = sum((plane[rows] - plane[ends]) ** 2 for plane in np.ascontiguousarray(colors.T))
    distance = sum((plane[rows] - plane[ends]) ** 2 for plane in np.ascontiguousarray(positions.T))
    weights = np.exp(-color / (2 * color_scale**2) - distance / (2 * spatial_scale**2))
    alone = np.flatnonzero(np.bincount(rows, weights, size) == 0)
    if len(alone):
        at = starts[alone + 1]
        ends, weights = np.insert(ends, at, alone), np.insert(weights, at, 1.0)
        starts = starts + np.searchsorted(alone, np.arange(size + 1))
    return Graph(starts, ends.astype(np.int32), weights)
