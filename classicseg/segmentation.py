"""What a run gives: the label map, what the method found out on the way, and the hierarchy above it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg import labels as label_maps
from classicseg.errors import ImageError
from classicseg.image import Image

if TYPE_CHECKING:
    from classicseg.base import Segmenter
    from classicseg.hierarchy import Hierarchy


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a run gives: the label map and what the method found out on the way.

    Attributes
    ----------
    labels : (H, W) int32 array
        1..K without a hole; 0 outside the mask, and for the background of a binary threshold.
    mask : (H, W) bool array
        True where the picture counted. It tells background from void, which are both 0 in the labels.
    segmenter : Segmenter
        The method with all its parameters.
    findings : mapping
        The method's own results by name: a threshold, centres, the number of iterations, ... What is told class by
        class is in the order of the classes, before ``connected=True`` parts them.
    image : Image, optional
        The picture, from which `hierarchy` is made. It shares samples of 8 or 16 bits with the array that came.
    threads : int
        As many as the run took.
    """

    labels: NDArray[np.int32]
    mask: NDArray[np.bool_]
    segmenter: Segmenter
    findings: Mapping[str, Any] = field(default_factory=dict)
    image: Image | None = field(default=None, repr=False)
    threads: int = field(default=1, repr=False)

    @property
    def n_labels(self) -> int:
        """The number of classes or segments, background not counted."""
        return int(self.labels.max())

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """What the segments become as they merge, up to the whole picture; made when first asked for, and kept.

        The leaves are the 4-connected parts of the labels, the background's too, in raster order; 0 is outside the
        mask. Altitudes lie in 0..1, on a scale that is the same for every picture. A method that has a tree of its own
        gives that (`quickshift`), the others merge regions. `edges` and `ucm` merge finer leaves, the basins of all
        minima of their gradient; each segment of `ucm` is made of some of these, those of `edges` nearly so. They
        are as small as they come, whatever `min_size` says; a `cut` keeps to it.

        Ask for it before the array that came is changed in place, since the picture is looked at again.

        Raises
        ------
        ImageError
            No pixel counts, or this was made by hand and holds no picture.
        MemoryLimitError
            Merging would take more memory than the machine has: about 770 bytes a leaf, and 106 a pixel in colour.

        Examples
        --------
        >>> import classicseg, numpy as np
        >>> image = np.repeat(np.array([[0, 0, 90, 250]], dtype=np.uint8), 3, axis=0)
        >>> result = classicseg.run(image, "kmeans", n_clusters=3)
        >>> result.hierarchy.n_leaves, result.cut(n_segments=2).n_labels == 2
        (3, True)
        """
        if self.image is None:
            raise ImageError(
                "this segmentation holds no picture, from which a hierarchy is made. Take that of "
                "segmenter.run(image), or give image=."
            )
        if not self.mask.any():
            raise ImageError("no pixel of the picture counts, and a hierarchy has at least one leaf. Check the mask.")
        return self.segmenter._guarded_hierarchy(self, self.image, self.threads)

    def cut(self, *, threshold: float | None = None, n_segments: int | None = None) -> Segmentation:
        """The same run with the labels of a cut; see `Hierarchy.cut`. Its hierarchy is still the whole one.

        Segments of the cut below `min_size` pixels join their most similar neighbour, as those of a run do, so that
        fewer than `n_segments` may be left; parts of the mask that do not touch stay apart, so that there may be more.
        All of the mask is in some segment: of a binary result, the background too.
        """
        labels = self.hierarchy.cut(threshold=threshold, n_segments=n_segments)
        if self.image is not None and self.segmenter.min_size > 1:
            labels = self.segmenter._absorbed(labels, self.image, self.threads)
            labels, _ = label_maps.number_in_raster_order(labels, self.mask)
        other = dataclasses.replace(self, labels=labels)
        vars(other)["hierarchy"] = self.hierarchy  # where cached_property keeps it
        return other
