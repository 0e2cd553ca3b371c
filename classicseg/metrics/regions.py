"""How far two partitions agree, whatever their labels: pairs of pixels (Rand) and information (VI, NMI).

Every function takes a `ContingencyTable`. Each value of the truth is a region, 0 too (of a binary truth, what lies
above 0 and what does not), except where `adapted_rand_error` says otherwise. NaN means that the score is not defined:
no pixel counts, or there are no pairs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TruthKind, as_kind


def rand_index(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Rand index: the share of pixel pairs that prediction and truth both keep together or both part.

    Its mean over the truths of a picture is the probabilistic Rand index (PRI).

    Parameters
    ----------
    table : ContingencyTable
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        0..1, higher is better; NaN where fewer than two pixels count. Chance alone reaches high values: see
        `adjusted_rand_index`.

    References
    ----------
    W. M. Rand, "Objective criteria for the evaluation of clustering methods", JASA 66(336), 1971. R. Unnikrishnan,
    C. Pantofaru and M. Hebert, "Toward objective evaluation of image segmentation algorithms", IEEE TPAMI 29(6), 2007.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> rand_index(contingency_table([[1, 1, 2]], [[0, 7, 7]]))  # of 3 pairs, they agree that 1st and 3rd are parted
    0.3333333333333333
    """
    return rand_fractions(table, kind=kind).value


def rand_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """Pairs of pixels on which both agree, over all pairs: what `rand_index` is the quotient of."""
    together, in_prediction, in_truth, pairs = _pairs(as_kind(table, kind))
    return Fractions.of(pairs + 2 * together - in_prediction - in_truth, pairs)


def adjusted_rand_index(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Rand index adjusted for chance: 0 is what chance reaches, 1 is perfect.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        -0.5..1, higher is better; 1 where both are one region, or both a region a pixel; NaN where fewer than two
        pixels count.

    References
    ----------
    L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> round(adjusted_rand_index(contingency_table([[1, 1, 2, 3]], [[1, 1, 2, 2]])), 4)
    0.5714
    """
    together, in_prediction, in_truth, pairs = _pairs(as_kind(table, kind))
    if not pairs:
        return math.nan
    # (S - E) / (M - E) with E = A B / P expected by chance and M = (A + B) / 2, times 2 P above and below.
    above = 2 * (together * pairs - in_prediction * in_truth)
    below = (in_prediction + in_truth) * pairs - 2 * in_prediction * in_truth
    return above / below if below else 1.0


def adapted_rand_error(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Adapted Rand error: 1 - F of the pairs that are rightly kept together.

    Precision is the share of the prediction's pairs that are together in the truth too, recall the share of the
    truth's pairs that the prediction keeps. Of instances, pixels of the true background are left out.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        0..1, lower is better; NaN where neither has a pair.

    References
    ----------
    I. Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics",
    Frontiers in Neuroanatomy 9:142, 2015; without the term for pixels of no segment that the SNEMI3D code adds.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> round(adapted_rand_error(contingency_table([[1, 1, 1, 2]], [[1, 1, 2, 2]])), 4)  # 1 of 3, and 1 of 2
    0.6
    """
    table = as_kind(table, kind)
    if kind == "instances":
        table = table.where_true(table.true != 0)
    together, in_prediction, in_truth, _ = _pairs(table)
    pairs = in_prediction + in_truth
    return 1 - 2 * together / pairs if pairs else math.nan


def variation_of_information(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Variation of information in bits: what of either partition the other does not tell; split plus merge.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        0..2 log2(pixels) bits, lower is better; NaN where no pixel counts.

    References
    ----------
    M. Meila, "Comparing clusterings: an information based distance", Journal of Multivariate Analysis 98(5), 2007.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 2, 2]], [[1, 1, 1, 1]])  # one bit: which of two halves
    >>> variation_of_information(table), split_information(table), merge_information(table)
    (1.0, 1.0, 0.0)
    """
    return split_information(table, kind=kind) + merge_information(table, kind=kind)


def split_information(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Split part of the variation of information: H(prediction | truth) in bits, what over-segmentation adds.

    Parameters, range, direction and paper as for `variation_of_information`.
    """
    table = as_kind(table, kind)
    return _conditional_entropy(table, table.true_areas[table.columns])


def merge_information(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Merge part of the variation of information: H(truth | prediction) in bits, what under-segmentation loses.

    Parameters, range, direction and paper as for `variation_of_information`.
    """
    table = as_kind(table, kind)
    return _conditional_entropy(table, table.predicted_areas[table.rows])


def normalised_mutual_information(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Mutual information over the arithmetic mean of the two entropies.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean.

    Returns
    -------
    float
        0..1, higher is better; 1 where both are one region; NaN where no pixel counts. The arithmetic mean is that of
        scikit-learn; papers that normalise by the geometric mean or the larger entropy give other numbers.

    References
    ----------
    N. X. Vinh, J. Epps and J. Bailey, "Information theoretic measures for clusterings comparison", JMLR 11, 2010.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> round(normalised_mutual_information(contingency_table([[1, 1, 2, 3]], [[1, 1, 2, 2]])), 4)  # 1 / 1.25
    0.8
    """
    table = as_kind(table, kind)
    both = entropy(table.predicted_areas) + entropy(table.true_areas)
    if not both:
        return 1.0 if table.total else math.nan
    return min(1.0, max(0.0, 1 - variation_of_information(table) / both))


def entropy(areas: NDArray[np.int64]) -> float:
    """Entropy of a partition in bits, from the areas (all positive) of its regions; 0 where there is none."""
    total = areas.sum()
    return math.fsum((areas * np.log2(total / areas)).tolist()) / int(total) if total else 0.0


def _conditional_entropy(table: ContingencyTable, areas: NDArray[np.int64]) -> float:
    """-sum(p log2(p / q)), with q the share of the given region of each cell; no term is below 0."""
    total = table.total
    terms = table.counts * np.log2(areas / table.counts)
    return math.fsum(terms.tolist()) / total if total else math.nan  # correctly rounded, whatever the labels' order


def _pairs(table: ContingencyTable) -> tuple[int, int, int, int]:
    """Pairs of pixels together in both, together in the prediction, together in the truth, and all: whole numbers."""
    areas = (table.counts, table.predicted_areas, table.true_areas, np.array([table.total]))
    together, in_prediction, in_truth, pairs = (int((area * (area - 1)).sum()) // 2 for area in areas)
    return together, in_prediction, in_truth, pairs
