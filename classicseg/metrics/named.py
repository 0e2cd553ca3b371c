"""Scores by name: ``measure.protocol``, such as ``iou.hungarian``; and their mean over pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import ArrayLike

from classicseg.errors import ParameterError, guess
from classicseg.metrics import overlap
from classicseg.metrics.contingency import ContingencyTable, contingency_table
from classicseg.metrics.kinds import TRUTH_KINDS, TruthKind, check_kind
from classicseg.metrics.overlap import Foreground


@dataclass(frozen=True, kw_only=True)
class Score:
    """What is known about one score.

    Attributes
    ----------
    name : str
        ``measure.protocol``; the protocol says how predicted labels and true ones are matched.
    function : callable
        Takes a `ContingencyTable` and, by keyword, the options named in `options`; gives a float, NaN where undefined.
    help : str
        One line: what it is.
    paper : str
        Where it comes from.
    options : tuple of str
        Which of ``kind`` and ``foreground`` the function takes.
    kinds : tuple of str
        The kinds of truth that it applies to.
    range : (float, float)
        Lowest and highest value.
    best : {"higher", "lower"}
        Which values are better.
    oracle : bool
        Whether it looks at the truth to make the result better; oracles are never ranked with other scores.
    """

    name: str
    function: Callable[..., float]
    help: str
    paper: str
    options: tuple[str, ...] = ("kind",)
    kinds: tuple[TruthKind, ...] = TRUTH_KINDS
    range: tuple[float, float] = (0.0, 1.0)
    best: Literal["higher", "lower"] = "higher"
    oracle: bool = False


_BUILT_IN = (
    Score(
        name="iou.foreground",
        function=overlap.foreground_iou,
        help="IoU of the foreground, truth > 0; which predicted label is foreground is said",
        paper="Jaccard 1912",
        options=("foreground",),
        kinds=("binary", "instances"),
    ),
    Score(
        name="iou.hungarian",
        function=overlap.hungarian_iou,
        help="mean IoU over true regions, matched one to one for the best total",
        paper="Kuhn 1955",
    ),
    Score(
        name="iou.majority",
        function=overlap.majority_iou,
        help="mean class IoU after each segment took the true class it covers most (oracle)",
        paper="protocol of classicseg",
        oracle=True,
    ),
    Score(
        name="iou.best_overlap",
        function=overlap.best_overlap_iou,
        help="mean over true regions of the best IoU of a single segment",
        paper="Pont-Tuset et al. 2017",
    ),
    Score(
        name="covering",
        function=overlap.covering,
        help="iou.best_overlap weighted by the area of the true regions",
        paper="Arbelaez et al. 2011",
    ),
)


def scores() -> dict[str, Score]:
    """Every score, by name.

    Examples
    --------
    >>> list(scores())
    ['iou.foreground', 'iou.hungarian', 'iou.majority', 'iou.best_overlap', 'covering']
    """
    return {score.name: score for score in _BUILT_IN}


def score(
    prediction: ArrayLike,
    truth: ArrayLike,
    name: str,
    *,
    kind: TruthKind = "classes",
    foreground: Foreground = "nonzero",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> float:
    """One score of a label map against a truth.

    Parameters
    ----------
    prediction, truth : (H, W) arrays of integers or bool
        Label maps of one shape.
    name : str
        The score; `scores` lists them.
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean: each a class (0 too; the default, since it takes every value as it is),
        foreground above 0, or one object each with background 0.
    foreground : {"nonzero", "bright", "dark"} or int
        For ``iou.foreground``: the predicted label that is foreground; any but 0 by default.
    mask : (H, W) bool array, optional
        True where a pixel counts, such as `Segmentation.mask`.
    void : (H, W) bool array, optional
        True where the truth is void and no pixel counts.

    Returns
    -------
    float
        NaN where the score is not defined, as when there is nothing to find and nothing was found; `mean_score` leaves
        it out.

    Raises
    ------
    ParameterError
        The score is unknown or does not apply to this kind of truth, or `kind` or `foreground` is not allowed.
    ImageError
        The label maps, the mask or void cannot be used or differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> prediction = np.array([[0, 1, 1, 1]])
    >>> truth = np.array([[0, 0, 255, 255]])
    >>> round(score(prediction, truth, "iou.foreground", kind="binary"), 4)
    0.6667
    """
    chosen = find_score(name)
    check_kind(kind)
    if kind not in chosen.kinds:
        raise ParameterError(
            f"{name} does not apply to a truth of kind={kind!r}; it takes {', '.join(map(repr, chosen.kinds))}. "
            "Say the kind of the truth, or choose another score."
        )
    table = contingency_table(prediction, truth, mask=mask, void=void)
    return _evaluate(chosen, table, {"kind": kind, "foreground": foreground})


def score_all(
    prediction: ArrayLike,
    truth: ArrayLike,
    *,
    kind: TruthKind = "classes",
    foreground: Foreground = "nonzero",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> dict[str, float]:
    """Every score that applies to this kind of truth, by name, from one contingency table; see `score`.

    Examples
    --------
    >>> found = score_all([[1, 1, 2]], [[5, 5, 9]])
    >>> found
    {'iou.hungarian': 1.0, 'iou.majority': 1.0, 'iou.best_overlap': 1.0, 'covering': 1.0}
    """
    check_kind(kind)
    table = contingency_table(prediction, truth, mask=mask, void=void)
    options = {"kind": kind, "foreground": foreground}
    return {name: _evaluate(each, table, options) for name, each in scores().items() if kind in each.kinds}


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


def find_score(name: str) -> Score:
    """The score of a name, or `ParameterError` with the names that there are."""
    known = scores()
    if name not in known:
        there_are = ", ".join(known)
        raise ParameterError(f"the score {name!r} is not known; there are {there_are}.{guess(str(name), known)}")
    return known[name]


def _evaluate(chosen: Score, table: ContingencyTable, options: dict[str, Any]) -> float:
    return chosen.function(table, **{option: options[option] for option in chosen.options})
