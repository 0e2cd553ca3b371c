"""Run methods over a data set and score what they give."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classicseg.base import Segmenter
from classicseg.datasets.base import DataSet, LoadedSample, Sample
from classicseg.errors import ImageError, MemoryLimitError, ParameterError, PluginError
from classicseg.metrics.named import Score, find_score, mean_score, score

if TYPE_CHECKING:
    from classicseg.metrics.overlap import Foreground


@dataclass(frozen=True)
class Entry:
    """A method under the name by which it stands in the table."""

    name: str
    segmenter: Segmenter


@dataclass(frozen=True, kw_only=True)
class PictureScore:
    """What one method reached on one picture: the mean over its truths; NaN with an `error` where it failed."""

    method: str
    picture: str
    score: float
    labels: int = 0
    seconds: float = math.nan
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: a method under a named score.

    Attributes
    ----------
    method : str
        The name in the table.
    metric : str
        ``measure.protocol``.
    averaging : str
        "mean": over the pictures for which the score is defined.
    value : float
        NaN where it is defined for none.
    pictures, scored, failed : int
        All of them, those with a score, those on which the method failed.
    seconds : float
        Median of a picture.
    chosen : str
        How the parameters were chosen: "fixed" here.
    oracle : bool
        Whether the score looks at the truth; oracles are never ranked with others.
    dataset, truth : str
        The data set, and the kind of its truths ("mixed" where they differ).
    foreground : str
        Which predicted label was foreground; "" for scores that do not ask.
    version : str
        Of classicseg.
    parameters : dict
        All parameters of the method.
    """

    method: str
    metric: str
    averaging: str
    value: float
    pictures: int
    scored: int
    failed: int
    seconds: float
    chosen: str
    oracle: bool
    dataset: str
    truth: str
    foreground: str
    version: str
    parameters: dict[str, Any]


def run_benchmark(
    dataset: DataSet,
    entries: Sequence[Entry],
    metric: str,
    *,
    foreground: Foreground = "nonzero",
    threads: int | None = None,
    advance: Callable[[PictureScore], None] | None = None,
) -> list[Row]:
    """Score every method on every picture of a data set, with fixed parameters.

    Parameters
    ----------
    dataset : DataSet
    entries : sequence of Entry
    metric : str
        A score by name; `classicseg.metrics.scores` lists them.
    foreground : {"nonzero", "bright", "dark"} or int
        For ``iou.foreground``: which predicted label is foreground.
    threads : int, optional
        Threads of each run.
    advance : callable, optional
        Called with each `PictureScore` as soon as it is there.

    Returns
    -------
    list of Row
        One a method, in the order given. A picture that cannot be read or segmented counts as failed and the run
        goes on.

    Examples
    --------
    >>> from classicseg import Threshold
    >>> from classicseg.datasets import open_dataset
    >>> scenes = open_dataset("scenes", kind="classes")
    >>> row, = run_benchmark(scenes, [Entry("otsu", Threshold())], "iou.hungarian")
    >>> row.metric, row.averaging, row.pictures == len(scenes)
    ('iou.hungarian', 'mean', True)
    """
    found: dict[str, list[PictureScore]] = {entry.name: [] for entry in entries}
    if len(found) < len(entries):
        names = ", ".join(entry.name for entry in entries)
        raise ParameterError(f"two methods have one name ({names}). Give each entry a name of its own.")
    chosen = find_score(metric)
    for result in _score_pictures(dataset, entries, metric, foreground, threads):
        found[result.method].append(result)
        if advance is not None:
            advance(result)
    return [_row(entry, chosen, found[entry.name], dataset, foreground) for entry in entries]


def _score_pictures(
    dataset: DataSet, entries: Sequence[Entry], metric: str, foreground: Foreground, threads: int | None
) -> Iterator[PictureScore]:
    """Picture by picture, so that each is read once; methods in the order given."""
    for sample in dataset:
        try:
            loaded = sample.read()
        except (ImageError, MemoryLimitError, OSError) as error:
            for entry in entries:
                yield _failure(entry, sample, error)
            continue
        for entry in entries:
            try:
                yield _score_picture(loaded, entry, dataset, metric, foreground, threads)
            except (ImageError, MemoryLimitError, PluginError) as error:
                yield _failure(entry, sample, error)


def _score_picture(
    sample: LoadedSample, entry: Entry, dataset: DataSet, metric: str, foreground: Foreground, threads: int | None
) -> PictureScore:
    picture = sample.image
    started = time.perf_counter()
    result = entry.segmenter.run(
        picture.array, mask=picture.mask, color=picture.color, data_range=dataset.data_range, threads=threads
    )
    seconds = time.perf_counter() - started
    values = [
        score(result.labels, truth, metric, kind=sample.kind, foreground=foreground, mask=result.mask, void=sample.void)
        for truth in sample.truths
    ]
    return PictureScore(
        method=entry.name, picture=sample.name, score=mean_score(values)[0], labels=result.n_labels, seconds=seconds
    )


def _failure(entry: Entry, sample: Sample, error: Exception) -> PictureScore:
    return PictureScore(method=entry.name, picture=sample.name, score=math.nan, error=str(error))


def _row(entry: Entry, metric: Score, results: list[PictureScore], dataset: DataSet, foreground: Foreground) -> Row:
    import classicseg

    value, scored = mean_score(result.score for result in results)
    seconds = sorted(result.seconds for result in results if not result.error)
    return Row(
        method=entry.name,
        metric=metric.name,
        averaging="mean",
        value=value,
        pictures=len(results),
        scored=scored,
        failed=sum(bool(result.error) for result in results),
        seconds=seconds[len(seconds) // 2] if seconds else math.nan,
        chosen="fixed",
        oracle=metric.oracle,
        dataset=dataset.name,
        truth=dataset.kind or "mixed",
        foreground=str(foreground) if "foreground" in metric.options else "",
        version=classicseg.__version__,
        parameters=entry.segmenter.get_params(),
    )
