"""Graph-based segmentation: neighbours join by rising colour distance, as long as that is small for both segments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.edge_order import NUMBER, WEIGHT, sorted_edges
from classicseg.kernels.stencil import add_squares

# One of each two opposite steps (down, right) to a neighbour: across edges of pixels, and across corners too.
_STEPS = {1: np.array([[0, 1], [1, 0]]), 2: np.array([[0, 1], [1, -1], [1, 0], [1, 1]])}
_BLOCK = 512  # edges whose ends are looked up at a time


class Partition(NamedTuple):
    """A map with one number (the place of one of its pixels) for each segment.

    `n_grown` segments were there in the mask before the small ones joined others.
    """

    labels: NDArray[np.int32]
    n_grown: int


@kernel
def _row_edges(bits, here, there, first, shift, edges, count):
    """Append the edges of a row that lie inside the mask; the first has number `first`, each next is `shift` on."""
    for c in range(len(bits)):
        if here[c] & there[c]:
            edges[count] = (np.uint64(bits[c]) << WEIGHT) | np.uint64(first + c * shift)
            count += 1
    return count


@kernel
def _list_edges(planes, mask, steps, edges):
    """All edges between neighbours inside the mask, by rows; gives their number.

    Edge `way` of a pixel has the number pixel * ways + way. What stands above it are the bits of the squared distance
    sum_d (c_d - c'_d)^2, which rise with it, since it is not negative.
    """
    depth, height, width = planes.shape
    ways, count = len(steps), np.int64(0)
    squares = np.empty(width, dtype=np.float32)
    for row in range(height):
        for way in range(ways):
            down, right = steps[way, 0], steps[way, 1]
            if row + down == height:
                continue
            first, length = max(np.int64(0), -right), width - abs(right)
            last, other = first + length, first + right
            total = squares[:length]
            total[:] = np.float32(0)
            for d in range(depth):
                add_squares(planes[d, row, first:last], planes[d, row + down, other : other + length], total)
            inside, beside = mask[row, first:last], mask[row + down, other : other + length]
            number = (row * width + first) * ways + way
            count = _row_edges(total.view(np.uint32), inside, beside, number, ways, edges, count)
    return count


@kernel
def _above(nodes, node):
    """The parent of a node, or the node itself where it is a root."""
    parent = nodes[2 * node]
    return np.int64(parent) if parent >= 0 else node


@kernel
def _root(nodes, node):
    """The root of a node; every second node on the way is hung onto its grandparent."""
    parent = nodes[2 * node]
    while parent >= 0:
        higher = nodes[2 * np.int64(parent)]
        if higher < 0:
            return np.int64(parent)
        nodes[2 * node] = higher
        node = np.int64(higher)
        parent = nodes[2 * node]
    return node


@kernel
def _pixels(edge, shifts):
    """The two pixels of an edge."""
    ways = len(shifts)
    number = np.int64(edge & NUMBER)
    pixel = number // ways
    return pixel, pixel + shifts[number - pixel * ways]


@kernel
def _look_up(edges, shifts, nodes, ones, others):
    """Nodes three levels above both pixels of each edge, mostly the roots.

    Edges of one weight lie all over the picture. Step by step for many edges at a time, the processor asks for many
    places in memory at once; edge by edge it would wait for each.
    """
    for i in range(len(edges)):
        one, other = _pixels(edges[i], shifts)
        ones[i], others[i] = _above(nodes, one), _above(nodes, other)
    for _ in range(2):
        for i in range(len(edges)):
            ones[i], others[i] = _above(nodes, ones[i]), _above(nodes, others[i])


@kernel
def _unite(nodes, one, other):
    """Hang the smaller of two roots onto the larger (of equal ones the second); gives the larger."""
    if nodes[2 * one] > nodes[2 * other]:
        one, other = other, one
    nodes[2 * one] += nodes[2 * other]
    nodes[2 * other] = one
    return one


@kernel
def _grow(edges, shifts, scale, min_size, nodes, limits, ones, others):
    """Join segments over edges of rising weight; gives how many edges may still have to join small segments.

    Two segments join if the weight is below the limit of both; the limit of a segment C is then weight + scale / |C|.
    A root has -|C| and its limit in `nodes` and `limits`, which are the same memory; other nodes have their parent. The
    edges between two segments of which one is small are moved to the front.
    """
    kept, block = np.int64(0), len(ones)
    for start in range(0, len(edges), block):
        these = edges[start : start + block]
        _look_up(these, shifts, nodes, ones, others)
        for i in range(len(these)):
            if ones[i] == others[i]:
                continue
            one, other = _root(nodes, ones[i]), _root(nodes, others[i])
            if one == other:
                continue
            pixel, beside = _pixels(these[i], shifts)
            nodes[2 * pixel] = one if pixel != one else nodes[2 * pixel]
            nodes[2 * beside] = other if beside != other else nodes[2 * beside]
            weight = np.sqrt(np.float64(np.uint32(these[i] >> WEIGHT).view(np.float32)))
            if weight < min(limits[2 * one + 1], limits[2 * other + 1]):
                one = _unite(nodes, one, other)
                limits[2 * one + 1] = np.float32(weight + scale / -nodes[2 * one])
            elif max(nodes[2 * one], nodes[2 * other]) > -min_size:
                edges[kept] = these[i]
                kept += 1
    return kept


@kernel
def _join_small(edges, shifts, min_size, nodes):
    """Join the segments on both sides of each edge if one has fewer than `min_size` pixels; gives how many joined."""
    joined = np.int64(0)
    for i in range(len(edges)):
        one, other = _pixels(edges[i], shifts)
        one, other = _root(nodes, one), _root(nodes, other)
        if (one != other) & (max(nodes[2 * one], nodes[2 * other]) > -min_size):
            _unite(nodes, one, other)
            joined += 1
    return joined


@kernel
def _write_roots(nodes, mask, labels):
    """The root of each pixel inside the mask; gives how many roots there are."""
    count = np.int64(0)
    for pixel in range(len(labels)):
        root = _root(nodes, np.int64(pixel))
        labels[pixel] = root
        count += np.int64((root == pixel) & mask[pixel])
    return count


def grow_segments(
    planes: NDArray[np.float32], mask: NDArray[np.bool_], scale: float, min_size: int, connectivity: int
) -> Partition:
    """Felzenszwalb and Huttenlocher's segments of planes (D, H, W).

    Edges between neighbouring pixels are taken by rising colour distance, equal ones by row, then by direction (right,
    down left, down, down right), then by column. The segments on both sides join if the distance lies below
    Int(C) + scale / |C| for both, Int(C) being the greatest distance by which C was joined. In a second pass by the
    same order, segments of fewer than `min_size` pixels join what lies beyond the edge. `connectivity` 1 takes the
    four neighbours that share an edge of the pixel, 2 all eight.

    Distances are compared by their squares in float32, limits are float32: as in scikit-image, but for edges whose
    weights agree to such a rounding. O(E) for E edges, 2 or 4 a pixel: sorting by three digits, then nearly a constant
    for each; 16 bytes an edge and 12 a pixel in memory.

    P. F. Felzenszwalb and D. P. Huttenlocher, "Efficient graph-based image segmentation", IJCV 59(2), 2004.
    """
    planes, mask = np.ascontiguousarray(planes, dtype=np.float32), np.ascontiguousarray(mask)
    steps = _STEPS[connectivity]
    shifts = steps[:, 0] * mask.shape[1] + steps[:, 1]
    edges = np.empty(len(steps) * mask.size, dtype=np.uint64)
    edges = edges[: _list_edges(planes, mask, steps, edges)]
    edges = sorted_edges(edges)
    nodes = np.empty(2 * mask.size, dtype=np.int32)
    limits = nodes.view(np.float32)
    nodes[::2], limits[1::2] = -1, scale
    ends = np.empty((2, _BLOCK), dtype=np.int64)
    kept = _grow(edges, shifts, float(scale), int(min_size), nodes, limits, ends[0], ends[1])
    joined = _join_small(edges[:kept], shifts, int(min_size), nodes)
    del edges
    labels = np.empty(mask.shape, dtype=np.int32)
    count = _write_roots(nodes, mask.reshape(-1), labels.reshape(-1))
    return Partition(labels, int(count + joined))
