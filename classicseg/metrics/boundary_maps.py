"""Boundary maps: where a label map changes, thinned lines, contours of hierarchies; as the BSDS500 benchmark has them.

A boundary map is a bool array (H, W).
"""

from __future__ import annotations

import numbers

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, ParameterError
from classicseg.metrics.contingency import checked_labels, counted_pixels

BoundaryMap = NDArray[np.bool_]


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
    array = checked_contour("UCM", ucm2)
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

    return thin_map(checked_boundary("boundary map", boundary))


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


def both_sides(labels: NDArray[np.integer], counted: NDArray[np.bool_] | None) -> BoundaryMap:
    """Pixels on either side of a change."""
    down, right = _changes(labels, counted)
    edge = np.zeros(labels.shape, dtype=bool)
    edge[:-1] = down
    edge[1:] |= down
    edge[:, :-1] |= right
    edge[:, 1:] |= right
    return edge


def _changes(
    labels: NDArray[np.integer], counted: NDArray[np.bool_] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the label changes to the pixel below, (H - 1, W), and to the right, (H, W - 1), both pixels counting."""
    down, right = labels[:-1] != labels[1:], labels[:, :-1] != labels[:, 1:]
    if counted is not None:
        down &= counted[:-1] & counted[1:]
        right &= counted[:, :-1] & counted[:, 1:]
    return down, right


def checked_boundary(name: str, boundary: ArrayLike) -> BoundaryMap:
    array = as_array(name, boundary)
    if array.dtype != bool or array.ndim != 2 or array.size == 0:
        raise ImageError(
            f"a {name} of type {array.dtype} and shape {array.shape} came; a boundary map is bool (H, W) with at least "
            "one pixel. Give map != 0, or boundary_map(labels) for a label map."
        )
    return array


def checked_contour(name: str, contour: ArrayLike) -> NDArray[np.float64]:
    array = as_array(name, contour)
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
