"""The scores of all pictures at all scales, and a data set's figures from them for many weightings of pictures.

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
from classicseg.bench.analysis.statistics import Values, Weights


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
        return np.ones((1, len(self.names)))

    def ods_covering(self) -> float:
        """The pooled covering at the best scale for all pictures."""
        return float(self.covering(self.everything()).max())

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


# ---- boundaries ----

_STEPS = 100  # points between two neighbouring thresholds, both included, as in `classicseg.metrics.curves`


@dataclass(frozen=True, eq=False)
class BoundaryFamily:
    """Boundary counts of N pictures at K thresholds: recall hits and total, precision hits and total."""

    scales: Values  # (K,)
    counts: NDArray[np.int64]  # (N, K, 4)

    def ods(self, weights: Weights) -> Values:
        """(R,): the greatest F of pooled counts, interpolated between neighbouring thresholds."""
        precision, recall = _rates(np.tensordot(weights, self.counts, axes=1))
        best = _f(precision, recall).max(axis=1)
        for step in np.arange(1, _STEPS - 1) / (_STEPS - 1):
            between = [rate[:, 1:] * step + rate[:, :-1] * (1 - step) for rate in (precision, recall)]
            best = np.maximum(best, _f(*between).max(axis=1, initial=0.0))
        return best

    def ois(self, weights: Weights) -> Values:
        """(R,): each picture at its own best threshold, counts pooled."""
        own = _f(*_rates(self.counts)).argmax(axis=1)
        return _f(*_rates(weights @ self.counts[np.arange(len(own)), own]))


def boundaries_stacked(found: Sequence[Arrays]) -> BoundaryFamily:
    """The pictures' counts together."""
    return BoundaryFamily(found[0]["scales"], np.stack([each["counts"] for each in found]))


def _rates(counts: NDArray[np.int64]) -> tuple[Values, Values]:
    recall_hits, recall_total, precision_hits, precision_total = np.moveaxis(counts, -1, 0)
    return precision_hits / np.maximum(precision_total, 1), recall_hits / np.maximum(recall_total, 1)


def _f(precision: Values, recall: Values) -> Values:
    together = precision + recall
    return 2 * precision * recall / (together + (together == 0))
