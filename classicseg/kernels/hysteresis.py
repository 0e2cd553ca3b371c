"""Hysteresis: what is weak stays where it hangs together with something strong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

WEAK, STRONG = 1, 2


@kernel
def _spread(grades, steps, waiting):
    """Make weak pixels strong that neighbour a strong one, one after the other; `grades` is flat and framed by 0."""
    for start in range(len(grades)):
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

    `diagonals` lets pixels hang together by their corners too. O(N); 6 bytes a pixel beside the result.
    """
    height, width = grades.shape
    framed = np.zeros((height + 2, width + 2), dtype=np.uint8)
    framed[1:-1, 1:-1] = grades
    across = width + 2
    steps = [-across, -1, 1, across]
    if diagonals:
        steps += [-across - 1, -across + 1, across - 1, across + 1]
    # A pixel waits once at most, after it has turned from weak to strong; one more place for the start.
    waiting = np.empty(int(np.count_nonzero(grades)) + 1, dtype=np.int32)
    _spread(framed.reshape(-1), np.array(steps, dtype=np.int64), waiting)
    return framed[1:-1, 1:-1] == STRONG
