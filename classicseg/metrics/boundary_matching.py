"""One-to-one matching of boundary pixels at least cost, as the BSDS500 benchmark has it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, ParameterError, if_turned
from classicseg.memory import require_memory
from classicseg.metrics.boundary_maps import BoundaryMap, checked_boundary

_STEPS_A_PIXEL = 100  # costs are whole hundredths of a pixel
_BYTES_A_PAIR = 16
_OUTLIER_REACHES = 100  # what an outlier costs, in greatest matching distances


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
    MemoryLimitError
        The pairs in reach take more memory than the machine has.

    Notes
    -----
    Two boundaries of a picture of 481 x 321 take some milliseconds. Work grows with the pairs in reach and, where many
    pixels compete for few, with the length of the chains of shifts: dense maps of great pictures take long (two random
    tessellations of 8,000 cells, 1000 x 1300: a minute). Memory is some 16 bytes a pair in reach, and what the machine
    has not is refused.

    Examples
    --------
    >>> import numpy as np
    >>> found, wanted = np.array([[1, 0, 0, 1, 1]], dtype=bool), np.array([[0, 1, 0, 0, 1]], dtype=bool)
    >>> [each.astype(int).tolist() for each in match_boundaries(found, wanted, tolerance=0.2)]
    [[[1, 0, 0, 0, 1]], [[0, 1, 0, 0, 1]]]
    """
    check_tolerance(tolerance)
    first, second = checked_boundary("prediction", prediction), checked_boundary("truth", truth)
    check_shapes(first, second)
    return match_maps(first, second, tolerance)


def match_maps(first: BoundaryMap, second: BoundaryMap, tolerance: float) -> tuple[BoundaryMap, BoundaryMap]:
    """`match_boundaries` of maps that have been checked."""
    from classicseg.kernels.assignment import assign, pairs_within, steps_within

    if np.count_nonzero(first) > np.count_nonzero(second):  # the solver works on the smaller side
        matched_second, matched_first = match_maps(second, first, tolerance)
        return matched_first, matched_second
    height, width = first.shape
    reach = float(tolerance) * math.sqrt(height * height + width * width)
    steps, distances = steps_within(reach, (height, width), _seed(first, second))
    starts, targets, which = pairs_within(first, second, steps, _require_memory)
    costs, alone = prices(distances, reach)
    rights = np.zeros(np.count_nonzero(second), dtype=bool)
    partner = assign(starts, targets, costs[which], len(rights), alone)
    rights[partner[partner >= 0]] = True
    matched_first, matched_second = np.zeros_like(first), np.zeros_like(second)
    matched_first[first], matched_second[second] = partner >= 0, rights
    return matched_first, matched_second


def _require_memory(pairs: int) -> None:
    require_memory(
        _BYTES_A_PAIR * pairs,
        f"matching boundaries with {pairs:,} pairs in reach",
        "Thin the maps, give a smaller tolerance, or score a smaller part.",
    )


def prices(distances: NDArray[np.float64], reach: float) -> tuple[NDArray[np.int32], int]:
    """What pairs at these distances cost, and what a pixel without a partner does: whole hundredths of a pixel."""
    return np.rint(distances * _STEPS_A_PIXEL).astype(np.int32), math.ceil(_OUTLIER_REACHES * reach * _STEPS_A_PIXEL)


def _seed(first: BoundaryMap, second: BoundaryMap) -> int:
    """A number that differs from truth to truth and not with their order.

    Where each truth chose among its least matchings in the same way, all would leave the same predicted pixels without
    a partner, and precision, which asks for one in any of them, would come out too low: by up to 0.007 for a picture.
    """
    return int(np.flatnonzero(first).sum() + np.flatnonzero(second).sum())


def several_maps(truths: Sequence[ArrayLike] | ArrayLike) -> list[ArrayLike]:
    """The truths one by one; a single map counts as one truth."""
    if isinstance(truths, np.ndarray):
        return [truths] if truths.ndim == 2 else list(truths) if truths.ndim == 3 else _refuse(truths.shape)
    several = list(truths) if isinstance(truths, list | tuple) else []
    if not several:
        _refuse(truths)
    rows = isinstance(several[0], list | tuple) and (not several[0] or not np.iterable(several[0][0]))
    return [as_array("truth", several)] if rows else several


def _refuse(came: object) -> NoReturn:
    raise ImageError(f"{came!r} came as truths; a boundary is scored against one or more. Give a list of maps (H, W).")


def check_shapes(prediction: NDArray[np.generic], truth: NDArray[np.generic]) -> None:
    """Raise `ImageError` unless both have one height and width."""
    if prediction.shape != truth.shape:
        raise ImageError(
            f"the prediction has shape {prediction.shape}, a truth {truth.shape}. Give maps of one height and width; "
            "if one was scaled, scale it back before its boundary is taken."
            f"{if_turned(prediction.shape, truth.shape)}"
        )


def check_tolerance(tolerance: float) -> None:
    """Raise `ParameterError` unless the tolerance is a share of the diagonal."""
    if isinstance(tolerance, bool) or not isinstance(tolerance, numbers.Real) or not 0 < tolerance <= 1:
        raise ParameterError(
            f"tolerance={tolerance!r} is not allowed; it is a share of the diagonal, above 0 and up to 1. "
            "For d pixels give d / diagonal."
        )
