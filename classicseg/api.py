"""The two calls that do everything: `segment` gives the label map, `run` gives it with the method's findings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg import registry
from classicseg.image import Color, DataRange
from classicseg.parallel import Progress
from classicseg.registry import methods
from classicseg.segmentation import Segmentation

__all__ = ["methods", "run", "segment"]


def segment(
    image: ArrayLike,
    method: str = "meanshift",
    *,
    mask: ArrayLike | None = None,
    color: Color | None = None,
    channel_axis: int = -1,
    data_range: DataRange | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **parameters: Any,
) -> NDArray[np.int32]:
    """Segment a picture: an array goes in, a label map comes out.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array
        bool, any integer, float32 or float64; never modified. One channel is grey, three are sRGB, four need
        `color`, any other number is spectral bands.
    method : str
        A method or a preset; `classicseg.methods` lists them.
    mask : (H, W) bool array, optional
        True where the picture counts. Elsewhere samples may be anything, NaN too, and the label is 0.
    color : {"rgb", "bgr", "rgba", "multiband"}, optional
        What the channels mean, where their number does not tell. Alpha 0 is masked out.
    channel_axis : int
        Where the channels are in a 3-D array; last by default, as in scikit-image.
    data_range : (low, high) or "image", optional
        The samples that mean black and white; "image" takes the lowest and highest. By default bool, uint8 and
        uint16 have the range of their type and floats have 0 to 1. Samples outside a given range are clipped, with a
        warning.
    threads : int, optional
        Threads to compute with; one a core by default. The labels do not depend on it.
    progress : callable, optional
        Called with the share of the work that is done, 0 to 1. An exception it raises ends the run.
    **parameters
        The method's own parameters, and those that every method has: `connected`, `min_size`, `split_touching`.

    Returns
    -------
    (H, W) int32 array
        Labels 1..K without a hole. 0 stands outside the mask, and for the background of a binary threshold. Segments
        are numbered in raster order, classes by rising lightness.

    Raises
    ------
    ImageError
        The picture or the mask cannot be used as it came.
    ParameterError
        A method or parameter is unknown, or its value not allowed.
    MemoryLimitError
        The run would need more memory than the machine has.

    Examples
    --------
    >>> import numpy as np
    >>> import classicseg
    >>> image = np.array([[10, 12, 200], [11, 10, 210]], dtype=np.uint8)
    >>> classicseg.segment(image, method="otsu")
    array([[0, 0, 1],
           [0, 0, 1]], dtype=int32)
    """
    return run(
        image, method, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range,
        threads=threads, progress=progress, **parameters,
    ).labels  # fmt: skip


def run(
    image: ArrayLike,
    method: str = "meanshift",
    *,
    mask: ArrayLike | None = None,
    color: Color | None = None,
    channel_axis: int = -1,
    data_range: DataRange | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **parameters: Any,
) -> Segmentation:
    """Segment a picture and keep what the method found: like `segment`, but gives a `Segmentation`.

    Examples
    --------
    >>> import numpy as np
    >>> import classicseg
    >>> image = np.array([[10, 12, 200], [11, 10, 210]], dtype=np.uint8)
    >>> result = classicseg.run(image, method="otsu")
    >>> result.n_labels, result.findings["threshold"]
    (1, 12.0)
    """
    segmenter = registry.make(method, **parameters)
    return segmenter.run(
        image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range,
        threads=threads, progress=progress,
    )  # fmt: skip
