"""Outlines of all regions of a map at once: each border is followed once, for both of its sides.

Borders run along cracks, the edges between pixels, from corner to corner of the pixel grid. Corners are (x, y), x to
the right, y down; the pixel in row r and column c has the corners (c, r) to (c + 1, r + 1). Directions are 0 right,
1 down, 2 left, 3 up; "left" of a direction is left in the numbers (x, y): below a crack that runs to the right.

An arc is a stretch of border between two nodes: corners where three or four cracks meet, and those where a border
turns on the picture's frame. A border that meets no node is a closed arc. Half-arc 2 i is arc i as it was followed, and
2 i + 1 the same arc backwards.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_NODE = 16  # beside the four bits of the cracks that leave a corner
_LEVEL, _UPRIGHT = 5, 10  # the cracks of a corner that a border passes straight: right and left, down and up
_STEP_X = np.array([1, 0, -1, 0])
_STEP_Y = np.array([0, 1, 0, -1])
# The pixel to the left of a crack, in columns and rows from the corner where it begins.
_LEFT_X = np.array([0, -1, -1, 0])
_LEFT_Y = np.array([0, 0, -1, -1])


class Arcs(NamedTuple):
    """All borders, each once.

    Attributes
    ----------
    points : (P, 2) int32 array
        Corners (x, y) of the pixel grid: the first and the last corner of each arc, and those where it turns. A closed
        arc ends with the point that it begins with.
    starts : (A + 1,) int64 array
        Arc i has the points ``starts[i]`` to ``starts[i + 1]``.
    nodes : (A, 2) int32 array
        The nodes between which each runs, or -1, -1 for a closed one. Nodes are numbered in raster order.
    leaving : (N, 4) int32 array
        The half-arc that leaves a node in each direction, or -1.
    sides : (A, 2) int32 array
        The regions to its left and to its right; 0 is no region.
    """

    points: NDArray[np.int32]
    starts: NDArray[np.int64]
    nodes: NDArray[np.int32]
    leaving: NDArray[np.int32]
    sides: NDArray[np.int32]


@kernel
def _mark_cracks(regions, cracks, node_rows, counts):
    """Fill `cracks` with the cracks that leave each corner, and `node_rows` with the nodes above each row of corners.

    `counts` becomes what the arcs need: turns, and ends at nodes.
    """
    height, width = regions.shape
    nothing = np.zeros(width, dtype=np.int32)
    nodes, turns, ends = 0, 0, 0
    for y in range(height + 1):
        node_rows[y] = nodes
        above = regions[y - 1] if y > 0 else nothing
        below = regions[y] if y < height else nothing
        marks = cracks[y]
        upper_left, lower_left = np.int32(0), np.int32(0)
        for x in range(width + 1):
            upper, lower = np.int32(0), np.int32(0)
            if x < width:
                upper, lower = above[x], below[x]
            right, down = upper != lower, lower_left != lower
            left, up = upper_left != lower_left, upper_left != upper
            upper_left, lower_left = upper, lower
            number = int(right) + int(down) + int(left) + int(up)
            mark = int(right) | int(down) << 1 | int(left) << 2 | int(up) << 3
            if number > 0 and mark not in (_LEVEL, _UPRIGHT):
                if number > 2 or x == 0 or y == 0 or x == width or y == height:
                    mark |= _NODE
                    nodes += 1
                    ends += number
                else:
                    turns += 1
            marks[x] = mark
    node_rows[height + 1] = nodes
    counts[0], counts[1] = turns, ends


@kernel
def _list_nodes(cracks, node_x):
    """Fill `node_x` with the columns of the nodes in raster order."""
    found = 0
    for y in range(cracks.shape[0]):
        marks = cracks[y]
        for x in range(len(marks)):
            if marks[x] & _NODE:
                node_x[found] = x
                found += 1


@kernel
def _node_at(node_rows, node_x, x, y):
    """The number of the node at a corner that is one."""
    low, high = node_rows[y], node_rows[y + 1] - 1
    while low < high:
        middle = (low + high) // 2
        if node_x[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _follow(cracks, x, y, direction, points, filled, step_x, step_y):
    """Follow a border from a corner to the next node or back to where it began, and write its points from `filled` on.

    Gives the corner and the direction of arrival, and how many points are written now. Turns on the way are wiped out
    of `cracks`, so that what is left there are closed borders that nobody has followed.
    """
    points[filled, 0], points[filled, 1] = x, y
    filled += 1
    first_x, first_y = x, y
    while True:
        x, y = x + step_x[direction], y + step_y[direction]
        mark = cracks[y, x]
        if mark in (_LEVEL, _UPRIGHT):
            continue
        points[filled, 0], points[filled, 1] = x, y
        filled += 1
        if mark & _NODE or (x == first_x and y == first_y):
            return x, y, direction, filled
        cracks[y, x] = 0
        # The one other crack: it leaves to the left or to the right.
        direction = (direction + 1) % 4 if mark & 1 << (direction + 1) % 4 else (direction + 3) % 4


@kernel
def _region_at(regions, x, y):
    """The region of a pixel, 0 outside the picture."""
    if x < 0 or y < 0 or x >= regions.shape[1] or y >= regions.shape[0]:
        return np.int32(0)
    return regions[y, x]


@kernel
def _find_arcs(regions, cracks, node_rows, node_x, leaving, points, starts, nodes, sides, steps):
    """Follow each border once: from the nodes in raster order, then the closed ones by their first corners.

    `steps` holds the steps of the directions, and the pixels to their left. Gives how many arcs and points there are.
    """
    step_x, step_y, left_x, left_y = steps
    arcs, filled = 0, np.int64(0)
    for row in range(cracks.shape[0]):
        for node in range(node_rows[row], node_rows[row + 1]):
            x, y = np.int64(node_x[node]), np.int64(row)
            for out in range(4):
                direction = np.int64(out)
                if not cracks[y, x] & 1 << direction or leaving[node, direction] >= 0:
                    continue
                starts[arcs] = filled
                leaving[node, direction] = 2 * arcs
                sides[arcs, 0] = _region_at(regions, x + left_x[direction], y + left_y[direction])
                back = (direction + 2) % 4
                sides[arcs, 1] = _region_at(
                    regions, x + step_x[direction] + left_x[back], y + step_y[direction] + left_y[back]
                )
                end_x, end_y, arrived, filled = _follow(cracks, x, y, direction, points, filled, step_x, step_y)
                end = _node_at(node_rows, node_x, end_x, end_y)
                leaving[end, (arrived + 2) % 4] = 2 * arcs + 1
                nodes[arcs, 0], nodes[arcs, 1] = node, end
                arcs += 1
    for row in range(cracks.shape[0]):
        marks = cracks[row]
        for column in range(len(marks)):
            mark = marks[column]
            if mark == 0 or mark in (_LEVEL, _UPRIGHT) or mark & _NODE:
                continue
            x, y = np.int64(column), np.int64(row)
            starts[arcs] = filled  # the first corner of a closed border in raster order: it goes right and down
            sides[arcs, 0], sides[arcs, 1] = regions[y, x], regions[y - 1, x]
            filled = _follow(cracks, x, y, np.int64(0), points, filled, step_x, step_y)[3]
            marks[column] = 0
            nodes[arcs, 0], nodes[arcs, 1] = -1, -1
            arcs += 1
    starts[arcs] = filled
    return arcs, filled


def find_arcs(regions: NDArray[np.int32]) -> Arcs:
    """All borders of a map of 4-connected regions 1..n, and 0 for what is none; outside the picture is 0 too.

    O(N) time; beside the result 1 byte a pixel.
    """
    regions = np.ascontiguousarray(regions, dtype=np.int32)
    height, width = regions.shape
    cracks = np.empty((height + 1, width + 1), dtype=np.uint8)
    node_rows = np.empty(height + 2, dtype=np.int64)
    counts = np.zeros(2, dtype=np.int64)
    _mark_cracks(regions, cracks, node_rows, counts)
    turns, ends = counts.tolist()
    node_x = np.empty(int(node_rows[-1]), dtype=np.int32)
    _list_nodes(cracks, node_x)
    most_closed = turns // 4  # each has four turns at least, and has its first point twice
    most = ends // 2 + most_closed
    leaving = np.full((len(node_x), 4), -1, dtype=np.int32)
    points = np.empty((turns + ends + most_closed, 2), dtype=np.int32)
    starts = np.empty(most + 1, dtype=np.int64)
    nodes, sides = np.empty((most, 2), dtype=np.int32), np.empty((most, 2), dtype=np.int32)
    steps = np.stack([_STEP_X, _STEP_Y, _LEFT_X, _LEFT_Y])
    arcs, filled = _find_arcs(regions, cracks, node_rows, node_x, leaving, points, starts, nodes, sides, steps)
    return Arcs(points[:filled].copy(), starts[: arcs + 1].copy(), nodes[:arcs].copy(), leaving, sides[:arcs].copy())


class Rings(NamedTuple):
    """The rings of all regions.

    Attributes
    ----------
    halves : (S,) int32 array
        Half-arcs, with the region to their left, in the order in which a ring goes through them.
    starts : (R + 1,) int64 array
        Ring i has the half-arcs ``starts[i]`` to ``starts[i + 1]``.
    regions : (R,) int32 array
    holes : (R,) bool array
        Whether it goes around a hole, not around the region.
    """

    halves: NDArray[np.int32]
    starts: NDArray[np.int64]
    regions: NDArray[np.int32]
    holes: NDArray[np.bool_]


@kernel
def _next_half(half, region, nodes, leaving, sides):
    """The half-arc that goes on with the border of a region after `half`.

    Of the ways out of the node that have the region to their left, it is the rightmost: where two pixels of one
    region touch at a corner only, the border goes over from one to the other, so that a ring never touches itself.
    Two regions there have one way each, around their own pixel.
    """
    node = nodes[half >> 1, 1 - (half & 1)]
    if node < 0:
        return half
    back = 0
    while leaving[node, back] != half ^ 1:
        back += 1
    for turn in range(1, 4):
        other = leaving[node, (back + turn) % 4]
        if other >= 0 and sides[other >> 1, other & 1] == region:
            return other
    return half  # not reached: a border always goes on


@kernel
def _find_rings(points, arc_starts, nodes, leaving, sides, halves, starts, regions, holes):
    """Put half-arcs together to rings, by the first half-arc of each; gives how many rings there are."""
    done = np.zeros(2 * len(sides), dtype=np.bool_)
    rings, filled = 0, 0
    for first in range(2 * len(sides)):
        region = sides[first >> 1, first & 1]
        if region == 0 or done[first]:
            continue
        starts[rings], regions[rings] = filled, region
        area = 0
        half = np.int32(first)
        while True:
            done[half] = True
            halves[filled] = half
            filled += 1
            arc, doubled = half >> 1, 0
            for place in range(arc_starts[arc], arc_starts[arc + 1] - 1):
                x, y = np.int64(points[place, 0]), np.int64(points[place, 1])
                doubled += x * points[place + 1, 1] - y * points[place + 1, 0]
            area += -doubled if half & 1 else doubled
            half = _next_half(half, region, nodes, leaving, sides)
            if half == first:
                break
        holes[rings] = area < 0
        rings += 1
    starts[rings] = filled
    return rings


def find_rings(arcs: Arcs) -> Rings:
    """The rings of all regions above 0: of each one around it, and one around each hole.

    No ring touches itself; rings of a region touch at corners at most. O(points of the arcs).
    """
    most = int(np.count_nonzero(arcs.sides))
    halves, starts = np.empty(most, dtype=np.int32), np.empty(most + 1, dtype=np.int64)
    regions, holes = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.bool_)
    found = _find_rings(arcs.points, arcs.starts, arcs.nodes, arcs.leaving, arcs.sides, halves, starts, regions, holes)
    return Rings(halves, starts[: found + 1].copy(), regions[:found].copy(), holes[:found].copy())


@kernel
def _spell_rings(arc_starts, halves, ring_starts, order, offsets, places):
    """Write the places of the points of each ring, from its first point to that point again."""
    for rank in range(len(order)):
        ring, filled = order[rank], offsets[rank]
        for half in halves[ring_starts[ring] : ring_starts[ring + 1]]:
            first, last = arc_starts[half >> 1], arc_starts[(half >> 1) + 1] - 1
            for step in range(last - first):
                places[filled] = last - step if half & 1 else first + step
                filled += 1
        places[filled] = places[offsets[rank]]


def spell_rings(
    arc_starts: NDArray[np.int64], rings: Rings, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rings in the given order, point by point: places in the points of the arcs, and where each ring begins."""
    lengths = np.diff(arc_starts) - 1  # the last point of a half-arc is the first of the next
    totals = np.concatenate([[0], np.cumsum(lengths[rings.halves >> 1])])
    sizes = (totals[rings.starts[1:]] - totals[rings.starts[:-1]])[order] + 1
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.empty(int(offsets[-1]), dtype=np.int64)
    _spell_rings(arc_starts, rings.halves, rings.starts, order, offsets, places)
    return places, offsets
