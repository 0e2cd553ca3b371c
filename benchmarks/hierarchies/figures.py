"""The figures of a row, each with its interval and with how its scale was chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmarks.hierarchies.numbers import (
    BoundaryFamily,
    Family,
    Values,
    Weights,
)
from benchmarks.hierarchies.resampling import Difference, difference
from classicseg.bench.analysis.figures import best_of, mean_figure, only
from classicseg.bench.analysis.statistics import RESAMPLES, Estimate, estimate, holm
from classicseg.metrics.curves import boundary_summary

Kind = Literal["ours", "peer", "ablation"]
_BEST = {"pri": "higher", "vi": "lower"}
_ENOUGH_FOR_AP = 25  # thresholds: a few scales of a peer span few recalls, and the area beyond them counts as 0


@dataclass(frozen=True)
class Scored:
    """A row with its scores, from whichever program they came."""

    name: str
    kind: Kind
    parameters: dict[str, Any]
    val: Family
    train: Family | None = None
    boundaries: BoundaryFamily | None = None
    seconds: tuple[float, ...] = ()
    note: str = ""
    beside: tuple[str, ...] = ()
    aim: float | None = None


@dataclass(frozen=True)
class Figure:
    """One number of the table. `chosen` says how the scale was: "train", or an oracle's ODS, OIS or best."""

    row: str
    kind: Kind
    metric: str
    averaging: str
    chosen: str
    value: float
    low: float
    high: float
    scale: float
    pictures: int


def figures_of(scored: Scored, count: int = RESAMPLES) -> list[Figure]:
    """All figures of a row on val."""
    found = [*_coverings(scored, count), *_means(scored, count)]
    if scored.boundaries is not None:
        found += _boundaries(scored, scored.boundaries, count)
    return found


def _coverings(scored: Scored, count: int) -> list[Figure]:
    val, train = scored.val, scored.train
    pictures = len(val.names)
    figures = []
    if train is not None:

        def at_chosen(val_weights: Weights, train_weights: Weights) -> Values:
            scale = train.covering(train_weights).argmax(axis=1)
            return np.take_along_axis(val.covering(val_weights), scale[:, None], axis=1)[:, 0]

        scale = float(train.scales[train.covering(train.everything())[0].argmax()])
        found = estimate(at_chosen, pictures, len(train.names), resamples=count)
        figures.append(_figure(scored, "covering", "pooled", "train", found, scale))
    best = float(val.scales[val.covering(val.everything())[0].argmax()])
    ods, ois, every = (
        estimate(figure, pictures, resamples=count)
        for figure in (covering_ods(val), val.ois_covering, val.best_covering)
    )
    figures.append(_figure(scored, "covering", "pooled", "ODS", ods, best))
    figures.append(_figure(scored, "covering", "pooled", "OIS", ois))
    figures.append(_figure(scored, "covering", "pooled", "best", every))
    return figures


def covering_ods(family: Family) -> Callable[[Weights], Values]:
    """The pooled covering at the scale that is best for all pictures of a weighting."""
    return best_of(family.covering, "higher")


def _means(scored: Scored, count: int) -> list[Figure]:
    """Probabilistic Rand index and variation of information, means over the pictures as BSDS500 has them."""
    figures = []
    pictures = len(scored.val.names)
    for metric, best in _BEST.items():
        values = getattr(scored.val, metric)
        along = mean_figure(values)(scored.val.everything())[0]
        scale = float(scored.val.scales[along.argmax() if best == "higher" else along.argmin()])
        own = values.max(axis=1) if best == "higher" else values.min(axis=1)
        ods = estimate(best_of(mean_figure(values), best), pictures, resamples=count)
        ois = estimate(only(mean_figure(own[:, np.newaxis])), pictures, resamples=count)
        figures.append(_figure(scored, metric, "mean", "ODS", ods, scale))
        figures.append(_figure(scored, metric, "mean", "OIS", ois))
    return figures


def _boundaries(scored: Scored, family: BoundaryFamily, count: int) -> list[Figure]:
    summary = boundary_summary(family.counts, family.scales)
    ods, ois = (estimate(figure, len(family.counts), resamples=count) for figure in (family.ods, family.ois))
    figures = [
        _figure(scored, "boundary.f", "pooled", "ODS", ods, summary.ods.threshold),
        _figure(scored, "boundary.f", "pooled", "OIS", ois),
    ]
    if len(family.scales) >= _ENOUGH_FOR_AP:
        figures.append(_figure(scored, "boundary.ap", "pooled", "all", Estimate(summary.ap, math.nan, math.nan)))
    return figures


def _figure(
    scored: Scored, metric: str, averaging: str, chosen: str, found: Estimate, scale: float = math.nan
) -> Figure:
    return Figure(
        scored.name,
        scored.kind,
        metric,
        averaging,
        chosen,
        found.value,
        found.low,
        found.high,
        scale,
        len(scored.val.names),
    )


@dataclass(frozen=True)
class Claim:
    """Covering ODS of one row minus that of another on the same pictures; `corrected` is the p-value after Holm."""

    row: str
    other: str
    found: Difference
    corrected: float

    @property
    def holds(self) -> bool:
        """Whether a difference may be claimed."""
        return self.corrected < 0.05


def claims(pairs: list[tuple[Scored, Scored]], count: int = RESAMPLES) -> list[Claim]:
    """The paired tests of these rows, corrected for their number."""
    found = []
    for one, other in pairs:
        if one.val.names != other.val.names:
            raise ValueError(f"{one.name} and {other.name} were scored on different pictures")
        found.append(difference(covering_ods(one.val), covering_ods(other.val), len(one.val.names), count))
    corrected = holm([each.p for each in found])
    return [
        Claim(one.name, other.name, each, float(p))
        for (one, other), each, p in zip(pairs, found, corrected, strict=True)
    ]
