"""Tables of results as LaTeX, with booktabs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from classicseg.bench.analysis.comparisons import Comparison
from classicseg.bench.analysis.rows import Row
from classicseg.bench.analysis.statistics import LEVEL
from classicseg.bench.reports import tables, words
from classicseg.bench.reports.tables import Line, Section, number, p_value, rank
from classicseg.bench.results import Results

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "†": r"$^\dagger$",
    "[": "{[}",  # the line before ends with \\, which would take what is in brackets for a length, and a star too
    "*": "{*}",
}
_ARROWS = {"higher": r"$\uparrow$", "lower": r"$\downarrow$"}
_ONE_OF_TWO = 60  # letters of small print that fit into one of two columns of text
_BETWEEN = 3  # letters that the space between two cells takes
_NARROWER = r"\setlength{\tabcolsep}{4pt}"  # of wide tables: four scores with intervals take both columns
# What a caption says once where it is the same in every line, since a page is narrow.
_SHARED = ("Images", "Tuned on", "For", "Search", "Seed", "Budget", "Tried")
_LEFT = ("Method", "Chosen", "Score", "One", "Other", "Tuned on", "For", "Search")
_DAGGER = r"$^\dagger$"


def latex(
    results: Results,
    rows: Sequence[Row],
    comparisons: Sequence[Comparison] = (),
    *,
    against: str | None = None,
    level: float = LEVEL,
) -> str:
    r"""Tables to paste into a paper: for each data set one of the scores, and one of the paired comparisons.

    Parameters
    ----------
    results, rows, comparisons, level
        As for `classicseg.bench.reports.markdown.markdown`.
    against : str, optional
        The entry that the comparisons were limited to. Otherwise the table has, for each score, those of the best row
        with the others, p-values being corrected for all; the Markdown has them all.

    Returns
    -------
    str
        ``table`` environments in small print (``table*`` where they are wider than one of two columns); the preamble
        needs ``\usepackage{booktabs}``. The best value of each column is bold, oracles have a dagger and never are.
        Parameters and versions stand in comments.
    """
    parts = [r"% Written by 'classicseg report'. The preamble needs \usepackage{booktabs}."]
    parts.append(_comment(words.versions(results)))
    for section in tables.sections(results, rows):
        parts += [
            *(_comment(" | ".join(each)) for each in tables.parameters_of(section)),
            _main_table(section, level),
            *_tuning(section),
            *_ranks(section),
            *_comparisons(section, comparisons, against, level),
        ]
    return "\n".join(parts) + "\n"


def _main_table(section: Section, level: float) -> str:
    single = len(section.metrics) == 1
    head = ["Method", "Chosen", *map(_heading, section.metrics), *(["Rank"] if single else []), "Images", "Seconds"]
    lines = [
        [
            _name(line),
            line.way,
            *(_cell(section, row) for row in line.rows),
            *(map(rank, line.rows) if single else ()),
            line.images,
            line.seconds,
        ]
        for line in section.lines
    ]
    honest = sum(not line.oracle for line in section.lines)
    caption = " ".join(
        each
        for each in (
            f"Scores on {section.dataset['name']}.",
            words.what_values_are([section], level),
            words.what_choices_are([section]),
            f"† {words.ORACLE}." if words.has_oracles([section]) else "",
            words.what_ranks_are(section) if single else "",
            "Seconds: median of an image, one thread.",
            *words.remarks(section),
        )
        if each
    )
    return _table(head, [lines[:honest], lines[honest:]], caption, section, "scores")


def _tuning(section: Section) -> list[str]:
    lines = [list(map(_plain, cells)) for cells in tables.tuning(section)]
    caption = f"How the parameters of methods were tuned that are reported on {section.dataset['name']}."
    return [_table(tables.TUNING, [lines], caption, section, "tuning")] if lines else []


def _ranks(section: Section) -> list[str]:
    """A table of its own where there are several scores; of one, they stand beside it."""
    counts = section.ranked()
    if len(section.metrics) == 1 or not counts:
        return []
    shown = [at for at, each in enumerate(section.metrics) if tables.key_of(each) in counts]
    lines = [[_name(line), line.way, *(rank(line.rows[at]) for at in shown)] for line in section.lines]
    ranked = [cells for cells in lines if any(cells[2:])]
    head = ["Method", "Chosen", *(_heading(section.metrics[at]) for at in shown)]
    caption = f"Mean ranks on {section.dataset['name']}. {words.what_ranks_are(section)}"
    return [_table(head, [ranked], caption, section, "ranks")]


def _heading(metric: Mapping[str, Any]) -> str:
    pooled = ", pooled" if metric["averaging"] == "pooled" else ""
    return f"{_plain(metric['name'])}{pooled} {_ARROWS[metric['best']]}{_DAGGER if metric['oracle'] else ''}"


def _name(line: Line) -> str:
    return _plain(line.entry) + (_DAGGER if line.oracle else "")


def _cell(section: Section, row: Row | None) -> str:
    if row is None or math.isnan(row.value):
        return "--"
    value = rf"\mathbf{{{number(row.value)}}}" if section.is_best(row) else number(row.value)
    interval = "" if math.isnan(row.low) else rf"_{{[{number(row.low)},\,{number(row.high)}]}}"
    return f"${value}{interval}$"


def _comparisons(section: Section, comparisons: Sequence[Comparison], against: str | None, level: float) -> list[str]:
    own = [each for each in comparisons if each.dataset == section.dataset["name"]]
    shown = own if against is not None else [each for each in own if _of_best(section, each)]
    if not shown:
        return []
    lines = [
        [
            *map(_plain, (tables.named(each), each.one, each.other)),
            _difference(each),
            f"${p_value(each.corrected) or '-'}$",
            str(each.pictures),
        ]
        for each in shown
    ]
    all_pairs = "all pairs of rows under one score" if against is None else "all lines of one score"
    caption = (
        f"Paired differences on {section.dataset['name']}: means over the images for which both have a score, "
        f"{100 * level:g} % intervals by BCa bootstrap over images, and p-values of Wilcoxon's signed-rank test "
        f"(two-sided) after Holm's correction for {all_pairs}."
    )
    head = ["Score", "One", "Other", "One $-$ other", "$p$ (Holm)", "Images"]
    return [_table(head, [lines], caption, section, "comparisons")]


def _of_best(section: Section, found: Comparison) -> bool:
    best = section.best_entries(tables.key_of(found))
    return found.one in best or found.other in best


def _difference(found: Comparison) -> str:
    if math.isnan(found.value):
        return "--"
    interval = "" if math.isnan(found.low) else rf"_{{[{number(found.low, True)},\,{number(found.high, True)}]}}"
    return f"${number(found.value, True)}{interval}$"


def _table(
    head: Sequence[str],
    groups: Sequence[Sequence[Sequence[str]]],
    caption: str,
    section: Section,
    kind: str,
) -> str:
    """A table whose groups of lines are parted by rules; `head` and cells are LaTeX, the caption is plain text."""
    head, groups, shared = _without_shared(head, groups)
    columns = "".join("l" if name in _LEFT else "r" for name in head)
    wide = _letters([head, *(cells for group in groups for cells in group)]) > _ONE_OF_TWO
    environment = "table*" if wide else "table"
    label = re.sub(r"[^a-z0-9]+", "-", f"{section.dataset['name']}-{kind}".lower()).strip("-")
    body = "\n\\midrule\n".join("\n".join(" & ".join(cells) + r" \\" for cells in group) for group in groups if group)
    return "\n".join(
        (
            rf"\begin{{{environment}}}",
            r"\centering",
            rf"\caption{{{' '.join([_plain(caption), *shared])}}}",
            rf"\label{{tab:{label}}}",
            r"\footnotesize",
            *([_NARROWER] if wide else []),
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(head) + r" \\",
            r"\midrule",
            body,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\end{{{environment}}}",
        )
    )


def _without_shared(
    head: Sequence[str], groups: Sequence[Sequence[Sequence[str]]]
) -> tuple[list[str], list[list[list[str]]], list[str]]:
    """The table without the columns that say the same in every line, and the sentence of the caption that tells it."""
    columns = list(zip(*(cells for group in groups for cells in group), strict=True))
    same = {
        at
        for at, cells in enumerate(columns)
        if head[at] in _SHARED and len(cells) > 1 and cells[0] and len(set(cells)) == 1
    }
    told = "; ".join(f"{head[at].lower()} {columns[at][0]}" for at in sorted(same))

    def kept(cells: Sequence[str]) -> list[str]:
        return [cell for at, cell in enumerate(cells) if at not in same]

    return kept(head), [[kept(cells) for cells in group] for group in groups], [f"All lines: {told}."] if told else []


def _letters(lines: Sequence[Sequence[str]]) -> int:
    """About how many letters wide a table is printed; those of intervals, being small, count less."""
    printed = [[re.sub(r"\\[a-z]+|[\\${}^_]", "", cell) for cell in cells] for cells in lines]
    return sum(
        max(len(cell) - cell.count("[") * 4 for cell in column) + _BETWEEN for column in zip(*printed, strict=True)
    )


def _plain(text: str) -> str:
    """A text in which LaTeX finds no command."""
    return "".join(_ESCAPED.get(each, each) for each in " ".join(str(text).split()))


def _comment(text: str) -> str:
    return "% " + " ".join(text.split())
