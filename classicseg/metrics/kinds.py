"""The kinds of truth: what the values of a ground-truth label map mean."""

from __future__ import annotations

from typing import Literal, get_args

from classicseg.errors import ParameterError

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
