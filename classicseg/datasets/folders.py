"""Data sets that are two folders: pictures in one, a truth of the same name for each in the other."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from classicseg.datasets.base import DataSet, Found, Sample, Truths, oriented
from classicseg.datasets.layout import natural_order, some
from classicseg.errors import ImageError
from classicseg.image import DataRange
from classicseg.io.orientation import Orientation
from classicseg.io.read import SUFFIXES, is_lossy, read_bytes, read_labels, read_picture
from classicseg.metrics.kinds import TruthKind, check_kind

IMAGE_FOLDERS = ("images", "image")
TRUTH_FOLDERS = ("labels", "masks", "label")

_NAMED = 3  # in a message


def folder_root(root: str | Path, kind: TruthKind, *, data_range: DataRange | None = None) -> DataSet:
    """The folder pairs below one root: ``images`` or ``image``, and ``labels``, ``masks`` or ``label``.

    Parameters
    ----------
    root : str or Path
        A folder with exactly one folder of each list; upper and lower case are the same. Whatever else stands there is
        left alone.
    kind, data_range
        As for `folder_pairs`.

    Returns
    -------
    DataSet
        Named for the root.

    Raises
    ------
    ImageError
        The root is no folder, or a folder is missing or there are several; or as `folder_pairs`.
    ParameterError
        `kind` is not allowed.
    """
    root = Path(root)
    images, masks = _two_folders(root)
    return folder_pairs(images, masks, kind, name=root.resolve().name, data_range=data_range)


def folder_pairs(
    images: str | Path,
    masks: str | Path,
    kind: TruthKind,
    *,
    name: str | None = None,
    data_range: DataRange | None = None,
    orientation: Orientation = "apply",
) -> DataSet:
    """Pictures of one folder with the truths of another, matched by stem (the file's name without its last suffix).

    Parameters
    ----------
    images, masks : str or Path
        The folders. Files with the suffixes `SUFFIXES` count, whatever their case; others, hidden files and folders
        inside are left alone. Stems are matched with their case.
    kind : {"binary", "classes", "instances"}
        What the values of the truths mean. Binary truths become 0 and 1: a value above 0 is foreground; in JPEG and
        lossy WebP files, whose compression leaves no value as it was, one above 127 (the mean of the channels).
    name : str, optional
        The name of the data set; by default that of the folder of pictures.
    data_range : (low, high) or "image", optional
        The values of the pictures that mean black and white.
    orientation : {"apply", "ignore"}
        Turn pictures and truths as their own files say, or read them as they are stored.

    Returns
    -------
    DataSet
        In natural order: ``2`` comes before ``10``. Files are found now and read later; `Sample.read` then checks that
        picture and truth have one size.

    Raises
    ------
    ImageError
        A folder is missing, both are the same, a folder has two files of one stem, or a picture has no truth or a truth
        no picture.
    ParameterError
        `kind` is not allowed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for part in ("images", "masks"):
    ...         (Path(folder) / part).mkdir()
    ...         np.save(Path(folder) / part / "a.npy", np.eye(4, dtype=np.uint8))
    ...     data = folder_pairs(Path(folder) / "images", Path(folder) / "masks", "binary")
    ...     [(sample.name, int(sample.read_truths()[0].sum())) for sample in data]
    [('a', 4)]
    """
    check_kind(kind)
    images, masks = Path(images), Path(masks)
    pictures, truths = _by_stem(images, "pictures"), _by_stem(masks, "truths")
    if images.samefile(masks):
        raise ImageError(f"pictures and truths are both looked for in {images}. Give two folders.")
    _require_pairs(images, pictures, masks, truths)
    samples = oriented(_samples(pictures, truths, kind), orientation)
    return DataSet(images.resolve().name if name is None else name, samples, data_range)


def read_instance_maps(root: str | Path, *, split: str | None = None, view: str | None = None) -> Found:
    """Pictures with one label map each, such as 16-bit TIFFs: every number is an object, 0 is background.

    Parameters
    ----------
    root : str or Path
        As for `folder_root`.
    split : None
        There is none.
    view : {"instances", "binary"}, optional
        Objects, by default; or what is object at all, as foreground.

    Returns
    -------
    Found
        Objects keep their numbers.

    Raises
    ------
    ImageError
        The root has not that layout, a folder has two files of one stem, or both are empty.
    """
    kind: TruthKind = "binary" if view == "binary" else "instances"
    images, masks = _two_folders(Path(root))
    pictures, truths = _by_stem(images, "pictures"), _by_stem(masks, "truths")
    _require_any(images, pictures, masks, truths)
    lines = [
        f"picture {images.name}/{pictures[stem].name} has no truth: {masks.name} has no file of the name {stem}"
        for stem in sorted(pictures.keys() - truths.keys(), key=natural_order)
    ]
    lines += [
        f"truth {masks.name}/{truths[stem].name} has no picture: {images.name} has no file of the name {stem}"
        for stem in sorted(truths.keys() - pictures.keys(), key=natural_order)
    ]
    return Found(_samples(pictures, truths, kind), tuple(lines))


def _samples(pictures: dict[str, Path], truths: dict[str, Path], kind: TruthKind) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            name=stem,
            kind=kind,
            image_loader=partial(read_picture, pictures[stem]),
            truth_loader=partial(read_truth, truths[stem], kind),
            path=pictures[stem],
        )
        for stem in sorted(pictures.keys() & truths.keys(), key=natural_order)
    )


def _two_folders(root: Path) -> tuple[Path, Path]:
    _require_folder(root, "the data set")
    folders = sorted(path.name for path in root.iterdir() if path.is_dir())
    return _only_one(root, folders, IMAGE_FOLDERS, "pictures"), _only_one(root, folders, TRUTH_FOLDERS, "truths")


def read_truth(path: Path, kind: TruthKind) -> Truths:
    """The truth in a file. A binary one is what lies above 0; above 127 where compression is lossy and smears it."""
    if kind == "binary" and is_lossy(read_bytes(path)):
        grey = np.atleast_3d(read_picture(path).array).mean(axis=2)
        return Truths(((grey > 127).astype(np.int32),))
    labels = read_labels(path)
    return Truths(((labels > 0).astype(np.int32) if kind == "binary" else labels,))


def _require_folder(folder: Path, what: str) -> None:
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise ImageError(f"{what}: {folder} {state}; a folder is wanted. Check the path.")


def _only_one(root: Path, folders: list[str], wanted: tuple[str, ...], what: str) -> Path:
    found = [name for name in folders if name.lower() in wanted]
    if len(found) != 1:
        state = f"has {' and '.join(found)}" if found else "has none of them"
        there = ", ".join(folders) or "no folder"
        raise ImageError(
            f"{root} should have one folder of {what}, named {' or '.join(wanted)}, and {state} (there: {there}). "
            "Name the folders of pictures and of truths one by one, or tidy the root."
        )
    return root / found[0]


def _by_stem(folder: Path, what: str) -> dict[str, Path]:
    _require_folder(folder, what)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        if path.stem in found:
            raise ImageError(
                f"{folder} has two files of one stem, {found[path.stem].name} and {path.name}; "
                "files are matched by it. Take one away."
            )
        found[path.stem] = path
    return found


def _require_any(images: Path, pictures: dict[str, Path], masks: Path, truths: dict[str, Path]) -> None:
    if not pictures and not truths:
        raise ImageError(f"{images} and {masks} hold no picture file ({', '.join(SUFFIXES)}). Check the paths.")


def _require_pairs(images: Path, pictures: dict[str, Path], masks: Path, truths: dict[str, Path]) -> None:
    _require_any(images, pictures, masks, truths)
    missing = []
    if lone := sorted(pictures.keys() - truths.keys(), key=natural_order):
        missing.append(f"{len(lone)} of {len(pictures)} pictures in {images} have no truth ({some(lone, _NAMED)})")
    if lone := sorted(truths.keys() - pictures.keys(), key=natural_order):
        missing.append(f"{len(lone)} of {len(truths)} truths in {masks} have no picture ({some(lone, _NAMED)})")
    if missing:
        raise ImageError(
            f"{'; '.join(missing)}. Picture and truth need the same name up to the suffix, upper and lower case too. "
            "Rename the files, or take those without a partner out."
        )
