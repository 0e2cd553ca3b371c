"""Variances and covariances in whole numbers: the same to the last digit, in whatever order samples come."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1 << 10  # products of two values and of one digit of a count stay below 2^52: this many have room in int64
_DIGIT = 12  # bits of a count that are summed at a time
_LARGEST = 1 << 20


def total_variance(samples: NDArray[np.float32], counts: NDArray[np.int64] | None, unit: float) -> float:
    """The sum of the variances of the columns of `samples` (n, D), each of which comes `counts` (n,) times, or once.

    Values are rounded to multiples of `unit`, and are below 2^20 of them.
    """
    columns = _whole(samples, unit)
    total, weights = _total(len(samples), counts), list(_digits(counts))
    return sum(_moment(column, column, weights, total) for column in columns) * unit**2


def covariance(samples: NDArray[np.float32], counts: NDArray[np.int64] | None, unit: float) -> NDArray[np.float64]:
    """The covariances (D, D) of the columns of `samples` (n, D); see `total_variance`."""
    columns = _whole(samples, unit)
    total, weights = _total(len(samples), counts), list(_digits(counts))
    found = np.empty((len(columns), len(columns)))
    for i, one in enumerate(columns):
        for j, other in enumerate(columns[: i + 1]):
            found[i, j] = found[j, i] = _moment(one, other, weights, total) * unit**2
    return found


def _whole(samples: NDArray[np.float32], unit: float) -> list[NDArray[np.int64]]:
    columns = [np.rint(column / np.float64(unit)).astype(np.int64) for column in samples.T]
    assert all(np.abs(column).max(initial=0) <= _LARGEST for column in columns)
    return columns


def _total(samples: int, counts: NDArray[np.int64] | None) -> int:
    return samples if counts is None else int(counts.sum())


def _digits(counts: NDArray[np.int64] | None) -> Iterator[tuple[int, NDArray[np.int64] | None]]:
    """What the counts are made of, digit by digit, with the worth of each; counts of one have the digit None."""
    if counts is None:
        yield 1, None
        return
    worth, left = 1, counts
    while left.any():
        yield worth, left & ((1 << _DIGIT) - 1)
        worth, left = worth << _DIGIT, left >> _DIGIT


def _moment(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    weights: list[tuple[int, NDArray[np.int64] | None]],
    total: int,
) -> float:
    """The mean of the products less the product of the means: one division of whole numbers, correctly rounded."""
    top = total * _sum(one * other, weights) - _sum(one, weights) * _sum(other, weights)
    return top / total**2


def _sum(values: NDArray[np.int64], weights: list[tuple[int, NDArray[np.int64] | None]]) -> int:
    starts = np.arange(0, len(values), _AT_ONCE)
    found = 0
    for worth, digits in weights:
        parts = np.add.reduceat(values if digits is None else values * digits, starts)
        found += worth * sum(parts.tolist())
    return found
