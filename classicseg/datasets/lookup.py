"""Readers by name: those of the table, and those of other packages.

Other packages add readers with the entry-point group ``classicseg.datasets``: the entry's name is the reader's name,
its value "module:OBJECT", a `Reader`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from classicseg import plugins
from classicseg.datasets.base import Found
from classicseg.datasets.readers import BUILT_IN, Reader
from classicseg.errors import ImageError, ParameterError, PluginError, PluginWarning, guess, warn

GROUP = "classicseg.datasets"


def known_readers() -> dict[str, Reader]:
    """Every reader that can be used here, by name: the built-in ones, then plug-ins in the order of their names.

    A plug-in that cannot be loaded is left out with a `PluginWarning` that names it.

    Examples
    --------
    >>> known_readers()["bsds500"].splits
    ('train', 'val', 'test')
    """
    found = dict(BUILT_IN)
    for name, entry in _plugins().items():
        try:
            found[name] = _load_plugin(entry)
        except ParameterError as error:
            warn(str(error), PluginWarning)
    return found


def find_reader(name: str) -> Reader:
    """The reader of a name.

    Raises
    ------
    ParameterError
        There is none, or it is a plug-in that cannot be loaded.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    entry = _plugins().get(name)
    if entry is None:
        known = reader_names()
        raise ParameterError(
            f"the data set {name!r} is not known; there are {', '.join(known)}.{guess(str(name), known)}"
        )
    return _load_plugin(entry)


def reader_names() -> list[str]:
    """The names of all readers. Nothing of a plug-in is loaded."""
    return [*BUILT_IN, *_plugins()]


def read_found(reader: Reader, root: Path, split: str | None, view: str | None) -> Found:
    """What a reader finds under a root; `split` and `view` are those of the reader, or None where it has none."""
    found = _load(reader, reader.function)(root, split=split, view=view, **reader.options)
    if not isinstance(found, Found):
        raise PluginError(
            f"the reader {reader.name!r} ({reader.function}) gave {type(found).__name__} where a Found is wanted. "
            "Mend or remove the package that brings it."
        )
    return found


def splits_there(reader: Reader, root: Path, view: str | None = None) -> tuple[str, ...]:
    """The splits under a root, the publisher's first, in their order.

    Readers without `Reader.find_splits` are asked for each split; one that they refuse is not there.
    """
    if reader.find_splits:
        there = _load(reader, reader.find_splits)(root, view=view, **reader.options)
    else:
        there = [split for split in reader.splits if _has_split(reader, root, split, view)]
    return (
        *(split for split in reader.splits if split in there),
        *(name for name in there if name not in reader.splits),
    )


def _has_split(reader: Reader, root: Path, split: str, view: str | None) -> bool:
    try:
        read_found(reader, root, split, view)
    except ImageError:
        return False
    return True


def choose_split(reader: Reader, split: str | None, there: Callable[[], tuple[str, ...]]) -> str | None:
    """The split that is meant: the one that is said, or the reader's default; `there` tells those under the root.

    Raises
    ------
    ParameterError
        The reader has no splits, or not this one, and there is none of that name under the root.
    """
    if split is None:
        return reader.default_split
    if split not in reader.splits:
        known = list(dict.fromkeys([*reader.splits, *there()]))
        _check_choice(reader, "split", split, known)
    return split


def choose_view(reader: Reader, view: str | None) -> str | None:
    """The view that is meant, as `choose_split`."""
    if view is None:
        return reader.default_view
    _check_choice(reader, "view", view, list(reader.views))
    return view


def _check_choice(reader: Reader, what: str, given: str, known: list[str]) -> None:
    if given in known:
        return
    if not known:
        raise ParameterError(f"{what}={given!r} is not allowed; {reader.name} has no {what}s. Leave it out.")
    raise ParameterError(
        f"{what}={given!r} is not allowed; {reader.name} has the {what}s {', '.join(known)}.{guess(given, known)}"
    )


def _load(reader: Reader, function: str) -> Any:
    module, _, name = function.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ParameterError(
            f"the reader {reader.name!r} ({function}) cannot be loaded: {type(error).__name__}: {error}. "
            "Mend or remove the package that brings it."
        ) from error


def _load_plugin(entry: metadata.EntryPoint) -> Reader:
    reader = plugins.load(entry, "data set")
    if not isinstance(reader, Reader) or reader.name != entry.name:
        raise ParameterError(
            f"the plug-in data set {entry.name!r} ({entry.value}) is no classicseg.datasets.Reader with "
            f"name={entry.name!r}. Mend or remove the package that brings it."
        )
    return reader


def _plugins() -> dict[str, metadata.EntryPoint]:
    return plugins.found(GROUP, "data set", tuple(BUILT_IN))
