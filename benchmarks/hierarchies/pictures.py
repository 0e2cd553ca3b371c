"""The pictures of BSDS500's train and val splits, with their truths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from classicseg.datasets import bsds

_SEED = 0


@dataclass(frozen=True)
class Picture:
    """One photograph: files are read when they are asked for."""

    split: str
    name: str
    path: Path

    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) sRGB samples."""
        from PIL import Image

        with Image.open(self.path) as image:
            return np.array(image.convert("RGB"))

    @property
    def truth_path(self) -> Path:
        """The annotators' file."""
        return self.path.parents[2] / "groundTruth" / self.split / f"{self.name}.mat"

    def truths(self) -> tuple[NDArray[np.int32], ...]:
        """A label map an annotator."""
        return bsds.read_truths(self.truth_path)

    def boundaries(self) -> tuple[NDArray[np.bool_], ...]:
        """A boundary map an annotator."""
        return bsds.read_boundaries(self.truth_path)


def bsds_root() -> Path:
    """The folder of BSDS500 in that which CLASSICSEG_DATA names."""
    root = Path(os.environ.get("CLASSICSEG_DATA", "")) / "BSDS500"
    if not root.is_dir():
        raise click.UsageError("set CLASSICSEG_DATA to the folder that holds BSDS500")
    return root


def pictures_of(root: Path, split: str) -> list[Picture]:
    """All pictures of a split, in the order of their names."""
    return [Picture(split, each.name, Path(str(each.path))) for each in bsds.read(root, split=split).samples]


def drawn(pictures: Sequence[Picture], count: int | None) -> list[Picture]:
    """So many of them, drawn by a fixed seed, in their old order; all where none or too many are asked for.

    Fewer are always among the more that a greater count draws.
    """
    if count is None or count >= len(pictures):
        return list(pictures)
    order = np.random.default_rng(_SEED).permutation(len(pictures))[:count]
    return [pictures[index] for index in np.sort(order)]
