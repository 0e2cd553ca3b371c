"""Rough eigenvectors of the normalised affinity of a picture's pixels, handed down from coarse graphs to fine ones.

Those of the coarsest graph of groups are exact. On each finer graph what the step between two graphs has added is
filtered out by a Chebyshev polynomial of the affinity, and the vectors are turned to the best in the space they span.

Y. Zhou, Y. Saad, M. L. Tiago and J. R. Chelikowsky, "Self-consistent-field calculations using Chebyshev-filtered
subspace iteration", J. Comput. Phys. 219(1), 2006.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels import graphs, pixel_groups, stencil
from classicseg.multilevel import Block, Level, coarsest_vectors, down, fill, ritz
from classicseg.parallel import chunks, for_chunks

_COLUMNS = 1 << 13
_SPARE = 4  # vectors beyond those asked for, on the coarser graphs
_DEGREE = 6  # of the filter on these, and
_FINER_DEGREE = 4
_PIXEL_PRODUCTS = 10  # of a filter on pixels: its degree times the offsets at which pixels are linked,
_LEAST_DEGREE, _MOST_DEGREE = 2, 5  # within these bounds
_CUT_OFF = 0.5  # eigenvalues below this are filtered out,
_MARGIN = 3.0  # or those so many times as far below 1 as the last eigenvalue wanted


def handed_down(levels: list[Level], count: int, exact: int, threads: int) -> tuple[NDArray[np.float64], list[Block]]:
    """For each level rough eigenvectors (n, count or more), and the eigenvalues (count,) on level `exact`.

    On coarser levels than that the vectors are turned to be the best in their space; on finer ones they keep their
    places, so that a turn that is found on one level serves on all.
    """
    block = np.ascontiguousarray(coarsest_vectors(levels[-1], count + _SPARE).T)
    values, block = _turned(levels[-1], block, threads)
    blocks = [block]
    for depth in range(len(levels) - 2, -1, -1):
        level = levels[depth]
        if depth == exact - 1:
            block = block[:, :count]
        block = down(level, block)
        fill(block.T, levels[depth + 1].graph.size)
        degree = _DEGREE if depth >= exact else _FINER_DEGREE
        block = _filtered(level, block, cut_off(values[count - 1]), degree, threads)
        if depth >= exact:
            values, block = _turned(level, block, threads)
        blocks.insert(0, block)
    return values[:count], blocks


def _turned(level: Level, block: Block, threads: int) -> tuple[NDArray[np.float64], Block]:
    """Eigenvalues, falling, and vectors: the best in the space that the block spans."""
    image = level.multiply(block, threads)
    if level.graph.size < block.shape[1]:  # the last depend on the others
        return np.einsum("nv,nv->v", block, image), block
    values, mix = ritz(block.T @ block, block.T @ image, block.shape[1])
    return values, block @ mix.T


def cut_off(least: float) -> float:
    """Up to where eigenvalues are filtered out, if those from `least` on are wanted."""
    return float(np.clip(1 - _MARGIN * (1 - least), 0.0, _CUT_OFF))


def _chebyshev(multiply: Callable[..., Any], block: Any, other: Any, most: float, degree: int) -> tuple[Any, Any]:
    """T_degree(2 (A + 1) / (1 + most) - 1) block, at most 1 for eigenvalues from -1 to `most`; and an array left over.

    multiply(block, along, own, past, result) is result = along A block + own block + past result.
    """
    along, own = 2 / (1 + most), (1 - most) / (1 + most)
    multiply(block, along, own, 0.0, other)
    before, now = block, other
    for _ in range(degree - 1):
        multiply(now, 2 * along, 2 * own, -1.0, before)
        before, now = now, before
    return now, before


def _filtered(level: Level, block: Block, most: float, degree: int, threads: int) -> Block:
    def multiply(vectors: Block, along: float, own: float, past: float, result: Block) -> None:
        graphs.multiply_rows(level.normalised, vectors, threads, along, own, past, result)

    return _chebyshev(multiply, block, np.zeros_like(block), most, degree)[0]


def pixel_vectors(
    graph: stencil.Stencil, group: NDArray[np.int32], level: Level, block: Block, least: float, threads: int
) -> tuple[NDArray[np.float64], float, NDArray[np.float32]]:
    """Rough eigenvalues of the pixels' graph, falling, the greatest residual, and vectors (count, n) that span them.

    The filtered vectors (n, count) of the groups, each in its place. With x these and r = x - A x, the eigenvalues
    1 - mu are those of x r = mu x x. Single precision.
    """
    count = block.shape[1]
    both = np.zeros((2, count, graph.frame.size), dtype=np.float32)
    x, other = both
    pixel_groups.prolong(graph, block, level.root, group, threads, x)
    if level.graph.size < count:
        fill(x, level.graph.size)
        x *= graph.root > 0

    def multiply(vectors: Any, along: float, own: float, past: float, result: Any) -> None:
        stencil.multiply(graph, vectors, threads, along, own, past, result)

    degree = int(np.clip(_PIXEL_PRODUCTS // len(graph.shifts), _LEAST_DEGREE, _MOST_DEGREE))
    x, other = _chebyshev(multiply, x, other, cut_off(least), degree)
    multiply(x, -1.0, 1.0, 0.0, other)
    blocks = _gram(both.reshape(2 * count, -1), threads).reshape(2, count, 2, count)
    at = degree % 2  # where the vectors have come to lie
    short, mix = ritz(blocks[at, :, at], -blocks[at, :, 1 - at], count)
    squares = np.einsum("vi,ij,vj->v", mix, blocks[1 - at, :, 1 - at], mix) - short**2
    return 1 + short, float(np.sqrt(max(squares.max(), 0.0))), x


def _gram(rows: NDArray[np.float32], threads: int) -> NDArray[np.float64]:
    """Scalar products of all rows with each other, summed over fixed chunks."""
    bounds = chunks(rows.shape[1], _COLUMNS)
    parts = np.empty((len(bounds), len(rows), len(rows)), dtype=np.float32)

    def work(chunk: int, first: int, last: int) -> None:
        np.matmul(rows[:, first:last], rows[:, first:last].T, out=parts[chunk])

    for_chunks(work, bounds, threads)
    return parts.sum(axis=0, dtype=np.float64)
