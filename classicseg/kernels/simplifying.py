"""Borders with fewer points, none crossing another: a point goes if nothing lies between the old way and the new.

The points of all arcs are corners of the pixel grid, each with a place of its own, so a map of bytes tells whether
there is one; all tests are of whole numbers.
"""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel
from classicseg.kernels.outlines import Arcs

_FEWEST_IN_A_RING = 3


@kernel
def _is_free(there, ax, ay, bx, by, cx, cy):
    """Whether no point lies in the closed triangle of three corners but these three."""
    xs, ys = (ax, bx, cx), (ay, by, cy)
    for y in range(min(ay, by, cy), max(ay, by, cy) + 1):
        low, high = max(ax, bx, cx), min(ax, bx, cx)
        for side in range(3):
            x0, y0, x1, y1 = xs[side], ys[side], xs[side - 2], ys[side - 2]
            if y0 == y1:
                if y == y0:
                    low, high = min(low, x0, x1), max(high, x0, x1)
                continue
            if y0 > y1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            if y0 <= y <= y1:
                across, down = (y - y0) * (x1 - x0), y1 - y0
                low = min(low, x0 - (-across // down))  # the next whole number above, and the one below
                high = max(high, x0 + across // down)
        for x in range(low, high + 1):
            if there[y, x] and not ((x == ax and y == ay) or (x == bx and y == by) or (x == cx and y == cy)):
                return False
    return True


@kernel
def _shift(points, first, last, before, after, most):
    """The greatest squared distance to a new line of the points whose places it takes; infinite if above `most`.

    The line goes from the point `before` to the point `after`, and the way that it takes the place of may pass over
    the end (`last`) of a closed arc to its start.
    """
    ax, ay = np.int64(points[before, 0]), np.int64(points[before, 1])
    dx, dy = points[after, 0] - ax, points[after, 1] - ay
    length = float(dx * dx + dy * dy)
    worst = 0.0
    place = before + 1
    while True:
        if place == last:
            place = first
        if place == after:
            return worst
        px, py = points[place, 0] - ax, points[place, 1] - ay
        along = float(px * dx + py * dy)
        if along <= 0:
            square = float(px * px + py * py)
        elif along >= length:
            square = float((px - dx) ** 2 + (py - dy) ** 2)
        else:
            cross = float(px * dy - py * dx)
            square = cross * cross / length
        if square > most:
            return np.inf
        worst = max(worst, square)
        place += 1


@kernel
def _push(keys, items, size, key, item):
    """Add to a heap whose least key, and of equal ones the least item, is on top; gives its size."""
    spot = size
    while spot > 0:
        above = (spot - 1) // 2
        if keys[above] < key or (keys[above] == key and items[above] <= item):
            break
        keys[spot], items[spot] = keys[above], items[above]
        spot = above
    keys[spot], items[spot] = key, item
    return size + 1


@kernel
def _pop(keys, items, size):
    """Take the top off a heap; gives its size."""
    size -= 1
    key, item = keys[size], items[size]
    spot = 0
    while True:
        below = 2 * spot + 1
        if below >= size:
            break
        other = below + 1
        if other < size and (keys[other] < keys[below] or (keys[other] == keys[below] and items[other] < items[below])):
            below = other
        if key < keys[below] or (key == keys[below] and item <= items[below]):
            break
        keys[spot], items[spot] = keys[below], items[below]
        spot = below
    keys[spot], items[spot] = key, item
    return size


@kernel
def _has_straight_twin(arc, nodes, leaving, counts):
    """Whether another arc is a straight line between the nodes of this one."""
    start, end = nodes[arc, 0], nodes[arc, 1]
    for direction in range(4):
        half = leaving[start, direction]
        other = half >> 1
        if half >= 0 and other != arc and counts[other] == 2 and nodes[other, 1 - (half & 1)] == end:
            return True
    return False


@kernel
def _simplify_arc(arc, points, first, last, nodes, leaving, most, there, links, gone, counts, shifts, keys, items):
    """Take points away from one arc; gives how many went, and whether some stayed only because others stood there.

    `last` is one past its last point, the repeated first point of a closed arc left out; `links` holds the places of
    the points before and after each.
    """
    closed, ring = nodes[arc, 0] < 0, nodes[arc, 0] == nodes[arc, 1]
    fewest = _FEWEST_IN_A_RING if closed else _FEWEST_IN_A_RING + 1 if ring else 2
    size, taken, blocked = np.int64(0), 0, False
    if counts[arc] <= fewest:
        return taken, blocked
    for place in range(first, last) if closed else range(first + 1, last - 1):
        if not gone[place]:
            shifts[place] = _shift(points, first, last, links[place, 0], links[place, 1], most)
            if shifts[place] <= most:
                size = _push(keys, items, size, shifts[place], np.int64(place))
    while size > 0 and counts[arc] > fewest:
        key, place = keys[0], items[0]
        size = _pop(keys, items, size)
        if gone[place] or shifts[place] != key:
            continue
        before, after = links[place, 0], links[place, 1]
        if counts[arc] == 3 and _has_straight_twin(arc, nodes, leaving, counts):
            break
        x, y = np.int64(points[place, 0]), np.int64(points[place, 1])
        if not _is_free(
            there, x, y, np.int64(points[before, 0]), np.int64(points[before, 1]),
            np.int64(points[after, 0]), np.int64(points[after, 1]),
        ):  # fmt: skip
            blocked = True
            continue
        gone[place], there[y, x] = True, False
        links[before, 1], links[after, 0] = after, before
        counts[arc] -= 1
        taken += 1
        for other in (before, after):
            if closed or first < other < last - 1:
                shifts[other] = _shift(points, first, last, links[other, 0], links[other, 1], most)
                if shifts[other] <= most:
                    size = _push(keys, items, size, shifts[other], np.int64(other))
    return taken, blocked


@kernel
def _simplify(points, starts, nodes, leaving, most, there, gone, longest):
    """Mark the points that go. Arcs that were blocked are tried again as long as anything gives way."""
    arcs = len(nodes)
    links = np.empty((len(points), 2), dtype=np.int64)
    counts = np.empty(arcs, dtype=np.int64)
    waiting = np.ones(arcs, dtype=np.bool_)
    shifts = np.empty(len(points), dtype=np.float64)
    keys, items = np.empty(3 * longest, dtype=np.float64), np.empty(3 * longest, dtype=np.int64)
    for arc in range(arcs):
        closed = nodes[arc, 0] < 0
        first, last = starts[arc], starts[arc + 1] - int(closed)
        counts[arc] = last - first
        for place in range(first, last):
            there[points[place, 1], points[place, 0]] = True
            links[place, 0], links[place, 1] = place - 1, place + 1
        links[first, 0], links[last - 1, 1] = last - 1, first
    taken = 1
    while taken > 0:
        taken = 0
        for arc in range(arcs):
            if waiting[arc]:
                last = starts[arc + 1] - int(nodes[arc, 0] < 0)
                went, waiting[arc] = _simplify_arc(
                    arc,
                    points,
                    starts[arc],
                    last,
                    nodes,
                    leaving,
                    most,
                    there,
                    links,
                    gone,
                    counts,
                    shifts,
                    keys,
                    items,
                )
                taken += went
    for arc in range(arcs):  # a closed arc ends with the first point that it has now
        if nodes[arc, 0] < 0:
            last = starts[arc + 1] - 1
            first = starts[arc]
            while gone[first]:
                first += 1
            points[last, 0], points[last, 1] = points[first, 0], points[first, 1]


def simplify_arcs(arcs: Arcs, shape: tuple[int, int], tolerance: float) -> Arcs:
    """The arcs of a map of this shape without points that lie within `tolerance` of the lines that replace them.

    The ends of arcs stay; closed arcs keep three different points, and so do those that come back to their node; two
    arcs never become one line. Nearly linear in the number of points; 1 byte a pixel and about 40 a point.
    """
    points, gone = arcs.points.copy(), np.zeros(len(arcs.points), dtype=bool)
    there = np.zeros((shape[0] + 1, shape[1] + 1), dtype=bool)
    longest = int(np.diff(arcs.starts).max(initial=0))
    _simplify(points, arcs.starts, arcs.nodes, arcs.leaving, tolerance * tolerance, there, gone, longest)
    starts = np.concatenate([[0], np.cumsum(~gone)])[arcs.starts]
    return arcs._replace(points=points[~gone], starts=starts)
