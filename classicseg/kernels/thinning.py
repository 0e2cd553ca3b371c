"""Morphological thinning of a binary map to lines one pixel wide, until nothing changes."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


@kernel
def _thin(alive, steps, deletable, near, doomed, seen):
    """Delete from `alive` (flat, with a border of zeros) what either half of an iteration may delete, until both rest.

    A half looks at all pixels before it deletes any. A pixel's answer changes only where a neighbour went, so each half
    visits the neighbours of what went since it ran last, that is, in the last two halves: `near` keeps three such
    lists in turn. The first two halves visit every pixel.
    """
    counts = np.zeros(3, dtype=np.int64)
    for place in range(len(alive)):
        if alive[place] != 0:
            near[2, counts[2]] = place
            counts[2] += 1
    half = 0
    while counts[(half + 2) % 3] + counts[(half + 1) % 3] > 0:
        leaving = 0
        for earlier in range(1, 3):
            which = (half + earlier) % 3
            for n in range(counts[which]):
                place = near[which, n]
                if alive[place] != 1:
                    continue
                code = 0
                for k in range(8):
                    if alive[place + steps[k]] != 0:
                        code += 1 << k
                if deletable[half % 2, code]:
                    alive[place] = 2  # still there for its neighbours, until this half is over
                    doomed[leaving] = place
                    leaving += 1
        for n in range(leaving):
            alive[doomed[n]] = 0
        found = 0
        for n in range(leaving):
            for k in range(8):
                place = doomed[n] + steps[k]
                if alive[place] != 0 and seen[place] != half:
                    seen[place] = half
                    near[half % 3, found] = place
                    found += 1
        counts[half % 3] = found
        half += 1


@cache
def _deletable() -> NDArray[np.bool_]:
    """Which neighbourhoods let a pixel go: (2, 256), one row a half iteration.

    Bit k of a neighbourhood's number is x[k], the neighbours counter-clockwise from the east. The conditions are those
    of Guo and Hall: G1 and G2, and G3 in the first half, G3 turned round in the second.
    """
    table = np.zeros((2, 256), dtype=bool)
    for code in range(256):
        x = [code >> k & 1 for k in range(8)]
        crossings = sum(not x[k] and (x[k + 1] or x[(k + 2) % 8]) for k in (0, 2, 4, 6))
        pairs = min(sum(x[k] or x[k + 1] for k in (0, 2, 4, 6)), sum(x[k + 1] or x[(k + 2) % 8] for k in (0, 2, 4, 6)))
        if crossings == 1 and 2 <= pairs <= 3:
            table[0, code] = not ((x[1] or x[2] or not x[7]) and x[0])
            table[1, code] = not ((x[5] or x[6] or not x[3]) and x[4])
    return table


def thin(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The map (H, W) thinned to convergence; outside the picture nothing is set. Work is about the number of pixels."""
    height, width = mask.shape
    alive = np.zeros((height + 2, width + 2), dtype=np.uint8)
    alive[1:-1, 1:-1] = mask
    size, across = int(np.count_nonzero(mask)), width + 2
    _thin(
        alive.reshape(-1),
        np.array([1, 1 - across, -across, -across - 1, -1, across - 1, across, across + 1], dtype=np.int64),
        _deletable(),
        np.zeros((3, size), dtype=np.int64),
        np.zeros(size, dtype=np.int64),
        np.full(alive.size, -1, dtype=np.int64),
    )
    return alive[1:-1, 1:-1] != 0
