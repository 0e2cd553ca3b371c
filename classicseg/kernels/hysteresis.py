"""Hysteresis: what is weak stays where it hangs together with something strong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

WEAK, STRONG = 1, 2


@kernel
def _spread(grades, eights, steps, waiting):
    """Make weak pixels strong that neighbour a strong one, one after the other; `grades` is flat and framed by 0.

    `eights` are the same bytes eight at a time, so that a stretch of nothing is passed over quickly.
    """
    for eight in range(len(eights)):
        if eights[eight] == 0:
            continue
        for start in range(8 * eight, 8 * eight + 8):
            if grades[start] != STRONG:
                continue
            waiting[0] = start
            count = 1
            while count > 0:
                count -= 1
                place = np.int64(waiting[count])
                for step in steps:
                    beside = place + step
                    if grades[beside] == WEAK:
                        grades[beside] = STRONG
                        waiting[count] = beside
                        count += 1


def hysteresis(grades: NDArray[np.uint8], diagonals: bool) -> NDArray[np.bool_]:
    """Where grades (H, W) are strong (2), or weak (1) and connected through weak ones to a strong one.

    `diagonals` lets pixels hang together by their corners too. O(N); beside the result one byte a pixel, and 4 for each
    that waits at once.
    """
    height, width = grades.shape
    across = width + 2
    flat = np.zeros(-(-(height + 2) * across // 8) * 8, dtype=np.uint8)
    framed = flat[: (height + 2) * across].reshape(height + 2, across)
    framed[1:-1, 1:-1] = grades
    steps = [-across, -1, 1, across]
    if diagonals:
        steps += [-across - 1, -across + 1, across - 1, across + 1]
    # A pixel waits once at most, after it has turned from weak to strong. Pages that are not reached are never touched.
    waiting = np.empty(grades.size + 1, dtype=np.int32)
    _spread(flat, flat.view(np.uint64), np.array(steps, dtype=np.int64), waiting)
    return framed[1:-1, 1:-1] == STRONG
