"""Greatest eigenpairs of the normalised affinity of very many nodes, by levels of ever coarser graphs.

Strongly linked nodes make groups (smoothed no further: P is piecewise constant), the groups are the nodes of the next
graph, whose weights are the sums of those between its groups, so that cuts between groups weigh on both the same. The
eigenvectors of the coarsest graph are found exactly, handed to the next finer one and improved there, by LOBPCG with a
multigrid cycle over all coarser graphs as its preconditioner.

A. V. Knyazev, "Toward the optimal preconditioned eigensolver", SIAM J. Sci. Comput. 23(2), 2001.
P. Vanek, J. Mandel and M. Brezina, "Algebraic multigrid by smoothed aggregation", Computing 56, 1996.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.graphs import Graph
from classicseg.kernels import graphs
from classicseg.parallel import chunks, for_chunks

Block = NDArray[np.float64]
Operator = Callable[[Block], Block]

SHARE = 0.25  # of the strongest link, for a link to be strong
_DAMPING = 0.6
_ALONE = 1e-3  # share of its links by which a node may leave and still be taken for a part of its own
_MOST_ALONE = 150
_DENSE = 200  # nodes of a graph that is solved by its dense matrix
_LEAST_SHRINKING = 0.9
_ABOVE_ALL = 1 + 1e-4
_COARSE_STEPS = 2
_COARSE_RESIDUAL = 1e-4
_SPARE = 4
_SMOOTHINGS = 2
_COLUMNS = 1 << 12
_WORTH_THREADS = 1 << 21
_DEPENDENT = 1e-12  # directions of less than this share of the longest are rounding


@dataclass
class Level:
    """A graph of groups: its weights, the same normalised, and how its nodes are grouped for the next level."""

    graph: Graph
    normalised: Graph
    root: NDArray[np.float64]
    inverse_diagonal: NDArray[np.float64]
    group: NDArray[np.int32] | None = None  # none at the coarsest level
    order: NDArray[np.int32] | None = None
    group_starts: NDArray[np.int64] | None = None
    share: NDArray[np.float64] | None = None
    inverse: NDArray[np.float64] | None = None

    def multiply(self, block: Block, threads: int) -> Block:
        """The normalised affinity times a block (n, m)."""
        return graphs.multiply_rows(self.normalised, block, threads)

    def dense(self) -> NDArray[np.float64]:
        """The normalised affinity as a matrix."""
        matrix = np.zeros((self.graph.size, self.graph.size))
        matrix[self.normalised.rows, self.normalised.ends] = self.normalised.weights
        return (matrix + matrix.T) / 2


def coarse_levels(graph: Graph, small: int = _DENSE) -> list[Level]:
    """The graph given and its coarser ones, down to one of at most `small` nodes, or that shrinks no more."""
    levels = []
    while True:
        normalised, root, leaving = graphs.normalise(graph)
        level = Level(graph, normalised, root, 1 / np.maximum(leaving, 1e-3))
        levels.append(level)
        if graph.size <= small:
            break
        group, count = graphs.aggregate(graph, _most_alone(leaving), SHARE)
        if count > _LEAST_SHRINKING * graph.size:
            break
        level.group = group
        level.order, level.group_starts = graphs.by_group(group, count)
        graph = graphs.group_links(graph, group, level.order, level.group_starts)
        level.share = root / np.sqrt(np.bincount(group, root**2, count))[group]
    return levels


def _most_alone(leaving: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Nodes of which so small a share of the links leaves that they may be parts of their own."""
    alone = np.zeros(len(leaving), dtype=bool)
    candidates = np.flatnonzero(leaving < _ALONE)
    alone[candidates[np.argsort(leaving[candidates], kind="stable")[:_MOST_ALONE]]] = True
    return alone


def cycle(levels: list[Level], depth: int, residual: Block, threads: int) -> Block:
    """About the solution e of (I - A) e = residual on one level, for blocks (n, m)."""
    level = levels[depth]
    threads = _threads(residual.size, threads)
    if level.inverse is not None:
        return level.inverse @ residual
    damped = _DAMPING * level.inverse_diagonal[:, np.newaxis]
    e = damped * residual
    if level.group is None or level.share is None or level.order is None or level.group_starts is None:
        return e
    left = residual - e + level.multiply(e, threads)
    coarse = np.add.reduceat((level.share[:, np.newaxis] * left)[level.order], level.group_starts[:-1], axis=0)
    e += level.share[:, np.newaxis] * _twice(levels, depth + 1, coarse, threads)[level.group]
    e += damped * (residual - e + level.multiply(e, threads))
    return e


def _twice(levels: list[Level], depth: int, residual: Block, threads: int) -> Block:
    """The cycle and once more over what it left, since groups without smoothing fall short of smooth errors."""
    e = cycle(levels, depth, residual, threads)
    level = levels[depth]
    if level.inverse is None:
        e += cycle(levels, depth, residual - e + level.multiply(e, threads), threads)
    return e


def coarsest_vectors(level: Level, count: int) -> Block:
    """`count` eigenvectors of the coarsest graph, as a block (m, n); random ones where it is too large.

    Where it has fewer nodes than that the last rows depend on the others.
    """
    size = level.graph.size
    block = np.random.default_rng(0).standard_normal((count, size))
    if size <= max(_DENSE, 2 * count):
        found = np.linalg.eigh(level.dense())[1][:, : -count - 1 : -1].T
        block[: len(found)] = found
    return block


def vectors(
    levels: list[Level], count: int, spare: int, tolerance: float, steps: int, threads: int
) -> tuple[NDArray[np.float64], Block, float]:
    """Eigenvalues, eigenvectors (count + spare, n) and greatest residual of the `count` on the finest of the levels."""
    block = coarsest_vectors(levels[-1], count + spare)
    values, worst = np.einsum("vn,nv->v", block, levels[-1].multiply(block.T, threads)), 0.0
    for depth in range(len(levels) - 1, -1, -1):
        level = levels[depth]
        if level.inverse is not None:
            continue  # solved exactly
        if level.group is not None and level.share is not None:
            block = level.share * block[:, level.group]
            fill(block, len(levels[depth + 1].root))
            for _ in range(_SMOOTHINGS):
                block = 0.5 * (block + level.multiply(block.T, threads).T)
        finest = depth == 0

        def multiply(rows: Block, level: Level = level) -> Block:
            return np.ascontiguousarray(level.multiply(rows.T, threads).T)

        def precondition(rows: Block, depth: int = depth) -> Block:
            return np.ascontiguousarray(cycle(levels, depth, np.ascontiguousarray(rows.T), threads).T)

        most = steps if finest else _COARSE_STEPS
        values, block, worst = improve(
            multiply, precondition, block, count, tolerance if finest else _COARSE_RESIDUAL, most, threads
        )
    return values, block, worst


def down(level: Level, block: Block) -> Block:
    """A block of the next coarser level, (groups, m), on this one, (n, m): what a group has is shared by its nodes."""
    assert level.share is not None and level.group is not None
    return level.share[:, np.newaxis] * block[level.group]


def fill(block: NDArray[Any], known: int) -> None:
    """Random rows behind the first `known`, where fewer groups than vectors have made those depend on the others."""
    if known < len(block):
        block[known:] = np.random.default_rng(1).standard_normal((len(block) - known, block.shape[1]))


def graph_eigenvectors(
    graph: Graph, count: int, tolerance: float, steps: int, threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The `count` greatest eigenvalues of the normalised affinity, falling, and eigenvectors (n, count)."""
    levels = coarse_levels(graph)
    last = levels[-1]
    if last.graph.size <= _DENSE:
        last.inverse = np.asarray(np.linalg.inv(_ABOVE_ALL * np.eye(last.graph.size) - last.dense()), dtype=np.float64)
    values, block, _ = vectors(levels, count, 2 * _SPARE, tolerance, steps, threads)
    return values[:count], block[:count].T


def improve(
    multiply: Operator,
    precondition: Operator,
    block: Block,
    wanted: int,
    tolerance: float,
    most_steps: int,
    threads: int,
) -> tuple[NDArray[np.float64], Block, float]:
    """LOBPCG: eigenvalues, falling, eigenvectors (m, n), and the greatest residual of the `wanted` first."""
    threads = _threads(3 * block.size, threads)
    count = len(block)
    basis = np.empty((3 * count, block.shape[1]))  # eigenvectors, the last steps, the new directions
    basis[:count] = block
    images = np.empty_like(basis)
    images[:count] = multiply(block)
    values, mix = ritz(*_grams(basis[:count], images[:count], threads), count)
    basis[:count], images[:count] = _mix(mix, basis[:count], threads), _mix(mix, images[:count], threads)
    other_basis, other_images = np.empty_like(basis), np.empty_like(basis)
    known = count
    for step in range(most_steps + 1):
        x = basis[:count]
        r = np.multiply(x, -values[:, np.newaxis])
        r += images[:count]
        norms = np.sqrt(_squares(r, threads))
        worst = float(norms[:wanted].max())
        if worst <= tolerance or step == most_steps:
            break
        w = precondition(r[norms > tolerance / 4])
        w -= _mix(_gram(w, x, threads), x, threads)
        w *= (1 / np.sqrt(np.maximum(_squares(w, threads), 1e-300)))[:, np.newaxis]
        used = known + len(w)
        basis[known:used], images[known:used] = w, multiply(w)
        values, mix = ritz(*_grams(basis[:used], images[:used], threads), count)
        along = mix.copy()
        along[:, :count] = 0  # what the step added
        both = np.concatenate([mix, along])
        known = 2 * count
        _mix(both, basis[:used], threads, other_basis)
        _mix(both, images[:used], threads, other_images)
        basis, other_basis, images, other_images = other_basis, basis, other_images, images
    return values, basis[:count].copy(), worst


def ritz(
    gram: NDArray[np.float64], energy: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The greatest Ritz values and the coefficients (count, basis) of their vectors, over a basis that may depend."""
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    lengths, turn = np.linalg.eigh((gram + gram.T) / 2 * scale * scale[:, np.newaxis])
    kept = lengths > _DEPENDENT * lengths[-1]
    white = scale[:, np.newaxis] * turn[:, kept] / np.sqrt(lengths[kept])
    values, vectors = np.linalg.eigh(white.T @ ((energy + energy.T) / 2) @ white)
    return values[: -count - 1 : -1], (white @ vectors[:, : -count - 1 : -1]).T


def _threads(values: int, threads: int) -> int:
    """One thread where the work is over before others have begun; results are the same."""
    return threads if values >= _WORTH_THREADS else 1


def _gram(one: Block, other: Block, threads: int) -> NDArray[np.float64]:
    """one @ other.T, summed over fixed chunks."""
    bounds = chunks(one.shape[1], _COLUMNS)
    parts = np.empty((len(bounds), len(one), len(other)))

    def work(chunk: int, first: int, last: int) -> None:
        np.matmul(one[:, first:last], other[:, first:last].T, out=parts[chunk])

    for_chunks(work, bounds, threads)
    return parts.sum(axis=0)


def _grams(basis: Block, images: Block, threads: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return _gram(basis, basis, threads), _gram(basis, images, threads)


def _squares(block: Block, threads: int) -> NDArray[np.float64]:
    bounds = chunks(block.shape[1], _COLUMNS)
    parts = np.empty((len(bounds), len(block)))

    def work(chunk: int, first: int, last: int) -> None:
        part = block[:, first:last]
        parts[chunk] = np.einsum("vp,vp->v", part, part)

    for_chunks(work, bounds, threads)
    return parts.sum(axis=0)


def _mix(coefficients: NDArray[np.float64], basis: Block, threads: int, room: Block | None = None) -> Block:
    """coefficients (k, m) times the rows of the basis, in the first rows of `room` if there is one."""
    result = np.empty((len(coefficients), basis.shape[1])) if room is None else room[: len(coefficients)]

    def work(_: int, first: int, last: int) -> None:
        np.matmul(coefficients, basis[:, first:last], out=result[:, first:last])

    for_chunks(work, chunks(result.shape[1], _COLUMNS), threads)
    return result
