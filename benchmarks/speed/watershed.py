"""The watershed of a photograph's gradient from all its minima, beside scikit-image's."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

import classicseg
from benchmarks.speed.case import Case, Check, Peer
from classicseg.gradients import gradient_magnitude
from classicseg.image import as_image
from classicseg.kernels.basins import lowest_of_cells, regional_minima
from classicseg.kernels.watershed import to_levels, watershed

_FLOOR = 5
_SIGMA, _STEP = 2.0, 1 / 256
_MARKERS = 400
_LEAST = 0.99


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """Minima and watershed, and the watershed from a grid of markers, on the levels of one gradient; our defaults."""
    image = as_image(picture)
    levels = to_levels(gradient_magnitude(image.in_space("lab"), image.mask, _SIGMA), _STEP)
    return [_from_minima(levels), _from_a_grid(levels), _defaults(picture)]


def _from_minima(levels: NDArray[np.uint16]) -> Case:
    mask = np.ones(levels.shape, dtype=bool)

    def theirs() -> NDArray[np.integer]:
        from skimage.segmentation import watershed as flood

        return flood(levels, connectivity=1)

    peer = Peer("skimage.segmentation.watershed(levels)", "skimage", _FLOOR, theirs, _labels_alike)
    ours = partial(_flood_minima, levels, mask)
    return Case("watershed", "watershed of a gradient's levels from all minima", ours, (peer,))


def _flood_minima(levels: NDArray[np.uint16], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    return watershed(levels, regional_minima(levels, mask)[0], mask)


def _from_a_grid(levels: NDArray[np.uint16]) -> Case:
    mask = np.ones(levels.shape, dtype=bool)
    markers, count = lowest_of_cells(levels, mask, _MARKERS)

    def theirs() -> NDArray[np.integer]:
        from skimage.segmentation import watershed as flood

        return flood(levels, markers, connectivity=1)

    peer = Peer("skimage.segmentation.watershed(levels, markers)", "skimage", _FLOOR, theirs, _labels_alike)
    return Case("watershed", f"watershed from {count} markers", lambda: watershed(levels, markers, mask), (peer,))


def _defaults(picture: NDArray[np.uint8]) -> Case:
    """No peer joins basins by depth; the time is what counts."""
    return Case("watershed", "Watershed().segment", partial(classicseg.segment, picture, "watershed"), ())


def _labels_alike(ours: NDArray[np.integer], theirs: NDArray[np.integer]) -> Check:
    share = float((ours == theirs).mean())
    return Check(share >= _LEAST, f"{share:.3%} of labels equal (asked: {_LEAST:.0%}), {ours.max()} segments")
