"""Quickshift with scikit-image's meaning of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, CutSegmenter, Segmentation, space_parameter
from classicseg.image import Image
from classicseg.parameters import Search, parameter

if TYPE_CHECKING:
    from classicseg.hierarchy import Hierarchy
    from classicseg.kernels.quickshift import Tree

# No two colours are farther apart (bands have at most 100 in any space).
_WIDEST = {"lab": 259, "rgb": 101, "luv": 275, "hsv": 201}
_LINKS_END = 0.5  # below this altitude lie the links, above it the merging of what no link joins


@dataclass(frozen=True, kw_only=True)
class QuickShift(CutSegmenter):
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

    The hierarchy is the method's own tree. Its leaves are the connected segments; as `max_dist` grows, the links that
    were cut join them, and what no link within the window joins is merged as regions are (`classicseg.merging`). A link
    lies at half of its length over the longest that the parameters allow, so below 0.5, region merging from there to 1.
    ``cut(threshold=self.altitude(t))`` is what ``max_dist=t`` gives with ``connected=True``, for each t from `max_dist`
    on. With `min_size` above 1 that holds but for what had been small: a leaf goes where the tree does that has most of
    its pixels.

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
    bytes_per_pixel: ClassVar[int] = 20
    bytes_per_sample: ClassVar[int] = 10
    cuts: ClassVar[tuple[str, ...]] = ("max_dist",)

    kernel_size: float = parameter(
        5, "width of the Gaussian", kind=float, low=1, high=100, unit="px", scale="log", search=Search(2, 20)
    )
    max_dist: float = parameter(
        10, "longer links are cut", kind=float, low=0, high=1e4, unit="px", scale="log", search=Search(4, 200)
    )
    ratio: float = parameter(
        0.5, "weight of colour against position", low=0, high=1, unit="px per Delta E", search=Search(0.1, 1)
    )
    space: str = space_parameter()
    connected: bool = parameter(True, "split each tree into connected segments")

    def _uncut(self, image: Image, context: Context) -> Tree:
        from classicseg.kernels.quickshift import shift_quickly

        planes = image.in_space(self.space, context.threads)
        planes *= np.float32(self.ratio)
        return shift_quickly(planes, image.mask, self.kernel_size, context.threads, context.progress)

    def _cut(self, uncut: Tree, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.quickshift import trees

        roots, count = trees(uncut.parents, uncut.distances, self.max_dist)
        return roots, {
            "n_trees": count - int(np.count_nonzero(~image.mask)),
            "parents": uncut.parents,
            "distances": uncut.distances,
        }

    def altitude(self, distance: float) -> float:
        """Where links of this length lie in the hierarchy: below 0.5, the same for every picture.

        Examples
        --------
        >>> QuickShift(ratio=0, kernel_size=5).altitude(10.5) == 0.25 * 21 / (15 * 2**0.5)
        True
        """
        return float(self._altitudes(np.array(distance)))

    def _altitudes(self, distances: NDArray[Any]) -> NDArray[np.float64]:
        """distance / (2 longest), where longest^2 = 2 reach^2 + (ratio widest)^2."""
        longest = np.hypot(np.sqrt(2) * np.ceil(3 * self.kernel_size), self.ratio * _WIDEST[self.space])
        rounded = distances.astype(np.float32).astype(np.float64)  # as the links are measured
        return np.minimum(rounded * _LINKS_END / longest, np.nextafter(_LINKS_END, 0))

    def _hierarchy(self, found: Segmentation, image: Image, context: Context) -> Hierarchy:
        from classicseg.hierarchy import connected_hierarchy, raised, stacked
        from classicseg.merging import hierarchy_of

        leaves = self._parts(found)
        trees, whole = self._links(found)
        linked = connected_hierarchy(leaves, _owners(leaves, trees), whole, self.altitude(self.max_dist))
        merged = hierarchy_of(linked.cut(threshold=np.inf), image, context.threads)
        return stacked(linked, raised(merged, _LINKS_END))

    def _links(self, found: Segmentation) -> tuple[NDArray[np.int64], Hierarchy]:
        """The tree, from 0, that each pixel is in (-1 outside the mask), and how the links that were cut join trees."""
        from classicseg.hierarchy import hierarchy_of_pairs
        from classicseg.kernels.quickshift import trees

        parents, distances = found.findings["parents"].ravel(), found.findings["distances"].ravel()
        roots, _ = trees(found.findings["parents"], found.findings["distances"], self.max_dist)
        tops = np.unique(roots[found.mask])
        numbers = np.where(found.mask, np.searchsorted(tops, roots), -1)
        cut = tops[parents[tops] != tops]
        pairs = np.stack([numbers.ravel()[cut], numbers.ravel()[parents[cut]]], axis=1)
        return numbers, hierarchy_of_pairs(numbers + 1, pairs, self._altitudes(distances[cut]))


def _owners(leaves: NDArray[np.int32], trees: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each leaf 1..n the tree that has most of its pixels, the first of equal ones."""
    inside = leaves > 0
    count = int(trees.max()) + 1
    keys, pixels = np.unique((leaves[inside] - 1).astype(np.int64) * count + trees[inside], return_counts=True)
    order = np.lexsort((-pixels, keys // count))
    _, first = np.unique(keys[order] // count, return_index=True)
    return keys[order][first] % count
