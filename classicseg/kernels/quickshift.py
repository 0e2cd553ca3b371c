"""Quickshift: a density at each pixel, and for each pixel the nearest one of higher density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import Progress, chunks, for_chunks

_ROWS_AT_ONCE = 8


@kernel
def _density_rows(colors, inside, width, inverse, first_row, last_row, densities):
    """densities[p] = sum over q within `width` rows and columns of exp(-(|p - q|^2 + |c(p) - c(q)|^2) * inverse)."""
    height, columns, depth = colors.shape
    for row in range(first_row, last_row):
        for column in range(columns):
            if not inside[row, column]:
                continue
            total = 0.0
            for r in range(max(0, row - width), min(height, row + width + 1)):
                for c in range(max(0, column - width), min(columns, column + width + 1)):
                    if not inside[r, c]:
                        continue
                    distance = np.float64((r - row) * (r - row) + (c - column) * (c - column))
                    for d in range(depth):
                        difference = np.float64(colors[r, c, d]) - np.float64(colors[row, column, d])
                        distance += difference * difference
                    total += np.exp(-distance * inverse)
            densities[row, column] = total


@kernel
def _parent_rows(colors, inside, width, densities, first_row, last_row, parents, distances):
    """The nearest pixel of higher density; of equals the earlier is higher, or the first wins."""
    height, columns, depth = colors.shape
    for row in range(first_row, last_row):
        for column in range(columns):
            here = row * columns + column
            best, best_distance = here, np.inf
            if inside[row, column]:
                for r in range(max(0, row - width), min(height, row + width + 1)):
                    for c in range(max(0, column - width), min(columns, column + width + 1)):
                        if not inside[r, c] or densities[r, c] < densities[row, column]:
                            continue
                        if densities[r, c] == densities[row, column] and r * columns + c >= here:
                            continue
                        distance = np.float64((r - row) * (r - row) + (c - column) * (c - column))
                        for d in range(depth):
                            difference = np.float64(colors[r, c, d]) - np.float64(colors[row, column, d])
                            distance += difference * difference
                        if distance < best_distance:
                            best, best_distance = r * columns + c, distance
            parents[row, column] = best
            distances[row, column] = np.sqrt(best_distance)


def shift_quickly(
    colors: NDArray[np.float32],
    inside: NDArray[np.bool_],
    kernel_size: float,
    threads: int,
    progress: Progress | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The tree of quickshift: for each pixel the raster index of its parent, and the distance to it (inf at roots).

    `colors` (H, W, D) are already weighted against position. The window reaches ceil(3 `kernel_size`) pixels each
    way, as in scikit-image. O(N w^2) for a window of w pixels a side.
    """
    width = int(np.ceil(3 * kernel_size))
    inverse = 0.5 / float(kernel_size) ** 2
    densities = np.zeros(inside.shape, dtype=np.float64)
    parents = np.zeros(inside.shape, dtype=np.int64)
    distances = np.zeros(inside.shape, dtype=np.float64)
    bounds = chunks(len(inside), _ROWS_AT_ONCE)

    def density(_: int, first_row: int, last_row: int) -> None:
        _density_rows(colors, inside, width, inverse, first_row, last_row, densities)

    def parent(_: int, first_row: int, last_row: int) -> None:
        _parent_rows(colors, inside, width, densities, first_row, last_row, parents, distances)

    for_chunks(density, bounds, threads, progress and (lambda share: progress(share / 2)))
    for_chunks(parent, bounds, threads, progress and (lambda share: progress(0.5 + share / 2)))
    return parents, distances


def roots(parents: NDArray[np.int64]) -> NDArray[np.int64]:
    """The root that each node of a forest hangs from; a root is its own parent."""
    flat = parents.ravel()
    while True:
        higher = flat[flat]
        if np.array_equal(higher, flat):
            return flat.reshape(parents.shape)
        flat = higher
