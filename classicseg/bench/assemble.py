"""What was computed, put into tidy tables and a manifest."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import classicseg
from classicseg.bench.fingerprints import hash_of, package_version
from classicseg.bench.machine import machine_facts
from classicseg.bench.results import ALL_TRUTHS, FORMAT, PictureRow, Results, RunRow, ScoreRow, as_json
from classicseg.bench.run import Computed
from classicseg.bench.sources import Entry
from classicseg.bench.thumbnails import thumbnail_name
from classicseg.bench.worker import FAMILY, PictureFacts, has_thumbnail, truth_key
from classicseg.datasets.base import DataSet
from classicseg.io.write import plain

if TYPE_CHECKING:
    from classicseg.bench.analysis.rows import Row
    from classicseg.bench.panels import Done, Panel

# The method and the parameters, as the tables tell them, of each member of each entry.
_Parameters = dict[tuple[str, int], tuple[str, str]]
_PACKAGES = ("classicseg", "numpy", "scipy", "scikit-learn", "scikit-image", "opencv-python", "numba", "joblib")
SEED = 0  # of the bootstrap


def results_of(done: Sequence[Done], command: Sequence[str], folder: Path | None = None) -> Results:
    """The tables and the manifest of everything that was computed."""
    scores: list[ScoreRow] = []
    runs: list[RunRow] = []
    pictures: list[PictureRow] = []
    for each in done:
        for dataset, found in _data_sets(each):
            told = _parameters_of(each.panel.entries)
            scores += _score_rows(dataset.name, each.panel, told, found)
            runs += _run_rows(dataset.name, told, found, folder)
            pictures += (_picture_row(dataset.name, facts, folder) for facts in found.pictures)
    return Results(_manifest(done, command), scores, runs, pictures)


def _parameters_of(entries: Iterable[Entry]) -> _Parameters:
    """Said once a member, not once a picture."""
    told = {
        (entry.name, member): (source.method, as_json(source.parameters))
        for entry in entries
        for member, source in enumerate(entry.sources)
    }
    return told | {(entry.name, FAMILY): (entry.sources[0].method, "{}") for entry in entries}


def _run_rows(dataset: str, told: _Parameters, found: Computed, folder: Path | None) -> Iterator[RunRow]:
    for outcome in found.outcomes:
        if outcome.member == FAMILY:
            continue
        method, parameters = told[outcome.entry, outcome.member]
        yield RunRow(
            dataset=dataset,
            picture=outcome.picture,
            entry=outcome.entry,
            method=method,
            parameters=parameters,
            labels=outcome.labels,
            seconds=outcome.seconds,
            error=outcome.error,
            overlay=_file(folder, outcome.key),
        )


def with_overlays(results: Results, shown: Iterable[tuple[str, Entry, Computed]], folder: Path) -> Results:
    """The same results where the overlays are named of what was computed for an entry of a data set."""
    rows = [
        row for dataset, entry, found in shown for row in _run_rows(dataset, _parameters_of([entry]), found, folder)
    ]
    files = {_place(row): row.overlay for row in rows}
    runs = [dataclasses.replace(row, overlay=files.get(_place(row), row.overlay)) for row in results.runs]
    return dataclasses.replace(results, runs=runs)


def chosen_members(panel: Panel, rows: Iterable[Row]) -> Iterator[Entry]:
    """Of each family the member that the first table reports first: that of train, or else the best one for all."""
    first = panel.measures[0].score.name
    families = {entry.name: entry for entry in panel.families}
    for row in rows:
        if row.dataset == panel.dataset.name and row.metric == first and row.entry in families:
            if row.chosen not in ("train", "ODS"):
                continue
            entry = families.pop(row.entry)
            known = [as_json(source.parameters) for source in entry.sources]
            if as_json(row.parameters) in known:  # words stand there where none could be chosen
                yield Entry(entry.name, (entry.sources[known.index(as_json(row.parameters))],))


def _place(row: RunRow) -> tuple[str, str, str, str]:
    return row.dataset, row.picture, row.entry, row.parameters


def _data_sets(done: Done) -> Iterator[tuple[DataSet, Computed]]:
    yield done.panel.dataset, done.report
    if done.panel.train is not None and done.train is not None:
        yield done.panel.train, done.train


def _file(folder: Path | None, key: str) -> str:
    return thumbnail_name(key) if folder is not None and key and has_thumbnail(folder, key) else ""


def _picture_row(dataset: str, facts: PictureFacts, folder: Path | None) -> PictureRow:
    return PictureRow(
        dataset=dataset,
        picture=facts.picture,
        kind=facts.kind,
        height=facts.height,
        width=facts.width,
        truths=facts.truths,
        picture_hash=facts.picture_hash,
        truth_hash=facts.truth_hash,
        sight=_file(folder, facts.view_hash),
        truth_overlay=_file(folder, "" if facts.error else truth_key(facts)),
    )


def _score_rows(dataset: str, panel: Panel, told: _Parameters, found: Computed) -> Iterator[ScoreRow]:
    asks = {score.name: "foreground" in score.options for score in panel.scores}
    for outcome in found.outcomes:
        method, parameters = told[outcome.entry, outcome.member]
        for metric, scored in outcome.scores.items():
            common: dict[str, Any] = {
                "dataset": dataset,
                "picture": outcome.picture,
                "entry": outcome.entry,
                "method": method,
                "parameters": parameters,
                "metric": metric,
                "foreground": str(panel.foreground) if asks.get(metric) else "",
            }
            for number, value in enumerate(scored.truths, start=1):
                yield ScoreRow(**common, truth=str(number), value=value, sums="")
            yield ScoreRow(**common, truth=ALL_TRUTHS, value=scored.value, sums=scored.sums)


def _manifest(done: Sequence[Done], command: Sequence[str]) -> dict[str, Any]:
    facts = machine_facts(*_PACKAGES)
    del facts["date"]  # stands beside it, with the time
    return {
        "format": FORMAT,
        "classicseg": classicseg.__version__,
        "sources": package_version(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": list(command),
        "versions": facts.pop("versions"),
        "machine": facts,
        "seed": SEED,
        "datasets": [item for each in done for item in _about_data_sets(each)],
        "metrics": [item for each in done for item in _about_metrics(each.panel)],
        "entries": [item for each in done for item in _about_entries(each)],
    }


def _about_data_sets(done: Done) -> Iterator[dict[str, Any]]:
    for (dataset, found), role in zip(_data_sets(done), ("report", "train"), strict=False):
        yield {
            "name": dataset.name,
            "kind": dataset.kind or "mixed",
            "pictures": len(dataset),
            "fingerprint": hash_of([[each.picture, each.picture_hash, each.truth_hash] for each in found.pictures]),
            "role": role,
        }


def _about_metrics(panel: Panel) -> Iterator[dict[str, Any]]:
    for measure in panel.measures:
        score = measure.score
        yield {
            "dataset": panel.dataset.name,
            "name": score.name,
            "averaging": measure.averaging,
            "foreground": str(panel.foreground) if "foreground" in score.options else "",
            "range": [None if math.isinf(end) else end for end in score.range],
            "best": score.best,
            "oracle": score.oracle,
            "pools": score.pools,
            "help": score.help,
            "paper": score.paper,
        }


def _about_entries(done: Done) -> Iterator[dict[str, Any]]:
    panel = done.panel
    for entry in panel.entries:
        family = len(entry.sources) > 1
        yield {
            "dataset": panel.dataset.name,
            "name": entry.name,
            "method": entry.sources[0].method,
            "makes": entry.sources[0].makes,
            "parameters": [plain(source.parameters) for source in entry.sources],
            "scale": entry.scale,
            "train": panel.train.name if family and panel.train is not None else "",
            "chosen": entry.chosen,
            "tuned": None if entry.tuned is None else plain(entry.tuned),
        }
