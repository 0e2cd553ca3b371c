"""CamVid as the SegNet tutorial ships it: 11 classes and void, lists of absolute paths."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from types import MappingProxyType

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.layout import path_below, pick_root, read_lines, within
from classicseg.io.read import read_labels, read_picture

SPLITS = ("train", "val", "test")
VOID = 11

_NAMES = "sky, building, pole, road, pavement, tree, sign symbol, fence, car, pedestrian, bicyclist"
CLASSES = MappingProxyType(dict(enumerate(_NAMES.split(", "))))

_PARTS_KEPT = 2  # of the absolute paths in a list: folder and file
_LISTS = tuple(f"{split}.txt" for split in SPLITS)


def read(root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """CamVid of the SegNet tutorial: the pictures that ``SPLIT.txt`` names, each with its truth on the same line.

    Parameters
    ----------
    root : Path
        The folder ``CamVid`` with train.txt, val.txt, test.txt and the folders that they name, or the one above it.
    split : {"train", "val", "test"}, optional
        "val" by default.
    view : None
        There is one.

    Returns
    -------
    Found
        Pictures of 480 x 360 pixels; values 0 to 10 are classes, 11 is void. The lists name absolute paths
        (``/SegNet/CamVid/val/X.png /SegNet/CamVid/valannot/X.png``), of which the last two parts count.

    Raises
    ------
    ImageError
        `root` has not this layout.

    References
    ----------
    G. Brostow, J. Fauqueur and R. Cipolla, "Semantic object classes in video", Pattern Recognition Letters 30(2), 2009;
    V. Badrinarayanan, A. Kendall and R. Cipolla, "SegNet", IEEE TPAMI 39(12), 2017.
    """
    split = split or "val"
    base = _base(root)
    listed = base / f"{split}.txt"
    if not listed.is_file():
        return Found((), (f"the list {within(root, listed)} is not there",), classes=dict(CLASSES))
    pairs: dict[tuple[Path, Path], Sample] = {}  # a pair that is listed twice is one sample
    missing = []
    for number, line in enumerate(read_lines(listed), start=1):
        words = _words(line)
        if len(words) != 2:
            missing.append(f"{within(root, listed)}, entry {number}: a picture and a truth are wanted, not {line!r}")
            continue
        picture, truth = (_resolve(base, word, within(root, listed)) for word in words)
        absent = [path for path in (picture, truth) if not path.is_file()]
        missing += [f"{within(root, path)}, named by {listed.name}, is not there" for path in absent]
        if not absent:
            loaders = partial(read_picture, picture), partial(_read_truth, truth)
            pairs[picture, truth] = Sample(picture.stem, "classes", *loaders, picture)
    if not pairs and not missing:
        missing.append(f"the list {within(root, listed)} is empty")
    return Found(tuple(pairs.values()), tuple(missing), classes=dict(CLASSES))


def find_splits(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The splits of which a list or a folder of pictures is there."""
    base = _base(root)
    return tuple(split for split in SPLITS if (base / f"{split}.txt").is_file() or (base / split).is_dir())


def _base(root: Path) -> Path:
    return pick_root(root, (*_LISTS, *SPLITS), ("CamVid",))


def _words(line: str) -> list[str]:
    """The paths of a line: parted by blanks, or, where paths have blanks themselves, behind a suffix."""
    words = line.split()
    return (
        words if len(words) == 2 else [word for word in re.split(r"(?<=\.png)\s+", line, flags=re.IGNORECASE) if word]
    )


def _resolve(base: Path, word: str, listed: str) -> Path:
    kept = word.replace("\\", "/").split("/")[-_PARTS_KEPT:]
    return path_below(base, "/".join(kept).lstrip("/"), f"the list {listed}")


def _read_truth(path: Path) -> Truths:
    labels = read_labels(path)
    void = labels == VOID
    return Truths((labels,), void if void.any() else None)
