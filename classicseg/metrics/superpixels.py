"""Scores of over-segmentations: what a perfect choice of true region for each segment would still get wrong.

Every function but `superpixel_boundary_recall` takes a `ContingencyTable`; `kind` says what the values of the truth
mean, and each is a region, the background of instances too. There are four undersegmentation errors in the literature
that give different numbers; each stands under the name of its authors, as in D. Stutz, A. Hermans and B. Leibe,
"Superpixels: an evaluation of the state-of-the-art", CVIU 166, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from classicseg.metrics.boundary_maps import both_sides
from classicseg.metrics.boundary_matching import check_shapes, check_tolerance, several_maps
from classicseg.metrics.comparison import Comparison
from classicseg.metrics.contingency import ContingencyTable, checked_labels, counted_pixels
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TruthKind, as_kind

_LEAST_SHARE = 0.05  # Achanta et al.: of a segment, so that annotators' careless borders cost nothing


def achievable_accuracy_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """Achievable segmentation accuracy: pixels right after each segment took the true region that it covers most.

    The value is in 0..1, higher is better. An oracle: one segment a pixel reaches 1, so compare at equal numbers of
    segments. It is 1 - `bergh_error`.

    References
    ----------
    M.-Y. Liu, O. Tuzel, S. Ramalingam and R. Chellappa, "Entropy rate superpixel segmentation", CVPR 2011.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> achievable_accuracy_fractions(contingency_table([[1, 1, 1, 2]], [[0, 0, 5, 5]])).value
    0.75
    """
    table = as_kind(table, kind)
    return Fractions.of(_largest(table), table.total)


def bergh_error(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Undersegmentation error of Van den Bergh: pixels outside the true region that their segment covers most.

    Returns
    -------
    float
        0..1, lower is better: 1 - achievable segmentation accuracy; NaN where no pixel counts.

    References
    ----------
    M. Van den Bergh, X. Boix, G. Roig and L. Van Gool, "SEEDS: superpixels extracted via energy-driven sampling",
    ECCV 2012.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> bergh_error(contingency_table([[1, 1, 1, 2]], [[0, 0, 5, 5]]))
    0.25
    """
    return bergh_fractions(table, kind=kind).value


def bergh_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """Pixels in the wrong region over all: what `bergh_error` is the quotient of."""
    table = as_kind(table, kind)
    return Fractions.of(table.total - _largest(table), table.total)


def neubert_protzel_error(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Undersegmentation error of Neubert and Protzel: of each segment that crosses a region, the smaller part.

    The formula is sum over regions G and segments S that meet of min(|S and G|, |S without G|), over all pixels.

    Returns
    -------
    float
        0..1, lower is better; NaN where no pixel counts.

    References
    ----------
    P. Neubert and P. Protzel, "Superpixel benchmark and comparison", Forum Bildverarbeitung, 2012.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> neubert_protzel_error(contingency_table([[1, 1, 1, 2]], [[0, 0, 5, 5]]))  # segment 1: 1 outside 0, 1 inside 5
    0.5
    """
    return neubert_protzel_fractions(table, kind=kind).value


def neubert_protzel_fractions(table: ContingencyTable, *, kind: TruthKind = "classes") -> Fractions:
    """The smaller parts over all pixels: what `neubert_protzel_error` is the quotient of."""
    table = as_kind(table, kind)
    outside = table.predicted_areas[table.rows] - table.counts
    return Fractions.of(np.minimum(table.counts, outside).sum(), table.total)


def achanta_error(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Undersegmentation error of Achanta: areas of all segments that meet each region by 5 % of theirs, less the image.

    The formula is (sum over regions G of |S| of the segments S with |S and G| > 0.05 |S|, minus all pixels), over all
    pixels.

    Returns
    -------
    float
        0 or above (slightly below 0 is possible, where many small parts are left out), lower is better; NaN where no
        pixel counts.

    References
    ----------
    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34(11), 2012.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> achanta_error(contingency_table([[1, 1, 1, 2]], [[0, 0, 5, 5]]))  # (3 + 3 + 1 - 4) / 4
    0.75
    """
    table = as_kind(table, kind)
    whole = table.predicted_areas[table.rows]
    meets = table.counts > _LEAST_SHARE * whole
    return float(whole[meets].sum() / table.total - 1) if table.total else math.nan


def levinshtein_error(table: ContingencyTable, *, kind: TruthKind = "classes") -> float:
    """Undersegmentation error of Levinshtein: how far the segments that meet a region reach out, mean over regions.

    The formula is the mean over regions G of (sum of |S| of the segments S that meet G, minus |G|) / |G|.

    Returns
    -------
    float
        0 or above without bound, lower is better; NaN where no pixel counts.

    References
    ----------
    A. Levinshtein et al., "TurboPixels: fast superpixels using geometric flows", IEEE TPAMI 31(12), 2009.

    Examples
    --------
    >>> from classicseg.metrics import contingency_table
    >>> levinshtein_error(contingency_table([[1, 1, 1, 2]], [[0, 0, 5, 5]]))  # region 0: 1/2, region 5: 2/2
    0.75
    """
    table = as_kind(table, kind)
    if not table.total:
        return math.nan
    covered = np.bincount(table.columns, weights=table.predicted_areas[table.rows], minlength=len(table.true))
    return float(((covered - table.true_areas) / table.true_areas).mean())


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

    check_tolerance(tolerance)
    predicted = checked_labels("label map", labels)
    counted = counted_pixels(mask, void, predicted.shape)
    reach = math.floor(tolerance * math.hypot(*predicted.shape) + 0.5)
    near = maximum_filter(both_sides(predicted, counted), size=2 * reach + 1, mode="constant", cval=False)
    shares = []
    for each in several_maps(truths):
        truth = checked_labels("truth", each)
        check_shapes(predicted, truth)
        wanted = both_sides(truth, counted)
        if wanted.any():
            shares.append(float(near[wanted].mean()))
    return math.fsum(shares) / len(shares) if shares else math.nan


def comparison_recall(comparison: Comparison) -> float:
    """`superpixel_boundary_recall` of a comparison; of a binary truth, the boundary is that of what lies above 0."""
    return superpixel_boundary_recall(
        comparison.prediction, comparison.regions, void=comparison.void, mask=comparison.mask
    )


def _largest(table: ContingencyTable) -> int:
    """Pixels of the largest cell of each row, summed."""
    largest = np.zeros(len(table.predicted), dtype=np.int64)
    np.maximum.at(largest, table.rows, table.counts)
    return int(largest.sum())
