"""Operations on label maps: components, numbering, merging of small segments, splitting of touching objects.

A label map is an int32 array (H, W). Neighbours are pixels that share an edge (4-connected), here and everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

# What "auto" asks of two centres of touching objects: a fall of the distance map by this share of the lower centre's
# distance, and by so many pixels at least.
_FALL, _LEAST_FALL = 0.2, 1.0


def as_int32(labels: NDArray[Any]) -> Labels:
    """The same labels as int32 (no copy of what is int32); where they do not fit, numbers in the same order."""
    if labels.dtype == np.int32 or np.can_cast(labels.dtype, np.int32):
        return labels.astype(np.int32, copy=False)
    limits = np.iinfo(np.int32)
    if labels.dtype.kind in "iu" and limits.min <= labels.min() and labels.max() <= limits.max:
        return labels.astype(np.int32)
    values, numbers = np.unique(labels, return_inverse=True)
    lowest = np.searchsorted(values, 0, side="right")  # numbers above 0 stand for labels above 0
    return (numbers.reshape(labels.shape) - (lowest - 1)).astype(np.int32)


def components(labels: NDArray[Any], mask: Mask) -> tuple[Labels, int]:
    """Connected components of equal labels inside the mask: a map with 1..n in raster order (0 outside), and n."""
    from classicseg.kernels.components import number_components

    return number_components(as_int32(labels), mask)


def number_in_raster_order(labels: NDArray[Any], mask: Mask | None = None) -> tuple[Labels, int]:
    """Labels become 1..n in the order in which a raster scan meets them, and 0 elsewhere; the map, and n.

    Without a mask, the labels that count are the positive ones; with one, those inside it, which are 0 or above.
    """
    from classicseg.kernels.components import first_come_numbers

    return first_come_numbers(as_int32(labels), labels > 0 if mask is None else mask)


def order_by_lightness(labels: NDArray[np.integer], lightness: NDArray[np.float32], mask: Mask) -> NDArray[np.intp]:
    """The labels (0 or above) that occur inside the mask, by rising mean lightness; ties by their first pixel."""
    from classicseg.kernels.regions import measure_classes

    counts, totals, firsts = measure_classes(as_int32(labels), lightness, mask)
    present = np.flatnonzero(counts)
    return present[np.lexsort((firsts[present], totals[present] / counts[present]))]


def compressed(labels: NDArray[np.integer]) -> tuple[Labels, Labels | None]:
    """The labels (0 or above) and None, or their ranks and the labels of these, where the largest is far above N."""
    from classicseg.kernels.components import compressed

    return compressed(as_int32(labels))


def relabel(labels: NDArray[np.integer], mask: Mask, values: NDArray[np.integer]) -> Labels:
    """``values[labels]`` inside the mask, 0 outside."""
    from classicseg.kernels.regions import paint

    return paint(as_int32(labels), mask, values.astype(np.int32))


def boundaries(labels: NDArray[np.integer]) -> Mask:
    """Pixels whose right or lower neighbour has another label: contours one pixel wide."""
    edge = np.zeros(labels.shape, dtype=bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return edge


def neighbours(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Pairs (a, b), a < b, of different positive labels that share a pixel edge; sorted, each once: an array (E, 2)."""
    from classicseg.kernels.borders import borders

    return borders(labels, int(labels.max()))[0] + 1


def absorb_small(
    labels: NDArray[np.integer],
    planes: NDArray[np.float32] | Iterable[NDArray[np.float32]],
    mask: Mask,
    min_size: int,
    background: int | None = None,
) -> Labels:
    """Let every connected region below `min_size` pixels join its most similar neighbour.

    Parameters
    ----------
    labels : (H, W) integer array
        Classes or segments; what is too small is decided for each connected region of a label.
    planes : (D, H, W) float32 array, or strips (D, h, W) of it
        Colours, whole or strip by strip from top to bottom; similar means a small Euclidean distance between the mean
        colours of two regions.
    mask : (H, W) bool array
        Pixels outside belong to no region and are nobody's neighbour.
    min_size : int
        Size in pixels that a region must have to stay. Regions are visited from the smallest (ties in raster order),
        and each goes on joining until it is large enough or has no neighbour left; means follow every merger.
    background : int, optional
        A label whose regions are neighbours like others, but are not absorbed themselves.

    Returns
    -------
    (H, W) int32 array
        The same labels, fewer regions.
    """
    from classicseg.kernels.regions import absorb, list_neighbours, measure_regions, paint

    own = as_int32(labels)
    regions, count = components(own, mask)
    strips = [planes] if isinstance(planes, np.ndarray) else planes
    sizes, sums, label_of = measure_regions(regions, own, strips, count)
    fixed = label_of == background if background is not None else np.zeros(count, dtype=bool)
    lists = list_neighbours(regions, sizes, (sizes < min_size) & ~fixed)
    survivor = absorb(*lists, sizes, sums, fixed, min_size)
    return paint(regions, mask, np.concatenate([[0], label_of[survivor]]), own)


def split_touching(foreground: Mask, height: float | Literal["auto"]) -> Labels:
    """Objects of a binary picture, touching ones parted: watershed of the distance map from its h-maxima.

    Parameters
    ----------
    foreground : (H, W) bool array
    height : float or "auto"
        How far, in pixels, the distance to the background must fall between two centres that count as two objects.
        "auto" asks of each centre a fall by a fifth of its own distance, and by a pixel at least: a neck that is
        narrower than four fifths of the thinner part, whatever the size of the objects.

    Returns
    -------
    (H, W) int32 array
        1..n on the foreground in raster order, 0 elsewhere.

    Notes
    -----
    Distances are exact and compared as squared whole numbers; what lies outside the picture is background. Nearly
    linear in the number of pixels, with about 40 bytes a pixel. Levels of the distance map beyond the 65530 highest,
    which only objects more than 1000 pixels wide have, are flooded as one.

    References
    ----------
    L. Vincent and P. Soille, "Watersheds in digital spaces", IEEE TPAMI 13(6), 1991.
    A. Meijster, J. B. T. M. Roerdink, W. H. Hesselink, "A general algorithm for computing distance transforms in linear
    time", Mathematical Morphology and its Applications to Image and Signal Processing, 2000.
    """
    from classicseg.kernels.distance import squared_distances
    from classicseg.kernels.peaks import outstanding_peaks, rank_levels, ranks_of
    from classicseg.kernels.watershed import watershed

    if not foreground.any():
        return np.zeros(foreground.shape, dtype=np.int32)
    least, share = (_LEAST_FALL, _FALL) if height == "auto" else (float(height), 0.0)
    squares = squared_distances(foreground)
    ranks, count = ranks_of(squares)
    markers = outstanding_peaks(squares, ranks, count, least, share)
    return number_in_raster_order(watershed(rank_levels(squares, ranks), markers, foreground))[0]
