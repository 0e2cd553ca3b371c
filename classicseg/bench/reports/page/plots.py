"""Score against seconds, and the scores of single pictures by entry."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from classicseg.bench.analysis.rows import Row
from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import (
    Scale,
    color_class,
    figure,
    frame,
    line,
    mark,
    number,
    scale_of,
    svg,
    tick_words,
    words,
)
from classicseg.bench.reports.page.labels import Box, draw_labels, shortened
from classicseg.bench.reports.page.markup import DAGGER, count, listed, score, seconds, text

_WIDTH, _HEIGHT = 440.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 12.0, 12.0, 44.0
_UNTIMED = 92.0  # the width of the column of those whose time is not known
_ROW = 34.0
_NAMES = 122.0
_DOT, _DOTS = 3.2, 600  # with more pictures than this dots would be a blot: the box tells enough
ABOUT_SECONDS = "Bars: 95\N{NO-BREAK SPACE}% intervals."
ABOUT_ORACLES = f' <span class="oracle">Hollow{DAGGER}: oracles.</span>'
ABOUT_DISTRIBUTIONS = (
    f"Each dot is a picture; none are drawn of more than {_DOTS}. Box: quartiles, with the median; line: 5th to 95th "
    "percentile."
)


def draw_seconds(book: Book, board: Board, place: int) -> str:
    """Score against seconds: a mark for each entry with its interval, a hollow one for what its oracles reach."""
    leaders = list(board.leaders.values())
    shown = [row for row in board.rows if not math.isnan(row.value)]
    if not shown:
        return ""
    timed = [row for row in leaders if row.seconds > 0 and not math.isnan(row.value)]
    untimed = [row for row in leaders if not row.seconds > 0 and not math.isnan(row.value)]
    end = _WIDTH - _RIGHT - (_UNTIMED if untimed else 0)
    across = scale_of([row.seconds for row in shown], _LEFT, end, log=True)
    ends = [each for row in shown for each in (row.value, row.low, row.high)]
    up = scale_of(ends, _HEIGHT - _BOTTOM, _TOP, within=board.range)

    def point(row: Row) -> tuple[float, float]:
        return (across.at(row.seconds) if row.seconds > 0 else _WIDTH - _RIGHT - _UNTIMED / 2), up.at(row.value)

    parts = [frame(across, up, "seconds a picture (median, one thread)", board.axis)]
    if untimed:
        parts.append(_untimed_column(up))
    oracles = [row for row in shown if row not in leaders]
    for row in oracles:
        x, y = point(row)
        parts.append(f'<g class="oracle">{_to_leader(x, y, up, board.leaders[row.entry])}{_mark(book, row, x, y)}</g>')
    bars, marks, taken = [], [], []
    for row in leaders:
        if math.isnan(row.value):
            continue
        x, y = point(row)
        if not math.isnan(row.low):
            bars.append(_interval_bar(x, up.at(row.low), up.at(row.high), color_class(book.look(row.entry))))
            taken.append(Box(x - 2, up.at(row.high), x + 2, up.at(row.low)))
        marks.append(_mark(book, row, x, y))
        taken.append(Box(x - 6, y - 6, x + 6, y + 6))
    taken += [Box(x - 5, y - 5, x + 5, y + 5) for x, y in map(point, oracles)]
    parts += [*bars, *marks, _names(timed + untimed, [point(row) for row in timed + untimed], taken)]
    return figure(
        svg(_WIDTH, _HEIGHT, f"{board.score} on {board.dataset} against seconds", "".join(parts)),
        f"<b>{text(board.score)}</b> on {text(board.dataset)}.",
        place,
    )


def _untimed_column(up: Scale) -> str:
    left, right = _WIDTH - _RIGHT - _UNTIMED + 8, _WIDTH - _RIGHT
    height = up.start - up.end
    return (
        f'<rect class="aside" x="{number(left)}" y="{number(up.end)}" width="{number(right - left)}" '
        f'height="{number(height)}"/>' + words((left + right) / 2, up.start + 13, "time not known", "middle tick")
    )


def _to_leader(x: float, y: float, up: Scale, leader: Row) -> str:
    return "" if math.isnan(leader.value) else line(x, y, x, up.at(leader.value), "lead")


def _interval_bar(x: float, low: float, high: float, color: str) -> str:
    return "".join(
        (
            line(x, low, x, high, f"bar {color}"),
            line(x - 3, low, x + 3, low, f"bar {color}"),
            line(x - 3, high, x + 3, high, f"bar {color}"),
        )
    )


def _mark(book: Book, row: Row, x: float, y: float) -> str:
    chosen = "" if row.chosen == "fixed" else f", {row.chosen}"
    title = f"{row.entry}{chosen}: {score(row.value)}, {seconds(row.seconds)} s"
    return mark(book.look(row.entry), x, y, hollow=row.oracle, title=title)


def _names(rows: Sequence[Row], points: Sequence[tuple[float, float]], taken: Sequence[Box]) -> str:
    inside = Box(_LEFT + 2, _TOP - 6, _WIDTH - 2, _HEIGHT - _BOTTOM - 1)
    return draw_labels([row.entry for row in rows], points, taken, inside, [row.oracle for row in rows])


def draw_distributions(book: Book, board: Board, place: int) -> str:
    """The score of each picture by entry: every picture a dot, and a box of quartiles."""
    leaders = board.leaders
    found = {name: book.values(board, row) for name, row in leaders.items()}
    values = {name: np.array(list(each.values())) for name, each in found.items() if each}
    if not values:
        return ""
    rows = [leaders[name] for name in values]
    height = _TOP + _ROW * len(rows) + _BOTTOM
    along = scale_of([each for own in values.values() for each in own], _NAMES + 8, _WIDTH - _RIGHT, within=board.range)
    bottom = height - _BOTTOM
    parts = [line(along.at(tick), _TOP, along.at(tick), bottom, "grid") for tick in along.ticks()]
    parts.append(line(along.start, bottom, along.end, bottom, "axis"))
    parts += [words(along.at(tick), bottom + 13, tick_words(tick), "middle tick") for tick in along.ticks()]
    parts.append(words((along.start + along.end) / 2, bottom + 32, board.axis, "middle name"))
    for index, row in enumerate(rows):
        middle = _TOP + _ROW * (index + 0.5)
        drawn = _distribution(values[row.entry], along, middle, color_class(book.look(row.entry)))
        name = shortened(row.entry, _NAMES - 26) + (DAGGER if row.oracle else "")
        drawn += mark(book.look(row.entry), 9, middle, hollow=row.oracle, title=row.entry) + words(20, middle, name)
        parts.append(f'<g class="oracle">{drawn}</g>' if row.oracle else drawn)
    counts = sorted({len(own) for own in values.values()})
    pictures = count(counts[-1], "picture") if len(counts) == 1 else f"{counts[0]} to {count(counts[-1], 'picture')}"
    absent = [name for name in leaders if name not in values]
    return figure(
        svg(_WIDTH, height, f"Distribution of {board.score} on {board.dataset}", "".join(parts)),
        f"<b>{text(board.score)}</b> on {text(board.dataset)}, {pictures}."
        + (f" Not shown: {text(listed(absent))}, without scores of single pictures." if absent else ""),
        place,
    )


def _distribution(values: np.ndarray, along: Scale, middle: float, color: str) -> str:
    low, first, median, third, high = (along.at(float(each)) for each in np.percentile(values, (5, 25, 50, 75, 95)))
    parts = [line(low, middle, high, middle, f"whisker {color}")]
    parts.append(
        f'<rect class="box {color}" x="{number(first)}" y="{number(middle - 5)}" '
        f'width="{number(max(third - first, 0.5))}" height="10" rx="1.5"/>'
    )
    if len(values) <= _DOTS:
        parts.append(_dots([along.at(float(each)) for each in values], middle, color))
    parts.append(line(median, middle - 8, median, middle + 8, "median"))
    return "".join(parts)


def _dots(places: Sequence[float], middle: float, color: str) -> str:
    """All dots as one path of round line ends; those of one place stand above and below each other."""
    stacks: dict[int, int] = {}
    for place in places:
        stacks[int(place / _DOT)] = stacks.get(int(place / _DOT), 0) + 1
    step = min(_DOT, (_ROW - 8) / max(max(stacks.values()) - 1, 1))
    seen: dict[int, int] = {}
    drawn = []
    for place in sorted(places):
        stack = int(place / _DOT)
        at = seen.get(stack, 0)
        seen[stack] = at + 1
        drawn.append(f"M{number((stack + 0.5) * _DOT)} {number(middle + (at - (stacks[stack] - 1) / 2) * step)}h0")
    return f'<path class="dots {color}" d="{"".join(drawn)}"/>'
