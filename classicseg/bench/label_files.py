"""Files with label maps in a folder, by the names of the pictures that they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from classicseg.errors import ImageError
from classicseg.io.read import SUFFIXES
from classicseg.jobs import OUTPUTS, is_output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BY_PRODUCTS = tuple(ending for ending in OUTPUTS if ending != "_labels")
_WRITTEN_BY_RUN = re.compile(r"_[A-Za-z0-9-]+_labels$")
_FEW = 3


def label_files(folder: Path, suffixes: Collection[str] = SUFFIXES) -> list[Path]:
    """The files of these suffixes in a folder and those below it, but hidden ones and by-products of our own runs."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in suffixes
        and not file.name.startswith(".")
        and not any(is_output(file, by) for by in _BY_PRODUCTS)
    ]


def by_name(folder: Path, files: Iterable[Path], known: Collection[str] = ()) -> dict[str, Path]:
    """Files by their path in the folder without suffix; one that is not `known` loses what `run` adds to names.

    Raises
    ------
    ImageError
        Two files have one name.
    """
    named: dict[str, Path] = {}
    for file in files:
        name = name_in(folder, file)
        if known and name not in known:
            name = plain_name(name)
        if name in named:
            raise ImageError(
                f"{named[name].name} and {file.name} in {folder} both belong to {name}. "
                "Keep each method in a folder of its own."
            )
        named[name] = file
    return named


def name_in(folder: Path, file: Path) -> str:
    """A file's path in the folder, without suffix and with forward slashes."""
    return file.relative_to(folder).with_suffix("").as_posix()


def plain_name(name: str) -> str:
    """A name without what `classicseg run` adds to it: ``img`` of ``img_METHOD_labels``."""
    return _WRITTEN_BY_RUN.sub("", name)


def assign(names: Collection[str], found: Iterable[str], where: Path) -> dict[str, str]:
    """Which of the found names belongs to each of the names, those without one left out.

    One that is the same belongs first, and one that `run` wrote; then one of which either is the end of the other's
    path, so that ``val/2018`` belongs to 2018 and ``zurich_1`` to ``zurich/zurich_1``.

    Raises
    ------
    ImageError
        Two belong to one name, or one to two.

    Examples
    --------
    >>> assign(["a", "b", "c/d"], ["a", "val/b_otsu_labels", "d"], Path("out"))
    {'a': 'a', 'b': 'val/b_otsu_labels', 'c/d': 'd'}
    """
    found = list(found)
    same = set(names) & set(found)
    others = [each for each in found if each not in same]
    written, ends = _grouped(others, plain_name), _grouped(others, _last_part)
    assigned: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in names:
        several = [name] * (name in same) + written.get(name, [])
        several = several or _by_end(name, ends.get(_last_part(name), []))
        if len(several) > 1:
            raise ImageError(
                f"{' and '.join(several[:_FEW])} in {where} both belong to {name}. Keep each method in a folder of its "
                "own, with one file a picture."
            )
        for each in several:
            if taken.setdefault(each, name) != name:
                raise ImageError(
                    f"{each} in {where} belongs to {taken[each]} as well as to {name}. Keep the folders of the "
                    "pictures in the names of the label maps."
                )
            assigned[name] = each
    return assigned


def _grouped(found: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for each in found:
        groups.setdefault(key(each), []).append(each)
    return groups


def _last_part(name: str) -> str:
    return plain_name(name).rpartition("/")[2]


def _by_end(name: str, candidates: Iterable[str]) -> list[str]:
    """The candidates whose path ends with the name, or with whose path the name ends."""
    plain = [(each, plain_name(each)) for each in candidates]
    return [each for each, short in plain if f"/{short}".endswith(f"/{name}") or name.endswith(f"/{short}")]


def mask_beside(prediction: Path) -> NDArray[np.bool_] | None:
    """The mask that `classicseg run` wrote beside a label map: True where a pixel counts."""
    mask = mask_file(prediction)
    if mask is None:
        return None
    from classicseg.io.read import read_labels

    return read_labels(mask) > 0


def mask_file(prediction: Path) -> Path | None:
    """The file of `mask_beside`, if there is one."""
    if not is_output(prediction, "_labels"):
        return None
    mask = prediction.with_name(prediction.stem.removesuffix("_labels") + "_mask.png")
    return mask if mask.is_file() else None
