"""Quickshift with scikit-image's meaning of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, Segmenter, space_parameter
from classicseg.image import Image
from classicseg.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class QuickShift(Segmenter):
    """Quickshift: every pixel hangs from the nearest one of higher density; trees are segments.

    Links longer than `max_dist` are cut, and the trees that remain are the segments.
    The density of a pixel sums exp(-(|p - q|^2 + ratio^2 |c_p - c_q|^2) / (2 kernel_size^2)) over the pixels q within
    3 kernel_size rows and columns. Each pixel's parent is the nearest pixel of higher density by the same distance,
    within the same window. Of equal densities that of the earlier pixel in raster order counts as higher (scikit-image
    adds noise to the densities instead), and of equally near parents the earliest is taken.

    Parameters
    ----------
    kernel_size : float
        Width of the Gaussian, in pixels and weighted colour units at once; larger gives fewer segments. The defaults of
        this and `max_dist` are scikit-image's.
    max_dist : float
        Links longer than this are cut; larger gives fewer segments.
    ratio : float
        Weight of colour against position, 0 to 1. 0.5 by default, as in scikit-image's example of superpixels.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.
    connected : bool
        True splits each tree into connected segments, since a tree may jump over pixels that hang elsewhere. False
        gives the raw partition into trees, as scikit-image does.

    Notes
    -----
    Findings: ``n_trees``, and ``parents`` (raster index, int32) and ``distances`` (float32, infinite at roots) of the
    uncut tree, both (H, W).

    Time is O(N kernel_size^2), nearly all of it for the densities: each pair of pixels is weighed once, for both.
    Nothing is left out or sampled. Distances are float32, and each term of a density is rounded to a multiple of a
    power of 2 that lets the greatest density fit 31 bits: 2^-23 at `kernel_size` 5, where densities of photographs come
    out within about 1e-5 of the exact sums, which reach from 1 to 157. In return, pixels with equal surroundings have
    exactly equal densities. The partition is that of scikit-image without its noise, but for pixels whose densities or
    distances agree to such a rounding.

    References
    ----------
    A. Vedaldi and S. Soatto, "Quick shift and kernel methods for mode seeking", ECCV 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import QuickShift
    >>> QuickShift().segment(np.array([[0, 3, 250, 255]], dtype=np.uint8))
    array([[1, 1, 2, 2]], dtype=int32)
    """

    name: ClassVar[str] = "quickshift"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"

    kernel_size: float = parameter(5, "width of the Gaussian", kind=float, low=1, high=100, unit="px", scale="log")
    max_dist: float = parameter(10, "longer links are cut", kind=float, low=0, high=1e4, unit="px", scale="log")
    ratio: float = parameter(0.5, "weight of colour against position", low=0, high=1, unit="px per Delta E")
    space: str = space_parameter()
    connected: bool = parameter(True, "split each tree into connected segments")

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.quickshift import shift_quickly, trees

        planes = image.in_space(self.space, context.threads)
        planes *= np.float32(self.ratio)
        tree = shift_quickly(planes, image.mask, self.kernel_size, context.threads, context.progress)
        roots, count = trees(tree.parents, tree.distances, self.max_dist)
        return roots, {
            "n_trees": count - int(np.count_nonzero(~image.mask)),
            "parents": tree.parents,
            "distances": tree.distances,
        }
