"""Scores of found objects: counts of right, false and missed segments, and what is made of them.

Every function takes a `ContingencyTable`. A predicted segment and a true one may be matched where their intersection
over union (IoU) reaches a threshold, and each takes part in one match at most. Thresholds are compared as fractions of
whole numbers, so that an IoU of exactly 7/10 is never above 0.7 and always at least 0.7.

What is a segment depends on the kind of the truth:

- ``"instances"``: every value but 0, in the truth and in the prediction. 0 is background on both sides and nothing to
  be found. Methods that give no background label (mean shift, quickshift: their labels begin at 1) offer what they made
  of the background as segments like any other: false positives, one each.
- ``"classes"``: every value, 0 too, on both sides.
- ``"binary"``: the truth's foreground (above 0) and background; in the prediction every value, 0 too.

Void pixels are taken out of all segments before IoUs are formed. A predicted segment that finds no partner and has
lain in void with more than half of its pixels is left out and no false positive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.kinds import TruthKind
from classicseg.metrics.segment_pairs import (
    TEN_THRESHOLDS,
    SegmentPairs,
    Threshold,
    exact_threshold,
    mostly_void,
    one_to_one,
    segment_pairs,
)


@dataclass(frozen=True)
class InstanceCounts:
    """Right, false and missed segments of one picture, or of several: counts add up by ``+``.

    Attributes
    ----------
    tp : int
        Matched pairs of a predicted and a true segment.
    fp : int
        Predicted segments without a partner, less those that lie in void by more than half.
    fn : int
        True segments without a partner.

    Examples
    --------
    >>> pooled = InstanceCounts(tp=3, fp=1) + InstanceCounts(tp=1, fn=2)
    >>> pooled.precision, round(pooled.recall, 4), round(pooled.f1, 4), round(pooled.jaccard, 4)
    (0.8, 0.6667, 0.7273, 0.5714)
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: InstanceCounts) -> InstanceCounts:
        return InstanceCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """TP / (TP + FP), 0..1; 0 where nothing was found though something was to be found, NaN where neither."""
        return self.tp / max(self.tp + self.fp, 1) if self._any else math.nan

    @property
    def recall(self) -> float:
        """TP / (TP + FN), 0..1; NaN where nothing is to be found, whatever was found."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else math.nan

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN), 0..1; NaN where nothing is to be found and nothing was."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self._any else math.nan

    @property
    def jaccard(self) -> float:
        """TP / (TP + FP + FN), 0..1; NaN where nothing is to be found and nothing was."""
        return self.tp / (self.tp + self.fp + self.fn) if self._any else math.nan

    @property
    def _any(self) -> bool:
        return self.tp + self.fp + self.fn > 0


@dataclass(frozen=True)
class SweepCounts:
    """The counts of one picture, or of several, at each of several IoU thresholds: they add up by ``+``.

    Attributes
    ----------
    counts : tuple of InstanceCounts
        One a threshold, in one order for all that are added.
    """

    counts: tuple[InstanceCounts, ...]

    def __add__(self, other: SweepCounts) -> SweepCounts:
        return SweepCounts(tuple(one + two for one, two in zip(self.counts, other.counts, strict=True)))

    @property
    def recall(self) -> float:
        """The mean over the thresholds of `InstanceCounts.recall`."""
        return math.fsum(each.recall for each in self.counts) / len(self.counts)

    @property
    def jaccard(self) -> float:
        """The mean over the thresholds of `InstanceCounts.jaccard`."""
        return math.fsum(each.jaccard for each in self.counts) / len(self.counts)


def instance_counts(
    table: ContingencyTable, threshold: Threshold, *, kind: TruthKind = "instances", strict: bool = False
) -> InstanceCounts:
    """Right, false and missed segments at one IoU threshold.

    Above 0.5 no segment can have two partners. At 0.5 and below, of all one-to-one matchings of pairs that reach the
    threshold, one with the most pairs is taken, and of those one with the greatest sum of IoUs (the rule of StarDist
    and Cellpose); the number of pairs is the same in all of them.

    Parameters
    ----------
    table : ContingencyTable
    threshold : float
        0 < threshold <= 1, or 0 <= threshold < 1 where `strict`. It means the nearest fraction with a denominator of up
        to a million: 0.7 is seven tenths, and so is 0.7000000000000001.
    kind : {"instances", "classes", "binary"}
        What the values of the truth mean, and with it what a segment is.
    strict : bool
        Whether the IoU must lie above the threshold; at or above it by default, as most benchmarks ask.

    Returns
    -------
    InstanceCounts

    Raises
    ------
    ParameterError
        The threshold or the kind is not allowed.

    References
    ----------
    U. Schmidt, M. Weigert, C. Broaddus and G. Myers, "Cell detection with star-convex polygons", MICCAI 2018.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[0, 1, 1, 0, 2]], [[0, 7, 7, 7, 0]])  # IoU 2/3; 2 is false
    >>> instance_counts(table, 0.5)
    InstanceCounts(tp=1, fp=1, fn=0)
    >>> instance_counts(table, 0.7)
    InstanceCounts(tp=0, fp=2, fn=1)
    """
    return _counts(table, segment_pairs(table, kind), exact_threshold(threshold, strict=strict), strict)


def sweep_counts(table: ContingencyTable, *, kind: TruthKind = "instances", strict: bool = False) -> SweepCounts:
    """What `instance_counts` gives at the thresholds 0.5, 0.55, ..., 0.95, for scores that average over them.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 1, 0]], [[5, 5, 5, 5]])  # IoU 3/4
    >>> [each.tp for each in sweep_counts(table).counts]
    [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    """
    pairs = segment_pairs(table, kind)
    return SweepCounts(tuple(_counts(table, pairs, each, strict) for each in TEN_THRESHOLDS))


def instance_precision(table: ContingencyTable, *, threshold: Threshold = 0.5, kind: TruthKind = "instances") -> float:
    """Share of the predicted segments that are right: have an IoU of at least `threshold` with a partner of their own.

    Parameters
    ----------
    table : ContingencyTable
    threshold : float
        0 < threshold <= 1; 0.5, the most used one, by default.
    kind : {"instances", "classes", "binary"}

    Returns
    -------
    float
        0..1, higher is better; 0 where nothing was found though something was to be found (finding nothing must not
        raise a mean), NaN where nothing is to be found and nothing was.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> instance_precision(contingency_table([[0, 1, 1, 0, 2]], [[0, 7, 7, 7, 0]]))
    0.5
    """
    return instance_counts(table, threshold, kind=kind).precision


def instance_recall(table: ContingencyTable, *, threshold: Threshold = 0.5, kind: TruthKind = "instances") -> float:
    """Share of the true segments that were found: have an IoU of at least `threshold` with a partner of their own.

    Parameters
    ----------
    table : ContingencyTable
    threshold : float
        0 < threshold <= 1; 0.5, the most used one, by default.
    kind : {"instances", "classes", "binary"}

    Returns
    -------
    float
        0..1, higher is better; NaN where nothing is to be found.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> instance_recall(contingency_table([[0, 1, 1, 0, 2]], [[0, 7, 7, 7, 0]]))
    1.0
    """
    return instance_counts(table, threshold, kind=kind).recall


def instance_f1(table: ContingencyTable, *, threshold: Threshold = 0.5, kind: TruthKind = "instances") -> float:
    """Harmonic mean of `instance_precision` and `instance_recall`, formed from the counts: 2 TP / (2 TP + FP + FN).

    Parameters
    ----------
    table : ContingencyTable
    threshold : float
        0 < threshold <= 1; 0.5, the most used one, by default.
    kind : {"instances", "classes", "binary"}

    Returns
    -------
    float
        0..1, higher is better; 0 where only one of prediction and truth has segments, NaN where neither has.

    References
    ----------
    J. C. Caicedo et al., "Evaluation of deep learning strategies for nucleus segmentation in fluorescence images",
    Cytometry Part A 95(9), 2019.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> round(instance_f1(contingency_table([[0, 1, 1, 0, 2]], [[0, 7, 7, 7, 0]])), 4)
    0.6667
    """
    return instance_counts(table, threshold, kind=kind).f1


def dsb2018(table: ContingencyTable, *, kind: TruthKind = "instances") -> float:
    """The score of the 2018 Data Science Bowl: mean of TP / (TP + FP + FN) over ten thresholds, IoU strictly above.

    The thresholds are 0.5, 0.55, ..., 0.95. An IoU above 0.5 has one partner at most, so there is nothing to choose.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"instances", "classes", "binary"}

    Returns
    -------
    float
        0..1, higher is better; 0 where only one of prediction and truth has segments, NaN where neither has. The
        challenge took the mean over pictures.

    References
    ----------
    J. C. Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl",
    Nature Methods 16, 2019.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 1, 0]], [[5, 5, 5, 5]])  # IoU 3/4: above 0.5, 0.55, ..., 0.7
    >>> dsb2018(table)
    0.5
    """
    return sweep_counts(table, kind=kind, strict=True).jaccard


def average_recall(table: ContingencyTable, *, kind: TruthKind = "instances") -> float:
    """Recall whatever the class, its mean over the IoU thresholds 0.5, 0.55, ..., 0.95 (at or above).

    All predicted segments take part, however many there are; false ones cost nothing. Over a data set the papers pool
    the counts of all pictures: add what `sweep_counts` gives for each, and take its `recall`.

    Parameters
    ----------
    table : ContingencyTable
    kind : {"instances", "classes", "binary"}

    Returns
    -------
    float
        0..1, higher is better; NaN where nothing is to be found.

    References
    ----------
    J. Hosang, R. Benenson, P. Dollar and B. Schiele, "What makes for effective detection proposals?", IEEE TPAMI 38(4),
    2016; with the thresholds of T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV 2014.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> table = contingency_table([[1, 1, 1, 0]], [[5, 5, 5, 5]])  # IoU 3/4: at least 0.5, 0.55, ..., 0.75
    >>> average_recall(table)
    0.6
    """
    return sweep_counts(table, kind=kind).recall


def _counts(table: ContingencyTable, pairs: SegmentPairs, threshold: Fraction, strict: bool) -> InstanceCounts:
    reached = pairs.reach(threshold, strict)
    rows, columns = pairs.rows[reached], pairs.columns[reached]
    matched = one_to_one(rows, columns, pairs.common[reached] / pairs.unions[reached])
    false = pairs.predicted & ~mostly_void(table)
    false[rows[matched]] = False
    tp = int(matched.sum())
    return InstanceCounts(tp, int(false.sum()), int(pairs.true.sum()) - tp)
