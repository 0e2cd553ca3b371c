"""Write label maps, pictures and records: each file is made beside its place and renamed into it, or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg.atomic import atomic_write
from classicseg.errors import ImageError, ParameterError
from classicseg.io.palette import label_colors
from classicseg.io.png import encode_png
from classicseg.parallel import thread_count

if TYPE_CHECKING:
    from classicseg.io.geo import GeoReference

__all__ = [
    "FORMATS",
    "encode_indexed",
    "encode_json",
    "encode_labels",
    "encode_picture",
    "plain",
    "write_json",
    "write_labels",
    "write_picture",
]

FORMATS = ("png", "tiff", "npy")
_MOST_IN_16_BITS = 65_535
_MOST_IN_8_BITS = 255
# A classic TIFF holds 4 GiB; above this many bytes of labels, however well they may be packed, a BigTIFF is written.
_CLASSIC_TIFF = (1 << 32) - (1 << 25)


def encode_labels(
    labels: NDArray[np.integer], format: str = "png", *, geo: GeoReference | None = None, threads: int | None = None
) -> bytes:
    """A label map as the bytes of a file.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above.
    format : {"png", "tiff", "npy"}
        "png" has 16 bits a label; "tiff" has 8, 16 or 32 bits, as many as the highest label needs (deflated, one page;
        a BigTIFF where a classic one might not hold it); "npy" is int32. All three are lossless.
    geo : GeoReference, optional
        Where the picture lies on Earth: a "tiff" gets the same GeoTIFF tags. The other formats have no place for them.
    threads : int, optional
        As in `classicseg.segment`; the bytes are the same whatever it is.

    Raises
    ------
    ImageError
        The array is no label map, or holds a label above 65,535 and `format` is "png": nothing ever wraps around.
    ParameterError
        The format is not known.

    Examples
    --------
    >>> encode_labels(np.array([[0, 1], [2, 2]]), "png")[:4]
    b'\\x89PNG'
    """
    if format not in FORMATS:
        raise ParameterError(f"format={format!r} is not allowed; it is one of {', '.join(map(repr, FORMATS))}.")
    highest = _highest_label(labels)
    if format == "png":
        return _png_of_labels(labels, highest, threads)
    if format == "tiff":
        return _tiff_of_labels(labels, highest, geo, threads)
    buffer = BytesIO()
    np.save(buffer, np.ascontiguousarray(labels, dtype=np.int32))
    return buffer.getvalue()


def encode_indexed(labels: NDArray[np.integer], threads: int | None = None) -> bytes:
    """A label map as the bytes of a PNG with a palette of 8 bits, to look at; the colours are those of `label_colors`.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above.
    threads : int, optional
        As in `classicseg.segment`; the bytes are the same whatever it is.

    Returns
    -------
    bytes
        Up to 255 labels, the index of a pixel is its label, and `read_labels` gives the map back. Above that, indices
        number the colours, which several labels share; index 0 is label 0 alone, and black, in either case. Neighbours
        differ as in `label_colors`, as long as it needs no more than 255 colours (it rarely needs a hundred);
        of more, those seen last in the order of labels become the nearest of the first 255.

    Raises
    ------
    ImageError
        The array is no label map.

    Examples
    --------
    >>> from classicseg.io import read_labels
    >>> read_labels(encode_indexed(np.array([[0, 1], [200, 1]]))).tolist()
    [[0, 1], [200, 1]]
    """
    highest = _highest_label(labels)
    colors = label_colors(labels)
    if highest <= _MOST_IN_8_BITS:
        return encode_png(labels.astype(np.uint8), colors, threads)
    colors, index_of = _few_colors(colors)
    return encode_png(index_of[labels], colors, threads)


def write_labels(
    path: str | Path, labels: NDArray[np.integer], format: str = "png", *, geo: GeoReference | None = None
) -> None:
    """Write a label map atomically; see `encode_labels` for the formats and errors."""
    atomic_write(path, encode_labels(labels, format, geo=geo))


def encode_picture(rgb: NDArray[np.uint8], threads: int | None = None) -> bytes:
    """A picture (H, W, 3) or (H, W), uint8, as the bytes of a PNG; they are the same whatever the threads."""
    if rgb.dtype != np.uint8 or not (rgb.ndim == 2 or (rgb.ndim == 3 and rgb.shape[2] == 3)) or rgb.size == 0:
        raise ImageError(
            f"a picture of shape {rgb.shape} and type {rgb.dtype} came; (H, W, 3) or (H, W) uint8 is written."
        )
    return encode_png(rgb, threads=threads)


def write_picture(path: str | Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) or (H, W), uint8, as PNG, atomically."""
    atomic_write(path, encode_picture(rgb))


def encode_json(record: Mapping[str, Any]) -> bytes:
    """A record as indented JSON in UTF-8; values are put in JSON's words by `plain`.

    Raises
    ------
    TypeError
        The record holds something that JSON has no words for.
    """
    text = json.dumps(plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name may hold bytes that are no text; what stands for them is written as JSON's own escape.
    return (text + "\n").encode("utf-8", "backslashreplace")


def write_json(path: str | Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON atomically; see `encode_json`."""
    atomic_write(path, encode_json(record))


def _highest_label(labels: NDArray[np.integer]) -> int:
    """The highest label of what is a label map; anything else is refused."""
    if labels.ndim != 2 or labels.dtype.kind not in "ui" or labels.size == 0:
        raise ImageError(
            f"labels of shape {labels.shape} and type {labels.dtype} came; a label map is (H, W) integers."
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest > np.iinfo(np.int32).max:
        raise ImageError(
            f"labels from {lowest} to {highest} came; 0 to {np.iinfo(np.int32).max} are allowed. Renumber them."
        )
    return highest


def _png_of_labels(labels: NDArray[np.integer], highest: int, threads: int | None) -> bytes:
    if highest > _MOST_IN_16_BITS:
        raise ImageError(
            f"a label map with {highest:,} labels came; a PNG holds {_MOST_IN_16_BITS:,} at most. "
            "Choose the format tiff (or npy)."
        )
    return encode_png(labels.astype(np.uint16, copy=False) if labels.dtype == np.uint8 else labels, threads=threads)


def _tiff_of_labels(labels: NDArray[np.integer], highest: int, geo: GeoReference | None, threads: int | None) -> bytes:
    from tifffile import imwrite

    narrow = np.ascontiguousarray(labels, dtype=np.min_scalar_type(highest))
    buffer = BytesIO()
    imwrite(
        buffer,
        narrow,
        photometric="minisblack",
        compression="zlib",  # without differences to the left, which make files of labels larger
        maxworkers=thread_count(threads),
        bigtiff=narrow.nbytes > _CLASSIC_TIFF,
        metadata=None,
        extratags=() if geo is None else geo.tags,
    )
    return buffer.getvalue()


def _few_colors(colors: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """At most 256 distinct ones of the colours of labels, in the order of labels, and each label's index in them."""
    _, firsts, number_of = np.unique(colors[1:], axis=0, return_index=True, return_inverse=True)
    order = np.argsort(firsts, kind="stable")
    distinct = colors[1:][firsts[order]].astype(np.int64)
    kept = distinct[:_MOST_IN_8_BITS]
    index_of = np.arange(len(distinct))
    for extra in range(len(kept), len(distinct)):
        index_of[extra] = np.argmin(((kept - distinct[extra]) ** 2).sum(axis=1))
    place = np.empty_like(order)
    place[order] = index_of
    index = np.concatenate([[0], place[number_of.reshape(-1)] + 1])
    return np.concatenate([colors[:1], kept.astype(np.uint8)]), index.astype(np.uint8)


def plain(value: Any) -> Any:
    """The same value in Python's own types, as JSON can say them.

    NumPy's numbers and arrays become numbers and lists, sets sorted lists, keys and paths text; NaN and infinity, which
    JSON does not have, become None. What JSON has no words for is left as it is.

    Examples
    --------
    >>> plain({"centres": np.array([[1.0, np.nan]]), 3: np.int64(7)})
    {'centres': [[1.0, None]], '3': 7}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value
