"""The greatest eigenpairs of a normalised affinity: of D^-1/2 W D^-1/2, with W the weights of a graph and D their sums.

No eigenvalue is above 1, and 1 comes once for each connected part of the graph; parts that all but hang together crowd
just below it. Single-vector Lanczos misses copies there and does not repeat itself, so that graphs are solved by blocks
from a fixed start: small ones densely, those whose links reach to near numbers only by a block Krylov method on the
factored inverse about a point above 1, which spreads what crowds, and the rest by levels of coarser graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.graphs import Graph
from classicseg.parallel import Progress

_DENSE_NODES = 256  # up to here the dense matrix is hardly larger than the sparse one
BANDED_WORK = 3e8  # nodes times squared width of the band, up to which a graph is factored
_ABOVE_ALL = 1 + 1e-7  # nearer, crowded eigenvalues part sooner; not so near that the factor loses its digits
_SPARE = 8  # vectors in a block beyond those asked for: they let the last of those converge
_DEPTH = 6  # blocks in the Krylov basis
_RESIDUAL = 1e-9
_MOST_RESTARTS = 60
_FALLING = 0.7  # share of the least residual so far that the next has to come below, or the round was idle
_MOST_IDLE = 3
_MOST_STEPS = 300


class Solution(NamedTuple):
    """Eigenvalues, falling, D^-1/2 times the eigenvectors (n, count), and the name of the solver that found them."""

    eigenvalues: NDArray[np.float64]
    vectors: NDArray[np.float64]
    solver: str


def normalised_eigenpairs(graph: Graph, count: int, threads: int = 1, progress: Progress | None = None) -> Solution:
    """The `count` greatest eigenpairs of D^-1/2 W D^-1/2.

    `progress` is told the share of the rounds that are done at most, and may end the work by an exception.
    Dense: O(n^3). Banded: O(n b^2) for nodes whose links reach at most b numbers on. Multilevel: about O(links) a step;
    residuals of 1e-9 all the same, unless eigenvalues crowd too much for 300 steps.
    """
    from classicseg.kernels.graphs import multiply_rows

    rows, degrees = graph.rows, graph.degrees
    scale = 1 / np.sqrt(degrees)
    values = graph.weights * scale[rows] * scale[graph.ends]
    size, band = graph.size, int(np.max(np.abs(rows - graph.ends), initial=0))
    if size <= max(_DENSE_NODES, (_DEPTH + 1) * (count + _SPARE)):
        matrix = np.zeros((size, size))
        matrix[rows, graph.ends] = values
        eigenvalues, eigenvectors = np.linalg.eigh(matrix)
        eigenvalues, eigenvectors = eigenvalues[::-1][:count], eigenvectors[:, ::-1][:, :count]
        solver = "dense"
    elif size * band**2 <= BANDED_WORK:

        def multiply(block: NDArray[np.float64]) -> NDArray[np.float64]:
            return multiply_rows(graph._replace(weights=values), block, threads)

        columns = np.zeros((size, band + 1))
        below = rows >= graph.ends
        columns[graph.ends[below], rows[below] - graph.ends[below]] = -values[below]
        columns[:, 0] += _ABOVE_ALL
        eigenvalues, eigenvectors = _block_krylov(columns, multiply, count, progress)
        solver = "banded"
    else:
        from classicseg.multilevel import graph_eigenvectors

        eigenvalues, eigenvectors = graph_eigenvectors(graph, count, _RESIDUAL, _MOST_STEPS, threads)
        solver = "multilevel"
    return Solution(eigenvalues, eigenvectors * scale[:, np.newaxis], solver)


def residual(graph: Graph, eigenvalues: NDArray[np.float64], vectors: NDArray[np.float64]) -> float:
    """The largest |D^-1/2 (W - lambda D) v| over pairs as `normalised_eigenpairs` gives them; 0 for exact ones."""
    from classicseg.kernels.graphs import multiply_rows

    degree = graph.degrees[:, np.newaxis]
    product = multiply_rows(graph, vectors, 1)
    errors = (product - degree * vectors * eigenvalues) / np.sqrt(degree)
    return float(np.linalg.norm(errors, axis=0).max())


def _block_krylov(
    columns: NDArray[np.float64],
    multiply: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    count: int,
    progress: Progress | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rayleigh-Ritz on the span of X, A X, A^2 X, ... with A the inverse of the banded matrix, restarted.

    As long as the residuals fall: where more eigenvalues crowd than the block is wide, they stop short of the goal.
    """
    from classicseg.kernels.banded import factor, solve

    factored = factor(columns)
    width = count + _SPARE
    block = np.random.default_rng(0).standard_normal((len(columns), width))
    least, idle = np.inf, 0
    for restart in range(_MOST_RESTARTS):
        basis = [np.linalg.qr(block)[0]]
        for _ in range(_DEPTH - 1):
            following = solve(factored, basis[-1].T).T
            for _ in range(2):  # orthogonal to all before, twice for the digits that the first pass loses
                for before in basis:
                    following -= before @ (before.T @ following)
            basis.append(np.linalg.qr(following)[0])
        whole = np.hstack(basis)
        image = multiply(whole)
        eigenvalues, rotation = np.linalg.eigh(whole.T @ image)
        eigenvalues, rotation = eigenvalues[: -width - 1 : -1], rotation[:, : -width - 1 : -1]
        block = whole @ rotation
        residuals = np.linalg.norm(image @ rotation - block * eigenvalues, axis=0)
        worst = float(residuals[:count].max())
        idle = 0 if worst < _FALLING * least else idle + 1
        least = min(least, worst)
        if worst <= _RESIDUAL or idle >= _MOST_IDLE:
            break
        if progress is not None:
            progress((restart + 1) / _MOST_RESTARTS)
    return eigenvalues[:count], block[:, :count]
