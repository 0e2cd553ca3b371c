"""Segments for programs that explain what a classifier saw, such as LIME and SHAP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg import registry
from classicseg.base import Segmenter
from classicseg.errors import ParameterError
from classicseg.image import Color, DataRange


@dataclass(frozen=True)
class SegmentationFunction:
    """A method as a function of nothing but a picture; made by `segmentation_fn`.

    It can be pickled, compared and called from several processes; the same picture gives the same segments.

    Attributes
    ----------
    segmenter : Segmenter
    start : int
    data_range : (low, high) or "image", optional
    color : str, optional
    channel_axis : int
    threads : int, optional
    """

    segmenter: Segmenter
    start: int = 0
    data_range: DataRange | None = None
    color: Color | None = None
    channel_axis: int = -1
    threads: int | None = None

    def __call__(self, image: ArrayLike) -> NDArray[np.int32]:
        """The segments of a picture: an int32 array (H, W) with the numbers from `start` on, without a hole."""
        labels = self.segmenter.segment(
            image, data_range=self.data_range, color=self.color, channel_axis=self.channel_axis, threads=self.threads
        )
        # Labels are 1..K, or 0..K where there is a background or something transparent: a segment like others here.
        return labels + np.int32(self.start - int(labels.min()))


def segmentation_fn(
    method: str = "slic",
    *,
    start: int = 0,
    data_range: DataRange | None = None,
    color: Color | None = None,
    channel_axis: int = -1,
    threads: int | None = None,
    **parameters: Any,
) -> SegmentationFunction:
    """A method as the `segmentation_fn` of an explainer: a function that takes a picture and gives its segments.

    Parameters
    ----------
    method : str
        A method or a preset; `classicseg.methods` lists them.
    start : {0, 1}
        The number of the first segment. LIME, Captum and the examples of SHAP count features from 0, and go wrong
        without a word where segments begin with 1; scikit-image's `regionprops` leaves out 0.
    data_range : (low, high) or "image", optional
        The samples that mean black and white. An explainer hands on the picture as it got it. What is uint8, or float
        from 0 to 1, needs nothing; a float picture from 0 to 255 needs ``data_range=(0, 255)``, one that was
        prepared as -1 to 1 ``data_range=(-1, 1)``. Without it such a picture is refused, for its range is not guessed.
    color : {"rgb", "bgr", "rgba", "multiband"}, optional
    channel_axis : int
        Where the channels are: last by default, first (0) in what PyTorch takes.
    threads : int, optional
    **parameters
        The method's own parameters, and `connected`, `min_size` and `split_touching`.

    Returns
    -------
    SegmentationFunction
        Call it with a picture.

    Raises
    ------
    ParameterError
        The method or a parameter is unknown, or a value not allowed.

    References
    ----------
    M. T. Ribeiro, S. Singh, C. Guestrin, "Why should I trust you? Explaining the predictions of any classifier", KDD
    2016.

    Examples
    --------
    >>> segments = segmentation_fn("kmeans", n_clusters=2)
    >>> segments(np.array([[10, 12, 200], [11, 10, 210]], dtype=np.uint8))
    array([[0, 0, 1],
           [0, 0, 1]], dtype=int32)
    """
    if isinstance(start, bool) or start not in (0, 1):
        raise ParameterError(f"start={start!r} is not allowed; it is 0, as explainers want it, or 1.")
    segmenter = registry.make(method, **parameters)
    return SegmentationFunction(segmenter, int(start), data_range, color, channel_axis, threads)
