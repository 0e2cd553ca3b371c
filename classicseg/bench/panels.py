"""A data set with what is run on it and how it is scored; several of them make the tables of a paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from classicseg.bench import assemble
from classicseg.bench.analysis.members import Tables
from classicseg.bench.analysis.rows import rows_of
from classicseg.bench.kept import Kept
from classicseg.bench.results import Results
from classicseg.bench.run import Computed, compute, look, require_fit
from classicseg.bench.sources import Entry
from classicseg.bench.worker import Outcome, PictureFacts
from classicseg.datasets.base import DataSet
from classicseg.errors import ImageError, ParameterError
from classicseg.metrics import Foreground, Score
from classicseg.metrics.families import Averaging, require_averaging

Advance = Callable[[Outcome], None]


@dataclass(frozen=True)
class Measure:
    """A score, and how it is put together over pictures."""

    score: Score
    averaging: Averaging = "mean"

    def __post_init__(self) -> None:
        require_averaging(self.score, self.averaging)


@dataclass(frozen=True)
class Panel:
    """A data set with its entries and measures.

    Attributes
    ----------
    dataset : DataSet
        What is reported.
    entries : tuple of Entry
    measures : tuple of Measure
    foreground : {"nonzero", "bright", "dark"} or int
        For scores of the foreground: which predicted label is foreground.
    train : DataSet or None
        Other pictures, on which the member of a family is chosen that is reported as "train".
    allow_tuned_on_reported : bool
        Report parameters that were tuned on pictures of this very data set, and say so in the table.
    """

    dataset: DataSet
    entries: tuple[Entry, ...]
    measures: tuple[Measure, ...]
    foreground: Foreground = "nonzero"
    train: DataSet | None = None
    allow_tuned_on_reported: bool = False

    def __post_init__(self) -> None:
        if not self.entries or not self.measures:
            raise ParameterError(f"nothing is to be run or scored on {self.dataset.name}. Name methods and scores.")
        if self.train is not None and self.train.name == self.dataset.name:
            raise ParameterError(
                f"{self.train.name} is what is reported; the member of a family is chosen on other pictures. "
                "Name another split, or leave it out."
            )

    @property
    def scores(self) -> tuple[Score, ...]:
        """Each score once, however many ways it is put together."""
        return tuple({measure.score.name: measure.score for measure in self.measures}.values())

    @property
    def families(self) -> tuple[Entry, ...]:
        """The entries from whose sources one is chosen."""
        return tuple(entry for entry in self.entries if len(entry.sources) > 1)

    @property
    def label_maps(self) -> int:
        """How many label maps are asked for."""
        on_train = len(self.train) * sum(len(entry.sources) for entry in self.families) if self.train else 0
        return on_train + len(self.dataset) * sum(len(entry.sources) for entry in self.entries)


@dataclass
class Done:
    """What was computed for a panel."""

    panel: Panel
    report: Computed
    train: Computed | None = None


def run_panels(
    panels: Sequence[Panel],
    *,
    folder: Path | None = None,
    workers: int | None = None,
    overlays: bool = False,
    advance: Advance | None = None,
    command: Sequence[str] = (),
) -> Results:
    """Compute and score everything, and put it into tables.

    Parameters
    ----------
    panels : sequence of Panel
        Of data sets with different names.
    folder, workers, overlays, advance
        As for `classicseg.bench.run.compute`.
    command : sequence of str
        The command line, for the record.

    Returns
    -------
    Results

    Raises
    ------
    ParameterError
        Two data sets have one name, or parameters were tuned on pictures that are reported.
    ImageError
        One prediction would be taken for pictures of two data sets.
    """
    names = [panel.dataset.name for panel in panels]
    if len(set(names)) < len(names):
        raise ParameterError(
            f"two data sets have one name ({', '.join(names)}). Give each once; of two folders with one name, "
            "rename one."
        )
    _refuse_shared_predictions(panels)

    for panel in panels:
        require_fit(panel.dataset, panel.entries, panel.scores)
    looked = [look(panel.dataset, workers=workers, folder=folder, overlays=overlays) for panel in panels]
    panels = [_with_checked_entries(panel, pictures) for panel, pictures in zip(panels, looked, strict=True)]
    run = partial(compute, workers=workers, folder=folder, kept=Kept(folder))
    done = []
    for panel, pictures in zip(panels, looked, strict=True):
        score = partial(run, metrics=panel.scores, foreground=panel.foreground, advance=advance)
        report = score(panel.dataset, panel.entries, overlays=overlays, pictures=pictures)
        train = score(panel.train, panel.families) if panel.train is not None and panel.families else None
        done.append(Done(panel, report, train))
    results = assemble.results_of(done, command, folder)
    if overlays and folder is not None and any(panel.families for panel in panels):
        tables = Tables(results, [measure.score for panel in panels for measure in panel.measures])
        rows = rows_of(results, resamples=0, tables=tables)
        shown = [
            (panel.dataset.name, single, run(panel.dataset, [single], (), overlays=True, pictures=pictures))
            for panel, pictures in zip(panels, looked, strict=True)
            for single in assemble.chosen_members(panel, rows)
        ]
        results = assemble.with_overlays(results, shown, folder)
    return results


def _refuse_shared_predictions(panels: Sequence[Panel]) -> None:
    """Refuse that one prediction is taken for two pictures of one name, of different data sets or splits."""
    from classicseg.bench.predictions.source import PredictionSource

    owners: dict[tuple[Path, str], Path] = {}
    for panel in panels:
        samples = [
            sample for each in (panel.dataset, panel.train) if each is not None for sample in each if sample.path
        ]
        forms = [each.sources[0].form for each in panel.entries if isinstance(each.sources[0], PredictionSource)]
        for form in forms:
            for sample in samples:
                if sample.name not in form.assigned or sample.path is None:
                    continue
                owner = owners.setdefault((form.where, form.assigned[sample.name]), sample.path)
                if owner != sample.path:
                    raise ImageError(
                        f"{form.assigned[sample.name]} in {form.where} would be taken for {owner} as well as for "
                        f"{sample.path}. Report one data set after the other, each with its own folder of predictions."
                    )


def _with_checked_entries(panel: Panel, pictures: Sequence[PictureFacts]) -> Panel:
    """The panel, where parameters that were tuned on any of its pictures are marked; without leave they are refused."""
    from classicseg.bench.tuning.params_file import refuse_same_pictures

    hashes = [facts.picture_hash for facts in pictures if not facts.error]
    entries = refuse_same_pictures(panel.entries, hashes, allowed=panel.allow_tuned_on_reported)
    return dataclasses.replace(panel, entries=tuple(entries))
