"""Scores of a labelling whose labels mean something: pixel accuracy, Dice and IoU by class.

Every function takes a `ContingencyTable`. The functions named ``class_...`` compare predicted labels with true ones as
they are: label 3 is right where the truth is 3. The results of this toolkit's methods have no such meaning; the
predictions of a classifier have. Void is left out when the table is built; a class that neither of both has is left
out of the mean and never counted as 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.metrics.comparison import Foreground
from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TruthKind, as_kind
from classicseg.metrics.matching import best_total_matching
from classicseg.metrics.overlap import foreground_sums


def class_iou(table: ContingencyTable) -> dict[int, float]:
    """IoU of each class, labels compared as they are.

    Returns
    -------
    dict of int to float
        0..1, higher is better, for each label that the prediction or the truth has; their mean is ``iou.classes``, and
        the mean of their pooled fractions is what the field calls mIoU.

    References
    ----------
    M. Everingham et al., "The Pascal visual object classes (VOC) challenge", IJCV 88(2), 2010.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> class_iou(contingency_table([[0, 1, 1, 1]], [[0, 0, 1, 2]]))
    {0: 0.5, 1: 0.3333333333333333, 2: 0.0}
    """
    return class_iou_fractions(table).quotients


def class_iou_fractions(table: ContingencyTable) -> Fractions:
    """Common pixels over the union, a row a class."""
    labels, common, both = _by_class(table)
    return Fractions.of(common, both - common, labels)


def class_dice_fractions(table: ContingencyTable) -> Fractions:
    """Twice the common pixels over the sum of both areas, a row a class: 2 IoU / (1 + IoU).

    The value is in 0..1, higher is better.

    References
    ----------
    L. R. Dice, "Measures of the amount of ecologic association between species", Ecology 26(3), 1945.
    """
    labels, common, both = _by_class(table)
    return Fractions.of(2 * common, both, labels)


def class_accuracy_fractions(table: ContingencyTable) -> Fractions:
    """Pixels whose predicted label is the true one, over all pixels: pixel accuracy, 0..1, higher is better.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> class_accuracy_fractions(contingency_table([[0, 1, 1, 1]], [[0, 0, 1, 2]])).value
    0.5
    """
    right = table.predicted[table.rows] == table.true[table.columns]
    return Fractions.of(table.counts[right].sum(), table.total)


def foreground_dice_fractions(table: ContingencyTable, *, foreground: Foreground = "nonzero") -> Fractions:
    """Dice of the foreground, truth > 0: twice the common pixels over the sum of both areas.

    The value is in 0..1, higher is better; NaN where neither has a foreground. `foreground` as for `foreground_iou`.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> foreground_dice_fractions(contingency_table([[0, 1, 1, 1]], [[0, 0, 5, 5]])).value  # 2 * 2 / (3 + 2)
    0.8
    """
    common, predicted, true = foreground_sums(table, foreground)
    return Fractions.of(2 * common, predicted + true)


def foreground_accuracy_fractions(table: ContingencyTable, *, foreground: Foreground = "nonzero") -> Fractions:
    """Pixels that are rightly foreground or rightly not, over all pixels: 0..1, higher is better.

    Where the foreground is small, calling nothing foreground is nearly always right: prefer IoU or Dice.
    `foreground` as for `foreground_iou`.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> foreground_accuracy_fractions(contingency_table([[0, 1, 1, 1]], [[0, 0, 5, 5]])).value
    0.75
    """
    common, predicted, true = foreground_sums(table, foreground)
    return Fractions.of(table.total - predicted - true + 2 * common, table.total)


def hungarian_accuracy_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """Pixel accuracy after predicted labels took true ones, one to one, for the most pixels right.

    What papers on clustering call (unsupervised) accuracy. The value is in 0..1, higher is better; pixels of a
    predicted label without a partner are wrong. Background of instances is a label like any other.

    References
    ----------
    H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2(1-2), 1955.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> hungarian_accuracy_fractions(contingency_table([[3, 3, 1, 1]], [[0, 0, 0, 1]])).value
    0.75
    """
    table = as_kind(table, kind)
    total = table.total
    taken = best_total_matching(table.rows, table.columns, table.counts / max(total, 1), len(table.true))
    return Fractions.of(table.counts[taken].sum(), total)


def _by_class(table: ContingencyTable) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The labels that either has, the pixels where both have it, and the sum of its two areas."""
    labels = np.union1d(table.predicted, table.true)
    same = table.predicted[table.rows] == table.true[table.columns]
    common, both = np.zeros((2, len(labels)), dtype=np.int64)
    common[np.searchsorted(labels, table.true[table.columns[same]])] = table.counts[same]
    both[np.searchsorted(labels, table.predicted)] += table.predicted_areas
    both[np.searchsorted(labels, table.true)] += table.true_areas
    return labels, common, both
