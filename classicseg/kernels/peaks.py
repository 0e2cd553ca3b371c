"""The peaks of a map of whole numbers that stand out by their height: h-maxima, found in one flood from the top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import root_of
from classicseg.kernels.watershed_strips import HIGHEST_LEVEL

# Among the markers, not yet numbered: the only peak that stands out of what hangs together, and one of several.
_ONLY_PEAK, _PEAK = -1, -2


@kernel
def _tell_values(squares, present):
    for place in range(len(squares)):
        present[squares[place]] = True


@kernel
def _count_ranks(squares, ranks, starts):
    for place in range(len(squares)):
        if squares[place] > 0:
            starts[ranks[squares[place]] + 1] += 1


@kernel
def _sort(squares, width, ranks, starts, order):
    """Places (in the framed picture) of the positive pixels by falling value, equal ones in raster order."""
    place, framed = 0, width + 3
    while place < len(squares):
        for column in range(width):
            value = squares[place + column]
            if value > 0:
                rank = ranks[value]
                order[starts[rank]] = framed + column
                starts[rank] += 1
        place += width
        framed += width + 2


@kernel
def _foot(square, least, share):
    """The height v - max(least, share v) of the peak v = sqrt(square) to which all around must fall, and below."""
    value = np.sqrt(np.float64(square))
    return value - max(least, share * value)


@kernel
def _mark_peaks(order, squares, across, least, share, parent, markers):
    """Mark each peak whose foot lies above the saddle to any peak as high; `squares` is framed.

    Pixels come in by falling value. What hangs together is one tree, and its root is its highest pixel. Where trees
    meet, the lower ones hang on to the highest; their peaks are marked if the meeting place lies below their feet.
    """
    for k in range(len(order)):
        place = np.int64(order[k])
        parent[place] = place
        root = place
        for beside in (place - across, place - 1, place + 1, place + across):
            if parent[beside] < 0:
                continue
            other = root_of(parent, beside)
            if other == root:
                continue
            if root == place:  # the first neighbour: the pixel itself is no peak
                parent[place] = other
                root = other
                continue
            if squares[other] > squares[root]:
                root, other = other, root
            if _foot(squares[other], least, share) > np.sqrt(np.float64(squares[place])):
                markers[other] = _PEAK
            parent[other] = root
    for k in range(len(order)):
        if markers[order[k]] == _PEAK:
            markers[root_of(parent, np.int64(order[k]))] = _PEAK
    for k in range(len(order)):
        place = order[k]
        if parent[place] == place:
            markers[place] = min(markers[place], _ONLY_PEAK)


@kernel
def _spread_peaks(order, squares, across, least, share, queue, markers):
    """Number the marked peaks, and with each what hangs together with it and lies no lower than its foot.

    The only peak has all that hangs together with it, which no flood has to part then.
    """
    count = 0
    for k in range(len(order)):
        kind = markers[order[k]]
        if kind > _ONLY_PEAK:
            continue
        count += 1
        foot = _foot(squares[order[k]], least, share) if kind == _PEAK else np.float64(0)
        markers[order[k]] = count
        queue[0] = order[k]
        first, last = 0, 1
        while first < last:
            place = np.int64(queue[first])
            first += 1
            for beside in (place - across, place - 1, place + 1, place + across):
                square = squares[beside]
                if markers[beside] == 0 and square > 0 and np.sqrt(np.float64(square)) >= foot:
                    markers[beside] = count
                    queue[last] = beside
                    last += 1


def ranks_of(squares: NDArray[np.int32]) -> tuple[NDArray[np.int32], int]:
    """The rank of each positive value among those that occur, the highest 0, as a table by value; and their number."""
    present = np.zeros(int(squares.max()) + 1, dtype=np.bool_)
    _tell_values(squares.reshape(-1), present)
    present[0] = False
    count = int(np.count_nonzero(present))
    return (count - np.cumsum(present, dtype=np.int32)).astype(np.int32), count


@kernel
def _to_levels(squares, ranks, highest, levels):
    for place in range(len(squares)):
        levels[place] = np.uint16(min(ranks[squares[place]], highest))


def rank_levels(squares: NDArray[np.int32], ranks: NDArray[np.int32]) -> NDArray[np.uint16]:
    """The rank of each pixel's value as a level for `watershed.watershed`: the highest pixels come first."""
    levels = np.empty(squares.shape, dtype=np.uint16)
    _to_levels(squares.reshape(-1), ranks, np.int32(HIGHEST_LEVEL), levels.reshape(-1))
    return levels


def outstanding_peaks(
    squares: NDArray[np.int32], ranks: NDArray[np.int32], count: int, least: float, share: float
) -> NDArray[np.int32]:
    """The h-maxima of the height sqrt(squares), h = max(least, share height), each with a number (H, W); 0 elsewhere.

    Parameters
    ----------
    squares : (H, W) int32 array
        0 or above; what is 0 takes no part.
    ranks, count
        What `ranks_of` gives.
    least, share : float
        A peak of height v stands out if every way from it to a peak as high falls below v - h, h = max(least, share v)
        and share < 1; its marker is what is joined to it at v - h or above, or at any height where it is the only one.

    Notes
    -----
    O(N log N) at worst and nearly linear for N pixels, by union-find; 16 bytes a pixel beside the result.
    """
    height, width = squares.shape
    framed = np.zeros((height + 2, width + 2), dtype=np.int32)
    framed[1:-1, 1:-1] = squares
    flat = np.ascontiguousarray(squares).reshape(-1)
    starts = np.zeros(count + 1, dtype=np.int32)
    _count_ranks(flat, ranks, starts)
    order = np.empty(int(starts.sum()), dtype=np.int32)
    _sort(flat, width, ranks, np.cumsum(starts, dtype=np.int32), order)
    parent, markers = np.full(framed.size, -1, dtype=np.int32), np.zeros(framed.shape, dtype=np.int32)
    arguments = order, framed.reshape(-1), width + 2, float(least), float(share)
    _mark_peaks(*arguments, parent, markers.reshape(-1))
    _spread_peaks(*arguments, parent, markers.reshape(-1))
    return markers[1:-1, 1:-1]
