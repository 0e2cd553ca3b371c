"""Union-find on pixels and on regions: fusing neighbours, absorbing small regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


@kernel
def find(parent, node):
    """The root of `node`; every node on the way is hung onto its grandparent."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _fuse_pixels(modes, inside, inverse_squares, reach, parent):
    """Join 4-neighbours i, j with sum_d ((modes_i - modes_j)_d / bandwidth_d)^2 <= reach; the lower index is root."""
    height, width, depth = modes.shape
    for row in range(height):
        for column in range(width):
            if not inside[row, column]:
                continue
            here = row * width + column
            for step in range(2):
                r, c = row - step, column - 1 + step  # the left, then the upper neighbour
                if r < 0 or c < 0 or not inside[r, c]:
                    continue
                distance = 0.0
                for d in range(depth):
                    difference = np.float64(modes[row, column, d]) - np.float64(modes[r, c, d])
                    distance += difference * difference * inverse_squares[d]
                if distance <= reach:
                    one, other = find(parent, here), find(parent, r * width + c)
                    if one < other:
                        parent[other] = one
                    elif other < one:
                        parent[one] = other
    for node in range(height * width):
        parent[node] = find(parent, node)


def fuse_pixels(
    modes: NDArray[np.floating], inside: NDArray[np.bool_], bandwidths: NDArray[np.float64], reach: float
) -> NDArray[np.int64]:
    """A map (H, W) with one number for each connected set of pixels whose neighbouring modes lie within `reach`.

    Distance between modes (H, W, D), taken in float32, is Euclidean after division by `bandwidths` (D,). A set's number
    is the raster index of its first pixel.
    """
    modes = np.ascontiguousarray(modes, dtype=np.float32)
    parent = np.arange(inside.size, dtype=np.int64)
    _fuse_pixels(modes, inside, 1.0 / bandwidths**2, float(reach) ** 2, parent)
    return parent.reshape(inside.shape)


@kernel
def _absorb(starts, targets, order, sizes, sums, fixed, min_size, parent, last, following):
    """Regions are chains: `following` leads from one member to the next (-1 ends), `last` from a root to the end."""
    depth = sums.shape[1]
    for region in order:
        root = find(parent, region)
        while sizes[root] < min_size and not fixed[root]:
            best, best_distance = -1, np.inf
            member = root
            while member >= 0:
                for edge in range(starts[member], starts[member + 1]):
                    other = find(parent, targets[edge])
                    if other == root:
                        continue
                    distance = 0.0
                    for d in range(depth):
                        difference = sums[root, d] / sizes[root] - sums[other, d] / sizes[other]
                        distance += difference * difference
                    if distance < best_distance or (distance == best_distance and other < best):
                        best, best_distance = other, distance
                member = following[member]
            if best < 0:
                break
            parent[root] = best
            sizes[best] += sizes[root]
            for d in range(depth):
                sums[best, d] += sums[root, d]
            following[last[best]] = root
            last[best] = last[root]
            root = best
    for node in range(len(parent)):
        parent[node] = find(parent, node)


def absorb(
    pairs: NDArray[np.int64],
    sizes: NDArray[np.integer],
    sums: NDArray[np.float64],
    fixed: NDArray[np.bool_],
    min_size: int,
) -> NDArray[np.int64]:
    """For each region the one that it ends in, when regions below `min_size` join their most similar neighbour.

    `pairs` (E, 2) are neighbours; `sums` (n, D) are colours summed over `sizes` (n,) pixels; `fixed` regions stay.
    Work is about the number of edges of the small regions times the mergers that each takes part in.
    """
    count = len(sizes)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    starts = np.searchsorted(both[:, 0], np.arange(count + 1)).astype(np.int64)
    parent = np.arange(count, dtype=np.int64)
    small = np.flatnonzero((sizes < min_size) & ~fixed)
    order = small[np.argsort(sizes[small], kind="stable")].astype(np.int64)
    _absorb(
        starts,
        np.ascontiguousarray(both[:, 1]),
        order,
        sizes.astype(np.int64),
        np.array(sums, dtype=np.float64, order="C"),
        np.ascontiguousarray(fixed),
        int(min_size),
        parent,
        np.arange(count, dtype=np.int64),
        np.full(count, -1, dtype=np.int64),
    )
    return parent
