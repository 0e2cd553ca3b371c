"""Sums that a score is the quotient of: they add up over truths and pictures, so that a score can be pooled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Fractions:
    """Numerators and denominators, one row a class (or a threshold); a score with one quotient has one row.

    Adding two gives the sums of both, row by row of equal key: pooled over a data set, a score is the value of the sum
    of its pictures' fractions, which is not the mean of their values.

    Attributes
    ----------
    keys : (R,) int64 array
        What each row stands for, ascending: a class, a threshold, or 0 where there is one row.
    numerators, denominators : (R,) float64 arrays

    Examples
    --------
    >>> small, large = Fractions.of(1, 2), Fractions.of(9, 10)
    >>> small.value, large.value, round((small + large).value, 4)
    (0.5, 0.9, 0.8333)
    """

    keys: NDArray[np.int64]
    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]

    @classmethod
    def of(cls, numerators: ArrayLike, denominators: ArrayLike, keys: ArrayLike | None = None) -> Fractions:
        """Rows of these numbers; keys are 0, 1, ... where none are given."""
        above = np.atleast_1d(np.asarray(numerators, dtype=np.float64))
        below = np.atleast_1d(np.asarray(denominators, dtype=np.float64))
        return cls(np.arange(len(above)) if keys is None else np.asarray(keys, dtype=np.int64), above, below)

    @property
    def value(self) -> float:
        """The mean quotient of the rows whose denominator is not 0; NaN where there is none."""
        kept = self.denominators != 0
        quotients = self.numerators[kept] / self.denominators[kept]
        return math.fsum(quotients.tolist()) / len(quotients) if len(quotients) else math.nan

    @property
    def quotients(self) -> dict[int, float]:
        """The quotient of each row whose denominator is not 0, by key."""
        rows = zip(self.keys.tolist(), self.numerators.tolist(), self.denominators.tolist(), strict=True)
        return {key: above / below for key, above, below in rows if below}

    def __add__(self, other: Fractions) -> Fractions:
        keys, row_of = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        above = np.concatenate([self.numerators, other.numerators])
        below = np.concatenate([self.denominators, other.denominators])
        return Fractions(
            keys,
            np.bincount(row_of, weights=above, minlength=len(keys)).astype(np.float64),
            np.bincount(row_of, weights=below, minlength=len(keys)).astype(np.float64),
        )
