"""The Berkeley segmentation data sets: BSDS500 with MATLAB truths, BSDS300 with its .seg files.

A truth is a partition of the whole picture drawn by one person, with labels from 1 and no background. Its kind is
"classes", in which every value counts; as "instances", a label 0 would be background, which these sets do not have.
The names of regions mean nothing: label 3 of one person is not label 3 of another.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.layout import files_ending, natural_order, pick_root, read_lines, unpaired, within
from classicseg.errors import ImageError
from classicseg.io.read import read_picture

SPLITS_500 = ("train", "val", "test")
SPLITS_300 = ("train", "test")
VIEWS_300 = ("color", "gray")

_PICTURES = (".jpg", ".jpeg")


# ---- BSDS500 ----


def read(root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """BSDS500 as its publisher ships it: ``images/SPLIT/ID.jpg`` and ``groundTruth/SPLIT/ID.mat``.

    Parameters
    ----------
    root : Path
        The folder ``BSR``, ``BSDS500`` or ``data``, or the one that holds ``BSR``.
    split : {"train", "val", "test"}, optional
        "val" by default: the test pictures are for the last run.
    view : None
        There is one.

    Returns
    -------
    Found
        Pictures (481 x 321 or 321 x 481 pixels) with 4 to 9 truths each, labels from 1, nothing void.

    Raises
    ------
    ImageError
        `root` has not this layout.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation", IEEE TPAMI
    33(5), 2011.
    """
    split = split or "val"
    base = _base_500(root)
    folders = base / "images" / split, base / "groundTruth" / split
    missing = [f"the folder {within(root, folder)} is not there" for folder in folders if not folder.is_dir()]
    pictures, truths = files_ending(folders[0], *_PICTURES), files_ending(folders[1], ".mat")
    if not missing:
        missing = unpaired(root, pictures, truths, folders[1], ".mat")
        if not pictures and not truths:
            missing.append(f"{within(root, folders[0])} and {within(root, folders[1])} are empty")
    samples = tuple(
        Sample(name, "classes", partial(read_picture, path), partial(_read_mat_truths, truths[name]), path)
        for name, path in pictures.items()
        if name in truths
    )
    return Found(samples, tuple(missing))


def find_splits(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The splits of BSDS500 of which a folder of pictures or of truths is there."""
    base = _base_500(root)
    return tuple(split for split in SPLITS_500 if any((base / half / split).is_dir() for half in _HALVES_500))


_HALVES_500 = ("images", "groundTruth")


def _base_500(root: Path) -> Path:
    return pick_root(root, _HALVES_500, ("data", "BSDS500/data", "BSR/BSDS500/data"))


def read_boundaries(path: str | Path) -> tuple[NDArray[np.bool_], ...]:
    """The boundary maps of a truth file of BSDS500, as they were drawn: what the boundary benchmark compares with.

    Parameters
    ----------
    path : str or Path
        A file ``groundTruth/SPLIT/ID.mat``.

    Returns
    -------
    tuple of (H, W) bool arrays
        One an annotator, in the order of the truths; True on a boundary.

    Raises
    ------
    ImageError
        The file cannot be read, or is no truth of BSDS500.
    """
    return tuple(np.ascontiguousarray(found != 0) for found in _annotators(Path(path), "Boundaries"))


def read_truths(path: str | Path) -> tuple[NDArray[np.int32], ...]:
    """The label maps of a truth file of BSDS500, one an annotator; parameters and errors as for `read_boundaries`."""
    return _read_mat_truths(Path(path)).maps


def _read_mat_truths(path: Path) -> Truths:
    return Truths(
        tuple(np.ascontiguousarray(found, dtype=np.int32) for found in _annotators(path, "Segmentation")), void=None
    )


def _annotators(path: Path, field: str) -> list[NDArray[Any]]:
    """One field of every annotator: the file holds a cell array ``groundTruth`` of 1 x 1 structures."""
    from classicseg.io.mat import read_mat

    cells = np.asarray(read_mat(path, "groundTruth"), dtype=object).ravel()
    try:
        found = [np.asarray(cell[field][0, 0]) for cell in cells]
    except (TypeError, ValueError, IndexError, KeyError):
        found = []
    if not found or any(each.ndim != 2 or each.dtype.kind not in "uibf" for each in found):
        raise ImageError(
            f"{path} is no truth of BSDS500: groundTruth is to be a cell array of structures with a matrix {field}. "
            "Get the file anew."
        )
    return found


# ---- BSDS300 ----


def read_300(root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """BSDS300 as its publisher ships it: ``images/SPLIT/ID.jpg``, ``human/VIEW/UID/ID.seg`` and ``iids_SPLIT.txt``.

    Parameters
    ----------
    root : Path
        The folder ``BSDS300``, into which both archives (pictures, human segmentations) unpack, or the one above it.
    split : {"train", "test"}, optional
        "test" by default: there is no "val".
    view : {"color", "gray"}, optional
        Which truths: of people who saw the colour picture (the default, since methods see it too) or the grey one.

    Returns
    -------
    Found
        The pictures of the list, each with the truths of all people (UID) who segmented it, in the order of the UIDs.

    Raises
    ------
    ImageError
        `root` has not this layout.

    References
    ----------
    D. Martin, C. Fowlkes, D. Tal and J. Malik, "A database of human segmented natural images", ICCV 2001.
    """
    split, view = split or "test", view or "color"
    base = _base_300(root)
    listed = base / f"iids_{split}.txt"
    if not listed.is_file():
        return Found((), (f"the list {within(root, listed)} is not there",))
    names = list(dict.fromkeys(read_lines(listed)))
    folder, human = base / "images" / split, base / "human" / view
    pictures, truths = files_ending(folder, *_PICTURES), _segmentations(human)
    missing = [] if names else [f"the list {within(root, listed)} is empty"]
    if not human.is_dir():
        missing.append(f"the folder {within(root, human)} is not there")
    for name in names:
        if name not in pictures:
            missing.append(f"{within(root, folder / name)}.jpg, named by {listed.name}, is not there")
        if name not in truths and human.is_dir():
            missing.append(f"{within(root, human)} has no {name}.seg, a truth of the picture {name}")
    samples = tuple(
        Sample(
            name,
            "classes",
            partial(read_picture, pictures[name]),
            partial(_read_seg_truths, tuple(truths[name])),
            pictures[name],
        )
        for name in names
        if name in pictures and name in truths
    )
    return Found(samples, tuple(missing))


def find_splits_300(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The splits of BSDS300 of which a list or a folder of pictures is there."""
    base = _base_300(root)
    return tuple(
        split for split in SPLITS_300 if (base / f"iids_{split}.txt").is_file() or (base / "images" / split).is_dir()
    )


def _base_300(root: Path) -> Path:
    return pick_root(root, ("images", "human"), ("BSDS300",))


def _segmentations(human: Path) -> dict[str, list[Path]]:
    """The .seg files of each picture, in the order of the people's numbers."""
    found: dict[str, list[Path]] = {}
    if human.is_dir():
        people = sorted((path for path in human.iterdir() if path.is_dir()), key=lambda path: natural_order(path.name))
        for person in people:
            for name, path in files_ending(person, ".seg").items():
                found.setdefault(name, []).append(path)
    return found


def _read_seg_truths(paths: tuple[Path, ...]) -> Truths:
    return Truths(tuple(read_seg(path) for path in paths))


def read_seg(path: str | Path) -> NDArray[np.int32]:
    """A label map in the text format of BSDS300.

    The file has a header with the lines ``width``, ``height`` and ``segments`` (others are optional), a line ``data``,
    and then a line ``segment row first last`` for each run of columns, all counted from 0. Runs may come in any order;
    together they name each pixel exactly once.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    (H, W) int32 array
        The number of the segment plus 1, so that labels begin at 1 as in BSDS500.

    Raises
    ------
    ImageError
        The file cannot be read, is not "ascii cr", or its runs do not name each pixel once. Also where the picture was
        shown upside down (``flipflop 1``, not among the published truths): the format does not say whether rows are
        then those of the file.

    References
    ----------
    D. Martin, "Segmentation file format", 2001.
    """
    path = Path(path)
    lines = read_lines(path)
    header = _seg_header(path, lines)
    try:
        width, height, segments = (int(header[key]) for key in ("width", "height", "segments"))
        runs = np.array(" ".join(lines[lines.index("data") + 1 :]).split(), dtype=np.int64).reshape(-1, 4)
    except (KeyError, ValueError):
        raise _damaged(path, "width, height, segments and lines of four integers are looked for") from None
    if header.get("format", "ascii cr").split() != ["ascii", "cr"] or header.get("flipflop", "0") != "0":
        raise _damaged(path, "only the format 'ascii cr' with flipflop 0 is read")
    return _from_runs(path, runs, (height, width), segments)


def _seg_header(path: Path, lines: list[str]) -> dict[str, str]:
    if "data" not in lines:
        raise _damaged(path, "it has no line 'data'")
    plain = [line.partition("#")[0].strip() for line in lines[: lines.index("data")]]
    return {line.split()[0]: " ".join(line.split()[1:]) for line in plain if line}


def _from_runs(path: Path, runs: NDArray[np.int64], shape: tuple[int, int], segments: int) -> NDArray[np.int32]:
    height, width = shape
    segment, row, first, last = runs[np.lexsort((runs[:, 2], runs[:, 1]))].T
    inside = (row >= 0) & (row < height) & (first >= 0) & (first <= last) & (last < width)
    starts, ends = row * width + first, row * width + last + 1
    # in raster order each run has to begin where the one before it ended: then each pixel is named exactly once
    whole = bool(inside.all()) and np.array_equal(np.append(0, ends), np.append(starts, height * width))
    if not whole or not ((segment >= 0) & (segment < segments)).all():
        raise _damaged(
            path, f"its runs are to name each of {height} x {width} pixels once, segments 0 to {segments - 1}"
        )
    return np.repeat(segment + 1, ends - starts).reshape(shape).astype(np.int32)


def _damaged(path: Path, why: str) -> ImageError:
    return ImageError(f"{path} is no segmentation of BSDS300, or a damaged one: {why}. Get the file anew.")
