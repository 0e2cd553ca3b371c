"""Label maps as COCO's JSON: a picture, an annotation for each label, and what the labels are called."""

from __future__ import annotations

import json
import numbers
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError, ParameterError
from classicseg.io.checks import as_label_map, ranked

Form = Literal["rle", "polygons"]
SEGMENTATIONS: tuple[Form, ...] = ("rle", "polygons")
_LISTS = ("images", "annotations", "categories")


def encode_coco(
    labels: ArrayLike,
    *,
    file_name: str,
    segmentation: Form = "rle",
    image_id: int = 1,
    first_annotation_id: int = 1,
    category: str | Mapping[int, str] = "segment",
    mask: ArrayLike | None = None,
) -> bytes:
    """A label map as a COCO document with one picture, and one annotation for each label above 0.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above; 0 gets no annotation.
    file_name : str
        The picture's, as it is to stand in the document.
    segmentation : {"rle", "polygons"}
        "rle" is COCO's compressed run lengths. "polygons" is lists of corners, which more programs read. pycocotools
        makes the very same pixels of both.
    image_id, first_annotation_id : int
        1 or above. Annotations are numbered on from the first, by rising label. (pycocotools takes an annotation 0 for
        none when it compares.)
    category : str or mapping of int to str
        What the segments are called: one name for all, or the name of each label.
    mask : (H, W) bool array, optional
        Pixels outside belong to no label.

    Returns
    -------
    bytes
        UTF-8. Beside COCO's own fields an annotation has `label`, the label in the map. `iscrowd` is 0 with run
        lengths too: 1 marks a group whose objects nobody told apart, which scores leave out and trainers throw away.

    Raises
    ------
    ImageError
        The array is no label map, or the mask has another shape.
    ParameterError
        Another argument has a value that is not allowed, or a label has no name.

    Notes
    -----
    All labels in one pass over the map. COCO's polygons know no holes, and what a polygon covers that meets itself,
    programs do not agree on. So a region that has a hole, or touches itself at a corner, is cut into pieces, which are
    simple polygons; others stay whole. Corners are corners of pixels: pixel (row r, column c) is the square from
    (c, r) to (c + 1, r + 1).

    Examples
    --------
    >>> document = json.loads(encode_coco(np.array([[0, 2], [0, 2]]), file_name="a.png", segmentation="polygons"))
    >>> document["annotations"][0]["bbox"], document["annotations"][0]["segmentation"]
    ([1, 0, 1, 2], [[1, 0, 2, 0, 2, 2, 1, 2]])
    """
    from classicseg.kernels.measurements import measure_shapes

    if segmentation not in SEGMENTATIONS:
        raise ParameterError(
            f"segmentation={segmentation!r} is not allowed; it is one of {', '.join(map(repr, SEGMENTATIONS))}."
        )
    for name, number in (("image_id", image_id), ("first_annotation_id", first_annotation_id)):
        if isinstance(number, bool) or not isinstance(number, numbers.Integral) or number < 1:
            raise ParameterError(f"{name}={number!r} is not allowed; it is an integer of at least 1.")
    own, inside = as_label_map(labels, mask)
    if inside is not None:
        own = np.where(inside, own, np.int32(0))
    ranks, values = ranked(own)
    shapes = measure_shapes(ranks)
    rows = np.flatnonzero((shapes.areas > 0) & (values > 0))
    present = values[rows]
    categories, category_ids = _categories(category, present.tolist())
    found = _run_lengths(ranks, rows) if segmentation == "rle" else _polygons(own, present)
    top, left, bottom, right = shapes.bounds[rows].T
    boxes = np.stack([left, top, right - left, bottom - top], axis=1).tolist()
    annotations = [
        {
            "id": int(first_annotation_id) + k,
            "image_id": int(image_id),
            "category_id": category_ids[k],
            "label": label,
            "area": area,
            "bbox": boxes[k],
            "iscrowd": 0,
            "segmentation": found[k],
        }
        for k, (label, area) in enumerate(zip(present.tolist(), shapes.areas[rows].tolist(), strict=True))
    ]
    height, width = own.shape
    images = [{"id": int(image_id), "file_name": file_name, "height": height, "width": width}]
    return _encoded({"images": images, "annotations": annotations, "categories": categories})


def join_coco(documents: Iterable[bytes | str | Mapping[str, Any]]) -> bytes:
    """COCO documents of several pictures as one.

    Parameters
    ----------
    documents : iterable of bytes, str or mapping
        JSON, or what it says. Each has the lists `images`, `annotations` and `categories`; what else it has is left
        out.

    Returns
    -------
    bytes
        Pictures and annotations are numbered anew, each from 1 on in the order in which they come. Categories of one
        name and supercategory are one, and numbered likewise.

    Raises
    ------
    ImageError
        A document is none of COCO's, or an annotation tells of a picture or a category that is not in its document.

    Examples
    --------
    >>> one, other = (encode_coco(np.array([[1, 2]]), file_name=name) for name in ("a.png", "b.png"))
    >>> joined = json.loads(join_coco([one, other]))
    >>> [(each["id"], each["image_id"], each["category_id"]) for each in joined["annotations"]]
    [(1, 1, 1), (2, 1, 1), (3, 2, 1), (4, 2, 1)]
    """
    joined: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS}
    category_ids: dict[tuple[Any, Any], int] = {}
    for place, document in enumerate(documents, 1):
        where = f"document {place} of those to be joined"
        images, annotations, categories = _lists(where, document)
        new_image = {each.get("id"): number for number, each in enumerate(images, len(joined["images"]) + 1)}
        new_category = {}
        for each in categories:
            key = each.get("name"), each.get("supercategory")
            if key not in category_ids:
                category_ids[key] = len(category_ids) + 1
                joined["categories"].append({**each, "id": category_ids[key]})
            new_category[each.get("id")] = category_ids[key]
        joined["images"] += [{**each, "id": new_image[each.get("id")]} for each in images]
        for each in annotations:
            image, category = each.get("image_id"), each.get("category_id")
            if image not in new_image or category not in new_category:
                raise ImageError(
                    f"{where}: annotation {each.get('id')} is of image {image} and category {category}, which are not "
                    "both in that document. Mend it, or leave it out."
                )
            numbers_now = {"image_id": new_image[image], "category_id": new_category[category]}
            joined["annotations"].append({**each, "id": len(joined["annotations"]) + 1, **numbers_now})
    return _encoded(joined)


def _lists(where: str, document: bytes | str | Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The pictures, annotations and categories of a document."""
    try:
        found = document if isinstance(document, Mapping) else json.loads(document)
        lists = [found[name] for name in _LISTS]
    except (ValueError, TypeError, LookupError, RecursionError):
        lists = []
    if not lists or not all(isinstance(each, list) and all(isinstance(item, dict) for item in each) for each in lists):
        raise ImageError(f"{where} is not COCO's JSON: an object with the lists {', '.join(_LISTS)}. Leave it out.")
    return lists


def _encoded(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A file name may hold bytes that are no text; what stands for them is written as JSON's own escape.
    return (text + "\n").encode("utf-8", "backslashreplace")


def _categories(category: str | Mapping[int, str], labels: list[int]) -> tuple[list[dict[str, Any]], list[int]]:
    """The document's categories, and for each label the number of its own."""
    if isinstance(category, str):
        return [{"id": 1, "name": category}], [1] * len(labels)
    ids = {name: number for number, name in enumerate(dict.fromkeys(category.values()), 1)}
    missing = [label for label in labels if label not in category]
    if missing:
        raise ParameterError(
            f"category has no name for label {missing[0]}. Name every label of the map, or give one name for all."
        )
    return [{"id": number, "name": name} for name, number in ids.items()], [ids[category[label]] for label in labels]


def _run_lengths(ranks: NDArray[np.int32], rows: NDArray[np.intp]) -> list[dict[str, Any]]:
    from classicseg.kernels.run_lengths import run_length_texts

    texts, size = run_length_texts(ranks), list(ranks.shape)
    return [{"size": size, "counts": texts[row]} for row in rows.tolist()]


def _polygons(labels: NDArray[np.int32], present: NDArray[np.integer]) -> list[list[list[int]]]:
    """The polygons of each label that is present, x, y, x, y, ... each."""
    from classicseg.io.outlines import outlines
    from classicseg.kernels.pieces import cut_into_pieces

    pieces, label_of = cut_into_pieces(labels)
    polygons: list[list[list[int]]] = [[] for _ in present]
    if not len(present):
        return polygons
    found = outlines(pieces)  # each piece has one polygon, of one ring
    corners, ends = _corners(found.coordinates, found.point_offsets)
    places, bounds = corners.reshape(-1).tolist(), (2 * ends).tolist()
    owners = np.searchsorted(present, label_of).tolist()
    for owner, (start, stop) in zip(owners, pairwise(bounds), strict=True):
        polygons[owner].append(places[start:stop])
    return polygons


def _corners(points: NDArray[np.int32], offsets: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The points of closed rings at which they turn, each once; and where each ring's begin."""
    before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    before[offsets[:-1]] = points[offsets[1:] - 2]  # the last point of a ring is its first once more
    turns = ~np.any((points == before) & (points == after), axis=1)
    turns[offsets[1:] - 1] = False
    return points[turns], np.concatenate([[0], np.cumsum(turns)])[offsets]
