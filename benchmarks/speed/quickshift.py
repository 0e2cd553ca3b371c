"""Quickshift beside scikit-image's."""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import classicseg
from benchmarks.speed.case import Case, Check, Peer
from classicseg.metrics.contingency import contingency_table
from classicseg.metrics.regions import adjusted_rand_index

_FLOOR = 15
_LEAST_RAND = 0.99
# scikit-image's defaults, but for the ratio, which its own example of superpixels sets to 0.5; a small window beside.
_PARAMETERS: tuple[dict[str, Any], ...] = (
    {"kernel_size": 5, "max_dist": 10, "ratio": 0.5},
    {"kernel_size": 2, "max_dist": 6, "ratio": 0.5},
)


class _NoNoise(np.random.Generator):
    """A generator whose normal numbers are all 0."""

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        return np.full(size, loc)


def _without_noise(picture: NDArray[np.uint8], parameters: dict[str, Any]) -> NDArray[np.integer]:
    """scikit-image's raw partition without the noise of 1e-5 that it adds to the densities against ties."""
    from skimage.segmentation import quickshift

    with mock.patch.object(np.random, "default_rng", lambda seed=None: _NoNoise(np.random.PCG64(0))):
        return quickshift(picture, sigma=0, **parameters)


def _same_partition(ours: NDArray[np.integer], theirs: NDArray[np.integer]) -> Check:
    rand = adjusted_rand_index(contingency_table(ours, theirs + 1))
    figure = f"adjusted Rand {rand:.5f} (at least {_LEAST_RAND}); {ours.max()} trees, theirs {theirs.max() + 1}"
    return Check(rand >= _LEAST_RAND, figure)


def _case(picture: NDArray[np.uint8], parameters: dict[str, Any]) -> Case:
    task = ", ".join(f"{name} {value:g}" for name, value in parameters.items())
    skimage = Peer(
        name=f"skimage.segmentation.quickshift ({task}, sigma 0, tie noise off)",
        requires="skimage",
        floor=_FLOOR,
        call=partial(_without_noise, picture, parameters),
        equal=_same_partition,
    )
    return Case(
        method="quickshift",
        task=f"raw partition, {task}",
        ours=partial(classicseg.segment, picture, "quickshift", connected=False, **parameters),
        peers=(skimage,),
    )


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """The whole call from an RGB picture to the partition into trees, colour conversion included in both."""
    return [_case(picture, parameters) for parameters in _PARAMETERS]
