"""From eigenvectors to classes, and what the classes cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.graphs import Graph

_STARTS = 10
_ROWS_AT_FIRST = 1 << 10
_IMPROVEMENT = 1e-10  # a row, below which a rotation is as good as it gets


def discretise(eigenvectors: NDArray[np.float64], threads: int = 1) -> NDArray[np.int32]:
    """The class of each row (n,), by the rotation that brings unit rows nearest to unit vectors (Yu & Shi 2003).

    The best of ten fixed starts, in the sense of that nearness. O(n k^2) a round.
    """
    rows = unit_columns(np.ascontiguousarray(eigenvectors.T))
    outcomes = [_turn(rows, _first_rotation(rows, first), threads) for first in _fixed_starts(rows)]
    return max(outcomes, key=lambda outcome: outcome[0])[1]


def candidates(columns: NDArray[np.float64]) -> list[NDArray[np.int32]]:
    """Classes of the columns (k, n) by the rotations from which `discretise` would begin, each without a turn.

    Of the columns only the directions count.
    """
    rows = unit_columns(np.ascontiguousarray(columns))
    few = rows[:, :: -(-rows.shape[1] // _ROWS_AT_FIRST)]
    rotations = [_first_rotation(few, first) for first in _fixed_starts(few)] + [_first_rotation(rows, 0)]
    return [np.argmax(rotation.T @ rows, axis=0).astype(np.int32) for rotation in rotations]


def _fixed_starts(rows: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, rows.shape[1] - 1, _STARTS).astype(np.intp))


def unit_columns(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of length 1; 0 stays 0."""
    largest = np.abs(columns).max(axis=0)  # taken out first: squares of weak nodes' rows overflow
    columns = columns / np.where(largest > 0, largest, 1)
    return columns / np.maximum(np.sqrt(np.einsum("kn,kn->n", columns, columns)), 1)


def _first_rotation(rows: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    """Rows as orthogonal as can be found, beginning with one."""
    rotation = np.zeros((len(rows), len(rows)))
    rotation[:, 0] = rows[:, first]
    overlap = np.zeros(rows.shape[1])
    for column in range(1, len(rows)):
        overlap += np.abs(rotation[:, column - 1] @ rows)
        rotation[:, column] = rows[:, np.argmin(overlap)]
    return rotation


def nearest_rotation(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation that brings unit rows nearest to their classes' unit vectors, whose `sums` (k, k) these are."""
    left, _, right = np.linalg.svd(sums)
    return np.asarray((left @ right).T)


def _turn(
    rows: NDArray[np.float64], rotation: NDArray[np.float64], threads: int, enough: float = _IMPROVEMENT
) -> tuple[float, NDArray[np.int32], NDArray[np.float64]]:
    """Alternate between the nearest classes and the best rotation: objective, classes, rotation."""
    from classicseg.kernels.rotation import classify

    objective = -np.inf
    while True:
        classes, sums = classify(rows, rotation, threads)
        left, singular, right = np.linalg.svd(sums)
        if singular.sum() <= objective + enough * rows.shape[1]:
            return objective, classes, rotation
        objective = float(singular.sum())
        rotation = (left @ right).T


def class_cuts(graph: Graph, classes: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """For each class the weight of the links that leave it, by the weight of all its links; NaN for an empty class."""
    of_row = classes[graph.rows]
    kept = of_row == classes[graph.ends]
    total = np.bincount(of_row, graph.weights, count).astype(np.float64)
    return shares(total, np.bincount(of_row[kept], graph.weights[kept], count).astype(np.float64))


def shares(total: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is not inner, by the total; at least 0, whatever was rounded."""
    with np.errstate(invalid="ignore"):
        return np.maximum(total - inner, 0) / total
