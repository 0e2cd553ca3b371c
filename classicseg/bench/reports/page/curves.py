"""Sweeps of a parameter as curves, and precision and recall of boundaries with lines of equal F."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from classicseg.bench.analysis.rows import Row
from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import (
    Scale,
    color_class,
    figure,
    frame,
    line,
    mark,
    path,
    scale_of,
    svg,
    words,
)
from classicseg.bench.reports.page.labels import Box, boxes_along, draw_labels
from classicseg.bench.reports.page.markup import DAGGER, parameter, score, text
from classicseg.bench.results import ScoreRow, as_json
from classicseg.bench.sums import load_sums
from classicseg.metrics.boundaries import BoundaryCounts

_WIDTH, _HEIGHT = 360.0, 270.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 14.0, 12.0, 44.0
_SQUARE = 440.0
_LOG_FROM = 20.0  # values that span this much are drawn on a logarithmic axis


@dataclass(frozen=True)
class _Curve:
    """The score at each value of the parameter, on the data set of this name."""

    dataset: str
    points: tuple[tuple[float, float], ...]


def draw_sweeps(book: Book, board: Board, place: int) -> Iterator[str]:
    """A figure for each family that walks along a parameter: the score at each of its values."""
    for entry in board.leaders:
        about = book.about(board.dataset, entry)
        if not about.get("scale"):
            continue
        report = _curve(book, board, entry, board.dataset)
        train = _curve(book, board, entry, about.get("train") or "")
        if len(report.points) > 1:
            yield _draw_sweep(book, board, entry, report, train, place)


def _curve(book: Book, board: Board, entry: str, dataset: str) -> _Curve:
    scale = book.about(board.dataset, entry)["scale"]
    points = []
    for member in book.members(board, entry):
        found = book.scores(board, entry, as_json(member), dataset) if dataset else {}
        value = book.over_pictures(board, found) if found else math.nan
        if not math.isnan(value) and isinstance(member.get(scale), int | float):
            points.append((float(member[scale]), value))
    return _Curve(dataset, tuple(sorted(points)))


def _draw_sweep(book: Book, board: Board, entry: str, report: _Curve, train: _Curve, place: int) -> str:
    scale = book.about(board.dataset, entry)["scale"]
    everything = [*report.points, *train.points]
    at = [x for x, _ in everything]
    log = min(at) > 0 and max(at) / min(at) >= _LOG_FROM
    across = scale_of(at, _LEFT, _WIDTH - _RIGHT, log=log)
    up = scale_of([y for _, y in everything], _HEIGHT - _BOTTOM, _TOP, within=board.range)
    look = book.look(entry)
    parts = [frame(across, up, scale + (" (log)" if log else ""), board.axis)]
    if train.points:
        parts.append(path([(across.at(x), up.at(y)) for x, y in train.points], f"curve train {color_class(look)}"))
    parts.append(path([(across.at(x), up.at(y)) for x, y in report.points], f"curve {color_class(look)}"))
    said = []
    for row in sorted(board.rows, key=lambda row: row.chosen == "train"):  # what counts is drawn last
        value = row.parameters.get(scale)
        if row.entry == entry and row.chosen in ("train", "ODS") and isinstance(value, int | float):
            parts.append(_chosen(look, row, across.at(float(value)), up))
            said.append(_choice(row, scale, value))
    caption = f"<b>{text(entry)}</b>: {text(board.score)}. Solid: {text(report.dataset)}"
    caption += f"; dashed: {text(train.dataset)}." if train.points else "."
    drawn = svg(_WIDTH, _HEIGHT, f"{board.score} of {entry} over {scale}", "".join(parts))
    return figure(drawn, f"{caption} {' '.join(said)}", place)


def _choice(row: Row, scale: str, value: Any) -> str:
    said = f"{scale} = {parameter(value)} gives {score(row.value)}"
    if row.chosen == "ODS":
        return f'<span class="oracle">ODS{DAGGER}: {text(said)}.</span>'
    return f"Chosen on train: {text(said)}."


def _chosen(look: int, row: Row, x: float, up: Scale) -> str:
    if math.isnan(row.value):
        return ""
    drawn = mark(look, x, up.at(row.value), hollow=row.chosen == "ODS", title=f"{row.chosen}: {score(row.value)}")
    if row.chosen == "ODS":
        return f'<g class="oracle">{drawn}</g>'
    return line(x, up.start, x, up.end, "chosen") + drawn


@dataclass(frozen=True)
class _Boundaries:
    """Precision and recall of the row that stands for an entry, at each member of its family or at its only one."""

    row: Row
    points: tuple[tuple[float, float], ...]  # (recall, precision), in the order of the members
    best: tuple[float, float]  # at the row's own parameters


def draw_boundaries(book: Book, board: Board, place: int) -> str:
    """Precision and recall where the board's score is made of boundary counts, which are added over the pictures."""
    found = [each for row in board.leaders.values() if (each := _boundaries(book, board, row)) is not None]
    if not found:
        return ""
    across, up = Scale(0, 1, _LEFT, _SQUARE - _RIGHT), Scale(0, 1, _SQUARE - _BOTTOM, _TOP)
    parts = [frame(across, up, "recall", "precision"), *(_iso_f(tenths / 10, across, up) for tenths in range(1, 10))]
    points, taken, marks = [], [], []
    for each in found:
        look = book.look(each.row.entry)
        drawn = [(across.at(x), up.at(y)) for x, y in each.points]
        if len(drawn) > 1:
            parts.append(path(drawn, f"curve {color_class(look)}"))
            taken += boxes_along(drawn, 2)
        x, y = across.at(each.best[0]), up.at(each.best[1])
        said = f"{each.row.entry}: precision {score(each.best[1])}, recall {score(each.best[0])}"
        marks.append(mark(look, x, y, hollow=each.row.oracle, title=said))
        points.append((x, y))
        taken.append(Box(x - 6, y - 6, x + 6, y + 6))
    inside = Box(_LEFT + 2, _TOP, _SQUARE - _RIGHT - 26, _SQUARE - _BOTTOM - 1)
    names, oracles = [each.row.entry for each in found], [each.row.oracle for each in found]
    parts += [*marks, draw_labels(names, points, taken, inside, oracles)]
    drawing = svg(_SQUARE, _SQUARE, f"Precision and recall, {board.metric} on {board.dataset}", "".join(parts))
    many = any(len(each.points) > 1 for each in found)
    caption = f"<b>{text(board.metric)}</b> on {text(board.dataset)}, counts added over the pictures. "
    caption += "Thin lines: equal F." + (" Curves: families, with a mark at the chosen member." if many else "")
    return figure(drawing, caption, place)


def has_boundaries(book: Book, board: Board) -> bool:
    """Whether the board's score is made of boundary counts."""
    return any(_is_boundary(each) for row in board.leaders.values() for each in _scores(book, board, row.entry))


def _scores(book: Book, board: Board, entry: str) -> Iterator[ScoreRow]:
    for member in book.members(board, entry)[:1]:
        yield from list(book.scores(board, entry, as_json(member)).values())[:1]


def _is_boundary(row: ScoreRow) -> bool:
    return row.sums.startswith('{"is":"BoundaryCounts"')


def _boundaries(book: Book, board: Board, row: Row) -> _Boundaries | None:
    points: dict[str, tuple[float, float]] = {}
    for member in book.members(board, row.entry):
        pooled = _pooled(book.scores(board, row.entry, as_json(member)))
        if pooled is not None:
            points[as_json(member)] = (pooled.recall, pooled.precision)
    if not points:
        return None
    chosen = points.get(as_json(row.parameters), next(iter(points.values())))
    return _Boundaries(row, tuple(points.values()), chosen)


def _pooled(scores: Mapping[str, ScoreRow]) -> BoundaryCounts | None:
    counts = [load_sums(each.sums) for each in scores.values() if _is_boundary(each)]
    return reduce(add, counts) if counts else None


def _iso_f(f: float, across: Scale, up: Scale) -> str:
    """Where precision and recall have this harmonic mean: p = f r / (2 r - f), from p = 1 to r = 1."""
    lowest = f / (2 - f)
    recalls = [lowest ** (1 - step / 40) for step in range(41)]
    points = [(across.at(r), up.at(f * r / (2 * r - f))) for r in recalls]
    return path(points, "iso") + words(across.end - 3, points[-1][1] - 6, f"F {f:.1f}", "end iso-name")
