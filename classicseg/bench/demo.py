"""All methods side by side: one picture to look at, on a photograph and on made scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.bench.sources import Entry, MethodSource

if TYPE_CHECKING:
    from classicseg.io.read import Picture

_TILE_WIDTH = 300


def compare_methods(
    pictures: Sequence[Picture], entries: Sequence[Entry], advance: Callable[[], None] | None = None
) -> NDArray[np.uint8]:
    """Pictures, each followed by the overlays of all methods, as one picture.

    Parameters
    ----------
    pictures : sequence of Picture
        One row each (or more, where there are many methods).
    entries : sequence of Entry
        The methods, under the names that become captions.
    advance : callable, optional
        Called after each result.

    Returns
    -------
    (H, W, 3) uint8 array
    """
    from classicseg.io.overlay import display, montage, overlay

    tiles = []
    for picture in pictures:
        sight = display(picture.array, mask=picture.mask, color=picture.color)
        tiles.append((picture.name, sight))
        for entry in entries:
            (source,) = entry.sources
            assert isinstance(source, MethodSource)
            result = source.segmenter.run(picture.array, mask=picture.mask, color=picture.color)
            count = result.n_labels + bool(source.segmenter.binary)
            tiles.append((f"{entry.name}: {count} {result.segmenter.makes}", overlay(sight, result.labels)))
            if advance is not None:
                advance()
    return montage(tiles, columns=min(4, len(entries) + 1), tile_width=_TILE_WIDTH)
