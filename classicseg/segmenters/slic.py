"""SLIC superpixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, Segmenter, space_parameter
from classicseg.image import Image
from classicseg.parameters import Search, parameter

_SAMPLED_ROWS = 4  # a cell has at least so many of them
_STRIDE = 4  # what lies between two, at most


@dataclass(frozen=True, kw_only=True)
class Slic(Segmenter):
    """SLIC: superpixels of similar colour and size, by k-means in colour and position.

    Clusters begin as the cells of a regular grid of spacing S = sqrt(N / n_segments). In each round a pixel joins that
    one of the nine clusters which began around it for which |c - c_k|^2 + (compactness / S)^2 |p - p_k|^2 is smallest,
    and clusters move to the means of their pixels. In the end connected parts below a quarter of a cell join the
    neighbour of nearest colour. A picture of one colour stays whole.

    Parameters
    ----------
    n_segments : int
        About how many superpixels; 300 by default, of some 500 pixels each on the photographs of BSDS500.
    compactness : float
        Weight of position against colour: the distance in colour that counts as much as S pixels. 10 by default, as in
        scikit-image, between following outlines and even shapes: boundary recall on 20 training pictures of BSDS500 is
        .871 at 5, .833 at 10 and .753 at 20.
    max_num_iter : int
        Rounds; 10 by default, as in scikit-image. Later ones change little: on the same pictures recall is .821 after
        2, .833 after 10 and .836 after 40; Neubert and Protzel's undersegmentation error .085, .077 and .076.
    sigma : float
        Standard deviation of a Gaussian smoothing before, in pixels; 0 does not smooth.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.
    connected : bool
        True only: superpixels are made connected.

    Notes
    -----
    Findings: ``positions`` (row, column) and ``colors`` (in `space`, smoothed), the mean of each superpixel in raster
    order, before `min_size` joins any.

    O(N max_num_iter) for N pixels. Where cells are large enough, each round but the last looks at every second, third
    or fourth row only, another one each time; the last looks at all pixels. On 20 training pictures of BSDS500 boundary
    recall is .833 so, and .834 with all rows in every round; Neubert and Protzel's undersegmentation error .0773 and
    .0775.

    References
    ----------
    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34(11), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import Slic
    >>> image = np.zeros((6, 12), dtype=np.uint8)
    >>> image[:, 6:] = 200
    >>> Slic(n_segments=2).segment(image)[0]
    array([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], dtype=int32)
    """

    name: ClassVar[str] = "slic"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"
    always_connected: ClassVar[str] = "loose parts have joined other superpixels"
    numbers_segments: ClassVar[bool] = True
    bytes_per_pixel: ClassVar[int] = 15
    bytes_per_sample: ClassVar[int] = 5

    n_segments: int = parameter(300, "about how many superpixels", low=1, scale="log", search=Search(5, 1000))
    compactness: float = parameter(
        10.0,
        "weight of position against colour",
        low=0.001,
        high=1e4,
        unit="Delta E",
        scale="log",
        search=Search(2, 40),
    )
    max_num_iter: int = parameter(10, "rounds", low=1, high=1000, scale="log")
    sigma: float = parameter(0, "smoothing before", kind=float, low=0, high=50, unit="px", search=Search(0, 2))
    space: str = space_parameter()
    connected: bool = parameter(True, "cannot be off: superpixels are made connected")

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.gradients import smooth_in_place
        from classicseg.kernels.slic import superpixels

        planes, mask = image.in_space(self.space, context.threads), image.mask
        if _is_constant(planes, mask):
            return _parts_of_mask(planes, mask, context.threads)
        smooth_in_place(planes, mask, self.sigma, context.threads)
        pixels = int(np.count_nonzero(mask))
        count = min(self.n_segments, pixels)
        stride = min(max(int(np.sqrt(pixels / count)) // _SAMPLED_ROWS, 1), _STRIDE)
        found = superpixels(
            planes, mask, count, self.compactness, self.max_num_iter, context.threads, context.progress, stride
        )
        np.add(found.labels, 1, out=found.labels)  # numbers from 1 up, and 0 outside
        return found.labels, {"positions": found.positions, "colors": found.colors}


def _parts_of_mask(
    planes: NDArray[np.float32], mask: NDArray[np.bool_], threads: int
) -> tuple[NDArray[np.int32], dict[str, Any]]:
    """Each connected part of the mask as a superpixel, and the means of each."""
    from classicseg.kernels.slic_parts import joined_parts

    labels = mask.astype(np.int32) - np.int32(1)  # one cluster, and -1 outside
    means = joined_parts(labels, np.ascontiguousarray(planes), 0.0, threads)
    labels += 1
    return labels, {"positions": means[:, 1:3], "colors": means[:, 3:]}


def _is_constant(planes: NDArray[np.float32], mask: NDArray[np.bool_]) -> bool:
    """Whether all pixels inside the mask are alike; a few rows show of most pictures that they are not."""
    from classicseg.scaling import row_chunks

    first = np.unravel_index(int(mask.argmax()), mask.shape)
    return all(
        not np.any((plane[start:stop] != plane[first]) & mask[start:stop])
        for plane in planes
        for start, stop in row_chunks(mask.shape)
    )
