"""Folders of small real pictures to make a batch of."""

from __future__ import annotations

from pathlib import Path

from benchmarks.pictures import mosaic, photographs

_SUFFIXES = (".png", ".jpg", ".tif")
_HEIGHT, _WIDTH = 150, 200


def small_pictures(folder: Path, count: int) -> list[Path]:
    """Write so many pieces of photographs, each another one, in three formats and two sub-folders."""
    from PIL import Image

    paths = []
    for number, photograph in enumerate(photographs(count)[0]):
        path = folder / ("first" if number < count // 2 else "second") / f"{number:03}{_SUFFIXES[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph[60 : 60 + _HEIGHT, 100 : 100 + _WIDTH]).save(path)
        paths.append(path)
    return paths


def large_picture(path: Path, tiles: int) -> Path:
    """Write a mosaic of so many photographs beside each other and as many below, 481 x 321 each."""
    from PIL import Image

    Image.fromarray(mosaic(photographs(tiles * tiles)[0], tiles)).save(path)
    return path
