"""Boundaries scored as the BSDS500 benchmark does: boundary maps, one-to-one matching, the counts of one picture.

A boundary map is a bool array (H, W). Four counts a picture say all: `BoundaryCounts`; they are pooled by adding, and
`classicseg.metrics.curves` takes them to the level of a data set. Pixels that are void or outside the mask count on
neither side: they are taken out of prediction and truths before these are matched, and a change of label from or to
such a pixel is no boundary.

The recipe is that of the benchmark's own code, with one difference. Its matching draws random edges to outliers and
solves that thinned-out problem; here the same cost is brought to its exact minimum, and of several minima always the
same one is taken. Precision and recall differ by a few times 1e-4, as two runs of the original do.

References
----------
D. Martin, C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using local brightness, color, and
texture cues", IEEE TPAMI 26(5), 2004. P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and
hierarchical image segmentation", IEEE TPAMI 33(5), 2011.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError, ParameterError
from classicseg.metrics.contingency import _counted as counted_pixels
from classicseg.metrics.contingency import checked_labels

BoundaryMap = NDArray[np.bool_]

_STEPS_A_PIXEL = 100  # costs are whole hundredths of a pixel
_OUTLIER_REACHES = 100  # what an outlier costs, in greatest matching distances


def boundary_map(labels: ArrayLike, *, mask: ArrayLike | None = None, void: ArrayLike | None = None) -> BoundaryMap:
    """Where a label map changes: a pixel whose square with its right, lower and lower right neighbour has two labels.

    Up to two pixels wide at corners; the benchmark's ``seg2bdry(seg, 'imageSize')``. In the last row and column the
    square is cut off at the edge of the picture.

    Parameters
    ----------
    labels : (H, W) array of integers or bool
    mask : (H, W) bool array, optional
        True where a pixel counts.
    void : (H, W) bool array, optional
        True where no pixel counts. Neither a change from or to such a pixel nor the pixel itself is boundary.

    Returns
    -------
    (H, W) bool array

    Raises
    ------
    ImageError
        `labels`, `mask` or `void` cannot be used, or they differ in shape.

    Examples
    --------
    >>> boundary_map([[1, 1, 2], [1, 1, 2], [1, 1, 1]]).astype(int)
    array([[0, 1, 0],
           [0, 1, 1],
           [0, 0, 0]])
    """
    array = checked_labels("label map", labels)
    counted = counted_pixels(mask, void, array.shape)
    down, right = _changes(array, counted)
    edge = np.zeros(array.shape, dtype=bool)
    edge[:-1] = down
    edge[:, :-1] |= right
    edge[:-1, :-1] |= down[:, 1:] | right[1:]
    return edge if counted is None else edge & counted


def ucm_contour(ucm2: ArrayLike) -> NDArray[np.float64]:
    """An ultrametric contour map of doubled grid (2H + 1, 2W + 1) as a contour map (H, W).

    The benchmark's ``ucm2(3:2:end, 3:2:end)``: each pixel gets the altitude at its lower right corner.

    Raises
    ------
    ImageError
        The map is not of doubled grid or not finite.

    Examples
    --------
    >>> ucm_contour([[0, 0, 0, 0, 0], [0, 0, 0.5, 0, 0], [0, 0, 0.7, 0, 0], [0, 0, 0.7, 0, 0], [0, 0, 0.2, 0, 0]])
    array([[0.7, 0. ],
           [0.2, 0. ]])
    """
    array = _checked_contour("UCM", ucm2)
    if min(array.shape) < 3 or array.shape[0] % 2 == 0 or array.shape[1] % 2 == 0:
        raise ImageError(
            f"a UCM of shape {array.shape} came; of doubled grid it is (2H + 1, 2W + 1). "
            "Give ucm2 as it was saved; a map of the picture's own size is a contour already."
        )
    return array[2::2, 2::2]


def thin(boundary: ArrayLike) -> BoundaryMap:
    """A boundary map thinned to lines one pixel wide, until nothing changes: MATLAB's ``bwmorph(map, 'thin', Inf)``.

    Parameters
    ----------
    boundary : (H, W) bool array

    Returns
    -------
    (H, W) bool array
        What was connected (with diagonals) stays so, and no part vanishes; a ring stays a ring. Beyond the edge of the
        picture nothing is set. Work is about the number of pixels.

    Raises
    ------
    ImageError
        The map is not bool (H, W).

    References
    ----------
    Z. Guo and R. W. Hall, "Parallel thinning with two-subiteration algorithms", Communications of the ACM 32(3), 1989.
    L. Lam, S.-W. Lee and C. Y. Suen, "Thinning methodologies: a comprehensive survey", IEEE TPAMI 14(9), 1992.

    Examples
    --------
    >>> import numpy as np
    >>> thin(np.ones((3, 6), dtype=bool)).astype(int)
    array([[0, 0, 0, 0, 0, 0],
           [0, 1, 1, 1, 1, 0],
           [0, 0, 0, 0, 0, 0]])
    """
    from classicseg.kernels.thinning import thin as thin_map

    return thin_map(_checked_boundary("boundary map", boundary))


def match_boundaries(
    prediction: ArrayLike, truth: ArrayLike, *, tolerance: float = 0.0075
) -> tuple[BoundaryMap, BoundaryMap]:
    """Pair boundary pixels of two maps one to one, at least cost.

    A pair costs its distance, at most D = tolerance x diagonal. With n and m pixels that have a partner in reach, k
    pairs cost the sum of their distances plus 100 D (n + m - k): this is what the benchmark's graph charges, where each
    of the k spare outliers on one side is tied to one on the other at the same price. One more pair is worth up to
    100 D of longer distances, so a long chain of shifts does not come for the sake of its two ends. As in the original,
    distances are rounded to hundredths of a pixel and 100 D is rounded up to one. The minimum is exact; of several the
    same is taken always. The two arguments may be exchanged, up to the choice between minima.

    Parameters
    ----------
    prediction, truth : (H, W) bool arrays
    tolerance : float
        The greatest distance of a pair as a share of the picture's diagonal, above 0 and up to 1; the benchmark's
        0.0075 by default: 4.3 pixels for 481 x 321.

    Returns
    -------
    matched_prediction, matched_truth : (H, W) bool arrays
        The pixels that found a partner; as many in the one as in the other.

    Raises
    ------
    ImageError
        A map is not bool (H, W), or the shapes differ.
    ParameterError
        `tolerance` is not allowed.

    Notes
    -----
    Two boundaries of a picture of 481 x 321 take about a millisecond. Work grows with the pairs in reach and, where
    many pixels compete for few, with the length of the chains of shifts.

    Examples
    --------
    >>> import numpy as np
    >>> found, wanted = np.array([[1, 0, 0, 1, 1]], dtype=bool), np.array([[0, 1, 0, 0, 1]], dtype=bool)
    >>> [each.astype(int).tolist() for each in match_boundaries(found, wanted, tolerance=0.2)]
    [[[1, 0, 0, 0, 1]], [[0, 1, 0, 0, 1]]]
    """
    _check_tolerance(tolerance)
    first, second = _checked_boundary("prediction", prediction), _checked_boundary("truth", truth)
    _check_shapes(first, second)
    return _match(first, second, tolerance)


@dataclass(frozen=True)
class BoundaryCounts:
    """The four counts behind a boundary's precision and recall. Adding pools them.

    An empty side gives 0 and no NaN, as the benchmark has it: where nothing was predicted precision is 0, where nothing
    is true recall is 0, and F is 0 where both are.

    Attributes
    ----------
    recall_hits : int
        True boundary pixels with a partner, summed over the truths (cntR).
    recall_total : int
        True boundary pixels, summed over the truths (sumR).
    precision_hits : int
        Predicted boundary pixels with a partner in at least one truth (cntP).
    precision_total : int
        Predicted boundary pixels (sumP).

    Examples
    --------
    >>> pooled = BoundaryCounts(3, 4, 1, 2) + BoundaryCounts(0, 4, 0, 0)
    >>> pooled.recall, pooled.precision, round(pooled.f, 4)
    (0.375, 0.5, 0.4286)
    """

    recall_hits: int = 0
    recall_total: int = 0
    precision_hits: int = 0
    precision_total: int = 0

    @property
    def recall(self) -> float:
        """Share of the true boundary that was found: 0..1, higher is better."""
        return self.recall_hits / (self.recall_total or 1)

    @property
    def precision(self) -> float:
        """Share of the predicted boundary that is true: 0..1, higher is better."""
        return self.precision_hits / (self.precision_total or 1)

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall: 0..1, higher is better."""
        together = self.precision + self.recall
        return 2 * self.precision * self.recall / together if together else 0.0

    def __add__(self, other: BoundaryCounts) -> BoundaryCounts:
        if not isinstance(other, BoundaryCounts):
            return NotImplemented
        return BoundaryCounts(
            self.recall_hits + other.recall_hits,
            self.recall_total + other.recall_total,
            self.precision_hits + other.precision_hits,
            self.precision_total + other.precision_total,
        )


def count_boundaries(
    prediction_boundary: ArrayLike,
    truth_boundaries: Sequence[ArrayLike] | ArrayLike,
    *,
    tolerance: float = 0.0075,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> BoundaryCounts:
    """The counts of one boundary map against several truths; both are taken as they are, thinned or not.

    Parameters
    ----------
    prediction_boundary : (H, W) bool array
        The benchmark thins it before; see `thin`.
    truth_boundaries : sequence of (H, W) bool arrays
        One an annotator. The files of BSDS500 hold them thinned.
    tolerance : float
        See `match_boundaries`.
    void, mask : (H, W) bool arrays, optional
        Pixels that are void or outside the mask are taken out of all maps first.

    Returns
    -------
    BoundaryCounts
        A predicted pixel counts once, if any truth has a partner for it; true pixels are summed over the truths.

    Raises
    ------
    ImageError
        A map cannot be used, the shapes differ, or there is no truth.
    ParameterError
        `tolerance` is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> found = np.array([[1, 0, 0, 1]], dtype=bool)
    >>> truths = np.array([[[1, 0, 0, 0]], [[1, 0, 0, 0]]], dtype=bool)
    >>> count_boundaries(found, truths)
    BoundaryCounts(recall_hits=2, recall_total=2, precision_hits=1, precision_total=2)
    """
    _check_tolerance(tolerance)
    predicted = _checked_boundary("prediction", prediction_boundary)
    counted = counted_pixels(mask, void, predicted.shape)
    maps = _truth_boundaries(truth_boundaries, predicted, counted)
    return _count(predicted if counted is None else predicted & counted, maps, tolerance)


def boundary_counts(
    labels: ArrayLike,
    truths: Sequence[ArrayLike] | ArrayLike,
    *,
    tolerance: float = 0.0075,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> BoundaryCounts:
    """The counts of one label map against several true label maps.

    The boundaries of both are those of `boundary_map`, thinned. For the truths of BSDS500 this gives the boundaries
    that its files hold.

    Parameters
    ----------
    labels : (H, W) array of integers or bool
    truths : sequence of (H, W) arrays of integers or bool
        Label maps, one an annotator.
    tolerance, void, mask
        See `match_boundaries` and `boundary_map`.

    Returns
    -------
    BoundaryCounts

    Raises
    ------
    ImageError
        A map cannot be used, the shapes differ, or there is no truth.
    ParameterError
        `tolerance` is not allowed.

    Examples
    --------
    >>> labels, truth = [[1, 1, 1, 2, 2, 2]] * 3, [[1, 1, 1, 2, 2, 3]] * 3
    >>> boundary_counts(labels, [truth, labels])
    BoundaryCounts(recall_hits=6, recall_total=9, precision_hits=3, precision_total=3)
    """
    _check_tolerance(tolerance)
    predicted = boundary_map(labels, mask=mask, void=void)
    maps = [boundary_map(truth, mask=mask, void=void) for truth in _several(truths)]
    for truth in maps:
        _check_shapes(predicted, truth)
    return _count(thin(predicted), [thin(truth) for truth in maps], tolerance)


def contour_thresholds(count: int = 99) -> NDArray[np.float64]:
    """The benchmark's thresholds for contours in 0..1: `count` of them, equally far from each other and from 0 and 1.

    Rounded as MATLAB's ``linspace`` rounds, for levels such as 51/255 that meet a threshold.

    Examples
    --------
    >>> contour_thresholds(4).round(3)
    array([0.2, 0.4, 0.6, 0.8])
    """
    if isinstance(count, bool) or not isinstance(count, numbers.Integral) or count < 1:
        raise ParameterError(f"count={count!r} is not allowed; a number of thresholds is an integer, 1 or above.")
    first, last = 1 / (count + 1), 1 - 1 / (count + 1)
    thresholds = first + np.arange(count) * (last - first) / max(count - 1, 1)
    thresholds[-1] = last
    return thresholds


def contour_counts(
    contour: ArrayLike,
    truth_boundaries: Sequence[ArrayLike] | ArrayLike,
    thresholds: ArrayLike,
    *,
    tolerance: float = 0.0075,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> list[BoundaryCounts]:
    """The counts of a soft contour map at several thresholds.

    Parameters
    ----------
    contour : (H, W) array of numbers
        Strength of the boundary at each pixel, such as `ucm_contour` gives; integers are taken as they are, so divide
        a picture of 8 bits by 255 first.
    truth_boundaries : sequence of (H, W) bool arrays
        One an annotator, taken as they are.
    thresholds : (K,) array of numbers
        At each the pixels with ``contour >= threshold`` are thinned and counted; see `contour_thresholds`.
    tolerance, void, mask
        See `count_boundaries`.

    Returns
    -------
    list of BoundaryCounts
        One a threshold. A threshold that changes no pixel costs nothing.

    Raises
    ------
    ImageError
        A map cannot be used, the shapes differ, or there is no truth.
    ParameterError
        `tolerance` or `thresholds` is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.array([[1, 0, 0, 0]], dtype=bool)
    >>> [each.precision for each in contour_counts([[0.9, 0, 0, 0.2]], [truth], [0.1, 0.5])]
    [0.5, 1.0]
    """
    _check_tolerance(tolerance)
    strength = _checked_contour("contour map", contour)
    levels = np.asarray(thresholds)
    if levels.ndim != 1 or levels.size == 0 or levels.dtype.kind not in "uif" or not np.isfinite(levels).all():
        raise ParameterError(
            f"thresholds={thresholds!r} are not allowed; they are a row of finite numbers, at least one. "
            "Give for example contour_thresholds(99)."
        )
    counted = counted_pixels(mask, void, strength.shape)
    maps = _truth_boundaries(truth_boundaries, strength, counted)
    found: list[BoundaryCounts] = []
    before: BoundaryMap | None = None
    for level in levels:
        above = strength >= level
        if counted is not None:
            above &= counted
        if before is None or not np.array_equal(above, before):
            found.append(_count(thin(above), maps, tolerance))
        else:
            found.append(found[-1])
        before = above
    return found


def boundary_f(
    labels: ArrayLike,
    truths: Sequence[ArrayLike] | ArrayLike,
    *,
    tolerance: float = 0.0075,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> float:
    """F of the boundaries of a label map: harmonic mean of their precision and recall; see `boundary_counts`.

    Returns
    -------
    float
        0..1, higher is better; NaN where neither the label map nor any truth has a boundary, 0 where one side has none.

    Examples
    --------
    >>> round(boundary_f([[1, 1, 2, 2], [1, 1, 2, 2]], [[[1, 1, 2, 3], [1, 1, 2, 3]]]), 4)
    0.6667
    """
    counts = boundary_counts(labels, truths, tolerance=tolerance, void=void, mask=mask)
    return counts.f if _any(counts) else math.nan


def boundary_precision(
    labels: ArrayLike,
    truths: Sequence[ArrayLike] | ArrayLike,
    *,
    tolerance: float = 0.0075,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> float:
    """Share of the predicted boundary pixels that have a partner in at least one truth; see `boundary_counts`.

    Returns
    -------
    float
        0..1, higher is better; NaN where neither the label map nor any truth has a boundary, 0 where one side has none.

    Examples
    --------
    >>> boundary_precision([[1, 2, 2, 3], [1, 2, 2, 3]], [[[1, 2, 2, 2], [1, 2, 2, 2]]])
    0.5
    """
    counts = boundary_counts(labels, truths, tolerance=tolerance, void=void, mask=mask)
    return counts.precision if _any(counts) else math.nan


def boundary_recall(
    labels: ArrayLike,
    truths: Sequence[ArrayLike] | ArrayLike,
    *,
    tolerance: float = 0.0075,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> float:
    """Share of the true boundary pixels, over all truths, that have a partner of their own; see `boundary_counts`.

    Returns
    -------
    float
        0..1, higher is better; NaN where neither the label map nor any truth has a boundary, 0 where one side has none.

    Examples
    --------
    >>> boundary_recall([[1, 2, 2, 2], [1, 2, 2, 2]], [[[1, 2, 2, 3], [1, 2, 2, 3]]])
    0.5
    """
    counts = boundary_counts(labels, truths, tolerance=tolerance, void=void, mask=mask)
    return counts.recall if _any(counts) else math.nan


def superpixel_boundary_recall(
    labels: ArrayLike,
    truths: Sequence[ArrayLike] | ArrayLike,
    *,
    tolerance: float = 0.0025,
    void: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> float:
    """Share of the true boundary pixels with any predicted boundary pixel near them: nothing is matched one to one.

    A score for superpixels, which may have as much boundary as they like; it is not `boundary_recall`. As Stutz et al.
    have it, a boundary pixel is one with a label different from that of one of its four neighbours (so boundaries are
    two pixels wide), and near is a square window that reaches round(tolerance x diagonal) pixels to each side.

    Parameters
    ----------
    labels : (H, W) array of integers or bool
    truths : sequence of (H, W) arrays of integers or bool
        Label maps, one an annotator.
    tolerance : float
        Reach as a share of the diagonal, above 0 and up to 1; Stutz's 0.0025 by default: 1 pixel for 481 x 321.
    void, mask : (H, W) bool arrays, optional
        Pixels that are void or outside the mask count on neither side, nor do changes from or to them.

    Returns
    -------
    float
        0..1, higher is better: the mean over the truths that have a boundary; NaN where none has one.

    Raises
    ------
    ImageError
        A map cannot be used, the shapes differ, or there is no truth.
    ParameterError
        `tolerance` is not allowed.

    References
    ----------
    D. Stutz, A. Hermans and B. Leibe, "Superpixels: an evaluation of the state-of-the-art", Computer Vision and Image
    Understanding 166, 2018.

    Examples
    --------
    >>> superpixel_boundary_recall([[1, 1, 1, 2, 2, 2]], [[[1, 1, 1, 2, 2, 3]]])  # found: 2 of 4
    0.5
    """
    from scipy.ndimage import maximum_filter

    _check_tolerance(tolerance)
    predicted = checked_labels("label map", labels)
    counted = counted_pixels(mask, void, predicted.shape)
    reach = math.floor(tolerance * math.hypot(*predicted.shape) + 0.5)
    near = maximum_filter(_both_sides(predicted, counted), size=2 * reach + 1, mode="constant", cval=False)
    shares = []
    for each in _several(truths):
        truth = checked_labels("truth", each)
        _check_shapes(predicted, truth)
        wanted = _both_sides(truth, counted)
        if wanted.any():
            shares.append(float(near[wanted].mean()))
    return math.fsum(shares) / len(shares) if shares else math.nan


# ---- the parts ----


def _changes(
    labels: NDArray[np.integer], counted: NDArray[np.bool_] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the label changes to the pixel below, (H - 1, W), and to the right, (H, W - 1), both pixels counting."""
    down, right = labels[:-1] != labels[1:], labels[:, :-1] != labels[:, 1:]
    if counted is not None:
        down &= counted[:-1] & counted[1:]
        right &= counted[:, :-1] & counted[:, 1:]
    return down, right


def _both_sides(labels: NDArray[np.integer], counted: NDArray[np.bool_] | None) -> BoundaryMap:
    """Pixels on either side of a change."""
    down, right = _changes(labels, counted)
    edge = np.zeros(labels.shape, dtype=bool)
    edge[:-1] = down
    edge[1:] |= down
    edge[:, :-1] |= right
    edge[:, 1:] |= right
    return edge


def _match(first: BoundaryMap, second: BoundaryMap, tolerance: float) -> tuple[BoundaryMap, BoundaryMap]:
    from classicseg.kernels.assignment import assign, pairs_within, steps_within

    if np.count_nonzero(first) > np.count_nonzero(second):  # the solver works on the smaller side
        matched_second, matched_first = _match(second, first, tolerance)
        return matched_first, matched_second
    height, width = first.shape
    reach = tolerance * math.sqrt(height * height + width * width)
    steps, distances = steps_within(reach)
    starts, targets, which = pairs_within(first, second, steps)
    costs = np.rint(distances * _STEPS_A_PIXEL).astype(np.int32)
    alone = math.ceil(_OUTLIER_REACHES * reach * _STEPS_A_PIXEL)
    rights = np.zeros(np.count_nonzero(second), dtype=bool)
    partner = assign(starts, targets, costs[which], len(rights), alone)
    rights[partner[partner >= 0]] = True
    matched_first, matched_second = np.zeros_like(first), np.zeros_like(second)
    matched_first[first], matched_second[second] = partner >= 0, rights
    return matched_first, matched_second


def _count(predicted: BoundaryMap, truths: Sequence[BoundaryMap], tolerance: float) -> BoundaryCounts:
    matched, hits, total = np.zeros_like(predicted), 0, 0
    for truth in truths:
        found, met = _match(predicted, truth, tolerance)
        matched |= found
        hits += int(np.count_nonzero(met))
        total += int(np.count_nonzero(truth))
    return BoundaryCounts(hits, total, int(np.count_nonzero(matched)), int(np.count_nonzero(predicted)))


def _any(counts: BoundaryCounts) -> bool:
    return bool(counts.recall_total or counts.precision_total)


# ---- checks ----


def _several(truths: Sequence[ArrayLike] | ArrayLike) -> list[ArrayLike]:
    """The truths one by one; a single map counts as one truth."""
    if isinstance(truths, np.ndarray) and truths.ndim == 2:
        return [truths]
    several = list(truths)  # type: ignore[arg-type]
    if not several:
        raise ImageError("no truth came; a boundary is scored against one or more. Give a list of maps (H, W).")
    return [np.asarray(truths)] if np.ndim(several[0]) == 1 else several


def _truth_boundaries(
    truths: Sequence[ArrayLike] | ArrayLike, prediction: NDArray[np.generic], counted: NDArray[np.bool_] | None
) -> list[BoundaryMap]:
    maps = [_checked_boundary("truth", truth) for truth in _several(truths)]
    for truth in maps:
        _check_shapes(prediction, truth)
    return maps if counted is None else [truth & counted for truth in maps]


def _checked_boundary(name: str, boundary: ArrayLike) -> BoundaryMap:
    array = np.asarray(boundary)
    if array.dtype != bool or array.ndim != 2 or array.size == 0:
        raise ImageError(
            f"a {name} of type {array.dtype} and shape {array.shape} came; a boundary map is bool (H, W) with at least "
            "one pixel. Give map != 0, or boundary_map(labels) for a label map."
        )
    return array


def _checked_contour(name: str, contour: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(contour)
    if array.dtype.kind not in "buif" or array.ndim != 2 or array.size == 0:
        raise ImageError(
            f"a {name} of type {array.dtype} and shape {array.shape} came; it holds numbers, (H, W), at least one. "
            "Give one channel, as numbers."
        )
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ImageError(
            f"the {name} has NaN or infinite values; they have no strength. Set them to 0, or what is meant."
        )
    return array


def _check_shapes(prediction: NDArray[np.generic], truth: NDArray[np.generic]) -> None:
    if prediction.shape != truth.shape:
        raise ImageError(
            f"the prediction has shape {prediction.shape}, a truth {truth.shape}. Give maps of one height and width; "
            "if one was scaled, scale it back before its boundary is taken."
        )


def _check_tolerance(tolerance: float) -> None:
    if isinstance(tolerance, bool) or not isinstance(tolerance, numbers.Real) or not 0 < tolerance <= 1:
        raise ParameterError(
            f"tolerance={tolerance!r} is not allowed; it is a share of the diagonal, above 0 and up to 1. "
            "For d pixels give d / diagonal."
        )
