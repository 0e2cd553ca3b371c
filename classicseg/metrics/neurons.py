"""Scores of the ISBI 2012 challenge on neurons: V_Rand and V_Info, foreground-restricted, after border thinning.

The rules are those of the challenge's final scoring. Of the truth, only foreground counts: the 4-connected components
of equal labels that are not 0; pixels of the true borders are left out. The borders of the prediction are thinned: its
segments grow into label 0 until lines of one pixel are left. Pixels of these lines on true foreground belong to no
segment and are taken each as a segment of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.metrics.comparison import Comparison
from classicseg.metrics.contingency import ContingencyTable, checked_labels, contingency_table
from classicseg.metrics.regions import normalised_mutual_information
from classicseg.metrics.score import mean_score


def thin_borders(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Let the segments of a label map grow into label 0 until borders of one pixel are left.

    Parameters
    ----------
    labels : (H, W) array of integers or bool
        0 is border. Each 4-connected component of another label is a segment, so that a mask of cells can be given.

    Returns
    -------
    (H, W) int32 array
        Segments 1, 2, ... in raster order of their first pixel; 0 where two of them meet. Segments that touch in the
        input stay as they are: there is no border to thin.

    Examples
    --------
    >>> import numpy as np
    >>> thin_borders(np.array([[1, 0, 0, 0, 1]]))
    array([[1, 1, 0, 2, 2]], dtype=int32)
    """
    from skimage.segmentation import watershed

    from classicseg.labels import components

    given = np.asarray(labels)
    borders = given == 0
    segments, count = components(given, ~borders)
    if not count or not borders.any():
        return segments
    grown = watershed(borders.astype(np.uint8), segments, connectivity=1, watershed_line=True)
    return grown.astype(np.int32)


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
    binary = comparison.kind == "binary"
    truths = [truth > 0 if binary else truth for truth in comparison.truths]
    mask, void = comparison.mask, comparison.void
    return mean_score(score(comparison.prediction, truth, mask=mask, void=void) for truth in truths)[0]


def foreground_table(
    prediction: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None, void: ArrayLike | None = None
) -> ContingencyTable:
    """The table of thinned segments and true components on the true foreground, from which both scores are taken."""
    from classicseg.labels import components

    wanted = checked_labels("truth", truth)
    foreground = wanted != 0
    true_segments, _ = components(wanted, foreground)
    segments = thin_borders(checked_labels("prediction", prediction)).astype(np.int64)
    if segments.shape == wanted.shape:
        alone = (segments == 0) & foreground
        segments[alone] = segments.max() + 1 + np.arange(np.count_nonzero(alone))
        void = ~foreground if void is None else np.asarray(void) | ~foreground
    return contingency_table(segments, true_segments, mask=mask, void=void)
