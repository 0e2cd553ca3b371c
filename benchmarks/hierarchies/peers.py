"""The peers as declared rows: what runs them, the settings among which the train split chooses, and their scale.

A peer without a hierarchy has a family of label maps instead: one parameter is its scale, and of each setting of the
others the whole family is scored on a few pictures of the train split. The setting whose family has the best covering
there is the one that is reported.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Setting = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A program of others.

    `script` (in `elsewhere/`) runs it, in the Python that the environment variable `variable` names, else in this one;
    `module` is what has to be importable there. `sweep` is the parameter that is the scale, None for a hierarchy, which
    is cut at `scales`.
    """

    name: str
    script: str
    module: str
    settings: tuple[Setting, ...]
    sweep: str | None
    scales: tuple[float, ...]
    variable: str | None = None
    train_pictures: int = 40  # for choosing among the settings
    note: str = ""
    timed_pictures: int = 20

    @property
    def python(self) -> str | None:
        """The Python that runs it; None where it is not to be had."""
        named = os.environ.get(self.variable) if self.variable else None
        if named:
            return named
        return sys.executable if importlib.util.find_spec(self.module) else None

    @property
    def missing(self) -> str:
        """Why it is skipped, where it is."""
        named = f", and {self.variable} names no Python that has it" if self.variable else ""
        return f"{self.module} is not installed here{named}"

    @property
    def grid(self) -> NDArray[np.float64]:
        """The scales as numbers."""
        return np.array(self.scales, dtype=np.float64)


def settings(**choices: Iterable[Any]) -> tuple[Setting, ...]:
    """All combinations."""
    return tuple(dict(zip(choices, each, strict=True)) for each in itertools.product(*choices.values()))


def _log_scales(lowest: float, highest: float, count: int) -> tuple[float, ...]:
    return tuple(np.geomspace(lowest, highest, count).tolist())


def _watersheds(attribute: str, lowest: float, highest: float) -> Peer:
    """Higra's watershed hierarchy; scales in the attribute's unit, by equal factors."""
    return Peer(
        name=f"Higra watershed by {attribute}",
        script="higra_trees",
        module="higra",
        settings=settings(attribute=[attribute], sigma=[0.0, 1.0, 2.0, 3.0], finest=[lowest]),
        sweep=None,
        scales=_log_scales(lowest, highest, 200),
        variable="CLASSICSEG_HIGRA",
        train_pictures=20,
        note="weights: L*a*b* distance of neighbouring pixels, smoothed by sigma",
    )


PEERS = (
    Peer(
        name="scikit-image felzenszwalb",
        script="felzenszwalb",
        module="skimage",
        settings=settings(sigma=[0.5, 0.8, 1.2], min_size=[20, 100, 300, 1000]),
        sweep="scale",
        scales=(30, 60, 100, 200, 300, 500, 800, 1200, 2000),
    ),
    Peer(
        name="scikit-image quickshift",
        script="quickshift",
        module="skimage",
        settings=settings(kernel_size=[3, 5, 8, 12, 20], ratio=[0.1, 0.5, 1.0]),
        sweep="max_dist",
        scales=(4, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 65, 80, 100),
        train_pictures=6,
        timed_pictures=5,
    ),
    Peer(
        name="pymeanshift (EDISON)",
        script="mean_shift",
        module="pymeanshift",
        settings=settings(spatial_radius=[7], min_density=[50, 200, 500, 1000]),
        sweep="range_radius",
        scales=(4, 6, 8, 10, 12, 15, 19, 24),
        variable="CLASSICSEG_PYMEANSHIFT",
        train_pictures=12,
        note="speed-up medium",
    ),
    Peer(
        name="OpenCV HFS",
        script="hfs",
        module="cv2.hfs",
        settings=settings(threshold_1=[0.05, 0.08, 0.12], min_size_1=[100], min_size_2=[200, 500, 1000]),
        sweep="threshold_2",
        scales=(0.05, 0.1, 0.15, 0.2, 0.28, 0.35, 0.42, 0.5, 0.6, 0.7, 0.85, 1.0),
        variable="CLASSICSEG_OPENCV_CONTRIB",
        train_pictures=20,
        note="its cue weights were trained on BSDS500 by its authors",
    ),
    _watersheds("area", 10.0, 150_000.0),
    _watersheds("volume", 10.0, 1_000_000.0),
    _watersheds("dynamics", 0.2, 100.0),
)
