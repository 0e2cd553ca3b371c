"""What a reader can set: what is shown, and the order of the pictures. Without scripts none of it appears."""

from __future__ import annotations

from collections.abc import Iterable

from classicseg.bench.reports.page.book import Book
from classicseg.bench.reports.page.markup import text


def draw_filters(book: Book) -> str:
    """Which rows, drawings and pictures are shown."""
    alone = " hidden" if len(book.datasets) < 2 else ""
    return (
        '<div class="controls filters scripted" role="search" aria-label="What is shown">'
        '<label>Find <input type="search" id="find" placeholder="entry, remark, …" autocomplete="off" '
        'spellcheck="false"></label>'
        f'<label{alone}>Data set <select id="dataset">{_every("all")}{_options(book.datasets)}</select></label>'
        f'<label>Score <select id="metric">{_every("all")}{_options(_scores(book))}</select></label>'
        '<label class="check"><input type="checkbox" id="oracles"> Hide oracles</label></div>'
    )


def draw_order(book: Book) -> str:
    """By what the pictures are sorted."""
    entries = "".join(f'<option value="{place}">{text(name)}</option>' for place, name in enumerate(book.entries))
    return (
        '<div class="controls pick scripted"><label>Order <select id="order"><option value="worst">worst first</option>'
        '<option value="best">best first</option><option value="name">by name</option></select></label>'
        f'<label>by <select id="judge">{_every("the mean over entries")}{entries}</select></label>'
        f'<label>under <select id="score">{_options(_scores(book))}</select></label>'
        '<button type="button" id="open">Open all</button><button type="button" id="close">Close all</button></div>'
    )


def draw_lens() -> str:
    """Where a picture is shown enlarged."""
    return (
        '<dialog id="lens" aria-label="Picture, enlarged"><figure><img alt=""><figcaption></figcaption></figure>'
        '<div class="turn"><button type="button" data-step="-1" aria-label="Previous">\N{LEFTWARDS ARROW}</button>'
        '<button type="button" data-step="1" aria-label="Next">\N{RIGHTWARDS ARROW}</button>'
        '<button type="button" data-step="0">Close</button></div></dialog>'
    )


def _scores(book: Book) -> list[str]:
    return list(dict.fromkeys(board.score for board in book.boards))


def _every(name: str) -> str:
    return f'<option value="">{name}</option>'


def _options(values: Iterable[str]) -> str:
    return "".join(f'<option value="{text(value)}">{text(value)}</option>' for value in values)
