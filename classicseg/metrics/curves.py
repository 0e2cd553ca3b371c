"""Boundary scores of a data set from the counts of its pictures: ODS, OIS, average precision, as BSDS500 has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ParameterError
from classicseg.metrics.boundaries import BoundaryCounts

_STEPS = 100  # between two neighbouring thresholds, both included


@dataclass(frozen=True)
class CurvePoint:
    """A point of a precision-recall curve; all but the threshold 0..1, higher is better."""

    threshold: float
    precision: float
    recall: float
    f: float


@dataclass(frozen=True, eq=False)
class BoundarySummary:
    """The boundary scores of a data set.

    Attributes
    ----------
    ods : CurvePoint
        Optimal data-set scale: the greatest F of the pooled counts. Between neighbouring thresholds precision and
        recall are interpolated linearly in 100 steps, so its threshold may lie between those that were measured.
    ois : BoundaryCounts
        Optimal image scale: each picture's counts at its own best measured threshold, pooled. An oracle.
    ap : float
        Area under precision over recall, interpolated linearly at recall 0, 0.01, .., 1, and 0 beyond the recalls that
        were measured. A sum of 101 values times 0.01, so that 1.01 is its greatest value. 0 where only one recall was
        measured, as at a single threshold.
    thresholds, precision, recall, f : (K,) float64 arrays
        The pooled counts at each threshold.
    images : tuple of CurvePoint
        Each picture's best point, interpolated as `ods` is.
    """

    ods: CurvePoint
    ois: BoundaryCounts
    ap: float
    thresholds: NDArray[np.float64] = field(repr=False)
    precision: NDArray[np.float64] = field(repr=False)
    recall: NDArray[np.float64] = field(repr=False)
    f: NDArray[np.float64] = field(repr=False)
    images: tuple[CurvePoint, ...] = field(repr=False)


def boundary_summary(counts: Sequence[Sequence[BoundaryCounts]] | ArrayLike, thresholds: ArrayLike) -> BoundarySummary:
    """ODS, OIS and average precision from the counts of each picture at each threshold.

    Parameters
    ----------
    counts : (N, K) nested sequence of BoundaryCounts, or (N, K, 4) array of integers
        A row a picture; the four numbers in the order of `BoundaryCounts`: cntR, sumR, cntP, sumP.
    thresholds : (K,) array of numbers
        What each column stands for, ascending: thresholds of a contour, or the numbers of a series of label maps. One
        threshold alone is allowed: ODS and OIS are then the pooled counts.

    Returns
    -------
    BoundarySummary

    Raises
    ------
    ParameterError
        The counts are not of this shape, are no counts, or there are not as many thresholds, ascending.

    Notes
    -----
    Of equally good points the first one is taken. Where several thresholds reach the same recall, the first one gives
    the precision for `ap`, as MATLAB's ``unique`` does since release 2013a.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> fine, coarse = BoundaryCounts(8, 8, 8, 16), BoundaryCounts(2, 8, 4, 4)
    >>> summary = boundary_summary([[fine, coarse]], [0.25, 0.75])
    >>> summary.f.round(4)
    array([0.6667, 0.4   ])
    >>> round(summary.ods.threshold, 4), round(summary.ods.f, 4), round(summary.ois.f, 4)
    (0.3914, 0.7071, 0.6667)
    """
    table = _checked_counts(counts)
    levels = _checked_thresholds(thresholds, table.shape[1])
    precision, recall = _rates(table)  # (N, K)
    best = _f(precision, recall).argmax(axis=1)
    pooled_precision, pooled_recall = _rates(table.sum(axis=0))
    return BoundarySummary(
        ods=_best_point(levels, pooled_precision, pooled_recall),
        ois=BoundaryCounts(*map(int, table[np.arange(len(table)), best].sum(axis=0))),
        ap=_average_precision(pooled_precision, pooled_recall),
        thresholds=levels,
        precision=pooled_precision,
        recall=pooled_recall,
        f=_f(pooled_precision, pooled_recall),
        images=tuple(_best_point(levels, *rates) for rates in zip(precision, recall, strict=True)),
    )


def _rates(table: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision and recall; 0 where there is nothing to divide by."""
    recall_hits, recall_total, precision_hits, precision_total = np.moveaxis(table, -1, 0)
    return precision_hits / np.maximum(precision_total, 1), recall_hits / np.maximum(recall_total, 1)


def _f(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> NDArray[np.float64]:
    together = precision + recall
    return 2 * precision * recall / (together + (together == 0))


def _best_point(
    thresholds: NDArray[np.float64], precision: NDArray[np.float64], recall: NDArray[np.float64]
) -> CurvePoint:
    """The first point of greatest F on the curve whose neighbouring points are joined by straight lines."""
    along = np.arange(_STEPS) / (_STEPS - 1)
    curve = np.stack([thresholds, precision, recall])
    between = curve[:, 1:, np.newaxis] * along + curve[:, :-1, np.newaxis] * (1 - along)
    level, p, r = np.concatenate([curve[:, :1], between.reshape(3, -1)], axis=1)
    f = _f(p, r)
    best = int(f.argmax())
    return CurvePoint(float(level[best]), float(p[best]), float(r[best]), float(f[best]))


def _average_precision(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> float:
    recalls, first = np.unique(recall, return_index=True)
    if len(recalls) < 2:
        return 0.0
    wanted = np.arange(101) / 100
    return math.fsum(np.interp(wanted, recalls, precision[first], left=0, right=0)) * 0.01


def _checked_counts(counts: Sequence[Sequence[BoundaryCounts]] | ArrayLike) -> NDArray[np.int64]:
    try:
        table = np.asarray(_unpacked(counts))
    except ValueError:  # rows of different lengths
        table = np.empty(0)
    if table.ndim != 3 or table.shape[-1] != 4 or table.size == 0 or table.dtype.kind not in "ui":
        raise ParameterError(
            f"counts of shape {table.shape} and type {table.dtype} came; they are (pictures, thresholds) of "
            "BoundaryCounts, or (pictures, thresholds, 4) integers, as many thresholds for each picture, at least one. "
            "Give for example [contour_counts(contour, truths, thresholds) for each picture]."
        )
    table = table.astype(np.int64)
    if (table < 0).any() or (table[..., ::2] > table[..., 1::2]).any():
        raise ParameterError(
            "counts came in which hits are negative or exceed their total; the order is recall_hits, recall_total, "
            "precision_hits, precision_total. Check the order."
        )
    return table


def _unpacked(counts: Any) -> Any:
    """Nested sequences with each `BoundaryCounts` as its four numbers."""
    if isinstance(counts, BoundaryCounts):
        return [counts.recall_hits, counts.recall_total, counts.precision_hits, counts.precision_total]
    return [_unpacked(each) for each in counts] if isinstance(counts, list | tuple) else counts


def _checked_thresholds(thresholds: ArrayLike, count: int) -> NDArray[np.float64]:
    levels = as_array("thresholds", thresholds)
    if levels.shape != (count,) or levels.dtype.kind not in "uif" or not np.isfinite(levels).all():
        raise ParameterError(
            f"thresholds={thresholds!r} are not allowed; the counts have {count} a picture, so {count} finite numbers "
            "in a row are wanted. Give the thresholds that the counts were taken at."
        )
    levels = levels.astype(np.float64)
    if (np.diff(levels) <= 0).any():
        raise ParameterError(
            "thresholds are not ascending; between neighbours is interpolated. Sort them and the counts."
        )
    return levels
