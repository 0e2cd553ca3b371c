"""Score a method over a sweep of one parameter: at the value chosen on a training split, and the oracles beside it."""

from __future__ import annotations

import dataclasses
import math
import numbers
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classicseg.base import Segmenter
from classicseg.bench.run import (
    Entry,
    PictureScore,
    Row,
    about,
    compare_sample,
    median_seconds,
    read_or_fail,
    require_averaging,
    require_kinds,
    segment_sample,
)
from classicseg.datasets.base import DataSet, LoadedSample
from classicseg.errors import ImageError, MemoryLimitError, ParameterError, PluginError, guess
from classicseg.metrics import Score, find_score
from classicseg.metrics.families import Averaging, FamilyScores, FamilySummary, choose_scale, family_of, summarise
from classicseg.parameters import declared

if TYPE_CHECKING:
    from classicseg.metrics import Foreground

_FIELDS = {"train": "at_scale", "ODS": "ods", "OIS": "ois", "best": "best"}  # of a summary, by the way of choosing


def run_sweep(
    dataset: DataSet,
    entry: Entry,
    parameter: str,
    values: Sequence[float],
    metric: str,
    *,
    train: DataSet | None = None,
    averaging: Averaging = "mean",
    foreground: Foreground = "nonzero",
    threads: int | None = None,
    advance: Callable[[PictureScore], None] | None = None,
) -> list[Row]:
    """Score a method at several values of one of its parameters, and say what each way of choosing among them gives.

    Parameters
    ----------
    dataset : DataSet
        What is reported.
    entry : Entry
        The method with its other parameters.
    parameter : str
        A numerical parameter of it.
    values : sequence of float
        The values, at least two different ones: the family.
    metric : str
        A score by name.
    train : DataSet, optional
        Other pictures, on which the value is chosen that is reported as "train".
    averaging, foreground, threads, advance
        As for `run_benchmark`; `advance` is called once a picture of either data set with its best score.

    Returns
    -------
    list of Row
        "train" first, if asked for: the honest figure. Then the oracles: "ODS", the best value for this data set,
        "OIS", the best for each picture, and for ``covering`` "best", the best segment of all results for each true
        region. A picture that fails at one value counts as failed.

    Raises
    ------
    ParameterError
        The method has no such parameter, a value is not allowed, or the score cannot be averaged so.

    Examples
    --------
    >>> from classicseg import KMeans
    >>> from classicseg.datasets import open_dataset
    >>> scenes = open_dataset("scenes", kind="classes")
    >>> rows = run_sweep(scenes, Entry("kmeans", KMeans()), "n_clusters", [2, 3, 4], "iou.hungarian")
    >>> [(row.chosen, row.family, row.oracle) for row in rows]
    [('ODS', 3, True), ('OIS', 3, True)]
    """
    score = find_score(metric)
    require_averaging(score, averaging)
    for each in (dataset, *([train] if train is not None else [])):
        require_kinds(score, each)
    steps = _steps(entry.segmenter, parameter, values)
    scale = None
    if train is not None:
        families = [each.scores for each in _sweep(train, entry, steps, score, foreground, threads, advance)]
        scale = choose_scale(families, score.name, averaging=averaging)
    swept = _sweep(dataset, entry, steps, score, foreground, threads, advance)
    families = [each.scores for each in swept]
    found = summarise(families, score.name, averaging=averaging, scale=scale)
    common: dict[str, Any] = {
        **about(entry, score, dataset, averaging, foreground),
        "pictures": len(dataset),
        "failed": len(dataset) - len(families),
        "seconds": median_seconds([seconds for each in swept for seconds in each.seconds]),
        "family": found.family,
    }
    return [
        Row(
            **common | {"parameters": common["parameters"] | {parameter: value}},
            value=reached,
            scored=found.scored[_FIELDS[chosen]],
            chosen=chosen,
            oracle=score.oracle or chosen != "train",
        )
        for chosen, reached, value in _choices(found, parameter, steps)
    ]


def _choices(
    found: FamilySummary, parameter: str, steps: dict[float, Segmenter]
) -> list[tuple[str, float, float | str]]:
    """How was chosen, what that reaches, and the value of the parameter (in words where pictures differ in it)."""
    rows: list[tuple[str, float, float | str]] = []
    if found.scale in steps:
        rows.append(("train", found.at_scale, getattr(steps[found.scale], parameter)))
    rows.append(("ODS", found.ods, getattr(steps[found.ods_scale], parameter)))
    rows.append(("OIS", found.ois, "the best for each picture"))
    if found.metric == "covering":
        rows.append(("best", found.best, "the best for each true region"))
    return rows


@dataclass(frozen=True, eq=False)
class _Swept:
    """What one picture reached at each value, and the seconds of each."""

    scores: FamilyScores
    seconds: list[float]


def _steps(segmenter: Segmenter, parameter: str, values: Sequence[float]) -> dict[float, Segmenter]:
    """The method at each value, ascending."""
    known = declared(segmenter)
    numerical = [name for name, each in known.items() if each.kind in (int, float)]
    if parameter not in numerical:
        raise ParameterError(
            f"{segmenter.name} has no numerical parameter {parameter!r}; it has {', '.join(numerical)}."
            f"{guess(parameter, numerical)}"
        )
    kind = known[parameter].kind
    for value in values:
        number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (kind is int and value != int(value)):
            what = "whole number" if kind is int else "finite number"
            raise ParameterError(f"{parameter}={value!r} is not allowed in a sweep; each value is a {what}. Mend it.")
    distinct = sorted(set(values))
    if len(distinct) < 2:
        raise ParameterError(f"a sweep takes two values of {parameter} or more; {len(distinct)} came. Give others too.")
    return {float(value): dataclasses.replace(segmenter, **{parameter: kind(value)}) for value in distinct}


def _sweep(
    dataset: DataSet,
    entry: Entry,
    steps: dict[float, Segmenter],
    score: Score,
    foreground: Foreground,
    threads: int | None,
    advance: Callable[[PictureScore], None] | None,
) -> list[_Swept]:
    """Every picture that can be read and segmented at all values."""
    swept = []
    for sample in dataset:
        loaded = read_or_fail(sample)
        try:
            if isinstance(loaded, str):
                raise ImageError(loaded)
            swept.append(_sweep_picture(loaded, dataset, steps, score, foreground, threads))
            told = PictureScore(
                method=entry.name,
                picture=sample.name,
                score=summarise([swept[-1].scores], score.name).ods,
                seconds=sum(swept[-1].seconds),
            )
        except (ImageError, MemoryLimitError, PluginError) as error:
            told = PictureScore(method=entry.name, picture=sample.name, score=math.nan, error=str(error))
        if advance is not None:
            advance(told)
    if not swept:
        raise ImageError(f"no picture of {dataset.name} could be segmented; see the errors of the single pictures.")
    return swept


def _sweep_picture(
    sample: LoadedSample,
    dataset: DataSet,
    steps: dict[float, Segmenter],
    score: Score,
    foreground: Foreground,
    threads: int | None,
) -> _Swept:
    comparisons, seconds = [], []
    for segmenter in steps.values():
        started = time.perf_counter()
        result = segment_sample(sample, segmenter, dataset, threads)
        seconds.append(time.perf_counter() - started)
        comparisons.append(compare_sample(sample, result, foreground))
    return _Swept(family_of(comparisons, [score], np.array(list(steps))), seconds)
