"""Paired comparisons: who is better than whom as a square, and every pair as a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import icon
from classicseg.bench.reports.page.markup import count, interval, probability, signed, table, text

if TYPE_CHECKING:
    from classicseg.bench.analysis.comparisons import Comparison

_BETTER, _WORSE = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
_HEADS = (
    ("One", True),
    ("Other", True),
    ("Difference", False),
    ("95 % interval", False),
    ("p", False),
    ("p, Holm", False),
    ("Pictures", False),
    ("Better", True),
)
_NOTE = f"""Differences of single pictures, on those for which both have a score: their mean, with its interval (BCa
bootstrap over pictures), and Wilcoxon's signed-rank test, two-sided, with Holm's correction for all comparisons of a
data set and score. One is called better where the corrected p is below 0.05 and the interval leaves out 0. In squares:
{_BETTER} the row is better, {_WORSE} the column is; grey: neither can be claimed."""


def draw_comparisons(book: Book, comparisons: Sequence[Comparison]) -> str:
    """For each board: a square where all pairs were compared, and the lines."""
    parts = []
    for place, board in enumerate(book.boards):
        found = [each for each in comparisons if _is_of(each, board)]
        if found:
            parts.append(_board(book, board, place, found))
    if not parts:
        return ""
    return f'<p class="note">{_NOTE}</p><div class="pairs">{"".join(parts)}</div>'


def _is_of(found: Comparison, board: Board) -> bool:
    return (found.dataset, found.metric, found.averaging) == (board.dataset, board.metric, board.averaging)


def _board(book: Book, board: Board, place: int, found: Sequence[Comparison]) -> str:
    names = list(dict.fromkeys(name for each in found for name in (each.one, each.other)))
    whole = len(names) > 2 and len(found) == len(names) * (len(names) - 1) // 2
    square = _square(book, board, found, names) if whole else ""
    lines = _lines(book, found)
    if whole:
        lines = f"<details><summary>All {count(len(found), 'pair')}</summary>{lines}</details>"
    heading = f"{text(board.score)} on {text(board.dataset)}"
    return f'<div class="compared" data-board="{place}"><h3>{heading}</h3>{square}{lines}</div>'


def _square(book: Book, board: Board, found: Sequence[Comparison], names: Sequence[str]) -> str:
    """Row minus column, the best rows first; a triangle where a difference is claimed."""
    ranked = [entry for entry in board.leaders if entry in names]
    order = [*ranked, *(name for name in names if name not in ranked)]
    pairs = {(each.one, each.other): each for each in found}
    pairs |= {(each.other, each.one): _turned(each) for each in found}
    upright = [f'<span class="column">{icon(book.look(name))}<span>{text(name)}</span></span>' for name in order]
    rows = "".join(
        f'<tr><th scope="row" class="left">{icon(book.look(row))}<span class="name">{text(row)}</span></th>'
        + "".join(_cell(pairs[row, column]) if row != column else '<td class="same"></td>' for column in order)
        + "</tr>"
        for row in order
    )
    heads = [("row minus column", True), *((name, False) for name in upright)]
    return table(f"Differences under {board.score}, row minus column", heads, rows, "square")


def _turned(found: Comparison) -> Comparison:
    return replace(found, one=found.other, other=found.one, value=-found.value, low=-found.high, high=-found.low)


def _cell(found: Comparison) -> str:
    """One minus the other."""
    if math.isnan(found.value):
        return "<td></td>"
    ends, p = interval(found.low, found.high), probability(found.corrected)
    title = text(f"{found.one} minus {found.other}: {ends}, p {p}")
    kind, sign = "unclaimed", ""
    if found.better:
        kind, sign = ("better", _BETTER) if found.better == found.one else ("worse", _WORSE)
    return f'<td class="{kind}" title="{title}">{signed(found.value)}<span class="sign">{sign}</span></td>'


def _lines(book: Book, found: Sequence[Comparison]) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="left">{icon(book.look(each.one))}{text(each.one)}</th>'
        f'<td class="left">{icon(book.look(each.other))}{text(each.other)}</td><td>{signed(each.value)}</td>'
        f"<td>{interval(each.low, each.high)}</td><td>{probability(each.p)}</td><td>{probability(each.corrected)}</td>"
        f'<td>{each.pictures}</td><td class="left">{text(each.better)}</td></tr>'
        for each in found
    )
    return table("Paired comparisons", _HEADS, rows)
