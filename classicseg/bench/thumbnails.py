"""Small pictures for reports: a picture, and a label map over it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.atomic import atomic_write
from classicseg.bench.results import OVERLAYS
from classicseg.io.overlay import display, overlay

if TYPE_CHECKING:
    from classicseg.datasets.base import LoadedSample
    from classicseg.image import DataRange

_SIDE = 300
_QUALITY = 65


def thumbnail_name(key: str) -> str:
    """The file of the small picture of what has this key."""
    return f"{key[:24]}.webp"


def write_thumbnail(
    folder: Path,
    key: str,
    sample: LoadedSample,
    data_range: DataRange | None,
    labels: NDArray[np.integer] | None = None,
) -> None:
    """Write the picture of a sample, or an overlay of labels, into a folder of results: at most 300 x 300 pixels."""
    from PIL import Image

    picture = sample.image
    rows, columns = _kept_lines(picture.array.shape[0], picture.array.shape[1])
    sight = display(picture.array, mask=picture.mask, color=picture.color, data_range=data_range)
    if (len(rows), len(columns)) != sight.shape[:2]:
        small = Image.fromarray(sight).resize((len(columns), len(rows)), Image.Resampling.BOX)
        sight = np.asarray(small)
    if labels is not None:
        sight = overlay(sight, np.ascontiguousarray(labels[np.ix_(rows, columns)]))
    file = io.BytesIO()
    Image.fromarray(sight).save(file, "WEBP", quality=_QUALITY, method=4)
    atomic_write(folder / OVERLAYS / thumbnail_name(key), file.getvalue())


def _kept_lines(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns of the label map that a small picture shows: those at the middles of its pixels."""
    scale = min(1.0, _SIDE / max(height, width))
    return _middles(height, max(1, round(height * scale))), _middles(width, max(1, round(width * scale)))


def _middles(length: int, count: int) -> NDArray[np.intp]:
    return ((np.arange(count) + 0.5) * length / count).astype(np.intp)
