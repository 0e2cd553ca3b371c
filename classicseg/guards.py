"""What a plug-in's method may get wrong, said in its name; methods of our own go through untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError, ParameterError, PluginError
from classicseg.image import Image

if TYPE_CHECKING:
    from classicseg.base import Segmenter
    from classicseg.hierarchy import Hierarchy

_Raw = tuple[NDArray[np.integer], dict[str, Any]]


def guarded(segmenter: Segmenter, image: Image, step: Callable[[Image], _Raw]) -> _Raw:
    """The raw labels and findings that a method's own `step` gives of `image`."""
    if _is_own(type(segmenter)):
        return step(image)
    with _blamed(segmenter):
        raw, findings = step(image.read_only())
        raw, findings = np.asarray(raw), dict(findings)
    if raw.shape != image.shape or raw.dtype.kind not in "biu" or raw[image.mask].min() < 0:
        raise PluginError(
            f"the plug-in method {segmenter.name!r} gave {raw.dtype} labels of shape {raw.shape} for a picture of "
            f"{image.shape}; a method gives integers of 0 or above, one a pixel."
        )
    return np.array(raw), findings  # a copy: what the plug-in keeps is its own


def guarded_hierarchy(
    segmenter: Segmenter, image: Image, step: Callable[[Image], Hierarchy], mask: NDArray[np.bool_]
) -> Hierarchy:
    """The hierarchy that a method's own `step` gives of `image`, whose leaves cover the mask."""
    if _is_own(type(segmenter)._hierarchy):
        return step(image)
    from classicseg.hierarchy import Hierarchy

    with _blamed(segmenter):
        hierarchy = step(image.read_only())
    if not isinstance(hierarchy, Hierarchy) or not np.array_equal(hierarchy.leaves > 0, mask):
        raise PluginError(
            f"the plug-in method {segmenter.name!r} gave {type(hierarchy).__name__} as its hierarchy; a method gives "
            "a classicseg.Hierarchy whose leaves cover the mask and nothing else."
        )
    return hierarchy


def answered_for(segmenter: Segmenter) -> AbstractContextManager[None]:
    """Within, errors that are neither the picture's nor the parameters' become the plug-in's."""
    return nullcontext() if _is_own(type(segmenter)) else _blamed(segmenter)


def _is_own(made: Any) -> bool:
    """Whether a class or a function is of this package."""
    return made.__module__.startswith("classicseg.")


@contextmanager
def _blamed(segmenter: Segmenter) -> Iterator[None]:
    try:
        yield
    except (ImageError, ParameterError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(f"the plug-in method {segmenter.name!r} failed: {type(error).__name__}: {error}") from error
