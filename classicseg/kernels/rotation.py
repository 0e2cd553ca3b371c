"""The class of each row of an embedding under a rotation, and the sums of the rows of each class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

_AT_ONCE = 512
_CHUNK = 1 << 13


@kernel
def _classify(rows, rotation, first, last, classes, sums):
    """classes[p] = the first j with the greatest sum of rotation[i, j] rows[i, p]; sums[j] those of its rows."""
    count = len(rows)
    score = np.empty(_AT_ONCE)
    best = np.empty(_AT_ONCE)
    chosen = np.empty(_AT_ONCE, dtype=np.int64)
    for start in range(first, last, _AT_ONCE):
        size = min(_AT_ONCE, last - start)
        begin = np.uint64(start)
        best[:] = -np.inf
        for j in range(count):
            score[:] = 0.0
            for i in range(count):
                turn = rotation[i, j]
                for p in range(np.uint64(size)):
                    score[p] += turn * rows[np.uint64(i), begin + p]
            for p in range(np.uint64(size)):
                greater = score[p] > best[p]
                chosen[p] = j if greater else chosen[p]
                best[p] = score[p] if greater else best[p]
        for p in range(size):
            classes[start + p] = chosen[p]
            for i in range(count):
                sums[chosen[p], i] += rows[i, start + p]


@kernel
def _nearest(rows, rotation, root, first, last, classes):
    """classes[p] = the first j with the greatest sum of rotation[i, j] rows[i, p]; -1 where root[p] is 0."""
    count = len(rows)
    score = np.empty(_AT_ONCE, dtype=np.float32)
    best = np.empty(_AT_ONCE, dtype=np.float32)
    chosen = np.empty(_AT_ONCE, dtype=np.int32)
    for start in range(first, last, _AT_ONCE):
        size = min(_AT_ONCE, last - start)
        begin = np.uint64(start)
        best[:] = -np.inf
        for j in range(count):
            score[:] = np.float32(0)
            for i in range(count):
                turn = rotation[i, j]
                for p in range(np.uint64(size)):
                    score[p] += turn * rows[np.uint64(i), begin + p]
            number = np.int32(j)
            for p in range(np.uint64(size)):
                greater = score[p] > best[p]
                chosen[p] = number if greater else chosen[p]
                best[p] = score[p] if greater else best[p]
        for p in range(size):
            classes[start + p] = chosen[p] if root[start + p] > 0 else np.int32(-1)


def nearest(
    rows: NDArray[np.float32], rotation: NDArray[np.float64], root: NDArray[np.float32], threads: int
) -> NDArray[np.int32]:
    """The class of each of the rows, given as columns of (k, n), of whatever length; -1 where `root` is 0."""
    classes = np.empty(rows.shape[1], dtype=np.int32)
    turn = np.ascontiguousarray(rotation, dtype=np.float32)
    bounds = chunks(rows.shape[1], _CHUNK)
    for_chunks(lambda _, a, b: _nearest(rows, turn, root, a, b, classes), bounds, threads)
    return classes


@kernel
def _sum_unit_rows(rows, classes, counts, sums):
    """sums[k] = the rows of class k, each brought to length 1 and taken so many times as its count."""
    for i in range(len(rows)):
        largest = 0.0  # taken out first: squares of weak nodes' rows are 0
        for v in range(rows.shape[1]):
            largest = max(largest, abs(rows[i, v]))
        if largest == 0.0:
            continue
        squares = 0.0
        for v in range(rows.shape[1]):
            squares += (rows[i, v] / largest) ** 2
        factor = counts[i] / (largest * np.sqrt(squares))
        for v in range(rows.shape[1]):
            sums[classes[i], v] += factor * rows[i, v]


def sum_unit_rows(
    rows: NDArray[np.float64], classes: NDArray[np.int32], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each class the sum of its rows (n, k), brought to length 1, each so many times as `counts` says: (k, k)."""
    sums = np.zeros((rows.shape[1], rows.shape[1]))
    _sum_unit_rows(np.ascontiguousarray(rows), classes, np.ascontiguousarray(counts, dtype=np.int64), sums)
    return sums


def classify(
    rows: NDArray[np.float64], rotation: NDArray[np.float64], threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The class of each of the rows, given as columns of (k, n), and the sums (k, k) of the rows of each class."""
    bounds = chunks(rows.shape[1], _CHUNK)
    classes = np.empty(rows.shape[1], dtype=np.int32)
    sums = np.zeros((len(bounds), len(rows), len(rows)))
    turn = np.ascontiguousarray(rotation)
    for_chunks(lambda chunk, a, b: _classify(rows, turn, a, b, classes, sums[chunk]), bounds, threads)
    return classes, sums.sum(axis=0)
