"""Paired comparisons of the rows of a table, picture by picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from classicseg.bench.analysis.choices import Choice, choices_of
from classicseg.bench.analysis.figures import mean_figure, only
from classicseg.bench.analysis.members import Tables
from classicseg.bench.analysis.statistics import LEVEL, RESAMPLES, check_resampling, estimate, holm, signed_rank
from classicseg.bench.results import Results
from classicseg.errors import ParameterError, guess

CLAIMED_BELOW = 0.05


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two entries on the pictures for which both have a score.

    Attributes
    ----------
    dataset, metric, averaging : str
    one, other : str
        The names of the entries.
    value : float
        The mean over these pictures of one's score minus the other's; of a pooled score too, which is taken picture by
        picture for this. NaN where they have no picture in common.
    low, high : float
        The ends of its interval (BCa bootstrap over pictures).
    p : float
        Of Wilcoxon's signed-rank test, two-sided.
    corrected : float
        The same after Holm's correction for all comparisons of this data set and score.
    pictures : int
        How many these are.
    better : str
        The name of the one that is better, where a difference may be claimed: the corrected p is below .05 and the
        interval leaves out 0; "" otherwise.
    """

    dataset: str
    metric: str
    averaging: str
    one: str
    other: str
    value: float
    low: float
    high: float
    p: float
    corrected: float
    pictures: int
    better: str


def compare_all(
    results: Results,
    *,
    against: str | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
    tables: Tables | None = None,
) -> list[Comparison]:
    """Compare rows that are no oracles, two at a time, on the pictures that both have.

    Parameters
    ----------
    results : Results
    against : str, optional
        The name of an entry: all others are compared with it, and with nothing else; all pairs by default. The more
        comparisons, the harder Holm's correction.
    level, resamples, seed, tables
        As for `classicseg.bench.analysis.rows.rows_of`.

    Returns
    -------
    list of Comparison
        For each data set that is reported and each score, in the manifest's order. None where fewer than two rows are
        no oracles, or where `against` is none of them.

    Raises
    ------
    ParameterError
        No data set that is reported has the entry `against`.
    """
    check_resampling(level, resamples)
    tables = Tables(results) if tables is None else tables
    names = dict.fromkeys(each["name"] for dataset in tables.reported() for each in tables.entries(dataset))
    if against is not None and against not in names:
        raise ParameterError(
            f"these results have no entry {against!r} to compare with; they have {', '.join(names)}."
            f"{guess(against, names)}"
        )
    options = {"level": level, "resamples": resamples, "seed": seed}
    return [
        found
        for dataset in tables.reported()
        for metric in tables.metrics(dataset)
        for found in _compare(tables, dataset, metric, against, options)
    ]


def _compare(
    tables: Tables, dataset: str, metric: Mapping[str, Any], against: str | None, options: dict[str, Any]
) -> list[Comparison]:
    honest = {each.entry: each for each in choices_of(tables, dataset, metric) if not each.oracle}
    if against is None:
        pairs = list(combinations(honest, 2))
    else:
        pairs = [(name, against) for name in honest if name != against and against in honest]
    pictures = tables.pictures(dataset)
    found = [_compared(dataset, metric, honest[one], honest[other], pictures, options) for one, other in pairs]
    return _corrected(found, metric["best"])


def _compared(
    dataset: str,
    metric: Mapping[str, Any],
    one: Choice,
    other: Choice,
    pictures: Sequence[str],
    options: dict[str, Any],
) -> Comparison:
    differences = one.along(pictures) - other.along(pictures)
    differences = differences[~np.isnan(differences)]
    value = low = high = math.nan
    if len(differences):
        mean = estimate(only(mean_figure(differences[:, np.newaxis])), len(differences), **options)
        value, low, high = mean.value, mean.low, mean.high
    p = signed_rank(differences)
    return Comparison(
        dataset=dataset,
        metric=metric["name"],
        averaging=metric["averaging"],
        one=one.entry,
        other=other.entry,
        value=value,
        low=low,
        high=high,
        p=p,
        corrected=p,
        pictures=len(differences),
        better="",
    )


def _corrected(found: Sequence[Comparison], best: str) -> list[Comparison]:
    """With Holm's correction, and who is better."""
    corrected = holm([each.p for each in found])
    return [
        replace(each, corrected=float(p), better=_better(each, best) if p < CLAIMED_BELOW else "")
        for each, p in zip(found, corrected, strict=True)
    ]


def _better(found: Comparison, best: str) -> str:
    if not (found.low > 0 or found.high < 0):
        return ""
    return found.one if (found.value > 0) == (best == "higher") else found.other
