"""COCO's results JSON: objects with scores, painted into a label map."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classicseg.bench.label_files import assign
from classicseg.bench.predictions.forms import Form, Labels, hash_of_file
from classicseg.datasets.coco_masks import Annotation, load_pycocotools, mask_of, pack
from classicseg.errors import ImageError

if TYPE_CHECKING:
    from classicseg.datasets.base import LoadedSample


@dataclass(frozen=True, eq=False)
class Detection:
    """One object: its place in the file, its score, and its segmentation as `mask_of` takes it."""

    number: int
    score: float
    segmentation: Any


@dataclass(frozen=True, eq=False)
class Detections:
    """What a file holds.

    Attributes
    ----------
    names : mapping of str to str
        The names by which pictures may be called, and the id of each.
    listed : bool
        Whether the file says which pictures there are; where not, a picture without objects is one in which none was
        found.
    found : mapping of str to list of Detection
        The objects by the picture's id.
    """

    names: Mapping[str, str]
    listed: bool
    found: Mapping[str, list[Detection]]


@dataclass(frozen=True, eq=False)
class ScoredObjects(Form):
    """Objects with scores: those of a least score are painted, the better over the worse."""

    name: ClassVar[str] = "coco"
    scale: ClassVar[str] = "min_score"

    def facts(self, sample: str) -> Mapping[str, Any]:
        return {"file": hash_of_file(self.where), "picture": self.assigned.get(sample)}

    def open(self, sample: LoadedSample) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The object on top of each pixel, counted from 1 by rising score (0: none), and the scores, 0's first.

        Which object lies on top does not depend on the least score, since better ones lie over worse ones.
        """
        held = read_results_file(self.where)
        if sample.name not in self.assigned and held.listed:
            raise ImageError(f"no prediction for {sample.name} in {self.where}: it is not among the file's images.")
        objects = held.found.get(self.assigned.get(sample.name, ""), [])
        size = sample.image.array.shape[:2]
        layers, scores = np.zeros(size, dtype=np.int64), [-np.inf]
        for each in sorted(objects, key=lambda each: each.score):  # stable: of equal scores the later lies on top
            annotation = Annotation(f"{each.number} of {self.where.name}", 0, False, each.segmentation)
            scores.append(each.score)
            layers[mask_of(sample.name, annotation, size)] = len(scores) - 1
        return layers, np.array(scores)

    def cut(self, opened: tuple[NDArray[np.int64], NDArray[np.float64]], at: float) -> Labels:
        """Objects as 1, 2, ... by rising score, those that are hidden left out; 0 is background."""
        layers, scores = opened
        kept = np.where(scores[layers] >= at, layers, 0)
        visible = np.unique(kept[kept > 0])
        return np.where(kept > 0, np.searchsorted(visible, kept) + 1, 0).astype(np.int32)


def read_results_file(path: Path) -> Detections:
    """The objects in a results file: a list of them, or a mapping with ``annotations`` and ``images``.

    Raises
    ------
    ImageError
        It cannot be read, or an object lacks what it has to have.
    DependencyError
        It holds polygons, and pycocotools is not installed.
    """
    try:
        seen = path.stat()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    return _read(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, modified: int, size: int) -> Detections:
    del modified, size
    try:
        content = json.loads(path.read_bytes(), object_hook=pack)
    except (OSError, ValueError, RecursionError) as error:
        raise ImageError(f"{path} cannot be read as JSON: {error}. Write the file anew.") from error
    listed = isinstance(content, dict) and isinstance(content.get("images"), list)
    objects = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(objects, list):
        raise ImageError(
            f"{path} is no results file of COCO: a list of objects is wanted, each with image_id and score."
        )
    try:
        found = _by_picture(path, objects)
        names = _names(path, content["images"]) if listed else {key: key for key in found}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ImageError(
            f"{path} is no results file of COCO, or a damaged one: {type(error).__name__}: {error}. Each object has "
            "image_id, score and segmentation."
        ) from error
    return Detections(names, listed, found)


def _by_picture(path: Path, objects: Iterable[Mapping[str, Any]]) -> dict[str, list[Detection]]:
    found: dict[str, list[Detection]] = {}
    for number, each in enumerate(objects, start=1):
        segmentation, score = each.get("segmentation"), float(each["score"])
        if not segmentation:
            raise ImageError(f"{path}: object {number} has no segmentation; a box is no label map. Write masks.")
        if not np.isfinite(score):
            raise ImageError(f"{path}: object {number} has the score {score}; scores are numbers. Write the file anew.")
        if isinstance(segmentation, list):
            load_pycocotools()  # now, and not when the first picture is scored
        found.setdefault(str(each["image_id"]), []).append(Detection(number, score, segmentation))
    return found


def _names(path: Path, images: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for each in images:
        name, number = PurePosixPath(str(each["file_name"])).with_suffix("").as_posix(), str(each["id"])
        if names.setdefault(name, number) != number:
            raise ImageError(f"{path}: the images {names[name]} and {number} are both called {name}. Rename one.")
    return names


def match_pictures(held: Detections, names: Collection[str], where: Path) -> dict[str, str]:
    """The id of each picture: by its name, with or without folders; else by the number that the name's last part is.

    COCO's own files are so: 000000000139.jpg is the picture 139.

    Raises
    ------
    ImageError
        Two pictures would have the same objects, or two ids belong to one picture.
    """
    found = {name: held.names[each] for name, each in assign(names, held.names, where).items()}
    for name in names:
        last = name.rpartition("/")[2]
        if name not in found and last.isdecimal() and str(int(last)) in held.names:
            found[name] = held.names[str(int(last))]
    owners: dict[str, str] = {}
    for name, number in found.items():
        if owners.setdefault(number, name) != name:
            raise ImageError(
                f"the objects of image {number} in {where} belong to {owners[number]} as well as to {name}. Give the "
                "file a list of images with their names, folders included."
            )
    return found
