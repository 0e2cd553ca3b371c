"""Ultrametric contour maps: the tree of one, and the one of a tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.hierarchy import Floats, Ints, Tree
from classicseg.kernels.hierarchy_joins import chain_heads, meeting
from classicseg.kernels.regions import find


@kernel
def _number_cells(joined, node_of, leaves):
    """Number the sets that hold cells in raster order; gives how many there are."""
    height, width = leaves.shape
    count = 0
    for row in range(height):
        for column in range(width):
            root = find(joined, (2 * row + 1) * (2 * width + 1) + 2 * column + 1)
            if node_of[root] < 0:
                node_of[root] = count
                count += 1
            leaves[row, column] = node_of[root] + 1
    return count


@kernel
def _appear(position, values, present, joined, node_of, parents, altitudes, n_nodes):
    """Join a position of the doubled grid with its 8-neighbours that are there; gives the number of nodes.

    The root of a set is its lowest position. A merge is made where two sets that both hold cells meet.
    """
    height, width = values.shape
    row, column = position // width, position % width
    present[position] = True
    root = position
    for r in range(max(row - 1, 0), min(row + 2, height)):
        for c in range(max(column - 1, 0), min(column + 2, width)):
            if not present[r * width + c]:
                continue
            other = find(joined, r * width + c)
            if other == root:
                continue
            low, high = min(root, other), max(root, other)
            joined[high] = low
            if node_of[low] < 0:
                node_of[low] = node_of[high]
            elif node_of[high] >= 0:
                parents[node_of[low]] = n_nodes
                parents[node_of[high]] = n_nodes
                altitudes[n_nodes] = values[row, column]
                node_of[low] = n_nodes
                n_nodes += 1
            root = low
    return n_nodes


@kernel
def _rise(order, values, present, joined, node_of, parents, altitudes, n_nodes):
    """Let positions appear in this order; gives the number of nodes."""
    for position in order:
        n_nodes = _appear(position, values, present, joined, node_of, parents, altitudes, n_nodes)
    return n_nodes


def tree_of_contours(values: Floats) -> Tree:
    """The binary tree of an ultrametric contour map (2H + 1, 2W + 1): none below 0, cells (at odd indices) 0.

    At every threshold t >= 0 its cut has the segments that the cells form in the 8-connected parts of values <= t.
    Positions appear by rising value, equal ones in raster order, and each merge joins two nodes: Kruskal's algorithm on
    max(value, value of the neighbour), in near-linear time but for the sorting of the contours.
    """
    height, width = values.shape[0] // 2, values.shape[1] // 2
    grid = np.ascontiguousarray(values, dtype=np.float64)
    contours = np.flatnonzero(grid)
    contours = contours[np.argsort(grid.ravel()[contours], kind="stable")]
    joined = np.arange(grid.size, dtype=np.int64)
    node_of = np.full(grid.size, -1, dtype=np.int64)
    parents = np.arange(2 * height * width, dtype=np.int64)  # no tree of these cells has more nodes
    altitudes = np.zeros(len(parents))
    state = (grid, np.zeros(grid.size, dtype=np.bool_), joined, node_of, parents, altitudes)
    _rise(np.flatnonzero(grid == 0).astype(np.int64), *state, 0)
    leaves = np.empty((height, width), dtype=np.int32)
    n_leaves = _number_cells(joined, node_of, leaves)
    n_nodes = int(_rise(contours.astype(np.int64), *state, int(n_leaves)))
    return Tree(leaves, parents[:n_nodes].copy(), altitudes[:n_nodes].copy())


@kernel
def _wall(one, other, parents, heads, altitudes, apart):
    """The altitude at which two neighbouring leaves, numbered from 1, become one segment; 0 is outside the mask."""
    if one == other:
        return 0.0
    if one == 0 or other == 0:
        return apart
    node = meeting(parents, heads, np.int64(one - 1), np.int64(other - 1))
    return altitudes[node] if node >= 0 else apart


@kernel
def _build_walls(leaves, parents, heads, altitudes, apart, grid):
    """Fill the places between two pixels of the doubled grid; the same two leaves in a row are looked up once."""
    height, width = leaves.shape
    for step in range(2):  # to the right, then below
        last_one, last_other, wall = np.int32(-1), np.int32(-1), 0.0
        for row in range(height - step):
            for column in range(width - 1 + step):
                one, other = leaves[row, column], leaves[row + step, column + 1 - step]
                if one != last_one or other != last_other:
                    last_one, last_other = one, other
                    wall = _wall(one, other, parents, heads, altitudes, apart)
                grid[2 * row + 1 + step, 2 * column + 2 - step] = wall


def contours_of_tree(leaves: NDArray[np.int32], parents: Ints, altitudes: Floats, apart: float) -> Floats:
    """The ultrametric contour map (2H + 1, 2W + 1) of a tree.

    Between two pixels stands the altitude at which their leaves become one segment, or `apart` where they never do;
    at a crossing, the highest of what meets there; around the picture 0, but where contours end there.
    O(pixels + nodes), and a factor log(nodes) for pixels at borders of leaves.
    """
    height, width = leaves.shape
    grid = np.zeros((2 * height + 1, 2 * width + 1))
    _build_walls(leaves, parents, chain_heads(parents), altitudes, float(apart), grid)
    crossings = grid[::2, ::2]
    beside, above = grid[::2, 1::2], grid[1::2, ::2]
    for part, walls in (
        (crossings[:, :-1], beside),
        (crossings[:, 1:], beside),
        (crossings[:-1], above),
        (crossings[1:], above),
    ):
        np.maximum(part, walls, out=part)
    return grid
