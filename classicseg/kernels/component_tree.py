"""The tree of all components of all thresholds, and of it the components that look most like objects.

A component is a 4-connected set of pixels at or above a level that nothing as high touches; of two of them one holds
the other, or they lie apart. All that is known of one is a row of sums, which add up when components join.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import root_of

# The sums over a component: pixels, edges of pixels to others inside the picture, what levels fall by across these
# edges, levels, coordinates and their products; and over the objects chosen in it: pixels, and pixels times score.
_AREA, _EDGES, _FALL, _LEVELS, _X, _Y, _XX, _YY, _XY, _CHOSEN, _SCORES = range(11)
_SUMS = 11
_SMALLEST = 12  # pixels: what is smaller has no shape


@kernel
def _sort(levels, starts, order):
    """Places of the positive levels by falling level, equal ones in raster order."""
    for place in range(len(levels)):
        if levels[place] > 0:
            starts[levels[place]] += 1
    before = 0
    for level in range(len(starts) - 1, 0, -1):
        count = starts[level]
        starts[level] = before
        before += count
    for place in range(len(levels)):
        level = levels[place]
        if level > 0:
            order[starts[level]] = place
            starts[level] += 1


@kernel
def _score(sums):
    """Mean fall across the outline, times the fourth power of the share of its ellipse that the component fills.

    The ellipse has the component's second moments: its area is 4 pi sqrt(det C). An ellipse fills it, others less.
    """
    area = sums[_AREA]
    x, y = sums[_X] / area, sums[_Y] / area
    xx, yy = sums[_XX] / area - x * x + 1.0 / 12, sums[_YY] / area - y * y + 1.0 / 12
    xy = sums[_XY] / area - x * y
    filled = min(area / (4 * np.pi * np.sqrt(max(xx * yy - xy * xy, 1e-9))), 1.0)
    squared = filled * filled
    return sums[_FALL] / sums[_EDGES] * (squared * squared)


@kernel
def _choose(sums, largest, lowest):
    """Whether a component is worth no less than the objects chosen in it, by the mean over their pixels."""
    area = sums[_AREA]
    if area < _SMALLEST or area > largest or sums[_EDGES] == 0 or sums[_LEVELS] <= lowest * area:
        return False
    score = _score(sums)
    if score * sums[_CHOSEN] < sums[_SCORES]:
        return False
    sums[_CHOSEN], sums[_SCORES] = area, area * score
    return True


@kernel
def _grow(order, levels, across, largest, lowest, slots, sums, parent, joined, chosen):
    """Join pixels by falling level into a tree; `parent` leads up, a component is known by its last pixel.

    When a pixel of a lower level takes a component in, that component is complete, and is chosen or not. Its sums stand
    in `sums` at ``slots[last pixel]``, and become those of what it joins.
    """
    taken = 0
    for k in range(len(order)):
        place = np.int64(order[k])
        level, edges, fall, slot = np.float64(levels[place]), 0.0, 0.0, -1
        parent[place] = joined[place] = place
        for beside in (place - across, place - 1, place + 1, place + across):
            if levels[beside] == 0:
                continue
            fall += level - np.float64(levels[beside])  # of a neighbour that is in, what fell from it no longer counts
            if joined[beside] < 0:
                edges += 1
                continue
            edges -= 1
            other = root_of(joined, beside)
            if other != place:
                own = sums[slots[other]]
                if levels[other] > levels[place] and _choose(own, largest, lowest):
                    chosen[other] = True
                parent[other] = joined[other] = place
                if slot < 0:
                    slot = int(slots[other])
                else:
                    for column in range(_SUMS):
                        sums[slot, column] += own[column]
        if slot < 0:
            slot = taken
            taken += 1
            sums[slot] = 0
        slots[place] = slot
        own, y, x = sums[slot], np.float64(place // across), np.float64(place % across)
        for column, value in enumerate((1.0, edges, fall, level, x, y, x * x, y * y, x * y)):  # from _AREA to _XY
            own[column] += value


@kernel
def _paint(order, parent, chosen, objects):
    """What lies in a chosen component, from the lowest pixels up."""
    for k in range(len(order) - 1, -1, -1):
        place = order[k]
        objects[place] = chosen[place] or objects[parent[place]]


def best_components(levels: NDArray[np.uint16], largest: float, lowest: float) -> NDArray[np.bool_]:
    """Where the best objects lie (H, W): components of thresholds that overlap nowhere and touch nowhere.

    Parameters
    ----------
    levels : (H, W) uint16 array
        What is 0 takes no part.
    largest : float
        Pixels that an object may have.
    lowest : float
        An object's mean level is above this.

    Notes
    -----
    From the brightest components down, one takes the place of the objects chosen in it where its score is at least
    theirs, by the mean over their pixels. Exact, since levels are whole numbers. Nearly linear in the number of pixels,
    about 70 bytes for each.
    """
    height, width = levels.shape
    framed = np.zeros((height + 2, width + 2), dtype=np.uint16)
    framed[1:-1, 1:-1] = levels
    flat = framed.reshape(-1)
    order = np.empty(np.count_nonzero(levels), dtype=np.int32)
    _sort(flat, np.zeros(int(levels.max()) + 1, dtype=np.int64), order)
    # Pixels that begin a component touch no other that does: of each two neighbours one at most.
    sums = np.empty(((levels.size + 1) // 2, _SUMS), dtype=np.float64)
    slots = np.empty(flat.size, dtype=np.int32)
    parent, joined = np.empty(flat.size, dtype=np.int32), np.full(flat.size, -1, dtype=np.int32)
    chosen, objects = np.zeros(flat.size, dtype=np.bool_), np.zeros(framed.shape, dtype=np.bool_)
    _grow(order, flat, width + 2, float(largest), float(lowest), slots, sums, parent, joined, chosen)
    _paint(order, parent, chosen, objects.reshape(-1))
    return np.ascontiguousarray(objects[1:-1, 1:-1])
