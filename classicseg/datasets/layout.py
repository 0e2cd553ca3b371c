"""What readers of a publisher's layout share: where it begins, its lists, and which of two halves is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PureWindowsPath

from classicseg.errors import ImageError

_NAMED_IN_A_MESSAGE = 8


def pick_root(root: Path, wanted: tuple[str, ...], below: Iterable[str | Path] = ()) -> Path:
    """The folder in which a layout begins: the root itself or one of the folders `below` it.

    The first that holds everything in `wanted`; where none does, the first that holds anything of it, so that what is
    missing can be named.

    Raises
    ------
    ImageError
        The root is no folder, or nothing of what is wanted is there.
    """
    if not root.is_dir():
        state = "is a file" if root.exists() else "does not exist"
        raise ImageError(f"{root} {state}; the folder of a data set is wanted. Check the path.")
    folders = [Path(folder) for folder in below]
    places = [root, *(root / folder for folder in folders)]
    there = {place: sum((place / name).exists() for name in wanted) for place in places}
    best = max(places, key=lambda place: there[place] if there[place] == len(wanted) else min(there[place], 1))
    if not there[best]:
        where = "".join(f" or in its {folder.as_posix()}" for folder in folders)
        holds = sorted(path.name for path in root.iterdir())
        raise ImageError(
            f"{root} has not the layout that is looked for: {', '.join(wanted)} in it{where}. "
            f"It holds {some(holds) or 'nothing'}. Check the path, or name another layout."
        )
    return best


def read_lines(path: Path) -> list[str]:
    """The lines of a list, without those that are empty and without blanks around them.

    Raises
    ------
    ImageError
        The file cannot be read as text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImageError(f"{path} is no list: it is not UTF-8 text ({error.reason}). Get the file anew.") from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error
    return [line for line in map(str.strip, text.splitlines()) if line]


def files_ending(folder: Path, *endings: str) -> dict[str, Path]:
    """The files of a folder by their names without the ending, in natural order; {} where there is no folder.

    Endings are compared without regard to case. Hidden files and folders are left alone; of two files that differ in
    the ending only, the first ending wins.
    """
    if not folder.is_dir():
        return {}
    found: dict[str, Path] = {}
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for ending in endings:
        for path in entries:
            if path.name.lower().endswith(ending.lower()) and path.is_file():
                found.setdefault(path.name[: -len(ending)], path)
    return {name: found[name] for name in sorted(found, key=natural_order)}


def unpaired(
    root: Path, pictures: Mapping[str, Path], truths: Mapping[str, Path], truth_folder: Path, ending: str
) -> list[str]:
    """Words for each picture without a truth and each truth without a picture.

    `truth_folder` and `ending` say where the truth of a picture is looked for.
    """
    lines = [
        f"{within(root, truth_folder / (name + ending))}, the truth of {within(root, picture)}, is not there"
        for name, picture in pictures.items()
        if name not in truths
    ]
    lines += [
        f"the picture of {within(root, truth)} is not there" for name, truth in truths.items() if name not in pictures
    ]
    return lines


def natural_order(name: str) -> tuple[list[str | int], str]:
    """A key that sorts names by the numbers in them.

    Examples
    --------
    >>> sorted(["b10", "b9", "a", "b09", "10", "2"], key=natural_order)
    ['2', '10', 'a', 'b09', 'b9', 'b10']
    """
    parts = re.split("([0-9]+)", name)  # text and digits take turns, beginning with text, so that like meets like
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def path_below(folder: Path, name: object, told_by: str) -> Path:
    """The path that a list, or another file of a data set, names below a folder; one that leads out is refused.

    Every name that comes out of a file and becomes a path goes through here. It is the name that is looked at: links
    that somebody has laid in the folder are followed, as everywhere.

    Parameters
    ----------
    folder : Path
    name : str
        With forward slashes or backslashes.
    told_by : str
        The words that name the list, for messages.

    Raises
    ------
    ImageError
        The name is no text or empty, begins at a root or a drive, or has a part "..".
    """
    plain = name.replace("\\", "/") if isinstance(name, str) else ""
    whole = PureWindowsPath(plain)
    if not plain.strip("/.") or "\0" in plain or plain.startswith("/") or whole.drive or ".." in whole.parts:
        raise ImageError(
            f"{told_by} names the file {name!r}; names of files are paths below the folder of the data set. "
            "Mend the list, or get it anew."
        )
    return folder / plain


def within(root: Path, path: Path) -> str:
    """A path as it is written below the root, with forward slashes on every system."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def some(names: list[str], count: int = _NAMED_IN_A_MESSAGE) -> str:
    """The first names, and a sign that there are more."""
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")
