"""What is written about a picture: the kinds of files, their names, and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from classicseg.errors import DependencyError, ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classicseg.io.geo import GeoReference
    from classicseg.io.measurements import Measurements
    from classicseg.io.read import Picture
    from classicseg.segmentation import Segmentation


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be written about each picture, besides its record.

    Attributes
    ----------
    format : {"png", "tiff", "npy"}
        Of the label map.
    kinds : frozenset of str
        Of `CHOSEN`, beside the label map and the overlay, which are always written.
    simplify : float
        Pixels by which the borders of "geojson" may be moved; 0 leaves them as they are.
    coco : {"rle", "polygons"}
        How "coco" tells a segment.
    """

    format: str = "png"
    kinds: frozenset[str] = field(default_factory=frozenset)
    simplify: float = 0.0
    coco: Literal["rle", "polygons"] = "rle"

    def decides(self) -> dict[str, Any]:
        """The choices that decide what stands in the files that are wanted."""
        chosen: dict[str, Any] = {"simplify": self.simplify} if "geojson" in self.kinds else {}
        return chosen | ({"coco": self.coco} if "coco" in self.kinds else {})


@dataclass(frozen=True)
class Found:
    """A picture with its segmentation, of which files are made.

    Attributes
    ----------
    picture : Picture
    result : Segmentation
    sight : (H, W, 3) uint8 array
        The picture to look at.
    file_name : str
        Of the picture, for those files that name it.
    threads : int or None
        As in `classicseg.segment`.
    """

    picture: Picture
    result: Segmentation
    sight: NDArray[np.uint8]
    file_name: str
    threads: int | None = None

    @cached_property
    def measurements(self) -> Measurements:
        """What each label measures; two kinds of files tell it."""
        from classicseg.io.measurements import measure

        return measure(self.result.labels, self.picture.array)


def endings(wanted: Wanted) -> dict[str, str]:
    """How the file of each kind ends that may be written, the record's left out; "mask" only where there is one."""
    always = {"labels": f"_labels.{wanted.format}", "overlay": "_overlay.png", "mask": "_mask.png"}
    chosen = {kind: ending for name, kinds in CHOSEN.items() if name in wanted.kinds for kind, ending in kinds.items()}
    return always | chosen


def encode(found: Found, wanted: Wanted) -> dict[str, bytes]:
    """The content of each file but the record."""
    always = ["labels", "overlay", *([] if found.result.mask.all() else ["mask"])]
    chosen = [kind for name, kinds in CHOSEN.items() if name in wanted.kinds for kind in kinds]
    return {kind: _ENCODERS[kind](found, wanted) for kind in [*always, *chosen]}


def _labels(found: Found, wanted: Wanted) -> bytes:
    from classicseg.io.write import encode_labels

    return encode_labels(found.result.labels, wanted.format, geo=found.picture.geo, threads=found.threads)


def _overlay(found: Found, _: Wanted) -> bytes:
    from classicseg.io.overlay import overlay

    return _png(found, overlay(found.sight, found.result.labels, threads=found.threads))


def _mask(found: Found, _: Wanted) -> bytes:
    return _png(found, found.result.mask.astype(np.uint8) * 255)


def _mean(found: Found, _: Wanted) -> bytes:
    from classicseg.io.overlay import mean_color

    return _png(found, mean_color(found.sight, found.result.labels, found.threads))


def _boundaries(found: Found, _: Wanted) -> bytes:
    from classicseg.io.overlay import boundary_picture

    return _png(found, boundary_picture(found.sight, found.result.labels, found.threads))


def _indexed(found: Found, _: Wanted) -> bytes:
    from classicseg.io.write import encode_indexed

    return encode_indexed(found.result.labels, found.threads)


def _hierarchy(found: Found, _: Wanted) -> bytes:
    from classicseg.io.hierarchy import encode_hierarchy

    return encode_hierarchy(found.result.hierarchy)


def _ucm(found: Found, _: Wanted) -> bytes:
    from classicseg.io.ucm import encode_ucm

    return encode_ucm(found.result.hierarchy)


def _geojson(found: Found, wanted: Wanted) -> bytes:
    from classicseg.io.geojson import encode_geojson

    return encode_geojson(
        found.result.labels,
        simplify=wanted.simplify,
        geo=_placed(found.picture.geo),
        properties=found.measurements.columns,
    )


def _placed(geo: GeoReference | None) -> GeoReference | None:
    """Where the picture lies, if its tags tell; a reference system without a name only rasterio can understand."""
    if geo is None or geo.transform is None:
        return None
    if geo.crs is None:
        try:
            geo.to_lonlat([(0, 0)])
        except (ImageError, DependencyError):
            return None
    return geo


def _coco(found: Found, wanted: Wanted) -> bytes:
    from classicseg.io.coco_json import encode_coco

    return encode_coco(found.result.labels, file_name=found.file_name, segmentation=wanted.coco)


def _measurements(found: Found, _: Wanted) -> bytes:
    from classicseg.io.measurements import encode_measurements

    return encode_measurements(found.measurements)


def _png(found: Found, picture: NDArray[np.uint8]) -> bytes:
    from classicseg.io.write import encode_picture

    return encode_picture(picture, found.threads)


# The files of each choice.
CHOSEN: Mapping[str, Mapping[str, str]] = {
    "mean": {"mean": "_mean.png"},
    "boundaries": {"boundaries": "_boundaries.png"},
    "indexed": {"indexed": "_indexed.png"},
    "hierarchy": {"hierarchy": "_hierarchy.npz", "ucm": "_ucm.png"},
    "geojson": {"geojson": ".geojson"},
    "coco": {"coco": "_coco.json"},
    "measurements": {"measurements": "_segments.csv"},
}
_ENCODERS: Mapping[str, Callable[[Found, Wanted], bytes]] = {
    "labels": _labels,
    "overlay": _overlay,
    "mask": _mask,
    "mean": _mean,
    "boundaries": _boundaries,
    "indexed": _indexed,
    "hierarchy": _hierarchy,
    "ucm": _ucm,
    "geojson": _geojson,
    "coco": _coco,
    "measurements": _measurements,
}
