"""The declaration of one parameter: default, bounds, unit, scale and help, said once and used everywhere.

A segmenter's field is written ``sigma: float = parameter(1.0, "...", low=0, high=50, unit="px")``. That one line
validates the value, is what ``classicseg methods`` prints, and becomes an option of the command line.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import Any, Literal

from classicseg.errors import ParameterError

_METADATA_KEY = "classicseg"
_LARGEST_INTEGER = 2**31 - 1  # what every library below can take


@dataclass(frozen=True)
class Search:
    """Where to look for good values of a parameter: mostly a small part of what is allowed.

    Attributes
    ----------
    low, high : float or None
        The ends of a range, walked by the parameter's scale.
    values : tuple
        Single values, instead of a range; in the declaration of a word or a flag all that are allowed, if none is said.
    when : (str, tuple) or None
        The name of another parameter and those of its values at which this one has an effect.
    scores : {"", "regions", "objects"}
        For which scores: "" all; "regions", those to which connected regions mean something; "objects", those that
        count objects.
    """

    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] = ()
    when: tuple[str, tuple[Any, ...]] | None = None
    scores: Literal["", "regions", "objects"] = ""

    @property
    def words(self) -> str:
        """What is searched, such as ``4 to 16`` or ``otsu, li``."""
        span = ", ".join(str(value) for value in self.values) or f"{self.low:g} to {self.high:g}"
        if self.when is None:
            return span
        return f"{span} ({self.when[0]}={'|'.join(str(value) for value in self.when[1])})"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What is known about one parameter of a method.

    Attributes
    ----------
    default : object
        The value it takes when nothing is said.
    help : str
        One line: what it does.
    kind : type
        ``int``, ``float``, ``bool`` or ``str`` (a choice).
    low, high : float or None
        Inclusive bounds of a number; None where there is none.
    choices : tuple of str
        The allowed words of a ``str`` parameter.
    special : tuple
        Values allowed besides the kind, such as ``"auto"`` or None.
    unit : str
        Unit of a number, such as ``"px"`` or ``"Lab"``.
    scale : {"linear", "log", "choice"}
        How a search should walk through the values.
    odd : bool
        Whether an integer has to be odd.
    search : Search or None
        Where the tuner looks for values; None where it leaves the parameter alone.
    """

    default: Any
    help: str
    kind: type
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    special: tuple[Any, ...] = ()
    unit: str = ""
    scale: str = "linear"
    odd: bool = False
    search: Search | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words, such as ``a number from 0.5 to 200, or 'auto'``."""
        if self.kind is bool:
            words = "True or False"
        elif self.kind is str:
            words = " or ".join(repr(choice) for choice in self.choices)
        else:
            noun = "a number" if self.kind is float else "an odd integer" if self.odd else "an integer"
            words = f"{noun} {self._bounds()}".rstrip()
        for value in self.special:
            words += f", or {value!r}"
        return words

    def _bounds(self) -> str:
        if self.low is not None and self.high == _LARGEST_INTEGER:
            return f"of at least {self.low:g}"
        if self.low is not None and self.high is not None:
            return f"from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"of at least {self.low:g}"
        if self.high is not None:
            return f"of at most {self.high:g}"
        return ""

    def accepts(self, value: Any) -> bool:
        """Whether `value` may be given, as it is: nothing is coerced."""
        if any(value is special or (isinstance(value, str) and value == special) for special in self.special):
            return True
        if self.kind is bool:
            return isinstance(value, bool)
        if self.kind is str:
            return isinstance(value, str) and value in self.choices
        return self._accepts_number(value)

    def _accepts_number(self, value: Any) -> bool:
        number = numbers.Integral if self.kind is int else numbers.Real
        if isinstance(value, bool) or not isinstance(value, number):
            return False
        if not isinstance(value, numbers.Integral) and not math.isfinite(value):
            return False
        exact: Any = value  # integers of any size compare with floats, which mypy does not know of numbers.Real
        if self.odd and exact % 2 == 0:
            return False
        return (self.low is None or exact >= self.low) and (self.high is None or exact <= self.high)

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise `ParameterError` unless `value` is allowed."""
        if not self.accepts(value):
            unit = f" ({self.unit})" if self.unit else ""
            raise ParameterError(
                f"{owner}: {name}={value!r} is not allowed; {name} is {self.allowed}{unit}. "
                f"Give such a value, or leave it out for the default {self.default!r}."
            )

    def parse(self, owner: str, name: str, text: str) -> Any:
        """The value that `text` from a command line or a file stands for, checked."""
        value: Any = text
        if text.lower() == "none" and None in self.special:
            value = None
        elif self.kind is bool and text.lower() in _WORDS_FOR_BOOL:
            value = _WORDS_FOR_BOOL[text.lower()]
        elif self.kind in (int, float) and text not in self.special:
            try:
                value = self.kind(text)
            except ValueError:
                value = text
        self.check(owner, name, value)
        return value

    def as_dict(self) -> dict[str, Any]:
        """The declaration as plain values that JSON can hold."""
        record = dataclasses.asdict(self)
        record["kind"] = self.kind.__name__
        return record


_WORDS_FOR_BOOL = {
    "true": True,
    "yes": True,
    "1": True,
    "on": True,
    "false": False,
    "no": False,
    "0": False,
    "off": False,
}


def parameter(
    default: Any,
    help: str,
    *,
    kind: type | None = None,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    special: tuple[Any, ...] = (),
    unit: str = "",
    scale: str | None = None,
    odd: bool = False,
    search: Search | None = None,
) -> Any:
    """A dataclass field that carries its declaration; see `Parameter` for the arguments."""
    kind = kind or type(default)
    if kind is int and high is None:
        high = _LARGEST_INTEGER
    if scale is None:
        scale = "choice" if kind in (bool, str) else "linear"
    if search is not None and kind in (bool, str) and not search.values:
        search = dataclasses.replace(search, values=choices or (False, True))
    declaration = Parameter(
        default=default, help=help, kind=kind, low=low, high=high, choices=choices, special=special,
        unit=unit, scale=scale, odd=odd, search=search,
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={_METADATA_KEY: declaration})


def declared(cls: Any) -> dict[str, Parameter]:
    """The declarations of a segmenter class (or instance), by name, in the order of its fields."""
    return {
        field.name: field.metadata[_METADATA_KEY]
        for field in dataclasses.fields(cls)
        if _METADATA_KEY in field.metadata
    }
