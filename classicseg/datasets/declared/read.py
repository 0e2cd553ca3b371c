"""One sample of a declared data set: its files, and how its picture and truths are read and brought to one size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.base import Truths
from classicseg.datasets.declared.declaration import SizeRule
from classicseg.datasets.declared.patterns import Key
from classicseg.datasets.decode import Encoding, decode_truth
from classicseg.datasets.pages import read_shown
from classicseg.errors import ImageError, if_turned

if TYPE_CHECKING:
    from classicseg.io.read import Picture


@dataclass(frozen=True)
class Files:
    """Where one picture and its truths lie."""

    key: Key
    split: str
    image: Path
    truths: tuple[Path, ...]
    field_of_view: Path | None = None
    page: int | None = None


def read_image(place: Files, rule: SizeRule, name: str) -> Picture:
    """The picture of a place, cropped where the rule says so, with its field of view in the mask."""
    picture = read_shown(place.image, place.page)
    size = _target(place, rule)
    array, mask = picture.array, picture.mask
    if rule == "crop":
        array = _fitted(place.image, array, size, rule)
        mask = mask if mask is None else _fitted(place.image, mask, size, rule)
    if place.field_of_view is not None:
        inside = _fitted(place.field_of_view, _field_of_view(place), size, rule)
        _require_one_size([(place.image, array), (place.field_of_view, inside)])
        mask = inside if mask is None else mask & inside
    return replace(picture, array=array, mask=mask, name=name.replace("/", "_"))


def read_truths(place: Files, rule: SizeRule, encoding: Encoding) -> Truths:
    """The truths of a place, brought to the size that the rule says; void is what is void to any of them."""
    size = _target(place, rule)
    decoded = [decode_truth(path, encoding, place.page) for path in place.truths]
    found = list(zip(place.truths, decoded, strict=True))
    maps = tuple(_fitted(path, labels, size, rule) for path, (labels, _) in found)
    voids = [_fitted(path, void, size, rule) for path, (_, void) in found if void is not None]
    sizes: list[tuple[Path, NDArray[Any]]] = list(zip(place.truths, maps, strict=True))
    if place.field_of_view is not None:
        inside = _fitted(place.field_of_view, _field_of_view(place), size, rule)
        sizes.append((place.field_of_view, inside))
        voids.append(~inside)
    _require_one_size(sizes)
    return Truths(maps, np.logical_or.reduce(voids) if voids else None)


def _field_of_view(place: Files) -> NDArray[np.bool_]:
    assert place.field_of_view is not None
    return decode_truth(place.field_of_view, Encoding("threshold"), place.page)[0] > 0


def _target(place: Files, rule: SizeRule) -> tuple[int, int] | None:
    """The height and width that everything is brought to; None where it stays as it is."""
    if rule == "same":
        return None
    paths = [place.image]
    if rule == "crop":
        paths += [*place.truths, *([place.field_of_view] if place.field_of_view else [])]
    sizes = [read_shown(path, place.page).array.shape[:2] for path in paths]
    for path, size in zip(paths, sizes, strict=True):
        _refuse_turned(path, size, sizes[0])
    return min(size[0] for size in sizes), min(size[1] for size in sizes)


def _refuse_turned(path: Path, size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """What lies on its side is neither cropped nor scaled."""
    if hint := if_turned(size, wanted):
        raise ImageError(
            f"{path} has {size[0]} x {size[1]} pixels (height x width), and {wanted[0]} x {wanted[1]} are wanted.{hint}"
        )


def _fitted(path: Path, array: NDArray[Any], size: tuple[int, int] | None, rule: SizeRule) -> NDArray[Any]:
    if size is None or array.shape[:2] == size:
        return array
    _refuse_turned(path, array.shape, size)
    if rule == "crop":
        return np.ascontiguousarray(array[: size[0], : size[1]])
    # The pixel under the middle of each new pixel: floor((i + 1/2) * old / new), in integers.
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, array.shape, strict=False))
    return np.ascontiguousarray(array[np.ix_(rows, columns)])


def _require_one_size(arrays: list[tuple[Path, NDArray[Any]]]) -> None:
    (first, one), *others = arrays
    for path, array in others:
        if array.shape[:2] != one.shape[:2]:
            (height, width), (rows, columns) = one.shape[:2], array.shape[:2]
            raise ImageError(
                f"{first} has {height} x {width} pixels (height x width), {path} {rows} x {columns}. Give files of one "
                f"size, or declare size = 'crop' or 'nearest'.{if_turned(one.shape, array.shape)}"
            )
