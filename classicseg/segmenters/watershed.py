"""The watershed of the colour gradient, flooded from its minima or from a grid of markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, CutSegmenter, space_parameter
from classicseg.image import Image
from classicseg.parameters import Search, parameter


@dataclass(frozen=True, kw_only=True)
class Watershed(CutSegmenter):
    """Watershed of the colour gradient: basins of its minima, or of a grid of markers.

    The gradient is the length of Sobel's slopes of the smoothed planes. Water rises from markers, and each pixel goes
    to the basin whose water reaches it first. With ``markers=0`` every regional minimum is a marker, and a basin less
    than `height` deep then joins the one into which it overflows: as many segments are left as the gradient has minima
    of that depth, and those of a greater height are made of those of a smaller one.

    Parameters
    ----------
    markers : int
        0: the minima of the gradient. Otherwise about so many markers on a regular grid, each the lowest pixel of its
        cell: superpixels. 0 by default, as segments are asked for whose number the picture decides; the best grid, of
        5 to 8 markers, covers .414 where the minima cover .532 (see `sigma`).
    height : float
        Basins less deep join others; 0 leaves all. Without effect on a grid of markers.
    sigma : float
        Standard deviation of the Gaussian smoothing before the gradient, in pixels. This and `height` were chosen on 40
        training pictures of BSDS500 by the covering of their segments, which is .532 there.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.
    connected : bool
        True only: a segment grows from one connected marker, there is nothing to be left unconnected.

    Notes
    -----
    Findings: ``n_markers``.

    O(N sigma) for N pixels. The watershed is exact on the gradient in steps of 1/256 Delta E a pixel: pixels are taken
    by rising level, first come, first served, in the order of `skimage.segmentation.watershed` with connectivity 1.

    References
    ----------
    F. Meyer, "Topographic distance and watershed lines", Signal Processing 38(1), 1994.
    M. Grimaud, "A new measure of contrast: the dynamics", Image Algebra and Morphological Image Processing III, 1992.
    V. Machairas et al., "Waterpixels", IEEE TIP 24(11), 2015 (a marker a cell).

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import Watershed
    >>> image = np.zeros((12, 12), dtype=np.uint8)
    >>> image[:, 6:] = 200
    >>> np.unique(Watershed().segment(image)[0])
    array([1, 2], dtype=int32)
    """

    name: ClassVar[str] = "watershed"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"
    cuts: ClassVar[tuple[str, ...]] = ("height",)
    always_connected: ClassVar[str] = "a watershed grows each segment from one connected marker"
    bytes_per_pixel: ClassVar[int] = 23
    bytes_per_sample: ClassVar[int] = 4

    markers: int = parameter(0, "about so many markers on a grid; 0: the minima of the gradient", low=0, scale="log")
    height: float = parameter(
        1.2,
        "basins less deep join others",
        low=0,
        high=200,
        unit="Delta E per px",
        scale="log",
        search=Search(0.2, 6, when=("markers", (0,))),
    )
    sigma: float = parameter(3.5, "smoothing before the gradient", low=0, high=50, unit="px", search=Search(1, 7))
    space: str = space_parameter()
    connected: bool = parameter(True, "cannot be off: the segments are connected by their making")

    def _uncut(self, image: Image, context: Context) -> _Basins:
        from classicseg.gradients import SLOPE_STEP, gradient_magnitude
        from classicseg.kernels.basins import lowest_of_cells, regional_minima
        from classicseg.kernels.watershed import to_levels, watershed

        mask = image.mask
        planes = image.in_space(self.space, context.threads)
        levels = to_levels(gradient_magnitude(planes, mask, self.sigma, context.threads), SLOPE_STEP)
        del planes
        markers, count = lowest_of_cells(levels, mask, self.markers) if self.markers else regional_minima(levels, mask)
        return _Basins(watershed(levels, markers, mask), levels, count)

    def _cut(self, uncut: _Basins, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.gradients import SLOPE_STEP
        from classicseg.kernels.basins import join_shallow
        from classicseg.kernels.regions import paint

        labels = uncut.labels
        if self.height and not self.markers:
            labels = paint(labels, image.mask, join_shallow(labels, uncut.levels, self.height / SLOPE_STEP))
        return labels, {"n_markers": uncut.n_markers}


class _Basins(NamedTuple):
    """The basins of all markers, the gradient in levels, and how many markers there are."""

    labels: NDArray[np.int32]
    levels: NDArray[np.uint16]
    n_markers: int
