"""Graph-based segmentation beside scikit-image's."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

import classicseg
from benchmarks.speed.case import Case, Check, Peer
from classicseg.gradients import smooth_inside
from classicseg.image import as_image
from classicseg.kernels.felzenszwalb import grow_segments
from classicseg.metrics.contingency import contingency_table
from classicseg.metrics.regions import adjusted_rand_index

_FLOOR = 5
_LEAST_RAND = 0.99
_SCALE, _SIGMA, _MIN_SIZE = 100, 0.8, 20  # scikit-image's sigma and min_size; a scale of its own examples
_TO_OURS = 100 / np.sqrt(3) / 255  # scikit-image's scale is meant for 0..255; our RGB spans 0..100 / sqrt(3)


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """The whole call from an RGB picture to raw segments, the kernel on the same planes, and our defaults."""
    return [_whole_call(picture), _kernel(picture), _defaults(picture)]


def _whole_call(picture: NDArray[np.uint8]) -> Case:
    def theirs() -> NDArray[np.integer]:
        from skimage.segmentation import felzenszwalb

        return felzenszwalb(picture, _SCALE, _SIGMA, _MIN_SIZE)

    ours = partial(
        classicseg.segment, picture, "felzenszwalb", scale=_SCALE * _TO_OURS, sigma=_SIGMA, min_size=_MIN_SIZE,
        connectivity=2, connected=False, space="rgb",
    )  # fmt: skip
    name = f"skimage.segmentation.felzenszwalb(picture, {_SCALE}, {_SIGMA}, {_MIN_SIZE})"
    peer = Peer(name, "skimage", _FLOOR, theirs, lambda one, other: _same_partition(one, other + 1))
    return Case("felzenszwalb", "whole call, RGB, eight neighbours", ours, (peer,))


def _kernel(picture: NDArray[np.uint8]) -> Case:
    """Smoothed L*a*b* planes; scikit-image takes them for 0..1 and divides its scale by 255."""
    image = as_image(picture)
    planes = np.stack(list(smooth_inside(image.in_space("lab"), image.mask, _SIGMA)))
    wide = np.moveaxis(planes, 0, -1).astype(np.float64) / 256  # exact: floats beyond -1..1 are refused there

    def theirs() -> NDArray[np.integer]:
        from skimage.segmentation import felzenszwalb

        return felzenszwalb(wide, _SCALE * 255 / 256, 0, _MIN_SIZE)

    def equal(one: NDArray[np.integer], other: NDArray[np.integer]) -> Check:
        return _same_partition(one + 1, other + 1)

    name = f"skimage.segmentation.felzenszwalb(L*a*b* planes, {_SCALE} * 255, 0, {_MIN_SIZE})"
    return Case(
        "felzenszwalb",
        "segments of smoothed L*a*b* planes, eight neighbours",
        lambda: grow_segments(planes, image.mask, float(_SCALE), _MIN_SIZE, 2).labels,
        (Peer(name, "skimage", _FLOOR, theirs, equal),),
    )


def _defaults(picture: NDArray[np.uint8]) -> Case:
    """No peer takes the four neighbours; the time is what counts."""
    return Case("felzenszwalb", "Felzenszwalb().segment", partial(classicseg.segment, picture, "felzenszwalb"), ())


def _same_partition(ours: NDArray[np.integer], theirs: NDArray[np.integer]) -> Check:
    table = contingency_table(ours, theirs)
    rand = adjusted_rand_index(table)
    alike = np.zeros(len(table.predicted_areas))
    np.maximum.at(alike, table.rows, table.counts)
    share = alike.sum() / table.total
    figure = f"adjusted Rand {rand:.5f} (at least {_LEAST_RAND}), {share:.3%} of pixels; "
    figure += f"{len(np.unique(ours))} segments, theirs {len(np.unique(theirs))}"
    return Check(rand >= _LEAST_RAND, figure)
