"""What was tuned on what: in words for the head of the page, and every entry's search in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classicseg.bench.reports.page.book import Book
from classicseg.bench.reports.page.charts import icon
from classicseg.bench.reports.page.markup import listed, table, text
from classicseg.bench.reports.tables import TUNING, tuned_cells

_GIVEN = "parameters as given, not tuned"
_HEADS = ("Entry", "Data set", *TUNING[1:])
_LEFT = ("Entry", "Data set", "Tuned on", "For", "Search")


def tuning_in_words(book: Book) -> str:
    """How the parameters of the entries were chosen, those alike in one line; those that were not, in the last."""
    told: dict[str, dict[str, list[str]]] = {}  # what is said, of which entries, on which data sets
    for (dataset, name), about in book.about_all():
        told.setdefault(_chosen_on(about) or _GIVEN, {}).setdefault(name, []).append(dataset)
    lines = []
    for said in sorted(told, key=lambda each: each == _GIVEN):
        where: dict[str, list[str]] = {}
        for name, datasets in told[said].items():
            everywhere = len(datasets) == sum(bool(book.about(dataset, name)) for dataset in book.datasets)
            where.setdefault("" if everywhere else f" on {listed(datasets)}", []).append(name)
        lines += [f"<p><b>{text(listed(names) + on)}</b>: {said}</p>" for on, names in where.items()]
    return "".join(lines)


def draw_tuning(book: Book) -> str:
    """Where, how and for how long each entry's parameters were tuned; the pictures' names stand in the manifest."""
    rows = "".join(
        f'<tr><th scope="row" class="left">{icon(book.look(name))}{text(name)}</th>'
        + "".join(
            f'<td class="{"left" if head in _LEFT else "number"}">{text(cell)}</td>'
            for head, cell in zip(_HEADS[1:], (dataset, *tuned_cells(name, about["tuned"])[1:]), strict=True)
        )
        + "</tr>"
        for (dataset, name), about in book.about_all()
        if about["tuned"]
    )
    return table("Tuning", [(head, head in _LEFT) for head in _HEADS], rows) if rows else ""


def _chosen_on(about: Mapping[str, Any]) -> str:
    """As HTML; "" where nothing was chosen."""
    said = []
    size = len(about["parameters"])
    if about["train"]:
        walk = f"{about['scale']}, " if about["scale"] else ""
        said.append(text(f"{walk}one of {size} chosen on {about['train']}"))
    elif about["scale"]:
        said.append(text(f"{about['scale']}, {size} values; the best looks at the truth"))
    if about["tuned"]:
        said.append('tuned before, as <a href="#tuning">Tuning</a> tells')
    elif about["chosen"] == "train" and not said:
        said.append("tuned before")
    return "; ".join(said)
