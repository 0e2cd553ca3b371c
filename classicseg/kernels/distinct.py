"""The distinct rows of a table of samples, how often each comes, and which of them each sample is.

A photograph of 8 bits has some ten times more pixels than colours; what is summed over pixels can be summed over
colours with weights, and is the same sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_SLOTS_AT_FIRST = 1 << 13
_GROWTH = 4
_FREE = -1
_LOW_HALF = 0xFFFFFFFF
_FACTOR = 0x5F356495  # odd, 31 bits: a product with 32 bits stays within int64


class Distinct(NamedTuple):
    """Rows (n, D) float32 in order of first appearance, counts (n,) int64, and the row (N,) int32 of each sample."""

    rows: NDArray[np.float32]
    counts: NDArray[np.int64]
    index: NDArray[np.int32]


@kernel
def _hashed(words, i):
    """Thirty-two bits from row i: h <- fold((h xor word) * factor) over its words."""
    state = np.int64(0)
    for d in range(words.shape[1]):
        product = (state ^ np.int64(words[i, d])) * _FACTOR
        state = (product ^ (product >> 32)) & _LOW_HALF
    return state


@kernel
def _number_rows(words, start, found, table, rows, counts, index):
    """Number the rows of `words` from `start` on until all are done or half of the `table` is taken.

    `table` is an open-addressing hash table of row numbers, `found` of them at the start. Returns the first sample
    that has no number yet, and how many rows are found by then.
    """
    samples, depth = words.shape
    last_slot = len(table) - 1
    most = len(table) // 2
    number = np.int64(_FREE)
    for i in range(start, samples):
        same = number >= 0  # neighbours are often equal: no search then
        for d in range(depth):
            same = same and rows[number, d] == words[i, d]
        if not same:
            slot = _hashed(words, i) & last_slot
            while True:
                number = np.int64(table[slot])
                same = number >= 0
                for d in range(depth):
                    same = same and rows[number, d] == words[i, d]
                if same or number < 0:
                    break
                slot = (slot + 1) & last_slot
            if number < 0:
                if found == most:
                    return i, found
                number = found
                table[slot] = number
                for d in range(depth):
                    rows[number, d] = words[i, d]
                found += 1
        counts[number] += 1
        index[i] = number
    return samples, found


@kernel
def _refill(rows, found, table):
    """Put the numbers of the first `found` rows, all distinct, into an empty table."""
    last_slot = len(table) - 1
    for number in range(found):
        slot = _hashed(rows, number) & last_slot
        while table[slot] >= 0:
            slot = (slot + 1) & last_slot
        table[slot] = number


def distinct_rows(samples: NDArray[np.float32]) -> Distinct:
    """The distinct rows of `samples` (N, D), exactly: rows are equal when all their values are, bit for bit.

    Rows come in order of first appearance. Zeros must have no sign (-0.0 and 0.0 would count as two values). O(N D)
    by a hash table that grows with the number of distinct rows; beside the result it takes at most 32 bytes for each.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    words = samples.view(np.uint32)
    # Pages of an array are taken from the machine only when they are written, so that room for the worst case is free.
    rows = np.empty_like(words)
    counts = np.zeros(len(words), dtype=np.int64)
    index = np.empty(len(words), dtype=np.int32)
    table = np.full(_SLOTS_AT_FIRST, _FREE, dtype=np.int32)
    done, found = _number_rows(words, 0, 0, table, rows, counts, index)
    while done < len(words):
        table = np.full(_GROWTH * len(table), _FREE, dtype=np.int32)
        _refill(rows, found, table)
        done, found = _number_rows(words, done, found, table, rows, counts, index)
    return Distinct(rows[:found].view(np.float32), counts[:found], index)
