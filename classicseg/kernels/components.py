"""Connected components of equal labels, and numbering in raster order, on int32 maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


@kernel
def root_of(parent, node):
    """The root of `node` in a forest of int32; every node on the way is hung onto its grandparent."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _number_components(labels, inside, numbers, parent):
    """Fill `numbers` with 1..n in raster order of the first pixel, 0 outside; gives n.

    First pass: a pixel takes the number of its left or upper neighbour of equal label; where both have one, the two
    numbers become one set, whose root is the lowest. Numbers are given out in raster order and a component's first
    pixel always gets a new one, so the roots rise with the first pixels. Second pass: each set's final number.
    """
    height, width = labels.shape
    count = 0
    parent[0] = 0
    for row in range(height):
        left = 0  # the left neighbour's number, 0 where it does not belong to the same component
        met = 0  # the upper number that was last joined with this run's
        for column in range(width):
            if not inside[row, column]:
                numbers[row, column] = 0
                left = 0
                continue
            label = labels[row, column]
            if left and labels[row, column - 1] != label:
                left = 0
            upper = 0
            if row and inside[row - 1, column] and labels[row - 1, column] == label:
                upper = numbers[row - 1, column]
            if left == 0:
                if upper == 0:
                    count += 1
                    parent[count] = count
                    upper = count
                left = upper
                met = upper
            elif upper != 0 and upper != met:
                met = upper
                one, other = root_of(parent, np.int64(left)), root_of(parent, np.int64(upper))
                if one < other:
                    parent[other] = one
                elif other < one:
                    parent[one] = other
            numbers[row, column] = left
    found = 0
    for node in range(1, count + 1):  # a node's parent lies before it, and has its final number already
        if parent[node] == node:
            found += 1
            parent[node] = found
        else:
            parent[node] = parent[parent[node]]
    for row in range(height):
        for column in range(width):
            numbers[row, column] = parent[numbers[row, column]]
    return found


def number_components(labels: NDArray[np.int32], inside: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """4-connected sets of equal labels inside the mask, numbered 1..n in raster order of their first pixels; and n.

    O(N); beside the result 4 bytes for each run of equal labels in a row.
    """
    numbers = np.empty(labels.shape, dtype=np.int32)
    parent = np.empty(labels.size + 1, dtype=np.int32)  # pages that no number reaches are never touched
    found = _number_components(
        np.ascontiguousarray(labels, dtype=np.int32), np.ascontiguousarray(inside), numbers, parent
    )
    return numbers, int(found)


@kernel
def _first_come(labels, inside, numbers, result):
    """Labels inside the mask renumbered 1..n as a raster scan meets them; gives n. `numbers` comes as zeros."""
    found = 0
    for place in range(labels.size):
        if not inside[place]:
            result[place] = 0
            continue
        label = labels[place]
        if numbers[label] == 0:
            found += 1
            numbers[label] = found
        result[place] = numbers[label]
    return found


def compressed(labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
    """The labels, and None; or their ranks, and the labels that have these ranks.

    Ranks come where a table with a row for each label up to the largest would be far larger than the map. O(N), or
    O(N log N).
    """
    if int(labels.max()) <= 2 * labels.size:
        return labels, None
    values, ranks = np.unique(labels, return_inverse=True)
    return ranks.reshape(labels.shape).astype(np.int32), values


def first_come_numbers(labels: NDArray[np.int32], inside: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Labels (0 or above inside the mask) renumbered 1..n as a raster scan meets them, 0 outside; and n. O(N)."""
    labels, _ = compressed(labels)
    result = np.empty(labels.shape, dtype=np.int32)
    numbers = np.zeros(max(int(labels.max()), 0) + 1, dtype=np.int32)
    flat = np.ascontiguousarray(labels, dtype=np.int32).reshape(-1)
    found = _first_come(flat, np.ascontiguousarray(inside).reshape(-1), numbers, result.reshape(-1))
    return result, int(found)
