"""What lies far from what is blocked: an exact test of Euclidean distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel


@kernel
def _column_distances(free, cap, distances):
    """Pixels up or down to the nearest pixel of the same column that is not free, `cap` at most."""
    height, width = free.shape
    one = np.uint8(1)
    before = np.full(width, cap, dtype=np.uint8)
    for row in range(height):
        here, source = distances[row], free[row]
        for c in range(width):
            grown = min(np.uint8(before[c] + one), cap)
            here[c] = grown if source[c] else np.uint8(0)
        before = here
    for row in range(height - 2, -1, -1):
        here, after = distances[row], distances[row + 1]
        for c in range(width):
            here[c] = min(here[c], np.uint8(after[c] + one))


@kernel
def _beyond_rows(distances, reach, far):
    """far(y, x) = distances(y, x + k) > reach(|k|) for all k: no blocked pixel in the disc around (y, x)."""
    height, width = distances.shape
    for row in range(height):
        source, target = distances[row], far[row]
        for c in range(width):
            target[c] = source[c] > reach[0]
        for k in range(1, min(len(reach), width)):
            near, inner = reach[k], width - k
            left_target, right_source = target[:inner], source[k:]
            for c in range(inner):
                left_target[c] = left_target[c] & (right_source[c] > near)
            right_target, left_source = target[k:], source[:inner]
            for c in range(inner):
                right_target[c] = right_target[c] & (left_source[c] > near)


def farther_than(free: NDArray[np.bool_], distance: float) -> NDArray[np.bool_]:
    """Where the Euclidean distance to the nearest pixel that is not free is more than `distance` (0 to 250).

    Exact; nothing lies beyond the picture's border. O(N distance), and 64 pixels at a time where the machine can.
    """
    radius = int(distance)
    reach = [max(v for v in range(radius + 1) if v * v + k * k <= distance * distance) for k in range(radius + 1)]
    distances = np.empty(free.shape, dtype=np.uint8)
    far = np.empty(free.shape, dtype=np.bool_)
    _column_distances(np.ascontiguousarray(free), np.uint8(radius + 1), distances)
    _beyond_rows(distances, np.array(reach, dtype=np.uint8), far)
    return far
