"""Write label maps, pictures and records: each file is made beside its place and renamed into it, or not at all."""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError, ParameterError

FORMATS = ("png", "tiff", "npy")
_MOST_IN_16_BITS = 65_535


def atomic_write(path: str | Path, data: bytes) -> None:
    """Write a file so that its place holds the old content or the whole new one, never a part.

    Parameters
    ----------
    path : str or Path
        Folders that are missing are made.
    data : bytes

    Raises
    ------
    OSError
        The file cannot be written; what stood there before still stands there, and nothing else is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the place, since a rename is atomic within one file system only; and by plain creation, since the files
    # of `tempfile` can be read by their owner alone, and keep that when they are renamed.
    beside = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
        os.replace(beside, path)  # noqa: PTH105 - the call that the atomicity rests on, and that tests replace
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def encode_labels(labels: NDArray[np.integer], format: str = "png") -> bytes:
    """A label map as the bytes of a file.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above.
    format : {"png", "tiff", "npy"}
        "png" has 16 bits a label; "tiff" has 16 bits, or 32 where a label is above 65,535 (deflated, one page); "npy"
        is int32. All three are lossless.

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
    if labels.ndim != 2 or labels.dtype.kind not in "ui" or labels.size == 0:
        raise ImageError(
            f"labels of shape {labels.shape} and type {labels.dtype} came; a label map is (H, W) integers."
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest > np.iinfo(np.int32).max:
        raise ImageError(
            f"labels from {lowest} to {highest} came; 0 to {np.iinfo(np.int32).max} are allowed. Renumber them."
        )
    if format == "png":
        return _png_of_labels(labels, highest)
    buffer = BytesIO()
    if format == "npy":
        np.save(buffer, np.ascontiguousarray(labels, dtype=np.int32))
    else:
        from tifffile import imwrite

        narrow = labels.astype(np.uint16 if highest <= _MOST_IN_16_BITS else np.uint32)
        imwrite(buffer, narrow, photometric="minisblack", compression="zlib")
    return buffer.getvalue()


def write_labels(path: str | Path, labels: NDArray[np.integer], format: str = "png") -> None:
    """Write a label map atomically; see `encode_labels` for the formats and errors."""
    atomic_write(path, encode_labels(labels, format))


def encode_picture(rgb: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) or (H, W), uint8, as the bytes of a PNG."""
    from PIL import Image

    if rgb.dtype != np.uint8 or not (rgb.ndim == 2 or (rgb.ndim == 3 and rgb.shape[2] == 3)) or rgb.size == 0:
        raise ImageError(
            f"a picture of shape {rgb.shape} and type {rgb.dtype} came; (H, W, 3) or (H, W) uint8 is written."
        )
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "PNG")
    return buffer.getvalue()


def write_picture(path: str | Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3) or (H, W), uint8, as PNG, atomically."""
    atomic_write(path, encode_picture(rgb))


def write_json(path: str | Path, record: Mapping[str, Any]) -> None:
    """Write a record as indented JSON in UTF-8, atomically; values are put in JSON's words by `plain`.

    Raises
    ------
    TypeError
        The record holds something that JSON has no words for.
    """
    text = json.dumps(plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name may hold bytes that are no text; what stands for them is written as JSON's own escape.
    atomic_write(path, (text + "\n").encode("utf-8", "backslashreplace"))


def _png_of_labels(labels: NDArray[np.integer], highest: int) -> bytes:
    from PIL import Image

    if highest > _MOST_IN_16_BITS:
        raise ImageError(
            f"a label map with {highest:,} labels came; a PNG holds {_MOST_IN_16_BITS:,} at most. "
            "Choose the format tiff (or npy)."
        )
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(labels, dtype=np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


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
