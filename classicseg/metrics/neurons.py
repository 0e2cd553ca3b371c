"""Scores of the ISBI 2012 challenge on neurons: V_Rand and V_Info, foreground-restricted, after border thinning.

The rules are those of the challenge's final scoring. Of the truth, only foreground counts: the 4-connected components
of equal labels that are not 0; pixels of the true borders are left out. The borders of the prediction are thinned: its
segments grow into label 0 until lines of one pixel are left. Pixels of these lines on true foreground belong to no
segment and are taken each as a segment of its own. All is as in the challenge's code, but for V_Info where prediction
and truth are both one segment: nothing is wrong there, and it is 1 here, 0 there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.metrics.comparison import Comparison
from classicseg.metrics.contingency import ContingencyTable, checked_labels, contingency_table, counted_pixels
from classicseg.metrics.regions import normalised_mutual_information
from classicseg.metrics.score import mean_score


def thin_borders(labels: ArrayLike) -> NDArray[np.int32]:
    """Let the segments of a label map grow into label 0 until borders of one pixel are left.

    Parameters
    ----------
    labels : (H, W) array of integers or bool
        0 is border. Each 4-connected component of another label is a segment, so that a mask of cells can be given.

    Returns
    -------
    (H, W) int32 array
        Segments 1, 2, ... in raster order of their first pixel in the input; 0 on the lines where two of them meet.
        Segments that touch in the input stay as they are: there is no border to thin. Where there is no segment at all,
        everything is one, as in the challenge.

    Notes
    -----
    The flood is that of the challenge's code, pixel by pixel: Vincent and Soille's watershed with 4 neighbours, in
    which the order of its queue decides on which side of an even border the line comes to lie.

    References
    ----------
    L. Vincent and P. Soille, "Watersheds in digital spaces: an efficient algorithm based on immersion simulations",
    IEEE TPAMI 13(6), 1991.

    Examples
    --------
    >>> import numpy as np
    >>> thin_borders(np.array([[1, 0, 0, 0, 1]]))
    array([[1, 1, 0, 2, 2]], dtype=int32)
    """
    from classicseg.kernels.flooding import flood_borders
    from classicseg.labels import components

    given = checked_labels("label map", labels)
    segments, count = components(given, given != 0)
    return flood_borders(segments) if count else np.ones_like(segments)


def v_rand(
    prediction: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None, void: ArrayLike | None = None
) -> float:
    """V_Rand of the ISBI 2012 challenge: F of the pairs rightly kept together, after border thinning.

    Parameters
    ----------
    prediction, truth : (H, W) arrays of integers or bool
        0 is border in both; each 4-connected component of another label is a segment.
    mask, void : (H, W) bool arrays, optional
        Pixels that count, and pixels that do not, beside the true borders.

    Returns
    -------
    float
        0..1, higher is better; NaN where no true foreground counts. At one threshold: the challenge took the best
        over the thresholds of a probability map.

    References
    ----------
    I. Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics",
    Frontiers in Neuroanatomy 9:142, 2015.

    Examples
    --------
    >>> v_rand([[1, 1, 0, 2, 2]], [[1, 1, 0, 2, 2]])
    1.0
    >>> v_rand([[1, 1, 1, 1, 1]], [[1, 1, 0, 2, 2]])  # 2^2 + 2^2 together, of 4^2: precision 1/2, recall 1
    0.6666666666666666
    """
    table = foreground_table(prediction, truth, mask=mask, void=void)
    together, in_prediction, in_truth = (
        int((areas**2).sum()) for areas in (table.counts, table.predicted_areas, table.true_areas)
    )
    return 2 * together / (in_prediction + in_truth) if table.total else math.nan


def v_info(
    prediction: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None, void: ArrayLike | None = None
) -> float:
    """V_Info of the ISBI 2012 challenge: mutual information over the mean entropy, after border thinning.

    Parameters, what counts and paper as for `v_rand`.

    Returns
    -------
    float
        0..1, higher is better; NaN where no true foreground counts. Where either is one segment, it carries no
        information: 1 where both are, else 0.

    Examples
    --------
    >>> v_info([[1, 1, 0, 2, 2]], [[1, 1, 0, 2, 2]])
    1.0
    """
    return normalised_mutual_information(foreground_table(prediction, truth, mask=mask, void=void))


def v_rand_score(comparison: Comparison) -> float:
    """`v_rand`, mean over the truths."""
    return _mean(v_rand, comparison)


def v_info_score(comparison: Comparison) -> float:
    """`v_info`, mean over the truths."""
    return _mean(v_info, comparison)


def _mean(score: Callable[..., float], comparison: Comparison) -> float:
    mask, void = comparison.mask, comparison.void
    return mean_score(score(comparison.prediction, truth, mask=mask, void=void) for truth in comparison.regions)[0]


def foreground_table(
    prediction: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None, void: ArrayLike | None = None
) -> ContingencyTable:
    """The table of thinned segments and true components on the true foreground, from which both scores are taken."""
    from classicseg.labels import components

    wanted = checked_labels("truth", truth)
    foreground = wanted != 0
    true_segments, _ = components(wanted, foreground)
    segments = thin_borders(checked_labels("prediction", prediction)).astype(np.int64)
    counted = counted_pixels(mask, void, wanted.shape)
    if segments.shape == wanted.shape:  # if not, the table refuses them
        alone = (segments == 0) & foreground
        segments[alone] = segments.max() + 1 + np.arange(np.count_nonzero(alone))
    return contingency_table(segments, true_segments, mask=foreground if counted is None else foreground & counted)
