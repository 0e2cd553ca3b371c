"""Intersection over union (IoU) under each protocol: how predicted labels and true ones are matched and then compared.

Every function takes a `ContingencyTable` and gives a number in 0..1, higher is better. NaN means that the score is not
defined for this picture (nothing to find and nothing found); means leave it out, see `classicseg.metrics.mean_score`.

The kind of a truth says what its values mean:

- ``"binary"``: above 0 is foreground, the rest background; both are regions.
- ``"classes"``: every value is a class, 0 too.
- ``"instances"``: every value but 0 is an object. 0 is background and no region of its own, but predicted pixels on it
  count in the unions.

A label 0 of a prediction is a label like any other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classicseg.metrics.comparison import Foreground, check_foreground
from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TruthKind, as_kind, is_region
from classicseg.metrics.matching import best_total_matching


def foreground_iou(table: ContingencyTable, *, foreground: Foreground = "nonzero") -> float:
    """IoU of the foreground: pixels where both say foreground, over pixels where either does.

    The true foreground is ``truth > 0``, so binary and instance truths can be scored.

    Parameters
    ----------
    table : ContingencyTable
    foreground : {"nonzero", "bright", "dark"} or int
        The predicted label that counts as foreground: every label but 0 (the default, which suits a binary threshold),
        the highest label or the lowest (the brightest and the darkest class, since classes are numbered by lightness;
        the lowest may be 0), or one label by its number. Among the pixels that count; where only 0 occurs,
        nothing is bright.

    Returns
    -------
    float
        0..1; NaN where neither has a foreground.

    References
    ----------
    P. Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11(2), 1912.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[0, 1, 1, 1]], [[0, 0, 5, 5]])
    >>> round(foreground_iou(table), 4)
    0.6667
    """
    return foreground_iou_fractions(table, foreground=foreground).value


def foreground_iou_fractions(table: ContingencyTable, *, foreground: Foreground = "nonzero") -> Fractions:
    """Common pixels over the union: what `foreground_iou` is the quotient of."""
    common, predicted, true = foreground_sums(table, foreground)
    return Fractions.of(common, predicted + true - common)


def foreground_sums(table: ContingencyTable, foreground: Foreground) -> tuple[int, int, int]:
    """Pixels that both call foreground, that the prediction does, and that the truth does."""
    found = _predicted_foreground(table.predicted, foreground)
    wanted = table.true > 0
    common = int(table.counts[found[table.rows] & wanted[table.columns]].sum())
    return common, int(table.predicted_areas[found].sum()), int(table.true_areas[wanted].sum())


def hungarian_iou(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Mean IoU over the true regions after the one-to-one assignment with the best total IoU.

    A true region without a partner counts 0; a predicted label without one costs nothing by itself.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"binary", "classes", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        0..1; NaN where the truth has no region.

    References
    ----------
    H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2(1-2), 1955.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> hungarian_iou(contingency_table([[3, 3, 1, 1]], [[0, 0, 0, 1]]))  # 2/3 for class 0, 1/2 for class 1
    0.5833333333333333
    """
    return hungarian_iou_fractions(table, kind=kind).value


def hungarian_iou_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """The total IoU over the number of true regions: what `hungarian_iou` is the quotient of."""
    regions = _regions(table, kind)
    matched = best_total_matching(regions.rows, regions.columns, regions.iou, len(regions.areas))
    return Fractions.of(math.fsum(regions.iou[matched]), len(regions.areas))


def majority_iou(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Mean class IoU after each segment has taken the true class that it covers most.

    What an over-segmentation could reach, and so an oracle: the truth is looked at for every segment, and one segment a
    pixel reaches 1. It says how well segments keep to the true boundaries, and is never ranked with scores of results.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"binary", "classes", "instances"}
        What the values of the truth mean. Segments may take the background of instances, which is left out of the mean.

    Returns
    -------
    float
        0..1; NaN where the truth has no region. Of classes that a segment covers equally, it takes the lowest.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> majority_iou(contingency_table([[1, 2, 3, 3, 3]], [[0, 0, 0, 1, 1]]))  # 2/3 for each of the two classes
    0.6666666666666666
    """
    return majority_iou_fractions(table, kind=kind).value


def majority_iou_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """Common pixels over the union, a row a class: what `majority_iou` is the mean quotient of.

    Of instances, whose numbers mean nothing beyond their picture, one row: the total IoU over the number of objects.
    Pooled over pictures, rows of classes meet by their number, which has to mean the same in all.
    """
    table = as_kind(table, kind)
    # By rising count, equal counts by falling column: what a row is given last is its largest cell of lowest column.
    order = np.lexsort((-table.columns, table.counts))
    choice = np.zeros(len(table.predicted), dtype=np.int64)
    choice[table.rows[order]] = table.columns[order]
    right = table.columns == choice[table.rows]
    common = np.bincount(table.columns[right], weights=table.counts[right], minlength=len(table.true))
    taken = np.bincount(choice, weights=table.predicted_areas, minlength=len(table.true))
    counted = is_region(table.true, kind)
    union = taken + table.true_areas - common
    if kind == "instances":
        return Fractions.of(math.fsum(common[counted] / union[counted]), np.count_nonzero(counted))
    return Fractions.of(common[counted], union[counted], table.true[counted])


def best_overlap_iou(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Mean over the true regions of the best IoU that a single predicted label has with them.

    One predicted label may serve several regions. Each region counts the same; `covering` weights them by area.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"binary", "classes", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        0..1; NaN where the truth has no region.

    References
    ----------
    J. Pont-Tuset et al., "Multiscale combinatorial grouping for image segmentation and object proposal generation",
    IEEE TPAMI 39(1), 2017 (the Jaccard index at instance level).

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> best_overlap_iou(contingency_table([[1, 1, 1, 1]], [[0, 0, 0, 1]]))  # 3/4 and 1/4
    0.5
    """
    return best_overlap_fractions(table, kind=kind).value


def best_overlap_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """The total of the best IoUs over the number of true regions: what `best_overlap_iou` is the quotient of."""
    regions = _regions(table, kind)
    return Fractions.of(math.fsum(regions.best()), len(regions.areas))


def covering(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Segmentation covering of the truth by the prediction: the best IoU of each true region, weighted by its area.

    The formula is sum(|R| max_S IoU(R, S)) / sum(|R|) over the true regions R and the predicted labels S.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"binary", "classes", "instances"}
        What the values of the truth mean. Background of instances has no weight.

    Returns
    -------
    float
        0..1; NaN where the truth has no region.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> covering(contingency_table([[1, 1, 1, 1]], [[0, 0, 0, 1]]))  # (3 * 3/4 + 1 * 1/4) / 4
    0.625
    """
    return covering_fractions(table, kind=kind).value


def covering_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """Area times best IoU over the area, both summed over true regions: what `covering` is the quotient of."""
    regions = _regions(table, kind)
    return Fractions.of(math.fsum(regions.areas * regions.best()), regions.areas.sum())


def best_of_regions(
    table: ContingencyTable, *, kind: TruthKind = "classes"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The area of each true region, in the order of the labels, and the best IoU that a predicted label has with it."""
    regions = _regions(table, kind)
    return regions.areas, regions.best()


@dataclass(frozen=True, eq=False)
class _Regions:
    """The true regions, and the IoU of each with every predicted label that shares a pixel with it."""

    areas: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    iou: NDArray[np.float64]

    def best(self) -> NDArray[np.float64]:
        """The best IoU of each region."""
        best = np.zeros(len(self.areas))
        np.maximum.at(best, self.columns, self.iou)
        return best


def _regions(table: ContingencyTable, kind: TruthKind) -> _Regions:
    table = as_kind(table, kind)
    counted = is_region(table.true, kind)
    cells = counted[table.columns]
    rows, columns, counts = table.rows[cells], table.columns[cells], table.counts[cells]
    unions = table.predicted_areas[rows] + table.true_areas[columns] - counts
    return _Regions(table.true_areas[counted], rows, (np.cumsum(counted) - 1)[columns], counts / unions)


def _predicted_foreground(predicted: NDArray[np.int64], foreground: Foreground) -> NDArray[np.bool_]:
    """Which of the predicted labels, ascending, are foreground."""
    check_foreground(foreground)
    if foreground == "nonzero":
        return predicted != 0
    if foreground == "bright":
        return (np.arange(len(predicted)) == len(predicted) - 1) & (predicted != 0)
    if foreground == "dark":
        return np.arange(len(predicted)) == 0
    return predicted == int(foreground)
