"""What segments measure: pixels, places, outlines, and the mean and deviation of a picture's samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks

_PIXELS_AT_ONCE = 1 << 13
# Lengths of the three kinds of places on an outline, see `_count_steps`: straight, diagonal, and from one to the other.
_STEPS = np.array([1.0, np.sqrt(2.0), (1.0 + np.sqrt(2.0)) / 2.0])


@dataclass(frozen=True, eq=False)
class Shapes:
    """Where the labels 0..n-1 of a map lie; a label that does not occur has area 0, and anything in the other fields.

    Attributes
    ----------
    areas : (n,) int64 array
        Pixels.
    sums : (n, 2) int64 array
        Row and column numbers summed over the pixels.
    bounds : (n, 4) int64 array
        First row, first column, and the row and column behind the last.
    firsts : (n, 2) int64 array
        Row and column of the first pixel in raster order.
    perimeters : (n,) float64 array
    """

    areas: NDArray[np.int64]
    sums: NDArray[np.int64]
    bounds: NDArray[np.int64]
    firsts: NDArray[np.int64]
    perimeters: NDArray[np.float64]


@kernel
def _mark_outlines(labels, row, marks):
    """Write for each pixel of a row, one place further on, whether one of its four neighbours has another label.

    What lies outside of the map has another label than any pixel; a row outside of it has no marks.
    """
    height, width = labels.shape
    for column in range(width):
        marks[column + 1] = False
        if 0 <= row < height:
            label = labels[row, column]
            marks[column + 1] = (
                row == 0
                or column == 0
                or row == height - 1
                or column == width - 1
                or labels[row - 1, column] != label
                or labels[row + 1, column] != label
                or labels[row, column - 1] != label
                or labels[row, column + 1] != label
            )


@kernel
def _count_steps(labels, row, marks, steps):
    """Count the marked pixels of a row by how the outline of their label goes on there.

    What counts are the marked neighbours of the same label: `edges` of the four that share an edge, `corners` of the
    four that share a corner. `marks` are those of the rows above, here and below, with a place to spare at both ends.
    """
    width = labels.shape[1]
    for column in range(width):
        if not marks[row % 3, column + 1]:
            continue
        label = labels[row, column]
        edges, corners = 0, 0
        for down in range(-1, 2):
            for right in range(-1, 2):
                if (
                    marks[(row + down) % 3, column + 1 + right]
                    and (down != 0 or right != 0)
                    and labels[row + down, column + right] == label
                ):
                    if down == 0 or right == 0:
                        edges += 1
                    else:
                        corners += 1
        if (edges == 2 or edges == 3) and corners <= 2:
            steps[label, 0] += 1
        elif (edges == 0 and corners == 2) or (edges == 1 and corners == 3):
            steps[label, 1] += 1
        elif edges == 1 and (corners == 1 or corners == 2):
            steps[label, 2] += 1


@kernel
def _measure_shapes(labels, areas, sums, bounds, firsts, steps, marks):
    """One pass over the runs of equal labels in the rows; `marks` (3, W + 2) comes unmarked."""
    height, width = labels.shape
    _mark_outlines(labels, np.int64(0), marks[0])
    for row in range(height):
        _mark_outlines(labels, row + 1, marks[(row + 1) % 3])
        _count_steps(labels, row, marks, steps)
        start = 0
        while start < width:
            label = labels[row, start]
            stop = start + 1
            while stop < width and labels[row, stop] == label:
                stop += 1
            if areas[label] == 0:
                firsts[label, 0], firsts[label, 1] = row, start
                bounds[label, 0], bounds[label, 1] = row, start
            areas[label] += stop - start
            sums[label, 0] += row * (stop - start)
            sums[label, 1] += (start + stop - 1) * (stop - start) // 2
            bounds[label, 1] = min(bounds[label, 1], start)
            bounds[label, 2] = row + 1
            bounds[label, 3] = max(bounds[label, 3], stop)
            start = stop


def measure_shapes(labels: NDArray[np.int32]) -> Shapes:
    """Areas, places and perimeters of the labels 0..max of a map, in one pass. O(N).

    Perimeters are those of Benkrid and Crookes, as scikit-image has them: the pixels of a label that have one of
    another label beside them are its outline, and each counts by how the outline goes on there.
    """
    labels = np.ascontiguousarray(labels, dtype=np.int32)
    count = int(labels.max()) + 1
    areas, steps = np.zeros(count, dtype=np.int64), np.zeros((count, 3), dtype=np.int64)
    sums, bounds, firsts = (np.zeros((count, width), dtype=np.int64) for width in (2, 4, 2))
    marks = np.zeros((3, labels.shape[1] + 2), dtype=bool)
    _measure_shapes(labels, areas, sums, bounds, firsts, steps, marks)
    return Shapes(areas, sums, bounds, firsts, steps @ _STEPS)


@kernel
def _add_differences(labels, samples, shifts, sums, squares):
    """Add how far the samples (N, D) lie above their labels' shifts, and the squares of that."""
    for place in range(labels.size):
        label = labels[place]
        for d in range(samples.shape[1]):
            difference = samples[place, d] - shifts[label, d]
            sums[label, d] += difference
            squares[label, d] += difference * difference


def _summed(
    labels: NDArray[np.int32], picture: NDArray[Any], shifts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of the differences to `shifts` (n, D), and of their squares, in raster order; samples become float64."""
    sums, squares = np.zeros_like(shifts), np.zeros_like(shifts)
    height, width, depth = picture.shape
    for first, last in chunks(height, max(1, _PIXELS_AT_ONCE // width)):
        samples = np.ascontiguousarray(picture[first:last], dtype=np.float64).reshape(-1, depth)
        _add_differences(labels[first:last].reshape(-1), samples, shifts, sums, squares)
    return sums, squares


def measure_samples(
    labels: NDArray[np.int32], picture: NDArray[Any], shapes: Shapes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard deviations (n, D) of the samples (H, W, D) of each label; NaN where one does not occur.

    Differences to a label's first sample are summed, so that little cancels however far the samples lie from 0, and
    nothing at all where they are equal. For samples of up to 16 bits these sums are exact. Others go through a second
    pass, with differences to the means of the first. O(N D).
    """
    labels = np.ascontiguousarray(labels, dtype=np.int32)
    sizes = shapes.areas[:, np.newaxis].astype(np.float64)
    shifts = picture[shapes.firsts[:, 0], shapes.firsts[:, 1]].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # labels of no pixel; samples that are NaN
        sums, squares = _summed(labels, picture, shifts)
        if picture.dtype.kind in "bui" and picture.dtype.itemsize <= 2:
            means = (shifts * sizes + sums) / sizes
        else:
            shifts = shifts + sums / sizes
            sums, squares = _summed(labels, picture, shifts)
            means = shifts + sums / sizes
        variances = (squares - sums * sums / sizes) / sizes
        return means, np.sqrt(np.maximum(variances, 0.0))
