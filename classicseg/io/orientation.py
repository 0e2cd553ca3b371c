"""Which way up a picture is: the orientation that cameras write into a file, applied to its samples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError

Orientation = Literal["apply", "ignore"]
UPRIGHT = 1
TAG = 274  # of TIFF and EXIF
_SIDEWAYS = (5, 6, 7, 8)
_HIGHEST = 8

_ignored: ContextVar[bool] = ContextVar("orientation_ignored", default=False)


def check_orientation(orientation: str) -> None:
    """Refuse what is neither "apply" nor "ignore"."""
    if orientation not in get_args(Orientation):
        raise ParameterError(f"orientation={orientation!r} is not allowed; say 'apply' (the default) or 'ignore'.")


def is_applied(orientation: str) -> bool:
    """Whether a file that is read here and now is turned as it says."""
    check_orientation(orientation)
    return orientation == "apply" and not _ignored.get()


@contextmanager
def orientation_ignored() -> Iterator[None]:
    """Read every file in the block as it is stored, whatever it says about which way up it is."""
    token = _ignored.set(True)
    try:
        yield
    finally:
        _ignored.reset(token)


def known_orientation(value: Any) -> int:
    """A tag's value as one of 1 to 8; 1, upright, for everything else, since damaged tags turn nothing."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return UPRIGHT
    return number if UPRIGHT <= number <= _HIGHEST else UPRIGHT


def turned(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Samples (H, W) or (H, W, C) the right way up, of which the file says that they are stored as `orientation`.

    Parameters
    ----------
    array : (H, W) or (H, W, C) array
        As it is stored.
    orientation : int
        1 to 8: where the first row and the first column of what is stored lie in the upright picture, as TIFF 6.0 and
        EXIF number it. 5 to 8 swap height and width.

    Returns
    -------
    C-contiguous array; the same array where nothing is turned.

    Examples
    --------
    >>> turned(np.array([[1, 2, 3], [4, 5, 6]]), 6)
    array([[4, 1],
           [5, 2],
           [6, 3]])
    """
    if orientation == UPRIGHT or array.ndim == 2:
        return _turned_pixels(array, orientation)
    array = np.ascontiguousarray(array)
    bands = array.shape[2]
    pixels = array.view(f"V{array.itemsize * bands}")[..., 0]  # moved as one item each, in half the time
    moved = _turned_pixels(pixels, orientation)
    return moved.view(array.dtype).reshape(*moved.shape, bands)


def _turned_pixels(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation in _SIDEWAYS:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):  # the first row is stored last
        array = array[::-1]
    if orientation in (2, 3, 6, 7):  # so is the first column
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
