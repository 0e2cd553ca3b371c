"""Region merging: the hierarchy above any label map, from boundaries, colours and textures of its segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.gradients.textons import TEXTONS
from classicseg.hierarchy import Hierarchy
from classicseg.image import Image

if TYPE_CHECKING:
    from classicseg.kernels.merging import Rule

_BINS = 16  # a plane
_LAB_RANGE = np.array([(0, 100), (-60, 60), (-60, 60)], dtype=np.float32)  # few pixels lie beyond


@dataclass(frozen=True, kw_only=True)
class MergingRule:
    """What makes two neighbouring regions unlike; the most alike two merge first.

    Fitted on 100 training pictures of BSDS500 by the covering at one scale for all (and, at three tenths, at the best
    scale of each).

    Parameters
    ----------
    strength_power : float
        Of the mean boundary strength along the common border, which is in 0..1.
    color, color_scale : float
        Weight and scale of ``1 - exp(-d / color_scale)``, with d the Delta E between the mean colours.
    lightness, chroma, texture : float
        Weights of the chi-square distance (0..1) between the histograms of L*, of a* and b* each, and of textons.
    small_power, large_power, shared_power : float
        The sum of all these is multiplied by powers of the smaller and of the larger area, as shares of the picture,
        and of the share that the border has of the shorter of the two perimeters.
    scale : float
        The unlikeness that becomes an altitude of 0.5: where the training pictures are covered best.
    """

    strength_power: float = 0.724
    color: float = 0.044
    color_scale: float = 9.06
    lightness: float = 0.042
    chroma: float = 0.139
    texture: float = 0.233
    small_power: float = 0.133
    large_power: float = 0.012
    shared_power: float = -0.059
    scale: float = 0.354


def hierarchy_of(
    labels: NDArray[np.int32], image: Image, threads: int = 1, rule: MergingRule | None = None
) -> Hierarchy:
    """The hierarchy above connected segments, merged by their boundaries, colours and textures.

    Parameters
    ----------
    labels : (H, W) int32 array
        4-connected segments 1..n, 0 outside the mask.
    image : Image
    threads : int
        The result does not depend on it.
    rule : MergingRule, optional

    Returns
    -------
    Hierarchy
        Altitudes in 0..1: u / (u + scale) of the unlikeness u of what was merged, raised to the highest below. Parts of
        the mask that do not touch are roots of their own.
    """
    from classicseg.gradients import boundary_strengths

    planes = image.in_space("lab", threads)
    found = boundary_strengths(planes, image.mask, threads)
    return merge_segments(labels, image, planes, found.oriented, found.textons, threads, rule)


def merge_segments(
    labels: NDArray[np.int32],
    image: Image,
    planes: NDArray[np.float32],
    oriented: NDArray[np.float32],
    textons: NDArray[np.uint8] | None,
    threads: int = 1,
    rule: MergingRule | None = None,
) -> Hierarchy:
    """The same from what is known already.

    Parameters
    ----------
    labels, image, threads, rule
        As for `hierarchy_of`.
    planes : (D, H, W) float32 array
        Those of ``image.in_space("lab")``.
    oriented : (K, H, W) float32 array
        Boundary strengths in 0..1, as those of `classicseg.gradients.BoundaryStrengths`, or one plane for all directions.
    textons : (H, W) uint8 array, optional
        Numbers of textons from 0.
    """
    from classicseg.kernels.adjacency import borders_of
    from classicseg.kernels.merging import merge_by_rule
    from classicseg.kernels.region_colors import looks_of

    rule = MergingRule() if rule is None else rule
    count = int(labels.max())
    borders = borders_of(labels, count, oriented, threads)
    lows, highs = _ranges(image)
    looks = looks_of(labels, count, planes, lows, highs, _BINS, textons, TEXTONS)
    merges, unlikeness = merge_by_rule(borders, looks, _compiled(rule, image, textons is not None))
    return Hierarchy.from_merges(labels, merges, unlikeness / (unlikeness + rule.scale))


def _ranges(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest values of the planes."""
    if image.kind == "rgb":
        return _LAB_RANGE[: image.depth, 0], _LAB_RANGE[: image.depth, 1]
    return np.zeros(image.depth, np.float32), np.full(image.depth, 100 / np.sqrt(image.depth), np.float32)


def _compiled(rule: MergingRule, image: Image, textured: bool) -> Rule:
    """The rule as the kernel takes it; bands share the weight of the three planes of a colour picture."""
    from classicseg.kernels.merging import Rule

    if image.kind == "rgb":
        of_planes = [rule.lightness, rule.chroma, rule.chroma][: image.depth]
    else:
        of_planes = [(rule.lightness + 2 * rule.chroma) / image.depth] * image.depth
    of_bins = [weight / 2 for weight in of_planes for _ in range(_BINS)]  # chi-square: half the sum over the bins
    of_bins += [rule.texture / 2] * TEXTONS if textured else []
    return Rule(
        rule.strength_power, rule.color, rule.color_scale,
        rule.small_power, rule.large_power, rule.shared_power, np.array(of_bins),
    )  # fmt: skip
