"""Touching objects parted, beside the same steps by SciPy and scikit-image; and the preset `nuclei`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg import segment
from classicseg.labels import number_in_raster_order, split_touching

_HEIGHT = 1.5


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """The tasks on one photograph: its brighter half is the foreground."""
    foreground = picture[:, :, 1] > np.median(picture[:, :, 1])

    def scipy_and_scikit_image() -> NDArray[np.int32]:
        from scipy.ndimage import distance_transform_edt, generate_binary_structure
        from skimage.measure import label
        from skimage.morphology import local_maxima, reconstruction
        from skimage.segmentation import watershed

        cross, floor = generate_binary_structure(2, 1), -_HEIGHT - 1
        distance = np.pad(distance_transform_edt(np.pad(foreground, 1)), 1)
        ground, seeds = (np.where(distance > 0, each, floor) for each in (distance, distance - _HEIGHT))
        peaks = local_maxima(reconstruction(seeds, ground, footprint=cross), connectivity=1) & (distance > 0)
        return watershed(-distance, label(peaks, connectivity=1), mask=distance > 0, connectivity=1)[2:-2, 2:-2]

    name = "scipy distance_transform_edt + skimage reconstruction, local_maxima, label, watershed"
    return [
        Case(
            "nuclei",
            f"split_touching at height {_HEIGHT}",
            lambda: split_touching(foreground, _HEIGHT),
            (Peer(name, "skimage", 10.0, scipy_and_scikit_image, _alike),),
        ),
        Case("nuclei", "preset nuclei, whole call", lambda: segment(picture, "nuclei"), ()),
    ]


def _alike(one: Any, other: Any) -> Check:
    """Equal objects, each of theirs named as that of ours which it shares most with; their number, too."""
    theirs, count = number_in_raster_order(np.ascontiguousarray(other, dtype=np.int32))
    pairs = np.bincount(theirs.ravel() * np.int64(one.max() + 1) + one.ravel())
    pairs = np.pad(pairs, (0, (count + 1) * (int(one.max()) + 1) - len(pairs))).reshape(count + 1, -1)
    share = float(pairs.max(axis=1).sum() / theirs.size)
    same = count == int(one.max())
    return Check(same and share >= 0.999, f"{count} objects and {int(one.max())}; {share:.3%} of labels equal")
