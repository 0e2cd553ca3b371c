"""Merge trees: monotone altitudes and cuts.

A tree is an array `parents` (n_nodes,): the leaves come first, every parent after its children, and a root is its own
parent. A cut is a set of nodes whose leaves are all leaves, each once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Tree(NamedTuple):
    """A label map of leaves (H, W), 1..n, and the tree above them: parents and altitudes (n_nodes,)."""

    leaves: NDArray[np.int32]
    parents: Ints
    altitudes: Floats


@kernel
def _running_maximum(parents, altitudes):
    for node in range(len(parents)):
        parent = parents[node]
        if altitudes[parent] < altitudes[node]:
            altitudes[parent] = altitudes[node]


def running_maximum(parents: Ints, altitudes: Floats) -> Floats:
    """The least altitudes, none below the given, that never fall on the way to a root."""
    rising = altitudes.copy()
    _running_maximum(parents, rising)
    return rising


@kernel
def _find_tops(parents, altitudes, threshold, tops):
    """tops[node] is the highest node that the merges up to the threshold put above it."""
    for node in range(len(parents) - 1, -1, -1):
        parent = parents[node]
        tops[node] = tops[parent] if parent != node and altitudes[parent] <= threshold else node


@kernel
def _paint(leaves, tops, numbers, labels):
    """Number the top nodes in raster order of their first pixels; `numbers` (n_nodes,) comes as zeros."""
    height, width = leaves.shape
    count = 0
    for row in range(height):
        for column in range(width):
            leaf = leaves[row, column]
            if leaf == 0:
                continue
            top = tops[leaf - 1]
            if numbers[top] == 0:
                count += 1
                numbers[top] = count
            labels[row, column] = numbers[top]


def tops(parents: Ints, altitudes: Floats, threshold: float) -> Ints:
    """For each node the highest one that merges of altitude <= threshold put above it, or itself."""
    found = np.empty(len(parents), dtype=np.int64)
    _find_tops(parents, altitudes, float(threshold), found)
    return found


def cut_labels(leaves: NDArray[np.int32], parents: Ints, altitudes: Floats, threshold: float) -> NDArray[np.int32]:
    """Labels 1..K, in raster order, after every merge of altitude <= threshold; 0 where no leaf is."""
    labels = np.zeros(leaves.shape, dtype=np.int32)
    _paint(leaves, tops(parents, altitudes, threshold), np.zeros(len(parents), dtype=np.int32), labels)
    return labels
