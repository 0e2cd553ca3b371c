"""The whole page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from classicseg.bench.analysis.rows import Row
from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import symbols
from classicseg.bench.reports.page.comparisons import draw_comparisons
from classicseg.bench.reports.page.controls import draw_filters, draw_lens, draw_order
from classicseg.bench.reports.page.curves import draw_boundaries, draw_sweeps, has_boundaries
from classicseg.bench.reports.page.facts import draw_facts, draw_failures, draw_lead, draw_parameters, title_of
from classicseg.bench.reports.page.markup import DAGGER, count, digest, json_in_script, text
from classicseg.bench.reports.page.pictures import Strip, as_data, draw_strips, strips_of
from classicseg.bench.reports.page.plots import (
    ABOUT_DISTRIBUTIONS,
    ABOUT_ORACLES,
    ABOUT_SECONDS,
    draw_distributions,
    draw_seconds,
)
from classicseg.bench.reports.page.tables import draw_rows
from classicseg.bench.reports.page.tuning import draw_tuning
from classicseg.bench.results import Results

if TYPE_CHECKING:
    from classicseg.bench.analysis.comparisons import Comparison

MOST = 100
_Strips = Mapping[str, tuple[list[Strip], int]]  # of each data set, and of how many pictures


def write_page(
    results: Results, rows: Sequence[Row], comparisons: Sequence[Comparison], folder: Path, *, most: int = MOST
) -> bytes:
    """Results as one HTML file that opens from the disk, with no network and nothing beside it.

    Parameters
    ----------
    results : Results
    rows : sequence of Row
        The lines of its table.
    comparisons : sequence of Comparison
        Of pairs of entries; may be empty.
    folder : Path
        The folder of the results, for the pictures in its ``overlays``. What is missing there is said on the page.
    most : int
        Of a data set with more pictures, half as many of the worst and of the best are shown.

    Returns
    -------
    bytes
        UTF-8; the same for the same results.
    """
    book = Book(results, rows)
    strips = {dataset: strips_of(book, dataset, most) for dataset in book.datasets}
    sections = [each for each in _sections(book, comparisons, strips, folder) if each[2]]
    links = "".join(f'<a href="#{name}">{heading}</a>' for name, heading, _ in sections)
    inner = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{heading}</h2>{body}</section>'
        for name, heading, body in sections
    )
    title = text(title_of(book))
    script = _asset("page.js")
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n{_head(title, script)}\n<body>\n{symbols()}\n'
        f"<header><h1>{title}</h1>{draw_lead(book)}{draw_facts(book)}"
        f'<nav aria-label="Sections">{links}</nav></header>\n{draw_filters(book)}\n<main>{inner}</main>\n'
        f'{draw_lens()}\n<script type="application/json" id="data">{_data(book, strips)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )
    return page.encode("utf-8")


def _head(title: str, script: str) -> str:
    style = _asset("page.css")
    policy = (
        f"default-src 'none'; img-src data:; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="generator" content="classicseg">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>"
    )


def _data(book: Book, strips: _Strips) -> str:
    """What the script has to know."""
    return json_in_script(
        {
            "boards": [{"dataset": board.dataset, "score": board.score, "lower": board.lower} for board in book.boards],
            "entries": book.entries,
            "sets": [as_data(book, dataset, kept) for dataset, (kept, _) in strips.items()],
        }
    )


def _sections(
    book: Book, comparisons: Sequence[Comparison], strips: _Strips, folder: Path
) -> list[tuple[str, str, str]]:
    """Name, heading and content of each; empty ones are left out."""
    about_seconds = ABOUT_SECONDS + (ABOUT_ORACLES if book.has_oracles else "")
    return [
        ("rows", "Scores", _about_rows(book) + draw_rows(book)),
        ("seconds", "Score against seconds", _plots(book, lambda *each: [draw_seconds(*each)], about_seconds)),
        (
            "distributions",
            "Scores of single pictures",
            _plots(book, lambda *each: [draw_distributions(*each)], ABOUT_DISTRIBUTIONS),
        ),
        ("comparisons", "Paired comparisons", draw_comparisons(book, comparisons)),
        ("sweeps", "Sweeps", _plots(book, draw_sweeps, kind="plots small")),
        ("boundaries", "Precision and recall of boundaries", _boundaries(book)),
        ("pictures", "Pictures", _pictures(book, strips, folder)),
        ("failures", "Failures", draw_failures(book)),
        ("tuning", "Tuning", draw_tuning(book)),
        ("parameters", "Parameters", draw_parameters(book)),
    ]


def _about_rows(book: Book) -> str:
    said = "Bold: the best of a score on a data set."
    if book.has_oracles:
        said += f" {DAGGER} Oracles look at the truth; they are never bold and have no rank."
    return f'<p class="note">{said} <span id="shown" role="status"></span></p>'


def _plots(
    book: Book, draw: Callable[[Book, Board, int], Iterable[str]], note: str = "", *, kind: str = "plots"
) -> str:
    """The drawings of each data set by themselves: those of one have about the same height."""
    drawn: dict[str, str] = {}
    for place, board in enumerate(book.boards):
        drawn[board.dataset] = drawn.get(board.dataset, "") + "".join(draw(book, board, place))
    groups = "".join(
        f'<div class="group">{_heading(book, dataset)}<div class="{kind}">{figures}</div></div>'
        for dataset, figures in drawn.items()
        if figures
    )
    return (f'<p class="note">{note}</p>' if note and groups else "") + groups


def _heading(book: Book, dataset: str, more: str = "") -> str:
    """The data set's name, where there are several."""
    return f"<h3>{text(dataset)}{more}</h3>" if len(book.datasets) > 1 else ""


def _boundaries(book: Book) -> str:
    """F, precision and recall have the same counts: one drawing for each data set."""
    first: dict[str, tuple[Board, int]] = {}
    for place, board in enumerate(book.boards):
        if has_boundaries(book, board):
            first.setdefault(board.dataset, (board, place))
    drawn = "".join(draw_boundaries(book, board, place) for board, place in first.values())
    return f'<div class="plots">{drawn}</div>' if drawn else ""


def _pictures(book: Book, strips: _Strips, folder: Path) -> str:
    if not any(kept for kept, _ in strips.values()):
        return ""
    parts = [draw_order(book)]
    for place, (dataset, (kept, whole)) in enumerate(strips.items()):
        heading = _heading(book, dataset, f' <small class="under">{text(book.boards_of(dataset)[0].score)}</small>')
        drawn = draw_strips(book, kept, folder)
        parts.append(
            f'<div class="set" data-set="{place}">{heading}{_cut(len(kept), whole)}'
            f'<div class="strips">{drawn}</div></div>'
        )
    return "".join(parts)


def _cut(kept: int, whole: int) -> str:
    if kept == whole:
        return ""
    return (
        f'<p class="note">{kept:,} of {count(whole, "picture")} are shown: those on which the entries do worst, and '
        "those on which they do best, by the mean over entries.</p>"
    )


@lru_cache
def _asset(name: str) -> str:
    return files("classicseg.bench.reports.page").joinpath(name).read_text(encoding="utf-8")
