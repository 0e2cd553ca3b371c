"""COCO and data sets that copy its JSON: objects as polygons or run lengths, crowds, and panoptic PNG files.

The JSON file is read once, when the data set is opened; each sample keeps the annotations of its own picture only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.layout import files_ending, pick_root, within
from classicseg.errors import DependencyError, ImageError
from classicseg.io.read import read_picture
from classicseg.metrics.kinds import TruthKind

SPLITS = ("train2017", "val2017")
VIEWS = ("instances", "semantic", "panoptic")

_LISTS = {"instances": "instances_", "semantic": "instances_", "panoptic": "panoptic_"}
_BACKGROUND = 0


@dataclass(frozen=True, eq=False)
class Annotation:
    """One object of one picture.

    Attributes
    ----------
    name : str
        Its id in the file.
    category : int
    crowd : bool
        Whether it marks a group in which objects were not told apart.
    segmentation : list or dict
        As in the file: polygons [[x, y, x, y, ...], ...], or run lengths {"size": [H, W], "counts": ...}.
    """

    name: str
    category: int
    crowd: bool
    segmentation: Any


def read(root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """COCO: the pictures that ``annotations/instances_SPLIT.json`` (or ``panoptic_SPLIT.json``) names.

    Parameters
    ----------
    root : Path
        The folder with ``annotations`` and the folders of pictures, ``SPLIT`` or ``images/SPLIT``.
    split : str, optional
        What follows ``instances_`` in a file's name; "val2017" by default.
    view : {"instances", "semantic", "panoptic"}, optional
        "instances" (the default): each object is a label 1, 2, ... in the order of the file, 0 is background.
        "semantic": the value of a pixel is the id of its category, and 0 where nothing was annotated, which is a class
        of its own ("background") and counts. "panoptic": the segments of the PNG files, things and stuff alike, as
        labels 1, 2, ... in the order of the file; what belongs to none is void.

    Returns
    -------
    Found
        Where annotations overlap, the one with fewer pixels lies on top (of equal ones, the later in the file), since
        small objects lie in front of or within large ones; an object that is hidden completely has no label. Crowds are
        void, but for what objects cover of them. Pictures without annotations are kept: all background. Polygons are
        filled by pycocotools, as COCO itself fills them: the extra ``classicseg[coco]``.

    Raises
    ------
    ImageError
        `root` has not this layout, a JSON file is damaged, or a category has the id 0 in the view "semantic".

    References
    ----------
    T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV 2014; A. Kirillov et al., "Panoptic
    segmentation", CVPR 2019.
    """
    split, view = split or "val2017", view or "instances"
    base = pick_root(root, ("annotations",))
    listed = base / "annotations" / f"{_LISTS[view]}{split}.json"
    if not listed.is_file():
        return Found((), (f"the list {within(root, listed)} is not there",))
    content = _load(listed)
    try:
        classes = {int(each["id"]): str(each["name"]) for each in content.get("categories", ())}
        if view == "panoptic":
            found, missing = _panoptic(root, base, split, content)
        else:
            found, missing = _instances(root, base, split, content, view)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ImageError(
            f"{listed} is no list of COCO, or a damaged one: {type(error).__name__}: {error}. Get the file anew."
        ) from error
    if view == "semantic":
        if _BACKGROUND in classes:
            raise ImageError(
                f"{listed}: the category {classes[_BACKGROUND]!r} has the id 0, which is the background of the view "
                "'semantic'. Number the categories from 1, or take the view 'instances'."
            )
        classes = {_BACKGROUND: "background", **classes}
    if not found and not missing:
        missing = [f"the list {within(root, listed)} names no picture"]
    return Found(tuple(found), tuple(missing), classes=classes)


def find_splits(root: Path) -> tuple[str, ...]:
    """The splits for which there is a list of either sort."""
    names = files_ending(pick_root(root, ("annotations",)) / "annotations", ".json")
    prefixes = dict.fromkeys(_LISTS.values())
    return tuple(
        dict.fromkeys(name.removeprefix(begin) for begin in prefixes for name in names if name.startswith(begin))
    )


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read as JSON: {error}. Get the file anew.") from error
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise ImageError(f"{path} is no list of COCO: it has no list 'images'. Check that it is the right file.")
    return content


def _pictures(
    root: Path, base: Path, split: str, images: Iterable[Mapping[str, Any]]
) -> tuple[dict[Any, tuple[str, Path, tuple[int, int]]], list[str]]:
    """Name, file and size of each picture by its id in the list, and which of them are not there."""
    folders = [base / split, base / "images" / split]
    folder = next((place for place in folders if place.is_dir()), folders[0])
    if not folder.is_dir():
        return {}, [f"the folder {within(root, folder)} is not there"]
    found, missing = {}, []
    for image in images:
        path = folder / image["file_name"]
        if path.is_file():
            name = Path(image["file_name"]).with_suffix("").as_posix()
            found[image["id"]] = name, path, (int(image["height"]), int(image["width"]))
        else:
            missing.append(f"{within(root, path)}, a picture that the list names, is not there")
    return found, missing


# ---- objects ----


def _instances(
    root: Path, base: Path, split: str, content: Mapping[str, Any], view: str
) -> tuple[list[Sample], list[str]]:
    pictures, missing = _pictures(root, base, split, content["images"])
    known = {image["id"] for image in content["images"]}
    annotations: dict[Any, list[Annotation]] = {}
    bare, stray = [], []
    for each in content.get("annotations", ()):
        name, segmentation = str(each["id"]), each.get("segmentation")
        if each["image_id"] not in known:
            stray.append(name)
        if not segmentation:
            bare.append(name)
            continue
        annotation = Annotation(name, int(each["category_id"]), bool(each.get("iscrowd", 0)), segmentation)
        annotations.setdefault(each["image_id"], []).append(annotation)
    for names, what in ((bare, "a segmentation"), (stray, "a picture in the list")):
        if names:
            missing.append(f"annotations without {what}: {len(names)} (the first is {names[0]})")
    kind: TruthKind = "instances" if view == "instances" else "classes"
    samples = []
    for number, (name, path, size) in pictures.items():
        load = partial(_READ[view], name, tuple(annotations.get(number, ())), size)
        samples.append(Sample(name, kind, partial(read_picture, path), load, path))
    return samples, missing


def _read_instances(name: str, annotations: tuple[Annotation, ...], size: tuple[int, int]) -> Truths:
    layers, void = _layers(name, annotations, size)
    visible = np.unique(layers[layers > 0])
    labels = np.where(layers > 0, np.searchsorted(visible, layers) + 1, 0).astype(np.int32)
    categories = {label: annotations[number - 1].category for label, number in enumerate(visible.tolist(), start=1)}
    return Truths((labels,), void, (categories,))


def _read_semantic(name: str, annotations: tuple[Annotation, ...], size: tuple[int, int]) -> Truths:
    layers, void = _layers(name, annotations, size)
    categories = np.array([_BACKGROUND, *(each.category for each in annotations)], dtype=np.int32)
    return Truths((categories[layers],), void)


_READ = {"instances": _read_instances, "semantic": _read_semantic}


def _layers(
    name: str, annotations: tuple[Annotation, ...], size: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    """For each pixel the annotation on top, counted from 1, or 0; and the crowds that no object covers."""
    objects, crowd = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
    masks = []
    for number, each in enumerate(annotations, start=1):
        mask = _mask(name, each, size)
        if each.crowd:
            crowd |= mask
        else:
            masks.append((number, mask))
    for number, mask in sorted(masks, key=lambda pair: -np.count_nonzero(pair[1])):  # stable: the later lies on top
        objects[mask] = number
    void = crowd & (objects == 0)
    return objects, void if void.any() else None


def _mask(name: str, annotation: Annotation, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels of one annotation."""
    segmentation = annotation.segmentation
    where = f"{name}: the segmentation of annotation {annotation.name}"
    if isinstance(segmentation, list):
        return _from_polygons(where, segmentation, size)
    if not isinstance(segmentation, dict) or list(segmentation.get("size", ())) != list(size):
        raise ImageError(
            f"{where} is to be polygons, or run lengths of the picture's size, {list(size)} (height, width). "
            "Mend the list."
        )
    counts = segmentation.get("counts")
    return _from_runs(where, _unpacked(counts) if isinstance(counts, (str, bytes)) else counts, size)


def _from_runs(where: str, counts: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Lengths of runs of 0 and 1 in turn, beginning with 0, down the columns."""
    whole = isinstance(counts, list) and all(isinstance(count, int) and count >= 0 for count in counts)
    if not whole or sum(counts) != size[0] * size[1]:
        raise ImageError(f"{where} has runs that do not add up to {size[0]} x {size[1]} pixels. Mend the list.")
    values = np.arange(len(counts)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, counts).reshape(size, order="F"))


def _unpacked(text: str | bytes) -> list[int]:
    """The run lengths in COCO's compressed text.

    Each number is a row of characters, of whose codes less 48 the lowest five bits count, the least first; the sixth
    says that more follow, and the fifth of the last is the sign. From the fourth number on, what is written is the
    difference to the number two places before.
    """
    counts: list[int] = []
    number = shift = 0
    for character in text.encode() if isinstance(text, str) else text:
        code = character - 48
        number |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    return counts


def _from_polygons(where: str, polygons: list[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    try:
        from pycocotools import mask as coco
    except ImportError as error:
        raise DependencyError(
            f"polygons of COCO are filled by pycocotools, which cannot be loaded ({error}): "
            "pip install 'classicseg[coco]'"
        ) from error
    # fewer than three corners enclose nothing, and four numbers would be taken for a box
    usable = [polygon for polygon in polygons if isinstance(polygon, list) and len(polygon) >= 6]
    try:
        parts = coco.frPyObjects(usable, *size) if usable else []
    except Exception as error:  # numbers that are none
        raise ImageError(f"{where} cannot be read as polygons: {error}. Mend the list.") from error
    mask = np.zeros(size, dtype=bool)
    for part in parts:
        mask |= _from_runs(where, _unpacked(part["counts"]), size)
    return mask


# ---- panoptic ----


def _panoptic(root: Path, base: Path, split: str, content: Mapping[str, Any]) -> tuple[list[Sample], list[str]]:
    pictures, missing = _pictures(root, base, split, content["images"])
    places = [base / "annotations" / f"panoptic_{split}", base / f"panoptic_{split}"]
    folder = next((place for place in places if place.is_dir()), places[0])
    if not folder.is_dir():
        return [], [*missing, f"the folder {within(root, folder)} is not there"]
    annotations = {each["image_id"]: each for each in content.get("annotations", ())}
    samples = []
    for number, (name, path, _) in pictures.items():
        if number not in annotations:
            missing.append(f"the list has no panoptic annotation of {within(root, path)}")
            continue
        truth = folder / annotations[number]["file_name"]
        if not truth.is_file():
            missing.append(f"{within(root, truth)}, a truth that the list names, is not there")
            continue
        segments = tuple(
            (int(each["id"]), int(each["category_id"]), bool(each.get("iscrowd", 0)))
            for each in annotations[number]["segments_info"]
        )
        samples.append(
            Sample(name, "instances", partial(read_picture, path), partial(_read_panoptic, truth, segments), path)
        )
    return samples, missing


def _read_panoptic(path: Path, segments: tuple[tuple[int, int, bool], ...]) -> Truths:
    """The id of a segment is R + 256 G + 65536 B; 0 belongs to none."""
    colors = read_picture(path).array
    if colors.ndim != 3 or colors.shape[2] != 3 or colors.dtype != np.uint8:
        raise ImageError(f"{path} is no panoptic truth: an RGB picture of 8 bits is wanted. Get the file anew.")
    ids = colors.astype(np.int64) @ np.array([1, 256, 65536])
    unknown = np.setdiff1d(ids, [0, *(number for number, _, _ in segments)])
    if len(unknown):
        raise ImageError(
            f"{path} holds the segment {unknown[0]}, which the list does not describe. Get both files anew."
        )
    labels, void = np.zeros(ids.shape, dtype=np.int32), ids == 0
    categories: dict[int, int] = {}
    for number, category, crowd in segments:
        inside = ids == number
        if crowd:
            void |= inside
        elif inside.any():
            labels[inside] = len(categories) + 1
            categories[len(categories) + 1] = category
    return Truths((labels,), void if void.any() else None, (categories,))
