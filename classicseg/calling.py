"""How a method, or a model, is called with a picture: one signature for both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.image import Color, DataRange, Image, as_image
from classicseg.parallel import Progress, thread_count

if TYPE_CHECKING:
    from classicseg.segmentation import Segmentation


class SegmentsPictures(ABC):
    """What has `segment` and `run`; a class gives `_run`, for a picture that was checked."""

    @abstractmethod
    def _run(self, picture: Image, threads: int, progress: Progress | None) -> Segmentation:
        """What `run` gives."""

    def segment(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        color: Color | None = None,
        channel_axis: int = -1,
        data_range: DataRange | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.int32]:
        """The label map of a picture; see `classicseg.segment` for the arguments and errors."""
        return self.run(
            image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range,
            threads=threads, progress=progress,
        ).labels  # fmt: skip

    def run(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        color: Color | None = None,
        channel_axis: int = -1,
        data_range: DataRange | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Segmentation:
        """The label map of a picture with what was found; see `classicseg.segment` for the arguments.

        Raises
        ------
        ImageError
            The picture cannot be used as it came; or a model was fitted on pictures of another kind.
        """
        picture = as_image(image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range)
        return self._run(picture, thread_count(threads), progress)
