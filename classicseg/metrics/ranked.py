"""Average precision (AP) as the COCO benchmark takes it, for segments that have a score.

`ranked_matches` says for one picture which of its segments are right at each IoU threshold; `average_precision` ranks
the segments of all pictures by their scores and takes the area under precision over recall. Segments of unsupervised
methods have no score; a stand-in must be named then, and it stays in the score's name (`ap_name`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError
from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.kinds import TruthKind
from classicseg.metrics.segment_pairs import (
    TEN_THRESHOLDS,
    SegmentPairs,
    Threshold,
    exact_threshold,
    few,
    segment_categories,
    segment_pairs,
)

StandIn = Literal["area", "contrast", "altitude"]
STAND_INS: tuple[StandIn, ...] = get_args(StandIn)
Scores = Mapping[int, float] | Sequence[float] | NDArray[np.floating]

_MAX_DETECTIONS = 100  # COCO's
_RECALLS = np.linspace(0, 1, 101)  # COCO's own floats: ten of them lie one step of rounding above k/100


def ap_name(stand_in: StandIn | None = None) -> str:
    """The name of the score: ``instance.ap``, with the stand-in for the segments' scores, if one was used, behind it.

    Examples
    --------
    >>> ap_name(), ap_name("area")
    ('instance.ap', 'instance.ap.area')
    """
    _check_stand_in(stand_in)
    return "instance.ap" if stand_in is None else f"instance.ap.{stand_in}"


@dataclass(frozen=True, eq=False)
class RankedMatches:
    """Which segments of one picture are right at each IoU threshold: what `average_precision` ranks.

    Attributes
    ----------
    thresholds : tuple of Fraction
        K thresholds; a match has an IoU at or above them.
    scores : (D,) float64 array
        The segments' scores, falling within each category.
    categories : (D,) int64 array
        The segments' categories; 0 where categories do not count.
    matched, ignored : (K, D) bool arrays
        Segments that are right, and those that count neither as right nor as false.
    wanted : dict of int to int
        True segments of each category.
    stand_in : {"area", "contrast", "altitude"} or None
        What the scores stand in for; None where they are scores.
    """

    thresholds: tuple[Fraction, ...]
    scores: NDArray[np.float64]
    categories: NDArray[np.int64]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    wanted: dict[int, int]
    stand_in: StandIn | None


def ranked_matches(
    table: ContingencyTable,
    scores: Scores | None = None,
    *,
    stand_in: StandIn | None = None,
    predicted_categories: Mapping[int, int] | None = None,
    true_categories: Mapping[int, int] | None = None,
    crowds: Collection[int] = (),
    kind: TruthKind = "instances",
    thresholds: Iterable[Threshold] = TEN_THRESHOLDS,
    max_detections: int | None = _MAX_DETECTIONS,
) -> RankedMatches:
    """Match the scored segments of one picture with its true segments, by COCO's rules.

    In the order of falling scores (ties by rising label) each segment takes the free true segment of its category with
    which it has the greatest IoU, if that reaches the threshold. A segment left without a partner is ignored, and not
    false, where the share of its pixels in a crowd of its category or in void reaches the threshold. As in COCO (and
    Cityscapes), void pixels stay in the area of a predicted segment when IoUs are formed; elsewhere in
    `classicseg.metrics` they are taken out of it. Void is taken as one region.

    Parameters
    ----------
    table : ContingencyTable
    scores : mapping of int to float, or (P,) array
        The score of each predicted label, or one for each entry of ``table.predicted``; higher is surer, and only their
        order counts. What is no segment (label 0 of instances) needs none. A score must not know the truth.
    stand_in : {"area", "contrast", "altitude"}, optional
        What `scores` are where they are no confidences. ``"area"`` (larger first) is taken from the table, and `scores`
        are left out; ``"contrast"`` comes from `classicseg.metrics.contrast.contrast_scores`; ``"altitude"`` says how
        long each segment persists in a hierarchy (the altitude at which it is merged, less the one at which it arose).
    predicted_categories, true_categories : mapping of int to int, optional
        The category of each segment on both sides; only equal ones match. Class-agnostic where neither is given.
    crowds : collection of int
        True labels that are crowds: nothing to be found, and segments in them are ignored.
    kind : {"instances", "classes", "binary"}
        What the values of the truth mean, and with it what a segment is (see `classicseg.metrics.instances`).
    thresholds : iterable of float
        IoU thresholds, 0 < t <= 1; COCO's 0.5, 0.55, ..., 0.95 by default.
    max_detections : int or None
        How many segments of the highest scores in each category count; COCO's 100 by default, None for all. Pictures
        with more objects cannot reach 1 at COCO's limit. Segments that lie in void wholly are not in the table and take
        no place.

    Returns
    -------
    RankedMatches

    Raises
    ------
    ParameterError
        Neither scores nor a stand-in came, scores or categories are missing for some segments, or a parameter is not
        allowed.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV 2014.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 2, 0]], [[7, 7, 7, 0]])  # IoU 2/3 and 1/3
    >>> found = ranked_matches(table, {1: 0.4, 2: 0.9}, thresholds=[0.5])
    >>> found.scores, found.matched
    (array([0.9, 0.4]), array([[False,  True]]))
    """
    exact = tuple(exact_threshold(each) for each in thresholds)
    limit = _checked_limit(max_detections)
    pairs = segment_pairs(table, kind)
    values = _checked_scores(table, pairs, scores, stand_in)
    categories, of_true = segment_categories(table, pairs, predicted_categories, true_categories)
    crowd = np.isin(pairs.true_labels, list(crowds))
    ranking = _ranking(pairs, values, categories, limit)
    matched, ignored = _match(table, pairs, ranking, categories, of_true, crowd, exact)
    wanted, count = np.unique(of_true[pairs.true & ~crowd], return_counts=True)
    return RankedMatches(
        exact,
        values[ranking],
        categories[ranking],
        matched,
        ignored,
        dict(zip(wanted.tolist(), count.tolist(), strict=True)),
        stand_in,
    )


def matches_by_area(table: ContingencyTable, *, kind: TruthKind = "instances") -> tuple[RankedMatches]:
    """The matches of one picture with the segments ranked by area, as a tuple: those of several pictures add up."""
    return (ranked_matches(table, stand_in="area", kind=kind),)


def average_precision(pictures: Iterable[RankedMatches]) -> float:
    """COCO's average precision over a data set: the mean over categories and IoU thresholds.

    Parameters
    ----------
    pictures : iterable of RankedMatches
        What `ranked_matches` gave for each picture, by one set of thresholds and one stand-in. Segments of equal scores
        keep the order of the pictures.

    Returns
    -------
    float
        0..1, higher is better. Categories without a true segment are left out; NaN where nothing is to be found.

    Raises
    ------
    ParameterError
        Pictures differ in thresholds or stand-in.

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV 2014.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 2, 0]], [[7, 7, 7, 0]])
    >>> average_precision([ranked_matches(table, {1: 0.4, 2: 0.9}, thresholds=[0.5])])  # the right one comes second
    0.5
    """
    values = [value for each in average_precisions(pictures).values() for value in each.tolist()]
    return math.fsum(values) / len(values) if values else math.nan


def average_precisions(pictures: Iterable[RankedMatches]) -> dict[int, NDArray[np.float64]]:
    """Average precision of each category (0 where categories do not count) at each IoU threshold: arrays (K,).

    Precision at a recall is the highest one at that recall or beyond, 0 where it is never reached; its mean is taken
    over the recalls 0, 0.01, ..., 1. Categories without a true segment are left out. See `average_precision`.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 2, 0]], [[7, 7, 7, 0]])
    >>> average_precisions([ranked_matches(table, stand_in="area", thresholds=[0.5, 0.75])])
    {0: array([1., 0.])}
    """
    ranked = list(pictures)
    if len({(each.thresholds, each.stand_in) for each in ranked}) > 1:
        raise ParameterError(
            "the pictures were matched at different thresholds or ranked by different scores "
            f"({', '.join(sorted({ap_name(each.stand_in) for each in ranked}))}); average precision ranks all segments "
            "together. Call ranked_matches with the same thresholds and stand_in for every picture."
        )
    wanted: dict[int, int] = {}
    for each in ranked:
        for category, count in each.wanted.items():
            wanted[category] = wanted.get(category, 0) + count
    return {category: _of_category(ranked, category, wanted[category]) for category in sorted(wanted)}


def _check_stand_in(stand_in: object) -> None:
    if stand_in is not None and stand_in not in STAND_INS:
        raise ParameterError(
            f"stand_in={stand_in!r} is not allowed; it is {', '.join(map(repr, STAND_INS))}, or None where segments "
            "have scores. Choose one."
        )


def _checked_limit(max_detections: object) -> int | None:
    if max_detections is None:
        return None
    if isinstance(max_detections, bool) or not isinstance(max_detections, (int, np.integer)) or max_detections < 1:
        raise ParameterError(
            f"max_detections={max_detections!r} is not allowed; it is a whole number, at least 1, or None for all. "
            f"Give {_MAX_DETECTIONS}, as COCO does."
        )
    return int(max_detections)


def _checked_scores(
    table: ContingencyTable, pairs: SegmentPairs, scores: Scores | None, stand_in: StandIn | None
) -> NDArray[np.float64]:
    """The score of each predicted label (P,); what is no segment keeps 0."""
    _check_stand_in(stand_in)
    if stand_in == "area":
        if scores is not None:
            raise ParameterError("scores came together with stand_in='area', which is taken from the table. Give one.")
        return (table.predicted_areas + table.void_areas).astype(np.float64)
    if scores is None:
        raise ParameterError(
            f"{ap_name(stand_in)} ranks segments by their scores, and none came. Give scores, or name a stand-in, "
            "which stays in the score's name: stand_in='area'; 'contrast', with scores from "
            "classicseg.metrics.contrast.contrast_scores; or 'altitude', with scores from a hierarchy."
        )
    if isinstance(scores, Mapping):
        values = np.array([scores.get(label, math.nan) for label in table.predicted.tolist()], dtype=np.float64)
    else:
        values = np.asarray(scores, dtype=np.float64)
    if values.shape != table.predicted.shape:
        raise ParameterError(
            f"scores of shape {values.shape} came for {len(table.predicted)} predicted labels. Give one score for each "
            "entry of table.predicted, or a mapping from label to score."
        )
    missing = table.predicted[np.isnan(values) & pairs.predicted].tolist()
    if missing:
        raise ParameterError(f"the predicted segments {few(missing)} have no score, or NaN. Give each a number.")
    return values


def _ranking(
    pairs: SegmentPairs, scores: NDArray[np.float64], categories: NDArray[np.int64], limit: int | None
) -> NDArray[np.int64]:
    """The rows of the segments that count, by category, then by falling score, then by rising label."""
    rows = np.flatnonzero(pairs.predicted)
    rows = rows[np.lexsort((rows, -scores[rows], categories[rows]))]
    if limit is None or not len(rows):
        return rows
    _, first, group = np.unique(categories[rows], return_index=True, return_inverse=True)
    return rows[np.arange(len(rows)) - first[group] < limit]


def _match(
    table: ContingencyTable,
    pairs: SegmentPairs,
    ranking: NDArray[np.int64],
    categories: NDArray[np.int64],
    of_true: NDArray[np.int64],
    crowd: NDArray[np.bool_],
    thresholds: tuple[Fraction, ...],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the ranked segments are matched and which are ignored at each threshold: arrays (K, D)."""
    place = np.full(len(table.predicted), -1)
    place[ranking] = np.arange(len(ranking))
    areas = table.predicted_areas + table.void_areas
    usable = (categories[pairs.rows] == of_true[pairs.columns]) & (place[pairs.rows] >= 0)
    rows, columns, common = pairs.rows[usable], pairs.columns[usable], pairs.common[usable]
    in_crowd = crowd[columns]
    # Beside a crowd, what counts is the share of the prediction that lies in it.
    wholes = np.where(in_crowd, areas[rows], pairs.unions[usable] + table.void_areas[rows])
    matched = np.zeros((len(thresholds), len(ranking)), dtype=bool)
    ignored = np.zeros_like(matched)
    for at, threshold in enumerate(thresholds):
        reached = threshold.denominator * common >= threshold.numerator * wholes
        own = reached & ~in_crowd
        matched[at, _greedy(place[rows[own]], columns[own], common[own] / wholes[own])] = True
        excused = threshold.denominator * table.void_areas >= threshold.numerator * areas
        excused[rows[reached & in_crowd]] = True
        ignored[at] = excused[ranking] & ~matched[at]
    return matched, ignored


def _greedy(places: NDArray[np.int64], columns: NDArray[np.int64], iou: NDArray[np.float64]) -> NDArray[np.int64]:
    """The places that get a partner when each, in turn, takes the free column of its greatest IoU (ties: the last)."""
    if len(np.unique(places)) == len(np.unique(columns)) == len(places):
        return places
    served: set[int] = set()
    taken: set[int] = set()
    order = np.lexsort((-columns, -iou, places))
    for place, column in zip(places[order].tolist(), columns[order].tolist(), strict=True):
        if place not in served and column not in taken:
            served.add(place)
            taken.add(column)
    return np.array(sorted(served), dtype=np.int64)


def _of_category(ranked: list[RankedMatches], category: int, wanted: int) -> NDArray[np.float64]:
    parts = [each.categories == category for each in ranked]
    scores = np.concatenate([each.scores[part] for each, part in zip(ranked, parts, strict=True)])
    order = np.argsort(-scores, kind="stable")
    matched = np.concatenate([each.matched[:, part] for each, part in zip(ranked, parts, strict=True)], axis=1)[
        :, order
    ]
    ignored = np.concatenate([each.ignored[:, part] for each, part in zip(ranked, parts, strict=True)], axis=1)[
        :, order
    ]
    return np.array(
        [_interpolated(right[~left_out], wanted) for right, left_out in zip(matched, ignored, strict=True)],
        dtype=np.float64,
    )


def _interpolated(right: NDArray[np.bool_], wanted: int) -> float:
    """The mean over 101 recalls of the best precision at that recall or beyond; segments by falling score."""
    hits = np.cumsum(right)
    precision = np.maximum.accumulate((hits / np.arange(1, len(right) + 1))[::-1])[::-1]
    position = np.searchsorted(hits / wanted, _RECALLS)
    reached = position < len(right)
    return float(precision[position[reached]].sum() / len(_RECALLS))
