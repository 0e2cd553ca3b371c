"""A prediction beside the truths of its picture: what every score is taken from."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, ParameterError
from classicseg.metrics.contingency import ContingencyTable, checked_labels, contingency_tables
from classicseg.metrics.kinds import TruthKind, check_kind

Foreground = Literal["nonzero", "bright", "dark"] | int
_FOREGROUND_WORDS = ("nonzero", "bright", "dark")


@dataclass(frozen=True, eq=False)
class Comparison:
    """A prediction beside the truths of its picture; tables are counted when they are first asked for, and once.

    Attributes
    ----------
    prediction : (H, W) array of integers
    truths : tuple of (H, W) arrays of integers
        One an annotator.
    kind : {"classes", "binary", "instances"}
        What the values of the truths mean.
    foreground : {"nonzero", "bright", "dark"} or int
        Which predicted label is foreground, for scores that ask.
    mask : (H, W) bool array or None
        True where a pixel counts.
    void : (H, W) bool array or None
        True where none of the truths counts.
    """

    prediction: NDArray[np.integer]
    truths: tuple[NDArray[np.integer], ...]
    kind: TruthKind = "classes"
    foreground: Foreground = "nonzero"
    mask: NDArray[np.bool_] | None = None
    void: NDArray[np.bool_] | None = None
    _taken: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def regions(self) -> tuple[NDArray[np.integer] | NDArray[np.bool_], ...]:
        """The truths as maps of their regions: a binary one has two, what lies above 0 and what does not."""
        return tuple(truth > 0 for truth in self.truths) if self.kind == "binary" else self.truths

    @cached_property
    def tables(self) -> tuple[ContingencyTable, ...]:
        """The contingency table of the prediction and each truth."""
        return contingency_tables(self.prediction, self.truths, mask=self.mask, void=self.void)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made when it is first asked for: several scores are parts of the same counts."""
        if key not in self._taken:
            self._taken[key] = make()
        return self._taken[key]


def compare(
    prediction: ArrayLike,
    truths: ArrayLike | Sequence[ArrayLike],
    *,
    kind: TruthKind = "classes",
    foreground: Foreground = "nonzero",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> Comparison:
    """Check label maps and put them side by side.

    Parameters
    ----------
    prediction : (H, W) array of integers or bool
    truths : (H, W) array, or a sequence of them
        One truth, or one an annotator: a list, a tuple or an array (A, H, W).
    kind, foreground, mask, void
        As `Comparison` has them.

    Returns
    -------
    Comparison

    Raises
    ------
    ImageError
        A map is not (H, W) integers, has no pixel, or there is no truth. That shapes are equal is checked when the
        maps are counted.
    ParameterError
        `kind` or `foreground` is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> both = compare(np.array([[1, 1, 2]]), [np.array([[1, 2, 2]]), np.array([[1, 1, 1]])])
    >>> [table.total for table in both.tables]
    [3, 3]
    """
    check_kind(kind)
    check_foreground(foreground)
    maps: tuple[Any, ...] = tuple(truths) if _are_several(truths) else (truths,)  # type: ignore[arg-type]
    if not maps:
        raise ImageError("no truth came; a prediction is scored against one label map or more. Give at least one.")
    return Comparison(
        checked_labels("prediction", prediction),
        tuple(checked_labels("truth", each) for each in maps),
        kind,
        foreground,
        None if mask is None else as_array("mask", mask),
        None if void is None else as_array("void", void),
    )


def check_foreground(foreground: object) -> None:
    """Raise `ParameterError` unless `foreground` is one of the words or the number of a label."""
    number = isinstance(foreground, numbers.Integral) and not isinstance(foreground, bool)
    if not number and not (isinstance(foreground, str) and foreground in _FOREGROUND_WORDS):
        raise ParameterError(
            f"foreground={foreground!r} is not allowed; it is {', '.join(map(repr, _FOREGROUND_WORDS))}, or an "
            "integer: the number of the predicted label that counts as foreground."
        )


def _are_several(truths: ArrayLike | Sequence[ArrayLike]) -> bool:
    """A stack or a sequence of label maps; a list of rows of numbers is one map."""
    if isinstance(truths, np.ndarray):
        return truths.ndim == 3
    return isinstance(truths, (list, tuple)) and (not truths or np.ndim(truths[0]) >= 2)
