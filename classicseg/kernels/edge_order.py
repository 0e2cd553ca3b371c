"""Edges of a graph by weight: numbers of 64 bits, the weight's above the edge's own, sorted by digits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

WEIGHT = np.uint64(32)  # where the bits of the weight begin
NUMBER = np.uint64((1 << 32) - 1)
_DIGIT = 11  # bits that are sorted at a time


@kernel
def _sort_by_digit(edges, shift, counts, result):
    """Edges in the order of one digit of their bits; equal ones keep theirs."""
    last = np.uint64(len(counts) - 1)
    counts[:] = 0
    for i in range(len(edges)):
        counts[(edges[i] >> shift) & last] += 1
    total = np.int64(0)
    for digit in range(len(counts)):
        total, counts[digit] = total + counts[digit], total
    for i in range(len(edges)):
        digit = (edges[i] >> shift) & last
        result[counts[digit]] = edges[i]
        counts[digit] += 1


def sorted_edges(edges: NDArray[np.uint64], bits: int = 32) -> NDArray[np.uint64]:
    """The edges by weight, those of equal weight as they came; overwrites them. O(E) for weights of so many bits."""
    spare, counts = np.empty_like(edges), np.empty(1 << _DIGIT, dtype=np.int64)
    for shift in range(int(WEIGHT), int(WEIGHT) + bits, _DIGIT):
        _sort_by_digit(edges, np.uint64(shift), counts, spare)
        edges, spare = spare, edges
    return edges
