"""Positive definite matrices whose entries stand near the diagonal: factors and solutions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


class Factor(NamedTuple):
    """Cholesky's L: columns[j, t] = L[j + t, j], and the same by rows, rows[i, b - t] = L[i, i - t]."""

    columns: NDArray[np.float64]
    rows: NDArray[np.float64]


@kernel
def _subtract(target, at, factor, source, begin, count):
    """target[at:] -= factor source[begin:]; positions are unsigned, since one that may be negative is looked at."""
    for i in range(count):
        target[at + i] -= factor * source[begin + i]


@kernel
def _factor(columns, size, width):
    """Turn the lower columns of a matrix, laid out flat with `width` a column, into those of its factor L, L L^T."""
    for j in range(size):
        here = j * width
        columns[here] = np.sqrt(columns[here])
        for t in range(1, width):
            columns[here + t] /= columns[here]
        for t in range(1, min(width, size - j)):
            link = columns[here + t]
            if link != 0.0:
                target, count = np.uint64((j + t) * width), np.uint64(width - t)
                _subtract(columns, target, link, columns, np.uint64(here + t), count)


@kernel
def _solve(columns, rows, size, width, vectors):
    """Turn each of the vectors, laid out flat one after another, into the solution of L L^T x = vector."""
    for start in range(0, len(vectors), size):
        for j in range(size):
            x = vectors[start + j] / columns[j * width]
            vectors[start + j] = x
            after = np.uint64(min(width, size - j) - 1)
            _subtract(vectors, np.uint64(start + j + 1), x, columns, np.uint64(j * width + 1), after)
        for j in range(size - 1, -1, -1):
            x = vectors[start + j] / columns[j * width]
            vectors[start + j] = x
            count = min(width - 1, j)
            begin = (j + 1) * width - 1 - count
            _subtract(vectors, np.uint64(start + j - count), x, rows, np.uint64(begin), np.uint64(count))


def factor(columns: NDArray[np.float64]) -> Factor:
    """Cholesky's factor of a matrix given by its lower columns (n, b + 1), diagonal first. O(n b^2).

    G. H. Golub and C. F. Van Loan, "Matrix computations", 4th edition, section 4.3.
    """
    size, width = columns.shape
    lower = np.array(columns, order="C")
    _factor(lower.reshape(-1), size, width)
    rows = np.zeros_like(lower)
    for t in range(min(width, size)):
        rows[t:, width - 1 - t] = lower[: size - t, t]
    return Factor(lower, rows)


def solve(factored: Factor, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solutions of A x = vector for the rows of (m, n). O(m n b)."""
    solutions = np.array(vectors, dtype=np.float64, order="C")
    size, width = factored.columns.shape
    _solve(factored.columns.reshape(-1), factored.rows.reshape(-1), size, width, solutions.reshape(-1))
    return solutions
