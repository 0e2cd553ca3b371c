"""The table of rows: what each entry reaches on each data set under each score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from classicseg.bench.analysis.rows import Row
from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import Scale, color_class, icon, line, mark, scale_of
from classicseg.bench.reports.page.markup import DAGGER, DASH, interval, score, seconds, sort_key, text

_BAR = 120.0  # the width of the interval's drawing


@dataclass(frozen=True)
class _Column:
    """A column: its head, how a first click sorts it, and what it means."""

    name: str
    first: str
    help: str
    left: bool = False


_COLUMNS = {
    column.name: column
    for column in (
        _Column("Data set", "ascending", "the pictures that were scored", left=True),
        _Column("Score", "ascending", "measure.protocol, and how pictures are put together", left=True),
        _Column("Value", "descending", "of the data set; the best that is no oracle is bold"),
        _Column("95 % interval", "descending", "BCa bootstrap over pictures"),
        _Column("Rank", "ascending", "mean rank over pictures among the rows that are no oracles; 1 is best"),
        _Column("Pictures", "descending", "with a score, of all"),
        _Column("Failed", "descending", "pictures on which the entry failed"),
        _Column("Seconds", "ascending", "median of a picture, one thread"),
        _Column("Chosen", "ascending", "how the parameters were chosen", left=True),
        _Column("Family", "descending", "from how many results was chosen"),
        _Column("Remark", "ascending", "what a reader has to know beside it", left=True),
    )
}
_ENTRY = _Column("Entry", "ascending", "the name of the method with its parameters", left=True)


def draw_rows(book: Book) -> str:
    """The table of all boards: each column sortable by a button, oracles marked and never bold."""
    left_out = set()
    if len(book.datasets) < 2:
        left_out.add("Data set")
    if not any(row.remark for board in book.boards for row in board.rows):
        left_out.add("Remark")
    columns = [column for name, column in _COLUMNS.items() if name not in left_out]
    heads = "".join(_head(place, column) for place, column in enumerate([_ENTRY, *columns]))
    body = "".join(
        _row(book, board, place, row, columns, first=not index)
        for place, board in enumerate(book.boards)
        for index, row in enumerate(board.rows)
    )
    return (
        '<div class="scroll" role="region" aria-labelledby="rows-title" tabindex="0"><table class="rows" id="table">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(place: int, column: _Column) -> str:
    return (
        f'<th scope="col" class="{"left" if column.left else "right"}" aria-sort="none" title="{text(column.help)}">'
        f'<button type="button" class="sort" data-column="{place}" data-first="{column.first}">{text(column.name)}'
        "</button></th>"
    )


def _row(book: Book, board: Board, place: int, row: Row, columns: Sequence[_Column], *, first: bool) -> str:
    best = not row.oracle and not math.isnan(board.best) and score(row.value) == score(board.best)  # as printed
    kinds = " ".join(kind for kind, there in (("oracle", row.oracle), ("first", first), ("best", best)) if there)
    cells = _cells(book, board, row, best)
    return (
        f'<tr data-board="{place}" class="{kinds}"><th scope="row" class="left" data-key="{text(row.entry)}">'
        f"{_name(book, row, best)}</th>" + "".join(_cell(column, *cells[column.name]) for column in columns) + "</tr>"
    )


def _name(book: Book, row: Row, best: bool) -> str:
    name = f"<b>{text(row.entry)}</b>" if best else text(row.entry)
    oracle = f'<abbr title="oracle: it looks at the truth">{DAGGER}</abbr>' if row.oracle else ""
    return f'{icon(book.look(row.entry), hollow=row.oracle)}<span class="name">{name}</span>{oracle}'


def _cell(column: _Column, key: str | float, inner: str) -> str:
    kind = "left" if column.left else "number"
    if column.name == "Remark":
        kind += " remark"
    if column.name == "Failed" and key:
        kind += " bad"
    return f'<td class="{kind}" data-key="{sort_key(key)}">{inner}</td>'


def _cells(book: Book, board: Board, row: Row, best: bool) -> dict[str, tuple[str | float, str]]:
    """By column: what it is sorted by, and what stands there."""
    way = text(board.way)
    if board.lower:
        way += ', <span title="lower is better">\N{DOWNWARDS ARROW}</span>'
    drawn = _interval(board, row, book.look(row.entry))
    return {
        "Data set": (row.dataset, text(row.dataset)),
        "Score": (board.score, f"{text(board.metric)} <small>{way}</small>"),
        "Value": (row.value, f"<b>{score(row.value)}</b>" if best else score(row.value)),
        "95 % interval": (row.low, f'<span class="span">{drawn}<span>{interval(row.low, row.high)}</span></span>'),
        "Rank": (row.rank, DASH if math.isnan(row.rank) else f"{row.rank:.2f}"),
        "Pictures": (row.scored, str(row.scored) if row.scored == row.pictures else f"{row.scored} of {row.pictures}"),
        "Failed": (row.failed, str(row.failed)),
        "Seconds": (row.seconds, seconds(row.seconds)),
        "Chosen": (row.chosen, text(row.chosen)),
        "Family": (row.family, str(row.family)),
        "Remark": (row.remark, text(row.remark)),
    }


def _interval(board: Board, row: Row, look: int) -> str:
    """Value and interval as a drawing, on one scale for all rows of the board."""
    drawn = ""
    if not math.isnan(row.value):
        ends = [each for other in board.rows for each in (other.value, other.low, other.high)]
        along = scale_of(ends, 4, _BAR - 4, within=board.range)
        drawn = line(4, 7, _BAR - 4, 7, "track")
        drawn += "" if math.isnan(row.low) else _bar(along, row, color_class(look))
        drawn += mark(look, along.at(row.value), 7, hollow=row.oracle)
    return f'<svg class="bar-plot" viewBox="0 0 {_BAR:.0f} 14" aria-hidden="true">{drawn}</svg>'


def _bar(along: Scale, row: Row, color: str) -> str:
    low, high = along.at(row.low), along.at(row.high)
    ends = "".join(line(each, 4, each, 10, f"bar {color}") for each in (low, high))
    return line(low, 7, high, 7, f"bar {color}") + ends
