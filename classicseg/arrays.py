"""Whatever a caller gives as an array, as one; or one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError


def as_array(name: str, values: Any) -> NDArray[Any]:
    """The values as an array, under the name that an error calls them by.

    Raises
    ------
    ImageError
        Rows differ in length, or a masked array came, whose mask would be lost in silence.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise ImageError(f"a masked array came as {name}; its mask would be lost. Give its data, and mask= or void=.")
    try:
        return np.asarray(values)
    except ValueError:
        raise ImageError(f"{name} came with rows of different lengths. Give an array, or rows of one length.") from None
