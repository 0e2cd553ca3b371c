"""Lines of the tables: what each entry reaches on a data set under a score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classicseg.bench.analysis.choices import Choice, choices_of
from classicseg.bench.analysis.figures import FEWER
from classicseg.bench.analysis.members import Tables
from classicseg.bench.analysis.statistics import LEVEL, RESAMPLES, check_resampling, estimate, mean_ranks
from classicseg.bench.results import Results
from classicseg.metrics.families import Averaging


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: an entry under a named score.

    Attributes
    ----------
    entry : str
        The name in the table.
    method : str
        What gave the label maps: a method's name, "predictions" or "callable".
    metric : str
        ``measure.protocol``.
    averaging : {"mean", "pooled"}
        Mean over the pictures for which the score is defined, or the score of their sums.
    value : float
        NaN where it is defined for none.
    low, high : float
        The ends of the 95 % interval (BCa bootstrap over pictures); NaN where there is none.
    pictures, scored, failed : int
        All of them, those with a score, those on which the entry failed.
    seconds : float
        Median of a picture, one thread.
    chosen : str
        How the parameters were chosen: "fixed"; "train" (on other pictures); "ODS" (the best of the family for this
        data set), "OIS" (the best for each picture) or "best" (the best segment of all results for each true region).
    family : int
        From how many results, or sets of parameters, was chosen; 1 where the parameters are fixed.
    oracle : bool
        Whether the score or the choice looks at the truth; oracles are never ranked with others.
    rank : float
        Mean rank over pictures among the rows of this data set and score that are no oracles (1 is best); NaN for
        oracles.
    ranked : int
        Over how many pictures: those for which all of these rows have a score.
    dataset, truth : str
        The data set, and the kind of its truths ("mixed" where they differ).
    foreground : str
        Which predicted label was foreground; "" for scores that do not ask.
    version : str
        Of classicseg.
    parameters : dict
        All parameters of the method; for "OIS" and "best" the scale's value is the word "each picture's own".
    scale : str
        The parameter that the family walks along; "" for others.
    remark : str
        What a reader has to know beside it, such as that parameters were tuned on the pictures that are reported.
    """

    entry: str
    method: str
    metric: str
    averaging: Averaging
    value: float
    low: float
    high: float
    pictures: int
    scored: int
    failed: int
    seconds: float
    chosen: str
    family: int
    oracle: bool
    rank: float
    dataset: str
    truth: str
    foreground: str
    version: str
    parameters: dict[str, Any]
    remark: str = ""
    scale: str = ""
    ranked: int = 0


def rows_of(
    results: Results, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0, tables: Tables | None = None
) -> list[Row]:
    """What each entry reaches on each data set that is reported, under each score, with intervals.

    Parameters
    ----------
    results : Results
    level : float
        Of the intervals, 0 < level < 1.
    resamples : int
        How many; where a score's sums can only be added one by one (average precision, plug-ins), at most 500. 0 for
        no intervals.
    seed : int
        The same seed gives the same rows.
    tables : Tables, optional
        The same results, where they are looked up already.

    Returns
    -------
    list of Row
        For each data set, each score, each entry, in the manifest's order. A single source gives one row, "fixed" or
        "train" (tuned before). A family gives "train", the member that is best on the entry's train data set, if it
        has one; then the oracles: "ODS", the best member for this data set, "OIS", the best for each picture, and for
        ``covering`` "best", the best segment of all members for each true region. Of equal members the first is taken.
        A picture on which one member fails counts as failed.

        Intervals are by BCa bootstrap over the pictures that are reported (`estimate` in
        `classicseg.bench.analysis.statistics`): of a mean over those for which the score is defined, of a pooled score
        over all that have sums. For "ODS" the member is chosen anew in each resample; for "train" it stays, the train
        pictures being given; for "OIS" and "best" each picture brings its own. With fewer than two pictures there is
        none (NaN); where all pictures have one value, both ends are that value.

    Raises
    ------
    ParameterError
        A pooled score is not installed any more, `level` is not within 0..1, or `resamples` is below 0.
    """
    check_resampling(level, resamples)
    tables = Tables(results) if tables is None else tables
    options = {"level": level, "resamples": resamples, "seed": seed}
    return [
        row
        for dataset in tables.reported()
        for metric in tables.metrics(dataset)
        for row in _rows(tables, dataset, metric, options)
    ]


def _rows(tables: Tables, dataset: str, metric: Mapping[str, Any], options: dict[str, Any]) -> list[Row]:
    choices = choices_of(tables, dataset, metric)
    ranks = _ranks(choices, tables.pictures(dataset), metric["best"])
    return [
        _row(tables, dataset, metric, choice, ranks.get(index, (math.nan, 0)), options)
        for index, choice in enumerate(choices)
    ]


def _ranks(choices: Sequence[Choice], pictures: Sequence[str], best: str) -> dict[int, tuple[float, int]]:
    """The mean rank of each choice that is no oracle and has a value, and over how many pictures it is taken."""
    ranked = [index for index, each in enumerate(choices) if not each.oracle and each.scored]
    if not ranked:
        return {}
    found, count = mean_ranks([choices[index].along(pictures) for index in ranked], best)
    return {index: (float(rank), count) for index, rank in zip(ranked, found, strict=True)}


def _row(
    tables: Tables,
    dataset: str,
    metric: Mapping[str, Any],
    choice: Choice,
    rank: tuple[float, int],
    options: dict[str, Any],
) -> Row:
    low, high = _interval(choice, options)
    pictures = len(tables.pictures(dataset))
    return Row(
        entry=choice.entry,
        method=choice.method,
        metric=metric["name"],
        averaging=metric["averaging"],
        value=choice.value,
        low=low,
        high=high,
        pictures=pictures,
        scored=choice.scored,
        failed=pictures - len(choice.taken.pictures),
        seconds=choice.seconds,
        chosen=choice.chosen,
        family=choice.family,
        scale=choice.scale,
        oracle=choice.oracle,
        rank=rank[0],
        ranked=rank[1],
        dataset=dataset,
        truth=tables.dataset(dataset)["kind"] or "mixed",
        foreground=metric["foreground"],
        version=tables.manifest["classicseg"],
        parameters=choice.parameters,
        remark=choice.remark,
    )


def _interval(choice: Choice, options: dict[str, Any]) -> tuple[float, float]:
    if not options["resamples"]:
        return math.nan, math.nan
    figure, pictures, quick = choice.resampled.figure()
    if not pictures:
        return math.nan, math.nan
    count = options["resamples"] if quick else min(options["resamples"], FEWER)
    found = estimate(figure, pictures, **options | {"resamples": count})
    return found.low, found.high
