"""Panoptic quality (PQ): how many segments were recognised, times how well those were segmented.

A predicted and a true segment of one category match where their intersection over union (IoU) lies strictly above 0.5,
compared in whole numbers; no segment can have two such partners. Void pixels are taken out of all segments first. A
predicted segment without a partner that has lain in void with more than half of its pixels is left out, and no false
positive.

``panoptic_quality`` counts within categories; ``pq_agnostic``, ``sq_agnostic`` and ``rq_agnostic`` take all segments as
one category, for methods that name none. What is a segment depends on the kind of the truth, and is written down in
`classicseg.metrics.instances`; a category of stuff is one segment in each picture, so give it one label.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.kinds import TruthKind
from classicseg.metrics.score import mean_score
from classicseg.metrics.segment_pairs import SegmentPairs, mostly_void, segment_categories, segment_pairs

_HALF = Fraction(1, 2)
Number = TypeVar("Number", np.int64, np.float64)


class CategoryQuality(NamedTuple):
    """The figures of one category: 0..1, higher is better; see `PanopticCounts`."""

    pq: float
    sq: float
    rq: float


@dataclass(frozen=True, eq=False)
class PanopticCounts:
    """Counts and IoUs by category, of one picture or of several: they add up by ``+``.

    Attributes
    ----------
    categories : (C,) int64 array
        The categories that occur, ascending; 0 alone where categories do not count.
    iou_sum : (C,) float64 array
        The sum of the IoUs of the matched pairs.
    tp, fp, fn : (C,) int64 arrays
        Matched pairs, predicted segments without a partner (less those excused by void), true ones without a partner.

    Notes
    -----
    Of each category, SQ (segmentation quality) is the mean IoU of the matched pairs, 0 where there are none; RQ
    (recognition quality) is TP / (TP + FP/2 + FN/2); PQ is their product. `pq`, `sq` and `rq` are means over the
    categories that occur, so `pq` is not the product of `sq` and `rq` where there are several.

    Examples
    --------
    >>> import numpy as np
    >>> one = PanopticCounts(np.array([3]), np.array([0.8]), np.array([1]), np.array([1]), np.array([1]))
    >>> two = PanopticCounts(
    ...     np.array([3, 5]), np.array([0.6, 0.0]), np.array([1, 0]), np.array([0, 0]), np.array([0, 2])
    ... )
    >>> pooled = one + two
    >>> pooled.categories, pooled.tp, pooled.fn
    (array([3, 5]), array([2, 0]), array([1, 2]))
    >>> {category: round(each.pq, 4) for category, each in pooled.per_category().items()}
    {3: 0.4667, 5: 0.0}
    """

    categories: NDArray[np.int64]
    iou_sum: NDArray[np.float64]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]

    def __add__(self, other: PanopticCounts) -> PanopticCounts:
        categories, place = np.unique(np.concatenate([self.categories, other.categories]), return_inverse=True)

        def pooled(one: NDArray[Number], two: NDArray[Number]) -> NDArray[Number]:
            sums = np.zeros(len(categories), dtype=one.dtype)
            np.add.at(sums, place, np.concatenate([one, two]))
            return sums

        return PanopticCounts(
            categories,
            pooled(self.iou_sum, other.iou_sum),
            pooled(self.tp, other.tp),
            pooled(self.fp, other.fp),
            pooled(self.fn, other.fn),
        )

    @property
    def pq(self) -> float:
        """Panoptic quality, the mean over the categories that occur: 0..1, higher is better; NaN if none does."""
        return mean_score(each.pq for each in self.per_category().values())[0]

    @property
    def sq(self) -> float:
        """Segmentation quality, the mean over the categories that occur: 0..1, higher is better; NaN if none does."""
        return mean_score(each.sq for each in self.per_category().values())[0]

    @property
    def rq(self) -> float:
        """Recognition quality, the mean over the categories that occur: 0..1, higher is better; NaN if none does."""
        return mean_score(each.rq for each in self.per_category().values())[0]

    def per_category(self) -> dict[int, CategoryQuality]:
        """PQ, SQ and RQ of each category that occurs."""
        found = {}
        for category, iou_sum, tp, fp, fn in zip(
            self.categories.tolist(),
            self.iou_sum.tolist(),
            self.tp.tolist(),
            self.fp.tolist(),
            self.fn.tolist(),
            strict=True,
        ):
            segments = tp + (fp + fn) / 2
            if segments:
                found[category] = CategoryQuality(iou_sum / segments, iou_sum / max(tp, 1), tp / segments)
        return found

    def only(self, categories: Collection[int]) -> PanopticCounts:
        """The counts of some categories alone, such as those of things, or of stuff."""
        kept = np.isin(self.categories, list(categories))
        return PanopticCounts(self.categories[kept], self.iou_sum[kept], self.tp[kept], self.fp[kept], self.fn[kept])


def panoptic_quality(
    table: ContingencyTable,
    *,
    kind: TruthKind,
    predicted_categories: Mapping[int, int] | None = None,
    true_categories: Mapping[int, int] | None = None,
    crowds: Collection[int] = (),
) -> PanopticCounts:
    """Match the segments of one picture and count, by category.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"instances", "classes", "binary"}
        What the values of the truth mean; for panoptic truths, in which every value is a segment, ``"classes"``.
    predicted_categories, true_categories : mapping of int to int, optional
        The category of each segment on both sides; only equal ones match. All segments are one category, 0, where
        neither is given.
    crowds : collection of int
        True labels that are crowds: they are nothing to be found, and their pixels count as void for the predicted
        segments of their category without a partner; in IoUs they stay, as in the published code. A crowd drawn into
        the void of the table is left out of IoUs too, whatever the category.

    Returns
    -------
    PanopticCounts
        Add those of all pictures before the figures are taken, as the benchmark does.

    Raises
    ------
    ParameterError
        The kind is not allowed, categories came for one side only, or a segment lacks one.

    References
    ----------
    A. Kirillov, K. He, R. Girshick, C. Rother and P. Dollar, "Panoptic segmentation", CVPR 2019.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 1, 2]], [[5, 5, 6, 6]])  # IoUs 2/3 and 1/2: the second is not above 1/2
    >>> counts = panoptic_quality(table, kind="classes")
    >>> counts.tp, counts.fp, counts.fn
    (array([1]), array([1]), array([1]))
    >>> round(counts.pq, 4), round(counts.sq, 4), counts.rq
    (0.3333, 0.6667, 0.5)
    """
    pairs = segment_pairs(table, kind)
    of_predicted, of_true = segment_categories(table, pairs, predicted_categories, true_categories)
    crowd = np.isin(pairs.true_labels, list(crowds))
    same = of_predicted[pairs.rows] == of_true[pairs.columns]
    matched = same & ~crowd[pairs.columns] & pairs.reach(_HALF, strict=True)
    rows, columns = pairs.rows[matched], pairs.columns[matched]
    false = pairs.predicted & ~_excused(table, pairs, same & crowd[pairs.columns])
    false[rows] = False
    missed = pairs.true & ~crowd
    missed[columns] = False
    categories = np.unique(np.concatenate([of_true[columns], of_predicted[false], of_true[missed]]))

    iou_sum = np.zeros(len(categories))
    np.add.at(iou_sum, np.searchsorted(categories, of_true[columns]), pairs.common[matched] / pairs.unions[matched])
    return PanopticCounts(
        categories,
        iou_sum,
        _count(of_true[columns], categories),
        _count(of_predicted[false], categories),
        _count(of_true[missed], categories),
    )


def pq_agnostic(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Panoptic quality whatever the category: the sum of the matched IoUs over TP + FP/2 + FN/2.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"classes", "instances", "binary"}
        What the values of the truth mean, and with it what a segment is.

    Returns
    -------
    float
        0..1, higher is better; 0 where only one of prediction and truth has segments, NaN where neither has.

    References
    ----------
    A. Kirillov, K. He, R. Girshick, C. Rother and P. Dollar, "Panoptic segmentation", CVPR 2019.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> round(pq_agnostic(contingency_table([[1, 1, 1, 2]], [[5, 5, 6, 6]])), 4)
    0.3333
    """
    return panoptic_quality(table, kind=kind).pq


def sq_agnostic(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Segmentation quality whatever the category: the mean IoU of the matched pairs, all above 0.5.

    Parameters, what is NaN and the paper are those of `pq_agnostic`; 0 where there are segments and no pair.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> round(sq_agnostic(contingency_table([[1, 1, 1, 2]], [[5, 5, 6, 6]])), 4)
    0.6667
    """
    return panoptic_quality(table, kind=kind).sq


def rq_agnostic(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Recognition quality whatever the category, the F1 score at an IoU above 0.5: TP / (TP + FP/2 + FN/2).

    Parameters, range, what is NaN and the paper are those of `pq_agnostic`.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> rq_agnostic(contingency_table([[1, 1, 1, 2]], [[5, 5, 6, 6]]))
    0.5
    """
    return panoptic_quality(table, kind=kind).rq


def _excused(table: ContingencyTable, pairs: SegmentPairs, in_crowd: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which predicted labels lie in void and crowds of their category with more than half of all their pixels."""
    if not in_crowd.any():
        return mostly_void(table)
    crowded = np.bincount(pairs.rows[in_crowd], weights=pairs.common[in_crowd], minlength=len(table.predicted))
    return 2 * (table.void_areas + crowded) > table.void_areas + table.predicted_areas


def _count(found: NDArray[np.int64], categories: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of what was found belong to each category, all of which are among `categories`, ascending."""
    return np.bincount(np.searchsorted(categories, found), minlength=len(categories)).astype(np.int64)
