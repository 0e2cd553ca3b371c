"""Contours at every scale: boundaries, an oriented watershed, region merging, and a cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, CutSegmenter, Segmentation
from classicseg.image import Image
from classicseg.parameters import Search, parameter

if TYPE_CHECKING:
    from classicseg.hierarchy import Hierarchy


@dataclass(frozen=True, kw_only=True)
class UCM(CutSegmenter):
    """Boundaries at every scale: oriented watershed, merging of regions, and the segments of one cut.

    The strength of a boundary is measured at each pixel in eight directions (`gradient`); the watershed of the
    strongest, smoothed, gives fine segments, and each piece of their borders has the strength at its own direction.
    Neighbouring regions then merge, the most alike first, by the boundary between them, their colours, their textures
    and their areas (`classicseg.merging.MergingRule`). What `run(image).hierarchy` holds is the whole tree; the labels
    are its cut at `level`, or into `n_segments`.

    Parameters
    ----------
    level : float
        Altitude of the cut, 0 (all fine segments) to 1 (one). 0.5 covers the training pictures of BSDS500 best, as one
        level for all.
    n_segments : int
        0: cut at `level`. Otherwise into so many segments, or as many as there are.
    gradient : {"mpb", "sobel"}
        "mpb": differences of histograms of lightness, colour and texture in half windows at several scales, and slopes.
        "sobel": slopes of the colours alone, in less time; on 100 training pictures of BSDS500 they cover .658 at one
        level for all, instead of .665.
    sigma : float
        Smoothing, in pixels, of the strengths before the watershed; 0.7 leaves some 3600 fine segments of a
        481 x 321 photograph.
    connected : bool
        True only: segments are connected by their making.

    Notes
    -----
    Findings: ``hierarchy``, ``n_leaves``. O(N) for N pixels, and O(E log E) for E borders of fine segments.

    Other than in gPb-owt-ucm there are no spectral cues, and merging looks at the colours and textures of whole regions
    too.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011. D. Martin, C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using
    local brightness, color, and texture cues", IEEE TPAMI 26(5), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import UCM
    >>> image = np.zeros((24, 36), dtype=np.uint8)
    >>> image[:, 12:24], image[:, 24:] = 120, 255
    >>> np.unique(UCM(n_segments=2).segment(image)[5])
    array([1, 2], dtype=int32)
    """

    name: ClassVar[str] = "ucm"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"
    cuts: ClassVar[tuple[str, ...]] = ("level", "n_segments")
    always_connected: ClassVar[str] = "segments are merged from neighbours"
    # 88 a pixel of a colour photograph, of which eight orientations take 32; of noise with sigma=0, every tenth pixel
    # of which is a leaf with its histograms, 110.
    bytes_per_pixel: ClassVar[int] = 85
    bytes_per_sample: ClassVar[int] = 7

    level: float = parameter(
        0.5, "altitude of the cut", low=0, high=1, search=Search(0.15, 0.85, when=("n_segments", (0,)))
    )
    n_segments: int = parameter(0, "cut into so many segments; 0: at the level", low=0, scale="log")
    gradient: str = parameter("mpb", "how boundaries are found", choices=("mpb", "sobel"), search=Search())
    sigma: float = parameter(0.7, "smoothing before the watershed", low=0, high=50, unit="px", search=Search(0.4, 2))
    connected: bool = parameter(True, "cannot be off: the segments are connected by their making")

    def _uncut(self, image: Image, context: Context) -> Hierarchy:
        from classicseg.merging import contour_hierarchy

        return contour_hierarchy(image, self.gradient, self.sigma, context.threads)

    def _cut(self, uncut: Hierarchy, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        if self.n_segments:
            labels = uncut.cut(n_segments=self.n_segments)
        else:
            labels = uncut.cut(threshold=self.level)
        return labels, {"hierarchy": uncut, "n_leaves": uncut.n_leaves}

    def _hierarchy(self, found: Segmentation, image: Image, context: Context) -> Hierarchy:
        hierarchy: Hierarchy = found.findings["hierarchy"]
        return hierarchy
