"""Flooding the borders of a label map from its segments: Vincent and Soille's watershed on a flat ground."""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

_LINE = 0
_DRY = -2  # border that no segment has reached
_QUEUED = -3
_DOWN = np.array([0, -1, 0, 1])  # left, up, right, down: which neighbour is asked first decides where lines lie
_RIGHT = np.array([-1, 0, 1, 0])


@kernel
def _flood(labels, queue, down, right):
    """Give each dry pixel, in the order in which the flood meets it, a neighbour's label or make it part of a line."""
    height, width = labels.shape
    first, last = 0, 0
    for column in range(width):
        for row in range(height):
            if labels[row, column] != _DRY:
                continue
            for side in range(4):
                r, c = row + down[side], column + right[side]
                if 0 <= r < height and 0 <= c < width and labels[r, c] >= _LINE:
                    labels[row, column] = _QUEUED
                    queue[last] = row * width + column
                    last += 1
                    break
    beside_a_line = False  # kept from pixel to pixel: the published algorithm has one such flag for all of them
    while first < last:
        row, column = queue[first] // width, queue[first] % width
        first += 1
        for side in range(4):
            r, c = row + down[side], column + right[side]
            if r < 0 or r >= height or c < 0 or c >= width:
                continue
            own, other = labels[row, column], labels[r, c]
            if other > _LINE:
                if own == _QUEUED or (own == _LINE and beside_a_line):
                    labels[row, column] = other
                elif own > _LINE and own != other:
                    labels[row, column] = _LINE
                    beside_a_line = False
            elif other == _LINE:
                if own == _QUEUED:
                    labels[row, column] = _LINE
                    beside_a_line = True
            elif other == _DRY:
                labels[r, c] = _QUEUED
                queue[last] = r * width + c
                last += 1


def flood_borders(labels: np.ndarray) -> np.ndarray:
    """A label map (H, W) of segments above 0 whose borders, 0, are flooded until lines of one pixel are left."""
    flooded = np.where(labels > 0, labels, _DRY).astype(np.int32)
    queue = np.empty(np.count_nonzero(flooded == _DRY), dtype=np.int64)
    _flood(flooded, queue, _DOWN, _RIGHT)
    return flooded
