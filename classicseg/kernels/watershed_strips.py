"""The watershed of pictures that no cache holds: the same flood, with little to read for each pixel.

Pixels of one level lie all over the picture, so that in a large one nearly each pixel that the flood comes to is read
from memory, which takes longer than all that is done with it. Three things help. Levels lie in strips of a few columns,
so that a pixel and those around it share a line or two. In place of its level a pixel keeps whether it is open and from
where it was reached, so that the flood reads levels only; labels are spread in one pass at the end. And queues are
lists of places, not chains through the pixels: the processor sees what comes next and asks for it early.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

HIGHEST_LEVEL = (1 << 16) - 6
# In place of a level: reached from below, from the right, the left, or above; a marker, outside the mask, the frame.
_REACHED, _CLOSED = np.uint16(HIGHEST_LEVEL + 1), np.uint16(HIGHEST_LEVEL + 5)
_STRIP = 8  # columns
_CHUNK = 64  # entries of a queue; the last one leads to the next chunk


@kernel
def _left(place, jump):
    return place - (np.int64(1) if place & (_STRIP - 1) else jump)


@kernel
def _right(place, jump):
    return place + (jump if (place + 1) & (_STRIP - 1) == 0 else np.int64(1))


@kernel
def _has_open(levels, place, jump):
    """Whether one of the four neighbours is open; without branches, since no one could foretell them."""
    above, below = levels[place - _STRIP] < _REACHED, levels[place + _STRIP] < _REACHED
    return above | below | (levels[_left(place, jump)] < _REACHED) | (levels[_right(place, jump)] < _REACHED)


@kernel
def _append(place, level, pool, begins, ends, used):
    """Put a place at the end of a level's queue; gives how much of the pool is in use then."""
    last = np.int64(_CHUNK - 1)
    slot = np.int64(ends[level]) + 1
    if slot & last == last:  # the chunk is full, or there is none yet (-2 + 1 looks like that)
        if slot < 0:
            begins[level] = used
        else:
            pool[slot] = used
        slot = used
        used += _CHUNK
    pool[slot] = place
    ends[level] = slot
    return used


@kernel
def _frame_row(levels, markers, inside, level_row, label_row):
    """Levels, or what stands for them, and labels of a row; those of the frame are there already."""
    width, highest = len(levels), np.uint16(HIGHEST_LEVEL)
    target, label_target = level_row[1 : 1 + width], label_row[1 : 1 + width]
    for c in range(width):
        label = markers[c] if inside[c] else np.int32(0)
        label_target[c] = label
        target[c] = min(levels[c], highest) if inside[c] & (label == 0) else _CLOSED


@kernel
def _find_starts(label_row, above, here, below, starts):
    """Markers of a row with an open neighbour, as ones; the rows of levels have a frame."""
    width = len(starts)
    labels, left, right = label_row[1 : 1 + width], here[:width], here[2 : 2 + width]
    over, under = above[1 : 1 + width], below[1 : 1 + width]
    for c in range(width):
        beside = (left[c] < _REACHED) | (right[c] < _REACHED) | (over[c] < _REACHED) | (under[c] < _REACHED)
        starts[c] = np.uint8((labels[c] > 0) & beside)


@kernel
def _into_strips(level_row, label_row, row, flood, labels):
    for strip in range(len(labels)):
        level_target, label_target = flood[strip, row], labels[strip, row]
        from_levels = level_row[strip * _STRIP : (strip + 1) * _STRIP]
        from_labels = label_row[strip * _STRIP : (strip + 1) * _STRIP]
        for c in range(_STRIP):
            level_target[c] = from_levels[c]
            label_target[c] = from_labels[c]


@kernel
def _arrange(levels, markers, mask, flood, labels, level_rows, label_rows, starts, eights, pool, begins, ends):
    """Levels and markers into strips (n, rows, columns), and the markers that have an open neighbour into the queues.

    Gives how much of the pool is in use. `level_rows` and `label_rows` are rings of three framed rows; `eights` are the
    bytes of `starts` eight at a time, so that a stretch without a start is passed over quickly.
    """
    height, width = mask.shape
    used, highest = np.int64(0), np.uint16(HIGHEST_LEVEL)
    for row in range(height + 1):
        ring = row % 3
        if row < height:
            _frame_row(levels[row], markers[row], mask[row], level_rows[ring], label_rows[ring])
            _into_strips(level_rows[ring], label_rows[ring], row + 1, flood, labels)
        else:
            level_rows[ring] = _CLOSED
        done = row - 1
        if done < 0:
            continue
        here, above = level_rows[done % 3], level_rows[(done + 2) % 3]
        _find_starts(label_rows[done % 3], above, here, level_rows[ring], starts[:width])
        for eight in range(len(eights)):
            if eights[eight] == 0:
                continue
            for column in range(8 * eight, 8 * eight + 8):
                if starts[column]:
                    strip = (column + 1) // _STRIP
                    place = (strip * (height + 2) + done + 1) * _STRIP + (column + 1 - strip * _STRIP)
                    level = np.int64(min(levels[done, column], highest))
                    used = _append(place, level, pool, begins, ends, used)
    return used


@kernel
def _flood(levels, jump, pool, begins, ends, used):
    """Reach all open pixels that a marker leads to, each from one neighbour, which is noted in place of its level.

    Each level has a queue. A pixel that leaves its queue reaches its open neighbours (above, left, right, below), which
    come in at their own level or at the present one, whichever is higher. A pixel without an open neighbour need not
    come in: nothing would follow from it later. Pixels of one level lie all over the picture, so that nearly each of
    them is read from memory: what is needed of one are a few lines of the levels, and nothing else.
    """
    last = np.int64(_CHUNK - 1)
    for present in range(len(ends)):
        slot = np.int64(begins[present])
        while slot >= 0:
            source, from_where = np.int64(pool[slot]), _REACHED
            for beside in (source - _STRIP, _left(source, jump), _right(source, jump), source + _STRIP):
                level = levels[beside]
                if level < _REACHED:
                    levels[beside] = from_where
                    if _has_open(levels, beside, jump):
                        used = _append(beside, max(np.int64(level), present), pool, begins, ends, used)
                from_where += np.uint16(1)
            if slot == ends[present]:
                break
            slot += 1
            if slot & last == last:
                slot = np.int64(pool[slot])


@kernel
def _source(reached, place, jump):
    """The neighbour from which a pixel was reached; all four are computed and one is chosen, without branches."""
    way, left, right = reached - _REACHED, _left(place, jump), _right(place, jump)
    beside = right if way == 1 else left
    upright = place + np.int64(_STRIP) if way == 0 else place - np.int64(_STRIP)
    return beside if (way == 1) | (way == 2) else upright


@kernel
def _spread(levels, labels, jump):
    """Give each pixel that was reached the label of the marker that the way back leads to."""
    for place in range(len(levels)):
        if (levels[place] < _REACHED) | (levels[place] == _CLOSED) | (labels[place] != 0):
            continue
        end = np.int64(place)
        while labels[end] == 0:
            end = _source(levels[end], end, jump)
        label, back = labels[end], np.int64(place)
        while labels[back] == 0:
            labels[back] = label
            back = _source(levels[back], back, jump)


@kernel
def _collect(labels, line, result):
    """Out of the strips; `line` holds one framed row."""
    height, width = result.shape
    for row in range(height):
        for strip in range(len(labels)):
            source, target = labels[strip, row + 1], line[strip * _STRIP : (strip + 1) * _STRIP]
            for c in range(_STRIP):
                target[c] = source[c]
        target, inner = result[row], line[1 : 1 + width]
        for c in range(width):
            target[c] = inner[c]


def flood_in_strips(
    levels: NDArray[np.uint16], markers: NDArray[np.int32], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """What `watershed.watershed` gives, for C-contiguous arrays. O(N + levels), 14 bytes a pixel at most."""
    height, width = mask.shape
    strips = -(-(width + 2) // _STRIP), height + 2, _STRIP
    labels = np.zeros(strips, dtype=np.int32)
    flood = np.full(strips, _CLOSED, dtype=np.uint16)
    level_rows = np.full((3, strips[0] * _STRIP), _CLOSED, dtype=np.uint16)
    label_rows = np.zeros((3, strips[0] * _STRIP), dtype=np.int32)
    starts = np.zeros(-(-width // 8) * 8, dtype=np.uint8)
    count = min(int(levels.max()), HIGHEST_LEVEL) + 1
    begins, ends = np.full(count, -1, dtype=np.int32), np.full(count, -2, dtype=np.int32)
    # Each pixel comes in once at most; a level's last chunk may be left almost empty. What is not reached is no memory.
    pool = np.empty((mask.size // (_CHUNK - 1) + 1 + count) * _CHUNK, dtype=np.int32)
    rows = level_rows, label_rows, starts, starts.view(np.uint64)
    used = _arrange(levels, markers, mask, flood, labels, *rows, pool, begins, ends)
    flat = flood.reshape(-1)
    jump = np.int64((height + 1) * _STRIP + 1)  # from the last column of a strip to the first of the next one
    _flood(flat, jump, pool, begins, ends, used)
    del pool
    _spread(flat, labels.reshape(-1), jump)
    result = np.empty(mask.shape, dtype=np.int32)
    _collect(labels, label_rows[0], result)
    return result
