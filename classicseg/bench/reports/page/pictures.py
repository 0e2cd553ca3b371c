"""Each picture, its truth, and what the entries made of it, with their scores."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from classicseg.bench.reports.page.book import Board, Book
from classicseg.bench.reports.page.charts import icon
from classicseg.bench.reports.page.markup import DAGGER, score, text
from classicseg.bench.results import OVERLAYS, PictureRow, RunRow, as_json

_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_OPEN = 4  # so many strips are open from the start


class _Member(NamedTuple):
    """One member of an entry: whether it is an oracle, and on which boards it stands for the entry."""

    entry: str
    parameters: str
    oracle: bool
    leads: tuple[bool, ...]


@dataclass(frozen=True)
class Tile:
    """What one member of an entry made of a picture.

    ``scores`` are those under each board of the data set; ``leads`` says on which boards it stands for its entry. It is
    an oracle where it is one on all of these: a score that looks at the truth makes no oracle of the label map.
    """

    entry: str
    oracle: bool
    run: RunRow | None
    scores: tuple[float, ...]
    leads: tuple[bool, ...]


@dataclass(frozen=True)
class Strip:
    """A picture and its tiles."""

    picture: PictureRow
    tiles: tuple[Tile, ...]
    means: tuple[float, ...] = field(default=())  # of the tiles that lead, under each board


def strips_of(book: Book, dataset: str, most: int) -> tuple[list[Strip], int]:
    """The strips of a data set, the worst first by the mean over entries under its first board, and of how many.

    Where there are more than `most`, the worst half and the best half of that number are kept.
    """
    boards = book.boards_of(dataset)
    members = [each for entry in book.entries for each in _members(boards, entry)]
    strips = [_strip(book, boards, members, picture) for picture in book.pictures_of(dataset)]
    sign = -1 if boards[0].lower else 1

    def order(strip: Strip) -> tuple[bool, float, str]:
        mean = strip.means[0]
        return math.isnan(mean), 0.0 if math.isnan(mean) else sign * mean, strip.picture.picture

    strips.sort(key=order)
    kept = strips if len(strips) <= most else [*strips[: (most + 1) // 2], *strips[len(strips) - most // 2 :]]
    return kept, len(strips)


def draw_strips(book: Book, strips: Sequence[Strip], folder: Path) -> str:
    """All strips of a data set, the first few open."""
    return "".join(_draw(book, strip, place, folder) for place, strip in enumerate(strips))


def as_data(book: Book, dataset: str, strips: Sequence[Strip]) -> dict[str, Any]:
    """What the page's script sorts strips by and writes under their tiles."""
    return {
        "dataset": dataset,
        "pictures": [
            {
                "name": strip.picture.picture,
                "means": list(strip.means),
                "tiles": [
                    {"entry": book.look(tile.entry), "scores": list(tile.scores), "leads": list(tile.leads)}
                    for tile in strip.tiles
                ],
            }
            for strip in strips
        ],
    }


def _members(boards: Sequence[Board], entry: str) -> Iterator[_Member]:
    """The members that stand for an entry on one board or more."""
    leaders = [board.leaders.get(entry) for board in boards]
    # An oracle that takes another member for each picture has no overlay of its own.
    wanted = [as_json(row.parameters) if row is not None else "" for row in leaders]
    for parameters in dict.fromkeys(each for each in wanted if each):
        leads = tuple(each == parameters for each in wanted)
        oracle = all(row.oracle for row, lead in zip(leaders, leads, strict=True) if row and lead)
        yield _Member(entry, parameters, oracle, leads)


def _strip(book: Book, boards: Sequence[Board], members: Sequence[_Member], picture: PictureRow) -> Strip:
    tiles = []
    for member in members:
        found = [book.scores(board, member.entry, member.parameters).get(picture.picture) for board in boards]
        tiles.append(
            Tile(
                entry=member.entry,
                oracle=member.oracle,
                run=book.run(picture.dataset, picture.picture, member.entry, member.parameters),
                scores=tuple(math.nan if each is None else each.value for each in found),
                leads=member.leads,
            )
        )
    means = []
    for place in range(len(boards)):
        own = [tile.scores[place] for tile in tiles if tile.leads[place] and not math.isnan(tile.scores[place])]
        means.append(math.fsum(own) / len(own) if own else math.nan)
    return Strip(picture, tuple(tiles), tuple(means))


def _draw(book: Book, strip: Strip, place: int, folder: Path) -> str:
    picture = strip.picture
    name = text(picture.picture)
    truth = "truth" if picture.truths <= 1 else f"truth 1 of {picture.truths}"
    tiles = [
        _tile(folder, picture.sight, f"{picture.picture}, the picture", _who("picture")),
        _tile(folder, picture.truth_overlay, f"{picture.picture}, {truth}", _who(truth)),
    ]
    for index, tile in enumerate(strip.tiles):
        tiles.append(_entry_tile(book, strip, tile, index, folder))
    size = f"{picture.width}\N{MULTIPLICATION SIGN}{picture.height}" if picture.width else ""
    opened = " open" if place < _OPEN else ""
    return (
        f'<details class="strip" data-place="{place}"{opened}><summary><span class="what">{name}</span>'
        f'<span class="size">{size}</span><span class="mean">mean <output>{score(strip.means[0])}</output></span>'
        f'</summary><div class="tiles">{"".join(tiles)}</div></details>'
    )


def _entry_tile(book: Book, strip: Strip, tile: Tile, index: int, folder: Path) -> str:
    oracle = DAGGER if tile.oracle else ""
    caption = icon(book.look(tile.entry), hollow=tile.oracle) + _who(tile.entry + oracle)
    caption += f' <span class="score">{score(tile.scores[0])}</span>'
    says = f"{strip.picture.picture}, {tile.entry}"
    kinds = f'data-tile="{index}"' + ("" if tile.leads[0] else " hidden")
    if tile.run is None:
        return _tile(folder, "", says, caption, kinds=kinds, oracle=tile.oracle)
    return _tile(folder, tile.run.overlay, says, caption, error=tile.run.error, kinds=kinds, oracle=tile.oracle)


def _who(name: str) -> str:
    return f'<span class="who">{text(name)}</span>'


def _tile(
    folder: Path, file: str, says: str, caption: str, *, error: str = "", kinds: str = "", oracle: bool = False
) -> str:
    """A picture that a click enlarges, or in words why there is none; `kinds` are further attributes."""
    source = _data_uri(folder / OVERLAYS, file)
    if source is None:
        inner = f'<div class="none" title="{text(error)}">{"failed" if error else "no picture kept"}</div>'
    else:
        uri, (width, height) = source
        inner = (
            f'<button type="button" class="look"><img src="{uri}" alt="{text(says)}" width="{width}" height="{height}" '
            'loading="lazy" decoding="async"></button>'
        )
    named = "tile oracle" if oracle else "tile"
    return f'<figure class="{named}" {kinds}>{inner}<figcaption>{caption}</figcaption></figure>'


def _data_uri(folder: Path, file: str) -> tuple[str, tuple[int, int]] | None:
    """A file of the folder of overlays as a URI that holds it, and its size; None where there is no such picture."""
    from PIL import Image, UnidentifiedImageError

    path = folder / file
    kind = _TYPES.get(path.suffix.lower())
    if not file or kind is None or path.parent != folder or not path.is_file():
        return None
    try:
        with Image.open(path) as picture:
            size = picture.size
    except (UnidentifiedImageError, OSError):
        return None
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}", size
