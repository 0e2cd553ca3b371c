"""The scores of all pictures at all scales, and a data set's figures from them, for many weightings of pictures at once.

A weighting counts how often each picture is taken: ones for the data set itself, counts drawn by chance for a bootstrap
resample, a single zero for a jackknife. Rows of W are weightings; every figure is an array with one number a row. The
best scale is looked for anew in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.hierarchies.pictures import Picture
from benchmarks.hierarchies.work import Arrays

Values = NDArray[np.float64]
Weights = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Family:
    """N pictures at K scales, the same for all: covered pixels and all pixels of the true regions, PRI, VI."""

    names: tuple[str, ...]
    scales: Values  # (K,)
    segments: NDArray[np.int64]  # (N, K)
    covered: Values  # (N, K)
    pixels: Values  # (N,)
    best: Values  # (N,)
    pri: Values  # (N, K)
    vi: Values  # (N, K)

    def everything(self) -> Weights:
        """The data set itself, as one weighting."""
        return np.ones((1, len(self.names)), dtype=np.int64)

    def ods_covering(self) -> float:
        """The pooled covering at the best scale for all pictures."""
        return float(best_at_one_scale(self.covering(self.everything()))[0])

    def covering(self, weights: Weights) -> Values:
        """(R, K): pooled, sum w_n covered_nk / sum w_n pixels_n."""
        return (weights @ self.covered) / (weights @ self.pixels)[:, None]

    def ois_covering(self, weights: Weights) -> Values:
        """(R,): each picture at its own best scale, pooled."""
        return (weights @ self.covered.max(axis=1)) / (weights @ self.pixels)

    def best_covering(self, weights: Weights) -> Values:
        """(R,): each true region by its best segment of any scale, pooled."""
        return (weights @ self.best) / (weights @ self.pixels)


def stacked(pictures: Sequence[Picture], found: Sequence[Arrays]) -> Family:
    """The pictures' arrays together."""
    if any(not np.array_equal(each["scales"], found[0]["scales"]) for each in found):
        raise ValueError("pictures were scored at different scales")

    def together(name: str) -> NDArray[Any]:
        return np.stack([each[name] for each in found])

    names = tuple(picture.name for picture in pictures)
    return Family(names, found[0]["scales"], *map(together, ("segments", "covered", "pixels", "best", "pri", "vi")))


def mean_over_pictures(values: Values, weights: Weights) -> Values:
    """(R, K): weighted means of (N, K) values."""
    return (weights @ values) / weights.sum(axis=1)[:, None]


def mean_of_best(values: Values, weights: Weights, sign: int = 1) -> Values:
    """(R,): each picture at its own best scale; `sign` is -1 where lower is better."""
    return (weights @ (sign * (sign * values).max(axis=1))) / weights.sum(axis=1)


def best_at_one_scale(along: Values, sign: int = 1) -> Values:
    """(R,): the best of the K scales in each row."""
    return sign * (sign * along).max(axis=1)
