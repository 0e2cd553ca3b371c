"""Pairs of predicted and true segments that overlap: what scores of found objects are counted from.

What is a segment depends on the kind of the truth; see `classicseg.metrics.instances`.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError
from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.kinds import TruthKind, as_kind, is_region
from classicseg.metrics.matching import best_total_matching

Threshold = float | Fraction

TEN_THRESHOLDS = tuple(Fraction(twentieths, 20) for twentieths in range(10, 20))  # .5:.05:.95
_LARGEST_DENOMINATOR = 10**6


@dataclass(frozen=True, eq=False)
class SegmentPairs:
    """Which labels of a table are segments, and the pairs of a predicted and a true segment that share pixels.

    Attributes
    ----------
    predicted, true : (P,) and (T,) bool arrays
        Which labels of the table are segments.
    true_labels : (T,) int64 array
        The values of the truth, those of the binarised one where the kind is binary.
    rows, columns : (N,) int64 arrays
        The pairs, as indices of the table.
    common, unions : (N,) int64 arrays
        Pixels of intersection and union of each pair, void left out.
    """

    predicted: NDArray[np.bool_]
    true: NDArray[np.bool_]
    true_labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    common: NDArray[np.int64]
    unions: NDArray[np.int64]

    def reach(self, threshold: Fraction, strict: bool) -> NDArray[np.bool_]:
        """Which pairs have an IoU at (unless `strict`) or above the threshold; exact in whole numbers."""
        wanted, had = threshold.numerator * self.unions, threshold.denominator * self.common
        return had > wanted if strict else had >= wanted


def segment_pairs(table: ContingencyTable, kind: TruthKind) -> SegmentPairs:
    """The segments of a table under a kind of truth, and the pairs that overlap."""
    table = as_kind(table, kind)
    predicted, true = is_region(table.predicted, kind), is_region(table.true, kind)
    cells = predicted[table.rows] & true[table.columns]
    rows, columns, common = table.rows[cells], table.columns[cells], table.counts[cells]
    unions = table.predicted_areas[rows] + table.true_areas[columns] - common
    return SegmentPairs(predicted, true, table.true, rows, columns, common, unions)


def mostly_void(table: ContingencyTable) -> NDArray[np.bool_]:
    """Which predicted labels lie in void with more than half of all their pixels."""
    return table.void_areas > table.predicted_areas


def segment_categories(
    table: ContingencyTable,
    pairs: SegmentPairs,
    predicted_categories: Mapping[int, int] | None,
    true_categories: Mapping[int, int] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The category of each predicted and each true label, arrays (P,) and (T,): all 0 where no categories came."""
    if (predicted_categories is None) != (true_categories is None):
        came, missing = ("predicted", "true") if true_categories is None else ("true", "predicted")
        raise ParameterError(
            f"{came}_categories came without {missing}_categories; segments match within a category. Give both, or "
            "neither for a score whatever the class."
        )
    of_predicted = _categories("predicted", table.predicted, pairs.predicted, predicted_categories)
    return of_predicted, _categories("true", pairs.true_labels, pairs.true, true_categories)


def _categories(
    side: str, labels: NDArray[np.int64], segments: NDArray[np.bool_], categories: Mapping[int, int] | None
) -> NDArray[np.int64]:
    found = np.zeros(len(labels), dtype=np.int64)
    if categories is None:
        return found
    missing = [label for label in labels[segments].tolist() if label not in categories]
    if missing:
        raise ParameterError(
            f"{side}_categories lack the {side} segments {few(missing)}. Give a category for every segment."
        )
    found[segments] = [categories[label] for label in labels[segments].tolist()]
    return found


def few(labels: list[int]) -> str:
    """The first labels of a list, in words."""
    return ", ".join(map(str, labels[:5])) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")


def exact_threshold(threshold: Threshold, *, strict: bool = False) -> Fraction:
    """The fraction that a threshold means, or `ParameterError`."""
    allowed = "0 <= threshold < 1 where strict" if strict else "0 < threshold <= 1"
    try:
        if not isinstance(threshold, numbers.Real):
            raise ValueError
        exact = Fraction(str(threshold)).limit_denominator(_LARGEST_DENOMINATOR)
    except ValueError:  # NaN, infinity and bool end here too
        exact = Fraction(-1)
    if not (0 <= exact < 1 if strict else 0 < exact <= 1):
        raise ParameterError(
            f"threshold={threshold!r} is not allowed; an IoU threshold is a number, {allowed}. Give 0.5, for example."
        )
    return exact


def one_to_one(rows: NDArray[np.int64], columns: NDArray[np.int64], iou: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which pairs belong to a one-to-one matching with the most pairs and, among those, the greatest sum of IoUs."""
    row_values, row_of = np.unique(rows, return_inverse=True)
    column_values, column_of = np.unique(columns, return_inverse=True)
    if len(row_values) == len(column_values) == len(rows):
        return np.ones(len(rows), dtype=bool)
    # One more pair is worth 1/2 or more, all IoUs together 1/4 at most.
    gains = (1 + iou / (2 * len(column_values))) / 2
    return best_total_matching(row_of, column_of, gains, len(column_values))
