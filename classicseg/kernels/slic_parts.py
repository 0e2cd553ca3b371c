"""Connected parts of a map of clusters, found as runs along its rows, and the joining of small parts to neighbours."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.components import root_of
from classicseg.parallel import chunks, for_chunks

_PIXELS_AT_ONCE = 1 << 14
_RUNS_AT_ONCE = 1 << 15
_WIDE = 16


class Runs(NamedTuple):
    """Runs of equal labels along the rows of a map, in raster order.

    Attributes
    ----------
    places : (runs + 1,) int32 array
        Where in the flat map each begins; the last number is where the last run ends.
    labels, parts : (runs,) int32 arrays
        The label, and a run before it that it hangs together with, or the run itself.
    above, below : (runs,) int32 arrays
        The first run that touches it in the row above, and the last in the row below; -1 where there is no row.
    colors : (runs, D) float64 array
        Summed over the pixels.
    """

    places: NDArray[np.int32]
    labels: NDArray[np.int32]
    parts: NDArray[np.int32]
    above: NDArray[np.int32]
    below: NDArray[np.int32]
    colors: NDArray[np.float64]


@kernel
def sum_colors(planes, row, sums):
    """sums[d, c] = the sum of plane d over the first c pixels of a row; a run's is the difference of two of them."""
    if len(planes) == 3:
        first, second, third = planes[0, row], planes[1, row], planes[2, row]
        one, two, three = 0.0, 0.0, 0.0
        for column in range(len(first)):
            one += np.float64(first[column])
            two += np.float64(second[column])
            three += np.float64(third[column])
            sums[0, column + 1], sums[1, column + 1], sums[2, column + 1] = one, two, three
        return
    for d in range(len(planes)):
        total = 0.0
        for column in range(planes.shape[2]):
            total += np.float64(planes[d, row, column])
            sums[d, column + 1] = total


@kernel
def cut_row(labels, begins):
    """Write where in a row each run of equal labels begins, and behind them where the last ends; gives their number."""
    begins[0] = 0
    count = 1
    for column in range(1, len(labels)):  # written in any case: there is no branch to be guessed
        begins[count] = column
        count += labels[column] != labels[column - 1]
    begins[count] = len(labels)
    return count


@kernel
def _cut_runs(labels, planes, start, stop, first, runs):
    """Fill in the runs of the rows start..stop, of which the first is run `first`, but for what joins them."""
    depth, _, width = planes.shape
    begins, sums = np.empty(width + 1, dtype=np.int32), np.zeros((depth, width + 1))
    k = first
    for row in range(start, stop):
        count = cut_row(labels[row], begins)
        sum_colors(planes, row, sums)
        for i in range(count):
            runs.places[k] = row * width + begins[i]
            runs.labels[k] = labels[row, begins[i]]
            runs.parts[k] = k
            for d in range(depth):
                runs.colors[k, d] = sums[d, begins[i + 1]] - sums[d, begins[i]]
            k += 1


@kernel
def _join_rows(runs, width, a, b, end):
    """Hang runs b..end on those of the rows above, from run a on, that touch them and have the same label.

    Of two parts the later hangs on to the earlier, so that the root is the first run of all.
    """
    places, labels, parts = runs.places, runs.labels, runs.parts
    runs.above[b] = a
    while b < end:
        if labels[a] == labels[b]:
            if parts[b] == b:
                parts[b] = parts[a]
            elif parts[b] != parts[a]:
                one, two = root_of(parts, np.int64(a)), root_of(parts, np.int64(b))
                parts[max(one, two)] = min(one, two)
        runs.below[a] = b
        upper, lower = places[a + 1], places[b + 1] - width
        a += upper <= lower
        if lower <= upper:
            b += 1
            if b < end:
                runs.above[b] = a


@kernel
def _number_parts(labels, parts):
    """Number the parts 0..n-1 in raster order of their first pixels, -1 where labels are negative; gives n."""
    found = 0
    for k in range(len(parts)):  # what a run hangs on lies before it, and has its final number already
        if labels[k] < 0:
            parts[k] = -1
        elif parts[k] == k:
            parts[k] = found
            found += 1
        else:
            parts[k] = parts[parts[k]]
    return found


@kernel
def _measure_parts(places, parts, colors, width, means):
    """Pixels and mean row, column and colours of each part, from its runs, into `means` (parts, 3 + D), zeros."""
    row = 0
    for k in range(len(parts)):
        row += places[k] >= (row + 1) * width
        if parts[k] < 0:
            continue
        own, size, column = means[parts[k]], places[k + 1] - places[k], places[k] - row * width
        own[0] += size
        own[1] += size * row
        own[2] += size * (2 * column + size - 1) * 0.5
        for d in range(colors.shape[1]):
            own[3 + d] += colors[k, d]
    for i in range(len(means)):
        for d in range(1, means.shape[1]):
            means[i, d] /= means[i, 0]


@kernel
def _list_neighbours(runs, width, small, ends, targets):
    """Append to each small part's list, which ends at `ends`, the parts that touch its runs; some more than once."""
    places, parts = runs.places, runs.parts
    for k in range(len(parts)):
        part = parts[k]
        if part < 0 or not small[part]:
            continue
        end = ends[part]
        row = places[k] // width * width
        if places[k] > row and parts[k - 1] >= 0:
            targets[end] = parts[k - 1]
            end += 1
        if places[k + 1] < row + width and parts[k + 1] >= 0:
            targets[end] = parts[k + 1]
            end += 1
        other = runs.above[k]
        while other >= 0 and places[other] < places[k + 1] - width:
            if parts[other] != part and parts[other] >= 0:
                targets[end] = parts[other]
                end += 1
            other += 1
        other = runs.below[k]
        while other >= 0 and places[other + 1] > places[k] + width:
            if parts[other] != part and parts[other] >= 0:
                targets[end] = parts[other]
                end += 1
            other -= 1
        ends[part] = end


@kernel
def _nearest_neighbour(i, starts, ends, targets, means, into, following):
    """The part that touches part i, or one that has joined it, whose mean colour is nearest; i if none does."""
    best, best_distance = i, np.inf
    own, last = i, np.int32(i)
    while own >= 0:
        for at in range(starts[own], ends[own]):
            other = root_of(into, np.int64(targets[at]))
            targets[at] = other  # the next search through this list begins there
            if (other == i) | (other == last):
                continue
            last = other
            distance = 0.0
            for d in range(3, means.shape[1]):
                difference = means[i, d] - means[other, d]
                distance += difference * difference
            if distance < best_distance or (distance == best_distance and other < best):
                best, best_distance = other, distance
        own = following[own]
    return best


@kernel
def _join_small(starts, ends, targets, smallest, means, into, following):
    """Parts of fewer than `smallest` pixels join, in raster order, their neighbour of nearest colour.

    The neighbours of a small part i are ``targets[starts[i]:ends[i]]``. into[i] is the part that i has joined, or i;
    following[i] the next of those that make one with i, or -1. `means` become those of what was joined.
    """
    for i in range(len(into)):
        if into[i] != i or means[i, 0] >= smallest:
            continue
        best = _nearest_neighbour(i, starts, ends, targets, means, into, following)
        if best == i:
            continue
        into[i] = best
        last = i
        while following[last] >= 0:
            last = following[last]
        following[last] = following[best]
        following[best] = i
        means[best, 0] += means[i, 0]
        share = means[i, 0] / means[best, 0]
        for d in range(1, means.shape[1]):
            means[best, d] += share * (means[i, d] - means[best, d])


@kernel
def _number_joined(into, numbers, kept):
    """Number what parts have become 0..n-1 by their first pixels; `kept` are the parts that hold the means; gives n."""
    found = 0
    for i in range(len(into)):
        root = root_of(into, np.int64(i))
        if numbers[root] < 0:
            numbers[root] = found
            kept[found] = root
            found += 1
        numbers[i] = numbers[root]
    return found


@kernel
def _paint(places, parts, numbers, start, stop, labels):
    """Write the numbers of some runs; `_WIDE` pixels at once, what is beyond a run being written again for the next."""
    limit = places[stop]
    for k in range(start, stop):
        number = numbers[parts[k]] if parts[k] >= 0 else np.int32(-1)
        place, end = places[k], places[k + 1]
        while place < end and place + _WIDE <= limit:
            for some in range(_WIDE):
                labels[np.uint64(place) + np.uint64(some)] = number
            place += _WIDE
        while place < end:
            labels[place] = number
            place += 1


def joined_parts(
    labels: NDArray[np.int32], planes: NDArray[np.float32], smallest: float, threads: int
) -> NDArray[np.float64]:
    """Write into `labels` (H, W) the number of the part that a pixel belongs to, small ones joined.

    Parts are connected pixels of one label, and those of fewer than `smallest` pixels join the neighbour of nearest
    mean colour, in raster order. Numbers are 0..n-1 by the first pixels, and labels below 0 become -1.

    Returns
    -------
    (n, 3 + D) float64 array
        Pixels, and mean row, column and colours of each. O(N).
    """
    width = labels.shape[1]
    runs = _runs(labels, planes, threads)
    count = int(_number_parts(runs.labels, runs.parts))
    means = np.zeros((count, 3 + len(planes)))
    _measure_parts(runs.places, runs.parts, runs.colors, width, means)
    runs = runs._replace(colors=np.empty((0, len(planes))))  # on noise, half of all memory
    into, following = np.arange(count, dtype=np.int32), np.full(count, -1, dtype=np.int32)
    small = means[:, 0] < smallest
    room = np.where(small, 2 * means[:, 0].astype(np.int64) + 2, 0)  # a connected set of s pixels has so many edges
    starts = np.cumsum(room) - room
    ends = starts.copy()
    targets = np.empty(int(room.sum()), dtype=np.int32)
    _list_neighbours(runs, width, small, ends, targets)
    _join_small(starts, ends, targets, float(smallest), means, into, following)
    numbers, kept = np.full(count, -1, dtype=np.int32), np.empty(count, dtype=np.int32)
    found = int(_number_joined(into, numbers, kept))
    flat = labels.reshape(-1)

    def paint(_: int, start: int, stop: int) -> None:
        _paint(runs.places, runs.parts, numbers, start, stop, flat)

    for_chunks(paint, chunks(len(runs.parts), _RUNS_AT_ONCE), threads)
    return means[kept[:found]]


def _runs(labels: NDArray[np.int32], planes: NDArray[np.float32], threads: int) -> Runs:
    """The runs of a map, each hung on to an earlier one that it hangs together with."""
    height, width = labels.shape
    rows = chunks(height, max(1, _PIXELS_AT_ONCE // width))
    changes = [np.count_nonzero(labels[start:stop, 1:] != labels[start:stop, :-1]) for start, stop in rows]
    firsts = np.cumsum([0, *(stop - start + more for (start, stop), more in zip(rows, changes, strict=True))])
    count = int(firsts[-1])
    places, own, parts, above, below = np.empty((5, count + 1), dtype=np.int32)
    places[count], above[:], below[:] = labels.size, -1, -1
    runs = Runs(places, own[:count], parts[:count], above[:count], below[:count], np.empty((count, len(planes))))

    def cut(index: int, start: int, stop: int) -> None:
        _cut_runs(labels, planes, start, stop, int(firsts[index]), runs)

    for_chunks(cut, rows, threads)
    if height > 1:
        second = int(np.searchsorted(places, width))
        _join_rows(runs, width, 0, second, count)
    return runs
