"""The distinct rows of a table of samples, how often each comes, and which of them each sample is.

A photograph of 8 bits has several times more pixels than colours; what is summed over pixels can be summed over
colours with weights, and is the same sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_SLOTS_AT_FIRST = 1 << 13
_GROWTH = 4
_BLOCK = 256
_FREE = -1
_LOW_HALF = 0xFFFFFFFF
_FACTOR = 0x5F356495  # odd, 31 bits: a product with 32 bits stays within int64


class Distinct(NamedTuple):
    """Rows (n, D) float32 in order of first appearance, counts (n,) int64, and the row (N,) int32 of each sample."""

    rows: NDArray[np.float32]
    counts: NDArray[np.int64]
    index: NDArray[np.int32]  # type: ignore[assignment]  # nobody looks for a value in this tuple by its `index`


@kernel
def _hash(words, first, stop, hashes):
    """Thirty-two bits from each row, h <- fold((h xor word) * factor) over its words; vectorises over the rows."""
    for j in range(stop - first):
        hashes[j] = 0
    for d in range(words.shape[1]):
        for j in range(stop - first):
            product = (hashes[j] ^ np.int64(words[first + j, d])) * _FACTOR
            hashes[j] = (product ^ (product >> 32)) & _LOW_HALF


@kernel
def _number_rows(words, start, found, table, rows, counts, index):
    """Number the rows of `words` from `start` on until all are done or half of the `table` may be taken.

    `table` is an open-addressing hash table of row numbers, `found` of them at the start. Returns the first sample
    that has no number yet, and how many rows are found by then.
    """
    samples, depth = words.shape
    last_slot = len(table) - 1
    hashes = np.empty(_BLOCK, np.int64)
    entries = np.empty(_BLOCK, np.int64)
    for first in range(start, samples, _BLOCK):
        stop = min(first + _BLOCK, samples)
        if 2 * (found + stop - first) > len(table):
            return first, found
        _hash(words, first, stop, hashes)
        for j in range(stop - first):  # these reads depend on nothing, so that many cache misses are under way at once
            entries[j] = table[hashes[j] & last_slot]
        for i in range(first, stop):
            slot = hashes[i - first] & last_slot
            number = entries[i - first]
            if number < 0:  # free at the start of the block
                number = np.int64(table[slot])
            while number >= 0:
                same = True
                for d in range(depth):
                    same = same and rows[number, d] == words[i, d]
                if same:
                    break
                slot = (slot + 1) & last_slot
                number = np.int64(table[slot])
            if number < 0:
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
    hashes = np.empty(_BLOCK, np.int64)
    for first in range(0, found, _BLOCK):
        stop = min(first + _BLOCK, found)
        _hash(rows, first, stop, hashes)
        for number in range(first, stop):
            slot = hashes[number - first] & last_slot
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
    rows = np.empty(words.shape, dtype=np.uint32)
    counts = np.zeros(len(words), dtype=np.int64)
    index = np.empty(len(words), dtype=np.int32)
    table = np.full(_SLOTS_AT_FIRST, _FREE, dtype=np.int32)
    done, found = _number_rows(words, 0, 0, table, rows, counts, index)
    while done < len(words):
        table = np.full(_GROWTH * len(table), _FREE, dtype=np.int32)
        _refill(rows, found, table)
        done, found = _number_rows(words, done, found, table, rows, counts, index)
    return Distinct(rows[:found].view(np.float32), counts[:found], index)
