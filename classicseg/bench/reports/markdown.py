"""Tables of results as Markdown."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from classicseg.bench.analysis.comparisons import Comparison
from classicseg.bench.analysis.rows import Row
from classicseg.bench.analysis.statistics import LEVEL
from classicseg.bench.reports import tables, words
from classicseg.bench.reports.tables import Line, Section, number, p_value, rank
from classicseg.bench.results import Results

_ARROWS = {"higher": "↑", "lower": "↓"}
_DAGGER = " †"


def markdown(
    results: Results, rows: Sequence[Row], comparisons: Sequence[Comparison] = (), *, level: float = LEVEL
) -> str:
    """The table of each data set and its mean ranks; then what they say, tuning, comparisons, parameters, versions.

    Parameters
    ----------
    results : Results
    rows : sequence of Row
        Of `classicseg.bench.analysis.rows.rows_of`: methods become lines, scores columns, oracles stand last.
    comparisons : sequence of Comparison
        Of `classicseg.bench.analysis.comparisons.compare_all`.
    level : float
        That of the intervals.

    Returns
    -------
    str
        Markdown with tables of pipes. The best value of each column is bold, oracles have a dagger and never are.
    """
    found = tables.sections(results, rows)
    parts = [
        *(part for each in found for part in _section(each)),
        "# What the tables say",
        *_words(found, level),
        *_chapter("Tuning", found, _tuning),
        *_chapter("Paired comparisons", found, lambda each: _comparisons(each, comparisons), _about_comparisons(level)),
        *_chapter("Parameters", found, _parameters),
        "# How it was made",
        _plain(words.versions(results)),
        *_command(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section) -> list[str]:
    return [
        f"# {_plain(section.dataset['name'])}",
        _main_table(section),
        _listed(words.remarks(section)),
        *_ranks(section),
    ]


def _words(found: Sequence[Section], level: float) -> list[str]:
    """What holds for all data sets."""
    said = (
        words.what_values_are(found, level),
        words.what_choices_are(found),
        f"† {words.ORACLE}." if words.has_oracles(found) else "",
        "Seconds are the median of an image, on one thread.",
    )
    return [_plain(" ".join(each for each in said if each)), _listed(words.what_scores_are(found))]


def _chapter(title: str, found: Sequence[Section], draw: Callable[[Section], str], about: str = "") -> list[str]:
    """A table of each data set that has one, under its name where there are several data sets."""
    drawn = [(f"## {_plain(each.dataset['name'])}" if len(found) > 1 else "", draw(each)) for each in found]
    parts = [part for name, table in drawn if table for part in (name, table)]
    return [f"# {title}", about, *parts] if parts else []


def _main_table(section: Section) -> str:
    single = len(section.metrics) == 1
    head = ["method", *map(_heading, section.metrics), *(["mean rank"] if single else [])]
    lines = [
        [
            _name(line),
            *(_cell(section, row) for row in line.rows),
            *([rank(line.rows[0])] if single else []),
            line.way,
            line.images,
            line.seconds,
        ]
        for line in section.lines
    ]
    return _table([*head, "chosen", "images", "seconds"], lines)


def _heading(metric: Mapping[str, Any]) -> str:
    pooled = ", pooled" if metric["averaging"] == "pooled" else ""
    return f"{_plain(metric['name'])}{pooled} {_ARROWS[metric['best']]}{_DAGGER if metric['oracle'] else ''}"


def _name(line: Line) -> str:
    return _plain(line.entry) + (_DAGGER if line.oracle else "")


def _cell(section: Section, row: Row | None) -> str:
    if row is None or math.isnan(row.value):
        return ""
    value = f"**{number(row.value)}**" if section.is_best(row) else number(row.value)
    return value if math.isnan(row.low) else f"{value} [{number(row.low)}, {number(row.high)}]"


def _tuning(section: Section) -> str:
    lines = [list(map(_plain, cells)) for cells in tables.tuning(section)]
    return _table([each.lower() for each in tables.TUNING], lines) if lines else ""


def _ranks(section: Section) -> list[str]:
    """Of one score they stand in the main table; of several, in one of their own."""
    counts = section.ranked()
    said = words.what_ranks_are(section)
    if len(section.metrics) == 1 or not counts:
        return [_plain(said)]
    shown = [at for at, each in enumerate(section.metrics) if tables.key_of(each) in counts]
    lines = [
        [_plain(line.entry), line.way, *(rank(line.rows[at]) for at in shown)]
        for line in section.lines
        if any(rank(row) for row in line.rows)
    ]
    head = ["method", "chosen", *(_heading(section.metrics[at]) for at in shown)]
    return ["## Mean ranks", _table(head, lines), _plain(said)]


def _about_comparisons(level: float) -> str:
    return (
        "Mean differences of the scores of single images, on the images for which both have one, with "
        f"{100 * level:g} % intervals (BCa); p of Wilcoxon's signed-rank test, two-sided, and after Holm's correction "
        "for all lines of the same score. One is called better where that is below .05 and the interval leaves out 0."
    )


def _comparisons(section: Section, comparisons: Sequence[Comparison]) -> str:
    own = [each for each in comparisons if each.dataset == section.dataset["name"]]
    head = ["score", "one", "other", "one - other", "p", "p (Holm)", "images", "better"]
    lines = [
        [
            _plain(tables.named(each)),
            _plain(each.one),
            _plain(each.other),
            _difference(each),
            p_value(each.p),
            p_value(each.corrected),
            str(each.pictures),
            _plain(each.better),
        ]
        for each in own
    ]
    return _table(head, lines) if lines else ""


def _difference(found: Comparison) -> str:
    if math.isnan(found.value):
        return ""
    interval = f" [{number(found.low, True)}, {number(found.high, True)}]" if not math.isnan(found.low) else ""
    return number(found.value, True) + interval


def _parameters(section: Section) -> str:
    lines = [[_plain(each) for each in found] for found in tables.parameters_of(section)]
    return _table(["method", "chosen", "for", "parameters"], lines)


def _command(results: Results) -> list[str]:
    command = shlex.join(results.manifest.get("command") or ())
    return [f"```sh\n{command}\n```"] if command else []


def _listed(notes: Sequence[str]) -> str:
    return "\n".join(f"- {_plain(note)}" for note in notes)


def _plain(text: str) -> str:
    """A text in which Markdown finds no mark-up."""
    return re.sub(r"([\\`*_|<>\[\]~])", r"\\\1", " ".join(str(text).split()))


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines))
