"""The parameters of a method that are searched, and where: a box of which every point is a set of parameters."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classicseg.base import Segmenter
from classicseg.errors import ParameterError, guess
from classicseg.parameters import Parameter, Search, declared

_DIGITS = 4  # that a number found by a search has; more would tell nothing
_OF_OBJECTS = ("instance.", "pq.", "sq.", "rq.")
_OF_CLASSES = ("iou.", "dice.", "accuracy.")


@dataclass(frozen=True)
class Dimension:
    """One parameter that is searched.

    Attributes
    ----------
    name : str
    declaration : Parameter
    search : Search
        Its range or values; those that it is declared with, or narrower ones.
    cheap : bool
        Whether other values of it cost little, once one is computed (`classicseg.bench.nested`).
    """

    name: str
    declaration: Parameter
    search: Search
    cheap: bool = False

    @property
    def most(self) -> int | None:
        """How many values there are; None where there is a range of numbers."""
        if self.search.values:
            return len(self.search.values)
        if self.declaration.kind is not int:
            return None
        low, high = self._ends()
        return int(high - low) // (2 if self.declaration.odd else 1) + 1

    def at(self, share: float) -> Any:
        """The value at a share of the way, 0 to 1, on the parameter's scale.

        Examples
        --------
        >>> from classicseg import MeanShift
        >>> width = space_of(MeanShift(), "covering").dimension("spatial_bandwidth")
        >>> width.at(0.0), width.at(0.5), width.at(1.0)
        (4.0, 8.0, 16.0)
        """
        if self.search.values:
            return self.search.values[min(int(share * len(self.search.values)), len(self.search.values) - 1)]
        low, high = self._ends()
        whole = self.declaration.kind is int
        if self.declaration.scale == "log" and low > 0:
            number = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            half = 0.5 if whole else 0.0  # so that the end values of few whole numbers are met as often as others
            number = low - half + share * (high - low + 2 * half)
        number = min(max(float(f"{number:.{_DIGITS}g}"), low), high)
        return self._whole(number, low, high) if whole else number

    def meets(self, values: tuple[Any, ...]) -> bool:
        """Whether one of these values is searched."""
        if self.search.values:
            return any(value in values for value in self.search.values)
        low, high = self._ends()
        return any(isinstance(value, int | float) and low <= value <= high for value in values)

    def _ends(self) -> tuple[float, float]:
        assert self.search.low is not None and self.search.high is not None  # values or a range, `_checked` sees to it
        return self.search.low, self.search.high

    def _whole(self, number: float, low: float, high: float) -> int:
        if not self.declaration.odd:
            return round(number)
        odd = 2 * round((number - 1) / 2) + 1
        return odd + 2 if odd < low else odd - 2 if odd > high else odd


@dataclass(frozen=True)
class Space:
    """What is searched of a method.

    Attributes
    ----------
    start : Segmenter
        The method with its defaults, which parameters that are not searched keep.
    dimensions : tuple of Dimension
        The method's own first, then those that every method has; of each, the ones that are cheap to vary last.
    """

    start: Segmenter
    dimensions: tuple[Dimension, ...]

    @property
    def cuts(self) -> bool:
        """Whether a hierarchy, a tree or the like is cut in many ways once it is computed."""
        return any(each.name in self.start.cuts for each in self.dimensions)

    def dimension(self, name: str) -> Dimension:
        """The dimension of this name."""
        return next(each for each in self.dimensions if each.name == name)

    def candidate(self, values: Mapping[str, Any]) -> Segmenter | None:
        """The segmenter with these values; None where they do not go together.

        Values without an effect beside the others are left at the default, so that sets of parameters that do the same
        are one.
        """
        try:
            return dataclasses.replace(self.start, **self.effective(values))
        except ParameterError:
            return None

    def effective(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the values that have an effect beside the others."""
        return {name: value for name, value in values.items() if self.has_effect(self.dimension(name), values)}

    def has_effect(self, dimension: Dimension, values: Mapping[str, Any]) -> bool:
        """Whether a parameter has an effect beside these values of others."""
        if dimension.search.when is None:
            return True
        other, allowed = dimension.search.when
        if other in values and self.has_effect(self.dimension(other), values):
            return values[other] in allowed
        return getattr(self.start, other) in allowed


def space_of(
    segmenter: Segmenter,
    metric: str,
    *,
    fixed: tuple[str, ...] = (),
    narrowed: Mapping[str, Search | str] | None = None,
) -> Space:
    """The space of a method: what its parameters' declarations say, or narrower.

    Parameters
    ----------
    segmenter : Segmenter
        The method with its defaults.
    metric : str
        The score that is to be made better. Whether connected parts have labels of their own is not searched for scores
        that compare classes (``iou``, ``dice``, ``accuracy``), and whether touching objects are parted only for those
        that count objects.
    fixed : tuple of str
        Parameters that keep their values, such as those of a preset.
    narrowed : mapping of str to Search or str, optional
        Other ranges or values, of any parameter: ``"V1,V2,..."`` or ``"LOW..HIGH"``.

    Raises
    ------
    ParameterError
        There is no such parameter, a value is not allowed, or nothing is left to search.

    Examples
    --------
    >>> from classicseg import Watershed
    >>> [each.name for each in space_of(Watershed(), "covering").dimensions]
    ['sigma', 'height', 'min_size']
    """
    known = declared(segmenter)
    wanted = dict(narrowed or {})
    for name in wanted:
        if name not in known:
            raise ParameterError(
                f"{segmenter.name} has no parameter {name!r} to search; it has {', '.join(known)}."
                f"{guess(name, list(known))}"
            )
    cheap = (*segmenter.finishing, *segmenter.cuts)
    shared_by_all = declared(Segmenter)
    found = []
    for name, declaration in known.items():
        if name in wanted:
            search = _checked(segmenter.name, name, declaration, wanted[name])
        elif declaration.search is not None and name not in fixed and _asked(declaration.search, metric):
            search = declaration.search
        else:
            continue
        found.append(Dimension(name, declaration, search, name in cheap))
    found = _reachable(segmenter, found)
    if not found:
        raise ParameterError(
            f"{segmenter.name} has nothing to search: its parameters declare no range. Name one with its values, as "
            f"{next(iter(known))}=V1,V2."
        )
    found.sort(key=lambda each: (each.cheap, each.name in shared_by_all))
    return Space(segmenter, tuple(found))


def _reachable(start: Segmenter, dimensions: list[Dimension]) -> list[Dimension]:
    """Those that can have an effect: what a preset sets may leave others without one."""
    known = {each.name: each for each in dimensions}

    def reached(dimension: Dimension) -> bool:
        if dimension.search.when is None:
            return True
        other, allowed = dimension.search.when
        return getattr(start, other) in allowed or (other in known and known[other].meets(allowed))

    kept = [each for each in dimensions if reached(each)]
    return kept if len(kept) == len(dimensions) else _reachable(start, kept)


def _asked(search: Search, metric: str) -> bool:
    """Whether a score is one of those for which this is searched."""
    if search.scores == "objects":
        return metric.startswith(_OF_OBJECTS)
    return search.scores != "regions" or not metric.startswith(_OF_CLASSES)


def _checked(owner: str, name: str, declaration: Parameter, wanted: Search | str) -> Search:
    """A range or values that a user gave, each allowed."""
    search = _parsed(owner, name, declaration, wanted) if isinstance(wanted, str) else wanted
    declared_when = None if declaration.search is None else declaration.search.when
    when, ends = search.when or declared_when, (search.low, search.high)
    if bool(search.values) == (None not in ends) or ends.count(None) == 1:
        raise ParameterError(f"{owner}: the search of {name} has values or both ends of a range. Give one of them.")
    if search.values:
        for value in search.values:
            declaration.check(owner, name, value)
        return dataclasses.replace(search, when=when)
    assert search.low is not None and search.high is not None
    if declaration.kind not in (int, float) or not search.low < search.high:
        raise ParameterError(
            f"{owner}: {name} cannot be searched from {search.low} to {search.high}; LOW..HIGH is a range of rising "
            f"numbers, and {name} is {declaration.allowed}. Give such a range, or values."
        )
    for end in ends:
        exact = int(end) if declaration.kind is int and float(end).is_integer() else end  # type: ignore[arg-type]
        dataclasses.replace(declaration, odd=False).check(owner, name, exact)
    return dataclasses.replace(search, when=when)


def _parsed(owner: str, name: str, declaration: Parameter, text: str) -> Search:
    low, dots, high = text.partition("..")
    if not dots:
        values = [declaration.parse(owner, name, word.strip()) for word in text.split(",")]
        return Search(values=tuple(dict.fromkeys(values)))
    try:
        return Search(float(low), float(high))
    except ValueError:
        raise ParameterError(
            f"{owner}: {name}={text!r} is no range; it is LOW..HIGH with numbers, such as 2..16, or V1,V2,..."
        ) from None
