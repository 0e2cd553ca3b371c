"""Edge-based segmentation: gradient, edges, closed contours, watershed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, CutSegmenter, Segmentation
from classicseg.errors import ParameterError
from classicseg.image import Image
from classicseg.parameters import Search, parameter

if TYPE_CHECKING:
    from classicseg.hierarchy import Hierarchy

# What a strength of 1 of histogram differences counts as, in Delta E a pixel: of 8 to 80 that which covers best.
_STEEPEST = 15.0


@dataclass(frozen=True, kw_only=True)
class Edges(CutSegmenter):
    """Edges (Sobel or Canny), closed to contours; segments by the watershed of the gradient.

    A pixel is an edge where the gradient reaches `high_threshold`, or reaches `low_threshold` and hangs together with
    such a pixel (hysteresis; by edges of pixels for Sobel, by corners too for Canny). Canny first thins the gradient of
    the lightness to its ridges; Sobel takes the gradient of all colour planes as it is. What lies farther than half a
    `gap` from every edge falls into connected cores; each core, and each enclosed piece too narrow to have one, is a
    marker. The watershed of the colour gradient then gives every pixel, contour pixels too, to one of the markers.

    Parameters
    ----------
    detector : {"sobel", "canny"}
        How edges are found. Sobel sees edges of colour, Canny of lightness only, in thin lines.
    gradient : {"sobel", "mpb"}
        What is flooded, and what the edges of ``detector="sobel"`` are found in. "sobel": slopes of the colours. "mpb":
        differences of histograms of lightness, colour and texture in half windows at several scales, the strongest of
        eight directions; 0..1 counts as 0..15 Delta E a pixel, at which the default thresholds cover 20 training
        pictures of BSDS500 best (.55, where slopes come to .47). It sees the borders of textures and little of what
        lies inside, and takes some ten times as long. Not with ``detector="canny"``, which has its own.
    sigma : float
        Standard deviation of the smoothing before the gradient, in pixels; with "mpb", of its strengths. This and the
        thresholds were chosen on a dozen training pictures of BSDS500 by the covering of their segments.
    low_threshold, high_threshold : float
        Gradients, in Delta E a pixel, that may belong to an edge, and that start one.
    gap : float
        Gaps in a contour up to this many pixels wide are closed; 4 by default, about twice `sigma`.
    connected : bool
        True only: a segment grows from one connected marker, there is nothing to be left unconnected.

    Notes
    -----
    Findings: ``edges`` (H, W) bool, ``edge_share``, ``n_markers``. O(N (sigma + gap)) for N pixels, with small
    constants: both loops run over whole rows.

    Smoothing, edges and the distance test follow their definitions, in float32. The watershed is exact on the gradient
    in steps of 1/256 Delta E a pixel: pixels are taken by rising level, first come, first served. Against a flood
    of the unrounded gradient that moves about 3 pixels in 10,000 between segments of a photograph.

    The hierarchy of a run does not stand on its segments, which are too coarse for one, but on the basins of all minima
    of the same gradient (of the lightness alone for Canny; with "mpb" sharpened by slopes, as for `ucm`), which merge
    by its strength along their borders, by their colours and their textures.

    References
    ----------
    J. Canny, "A computational approach to edge detection", IEEE TPAMI 8(6), 1986.
    F. Meyer, "Topographic distance and watershed lines", Signal Processing 38(1), 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import Edges
    >>> image = np.zeros((12, 12), dtype=np.uint8)
    >>> image[:, 6:] = 200
    >>> np.unique(Edges().segment(image)[0])
    array([1, 2], dtype=int32)
    """

    name: ClassVar[str] = "edges"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"
    cuts: ClassVar[tuple[str, ...]] = ("detector", "low_threshold", "high_threshold", "gap")
    always_connected: ClassVar[str] = "a watershed grows each segment from one connected marker"
    bytes_per_pixel: ClassVar[int] = 26
    bytes_per_sample: ClassVar[int] = 4

    detector: str = parameter("sobel", "how edges are found", choices=("sobel", "canny"), search=Search())
    gradient: str = parameter(
        "sobel",
        "what is flooded: slopes, or differences of histograms",
        choices=("sobel", "mpb"),
        search=Search(when=("detector", ("sobel",))),
    )
    sigma: float = parameter(2.0, "smoothing before the gradient", low=0, high=50, unit="px", search=Search(0.5, 5))
    low_threshold: float = parameter(
        2.0,
        "gradient that may belong to an edge",
        low=0,
        high=200,
        unit="Delta E per px",
        scale="log",
        search=Search(0.5, 3),
    )
    high_threshold: float = parameter(
        4.0,
        "gradient that starts an edge",
        low=0,
        high=200,
        unit="Delta E per px",
        scale="log",
        search=Search(3, 15),
    )
    gap: float = parameter(
        4,
        "gaps in contours up to this wide are closed",
        kind=float,
        low=0,
        high=100,
        unit="px",
        search=Search(0, 12),
    )
    connected: bool = parameter(True, "cannot be off: the segments are connected by their making")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.detector == "canny" and self.gradient != "sobel":
            raise ParameterError(
                f"edges: gradient={self.gradient!r} does not go with detector='canny', which thins the slopes of the "
                "lightness. Give detector='sobel', or leave gradient out."
            )
        if self.low_threshold > self.high_threshold:
            raise ParameterError(
                f"edges: low_threshold={self.low_threshold!r} is above high_threshold={self.high_threshold!r}. "
                "Give low_threshold <= high_threshold."
            )

    def _uncut(self, image: Image, context: Context) -> NDArray[np.float32]:
        return self._gradient(image.in_space("lab", context.threads), image, context.threads)

    def _cut(
        self, uncut: NDArray[np.float32], image: Image, context: Context
    ) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.gradients import SLOPE_STEP, canny_edges, strong_and_tied
        from classicseg.kernels.watershed import to_levels, watershed

        mask = image.mask
        if self.detector == "canny":
            edges = canny_edges(
                image.lightness(context.threads), mask, self.sigma, self.low_threshold, self.high_threshold,
                context.threads,
            )  # fmt: skip
        else:
            edges = strong_and_tied(uncut, self.low_threshold, self.high_threshold) & mask
        levels = to_levels(uncut, SLOPE_STEP)
        markers, count = _markers(edges, mask, self.gap)
        labels = watershed(levels, markers, mask)
        count += _number_unreached(labels, mask, count)
        return labels, {"edges": edges, "edge_share": float(edges[mask].mean()), "n_markers": count}

    def _gradient(self, planes: NDArray[np.float32], image: Image, threads: int) -> NDArray[np.float32]:
        from classicseg.gradients import boundary_strengths, gradient_magnitude, smooth_inside

        if self.gradient == "sobel":
            return gradient_magnitude(planes, image.mask, self.sigma, threads)
        strongest = boundary_strengths(planes, image.mask, threads, bands=image.kind == "bands").strongest
        (smooth,) = smooth_inside(strongest[np.newaxis], image.mask, self.sigma, threads)
        return np.where(image.mask, smooth * np.float32(_STEEPEST), np.float32(0))

    def _hierarchy(self, found: Segmentation, image: Image, context: Context) -> Hierarchy:
        from classicseg.merging import contour_hierarchy

        if self.gradient == "mpb":
            return contour_hierarchy(image, "mpb", self.sigma, context.threads)
        kind = "lightness" if self.detector == "canny" else "sobel"
        return contour_hierarchy(image, kind, 0.0, context.threads, slope_sigma=self.sigma)


def _markers(edges: NDArray[np.bool_], mask: NDArray[np.bool_], gap: float) -> tuple[NDArray[np.int32], int]:
    """Numbered cores of the area between edges, and the pieces of it that have none; and how many these are."""
    from classicseg.kernels.components import number_components
    from classicseg.kernels.distance import farther_than
    from classicseg.kernels.hysteresis import hysteresis

    free = mask & ~edges
    seeds = free
    if edges.any():
        core = farther_than(free, gap / 2)
        with_core = hysteresis(free.view(np.uint8) + core.view(np.uint8), diagonals=False)
        seeds = core | (free & ~with_core)
    return number_components(seeds.astype(np.int32), seeds)


def _number_unreached(labels: NDArray[np.int32], mask: NDArray[np.bool_], count: int) -> int:
    """Give the parts of the mask that are all edge, and so have no marker, labels above `count`; and how many."""
    from classicseg.kernels.components import number_components

    unreached = mask & (labels == 0)
    if not unreached.any():
        return 0
    numbers, more = number_components(unreached.astype(np.int32), unreached)
    labels[unreached] = numbers[unreached] + count
    return more
