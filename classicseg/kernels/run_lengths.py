"""Run lengths of all labels of a map at once, down the columns, and COCO's text for them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_MOST_CHARACTERS = 7  # of a number below 2^31 with its sign, at five bits a character


@kernel
def _count_runs(labels, counts):
    """Count for each label of a flat map the runs of pixels one behind the other that have it."""
    before = -1
    for place in range(labels.size):
        label = labels[place]
        if label != before:
            counts[label] += 1
            before = label


@kernel
def _list_runs(labels, ends, starts, stops):
    """Append each run to the list of its label, which ends at ``ends[label]``."""
    start = 0
    for place in range(1, labels.size + 1):
        if place == labels.size or labels[place] != labels[start]:
            end = ends[labels[start]]
            starts[end], stops[end] = start, place
            ends[labels[start]] = end + 1
            start = place


@kernel
def _write_number(number, text, end):
    """Append a number in COCO's way to `text`, and give the new end.

    Five bits a character, the least first; the sixth says that more follow, and the fifth of the last one is the sign.
    """
    more = True
    while more:
        bits = number & 31
        number >>= 5
        more = number != (-1 if bits & 16 else 0)
        text[end] = bits + (32 if more else 0) + 48
        end += 1
    return end


@kernel
def _write_texts(firsts, starts, stops, size, text, ends):
    """Append the text of each label, whose runs are those from ``firsts[label]`` to ``firsts[label + 1]``.

    The numbers are lengths of runs without and with the label in turn, and add up to `size`; from the fourth on,
    what is written is the difference to the number two places before.
    """
    end = np.int64(0)
    for label in range(ends.size):
        gap, length, before = np.int64(0), np.int64(0), np.int64(0)
        for run in range(firsts[label], firsts[label + 1]):
            first = run == firsts[label]
            last_gap, last_length = gap, length
            gap, length = starts[run] - before, stops[run] - starts[run]
            before = stops[run]
            # The third number, which is the second gap, is the last to be written whole.
            whole = run <= firsts[label] + 1
            end = _write_number(gap if whole else gap - last_gap, text, end)
            end = _write_number(length if first else length - last_length, text, end)
        if before < size:
            whole = firsts[label + 1] <= firsts[label] + 1
            end = _write_number(size - before - (np.int64(0) if whole else gap), text, end)
        ends[label] = end


def run_length_texts(labels: NDArray[np.int32]) -> list[str]:
    """COCO's compressed run lengths of each label 0..max of a map, all in one go over it.

    O(N + runs); beside the map turned by columns 16 bytes a run, and the text.
    """
    flat = np.ascontiguousarray(labels.T, dtype=np.int32).reshape(-1)
    counts = np.zeros(int(flat.max()) + 1, dtype=np.int64)
    _count_runs(flat, counts)
    firsts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=firsts[1:])
    starts, stops = np.empty(firsts[-1], dtype=np.int64), np.empty(firsts[-1], dtype=np.int64)
    _list_runs(flat, firsts[:-1].copy(), starts, stops)
    # Pages that no text reaches are never touched.
    text = np.empty(_MOST_CHARACTERS * (2 * len(starts) + len(counts)), dtype=np.uint8)
    ends = np.empty(len(counts), dtype=np.int64)
    _write_texts(firsts, starts, stops, flat.size, text, ends)
    whole = text[: ends[-1]].tobytes().decode("ascii")
    bounds = [0, *ends.tolist()]
    return [whole[start:stop] for start, stop in pairwise(bounds)]
