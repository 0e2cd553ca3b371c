"""The distinct rows of a table of samples, how often each comes, and which of them each sample is.

A photograph of 8 bits has several times more pixels than colours; what is summed over pixels can be summed over
colours with weights, and is the same sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_FEWEST_SLOTS, _MOST_SLOTS_AT_FIRST = 1 << 9, 1 << 17
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
    depth = words.shape[1]
    if depth == 3:  # apart, since a stride that the compiler knows spares it to gather the words one by one
        flat = words[first:stop].reshape(3 * (stop - first))
        for j in range(stop - first):
            hashes[j] = _mixed(_mixed(_mixed(np.uint32(0), flat[3 * j]), flat[3 * j + 1]), flat[3 * j + 2])
        return
    for j in range(stop - first):
        hashes[j] = 0
    for d in range(depth):
        for j in range(stop - first):
            hashes[j] = _mixed(hashes[j], words[first + j, d])


@kernel
def _mixed(code, word):
    product = np.uint64(code ^ word) * np.uint64(_FACTOR)
    return np.uint32((product ^ (product >> np.uint64(32))) & np.uint64(_LOW_HALF))


@kernel
def _number_rows(words, start, found, table, rows, index):
    """Number the rows of `words` from `start` on until all are done or half of the `table` may be taken.

    `table` is an open-addressing hash table of row numbers, `found` of them at the start. Returns the first sample
    that has no number yet, and how many rows are found by then.

    Each sample is written to the place of the next new row, and the number that a free slot stands for is the next new
    one. So the row that a slot names is compared with the sample whether it is new or not: the one branch that has to
    be foreseen is whether another row has taken the slot.
    """
    samples, depth = words.shape
    last_slot = np.uint32(len(table) - 1)
    hashes = np.empty(_BLOCK, np.uint32)
    flat_words, flat_rows = words.reshape(samples * depth), rows.reshape(len(rows) * depth)
    for first in range(start, samples, _BLOCK):
        stop = min(first + _BLOCK, samples)
        if 2 * (found + stop - first) > len(table):
            return first, found
        _hash(words, first, stop, hashes)
        for i in range(first, stop):
            slot = hashes[i - first] & last_slot
            new = np.uint64(found)
            number = min(np.uint64(np.uint32(table[slot])), new)  # a free slot holds the greatest of all numbers
            if depth == 3:  # apart, since strides that the compiler knows spare it half of the instructions
                word, of_new, row = np.uint64(3 * i), np.uint64(3) * new, np.uint64(3) * number
                x, y, z = flat_words[word], flat_words[word + np.uint64(1)], flat_words[word + np.uint64(2)]
                flat_rows[of_new], flat_rows[of_new + np.uint64(1)], flat_rows[of_new + np.uint64(2)] = x, y, z
                differing = (flat_rows[row] ^ x) | (flat_rows[row + np.uint64(1)] ^ y)
                differing |= flat_rows[row + np.uint64(2)] ^ z
            elif depth == 1:
                flat_rows[new] = flat_words[np.uint64(i)]
                differing = flat_rows[number] ^ flat_words[np.uint64(i)]
            else:
                differing = np.uint32(0)
                for d in range(depth):
                    rows[new, d] = words[i, d]
                    differing |= rows[number, d] ^ words[i, d]
            while differing:
                slot = (slot + np.uint32(1)) & last_slot
                number = min(np.uint64(np.uint32(table[slot])), new)
                differing = np.uint32(0)
                for d in range(depth):
                    differing |= rows[number, d] ^ words[i, d]
            table[slot] = number
            index[i] = number
            found += number == new
    return samples, found


@kernel
def _count(index, counts):
    for i in range(len(index)):
        counts[index[i]] += 1


@kernel
def _look_up(values, index, found):
    """found[i] = values[index[i]], for indices that are known to be good."""
    for i in range(len(index)):
        found[i] = values[np.uint32(index[i])]


@kernel
def _refill(rows, found, table):
    """Put the numbers of the first `found` rows, all distinct, into an empty table."""
    last_slot = np.int64(len(table) - 1)
    hashes = np.empty(_BLOCK, np.uint32)
    for first in range(0, found, _BLOCK):
        stop = min(first + _BLOCK, found)
        _hash(rows, first, stop, hashes)
        for number in range(first, stop):
            slot = np.int64(hashes[number - first]) & last_slot
            while table[slot] >= 0:
                slot = (slot + 1) & last_slot
            table[slot] = number


class _Numbering:
    """The distinct rows of the samples met so far."""

    def __init__(self, most: int, depth: int) -> None:
        # Pages of an array are taken from the machine only when they are written: room for the worst case is free.
        self.rows = np.empty((most + 1, depth), dtype=np.uint32)
        self.found = 0
        slots = 1 << most.bit_length()  # enough where half of the samples are distinct
        self.table = np.full(min(max(slots, _FEWEST_SLOTS), _MOST_SLOTS_AT_FIRST), _FREE, dtype=np.int32)

    def number(self, words: NDArray[np.uint32], index: NDArray[np.int32]) -> None:
        """Write the number of each row of `words` to `index`; rows that are new get the next numbers."""
        done = 0
        while done < len(words):
            done, self.found = _number_rows(words, done, self.found, self.table, self.rows, index)
            if done < len(words):
                self.table = np.full(_GROWTH * len(self.table), _FREE, dtype=np.int32)
                _refill(self.rows, self.found, self.table)


def distinct_rows(samples: NDArray[np.float32], out: NDArray[np.int32] | None = None) -> Distinct:
    """The distinct rows of `samples` (N, D), exactly: rows are equal when all their values are, bit for bit.

    Rows come in order of first appearance. Zeros must have no sign (-0.0 and 0.0 would count as two values).
    The index goes to `out` if any. O(N D) by a hash table that grows with the number of distinct rows; beside the
    result it takes at most 32 bytes for each.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    words = samples.view(np.uint32)
    index = np.empty(len(words), dtype=np.int32) if out is None else out
    numbering = _Numbering(len(words), words.shape[1])
    numbering.number(words, index)
    counts = np.zeros(numbering.found, dtype=np.int64)
    _count(index, counts)
    return Distinct(numbering.rows[: numbering.found].view(np.float32), counts, index)


def look_up_all(
    values: NDArray[np.int32], index: NDArray[np.int32], out: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """``values[index]`` for the `index` of `distinct_rows`, without NumPy's tests of every entry; into `out` if any."""
    found = np.empty_like(index) if out is None else out
    _look_up(values, index, found)
    return found
