"""How the numbers or colours in a file become a truth.

Two ways lead from a file to numbers. *Stored* numbers are those of a label map: indices of a palette, grey values as
they are in the file. *Shown* values are what a viewer paints: colours of a palette, and 1-bit pictures as 0 and 255.
Classes and objects are read from stored numbers, foreground and colours from shown ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.pages import is_lossy_file, read_page, read_shown
from classicseg.errors import ImageError
from classicseg.metrics.kinds import TruthKind

EncodingType = Literal["threshold", "values", "palette", "colours", "instances", "components"]
ENCODING_TYPES: tuple[EncodingType, ...] = get_args(EncodingType)
ENCODINGS_OF_KIND: Mapping[TruthKind, tuple[EncodingType, ...]] = {
    "binary": ("threshold", "values", "colours"),
    "classes": ("palette", "values", "colours"),
    "instances": ("instances", "components"),
}

Decoded = tuple[NDArray[np.int32], NDArray[np.bool_] | None]

_HIGHEST_LABEL = 2**31 - 1
_HALF = 127  # of 0..255: what lies above is foreground where lossy compression has smeared 0 and 255
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1025  # the largest float below 2^63
_COLOUR_BITS = 16  # of each channel in a colour's code


@dataclass(frozen=True)
class Encoding:
    """What the pixels of a truth's file mean.

    Attributes
    ----------
    type : {"threshold", "values", "palette", "colours", "instances", "components"}
        ``threshold``: foreground (1) lies above `above` or below `below`, background is 0. ``values``: each stored
        number has a class in `table`. ``palette``: the stored number is the class. ``colours``: each shown colour has a
        class in `table`. ``instances``: the stored number is an object, 0 background. ``components``: each 4-connected
        part of the foreground is an object.
    above, below : float or None
        The threshold, in shown values (the mean of the channels); one of them at most. With neither it is above 0, and
        above 127 in JPEG and lossy WebP files.
    table : tuple of (int, int)
        Pairs of a stored number, or the code of a colour (`colour_code`), and its class.
    void : tuple of numbers
        Shown values, stored numbers or codes of colours whose pixels no score counts.
    others : {"error", "void"}
        What a number or a colour is that the table has not.
    channel : int or None
        Take this channel of the shown picture (0 is red) for the numbers, not the stored grey or index.
    separate_values : bool
        Of ``components``: pixels that touch but differ in their number belong to different objects.
    """

    type: EncodingType
    above: float | None = None
    below: float | None = None
    table: tuple[tuple[int, int], ...] = ()
    void: tuple[float, ...] = ()
    others: Literal["error", "void"] = "error"
    channel: int | None = None
    separate_values: bool = False


def default_encoding(kind: TruthKind) -> Encoding:
    """How truths of a kind are mostly stored: a threshold, numbers of classes, numbers of objects."""
    return Encoding({"binary": "threshold", "classes": "palette", "instances": "instances"}[kind])  # type: ignore[arg-type]


def decode_truth(path: Path, encoding: Encoding, page: int | None = None) -> Decoded:
    """The label map in a file, and its void: True where no score counts, or None where every pixel does.

    Parameters
    ----------
    path : Path
    encoding : Encoding
    page : int, optional
        Which page of a stack; the first picture of the file by default.

    Returns
    -------
    (H, W) int32 array
        Classes or objects; 0 where it is void.
    (H, W) bool array or None

    Raises
    ------
    ImageError
        The file cannot be read, or holds a number or a colour that the encoding does not know; the message names it and
        its first position.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "truth.npy"
    ...     np.save(path, np.array([[0, 128, 255]], dtype=np.uint8))
    ...     decode_truth(path, Encoding("values", table=((0, 0), (128, 1)), void=(255,)))
    (array([[0, 1, 0]], dtype=int32), array([[False, False,  True]]))
    """
    decoders: dict[str, Callable[[Path, Encoding, int | None], Decoded]] = {
        "threshold": _threshold,
        "values": _values,
        "palette": _stored_labels,
        "colours": _colours,
        "instances": _stored_labels,
        "components": _components,
    }
    labels, void = decoders[encoding.type](path, encoding, page)
    if labels.size and labels.max() > _HIGHEST_LABEL:
        raise ImageError(
            f"{path} holds the label {labels.max()}; labels up to {_HIGHEST_LABEL} (int32) are allowed. Number them "
            "from 1, or declare the value void."
        )
    return np.ascontiguousarray(labels, dtype=np.int32), void if void is not None and void.any() else None


def colour_code(red: int, green: int, blue: int) -> int:
    """One number for a colour."""
    return (red << 2 * _COLOUR_BITS) | (green << _COLOUR_BITS) | blue


# ---- the encodings ----


def _threshold(path: Path, encoding: Encoding, page: int | None) -> Decoded:
    grey, lossy = _shown_grey(path, encoding.channel, page)
    void = _is_any(grey, encoding.void)
    return (_foreground(grey, encoding, lossy, path) & ~void).astype(np.int32), void


def _values(path: Path, encoding: Encoding, page: int | None) -> Decoded:
    stored = _stored(path, encoding.channel, page)
    return _translated(stored.astype(np.int64), encoding, lambda code: f"the value {code}", path)


def _stored_labels(path: Path, encoding: Encoding, page: int | None) -> Decoded:
    stored = _stored(path, encoding.channel, page)
    void = _is_any(stored, encoding.void)
    negative = ~void & (stored < 0)
    if negative.any():
        row, column = np.argwhere(negative)[0]
        raise ImageError(
            f"{path} holds {stored[row, column]} at row {row}, column {column}; classes and objects are numbered from "
            "0. Declare the value void, or give each value a class."
        )
    return np.where(void, 0, stored), void


def _colours(path: Path, encoding: Encoding, page: int | None) -> Decoded:
    shown = _spread(read_shown(path, page).array)
    _refuse_lossy(path, "colours")
    if shown.dtype.kind == "f" or (shown.ndim == 3 and shown.shape[2] != 3):
        raise ImageError(f"{path} holds no RGB colours of integers ({shown.dtype}, shape {shown.shape}).")
    red, green, blue = np.moveaxis(np.broadcast_to(np.atleast_3d(shown), (*shown.shape[:2], 3)).astype(np.int64), 2, 0)
    codes = (red << 2 * _COLOUR_BITS) | (green << _COLOUR_BITS) | blue
    return _translated(codes, encoding, _colour_in_words, path)


def _components(path: Path, encoding: Encoding, page: int | None) -> Decoded:
    from classicseg.labels import components

    if encoding.separate_values:
        values: NDArray[Any] = _stored(path, encoding.channel, page)
        lossy = False
    else:
        values, lossy = _shown_grey(path, encoding.channel, page)
    void = _is_any(values, encoding.void)
    foreground = _foreground(values, encoding, lossy, path) & ~void
    return components(values if encoding.separate_values else np.zeros(values.shape, np.int32), foreground)[0], void


# ---- from files to numbers ----


def _stored(path: Path, channel: int | None, page: int | None) -> NDArray[np.integer]:
    from classicseg.io.read import read_labels

    if channel is not None:
        shown = _channel(read_shown(path, page).array, channel, path)
        _refuse_lossy(path, "numbers")
        return _whole(shown, path)
    if page is None:
        return read_labels(path)
    stored = read_page(path, page, stored=True).array
    if stored.ndim != 2:
        raise ImageError(f"{path} has {stored.shape[2]} channels; the pages of a stack of truths are grey.")
    return _whole(stored, path)


def _shown_grey(path: Path, channel: int | None, page: int | None) -> tuple[NDArray[Any], bool]:
    """Shown values, the mean of the channels or one of them, and whether compression may have changed them."""
    shown = _spread(read_shown(path, page).array)
    if channel is not None:
        shown = _channel(shown, channel, path)
    elif shown.ndim == 3:
        equal = (shown == shown[..., :1]).all()  # then no mean, whose rounding would meet no declared void value
        shown = shown[..., 0] if equal else shown.mean(axis=2)
    return shown, is_lossy_file(path)


def _spread(shown: NDArray[Any]) -> NDArray[Any]:
    return shown * np.uint8(255) if shown.dtype == bool else shown


def _channel(array: NDArray[Any], channel: int, path: Path) -> NDArray[Any]:
    channels = array.shape[2] if array.ndim == 3 else 1
    if channel >= channels:
        raise ImageError(
            f"{path} has {channels} channels (alpha left aside), and no channel {channel} (0 is the first)."
        )
    return array[..., channel] if array.ndim == 3 else array


def _whole(array: NDArray[Any], path: Path) -> NDArray[np.integer]:
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and np.array_equal(array, np.trunc(array))):
        raise ImageError(
            f"{path} holds numbers with a fraction, or NaN; classes and objects are integers. Round them, or give "
            "another file."
        )
    if array.size and (array.min() < _LOWEST or array.max() > _HIGHEST):
        raise ImageError(f"{path} holds numbers from {array.min():g} to {array.max():g}, beyond those of 64 bits.")
    return array.astype(np.int64)


def _refuse_lossy(path: Path, what: str) -> None:
    if is_lossy_file(path):
        raise ImageError(
            f"{path} is a JPEG or a lossy WebP, whose compression changes {what} along edges. Give the truth as PNG."
        )


# ---- from numbers to labels ----


def _foreground(values: NDArray[Any], encoding: Encoding, lossy: bool, path: Path) -> NDArray[np.bool_]:
    if encoding.below is not None:
        return values < encoding.below
    above = encoding.above
    if above is None:
        above = _HALF if lossy else 0
    elif above >= 1 and values.size and values.max() == 1:
        raise ImageError(
            f"{path} holds 0 and 1 alone, so that nothing lies above the declared {above:g}. If 1 is its foreground, "
            "declare above = 0."
        )
    return values > above


def _is_any(values: NDArray[Any], wanted: tuple[float, ...]) -> NDArray[np.bool_]:
    return np.isin(values, wanted) if wanted else np.zeros(values.shape, dtype=bool)


def _translated(codes: NDArray[np.int64], encoding: Encoding, in_words: Callable[[int], str], path: Path) -> Decoded:
    """Each code by its class in the table; void and classes that the table has not as the encoding says."""
    present, places = np.unique(codes, return_inverse=True)
    places = places.reshape(codes.shape)
    table = dict(encoding.table)
    void = np.isin(present, encoding.void) if encoding.void else np.zeros(len(present), dtype=bool)
    unknown = ~void & np.array([int(code) not in table for code in present], dtype=bool)
    if encoding.others == "void":
        void |= unknown
    elif unknown.any():
        row, column = np.argwhere(unknown[places])[0]
        known = ", ".join(in_words(code) for code in list(table)[:8]) + (", ..." if len(table) > 8 else "")
        raise ImageError(
            f"{path} holds {in_words(int(codes[row, column]))} at row {row}, column {column}, which the declaration "
            f"gives no class; it knows {known}. Give it a class, or declare it void."
        )
    classes = np.array([table.get(int(code), 0) for code in present], dtype=np.int32)
    classes[void] = 0
    return classes[places], void[places]


def _colour_in_words(code: int) -> str:
    full = (1 << _COLOUR_BITS) - 1
    red, green, blue = (int(code) >> shift & full for shift in (2 * _COLOUR_BITS, _COLOUR_BITS, 0))
    return f"the colour ({red}, {green}, {blue})"
