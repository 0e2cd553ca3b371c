"""Hysteresis: what is weak stays where it hangs together with something strong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

WEAK, STRONG = 1, 2


@kernel
def _spread_along_columns(framed):
    """Make weak pixels strong that hang together with a strong one within their column: whole rows at a time."""
    height, width = framed.shape
    for row in range(1, height):
        here, above = framed[row], framed[row - 1]
        for c in range(width):
            here[c] += np.uint8((here[c] == WEAK) & (above[c] == STRONG))
    for row in range(height - 2, 0, -1):
        here, below = framed[row], framed[row + 1]
        for c in range(width):
            here[c] += np.uint8((here[c] == WEAK) & (below[c] == STRONG))


@kernel
def _find_starts(above, here, below, diagonals, starts):
    """Strong pixels of a row that neighbour a weak one, as ones in `starts`; the frame's two pixels are none."""
    inner = len(here) - 2
    n, w, middle, e, s = above[1 : 1 + inner], here[:inner], here[1 : 1 + inner], here[2:], below[1 : 1 + inner]
    for c in range(inner):
        beside = (n[c] == WEAK) | (w[c] == WEAK) | (e[c] == WEAK) | (s[c] == WEAK)
        starts[c] = np.uint8((middle[c] == STRONG) & beside)
    if diagonals:
        nw, ne, sw, se = above[:inner], above[2:], below[:inner], below[2:]
        for c in range(inner):
            beside = (nw[c] == WEAK) | (ne[c] == WEAK) | (sw[c] == WEAK) | (se[c] == WEAK)
            starts[c] |= np.uint8((middle[c] == STRONG) & beside)


@kernel
def _spread(framed, flat, diagonals, steps, starts, eights, waiting):
    """Make all weak pixels strong that hang together with a strong one.

    `flat` is `framed` in one row; `eights` are the bytes of `starts` eight at a time, so that a stretch without a start
    is passed over quickly.
    """
    height, across = framed.shape
    _spread_along_columns(framed)
    for row in range(1, height - 1):
        _find_starts(framed[row - 1], framed[row], framed[row + 1], diagonals, starts)
        for eight in range(len(eights)):
            if eights[eight] == 0:
                continue
            for column in range(8 * eight, 8 * eight + 8):
                if starts[column] == 0:
                    continue
                waiting[0] = row * across + column + 1
                count = 1
                while count > 0:
                    count -= 1
                    place = np.int64(waiting[count])
                    for step in steps:
                        beside = place + step
                        if flat[beside] == WEAK:
                            flat[beside] = STRONG
                            waiting[count] = beside
                            count += 1


def hysteresis(grades: NDArray[np.uint8], diagonals: bool) -> NDArray[np.bool_]:
    """Where grades (H, W) are strong (2), or weak (1) and connected through weak ones to a strong one.

    `diagonals` lets pixels hang together by their corners too. O(N); beside the result one byte a pixel, and 4 for each
    that waits at once.
    """
    height, width = grades.shape
    across = width + 2
    framed = np.zeros((height + 2, across), dtype=np.uint8)
    framed[1:-1, 1:-1] = grades
    steps = [-across, -1, 1, across]
    if diagonals:
        steps += [-across - 1, -across + 1, across - 1, across + 1]
    starts = np.zeros(-(-width // 8) * 8, dtype=np.uint8)
    # A pixel waits once at most, after it has turned from weak to strong. Pages that are not reached are never touched.
    waiting = np.empty(grades.size + 1, dtype=np.int32)
    _spread(
        framed,
        framed.reshape(-1),
        bool(diagonals),
        np.array(steps, dtype=np.int64),
        starts,
        starts.view(np.uint64),
        waiting,
    )
    return framed[1:-1, 1:-1] == STRONG
