"""What a model learned, and from what, with checks of each entry: it may have come from a file."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError

_CURE = "Fit the model anew."


class Pictures(NamedTuple):
    """From what a model was learned.

    Attributes
    ----------
    number, pixels : int
        How many pictures had a pixel that counts, and how many pixels counted in all.
    kind : {"rgb", "bands"} or None
        What their planes mean; None where nothing was learned.
    depth : int or None
        Their planes: 1 (grey), 3 (colour), or the number of bands; None where any number will do.
    """

    number: int
    pixels: int
    kind: str | None
    depth: int | None


class Learned:
    """What was learned, with checks of what each entry is; `Segmenter._recall` takes it apart.

    Attributes
    ----------
    pictures : Pictures
    """

    def __init__(self, name: str, values: dict[str, Any], pictures: Pictures) -> None:
        self._name, self._values, self.pictures = name, values, pictures

    @property
    def depth(self) -> int:
        """The number of planes, of methods that learn of one number alone."""
        if self.pictures.depth is None:
            raise ParameterError(
                f"{self._name}: a model tells how many planes its pictures had, and none came. {_CURE}"
            )
        return self.pictures.depth

    def only(self, *names: str) -> None:
        """Raise unless there are entries of these names and no others."""
        if set(self._values) != set(names):
            raise ParameterError(
                f"{self._name}: a model that holds {', '.join(sorted(self._values)) or 'nothing'} came; "
                f"it holds {', '.join(sorted(names)) or 'nothing'}. {_CURE}"
            )

    def array(self, name: str, *shape: int | None) -> NDArray[np.float64]:
        """Finite numbers as a float64 array of that shape, where None stands for any length of at least 1."""
        try:
            found = np.array(self._values.get(name), dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            found = np.array(np.nan)
        fits = found.ndim == len(shape) and all(
            length == wanted if wanted is not None else length > 0
            for length, wanted in zip(found.shape, shape, strict=True)
        )
        if not fits or not _numbers_only(self._values.get(name)) or not np.isfinite(found).all():
            wanted = " x ".join("n" if length is None else str(length) for length in shape)
            raise ParameterError(
                f"{self._name}: {name} of a model is {f'{wanted} finite numbers' if shape else 'a finite number'}, "
                f"and something else came. {_CURE}"
            )
        return found

    def holds(self, name: str) -> bool:
        """Whether there is such an entry."""
        return name in self._values

    def rising(self, name: str, length: int) -> NDArray[np.float64]:
        """So many numbers, none below the one before it; there may be none."""
        found = self.array(name, length)
        self.require(not (np.diff(found) < 0).any(), name, "rising numbers")
        return found

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number from `low` to `high`."""
        found = float(self.array(name))
        if not low <= found <= high:
            raise ParameterError(f"{self._name}: {name}={found!r} of a model is not from {low} to {high}. {_CURE}")
        return found

    def require(self, condition: Any, name: str, what: str) -> None:
        """Raise unless the condition holds."""
        if not condition:
            raise ParameterError(f"{self._name}: {name} of a model are {what}, and others came. {_CURE}")

    def order(self, name: str, length: int) -> NDArray[np.int64]:
        """The numbers 0..length - 1 in some order."""
        found = self.array(name, length)
        self.require(sorted(found.tolist()) == list(range(length)), name, f"the numbers 0 to {length - 1}")
        return found.astype(np.int64)

    def word(self, name: str, *choices: str) -> str:
        """One of some words."""
        found = self._values.get(name)
        if not isinstance(found, str) or found not in choices:
            raise ParameterError(
                f"{self._name}: {name}={found!r} of a model is not one of {', '.join(map(repr, choices))}. {_CURE}"
            )
        return found


def _numbers_only(value: Any) -> bool:
    if isinstance(value, list):
        return all(_numbers_only(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)
