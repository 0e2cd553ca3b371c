"""Thinning, pixel by pixel, from the conditions as they are printed."""

import numpy as np

# x1 to x8 of the papers: counter-clockwise from the east, as steps down and to the right.
AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def thin(mask):
    """Two half iterations in turn, each deleting at once all pixels that it may, until a whole one deletes nothing."""
    left = set(zip(*map(list, np.nonzero(mask)), strict=True))
    while True:
        before = len(left)
        for half in (1, 2):
            left -= {pixel for pixel in left if _may_go(pixel, left, half)}
        if len(left) == before:
            break
    result = np.zeros(np.shape(mask), dtype=bool)
    for pixel in left:
        result[pixel] = True
    return result


def _may_go(pixel, left, half):
    x = {k + 1: (pixel[0] + down, pixel[1] + right) in left for k, (down, right) in enumerate(AROUND)}
    x[9] = x[1]
    crossings = sum(not x[2 * i - 1] and (x[2 * i] or x[2 * i + 1]) for i in (1, 2, 3, 4))
    first = sum(x[2 * k - 1] or x[2 * k] for k in (1, 2, 3, 4))
    second = sum(x[2 * k] or x[2 * k + 1] for k in (1, 2, 3, 4))
    if half == 1:
        blocked = (x[2] or x[3] or not x[8]) and x[1]
    else:
        blocked = (x[6] or x[7] or not x[4]) and x[5]
    return crossings == 1 and 2 <= min(first, second) <= 3 and not blocked
