"""The segmentations of COCO's JSON as masks: polygons, run lengths, and run lengths packed as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import DependencyError, ImageError

_FEWEST_NUMBERS = 6  # fewer than three corners enclose nothing, and four numbers would be taken for a box
_FARTHEST = 10  # times the picture's longer side; the filling walks along the outline, and takes memory for each step


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
        Polygons, each an array x, y, x, y, ... (see `pack`); or, as in the file, run lengths
        {"size": [H, W], "counts": ...}.
    """

    name: str
    category: int
    crowd: bool
    segmentation: Any


def pack(found: dict[str, Any]) -> dict[str, Any]:
    """An object of the JSON, its polygons as float64 arrays: a list of numbers takes four times the memory.

    What is no list of numbers stays as it is, for `mask_of` to refuse.
    """
    polygons = found.get("segmentation")
    if isinstance(polygons, list):
        found["segmentation"] = [_packed(polygon) for polygon in polygons]
    return found


def _packed(polygon: Any) -> Any:
    if not isinstance(polygon, list):
        return polygon
    try:
        numbers = np.array(polygon)
    except (ValueError, TypeError, OverflowError):
        return polygon
    return numbers.astype(np.float64) if numbers.ndim == 1 and numbers.dtype.kind in "iuf" else polygon


def too_short(segmentation: Any) -> bool:
    """Whether there is a polygon of fewer than three corners among them, which encloses nothing."""
    return isinstance(segmentation, list) and any(
        isinstance(polygon, np.ndarray) and len(polygon) < _FEWEST_NUMBERS for polygon in segmentation
    )


def mask_of(name: str, annotation: Annotation, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels of one annotation.

    Parameters
    ----------
    name : str
        Of the picture, for messages.
    annotation : Annotation
    size : (int, int)
        Height and width of the picture.

    Raises
    ------
    ImageError
        The segmentation is damaged, or reaches further out of the picture than ten times its longer side.
    DependencyError
        Polygons are to be filled, and pycocotools is not installed.
    """
    segmentation = annotation.segmentation
    where = f"{name}: the segmentation of annotation {annotation.name}"
    if isinstance(segmentation, list):
        return _from_polygons(where, segmentation, size)
    stated = segmentation.get("size") if isinstance(segmentation, dict) else None
    if not isinstance(stated, list) or stated != list(size):
        raise ImageError(
            f"{where} is to be polygons, or run lengths of the picture's size, {list(size)} (height, width). "
            "Mend the list."
        )
    counts = segmentation.get("counts")
    return _from_runs(where, unpacked(counts) if isinstance(counts, (str, bytes)) else counts, size)


def _from_runs(where: str, counts: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Lengths of runs of 0 and 1 in turn, beginning with 0, down the columns."""
    whole = isinstance(counts, list) and all(isinstance(count, int) and count >= 0 for count in counts)
    if not whole or sum(counts) != size[0] * size[1]:
        raise ImageError(f"{where} has runs that do not add up to {size[0]} x {size[1]} pixels. Mend the list.")
    values = np.arange(len(counts)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, counts).reshape(size, order="F"))


def unpacked(text: str | bytes) -> list[int]:
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
    usable = [polygon for polygon in polygons if len(_checked(where, polygon, size)) >= _FEWEST_NUMBERS]
    coco = load_pycocotools()
    mask = np.zeros(size, dtype=bool)
    for part in coco.frPyObjects(usable, *size) if usable else []:
        mask |= _from_runs(where, unpacked(part["counts"]), size)
    return mask


def load_pycocotools() -> Any:
    """What fills polygons, or a `DependencyError` with the cure where it cannot be loaded."""
    try:
        from pycocotools import mask
    except ImportError as error:
        raise DependencyError(
            f"polygons of COCO are filled by pycocotools, which cannot be loaded ({error}): "
            "pip install 'classicseg[coco]'"
        ) from error
    return mask


def _checked(where: str, polygon: Any, size: tuple[int, int]) -> NDArray[np.float64]:
    """A polygon that can be filled: the library ends the whole process where a number is NaN or far too large."""
    if not isinstance(polygon, np.ndarray):
        raise ImageError(
            f"{where} cannot be read as polygons, a list of lists [x, y, x, y, ...] of numbers: it holds "
            f"{str(polygon)[:40]!r}. Mend the list."
        )
    if len(polygon) % 2:
        raise ImageError(f"{where} has a polygon of {len(polygon)} numbers; x and y come in pairs. Mend the list.")
    limit = _FARTHEST * max(size)
    wrong = polygon[~(np.abs(polygon) <= limit)]  # NaN is no number below any other
    if len(wrong):
        raise ImageError(
            f"{where} has a corner at {wrong[0]:g}; corners of a picture of {size[0]} x {size[1]} pixels lie between "
            f"-{limit} and {limit}. Mend the list."
        )
    return polygon
