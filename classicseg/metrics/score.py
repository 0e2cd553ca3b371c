"""What a named score is: a function of a comparison, and what is known about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add, attrgetter
from typing import Any, Literal, NoReturn

from classicseg.errors import ParameterError
from classicseg.metrics.comparison import Comparison
from classicseg.metrics.kinds import TRUTH_KINDS, TruthKind


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score under its name, and how it is taken from a comparison.

    Either `function` is given, or `sums`: what the score is made of and adds up over truths and pictures. Only the
    latter can be pooled over a data set.

    Attributes
    ----------
    name : str
        ``measure.protocol``; the protocol says how predicted labels and true ones are matched. What follows an ``@`` is
        an IoU threshold, and any other in 0..1 can be asked for.
    help : str
        One line: what it is, and the protocol.
    paper : str
        Where it comes from.
    function : callable or None
        Gives a float, NaN where undefined.
    sums : callable or None
        Gives an object that adds up, such as `classicseg.metrics.fractions.Fractions`.
    value : callable
        The score of such an object, a float; its ``value`` by default.
    takes : {"table", "comparison"}
        What the two are called with: the `ContingencyTable` of each truth, whose scores are averaged over the truths
        (and whose sums are added), or the whole `Comparison`.
    options : tuple of str
        Which of ``kind`` and ``foreground`` they are given, by keyword.
    fixed : mapping
        Other keyword arguments of theirs.
    kinds : tuple of str
        The kinds of truth that it applies to.
    range : (float, float)
        Lowest and highest value.
    best : {"higher", "lower"}
        Which values are better.
    oracle : bool
        Whether it looks at the truth to make the result better; oracles are never ranked with other scores.
    costly : bool
        Whether it takes far longer than counting pixels, so that it has to be asked for by name.
    """

    name: str
    help: str
    paper: str
    function: Callable[..., float] | None = None
    sums: Callable[..., Any] | None = None
    value: Callable[[Any], float] = attrgetter("value")
    takes: Literal["table", "comparison"] = "table"
    options: tuple[str, ...] = ("kind",)
    fixed: Mapping[str, Any] = field(default_factory=dict, hash=False)
    kinds: tuple[TruthKind, ...] = TRUTH_KINDS
    range: tuple[float, float] = (0.0, 1.0)
    best: Literal["higher", "lower"] = "higher"
    oracle: bool = False
    costly: bool = False

    def __post_init__(self) -> None:
        def refuse(words: str) -> NoReturn:
            raise ParameterError(f"the score {self.name!r} {words}.")

        if (self.function is None) == (self.sums is None):
            refuse("has a function and sums, or neither. Give one of them")
        if isinstance(self.kinds, str) or not self.kinds or not set(self.kinds) <= set(TRUTH_KINDS):
            refuse(f"has kinds={self.kinds!r}; they are a tuple of {', '.join(TRUTH_KINDS)}. Name those it applies to")
        if isinstance(self.options, str) or not set(self.options) <= {"kind", "foreground"}:
            refuse(f"has options={self.options!r}; they are a tuple of 'kind', 'foreground', or empty. Mend them")
        if self.best not in ("higher", "lower") or self.takes not in ("table", "comparison"):
            refuse(f"has best={self.best!r}, takes={self.takes!r}; see classicseg.metrics.Score for what is allowed")
        if len(self.range) != 2 or not self.range[0] < self.range[1]:
            refuse(f"has range={self.range!r}; it is (lowest, highest). Mend it")

    @property
    def pools(self) -> bool:
        """Whether it can be pooled over a data set."""
        return self.sums is not None

    def of(self, comparison: Comparison) -> float:
        """The score of one picture: the mean over its truths where each has its own, and NaN where undefined.

        Raises
        ------
        ParameterError
            The score does not apply to this kind of truth.
        """
        return mean_score(self.values_of(comparison))[0]

    def values_of(self, comparison: Comparison) -> tuple[float, ...]:
        """The scores of which that of the picture is the mean: one a truth, or a single one of all truths.

        Raises
        ------
        ParameterError
            The score does not apply to this kind of truth.
        """
        if self.function is not None:
            return tuple(self._calls(self.function, comparison))
        assert self.sums is not None  # __post_init__ has seen to it
        return tuple(self.value(found) for found in self._calls(self.sums, comparison))

    def sums_of(self, comparison: Comparison) -> Any:
        """What the score of one picture is made of, added over its truths; sums of pictures add up too.

        Raises
        ------
        ParameterError
            The score does not apply to this kind of truth, or cannot be pooled.
        """
        if self.sums is None:
            raise ParameterError(f"{self.name} cannot be pooled over pictures: take the mean over them.")
        return reduce(add, self._calls(self.sums, comparison))

    def require_kind(self, kind: TruthKind) -> None:
        """Raise `ParameterError` unless the score applies to this kind of truth."""
        if kind not in self.kinds:
            raise ParameterError(
                f"{self.name} does not apply to a truth of kind={kind!r}; it takes "
                f"{', '.join(map(repr, self.kinds))}. Say the kind of the truth, or choose another score."
            )

    def _calls(self, call: Callable[..., Any], comparison: Comparison) -> list[Any]:
        self.require_kind(comparison.kind)
        options = {option: getattr(comparison, option) for option in self.options} | dict(self.fixed)
        inputs = comparison.tables if self.takes == "table" else (comparison,)
        key = (call, self.takes, tuple(options), repr(options))
        return comparison.once(key, lambda: [call(each, **options) for each in inputs])


def mean_score(values: Iterable[float]) -> tuple[float, int]:
    """The mean of one score over pictures, and over how many: pictures whose score is NaN are left out.

    Returns
    -------
    mean : float
        NaN where nothing is left.
    count : int
        How many values stand behind it.

    Examples
    --------
    >>> mean_score([0.5, float("nan"), 1.0])
    (0.75, 2)
    """
    kept = [float(value) for value in values if not math.isnan(value)]
    return (math.fsum(kept) / len(kept) if kept else math.nan), len(kept)
