"""The lists of splits: which of the files a list names, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from classicseg.datasets.declared.declaration import Declaration
from classicseg.datasets.declared.look import Look
from classicseg.datasets.declared.patterns import Key
from classicseg.datasets.declared.read import Files
from classicseg.datasets.layout import read_lines
from classicseg.errors import ImageError

T = TypeVar("T")


def lines_of(declaration: Declaration, root: Path, split: str | None) -> list[str] | None:
    """The list of a split; None where none is asked for, or splits have no lists."""
    if split is None or not declaration.split_lists:
        return None
    path = root / declaration.split_lists[split]
    if not path.is_file():
        raise ImageError(
            f"{declaration.where}: the list of the split {split!r}, {path}, is not there. Put it there, or leave the "
            "split out."
        )
    return read_lines(path)


def listed(declaration: Declaration, look: Look, lines: list[str], said: str, missing: list[str]) -> Look:
    """What a list names of the files, in its order, so that what lacks a partner outside the list is no matter."""
    deep = "folder" in look.layout.images.placeholders
    index: dict[str, Key | None] = {}
    for key in dict.fromkeys((*look.images, *(key for files in look.truths for key in files))):
        for text in {declaration.name_of(key), "".join(key)}:
            index[text] = key if index.get(text, key) == key else None
    keys = _named(lines, index, missing, listed=said, drop_folders=not deep)
    return replace(
        look,
        images=_only(look.images, keys),
        truths=tuple(_only(files, keys) for files in look.truths),
        fields=_only(look.fields, keys),
    )


def _only(files: dict[Key, Path], keys: list[Key]) -> dict[Key, Path]:
    return {key: files[key] for key in keys if key in files}


def listed_pages(
    declaration: Declaration, places: list[Files], lines: list[str], said: str, missing: list[str]
) -> list[Files]:
    index: dict[str, Files | None] = {declaration.name_of(each.key, each.split, each.page): each for each in places}
    return _named(lines, index, missing, listed=said, drop_folders=False)


def _named(
    lines: Iterable[str], index: Mapping[str, T | None], missing: list[str], *, listed: str, drop_folders: bool
) -> list[T]:
    """What the lines of a list name, each once and in their order; what they name in vain is added to `missing`.

    Parameters
    ----------
    lines : iterable of str
        Names with or without a suffix; between folders stands / or a backslash.
    index : mapping
        What can be named; None where a name stands for several.
    missing : list of str
    listed : str
        The words that name the list in messages.
    drop_folders : bool
        Whether the folders in a line may be left aside. Where two lines that differ in them name one thing, that is
        missing too.
    """
    found: dict[T, str] = {}
    for line in lines:
        text = line.replace("\\", "/")
        folders, _, name = text.rpartition("/")
        wanted = next(
            (each for each in (*_spellings(text), *(_spellings(name) if drop_folders else ())) if each in index), ""
        )
        thing = index.get(wanted)
        if thing is None:
            why = "several pictures" if wanted in index else "no picture with a truth"
            missing.append(f"{listed} names {line}, which is {why}")
        elif folders and found.get(thing) and found[thing] != folders:
            missing.append(f"{listed} names {line} and {found[thing]}/{name}, which both mean one picture")
        else:
            found[thing] = found.get(thing) or folders
    return list(found)


def _spellings(text: str) -> tuple[str, ...]:
    """A name as it stands, and without its suffix."""
    return (text, text.rpartition(".")[0]) if "." in text else (text,)
