"""A plain function, image to labels, as a source beside our methods."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg.bench.sources import Labelled, Source
from classicseg.errors import ImageError, PluginError

if TYPE_CHECKING:
    from classicseg.datasets.base import LoadedSample
    from classicseg.image import DataRange

CALLABLE = "callable"


@dataclass(frozen=True)
class CallableSource(Source):
    """A function that gives the label map of a picture.

    Attributes
    ----------
    function : callable
        Called with the samples as the data set has them, (H, W) or (H, W, C), of which it may do with as it likes: it
        is a copy. It returns an array (H, W) of integers, 0 or above, or bool. Whatever it raises, and whatever else it
        returns, is the failure of that picture. A lambda or a nested function will do.
    version : str or None
        Results are taken up by a later run only where a version is given, since nobody can tell whether a function
        still does the same: change it whenever the function changes.
    name : str
        What errors and tables call it; by default the function's own name.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg.bench.sources import Entry
    >>> Entry("darker", (CallableSource(lambda image: np.mean(image, axis=-1) < 60, version="1"),)).sources[0].method
    'callable'
    """

    function: Callable[[NDArray[Any]], Any]
    version: str | None = None
    name: str = ""

    @property
    def method(self) -> str:
        return CALLABLE

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"function": self._called, "version": self.version}

    @property
    def _called(self) -> str:
        return self.name or getattr(self.function, "__qualname__", type(self.function).__qualname__)

    def facts(self, sample: str) -> Mapping[str, Any] | None:
        del sample
        return None if self.version is None else {"method": CALLABLE, **self.parameters}

    def run(self, sample: LoadedSample, data_range: DataRange | None) -> Labelled:
        del data_range
        picture = sample.image
        given = picture.array.copy()
        started = time.perf_counter()
        try:
            labels = np.asarray(self.function(given))
        except (Exception, SystemExit) as error:  # a stranger's function may raise anything; the others go on
            raise PluginError(
                f"the function {self._called} failed: {type(error).__name__}: {error}. Mend it, or leave the picture "
                "out."
            ) from error
        seconds = time.perf_counter() - started
        return Labelled(self._checked(labels, picture.array.shape[:2]), picture.mask, seconds)

    def _checked(self, labels: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.integer]:
        def refuse(what: str, cure: str) -> ImageError:
            return ImageError(f"the function {self._called} gave {what}; an array {shape} of labels is wanted. {cure}")

        if labels.shape != shape:
            raise refuse(f"an array {labels.shape}", "Return one label a pixel.")
        if labels.dtype.kind == "f" and np.isnan(labels).any():
            raise refuse(f"{np.count_nonzero(np.isnan(labels))} values NaN", "Return integers, 0 or above.")
        if labels.dtype.kind not in "bui":
            raise refuse(f"an array of type {labels.dtype}", "Return integers, as labels.astype(numpy.int32) gives.")
        if labels.min() < 0 or labels.max() > np.iinfo(np.int32).max:
            raise refuse(f"labels from {labels.min()} to {labels.max()}", "Return labels from 0 to 2147483647.")
        return np.ascontiguousarray(labels, dtype=np.int32)
