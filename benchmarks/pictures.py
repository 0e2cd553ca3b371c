"""Real photographs to measure on, at any size: mosaics of different ones at their own scale.

A photograph made larger is smoother than a larger photograph. A mosaic has as much detail a pixel as its tiles.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 321, 481  # of BSDS500's photographs
Picture = NDArray[np.uint8]


def photographs(count: int) -> tuple[list[Picture], str]:
    """So many photographs of 481 x 321, and what they are.

    The first of BSDS500 (folder in CLASSICSEG_DATA) that are wider than high; without it, pieces of the photographs
    that scikit-image installs, mirrored where more are asked for.
    """
    root = Path(os.environ.get("CLASSICSEG_DATA", "")) / "BSDS500" / "data" / "images"
    found = sorted([*root.glob("val/*.jpg"), *root.glob("train/*.jpg"), *root.glob("test/*.jpg")])
    pictures: list[Picture] = []
    if found:
        from PIL import Image

        for path in found:
            with Image.open(path) as image:
                if image.size == (WIDTH, HEIGHT):
                    pictures.append(np.array(image.convert("RGB")))
            if len(pictures) == count:
                return pictures, f"BSDS500, the first {count} of 481 x 321"
    pieces = _installed_pieces()
    flips = [lambda p: p, lambda p: p[:, ::-1], lambda p: p[::-1], lambda p: p[::-1, ::-1]]
    for index in range(count):
        flip = flips[index // len(pieces) % len(flips)]
        pictures.append(np.ascontiguousarray(flip(pieces[index % len(pieces)])))
    return pictures[:count], "pieces of scikit-image's photographs"


def _installed_pieces() -> list[Picture]:
    from skimage import data

    pieces = []
    for image in (data.coffee(), data.astronaut(), data.rocket()):
        for top in range(0, image.shape[0] - HEIGHT + 1, HEIGHT // 4):
            left = (image.shape[1] - WIDTH) // 2
            pieces.append(image[top : top + HEIGHT, left : left + WIDTH])
    return pieces


def mosaic(tiles: list[Picture], columns: int) -> Picture:
    """Tiles of one size beside and below each other."""
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return np.ascontiguousarray(np.concatenate(rows))
