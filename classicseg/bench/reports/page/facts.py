"""What was run, and on what; what failed; all parameters."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from classicseg.bench.analysis.rows import Row
from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import icon
from classicseg.bench.reports.page.markup import DAGGER, count, listed, parameter, table, text
from classicseg.bench.reports.page.tuning import tuning_in_words
from classicseg.bench.results import as_json

_FAILURES = 500  # lines; more would not be read
_NO_BREAK = "\N{NO-BREAK SPACE}"
_NAMED = 3  # data sets in the title; more are counted, and named below it
_PRINT = 12  # letters of a fingerprint; the manifest has them all
_ROLES = {"report": "reported", "train": "for choosing parameters"}


def title_of(book: Book) -> str:
    """The title in plain text."""
    datasets = book.datasets
    if not datasets:
        return "Benchmark"
    return f"Benchmark on {listed(datasets) if len(datasets) <= _NAMED else count(len(datasets), 'data set')}"


def draw_lead(book: Book) -> str:
    """One sentence: how much of what."""
    pictures = sum(len(book.pictures_of(dataset)) for dataset in book.datasets)
    scores = list(dict.fromkeys(board.score for board in book.boards))
    entries = count(len(book.entries), "entry", "entries")
    said = f"{entries} on {count(pictures, 'picture')}"
    said += f", scored by {text(listed(scores))}." if scores else "."
    failed = sum(bool(run.error) for run in book.results.runs)
    failures = f" {count(failed, 'run')} failed." if failed else ""
    return f'<p class="lead">{said}{failures}</p>'


def draw_facts(book: Book) -> str:
    """Data sets, tuning, versions, machine, seed, command and date."""
    manifest = book.results.manifest
    command = manifest["command"]
    others = {name: each for name, each in (manifest.get("versions") or {}).items() if name != "classicseg"}
    software = [_pairs({"classicseg": manifest.get("classicseg", "")}), _pairs(others)]
    facts = [
        ("Data", _datasets(manifest.get("datasets") or [])),
        ("Scores", _scores(book)),
        ("Tuning", tuning_in_words(book)),
        ("Software", ", ".join(each for each in software if each)),
        ("Machine", _pairs(manifest["machine"])),
        ("Seed", text(manifest["seed"])),
        ("Command", f'<code class="command">{text(shlex.join(command))}</code>' if command else ""),
        ("Date", text(manifest["date"])),
    ]
    return '<dl class="facts">' + "".join(f"<dt>{name}</dt><dd>{said}</dd>" for name, said in facts if said) + "</dl>"


def _datasets(datasets: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"<p>{_dataset(each)}</p>" for each in datasets)


def _dataset(about: Mapping[str, Any]) -> str:
    role = about.get("role", "")
    said = [count(int(about.get("pictures", 0)), "picture"), f"truth: {about.get('kind', '')}", _ROLES.get(role, role)]
    whole = text(about.get("fingerprint", ""))
    mark = f' <span class="print" title="{whole}">{whole[:_PRINT]}</span>' if whole else ""
    return f"<b>{text(about['name'])}</b>, {text('; '.join(each for each in said if each))}{mark}"


def _scores(book: Book) -> str:
    """What each score is, and where it comes from."""
    told: dict[str, str] = {}
    for board in book.boards:
        about = book.about_score(board)
        if about.get("help"):
            paper = f" ({about['paper']})" if about.get("paper") else ""
            told.setdefault(board.metric, text(f"{about['help']}{paper}"))
    return "".join(f"<p><b>{text(name)}</b>: {said}</p>" for name, said in told.items())


def _pairs(values: Mapping[str, Any]) -> str:
    """Names with their values, in an order that does not hang on where they come from."""
    told = ((name, parameter(value)) for name, value in sorted(values.items()) if value not in (None, ""))
    return ", ".join(f"{text(name)}{_NO_BREAK}{text(value)}" for name, value in told)


def draw_failures(book: Book) -> str:
    """Pictures, entries and errors; members of a family that failed alike share a line."""
    failed: dict[tuple[str, str, str, str], int] = {}
    for run in book.results.runs:
        if run.error:
            key = (run.dataset, run.picture, run.entry, run.error)
            failed[key] = failed.get(key, 0) + 1
    if not failed:
        return "<p>Every entry gave a label map for every picture.</p>"
    rows = "".join(
        f'<tr><th scope="row" class="left">{text(picture)}</th><td class="left">{text(dataset)}</td>'
        f'<td class="left">{text(entry)}</td><td>{times}</td><td class="left error">{text(error)}</td></tr>'
        for (dataset, picture, entry, error), times in list(failed.items())[:_FAILURES]
    )
    heads = (("Picture", True), ("Data set", True), ("Entry", True), ("Runs", False), ("Error", True))
    more = f"<p>The first {_FAILURES} of {len(failed):,}; runs.csv has them all.</p>" if len(failed) > _FAILURES else ""
    return table("Failures", heads, rows) + more


def draw_parameters(book: Book) -> str:
    """All parameters of each row; rows of an entry that have the same share a place."""
    groups: dict[tuple[str, str], list[tuple[Board, Row]]] = {}
    for board in book.boards:
        for row in board.rows:
            groups.setdefault((row.entry, as_json(row.parameters)), []).append((board, row))
    order = sorted(groups, key=lambda key: book.look(key[0]))
    return "".join(_parameters(book, entry, groups[entry, said]) for entry, said in order)


def _parameters(book: Book, entry: str, rows: Sequence[tuple[Board, Row]]) -> str:
    method = rows[0][1].method
    pairs = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(parameter(value))}</dd></div>"
        for name, value in sorted(rows[0][1].parameters.items())
    )
    called = f' <span class="size">{text(method)}</span>' if method and method != entry else ""
    return (
        f'<details class="parameters"><summary>{icon(book.look(entry))}<b>{text(entry)}</b>{called} '
        f'<span class="used">{text(_used(book, rows))}</span></summary>'
        f"<dl>{pairs or '<div><dt>none</dt></div>'}</dl></details>"
    )


def _used(book: Book, rows: Sequence[tuple[Board, Row]]) -> str:
    """How they were chosen, and for which scores (and data sets, where there are several)."""
    by_way: dict[str, list[tuple[Board, Row]]] = {}
    for board, row in rows:
        by_way.setdefault(row.chosen, []).append((board, row))
    return "; ".join(
        f"{way}{DAGGER if all(row.oracle for _, row in of) else ''}: {_scores_of(book, [board for board, _ in of])}"
        for way, of in by_way.items()
    )


def _scores_of(book: Book, boards: Sequence[Board]) -> str:
    """The boards in words, those of a data set together."""
    by_scores: dict[str, list[str]] = {}
    for dataset in dict.fromkeys(board.dataset for board in boards):
        own = [board.score for board in boards if board.dataset == dataset]
        whole = len(own) == len(book.boards_of(dataset)) > 1
        by_scores.setdefault("all scores" if whole else listed(own), []).append(dataset)
    if len(book.datasets) < 2:
        return next(iter(by_scores))
    return "; ".join(f"{scores} on {listed(datasets)}" for scores, datasets in by_scores.items())
