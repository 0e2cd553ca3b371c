"""Cityscapes, fine annotations: labelIds, trainIds and instances, with the void of the official evaluation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.layout import files_ending, pick_root, unpaired, within
from classicseg.io.read import read_labels, read_picture
from classicseg.metrics.kinds import TruthKind

SPLITS = ("train", "val", "test")
VIEWS = ("labelIds", "trainIds", "instances")

# The official table: the names of the ids 0, 1, 2, ..., and which of them the evaluation ignores. The others are the
# train ids 0, 1, 2, ... in their order. (A license plate has the id -1, which no file can hold.)
_NAMES = (
    *("unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground"),
    *("road", "sidewalk", "parking", "rail track"),
    *("building", "wall", "fence", "guard rail", "bridge", "tunnel"),
    *("pole", "polegroup", "traffic light", "traffic sign"),
    *("vegetation", "terrain", "sky"),
    *("person", "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle", "bicycle"),
)
IGNORED = (0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30)
COUNTED = tuple(label for label in range(len(_NAMES)) if label not in IGNORED)
TRAIN_VOID = 255
CLASSES = MappingProxyType(dict(enumerate(_NAMES)))
TRAIN_CLASSES = MappingProxyType({train_id: _NAMES[label] for train_id, label in enumerate(COUNTED)})

_FIRST_OBJECT = 1000  # in an instanceIds file: class * 1000 + number; below, the class of what is no single object
_FIRST_WITH_OBJECTS = 24
_PICTURE = "_leftImg8bit.png"
_HALVES = ("leftImg8bit", "gtFine")


def read(root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """Cityscapes, fine annotations: ``leftImg8bit/SPLIT/CITY/*.png`` with ``gtFine/SPLIT/CITY/*_gtFine_*.png``.

    Parameters
    ----------
    root : Path
        The folder into which both archives unpack, with ``leftImg8bit`` and ``gtFine``.
    split : {"train", "val", "test"}, optional
        "val" by default. The truths of "test" are not public; the files shipped for it are void throughout.
    view : {"labelIds", "trainIds", "instances"}, optional
        "labelIds" (the default): the ids 0 to 33 of ``*_labelIds.png``; void are those that the official evaluation
        ignores (`IGNORED`). "trainIds": 0 to 18 and 255, which is void; from ``*_labelTrainIds.png``, or, since the
        publisher does not ship those, from the labelIds by the official table. "instances": the objects of
        ``*_instanceIds.png`` (values from 1000; class = value // 1000), renumbered 1, 2, ... by rising value. There
        void are the ignored ids, objects of ignored classes (caravan, trailer), and groups of objects that were not
        told apart (ids 24 to 33 below 1000); everything else, road and sky too, is background.

    Returns
    -------
    Found
        Samples named CITY_SEQUENCE_FRAME.

    Raises
    ------
    ImageError
        `root` has not this layout.

    References
    ----------
    M. Cordts et al., "The Cityscapes dataset for semantic urban scene understanding", CVPR 2016.
    """
    split, view = split or "val", view or "labelIds"
    base = pick_root(root, _HALVES)
    folders = [base / half / split for half in _HALVES]
    classes = dict(TRAIN_CLASSES if view == "trainIds" else CLASSES)
    missing = [f"the folder {within(root, folder)} is not there" for folder in folders if not folder.is_dir()]
    if missing:
        return Found((), tuple(missing), classes=classes)
    samples: list[Sample] = []
    for city in _cities(folders):
        _read_city(root, folders[0] / city, folders[1] / city, view, samples, missing)
    if not samples and not missing:
        missing.append(f"{within(root, folders[0])} holds no folder of a city with pictures *{_PICTURE}")
    return Found(tuple(samples), tuple(missing), classes=classes)


def find_splits(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The splits of which a folder of pictures or of truths is there."""
    base = pick_root(root, _HALVES)
    return tuple(split for split in SPLITS if any((base / half / split).is_dir() for half in _HALVES))


def _cities(folders: list[Path]) -> list[str]:
    found = {path.name for folder in folders for path in folder.iterdir() if path.is_dir()}
    return sorted(name for name in found if not name.startswith("."))


def _read_city(
    root: Path, pictures_in: Path, truths_in: Path, view: str, samples: list[Sample], missing: list[str]
) -> None:
    """Add the samples of one city, and what it lacks."""
    pictures = files_ending(pictures_in, _PICTURE)
    truths: dict[str, partial[Truths]] = {}
    paths: dict[str, Path] = {}
    for ending, load in reversed(_WAYS[view]):  # so that the first way wins
        for name, path in files_ending(truths_in, ending).items():
            truths[name], paths[name] = partial(load, path), path
    missing += unpaired(root, pictures, paths, truths_in, _WAYS[view][-1][0])
    kind: TruthKind = "instances" if view == "instances" else "classes"
    for name, path in pictures.items():
        if name in truths:
            samples.append(Sample(name, kind, partial(read_picture, path), truths[name], path))


def _read_label_ids(path: Path) -> Truths:
    labels = read_labels(path)
    return _truths(labels, np.isin(labels, IGNORED))


def _read_train_ids(path: Path) -> Truths:
    labels = read_labels(path)
    return _truths(labels, labels == TRAIN_VOID)


def _compute_train_ids(path: Path) -> Truths:
    labels = read_labels(path)
    train_ids = np.full(labels.shape, TRAIN_VOID, dtype=np.int32)
    for train_id, label in enumerate(COUNTED):
        train_ids[labels == label] = train_id
    return _truths(train_ids, train_ids == TRAIN_VOID)


def _read_instances(path: Path) -> Truths:
    values = read_labels(path)
    classes = np.where(values >= _FIRST_OBJECT, values // _FIRST_OBJECT, values)
    groups = (values >= _FIRST_WITH_OBJECTS) & (values < _FIRST_OBJECT)
    void = np.isin(classes, IGNORED) | groups
    objects = np.unique(values[(values >= _FIRST_OBJECT) & ~void])
    found = np.searchsorted(objects, values) + 1
    labels = np.where((values >= _FIRST_OBJECT) & ~void, found, 0).astype(np.int32)
    categories = {number: int(value) // _FIRST_OBJECT for number, value in enumerate(objects, start=1)}
    return Truths((labels,), void if void.any() else None, (categories,))


def _truths(labels: NDArray[np.int32], void: NDArray[np.bool_]) -> Truths:
    return Truths((labels,), void if void.any() else None)


# For each view the endings of its truths, and how each is read; the first that is there is taken.
_WAYS: dict[str, tuple[tuple[str, Callable[[Path], Truths]], ...]] = {
    "labelIds": (("_gtFine_labelIds.png", _read_label_ids),),
    "trainIds": (("_gtFine_labelTrainIds.png", _read_train_ids), ("_gtFine_labelIds.png", _compute_train_ids)),
    "instances": (("_gtFine_instanceIds.png", _read_instances),),
}
