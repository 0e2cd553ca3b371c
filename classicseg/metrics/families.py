"""Scores of a family of label maps, such as a sweep of a parameter or the cuts of a hierarchy, and their best scale.

Looking for the best scale on the pictures that are scored makes an oracle: ODS takes one scale for the data set, OIS
one for each picture. The honest figure is that at a scale chosen on other pictures: `choose_scale` on a training split,
then `summarise` with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ParameterError
from classicseg.metrics.comparison import Comparison, Foreground, compare
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TruthKind
from classicseg.metrics.named import applicable, find_score
from classicseg.metrics.overlap import best_of_regions
from classicseg.metrics.score import Score, mean_score

Averaging = Literal["mean", "pooled"]
AVERAGINGS: tuple[Averaging, ...] = get_args(Averaging)


@dataclass(frozen=True, eq=False)
class FamilyScores:
    """What the label maps of one picture, one a scale, reach.

    Attributes
    ----------
    scales : (K,) float64 array
        The scale of each map (a threshold, a parameter's value), ascending; the same for every picture that is to be
        summarised together.
    segments : (K,) int64 array
        Predicted labels in each map.
    values : dict of str to (K,) float64 array
        Each score by name, the mean over the truths.
    best_covering : float
        The covering where each true region may take its best segment from any map of the family; NaN where not known.
    sums : dict of str to tuple
        For scores that can be pooled, what each value is made of, one object a map.
    best_sums : Fractions or None
        What `best_covering` is made of, so that it can be pooled; None where not known.
    """

    scales: NDArray[np.float64]
    segments: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    best_covering: float = math.nan
    sums: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    best_sums: Fractions | None = None


@dataclass(frozen=True, kw_only=True)
class FamilySummary:
    """What a family reaches on a data set under one score.

    Attributes
    ----------
    metric : str
    averaging : {"mean", "pooled"}
        How the pictures are put together.
    pictures, family : int
        How many pictures, and how many label maps each has.
    ods, ods_scale : float
        The best value at one scale for all pictures, and the scale; an oracle.
    ois : float
        The value where each picture has its own best scale; an oracle.
    best : float
        For ``covering``: where each true region takes its best segment from any map; an oracle. NaN for others.
    scale, at_scale : float
        A scale that was chosen elsewhere, and the value there; NaN where none was given.
    scored : dict of str to int
        For how many pictures the score is defined in each: "ods", "ois", "best", "at_scale". It may differ: a score is
        not defined where there is nothing to find and nothing was found, and that may be so at some scales only.
        For its own best scale, a picture takes such a one before any other, since nothing is wrong there.
    """

    metric: str
    averaging: Averaging
    pictures: int
    family: int
    ods: float
    ods_scale: float
    ois: float
    best: float = math.nan
    scale: float = math.nan
    at_scale: float = math.nan
    scored: dict[str, int] = field(default_factory=dict)


def score_family(
    maps: Sequence[ArrayLike],
    truths: ArrayLike | Sequence[ArrayLike],
    *,
    names: Iterable[str] | None = None,
    scales: ArrayLike | None = None,
    kind: TruthKind = "classes",
    foreground: Foreground = "nonzero",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> FamilyScores:
    """Score label maps of one picture, one a scale. For the cuts of a hierarchy `score_hierarchy` is far faster.

    Parameters
    ----------
    maps : sequence of (H, W) arrays of integers
        The family: at least one label map.
    truths, kind, foreground, mask, void
        As for `classicseg.metrics.score`.
    names : iterable of str, optional
        The scores; by default all that apply to this kind of truth, but precision, recall and F of boundaries.
    scales : (K,) array, optional
        The scale of each map; 1, 2, ... by default.

    Returns
    -------
    FamilyScores

    Raises
    ------
    ParameterError
        The family is empty or `scales` does not fit it, or a score is unknown or does not apply.
    ImageError
        A label map cannot be used.

    Examples
    --------
    >>> family = score_family([[[1, 2, 3, 3]], [[1, 1, 1, 3]]], [[5, 5, 6, 6]], names=["covering"])
    >>> family.values["covering"], family.segments
    (array([0.75      , 0.58333333]), array([3, 2]))
    >>> round(family.best_covering, 4)  # region 5 from the second map, region 6 from the first
    0.8333
    """
    maps = list(maps)
    if not maps:
        raise ParameterError("maps is empty; a family has at least one label map. Give the maps of one picture.")
    at = np.arange(1, len(maps) + 1) if scales is None else as_array("scales", scales)
    if at.dtype.kind not in "uif" or at.shape != (len(maps),) or not (np.diff(at) > 0).all():
        raise ParameterError(
            f"scales of type {at.dtype} and shape {at.shape} came for {len(maps)} label maps; it has one number a map, "
            "ascending. Sort the maps by scale."
        )
    options: dict[str, Any] = {"kind": kind, "foreground": foreground, "mask": mask, "void": void}
    family = [compare(each, truths, **options) for each in maps]
    return family_of(family, applicable(names, kind), at.astype(np.float64))


def family_of(family: Sequence[Comparison], chosen: Sequence[Score], scales: NDArray[np.float64]) -> FamilyScores:
    """The scores of label maps that stand beside the truths of their picture already, one a scale, ascending."""
    reached = BestOfFamily()
    for each in family:
        reached.take(each)
    best = reached.fractions
    pooling = [score for score in chosen if score.pools]
    return FamilyScores(
        scales=scales,
        segments=np.array([len(each.tables[0].predicted) for each in family]),
        values={score.name: np.array([score.of(each) for each in family]) for score in chosen},
        best_covering=mean_score(each.value for each in best)[0],
        sums={score.name: tuple(score.sums_of(each) for each in family) for score in pooling},
        best_sums=reduce(add, best),
    )


def summarise(
    families: Sequence[FamilyScores], metric: str | Score, *, averaging: Averaging = "mean", scale: float | None = None
) -> FamilySummary:
    """The best a family reaches on a data set, and what it reaches at a scale chosen elsewhere.

    Parameters
    ----------
    families : sequence of FamilyScores
        One a picture, all at the same scales.
    metric : str or Score
        The score. Which values are better is known by its name.
    averaging : {"mean", "pooled"}
        Mean of the pictures' scores, leaving out those that are not defined, or the score of their sums.
    scale : float, optional
        One of the scales: that of `choose_scale` on a training split.

    Returns
    -------
    FamilySummary

    Raises
    ------
    ParameterError
        The families differ in their scales or have not got this score, it cannot be pooled, or `scale` is none of them.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011 (ODS, OIS, best).

    Examples
    --------
    >>> one = FamilyScores(np.array([1.0, 2.0]), np.array([9, 3]), {"covering": np.array([0.5, 0.75])})
    >>> two = FamilyScores(np.array([1.0, 2.0]), np.array([9, 3]), {"covering": np.array([0.75, 0.625])})
    >>> found = summarise([one, two], "covering", scale=1.0)
    >>> found.ods, found.ods_scale, found.ois, found.at_scale
    (0.6875, 2.0, 0.75, 0.625)
    """
    score = find_score(metric)
    scales, values = _stacked(families, score.name)
    sign = 1 if score.best == "higher" else -1

    def at(indices: list[int]) -> tuple[float, int]:
        return _over_pictures(families, score, values, indices, averaging)

    everywhere = [at([index] * len(families)) for index in range(len(scales))]
    ods = _best_index(sign * np.array([value for value, _ in everywhere]))
    ois, in_ois = at([_best_or_undefined(sign * row) for row in values])
    best = _best(families, averaging) if score.name == "covering" else math.nan
    in_best = _defined(family.best_covering for family in families)
    found = FamilySummary(
        metric=score.name,
        averaging=averaging,
        pictures=len(families),
        family=len(scales),
        ods=everywhere[ods][0],
        ods_scale=float(scales[ods]),
        ois=ois,
        best=best,
        scored={
            "ods": everywhere[ods][1],
            "ois": in_ois,
            "best": in_best,
        },
    )
    if scale is None:
        return found
    place = np.flatnonzero(scales == scale)
    if not len(place):
        raise ParameterError(f"scale={scale} is none of the family's: {_few(scales)}. Choose among these.")
    value, scored = everywhere[place[0]]
    return replace(found, scale=float(scale), at_scale=value, scored=found.scored | {"at_scale": scored})


def choose_scale(families: Sequence[FamilyScores], metric: str | Score, *, averaging: Averaging = "mean") -> float:
    """The scale that is best for these pictures together: on a training split, the one to report others at.

    Parameters and errors are those of `summarise`. Of equal scales, the lowest.
    """
    found = summarise(families, metric, averaging=averaging)
    if math.isnan(found.ods):
        raise ParameterError(f"{found.metric} is defined for none of the {found.pictures} pictures; no scale is best.")
    return found.ods_scale


def _stacked(families: Sequence[FamilyScores], metric: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The common scales (K,), and the values (pictures, K)."""
    if isinstance(families, FamilyScores) or not families:
        raise ParameterError("families is a list of FamilyScores, one a picture, at least one. Give such a list.")
    scales = families[0].scales
    for family in families:
        if not np.array_equal(family.scales, scales):
            raise ParameterError(
                f"the families have different scales ({_few(scales)} and {_few(family.scales)}); one scale for all "
                "pictures asks for the same ones. Score each hierarchy at given thresholds."
            )
        if metric not in family.values:
            raise ParameterError(f"the families have no {metric!r}; they have {', '.join(family.values)}.")
    return scales, np.stack([family.values[metric] for family in families])


def _over_pictures(
    families: Sequence[FamilyScores], score: Score, values: NDArray[np.float64], at: list[int], averaging: Averaging
) -> tuple[float, int]:
    """The score over pictures, each at its own index of scale, and for how many of them it is defined."""
    own = [float(row[index]) for row, index in zip(values, at, strict=True)]
    if averaging == "mean":
        return mean_score(own)
    if any(score.name not in family.sums for family in families):
        raise ParameterError(
            f"{score.name} cannot be pooled here: the families have not got its sums. Take averaging='mean', or, for a "
            "score that pools, give score_hierarchy the thresholds."
        )
    sums = [family.sums[score.name][index] for family, index in zip(families, at, strict=True)]
    return put_together(score, own, sums, averaging), _defined(own)


def _defined(values: Iterable[float]) -> int:
    return mean_score(values)[1]


def require_averaging(score: Score, averaging: Averaging) -> None:
    """Raise `ParameterError` where a score cannot be averaged so; before the first picture is segmented."""
    if averaging not in AVERAGINGS:
        raise ParameterError(f"averaging={averaging!r} is not allowed; it is 'mean' or 'pooled'.")
    if averaging == "pooled" and not score.pools:
        raise ParameterError(f"{score.name} cannot be pooled over pictures. Take averaging='mean'.")


def put_together(score: Score, values: Sequence[float], sums: Sequence[Any], averaging: Averaging) -> float:
    """A score over pictures, from the value of each or from what each is made of; NaN where there is none."""
    if averaging == "mean":
        return mean_score(values)[0]
    if averaging != "pooled":
        raise ParameterError(f"averaging={averaging!r} is not allowed; it is 'mean' or 'pooled'.")
    return score.value(reduce(add, sums)) if sums else math.nan


def _best_index(values: NDArray[np.float64]) -> int:
    """The first of the greatest; where all are NaN, the first."""
    return int(np.argmax(np.where(np.isnan(values), -np.inf, values)))


def _best_or_undefined(values: NDArray[np.float64]) -> int:
    """The first that is NaN, or the first of the greatest: what is not defined at some scales has no fault at these."""
    undefined = np.isnan(values)
    return int(np.argmax(undefined)) if undefined.any() else _best_index(values)


class BestOfFamily:
    """Of each truth, the covering where every region takes its best segment from any map; taken map by map."""

    def __init__(self) -> None:
        self._areas: list[NDArray[np.int64]] = []
        self._best: list[NDArray[np.float64]] = []

    def take(self, comparison: Comparison) -> None:
        """Take another map of the family."""
        found = [best_of_regions(table, kind=comparison.kind) for table in comparison.tables]
        self._areas = [areas for areas, _ in found]
        before = self._best or [best for _, best in found]
        self._best = [np.maximum(old, best) for old, (_, best) in zip(before, found, strict=True)]

    @property
    def fractions(self) -> list[Fractions]:
        """What the covering of each truth is made of."""
        return [
            Fractions.of(math.fsum(areas * best), areas.sum())
            for areas, best in zip(self._areas, self._best, strict=True)
        ]


def _best(families: Sequence[FamilyScores], averaging: Averaging) -> float:
    """`FamilySummary.best` for the covering."""
    if averaging == "mean":
        return mean_score(family.best_covering for family in families)[0]
    sums = [family.best_sums for family in families if family.best_sums is not None]
    return reduce(add, sums).value if len(sums) == len(families) else math.nan


def _few(scales: NDArray[np.float64]) -> str:
    return ", ".join(f"{scale:g}" for scale in scales[:3]) + (", ..." if len(scales) > 3 else "")
