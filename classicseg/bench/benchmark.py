"""A benchmark from Python: methods, a data set and scores go in, a table comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classicseg.bench.analysis.members import Tables
from classicseg.bench.analysis.rows import Row, rows_of
from classicseg.bench.grids import Methods, entries_of
from classicseg.bench.panels import Measure, Panel, run_panels
from classicseg.bench.results import Results, write_results
from classicseg.bench.worker import Outcome
from classicseg.datasets import DataSet, open_dataset
from classicseg.errors import DependencyError
from classicseg.metrics import Foreground, Score, find_score
from classicseg.metrics.families import Averaging

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Methods over a data set, scored: the same as ``classicseg bench``.

    Parameters
    ----------
    methods : sequence or mapping
        Names of methods, segmenters, `Grid` (a family), `Entry`, or plain functions ``image -> labels``, by name in the
        table where it is a mapping.
    dataset : DataSet, str or Path
        A data set, or what `classicseg.datasets.open_dataset` takes.
    metrics : str, Score, or sequence of them
        ``measure.protocol``.
    averaging : {"mean", "pooled"}
        Mean over pictures, each counting the same; or the score of the sums over all pictures and truths.
    foreground : {"nonzero", "bright", "dark"} or int
        For scores of the foreground: which predicted label is foreground.
    train : DataSet, str or Path, optional
        Other pictures, on which the member of a family is chosen.
    folder : str or Path, optional
        Where results are kept as they come, and the tables written; a run that was stopped goes on there.
    workers : int, optional
        Processes of one thread each; one a core by default. The scores are the same whatever their number.
    allow_tuned_on_reported : bool
        Report parameters that were tuned on these very pictures, and say so in the table.
    advance : callable, optional
        Called with each `Outcome` as soon as it is there.

    Examples
    --------
    >>> from classicseg.bench import Benchmark, Grid
    >>> benchmark = Benchmark({"otsu": "otsu", "k": Grid("kmeans", n_clusters=[2, 3])}, "scenes", "iou.hungarian",
    ...                       workers=1)
    >>> [(row.entry, row.chosen, row.family, row.oracle) for row in benchmark.rows]  # doctest: +SKIP
    [('otsu', 'fixed', 1, False), ('k', 'ODS', 2, True), ('k', 'OIS', 2, True)]
    """

    methods: Methods
    dataset: DataSet | str | Path
    metrics: str | Score | Sequence[str | Score]
    averaging: Averaging = "mean"
    foreground: Foreground = "nonzero"
    train: DataSet | str | Path | None = None
    folder: str | Path | None = None
    workers: int | None = None
    allow_tuned_on_reported: bool = False
    advance: Callable[[Outcome], None] | None = None

    @cached_property
    def results(self) -> Results:
        """Tidy tables and manifest; computed when first asked for, and written to `folder`."""
        folder = None if self.folder is None else Path(self.folder)
        found = run_panels(
            [self._panel()], folder=folder, workers=self.workers, overlays=folder is not None, advance=self.advance
        )
        if folder is not None:
            write_results(found, folder)
        return found

    @cached_property
    def rows(self) -> list[Row]:
        """The lines of the table, with intervals."""
        return rows_of(self.results, tables=Tables(self.results, self._scores()))

    def run(self) -> pd.DataFrame:
        """A row for each picture, truth, entry, parameters and score, as a pandas DataFrame.

        Raises
        ------
        DependencyError
            pandas is not installed.
        """
        return _frame([dataclasses.asdict(row) for row in self.results.scores])

    def table(self) -> pd.DataFrame:
        """A row for each entry and score: value, interval, rank, seconds, as a pandas DataFrame.

        Raises
        ------
        DependencyError
            pandas is not installed.
        """
        return _frame([dataclasses.asdict(row) for row in self.rows])

    def _scores(self) -> list[Score]:
        named = [self.metrics] if isinstance(self.metrics, str | Score) else self.metrics
        return [find_score(each) for each in named]

    def _panel(self) -> Panel:
        return Panel(
            _opened(self.dataset),
            entries_of(self.methods),
            tuple(Measure(score, self.averaging) for score in self._scores()),
            self.foreground,
            None if self.train is None else _opened(self.train),
            self.allow_tuned_on_reported,
        )


def _opened(dataset: DataSet | str | Path) -> DataSet:
    return dataset if isinstance(dataset, DataSet) else open_dataset(str(dataset))


def _frame(rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise DependencyError(
            "a table as a DataFrame needs pandas, which is not installed. Run: pip install 'classicseg[bench]'; "
            "or take Benchmark.rows and Benchmark.results.scores, which need nothing."
        ) from error
    return pd.DataFrame(rows)
