"""Edge-based segmentation: gradient, edges, closed contours, watershed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, Segmenter
from classicseg.errors import ParameterError
from classicseg.image import Image
from classicseg.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class Edges(Segmenter):
    """Edges (Sobel or Canny), closed to contours; segments by the watershed of the gradient.

    A pixel is an edge where the gradient reaches `high_threshold`, or reaches `low_threshold` and hangs together with
    such a pixel (hysteresis). Canny first thins the gradient of the lightness to its ridges; Sobel takes the
    gradient of all colour planes as it is. What lies farther than half a `gap` from every edge falls into connected
    cores; each core, and each enclosed piece too narrow to have one, is a marker. The watershed of the gradient then
    gives every pixel, contour pixels too, to one of the markers.

    Parameters
    ----------
    detector : {"sobel", "canny"}
        How edges are found. Sobel sees edges of colour, Canny of lightness only, in thin lines.
    sigma : float
        Standard deviation of the smoothing before the gradient, in pixels. This and the thresholds were chosen on a
        dozen training pictures of BSDS500 by the covering of their segments.
    low_threshold, high_threshold : float
        Gradients, in Delta E a pixel, that may belong to an edge, and that start one.
    gap : float
        Gaps in a contour up to this many pixels wide are closed; 4 by default, about twice `sigma`.

    Notes
    -----
    Findings: ``edges`` (H, W) bool, ``edge_share``, ``n_markers``. O(N log N) for N pixels.

    References
    ----------
    J. Canny, "A computational approach to edge detection", IEEE TPAMI 8(6), 1986.
    L. Vincent and P. Soille, "Watersheds in digital spaces", IEEE TPAMI 13(6), 1991.

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

    detector: str = parameter("sobel", "how edges are found", choices=("sobel", "canny"))
    sigma: float = parameter(2.0, "smoothing before the gradient", low=0, high=50, unit="px")
    low_threshold: float = parameter(
        2.0, "gradient that may belong to an edge", low=0, high=200, unit="Delta E per px", scale="log"
    )
    high_threshold: float = parameter(
        4.0, "gradient that starts an edge", low=0, high=200, unit="Delta E per px", scale="log"
    )
    gap: float = parameter(4, "gaps in contours up to this wide are closed", kind=float, low=0, high=100, unit="px")
    connected: bool = parameter(True, "always so: the segments are connected by their making")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low_threshold > self.high_threshold:
            raise ParameterError(
                f"edges: low_threshold={self.low_threshold!r} is above high_threshold={self.high_threshold!r}. "
                "Give low_threshold <= high_threshold."
            )

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from skimage.segmentation import watershed

        from classicseg.gradients import gradient_magnitude

        gradient = gradient_magnitude(image.in_space("lab"), image.mask, self.sigma)
        edges = self._canny(image) if self.detector == "canny" else self._sobel(gradient, image.mask)
        markers = _markers(edges, image.mask, self.gap)
        raw = watershed(gradient, markers, mask=image.mask, connectivity=1)
        return raw, {
            "edges": edges,
            "edge_share": float(edges[image.mask].mean()),
            "n_markers": int(markers.max()),
        }

    def _sobel(self, gradient: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        from skimage.filters import apply_hysteresis_threshold

        # The library compares with ">"; one unit in the last place makes it ">=", as documented.
        low, high = (np.nextafter(limit, -np.inf) for limit in (self.low_threshold, self.high_threshold))
        return apply_hysteresis_threshold(gradient, low, high) & mask

    def _canny(self, image: Image) -> NDArray[np.bool_]:
        from skimage.feature import canny

        # The library's gradient is the Sobel sum, 8 times the slope that the thresholds are given in.
        return canny(
            image.lightness().astype(np.float64), sigma=self.sigma, low_threshold=8 * self.low_threshold,
            high_threshold=8 * self.high_threshold, mask=image.mask, mode="nearest",
        )  # fmt: skip


def _markers(edges: NDArray[np.bool_], mask: NDArray[np.bool_], gap: float) -> NDArray[np.int32]:
    """Numbered cores of the area between edges, the pieces that have none, and parts of the mask that are all edge."""
    from scipy.ndimage import distance_transform_edt
    from skimage.measure import label

    free = mask & ~edges
    core = free & (distance_transform_edt(free) > gap / 2) if edges.any() else free
    seeds = core | _without(free, core)
    return label(seeds | _without(mask, seeds), connectivity=1).astype(np.int32)


def _without(area: NDArray[np.bool_], seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected pieces of an area that hold no seed."""
    from skimage.measure import label

    pieces, count = label(area, connectivity=1, return_num=True)
    seeded = np.zeros(count + 1, dtype=bool)
    seeded[pieces[seeds]] = True
    return area & ~seeded[pieces]
