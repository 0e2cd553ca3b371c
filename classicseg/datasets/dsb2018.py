"""The Data Science Bowl 2018 (BBBC038) as published: nuclei, a mask each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.layout import natural_order
from classicseg.errors import ImageError, ParameterError, guess, if_turned, warn
from classicseg.io.read import read_picture
from classicseg.metrics.kinds import TruthKind

_STAGE = "stage1_train"
_VIEWS: tuple[TruthKind, ...] = ("instances", "binary")
_SPLITS = ("train",)


def read(root: str | Path, *, split: str | None = None, view: str | None = None) -> Found:
    """The Data Science Bowl 2018 (BBBC038) as published: a folder a picture, and in it one mask an object.

    Parameters
    ----------
    root : str or Path
        The folder that holds ``stage1_train``, or that folder itself. Below it lie ``ID/images/ID.png`` and
        ``ID/masks/*.png``, masks of 0 and 255.
    split : {"train"}, optional
        The only part whose masks were published in this layout.
    view : {"instances", "binary"}, optional
        Objects, by default; or what is object at all, as foreground.

    Returns
    -------
    Found
        Objects are numbered in raster order of their first pixel, whatever the names of their masks. One mask is one
        object, even in several pieces. The publisher lets no two masks overlap; where two do, their common pixels are
        void, since nobody can tell whose they are, and reading warns with the number of pixels. A mask without a pixel
        is no object.

    Raises
    ------
    ImageError
        There is no such folder below the root.
    ParameterError
        There is no such split or view.

    References
    ----------
    J. C. Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl", Nature Methods
    16, 2019.
    """
    kind = _kind(view)
    if split is not None and split not in _SPLITS:
        raise ParameterError(
            f"dsb2018 has no split {split!r}; it has 'train', the only part with masks.{guess(split, _SPLITS)}"
        )
    root = Path(root)
    folder = root / _STAGE if (root / _STAGE).is_dir() else root
    found = list(_picture_folders(folder))
    if not found:
        raise ImageError(
            f"dsb2018: {root} holds no {_STAGE}/ID/images and {_STAGE}/ID/masks. Give the folder that "
            f"{_STAGE}.zip was unpacked in; a flat copy with images/ and labels/ is read by the name instances."
        )
    samples: list[Sample] = []
    missing: list[str] = []
    for each in found:
        picture, masks = each / "images" / f"{each.name}.png", _masks(each)
        if not picture.is_file():
            missing.append(f"masks {each.name}/masks have no picture: {each.name}/images/{picture.name} is not there")
        elif not masks:
            missing.append(f"picture {each.name}/images/{picture.name} has no truth: {each.name}/masks holds no PNG")
        else:
            samples.append(
                Sample(each.name, kind, partial(read_picture, picture), partial(_read_masks, masks, kind), picture)
            )
    return Found(tuple(samples), tuple(missing))


def find_splits(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The only split, where there is a folder at all; `read` tells whether it has the layout."""
    return _SPLITS if root.is_dir() else ()


def _kind(view: str | None) -> TruthKind:
    if view is not None and view not in _VIEWS:
        raise ParameterError(f"dsb2018 has no view {view!r}; it has 'instances' and 'binary'.{guess(view, _VIEWS)}")
    return "binary" if view == "binary" else "instances"


def _picture_folders(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for each in sorted(folder.iterdir(), key=lambda path: natural_order(path.name)):
        if not each.name.startswith(".") and ((each / "images").is_dir() or (each / "masks").is_dir()):
            yield each


def _masks(folder: Path) -> tuple[Path, ...]:
    if not (folder / "masks").is_dir():
        return ()
    return tuple(sorted(path for path in (folder / "masks").glob("*.png") if not path.name.startswith(".")))


def _read_masks(paths: tuple[Path, ...], kind: TruthKind) -> Truths:
    """One map of many masks; pixels that several claim are void, and 0."""
    from classicseg.datasets.decode import Encoding, decode_truth
    from classicseg.labels import number_in_raster_order

    labels = claims = np.zeros((0, 0), dtype=np.int32)
    for number, path in enumerate(paths, start=1):
        inside = decode_truth(path, Encoding("threshold"))[0]
        if number == 1:
            labels, claims = np.zeros_like(inside), np.zeros_like(inside)
        elif inside.shape != labels.shape:
            (height, width), (rows, columns) = labels.shape, inside.shape
            raise ImageError(
                f"{paths[0]} has {height} x {width} pixels (height x width), {path} {rows} x {columns}. "
                f"Get the files anew; the masks of a picture have one size.{if_turned(labels.shape, inside.shape)}"
            )
        labels[inside > 0] = number
        claims += inside
    if kind == "binary":
        return Truths(((claims > 0).astype(np.int32),))
    void = claims > 1
    if not void.any():
        return Truths((number_in_raster_order(labels)[0],))
    warn(
        f"{paths[0].parent}: {int(void.sum())} pixels belong to several masks; no score counts them. "
        "The publisher lets no two masks overlap: get the folder anew, or correct the masks.",
        UserWarning,
    )
    labels[void] = 0
    return Truths((number_in_raster_order(labels)[0],), void)
