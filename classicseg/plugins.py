"""What other packages add by entry points: methods, scores, readers of data sets."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import metadata
from typing import Any

from classicseg.errors import ParameterError, PluginWarning, warn


@cache
def found(group: str, what: str, own: Collection[str]) -> dict[str, metadata.EntryPoint]:
    """The entry points of other packages by name; a name that classicseg has itself stays classicseg's.

    Parameters
    ----------
    group : str
        The entry-point group.
    what : str
        What is added, for messages: "method", "score".
    own : tuple or frozenset of str
        The names of classicseg.
    """
    kept: dict[str, metadata.EntryPoint] = {}
    for entry in sorted(metadata.entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        if entry.name in own or entry.name in kept:
            taken = kept[entry.name].value if entry.name in kept else "classicseg"
            warn(
                f"the plug-in {what} {entry.name!r} ({entry.value}) is left out: {taken} has that name already.",
                PluginWarning,
            )
        else:
            kept[entry.name] = entry
    return kept


def load(entry: metadata.EntryPoint, what: str) -> Any:
    """What an entry point names, or `ParameterError` with the cure."""
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module does on import, the others go on
        raise ParameterError(
            f"the plug-in {what} {entry.name!r} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}. "
            "Mend or remove the package that brings it."
        ) from error
