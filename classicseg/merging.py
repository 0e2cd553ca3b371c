"""Region merging: the hierarchy above any label map, from boundaries, colours and textures of its segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError
from classicseg.gradients.textons import TEXTONS
from classicseg.gradients.words import COLORS
from classicseg.hierarchy import Hierarchy
from classicseg.image import Image
from classicseg.labels import number_in_raster_order
from classicseg.memory import require_memory

if TYPE_CHECKING:
    from classicseg.kernels.merging import Rule

# At the peak, of a megapixel with 1 to 2^20 leaves: with few of them it is the contours, with many the histograms.
_BYTES_PER_LEAF, _BYTES_PER_PIXEL, _BYTES_PER_SAMPLE = 770, 70, 12
_GRADIENTS = ("mpb", "sobel", "lightness")
_STEP = 1 / 32768  # of the strengths, in which the water rises
SLOPE_SIGMA = 1.5  # pixels
_SLOPE_SCALE = 10.0  # Delta E a pixel
_FINE_SIGMA, _FINE_WEIGHT = 1.0, 0.22  # pixels, and a share beside 1, of the slopes that sharpen
_LIGHTNESS = np.float32(0.6)  # of the others, in the distances of colour words: shade and light part no things


@dataclass(frozen=True, kw_only=True)
class MergingRule:
    """What makes two neighbouring regions unlike; the most alike two merge first.

    Fitted on 50 of the 200 training pictures of BSDS500 by the covering at one scale for all and at the best scale of
    each, and by boundary F: ``python -m benchmarks.fitting.rule``.

    Parameters
    ----------
    strength_power : float
        Of the mean boundary strength along the common border, which is in 0..1.
    color, color_scale : float
        Weight and scale of ``1 - exp(-d / color_scale)``, with d the Delta E between the mean colours.
    colors, texture : float
        Weights of the chi-square distance (0..1) between the histograms of colour words and of textons.
    small_power, large_power, shared_power : float
        The sum of all these is multiplied by powers of the smaller and of the larger area, as shares of the picture,
        and of the share that the border has of the shorter of the two perimeters.
    spread_power : float
        The unlikeness of a merge becomes its altitude times this power of the chance that two pixels lie in one segment
        after it: in a picture of many things of one size, all of them stand a little lower.
    scale : float
        The unlikeness that becomes an altitude of 0.5: where the training pictures are covered best.
    """

    strength_power: float
    color: float
    color_scale: float
    colors: float
    texture: float
    small_power: float
    large_power: float
    shared_power: float
    spread_power: float
    scale: float


_HISTOGRAMS = MergingRule(
    strength_power=0.366, color=0.009, color_scale=5.18, colors=0.185, texture=0.139,
    small_power=0.052, large_power=0.017, shared_power=-0.032, spread_power=0.037, scale=0.603,
)  # fmt: skip
_SLOPES = MergingRule(
    strength_power=0.169, color=0.01, color_scale=12.6, colors=0.255, texture=0.146,
    small_power=0.037, large_power=0.015, shared_power=-0.036, spread_power=0.035, scale=0.912,
)  # fmt: skip


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
    words : (2, H, W) uint8 array
        Colour words and textons.
    rule : MergingRule
        The one that was fitted for such strengths.
    """

    planes: NDArray[np.float32]
    oriented: NDArray[np.float32]
    words: NDArray[np.uint8]
    rule: MergingRule


def contours_of(image: Image, gradient: str = "mpb", threads: int = 1, *, slope_sigma: float = SLOPE_SIGMA) -> Contours:
    """The boundaries of a picture, its colour words and its textons.

    Parameters
    ----------
    image : Image
    gradient : {"mpb", "sobel", "lightness"}
        "sobel": slopes s of all colour planes, as strengths 1 - exp(-s / 10); "lightness": those of lightness alone.
        "mpb": differences of histograms of lightness, colour and texture (`classicseg.gradients.boundary_strengths`),
        `sharpened` by such slopes.
    threads : int
        The result does not depend on it.
    slope_sigma : float
        Smoothing before slopes are taken, in pixels; without effect on "mpb".

    Returns
    -------
    Contours
        Strengths at eight orientations for "mpb", at one otherwise. O(N) for N pixels, with the constants of
        `classicseg.gradients.boundary_strengths`, or of a smoothing, and of 64 colour words.

    Raises
    ------
    ParameterError
        `gradient` is none of these.

    Examples
    --------
    >>> from classicseg.image import as_image
    >>> image = as_image(np.array([[0, 0, 0, 99, 99, 99]], dtype=np.uint8))
    >>> contours_of(image, "sobel", slope_sigma=0).oriented.round(2)
    array([[[0.  , 0.  , 0.88, 0.88, 0.  , 0.  ]]], dtype=float32)
    """
    from classicseg.gradients import boundary_strengths, texton_map

    if gradient not in _GRADIENTS:
        raise ParameterError(
            f"gradient={gradient!r} is not allowed; it is one of {', '.join(map(repr, _GRADIENTS))}. "
            "Give one of these, or leave it out for the default 'mpb'."
        )
    planes = image.in_space("lab", threads)
    if gradient == "mpb":
        found = boundary_strengths(planes, image.mask, threads, bands=image.kind == "bands")
        oriented = sharpened(found.oriented, planes, image.mask, threads)
        textons, rule = found.textons, _HISTOGRAMS
    else:
        lightness = planes[0] if image.kind == "rgb" else image.lightness(threads)
        steep = lightness[np.newaxis] if gradient == "lightness" else planes
        oriented = _slope_strengths(steep, image.mask, slope_sigma, threads)[np.newaxis]
        textons, rule = texton_map(lightness, image.mask, threads), _SLOPES
    return Contours(planes, oriented, np.stack([_color_words(planes, image, threads), textons]), rule)


def sharpened(
    oriented: NDArray[np.float32], planes: NDArray[np.float32], mask: NDArray[np.bool_], threads: int = 1
) -> NDArray[np.float32]:
    """Strengths of histograms and of slopes together, written over the first (K, H, W).

    Histograms of windows tell what parts two regions, and slopes at sigma 1 where in the window the edge is.
    """
    oriented += np.float32(_FINE_WEIGHT) * _slope_strengths(planes, mask, _FINE_SIGMA, threads)
    oriented /= np.float32(1 + _FINE_WEIGHT)
    return oriented


def _slope_strengths(
    planes: NDArray[np.float32], mask: NDArray[np.bool_], sigma: float, threads: int
) -> NDArray[np.float32]:
    from classicseg.gradients import gradient_magnitude

    slopes = gradient_magnitude(planes, mask, sigma, threads)
    return np.asarray(1 - np.exp(slopes / np.float32(-_SLOPE_SCALE)))


def _color_words(planes: NDArray[np.float32], image: Image, threads: int) -> NDArray[np.uint8]:
    from classicseg.gradients import color_words

    if image.kind == "rgb":
        planes = np.concatenate([_LIGHTNESS * planes[:1], planes[1:]])
    return color_words(planes, image.mask, threads)


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

    Raises
    ------
    MemoryLimitError
        It would take more memory than the machine has: about 770 bytes a segment, and 106 a pixel in colour.

    Notes
    -----
    O(N) for N pixels and O(E (B + log E) log N) for E borders and B words, commonly far less; beside `contours_of`.

    Examples
    --------
    >>> from classicseg.image import as_image
    >>> image = as_image(np.array([[0, 0, 9, 9, 99, 99]] * 2, dtype=np.uint8))
    >>> segments = np.array([[1, 1, 2, 2, 3, 3]] * 2, dtype=np.int32)
    >>> hierarchy = hierarchy_of(segments, image, contours=contours_of(image, "sobel"))
    >>> hierarchy.parents, hierarchy.cut(n_segments=2)[0]
    (array([3, 3, 4, 4, 4]), array([1, 1, 1, 1, 2, 2], dtype=int32))
    """
    from classicseg.kernels.adjacency import borders_of
    from classicseg.kernels.merging import merge_by_rule
    from classicseg.kernels.region_looks import looks_of

    count = int(labels.max())
    _require_memory(count, image)
    contours = contours_of(image, threads=threads) if contours is None else contours
    rule = contours.rule if rule is None else rule
    borders = borders_of(labels, count, contours.oriented, threads)
    looks = looks_of(labels, count, contours.planes, contours.words, np.array([COLORS, TEXTONS]))
    merges, unlikeness = merge_by_rule(borders, looks, _compiled(rule))
    return _calibrated(Hierarchy.from_merges(labels, merges, unlikeness), looks.sizes, rule)


def _require_memory(count: int, image: Image) -> None:
    """Refuse what the machine has no memory for, before it starts."""
    height, width = image.shape
    per_pixel = _BYTES_PER_PIXEL + _BYTES_PER_SAMPLE * image.depth
    require_memory(
        count * _BYTES_PER_LEAF + height * width * per_pixel,
        f"merging {count} segments of a picture of {height} x {width} pixels",
        "Make the picture smaller, or take fewer segments: smooth more, or join small ones by min_size.",
    )


def _calibrated(tree: Hierarchy, sizes: NDArray[np.float64], rule: MergingRule) -> Hierarchy:
    """Unlikeness becomes altitude, as `MergingRule` says of its last two."""
    from classicseg.kernels.hierarchy_sums import sums_of_nodes

    count = tree.n_leaves
    squares = sums_of_nodes(tree.parents, sizes.astype(np.int64)).astype(np.float64) ** 2
    joined = tree.parents != np.arange(len(squares))
    more = squares - np.bincount(tree.parents[joined], squares[joined], len(squares))
    order = count + np.argsort(tree.altitudes[count:], kind="stable")
    together = np.ones(len(squares))
    together[order] = (squares[:count].sum() + np.cumsum(more[order])) / sizes.sum() ** 2
    assert tree.raw_altitudes is not None  # trees of merges have them

    def altitude(unlikeness: NDArray[np.float64]) -> NDArray[np.float64]:
        spread = unlikeness * together**rule.spread_power
        return spread / (spread + rule.scale)

    return Hierarchy(tree.leaves, tree.parents, altitude(tree.altitudes), altitude(tree.raw_altitudes))


def contour_hierarchy(
    image: Image,
    gradient: str = "mpb",
    sigma: float = 0.7,
    threads: int = 1,
    *,
    slope_sigma: float = SLOPE_SIGMA,
) -> Hierarchy:
    """The hierarchy above the basins of the boundary strengths: the oriented watershed, then region merging.

    Parameters
    ----------
    image, threads
        As for `hierarchy_of`.
    gradient, slope_sigma
        As for `contours_of`.
    sigma : float
        Gaussian smoothing, in pixels, of the strongest of all orientations before the watershed.

    Returns
    -------
    Hierarchy
        As of `hierarchy_of`, with these basins as leaves, 1..n in raster order. Its time, and O(N) for N pixels.

    Examples
    --------
    >>> from classicseg.image import as_image
    >>> image = as_image(np.array([[0] * 4 + [9] * 4 + [99] * 4] * 2, dtype=np.uint8))
    >>> hierarchy = contour_hierarchy(image, "sobel", sigma=0, slope_sigma=0)
    >>> hierarchy.n_leaves, hierarchy.cut(n_segments=2)[0]
    (3, array([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2], dtype=int32))
    """
    contours = contours_of(image, gradient, threads, slope_sigma=slope_sigma)
    return hierarchy_of(basins_of(contours, image.mask, sigma, threads), image, threads, contours=contours)


def basins_of(contours: Contours, mask: NDArray[np.bool_], sigma: float, threads: int) -> NDArray[np.int32]:
    """The basins of all minima of the strongest boundaries, 1..n in raster order; 0 outside the mask."""
    from classicseg.gradients import smooth_inside
    from classicseg.kernels.basins import regional_minima
    from classicseg.kernels.watershed import to_levels, watershed

    (surface,) = smooth_inside(contours.oriented.max(axis=0, keepdims=True), mask, sigma, threads)
    levels = to_levels(surface, _STEP)
    del surface
    markers, _ = regional_minima(levels, mask)
    return number_in_raster_order(watershed(levels, markers, mask), mask)[0]


def _compiled(rule: MergingRule) -> Rule:
    """The rule as the kernel takes it."""
    from classicseg.kernels.merging import Rule

    of_bins = [rule.colors / 2] * COLORS + [rule.texture / 2] * TEXTONS  # chi-square: half the sum over the bins
    return Rule(
        rule.strength_power, rule.color, rule.color_scale,
        rule.small_power, rule.large_power, rule.shared_power, np.array(of_bins),
    )  # fmt: skip
