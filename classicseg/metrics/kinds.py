"""The kinds of truth: what the values of a ground-truth label map mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from classicseg.errors import ParameterError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from classicseg.metrics.contingency import ContingencyTable

TruthKind = Literal["binary", "classes", "instances"]
TRUTH_KINDS: tuple[TruthKind, ...] = get_args(TruthKind)
KINDS_IN_WORDS = (
    "'binary' (foreground above 0), 'classes' (every value is a class) "
    "or 'instances' (every value is an object, and 0 background)"
)


def check_kind(kind: object) -> None:
    """Raise `ParameterError` unless `kind` is one of `TRUTH_KINDS`."""
    if kind not in TRUTH_KINDS:
        raise ParameterError(f"kind={kind!r} is not allowed; the kind of a truth is {KINDS_IN_WORDS}. Say which it is.")


def as_kind(table: ContingencyTable, kind: TruthKind) -> ContingencyTable:
    """The table as a truth of this kind gives it: a binary truth has two regions, above 0 and not."""
    check_kind(kind)
    return table.binarised() if kind == "binary" else table


def is_region(true: NDArray[np.int64], kind: TruthKind) -> NDArray[np.bool_]:
    """Which true labels are regions to be found: all, but the background of instances."""
    return (true != 0) | (kind != "instances")
