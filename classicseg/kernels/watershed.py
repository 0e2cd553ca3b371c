"""Watershed by flooding from markers, in whole levels: a queue for each level, first in, first out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.watershed_strips import HIGHEST_LEVEL, flood_in_strips

_LARGE = 1 << 20  # pixels: more do not stay in the cache
_CLOSED = -1  # outside the mask, and the frame around the picture


@kernel
def _has_open(labels, place, across):
    """Whether one of the four neighbours is open; without branches, since no one could foretell them."""
    above, below = labels[place - across] == 0, labels[place + across] == 0
    return above | below | (labels[place - 1] == 0) | (labels[place + 1] == 0)


@kernel
def _flood(labels, levels, across, last, following):
    """Spread labels over the open pixels (0) of a framed picture, given as flat arrays with rows `across` long.

    Each level has a queue: `following` leads from pixel to pixel (-1 ends), beginning at a place of the level's own
    behind those of the pixels; `last` is where the next one is hung on. A pixel that leaves its queue gives its label
    to its open neighbours (above, left, right, below), which come in at their own level or at the present one,
    whichever is higher. A pixel without an open neighbour need not come in: nothing would follow from it later.
    """
    size = len(labels)
    for place in range(across + 1, size - across - 1):
        if labels[place] > 0 and _has_open(labels, place, across):
            level = np.int64(levels[place])
            following[last[level]] = place
            last[level] = place
    for present in range(len(last)):
        source = np.int64(following[size + present])
        while source >= 0:
            label = labels[source]
            for step in (-across, -1, 1, across):
                beside = source + step
                if labels[beside] == 0:
                    labels[beside] = label
                    if _has_open(labels, beside, across):
                        level = max(np.int64(levels[beside]), np.int64(present))
                        following[last[level]] = beside
                        last[level] = beside
            source = np.int64(following[source])


@kernel
def _frame(levels, markers, mask, framed_levels, labels):
    height, width = mask.shape
    for row in range(height):
        level_row, label_row = framed_levels[row + 1, 1 : 1 + width], labels[row + 1, 1 : 1 + width]
        from_levels, from_markers, inside = levels[row], markers[row], mask[row]
        for c in range(width):
            level_row[c] = min(from_levels[c], np.uint16(HIGHEST_LEVEL))
            label_row[c] = from_markers[c] if inside[c] else _CLOSED


def to_levels(heights: NDArray[np.floating], step: float) -> NDArray[np.uint16]:
    """Heights in whole steps: floor(h / step), cut off below 0 and above `HIGHEST_LEVEL`."""
    return np.clip(heights / step, 0, HIGHEST_LEVEL).astype(np.uint16)


def watershed(levels: NDArray[np.uint16], markers: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Label map (H, W) of the 4-connected watershed of a picture in whole levels, flooded from markers.

    Parameters
    ----------
    levels : (H, W) uint16 array
        What lies above `HIGHEST_LEVEL`, 65530, counts as that.
    markers : (H, W) int32 array
        Positive labels, 0 elsewhere.
    mask : (H, W) bool array
        Pixels outside take no part and come out as 0, and so do parts of the mask that no marker reaches.

    Notes
    -----
    Of all pixels that touch the flood, one with the lowest level is taken next, and of those the one that was met
    first (markers by raster order); a hollow behind a saddle fills at the saddle's level. That is the order of
    `skimage.segmentation.watershed` (connectivity 1), except that markers of one level start there in no simple order.
    O(N + levels) for N pixels, 10 bytes a pixel beside the result.
    Pictures above a megapixel go by `watershed_strips`, to the same labels.

    References
    ----------
    F. Meyer, "Topographic distance and watershed lines", Signal Processing 38(1), 1994.
    """
    levels = np.ascontiguousarray(levels, dtype=np.uint16)
    markers, mask = np.ascontiguousarray(markers, dtype=np.int32), np.ascontiguousarray(mask)
    if mask.size > _LARGE:
        return flood_in_strips(levels, markers, mask)
    height, width = mask.shape
    labels = np.full((height + 2, width + 2), _CLOSED, dtype=np.int32)
    framed = np.zeros((height + 2, width + 2), dtype=np.uint16)
    _frame(levels, markers, mask, framed, labels)
    count = int(framed.max()) + 1
    following = np.full(labels.size + count, -1, dtype=np.int32)
    last = np.arange(labels.size, labels.size + count, dtype=np.int32)
    _flood(labels.reshape(-1), framed.reshape(-1), width + 2, last, following)
    return np.maximum(labels[1:-1, 1:-1], 0)
