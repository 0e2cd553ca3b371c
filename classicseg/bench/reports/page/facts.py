"""What was run, on what, and what was tuned on what; what failed; all parameters."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from classicseg.bench.analysis.rows import Row
from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import icon
from classicseg.bench.reports.page.markup import DAGGER, count, listed, parameter, table, text
from classicseg.bench.reports.tables import tuned_for
from classicseg.bench.results import as_json

_FAILURES = 500  # lines; more would not be read
_NO_BREAK = "\N{NO-BREAK SPACE}"
_UNTOLD = ("metric", "averaging", "fingerprint", "same_split", "classicseg")  # told in other words, or elsewhere
_ROLES = {"report": "reported", "train": "for choosing parameters"}


def title_of(book: Book) -> str:
    """The title in plain text."""
    return f"Benchmark on {listed(book.datasets)}" if book.datasets else "Benchmark"


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
    others = {name: each for name, each in (manifest.get("versions") or {}).items() if name != "classicseg"}
    software = [_pairs({"classicseg": manifest.get("classicseg", "")}), _pairs(others)]
    facts = [
        ("Data", _datasets(manifest.get("datasets") or [])),
        ("Scores", _scores(book)),
        ("Tuning", _tuning(book)),
        ("Software", ", ".join(each for each in software if each)),
        ("Machine", _pairs({name: each for name, each in (manifest.get("machine") or {}).items() if name != "date"})),
        ("Seed", _said(manifest.get("seed"))),
        ("Command", _command(manifest.get("command"))),
        ("Date", _said(manifest.get("date"))),
    ]
    return '<dl class="facts">' + "".join(f"<dt>{name}</dt><dd>{said}</dd>" for name, said in facts if said) + "</dl>"


def _datasets(datasets: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"<p>{_dataset(each)}</p>" for each in datasets)


def _dataset(about: Mapping[str, Any]) -> str:
    role = about.get("role", "")
    said = [count(int(about.get("pictures", 0)), "picture"), f"truth: {about.get('kind', '')}", _ROLES.get(role, role)]
    mark = f' <span class="print">{text(about["fingerprint"])}</span>' if about.get("fingerprint") else ""
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


def _tuning(book: Book) -> str:
    """Which entries' parameters were chosen on what; those that were not tuned in one line, the last."""
    several = len(book.datasets) > 1
    told: dict[str, list[str]] = {}
    for dataset in book.datasets:
        for name in book.entries:
            about = book.about(dataset, name)
            if about:
                chosen = _chosen_on(about)
                told.setdefault(chosen, []).append(f"{name} on {dataset}" if several and chosen else name)
    plain = list(dict.fromkeys(told.pop("", [])))
    lines = [f"<p><b>{text(listed(names))}</b>: {said}</p>" for said, names in told.items()]
    if plain:
        lines.append(f"<p>{text(listed(plain))}: parameters as given, not tuned</p>")
    return "".join(lines)


def _chosen_on(about: Mapping[str, Any]) -> str:
    said = []
    if about.get("train"):
        size = len(about.get("parameters", []))
        walk = f"{about['scale']}, " if about.get("scale") else ""
        said.append(f"{text(walk)}one of {size} chosen on {text(about['train'])}")
    elif about.get("scale"):
        said.append(f"{text(about['scale'])}, {len(about.get('parameters', []))} values; the best looks at the truth")
    tuned = about.get("tuned")
    if tuned:
        said.append(f"tuned before ({_tuned_before(tuned) if isinstance(tuned, Mapping) else text(tuned)})")
    elif about.get("chosen") == "train" and not said:
        said.append("tuned before")
    return "; ".join(said)


def _tuned_before(tuned: Mapping[str, Any]) -> str:
    """What was searched for where; of the pictures their number, since their fingerprints stand in the manifest."""
    pictures = tuned.get("pictures")
    if not isinstance(pictures, Mapping):
        return _pairs(tuned)
    about = {name: value for name, value in tuned.items() if name not in (*_UNTOLD, "pictures", "dataset")}
    where = f"{text(tuned.get('dataset', ''))}, {count(len(pictures), 'picture')}"
    return f"{where}; {text(tuned_for(tuned))}; {_pairs(about)}"


def _pairs(values: Mapping[str, Any]) -> str:
    """Names with their values, in an order that does not hang on where they come from."""
    told = ((name, parameter(value)) for name, value in sorted(values.items()) if value not in (None, ""))
    return ", ".join(f"{text(name)}{_NO_BREAK}{text(value)}" for name, value in told)


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return _pairs(value)
    return "" if value is None else text(value)


def _command(command: Any) -> str:
    if not command:
        return ""
    said = shlex.join(map(str, command)) if isinstance(command, list | tuple) else str(command)
    return f'<code class="command">{text(said)}</code>'


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
    by_way: dict[str, list[str]] = {}
    for board, row in rows:
        place = f"{board.score} on {board.dataset}" if len(book.datasets) > 1 else board.score
        by_way.setdefault(f"{row.chosen}{DAGGER if row.oracle else ''}", []).append(place)
    every = len(book.boards)
    return "; ".join(f"{way}: {'all scores' if len(of) == every > 1 else listed(of)}" for way, of in by_way.items())
