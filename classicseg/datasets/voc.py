"""Pascal VOC, and data sets that copy its layout: palette PNG truths, 255 void, split lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.layout import files_ending, pick_root, read_lines, within
from classicseg.errors import ImageError
from classicseg.io.read import SUFFIXES, read_labels, read_picture
from classicseg.metrics.kinds import TruthKind

SPLITS = ("train", "val", "trainval")
VIEWS = ("classes", "instances")
VOID = 255

_NAMES = (
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor"
)
CLASSES = MappingProxyType(dict(enumerate(_NAMES.split())))

_MEMBERS = ("JPEGImages", "SegmentationClass", "ImageSets")


def read(root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """Pascal VOC: the pictures that ``ImageSets/Segmentation/SPLIT.txt`` names.

    Parameters
    ----------
    root : Path
        ``VOC2012`` (with JPEGImages, SegmentationClass, ImageSets), or ``VOCdevkit`` or the folder above it where that
        holds one year only.
    split : str, optional
        The name of a list; "val" by default.
    view : {"classes", "instances"}, optional
        "classes" (the default): the values of ``SegmentationClass``, 0 background and 1 to 20 the classes.
        "instances": the objects of ``SegmentationObject``, 0 background; the category of an object is the value that
        most of its pixels have in ``SegmentationClass``.

    Returns
    -------
    Found
        255, the border around objects and what was not labelled, is void in both views. Of a palette PNG the indices
        count, not the colours. In the view "instances" void pixels carry the label 0, so that no object is called 255.

    Raises
    ------
    ImageError
        `root` has not this layout.

    References
    ----------
    M. Everingham et al., "The Pascal visual object classes challenge: a retrospective", IJCV 111(1), 2015.
    """
    split, view = split or "val", view or "classes"
    base = _base(root)
    listed = base / "ImageSets" / "Segmentation" / f"{split}.txt"
    if not listed.is_file():
        return Found((), (f"the list {within(root, listed)} is not there",), classes=dict(CLASSES))
    names = list(dict.fromkeys(line.split()[0] for line in read_lines(listed)))
    missing = [] if names else [f"the list {within(root, listed)} is empty"]
    pictures = files_ending(base / "JPEGImages", *SUFFIXES[1:3], *SUFFIXES)
    names = list(dict.fromkeys(_without_suffix(name) if name not in pictures else name for name in names))
    folders = [base / "SegmentationClass", base / "SegmentationObject"][: 2 if view == "instances" else 1]
    truths = [files_ending(folder, ".png") for folder in folders]
    kind: TruthKind = "instances" if view == "instances" else "classes"
    samples = []
    for name in names:
        if name not in pictures:
            missing.append(f"{within(root, base / 'JPEGImages' / name)}.jpg, named by {listed.name}, is not there")
        for folder, found in zip(folders, truths, strict=True):
            if name not in found:
                missing.append(f"{within(root, folder / name)}.png, a truth named by {listed.name}, is not there")
        if name in pictures and all(name in found for found in truths):
            load = partial(_READ[view], *(found[name] for found in truths))
            samples.append(Sample(name, kind, partial(read_picture, pictures[name]), load, pictures[name]))
    return Found(tuple(samples), tuple(missing), classes=dict(CLASSES))


def find_splits(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The splits for which there is a list."""
    return tuple(files_ending(_base(root) / "ImageSets" / "Segmentation", ".txt"))


def _without_suffix(name: str) -> str:
    """The name in a list, some of which name files."""
    return name[: name.rindex(".")] if name.lower().endswith(SUFFIXES) else name


def _base(root: Path) -> Path:
    years = [place for pattern in ("VOC*", "VOCdevkit/VOC*") for place in root.glob(pattern)]
    years = sorted(place.relative_to(root) for place in years if (place / _MEMBERS[0]).is_dir())
    if len(years) > 1 and not any((root / member).exists() for member in _MEMBERS):
        named = ", ".join(place.as_posix() for place in years)
        raise ImageError(f"{root} holds several years: {named}. Give the folder of one of them.")
    return pick_root(root, _MEMBERS, years if len(years) == 1 else ())


def _read_classes(path: Path) -> Truths:
    labels = read_labels(path)
    void = labels == VOID
    return Truths((labels,), void if void.any() else None)


def _read_instances(class_path: Path, object_path: Path) -> Truths:
    classes, objects = read_labels(class_path), read_labels(object_path)
    void = objects == VOID
    objects[void] = 0
    if classes.shape != objects.shape:  # `Sample.read` tells which of them disagrees with the picture
        return Truths((objects, classes), void)
    categories = {}
    for label in np.unique(objects[objects > 0]).tolist():
        categories[label] = int(np.bincount(classes[objects == label]).argmax())
    return Truths((objects,), void if void.any() else None, (categories,))


_READ: dict[str, Callable[..., Truths]] = {"classes": _read_classes, "instances": _read_instances}
