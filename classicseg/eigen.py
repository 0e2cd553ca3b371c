"""The greatest eigenpairs of a normalised affinity: of D^-1/2 W D^-1/2, with W the weights of a graph and D their sums.

No eigenvalue is above 1, and 1 comes once for each connected part of the graph; parts that all but hang together crowd
just below it. Single-vector Lanczos misses copies there and does not repeat itself, so that graphs of a moderate size
are solved by a block Krylov method on the inverse about a point above 1, which spreads what crowds, from a fixed start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_DENSE_NODES = 256  # up to here the dense matrix is hardly larger than the sparse one
FACTORED_NODES = 40_000  # up to here a graph is factored: 1 GiB and half a minute as seen at the default radius
_ABOVE_ALL = 1 + 1e-4
_SPARE = 8  # vectors in a block beyond those asked for: they let the last of those converge
_DEPTH = 6  # blocks in the Krylov basis
_RESIDUAL = 1e-9
_MOST_RESTARTS = 60
_LANCZOS_RESTARTS = 1000

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def normalised_eigenpairs(affinity: csr_array, count: int) -> Pairs:
    """The `count` greatest eigenvalues, falling, of D^-1/2 W D^-1/2, and D^-1/2 times its eigenvectors (n, count).

    Raises
    ------
    ParameterError
        A graph of more than 40,000 nodes whose eigenvalues lie too close for the iterations.
    """
    from scipy.sparse import dia_array

    size = affinity.shape[0]
    scale = 1 / np.sqrt(affinity.sum(axis=1))
    diagonal = dia_array((scale[np.newaxis], [0]), shape=(size, size))
    normalised = (diagonal @ affinity @ diagonal).tocsr()
    if size <= max(_DENSE_NODES, (_DEPTH + 1) * (count + _SPARE)):
        eigenvalues, eigenvectors = np.linalg.eigh(normalised.toarray())
    elif size <= FACTORED_NODES:
        eigenvalues, eigenvectors = _block_krylov(normalised, count)
    else:
        eigenvalues, eigenvectors = _lanczos(normalised, count)
    order = np.argsort(-eigenvalues, kind="stable")[:count]
    return eigenvalues[order], eigenvectors[:, order] * scale[:, np.newaxis]


def residual(affinity: csr_array, eigenvalues: NDArray[np.float64], vectors: NDArray[np.float64]) -> float:
    """The largest |D^-1/2 (W - lambda D) v| over pairs as `normalised_eigenpairs` gives them; 0 for exact ones."""
    degree = np.asarray(affinity.sum(axis=1))[:, np.newaxis]
    errors = (affinity @ vectors - degree * vectors * eigenvalues) / np.sqrt(degree)
    return float(np.linalg.norm(errors, axis=0).max())


def _block_krylov(matrix: csr_array, count: int) -> Pairs:
    """Rayleigh-Ritz on the span of X, A X, A^2 X, ... with A the inverse of (1 + eps) I - `matrix`, restarted."""
    from scipy.sparse import csr_array, identity
    from scipy.sparse.linalg import splu

    size = matrix.shape[0]
    solve = splu((_ABOVE_ALL * csr_array(identity(size)) - matrix).tocsc()).solve
    width = count + _SPARE
    block = np.random.default_rng(0).standard_normal((size, width))
    for _ in range(_MOST_RESTARTS):
        basis = [np.linalg.qr(block)[0]]
        for _ in range(_DEPTH - 1):
            following = solve(basis[-1])
            for _ in range(2):  # orthogonal to all before, twice for the digits that the first pass loses
                for before in basis:
                    following -= before @ (before.T @ following)
            basis.append(np.linalg.qr(following)[0])
        whole = np.hstack(basis)
        image = matrix @ whole
        eigenvalues, rotation = np.linalg.eigh(whole.T @ image)
        eigenvalues, rotation = eigenvalues[: -width - 1 : -1], rotation[:, : -width - 1 : -1]
        block = whole @ rotation
        residuals = np.linalg.norm(image @ rotation - block * eigenvalues, axis=0)
        if residuals[:count].max() <= _RESIDUAL:
            break
    return eigenvalues[:count], block[:, :count]


def _lanczos(matrix: csr_array, count: int) -> Pairs:
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    try:
        return eigsh(matrix, k=count, which="LA", v0=start, ncv=max(4 * count, 40), maxiter=_LANCZOS_RESTARTS)
    except ArpackNoConvergence as error:
        raise ParameterError(
            f"the {count} greatest eigenvalues of a graph of {matrix.shape[0]} nodes lie too close to be found. "
            "Use superpixels (n_superpixels of some thousands), a larger color_scale or radius, or fewer clusters."
        ) from error
