"""COCO and data sets that copy its JSON: objects as polygons or run lengths, crowds, and panoptic PNG files.

The JSON file is read once, when the data set is opened; each sample keeps the annotations of its own picture only.
`coco_masks` turns them into masks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.base import Found, Sample, Truths
from classicseg.datasets.coco_masks import Annotation, mask_of, pack, too_short
from classicseg.datasets.layout import files_ending, path_below, pick_root, within
from classicseg.errors import ImageError
from classicseg.io.orientation import UPRIGHT
from classicseg.io.read import Picture, read_picture
from classicseg.memory import require_memory
from classicseg.metrics.kinds import TruthKind

SPLITS = ("train2017", "val2017")
VIEWS = ("instances", "semantic", "panoptic")

_LISTS = {"instances": "instances_", "semantic": "instances_", "panoptic": "panoptic_"}
_BACKGROUND = 0
_LARGEST_CATEGORY = 2**31 - 1  # a label
_BYTES_A_PIXEL = 10  # the number on top, what is crowd, and one mask


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
        void, but for what objects cover of them. A picture with a camera's orientation is turned or not as the height
        and width in the list fit it. Pictures without annotations are kept: all background. Polygons are
        filled by pycocotools, as COCO itself fills them: the extra ``classicseg[coco]``.

    Raises
    ------
    ImageError
        `root` has not this layout; a JSON file is damaged, gives two pictures one id, or names a file outside the
        folder; or in the view "semantic" a category has an id below 1.

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
    remarks: tuple[str, ...] = ()
    try:
        classes = {int(each["id"]): str(each["name"]) for each in content.get("categories", ())}
        if view == "semantic":
            classes = _with_background(listed, classes)
        if view == "panoptic":
            samples, missing = _panoptic(root, base, split, content)
        else:
            samples, missing, remarks = _instances(root, base, split, content, view)
    except ImageError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:  # the last: numbers like 1e999
        raise ImageError(
            f"{listed} is no list of COCO, or a damaged one: {type(error).__name__}: {error}. Get the file anew."
        ) from error
    if not samples and not missing:
        missing = [f"the list {within(root, listed)} names no picture"]
    return Found(tuple(samples), tuple(missing), classes=classes, remarks=remarks)


def find_splits(root: Path, *, view: str | None = None) -> tuple[str, ...]:
    """The splits of which the pictures' folder and the view's list are there; where none is, those with a list.

    The publisher's archive of annotations brings the lists of all splits, also for one whose pictures were left out.
    """
    base = pick_root(root, ("annotations",))
    prefix = _LISTS[view or "instances"]
    names = files_ending(base / "annotations", ".json")
    listed = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    whole = [split for split in listed if _folder(base, split).is_dir()]
    return tuple(whole or listed)


def _with_background(listed: Path, classes: Mapping[int, str]) -> dict[int, str]:
    """The classes of the semantic view; what is annotated is numbered above the background."""
    for number, name in classes.items():
        if number <= _BACKGROUND:
            what = "is the background" if number == _BACKGROUND else "lies below the background, 0,"
            raise ImageError(
                f"{listed}: the category {name!r} has the id {number}, which {what} of the view 'semantic'. Number the "
                "categories from 1, or take the view 'instances'."
            )
    return {_BACKGROUND: "background", **classes}


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes(), object_hook=pack)
    except (OSError, ValueError, RecursionError) as error:
        raise ImageError(f"{path} cannot be read as JSON: {error}. Get the file anew.") from error
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise ImageError(f"{path} is no list of COCO: it has no list 'images'. Check that it is the right file.")
    return content


def _folder(base: Path, split: str) -> Path:
    """Where the pictures of a split lie."""
    places = [base / split, base / "images" / split]
    return next((place for place in places if place.is_dir()), places[0])


def _pictures(
    root: Path, base: Path, split: str, images: Iterable[Mapping[str, Any]]
) -> tuple[dict[Any, tuple[str, Path, tuple[int, int]]], list[str]]:
    """Name, file and size of each picture by its id in the list, and which of them are not there."""
    folder = _folder(base, split)
    if not folder.is_dir():
        return {}, [f"the folder {within(root, folder)} is not there"]
    found, missing = {}, []
    files: dict[Any, str] = {}
    for image in images:
        path = path_below(folder, image["file_name"], f"the list of {split}")
        file = path.relative_to(folder).as_posix()
        if files.setdefault(image["id"], file) != file:
            raise ImageError(
                f"the list of {split} gives one id, {image['id']}, to the pictures {files[image['id']]} and {file}. "
                "Number the pictures anew."
            )
        if path.is_file():
            name = PurePosixPath(file).with_suffix("").as_posix()
            found[image["id"]] = name, path, _size(image)
        else:
            missing.append(f"{within(root, path)}, a picture that the list names, is not there")
    return found, missing


def _size(image: Mapping[str, Any]) -> tuple[int, int]:
    height, width = int(image["height"]), int(image["width"])
    if min(height, width) < 1:
        raise ImageError(
            f"the list gives the picture {image['file_name']} {height} x {width} pixels (height x width). Mend it."
        )
    return height, width


def _read_as_declared(path: Path, size: tuple[int, int]) -> Picture:
    """The picture as the list means it: its height and width tell whether it was annotated upright or as it is stored.

    Where they fit the picture as it is stored, and not as its camera wants it turned, it stays as it is stored; an
    orientation that does not swap them is applied.
    """
    picture = read_picture(path)
    height, width = picture.array.shape[:2]
    if picture.orientation != UPRIGHT and (height, width) != size and (width, height) == size:
        return read_picture(path, orientation="ignore")
    return picture


# ---- objects ----


def _instances(
    root: Path, base: Path, split: str, content: Mapping[str, Any], view: str
) -> tuple[list[Sample], list[str], tuple[str, ...]]:
    """The samples, what is missing, and what is odd."""
    pictures, missing = _pictures(root, base, split, content["images"])
    known = {image["id"] for image in content["images"]}
    annotations: dict[Any, list[Annotation]] = {}
    bare, stray, short = [], [], []
    for each in content.get("annotations", ()):
        made = _annotation(each, view)
        if each["image_id"] not in known:
            stray.append(made.name)
        if not made.segmentation:
            bare.append(made.name)
            continue
        if too_short(made.segmentation):
            short.append(made.name)
        annotations.setdefault(each["image_id"], []).append(made)
    for names, what in ((bare, "a segmentation"), (stray, "a picture in the list")):
        if names:
            missing.append(f"annotations without {what}: {len(names)} (the first is {names[0]})")
    kind: TruthKind = "instances" if view == "instances" else "classes"
    samples = []
    for number, (name, path, size) in pictures.items():
        load = partial(_READ[view], name, tuple(annotations.get(number, ())), size)
        samples.append(Sample(name, kind, partial(_read_as_declared, path, size), load, path))
    remarks = (
        [
            f"annotations with polygons of fewer than three corners, which enclose nothing: {len(short)} (the first "
            f"is {short[0]})"
        ]
        if short
        else []
    )
    return samples, missing, tuple(remarks)


def _annotation(each: Mapping[str, Any], view: str) -> Annotation:
    name, category = str(each["id"]), int(each["category_id"])
    if category > _LARGEST_CATEGORY:
        raise ImageError(
            f"the annotation {name} has the category {category}; up to {_LARGEST_CATEGORY} (int32) is allowed. Number "
            "the categories from 1."
        )
    if view == "semantic" and category <= _BACKGROUND:
        raise ImageError(
            f"the annotation {name} has the category {category}; in the view 'semantic' categories are numbered from "
            "1, and 0 is the background. Number them from 1, or take the view 'instances'."
        )
    return Annotation(name, category, bool(each.get("iscrowd", 0)), each.get("segmentation"))


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
    require_memory(
        size[0] * size[1] * _BYTES_A_PIXEL, f"the truth of {name}, {size[0]} x {size[1]} pixels,", "Mend the list."
    )
    objects, crowd = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
    masks = []
    for number, each in enumerate(annotations, start=1):
        mask = mask_of(name, each, size)
        if each.crowd:
            crowd |= mask
        else:
            masks.append((number, mask))
    for number, mask in sorted(masks, key=lambda pair: -np.count_nonzero(pair[1])):  # stable: the later lies on top
        objects[mask] = number
    void = crowd & (objects == 0)
    return objects, void if void.any() else None


# ---- panoptic ----


def _panoptic(root: Path, base: Path, split: str, content: Mapping[str, Any]) -> tuple[list[Sample], list[str]]:
    pictures, missing = _pictures(root, base, split, content["images"])
    places = [base / "annotations" / f"panoptic_{split}", base / f"panoptic_{split}"]
    folder = next((place for place in places if place.is_dir()), places[0])
    if not folder.is_dir():
        return [], [*missing, f"the folder {within(root, folder)} is not there"]
    annotations: dict[Any, Mapping[str, Any]] = {}
    for each in content.get("annotations", ()):
        if annotations.setdefault(each["image_id"], each) is not each:
            raise ImageError(
                f"the list panoptic_{split} has two annotations of the picture with the id {each['image_id']}. Mend it."
            )
    samples = []
    for number, (name, path, size) in pictures.items():
        if number not in annotations:
            missing.append(f"the list has no panoptic annotation of {within(root, path)}")
            continue
        truth = path_below(folder, annotations[number]["file_name"], f"the list panoptic_{split}")
        if not truth.is_file():
            missing.append(f"{within(root, truth)}, a truth that the list names, is not there")
            continue
        segments = tuple(
            (int(each["id"]), int(each["category_id"]), bool(each.get("iscrowd", 0)))
            for each in annotations[number]["segments_info"]
        )
        samples.append(
            Sample(
                name,
                "instances",
                partial(_read_as_declared, path, size),
                partial(_read_panoptic, truth, segments),
                path,
            )
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
