"""What a user names, as entries: methods, families of one method, functions."""

from __future__ import annotations

import dataclasses
import itertools
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from classicseg.base import Segmenter
from classicseg.bench.sources import Entry, MethodSource, Source
from classicseg.errors import ParameterError, guess
from classicseg.parameters import declared
from classicseg.registry import make


class Grid:
    """A method at every combination of some values of its parameters: a family.

    Parameters
    ----------
    method : str or Segmenter
        With its other parameters.
    **values
        For each parameter that is walked through, two values or more.

    Raises
    ------
    ParameterError
        The method has no such parameter, or a value is not allowed.

    Examples
    --------
    >>> grid = Grid("kmeans", n_clusters=[4, 2], space=["lab", "rgb"])
    >>> [(each.n_clusters, each.space) for each in grid.segmenters]
    [(2, 'lab'), (2, 'rgb'), (4, 'lab'), (4, 'rgb')]
    >>> Grid("kmeans", n_clusters=[2, 3, 4]).scale
    'n_clusters'
    """

    def __init__(self, method: str | Segmenter, **values: Sequence[Any]) -> None:
        start = make(method) if isinstance(method, str) else method
        steps = {name: _checked(start, name, each) for name, each in values.items()}
        if not steps:
            raise ParameterError("a grid walks through one parameter or more, and none came. Name one with its values.")
        walked = [name for name, found in steps.items() if all(map(_is_number, found))]
        self.scale = walked[0] if len(steps) == len(walked) == 1 else ""
        self.segmenters = tuple(
            dataclasses.replace(start, **dict(zip(steps, chosen, strict=True)))
            for chosen in itertools.product(*steps.values())
        )


def _checked(segmenter: Segmenter, name: str, values: Sequence[Any]) -> list[Any]:
    """The distinct values of a parameter, numbers ascending."""
    known = declared(segmenter)
    if name not in known:
        raise ParameterError(
            f"{segmenter.name} has no parameter {name!r}; it has {', '.join(known)}.{guess(name, list(known))}"
        )
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, str) or not isinstance(values, Sequence):
        values = [values]
    found = [_number(name, known[name].kind, value) for value in values]
    for value in found:
        known[name].check(segmenter.name, name, value)
    distinct = list(dict.fromkeys(found))
    if len(distinct) < 2:
        raise ParameterError(
            f"a sweep takes two values of {name} or more; {len(distinct)} came. Give others too, or set it."
        )
    return sorted(distinct) if all(map(_is_number, distinct)) else distinct


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _number(name: str, kind: type, value: Any) -> Any:
    """A whole number for an integer parameter, however it is written; nothing that is not finite."""
    if kind not in (int, float) or not _is_number(value):
        return value
    exact: Any = value
    if not math.isfinite(exact) or (kind is int and exact != int(exact)):
        what = "whole number" if kind is int else "finite number"
        raise ParameterError(f"{name}={value!r} is not allowed in a sweep; each value is a {what}. Mend it.")
    return kind(exact)


def entry_of(name: str, what: Any) -> Entry:
    """An entry under this name: of a method's name, a segmenter, a grid, a source, or a function of a picture.

    Raises
    ------
    ParameterError
        It is none of these.
    """
    from classicseg.bench.callables import CallableSource

    if isinstance(what, Entry):
        return dataclasses.replace(what, name=name)
    if isinstance(what, str):
        what = make(what)
    if isinstance(what, Segmenter):
        return Entry(name, (MethodSource(what),))
    if isinstance(what, Grid):
        return Entry(name, tuple(MethodSource(each) for each in what.segmenters), scale=what.scale)
    if isinstance(what, Source):
        return Entry(name, (what,))
    if callable(what):
        return Entry(name, (CallableSource(what),))
    raise ParameterError(
        f"{name!r} stands for {type(what).__name__}; it is the name of a method, a segmenter, a Grid, an Entry, or a "
        "function that takes a picture and gives labels."
    )


Methods = Mapping[str, Any] | Sequence[str | Segmenter | Entry | Callable[..., Any]]


def entries_of(methods: Methods) -> tuple[Entry, ...]:
    """Entries under the names that a mapping gives, or that methods and functions have themselves."""
    if isinstance(methods, Mapping):
        return tuple(entry_of(str(name), what) for name, what in methods.items())
    if isinstance(methods, str):
        methods = [methods]
    return tuple(entry_of(_own_name(what), what) for what in methods)


def _own_name(what: Any) -> str:
    if isinstance(what, str):
        return what
    name = getattr(what, "name", None) or getattr(what, "__name__", None)
    if not isinstance(name, str):
        raise ParameterError(f"{what!r} has no name for the table. Give methods as a mapping of names.")
    return name
