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
from classicseg.metrics import Score, find_score, mean_score
from classicseg.metrics.comparison import Comparison, compare
from classicseg.metrics.families import Averaging, put_together

if TYPE_CHECKING:
    from classicseg.base import Segmentation
    from classicseg.metrics import Foreground


@dataclass(frozen=True)
class Entry:
    """A method under the name by which it stands in the table."""

    name: str
    segmenter: Segmenter


@dataclass(frozen=True, kw_only=True)
class PictureScore:
    """What one method reached on one picture with all its truths; NaN with an `error` where it failed.

    `sums` is what the score is made of, where it can be pooled.
    """

    method: str
    picture: str
    score: float
    labels: int = 0
    seconds: float = math.nan
    error: str = ""
    sums: Any = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: a method under a named score.

    Attributes
    ----------
    method : str
        The name in the table.
    metric : str
        ``measure.protocol``.
    averaging : {"mean", "pooled"}
        Mean over the pictures for which the score is defined, or the score of their sums.
    value : float
        NaN where it is defined for none.
    pictures, scored, failed : int
        All of them, those with a score, those on which the method failed.
    seconds : float
        Median of a picture.
    chosen : str
        How the parameters were chosen: "fixed"; for a family of results "train" (on a training split), "ODS" (the best
        for the data set), "OIS" (the best for each picture) or "best" (the best segment for each true region).
    family : int
        From how many results a picture was chosen; 1 where the parameters are fixed.
    oracle : bool
        Whether the score or the choice looks at the truth; oracles are never ranked with others.
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
    family: int
    oracle: bool
    dataset: str
    truth: str
    foreground: str
    version: str
    parameters: dict[str, Any]


def run_benchmark(
    dataset: DataSet,
    entries: Sequence[Entry],
    metric: str | Score,
    *,
    averaging: Averaging = "mean",
    foreground: Foreground = "nonzero",
    threads: int | None = None,
    advance: Callable[[PictureScore], None] | None = None,
) -> list[Row]:
    """Score every method on every picture of a data set, with fixed parameters.

    Parameters
    ----------
    dataset : DataSet
    entries : sequence of Entry
    metric : str or Score
        A score by name; `classicseg.metrics.scores` lists them.
    averaging : {"mean", "pooled"}
        Mean over the pictures, each counting the same; or the score of the sums over all pictures and truths, as mIoU
        and boundary F are usually reported.
    foreground : {"nonzero", "bright", "dark"} or int
        For scores of the foreground: which predicted label is foreground.
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
    require_averaging(chosen, averaging)
    require_kinds(chosen, dataset)
    for result in _score_pictures(dataset, entries, chosen, foreground, threads):
        found[result.method].append(result)
        if advance is not None:
            advance(result)
    return [_row(entry, chosen, found[entry.name], dataset, averaging, foreground) for entry in entries]


def require_averaging(score: Score, averaging: Averaging) -> None:
    """Raise `ParameterError` where a score cannot be averaged so; before the first picture is segmented."""
    if averaging not in ("mean", "pooled"):
        raise ParameterError(f"averaging={averaging!r} is not allowed; it is 'mean' or 'pooled'.")
    if averaging == "pooled" and not score.pools:
        raise ParameterError(f"{score.name} cannot be pooled over pictures. Take averaging='mean'.")


def require_kinds(score: Score, dataset: DataSet) -> None:
    """Raise `ParameterError` where a score does not apply to the truths; before the first picture is segmented."""
    for kind in sorted({sample.kind for sample in dataset}):
        score.require_kind(kind)


def read_or_fail(sample: Sample) -> LoadedSample | str:
    """The sample, or in words why it cannot be read."""
    try:
        return sample.read()
    except (ImageError, MemoryLimitError, OSError) as error:
        return str(error)


def segment_sample(sample: LoadedSample, segmenter: Segmenter, dataset: DataSet, threads: int | None) -> Segmentation:
    """Run a method on the picture of a sample."""
    picture = sample.image
    return segmenter.run(
        picture.array, mask=picture.mask, color=picture.color, data_range=dataset.data_range, threads=threads
    )


def compare_sample(sample: LoadedSample, result: Segmentation, foreground: Foreground) -> Comparison:
    """A result beside the truths of its sample; what the mask or void leaves out counts nowhere."""
    return compare(
        result.labels, sample.truths, kind=sample.kind, foreground=foreground, mask=result.mask, void=sample.void
    )


def _score_pictures(
    dataset: DataSet, entries: Sequence[Entry], metric: Score, foreground: Foreground, threads: int | None
) -> Iterator[PictureScore]:
    """Picture by picture, so that each is read once; methods in the order given."""
    for sample in dataset:
        loaded = read_or_fail(sample)
        for entry in entries:
            if isinstance(loaded, str):
                yield _failure(entry, sample, loaded)
                continue
            try:
                yield _score_picture(loaded, entry, dataset, metric, foreground, threads)
            except (ImageError, MemoryLimitError, PluginError) as error:
                yield _failure(entry, sample, str(error))


def _score_picture(
    sample: LoadedSample, entry: Entry, dataset: DataSet, metric: Score, foreground: Foreground, threads: int | None
) -> PictureScore:
    started = time.perf_counter()
    result = segment_sample(sample, entry.segmenter, dataset, threads)
    seconds = time.perf_counter() - started
    both = compare_sample(sample, result, foreground)
    return PictureScore(
        method=entry.name,
        picture=sample.name,
        score=metric.of(both),
        labels=result.n_labels,
        seconds=seconds,
        sums=metric.sums_of(both) if metric.pools else None,
    )


def _failure(entry: Entry, sample: Sample, error: str) -> PictureScore:
    return PictureScore(method=entry.name, picture=sample.name, score=math.nan, error=error)


def _row(
    entry: Entry,
    metric: Score,
    results: list[PictureScore],
    dataset: DataSet,
    averaging: Averaging,
    foreground: Foreground,
) -> Row:
    done = [result for result in results if not result.error]
    return Row(
        value=put_together(metric, [result.score for result in done], [result.sums for result in done], averaging),
        scored=mean_score(result.score for result in done)[1],
        seconds=median_seconds([result.seconds for result in done]),
        chosen="fixed",
        family=1,
        oracle=metric.oracle,
        **about(entry, metric, dataset, averaging, foreground),
        pictures=len(results),
        failed=len(results) - len(done),
    )


def median_seconds(seconds: Sequence[float]) -> float:
    """The median, of two the greater; NaN of none."""
    return sorted(seconds)[len(seconds) // 2] if seconds else math.nan


def about(
    entry: Entry, metric: Score, dataset: DataSet, averaging: Averaging, foreground: Foreground
) -> dict[str, Any]:
    """The fields of a `Row` that are known before anything runs."""
    import classicseg

    return {
        "method": entry.name,
        "metric": metric.name,
        "averaging": averaging,
        "dataset": dataset.name,
        "truth": dataset.kind or "mixed",
        "foreground": str(foreground) if "foreground" in metric.options else "",
        "version": classicseg.__version__,
        "parameters": entry.segmenter.get_params(),
    }
