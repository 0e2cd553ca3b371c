"""Classes of the nodes of a graph, improved node by node: each moves to where the normalised cut is least.

I. S. Dhillon, Y. Guan and B. Kulis, "Weighted graph cuts without eigenvectors", IEEE TPAMI 29(11), 2007, move the
borders of classes so on ever finer graphs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.graphs import Graph
from classicseg.kernels.stencil import Stencil
from classicseg.parallel import for_chunks

_GAIN = 1e-12  # least, for a move: rounding moves nothing


@kernel
def _move(own, degree, loop, to_class, inner, total, sizes):
    """The class to which a node of class `own` moves: sum_k inner_k / total_k becomes greatest; all are kept up.

    The node's links weigh `degree`, of which `loop` leads to itself and to_class[k] to other nodes of class k. It stays
    where it is the last of its class.
    """
    left = total[own] - degree
    if sizes[own] == 1 or left <= 0:
        return own
    lost = inner[own] / total[own] - (inner[own] - 2 * to_class[own] - loop) / left
    best, most = own, _GAIN
    for k in range(len(inner)):
        if k != own and to_class[k] > 0.0:
            gain = (inner[k] + 2 * to_class[k] + loop) / (total[k] + degree) - inner[k] / total[k] - lost
            if gain > most:
                best, most = k, gain
    if best != own:
        inner[own] -= 2 * to_class[own] + loop
        total[own] = left
        inner[best] += 2 * to_class[best] + loop
        total[best] += degree
        sizes[own] -= 1
        sizes[best] += 1
    return best


@kernel
def _count(classes, count):
    """The number of nodes of each class."""
    sizes = np.zeros(count, dtype=np.int64)
    for own in classes:
        if own >= 0:
            sizes[own] += 1
    return sizes


@kernel
def _refine_rows(starts, ends, weights, sweeps, classes, inner, total):
    """Sweeps over the nodes of a graph in rows: those move that are at a border, where anything has moved."""
    to_class, sizes = np.zeros(len(inner)), _count(classes, len(inner))
    awake = np.ones(len(classes), dtype=np.bool_)
    for _ in range(sweeps):
        moved = False
        for i in range(len(classes)):
            if not awake[i]:
                continue
            awake[i] = False
            own, degree, loop, border = classes[i], 0.0, 0.0, False
            to_class[:] = 0.0
            for e in range(starts[i], starts[i + 1]):
                degree += weights[e]
                if ends[e] == i:
                    loop += weights[e]
                else:
                    other = classes[ends[e]]
                    border |= other != own
                    to_class[other] += weights[e]
            if not border:
                continue
            to = _move(own, degree, loop, to_class, inner, total, sizes)
            if to != own:
                classes[i] = to
                moved = True
                for e in range(starts[i], starts[i + 1]):
                    awake[ends[e]] = ends[e] != i
        if not moved:
            break


@kernel
def _sum_classes(starts, ends, weights, classes, inner, total):
    """The weights of all links of each class, and of those that stay inside it."""
    for i in range(len(classes)):
        own = classes[i]
        for e in range(starts[i], starts[i + 1]):
            total[own] += weights[e]
            if classes[ends[e]] == own:
                inner[own] += weights[e]


@kernel
def _see(classes, at, there, awake, count):
    """Wake pixels that differ from those some way on; unsigned positions."""
    for i in range(count):
        other = classes[there + i]
        awake[at + i] |= (other != classes[at + i]) & (other >= 0)


@kernel
def _wake(classes, shifts, first, last, awake):
    """Wake the pixels that have another class within reach."""
    for o in range(len(shifts)):
        at, shift, count = np.uint64(first), np.uint64(shifts[o]), np.uint64(last - first)
        _see(classes, at, at + shift, awake, count)
        _see(classes, at, at - shift, awake, count)


@kernel
def _refine(links, loops, root, shifts, first, last, sweeps, awake, classes, inner, total):
    """Sweeps over the pixels first..last in raster order: those move that are awake, and a move wakes who is near."""
    to_class, sizes = np.zeros(len(inner)), _count(classes, len(inner))
    for _ in range(sweeps):
        moved = False
        for p in range(first, last):
            if not awake[p]:
                continue
            awake[p] = False
            own = classes[p]
            if own < 0:
                continue
            to_class[:] = 0.0
            here = np.float64(root[p])
            for o in range(len(shifts)):
                q, before = p + shifts[o], p - shifts[o]
                if classes[q] >= 0:
                    to_class[classes[q]] += here * (links[o, p] * np.float64(root[q]))
                if classes[before] >= 0:
                    to_class[classes[before]] += here * (links[o, before] * np.float64(root[before]))
            to = _move(own, here * here, here * (loops[p] * here), to_class, inner, total, sizes)
            if to != own:
                classes[p] = to
                moved = True
                for o in range(len(shifts)):
                    awake[p + shifts[o]] = True
                    awake[p - shifts[o]] = True
        if not moved:
            break


@kernel
def _sum_pixels(links, root, shifts, first, last, awake, classes, leaving, total):
    """The weights of all links of each class of pixels, and of those that leave it, which only pixels awake have."""
    for p in range(first, last):
        own = classes[p]
        if own < 0:
            continue
        here = np.float64(root[p])
        total[own] += here * here
        if not awake[p]:
            continue
        for o in range(len(shifts)):
            q, before = p + shifts[o], p - shifts[o]
            if classes[q] != own:
                leaving[own] += here * (links[o, p] * np.float64(root[q]))
            if classes[before] != own:
                leaving[own] += here * (links[o, before] * np.float64(root[before]))


def sum_classes(
    graph: Graph, classes: NDArray[np.int32], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each class the weights of the links inside it, both ways, and of all its links. O(links)."""
    inner, total = np.zeros(count), np.zeros(count)
    _sum_classes(*graph, classes, inner, total)
    return inner, total


def refine_rows(
    graph: Graph, classes: NDArray[np.int32], inner: NDArray[np.float64], total: NDArray[np.float64], sweeps: int
) -> None:
    """Move nodes one by one to the class with which the normalised cut is least; in place, `inner` and `total` too.

    At most so many sweeps over the nodes, each O(links) at most; those are passed over of which no neighbour has moved
    since they were looked at.
    """
    _refine_rows(*graph, int(sweeps), classes, inner, total)


def awake_pixels(stencil: Stencil, classes: NDArray[np.int32], threads: int) -> NDArray[np.bool_]:
    """Places of pixels that have a pixel of another class within reach; `classes` is -1 where no pixel is. O(links)."""
    awake = np.zeros(stencil.frame.size, dtype=np.bool_)
    bounds = stencil.frame.bounds()
    for_chunks(lambda _, a, b: _wake(classes, stencil.shifts, a, b, awake), bounds, threads)
    return awake


def sum_pixel_classes(
    stencil: Stencil, classes: NDArray[np.int32], awake: NDArray[np.bool_], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`sum_classes` of pixels, of which those are awake that have links to others."""
    leaving, total = np.zeros(count), np.zeros(count)
    bounds = stencil.frame.bounds()
    first, last = bounds[0][0], bounds[-1][1]
    _sum_pixels(stencil.links, stencil.root, stencil.shifts, first, last, awake, classes, leaving, total)
    return total - leaving, total


def refine(
    stencil: Stencil,
    classes: NDArray[np.int32],
    inner: NDArray[np.float64],
    total: NDArray[np.float64],
    awake: NDArray[np.bool_],
    sweeps: int,
) -> None:
    """`refine_rows` for pixels in raster order, beginning with those that are awake; `awake` is used up."""
    bounds = stencil.frame.bounds()
    _refine(
        stencil.links, stencil.loops, stencil.root, stencil.shifts, bounds[0][0], bounds[-1][1], int(sweeps), awake,
        classes, inner, total,
    )  # fmt: skip
