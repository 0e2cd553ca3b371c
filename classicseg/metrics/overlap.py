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
import numbers
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError
from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.kinds import TruthKind, check_kind

Foreground = Literal["nonzero", "bright", "dark"] | int

_FOREGROUND_WORDS = ("nonzero", "bright", "dark")


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
    found = _predicted_foreground(table.predicted, foreground)
    wanted = table.true > 0
    common = int(table.counts[found[table.rows] & wanted[table.columns]].sum())
    union = int(table.predicted_areas[found].sum()) + int(table.true_areas[wanted].sum()) - common
    return common / union if union else math.nan


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
    regions = _regions(table, kind)
    if not len(regions.areas):
        return math.nan
    matched = _best_partner(regions)[regions.columns] == regions.rows
    return float(regions.iou[matched].sum() / len(regions.areas))


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
    table = _as_kind(table, kind)
    # By rising count, equal counts by falling column: what a row is given last is its largest cell of lowest column.
    order = np.lexsort((-table.columns, table.counts))
    choice = np.zeros(len(table.predicted), dtype=np.int64)
    choice[table.rows[order]] = table.columns[order]
    right = table.columns == choice[table.rows]
    common = np.bincount(table.columns[right], weights=table.counts[right], minlength=len(table.true))
    taken = np.bincount(choice, weights=table.predicted_areas, minlength=len(table.true))
    counted = _is_region(table.true, kind)
    iou = common[counted] / (taken + table.true_areas - common)[counted]
    return float(iou.mean()) if iou.size else math.nan


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
    regions = _regions(table, kind)
    return float(regions.best().mean()) if len(regions.areas) else math.nan


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
    regions = _regions(table, kind)
    if not len(regions.areas):
        return math.nan
    return float((regions.areas * regions.best()).sum() / regions.areas.sum())


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
    table = _as_kind(table, kind)
    counted = _is_region(table.true, kind)
    cells = counted[table.columns]
    rows, columns, counts = table.rows[cells], table.columns[cells], table.counts[cells]
    unions = table.predicted_areas[rows] + table.true_areas[columns] - counts
    return _Regions(table.true_areas[counted], rows, (np.cumsum(counted) - 1)[columns], counts / unions)


def _best_partner(regions: _Regions) -> NDArray[np.int64]:
    """The row that each region is given by the one-to-one assignment with the best total IoU.

    The assignment is solved on the pairs that overlap: a dense matrix of 12,544 segments and 10,000 regions takes 1 GB.
    A region may be left without a partner: each has a row of its own beyond the true rows, at the cost of IoU 0.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    n_regions, n_rows = len(regions.areas), int(regions.rows.max()) + 1
    alone = np.arange(n_regions)
    costs = np.concatenate([2 - regions.iou, np.full(n_regions, 2.0)])  # 1..2: a cost of 0 would mean no edge
    columns = np.concatenate([regions.columns, alone]).astype(np.int32)  # the solver takes no other index type
    rows = np.concatenate([regions.rows, n_rows + alone]).astype(np.int32)
    graph = csr_array((costs, (columns, rows)), shape=(n_regions, n_rows + n_regions))
    order, partner = min_weight_full_bipartite_matching(graph)
    return partner[np.argsort(order)]


def _as_kind(table: ContingencyTable, kind: TruthKind) -> ContingencyTable:
    check_kind(kind)
    return table.binarised() if kind == "binary" else table


def _is_region(true: NDArray[np.int64], kind: TruthKind) -> NDArray[np.bool_]:
    return true != 0 if kind == "instances" else np.ones(len(true), dtype=bool)


def _predicted_foreground(predicted: NDArray[np.int64], foreground: Foreground) -> NDArray[np.bool_]:
    """Which of the predicted labels, ascending, are foreground."""
    if foreground == "nonzero":
        return predicted != 0
    if foreground == "bright":
        return (np.arange(len(predicted)) == len(predicted) - 1) & (predicted != 0)
    if foreground == "dark":
        return np.arange(len(predicted)) == 0
    if isinstance(foreground, numbers.Integral) and not isinstance(foreground, bool):
        return predicted == int(foreground)
    raise ParameterError(
        f"foreground={foreground!r} is not allowed; it is {', '.join(map(repr, _FOREGROUND_WORDS))}, or an integer: "
        "the number of the predicted label that counts as foreground."
    )
