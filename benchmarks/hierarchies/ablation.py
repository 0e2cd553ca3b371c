"""What each part of `ucm` adds: the same road with one part left out or exchanged, on val."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.hierarchies.rows import Row
from classicseg import UCM
from classicseg.hierarchy import Hierarchy
from classicseg.image import as_image
from classicseg.parallel import thread_count

CUES = ("L", "a", "b", "texture")


@dataclass(frozen=True)
class Variant(Row):
    """The whole road with a change.

    `parameters` hold the change: `cues`, those that are left ("L", "a", "b", "texture"; the weights of the others are
    shared out); `sharpened`, False for no slopes beside them; `rule`, other values of fields of
    `classicseg.merging.MergingRule`; `oriented`, False for the strongest orientation at every pixel instead of that of
    the border; `gradient`, `sigma` as for `ucm`.
    """

    method: str = "ucm"
    boundaries: bool = False

    def build(self, image: NDArray[np.uint8], threads: int | None = None) -> Hierarchy:
        """The hierarchy of a picture."""
        from classicseg.merging import basins_of, contours_of, hierarchy_of, sharpened

        change, count = self.parameters, thread_count(threads)
        loaded = as_image(image)
        contours = contours_of(loaded, change.get("gradient", "mpb"), count)
        if "cues" in change or not change.get("sharpened", True):
            oriented = _strengths_of(change.get("cues", CUES), contours.planes, loaded.mask, count)
            if change.get("sharpened", True):
                oriented = sharpened(oriented, contours.planes, loaded.mask, count)
            contours = replace(contours, oriented=oriented)
        if not change.get("oriented", True):
            contours = replace(contours, oriented=contours.oriented.max(axis=0, keepdims=True))
        segments = basins_of(contours, loaded.mask, change.get("sigma", UCM().sigma), count)
        rule = replace(contours.rule, **change.get("rule", {}))
        return hierarchy_of(segments, loaded, count, contours=contours, rule=rule)


def _strengths_of(
    names: Sequence[str], planes: NDArray[np.float32], mask: NDArray[np.bool_], threads: int
) -> NDArray[np.float32]:
    """Boundary strengths by some of the cues, whose weights are raised to the sum of all."""
    from classicseg.gradients import boundary_strengths
    from classicseg.gradients.multiscale import default_cues

    all_cues = default_cues(len(planes))
    kept = [cue for cue in all_cues if cue.name in names]
    raised = sum(cue.weight for cue in all_cues) / sum(cue.weight for cue in kept)
    cues = [replace(cue, weight=cue.weight * raised) for cue in kept]
    return boundary_strengths(planes, mask, threads, cues=cues).oriented


def _without(*names: str) -> tuple[str, ...]:
    return tuple(cue for cue in CUES if cue not in names)


WHOLE = Row("ucm", "ucm", boundaries=False)

# One line a part: what is changed, and how.
VARIANTS: tuple[Row, ...] = (
    Variant("boundaries without slopes", parameters={"sharpened": False}),
    Variant("boundaries without lightness", parameters={"cues": _without("L")}),
    Variant("boundaries without colour", parameters={"cues": _without("a", "b")}),
    Variant("boundaries without texture", parameters={"cues": _without("texture")}),
    Variant("slopes of colours instead of histograms", parameters={"gradient": "sobel"}),
    Variant("borders at the strongest orientation, not at their own", parameters={"oriented": False}),
    Variant(
        "merging by boundary strength alone",
        parameters={
            "rule": {"color": 0.0, "colors": 0.0, "texture": 0.0}
            | {"small_power": 0.0, "large_power": 0.0, "shared_power": 0.0}
        },
    ),
    Variant("merging without mean colours", parameters={"rule": {"color": 0.0}}),
    Variant("merging without colour words", parameters={"rule": {"colors": 0.0}}),
    Variant("merging without textures", parameters={"rule": {"texture": 0.0}}),
    Variant("merging without areas", parameters={"rule": {"small_power": 0.0, "large_power": 0.0}}),
    Variant("merging without the share of the perimeter", parameters={"rule": {"shared_power": 0.0}}),
    Variant("altitudes without regard to how the picture is spread", parameters={"rule": {"spread_power": 0.0}}),
)
