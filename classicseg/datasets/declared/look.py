"""The files below a root that match the patterns of a declaration, by what pairs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from classicseg.datasets.declared.declaration import Declaration, Layout
from classicseg.datasets.declared.patterns import Key, Pattern
from classicseg.datasets.layout import natural_order
from classicseg.errors import ImageError, one_line

_NAMED_IN_A_MESSAGE = 8


@dataclass(frozen=True)
class Look:
    """The files that match the patterns of one split, by what pairs them, in natural order or that of a list."""

    split: str
    layout: Layout  # with the split's word in the patterns
    images: dict[Key, Path]
    truths: tuple[dict[Key, Path], ...]
    fields: dict[Key, Path]


def lay_out(declaration: Declaration, root: Path, split: str | None) -> tuple[Layout, Path, list[Look]]:
    """The first layout, and the first of its starts, that has pictures; else the first that has truths."""
    splits = [split] if split is not None and declaration.splits else list(declaration.splits) or [""]
    second_best = None
    for layout, base in bases(declaration, root):
        wanted = [look_for(declaration, layout, base, each) for each in splits]
        if any(look.images for look in wanted):
            return layout, base, wanted
        if second_best is None and any(any(look.truths) for look in wanted):
            second_best = layout, base, wanted
    if second_best is None:
        raise _not_of_that_layout(declaration, root, split)
    return second_best


def bases(declaration: Declaration, root: Path) -> Iterator[tuple[Layout, Path]]:
    """Each layout with each of the folders in which it may begin."""
    for layout in declaration.layouts:
        for start in layout.start:
            yield layout, root if start == "." else root / start


def _not_of_that_layout(declaration: Declaration, root: Path, split: str | None) -> ImageError:
    of_split = "" if split is None or not declaration.splits else f" of the split {split!r}"
    words = {"split": declaration.splits[split]} if of_split and split is not None else {}
    wanted = [
        f"{'' if start == '.' else start + '/'}{layout.images.filled(words).text}"
        for layout in declaration.layouts
        for start in layout.start
    ]
    there = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    more = ", ..." if len(there) > _NAMED_IN_A_MESSAGE else ""
    return ImageError(
        f"{declaration.where}: {root} holds no picture{of_split} at {one_line(' or '.join(wanted), 500)} "
        f"(there: {', '.join(there[:_NAMED_IN_A_MESSAGE]) or 'nothing'}{more}). "
        "Give the folder that the data set was unpacked in."
    )


def look_for(declaration: Declaration, layout: Layout, base: Path, split: str) -> Look:
    words = {"split": declaration.splits[split]} if split else {}
    filled = replace(
        layout,
        images=layout.images.filled(words),
        truths=tuple(each.filled(words) for each in layout.truths),
        field_of_view=layout.field_of_view and layout.field_of_view.filled(words),
    )
    # The order decides between patterns of which as much is written out: a truth is no picture.
    patterns = [*filled.truths, *([filled.field_of_view] if filled.field_of_view else []), filled.images]
    found = [{path: key for key, path in pattern.find(base)} for pattern in patterns]
    owner = _owners(patterns, found)
    by_key = [
        _by_key(declaration, base, {path: key for path, key in each.items() if owner[path] == number})
        for number, each in enumerate(found)
    ]
    graders = len(filled.truths)
    return Look(split, filled, by_key[-1], tuple(by_key[:graders]), by_key[graders] if filled.field_of_view else {})


def _owners(patterns: list[Pattern], found: list[dict[str, Key]]) -> dict[str, int]:
    """Which pattern each file belongs to: of those that match it the first with most written out."""
    written_out = [pattern.written_out for pattern in patterns]
    owner: dict[str, int] = {}
    for number, each in enumerate(found):
        for path in each:
            if path not in owner or written_out[number] > written_out[owner[path]]:
                owner[path] = number
    return owner


def _by_key(declaration: Declaration, base: Path, files: dict[str, Key]) -> dict[Key, Path]:
    made: dict[Key, str] = {}
    for path, key in files.items():
        if key in made:
            raise ImageError(
                f"{declaration.where}: {base / made[key]} and {base / path} stand in the same place "
                f"({''.join(key) or 'no name'}). "
                "Take one away; or make the patterns narrower, or put {folder} in the place of ** or *."
            )
        made[key] = path
    return {key: base / made[key] for key in in_order(made)}


def in_order(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys, key=lambda key: natural_order("".join(key)))
