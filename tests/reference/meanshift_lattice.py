"""Mean shift on a lattice, climbs that meet go on as one: whole numbers of Python, every sum over all pixels."""

import math
from fractions import Fraction

import numpy as np

TILE = 64


def nearest(value):
    """The nearest whole number, halves up."""
    return math.floor(value + Fraction(1, 2))


def lattice_points(planes, mask, shift, spatial, range_):
    """The lattice points {(row, column): (y, x, colours...)} of the pixels inside, and the radius in units."""
    radius = spatial * 2**shift
    lowest = [min(float(v) for v in plane[mask]) for plane in planes]
    return {
        (int(r), int(c)): (
            int(r) << shift,
            int(c) << shift,
            *(
                math.floor((float(plane[r, c]) - low) * (radius / range_) + 0.5)
                for plane, low in zip(planes, lowest, strict=True)
            ),
        )
        for r, c in np.argwhere(mask)
    }, radius


def squared(one, other):
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def step(points, here, radius):
    """The mean of the points within the open ball, rounded to whole numbers."""
    near = [point for point in points if squared(point, here) < radius**2]
    if not near:
        return here
    return tuple(nearest(Fraction(sum(values), len(near))) for values in zip(*near, strict=True))


def meet(states, active, joined, share, cell):
    """The climbs that go on, in their order; the others are joined to the latest in their square that is near."""
    kept = []
    for climb in active:
        y, x = states[climb][:2]
        for other in reversed(kept):
            v, u = states[other][:2]
            if (y >> cell, x >> cell) == (v >> cell, u >> cell) and squared(states[climb], states[other]) < share**2:
                joined[climb] = other
                break
        else:
            kept.append(climb)
    return kept


def climb_tile(points, starts, radius, share, max_iter, tol):
    """{pixel: (lattice point of its mode, steps, whether it rests)} for the pixels of a tile in raster order."""
    states = {start: points[start] for start in starts}
    everywhere = list(points.values())
    cell = math.ceil(math.log2(max(share * radius, 1)))
    joined, steps, rests = {}, dict.fromkeys(starts, 0), dict.fromkeys(starts, False)
    active = list(starts)
    for _ in range(max_iter):
        active = meet(states, active, joined, share * radius, cell)
        moving = []
        for climb in active:
            there = step(everywhere, states[climb], radius)
            rests[climb] = squared(there, states[climb]) <= (tol * radius) ** 2
            states[climb] = there
            steps[climb] += 1
            if not rests[climb]:
                moving.append(climb)
        active = moving
    ends = {}
    for start in starts:
        last = start
        while last in joined:
            last = joined[last]
        ends[start] = (states[last], steps[last], rests[last])
    return ends


def climb_together(planes, mask, shift, spatial, range_, share, max_iter, tol):
    """Modes (H, W, 2 + D) in pixels and colours, steps, and whether each came to rest."""
    points, radius = lattice_points(planes, mask, shift, spatial, range_)
    modes = np.zeros((*mask.shape, 2 + len(planes)))
    steps, rests = np.zeros(mask.shape, dtype=int), np.ones(mask.shape, dtype=bool)
    tiles = {}
    for row, column in points:
        tiles.setdefault((row // TILE, column // TILE), []).append((row, column))
    for starts in tiles.values():
        for place, (point, taken, resting) in climb_tile(points, starts, radius, share, max_iter, tol).items():
            modes[place][:2] = [v / 2**shift for v in point[:2]]
            modes[place][2:] = [
                float(plane[mask].min()) + v * range_ / radius for plane, v in zip(planes, point[2:], strict=True)
            ]
            steps[place], rests[place] = taken, resting
    return modes, steps, rests
