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
_STEP = 1 / 32768  # of the strengths, in which the water rises
_SLOPE_SIGMA = 1.5  # pixels
_SLOPE_SCALE = 10.0  # Delta E a pixel
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


_HISTOGRAMS = MergingRule()
_SLOPES = MergingRule(strength_power=1.0, color=0.0, texture=0.0, small_power=0.2, lightness=0.3, chroma=0.3)


@dataclass(frozen=True, eq=False)
class Contours:
    """What merging asks for, of a whole picture.

    Attributes
    ----------
    planes : (D, H, W) float32 array
        Those of ``image.in_space("lab")``.
    oriented : (K, H, W) float32 array
        Boundary strengths in 0..1 at orientations k pi / K, as in `classicseg.gradients.BoundaryStrengths`; one plane
        is for all directions.
    textons : (H, W) uint8 array or None
        Numbers of textons; None where texture takes no part.
    rule : MergingRule
        The one that was fitted for such strengths.
    """

    planes: NDArray[np.float32]
    oriented: NDArray[np.float32]
    textons: NDArray[np.uint8] | None
    rule: MergingRule


def contours_of(image: Image, gradient: str = "mpb", threads: int = 1) -> Contours:
    """The boundaries of a picture: "mpb", differences of histograms, with textures; or "sobel", slopes of colours."""
    from classicseg.gradients import boundary_strengths, gradient_magnitude

    planes = image.in_space("lab", threads)
    if gradient == "mpb":
        found = boundary_strengths(planes, image.mask, threads, bands=image.kind == "bands")
        return Contours(planes, found.oriented, found.textons, _HISTOGRAMS)
    slopes = gradient_magnitude(planes, image.mask, _SLOPE_SIGMA, threads)
    strengths = 1 - np.exp(slopes / np.float32(-_SLOPE_SCALE))
    return Contours(planes, strengths[np.newaxis], None, _SLOPES)


def hierarchy_of(
    labels: NDArray[np.int32],
    image: Image,
    threads: int = 1,
    *,
    contours: Contours | None = None,
    rule: MergingRule | None = None,
) -> Hierarchy:
    """The hierarchy above connected segments, merged by their boundaries, colours and textures.

    Parameters
    ----------
    labels : (H, W) int32 array
        4-connected segments 1..n, 0 outside the mask.
    image : Image
    threads : int
        The result does not depend on it.
    contours : Contours, optional
        Those of the picture, where they are known already; `contours_of` otherwise.
    rule : MergingRule, optional
        By default the one that was fitted for such contours.

    Returns
    -------
    Hierarchy
        Altitudes in 0..1: u / (u + scale) of the unlikeness u of what was merged, raised to the highest below. Parts of
        the mask that do not touch are roots of their own.
    """
    from classicseg.kernels.adjacency import borders_of
    from classicseg.kernels.merging import merge_by_rule
    from classicseg.kernels.region_colors import looks_of

    contours = contours_of(image, threads=threads) if contours is None else contours
    rule = contours.rule if rule is None else rule
    count = int(labels.max())
    borders = borders_of(labels, count, contours.oriented, threads)
    looks = looks_of(labels, count, contours.planes, *_ranges(image), _BINS, contours.textons, TEXTONS)
    merges, unlikeness = merge_by_rule(borders, looks, _compiled(rule, image, contours.textons is not None))
    return Hierarchy.from_merges(labels, merges, unlikeness / (unlikeness + rule.scale))


def contour_hierarchy(
    image: Image,
    gradient: str = "mpb",
    sigma: float = 1.0,
    threads: int = 1,
    rule: MergingRule | None = None,
) -> Hierarchy:
    """The hierarchy above the basins of the boundary strengths: the oriented watershed, then region merging.

    Parameters
    ----------
    image, threads, rule
        As for `hierarchy_of`.
    gradient : {"mpb", "sobel"}
    sigma : float
        Gaussian smoothing, in pixels, of the strongest of all orientations before the watershed.
    """
    contours = contours_of(image, gradient, threads)
    return hierarchy_of(_basins(contours, image.mask, sigma, threads), image, threads, contours=contours, rule=rule)


def _basins(contours: Contours, mask: NDArray[np.bool_], sigma: float, threads: int) -> NDArray[np.int32]:
    """The segments of the watershed from all minima of the strongest boundaries; 0 outside the mask."""
    from classicseg.gradients import smooth_inside
    from classicseg.kernels.basins import regional_minima
    from classicseg.kernels.watershed import to_levels, watershed

    (surface,) = smooth_inside(contours.oriented.max(axis=0, keepdims=True), mask, sigma, threads)
    levels = to_levels(surface, _STEP)
    markers, _ = regional_minima(levels, mask)
    return watershed(levels, markers, mask)


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
