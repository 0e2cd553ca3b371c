"""Label maps as GeoJSON: a feature a label, with polygons whose shared borders are the same points."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError, ParameterError
from classicseg.io.outlines import Outlines, outlines
from classicseg.io.write import plain

if TYPE_CHECKING:
    from classicseg.io.geo import GeoReference

_PIXELS = "pixels: corners of the pixel grid, x to the right and y down from the upper left corner of the picture"
_DEGREES = "degrees: longitude and latitude, WGS 84"


def encode_geojson(
    labels: NDArray[np.integer] | Outlines,
    *,
    simplify: float = 0.0,
    geo: GeoReference | None = None,
    properties: Mapping[str, NDArray[Any] | Sequence[Any]] | None = None,
) -> bytes:
    """A label map as GeoJSON (RFC 7946): a FeatureCollection with a feature for each label above 0, rising.

    Parameters
    ----------
    labels : (H, W) integer array, or Outlines
        Labels of 0 or above; 0 is left out.
    simplify : float
        Tolerance in pixels of `Outlines.simplify`; at 0 the polygons are those of the pixels and rasterize to the same
        map.
    geo : GeoReference, optional
        Where the picture lies. With it, coordinates are longitude and latitude (WGS 84) as RFC 7946 wants them;
        without, corners of pixels, x to the right and y down. The member "classicseg" of the collection says which.
    properties : mapping of str to sequence, optional
        More properties by name, each with one entry for each label that the map has (above 0, rising), such as
        measurements. Numbers that are not finite become null. "label" is always there.

    Returns
    -------
    bytes
        A Polygon where the label is one 4-connected region, a MultiPolygon otherwise. Outer rings are counter-clockwise
        in the coordinates as written, holes clockwise. A point that several polygons share is written with the same
        digits in all of them, the fewest that read back to the same number.

    Raises
    ------
    ImageError
        The array is no label map; `geo` does not tell where the picture lies, or the projection has no such point.
    ParameterError
        The tolerance is below 0, or a property has not one entry a label.
    DependencyError
        `geo` is given and rasterio is not installed.

    Notes
    -----
    A picture across the 180th meridian is not cut there.

    References
    ----------
    H. Butler et al., "The GeoJSON Format", RFC 7946, 2016.

    Examples
    --------
    >>> made = json.loads(encode_geojson(np.array([[0, 4]]), properties={"area": [1]}))
    >>> made["features"][0]["properties"], made["features"][0]["geometry"]["coordinates"]
    ({'label': 4, 'area': 1}, [[[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]])
    """
    found = (labels if isinstance(labels, Outlines) else outlines(labels)).simplify(simplify)
    rows = _rows(found, properties or {})
    texts, wrong = _pixels(found) if geo is None else _degrees(found, geo)
    height, width = found.shape
    about = {
        "coordinates": _PIXELS if geo is None else _DEGREES,
        "width": width, "height": height, "simplify": float(simplify),
    }  # fmt: skip
    features = ",\n".join(
        f'{{"type":"Feature","properties":{row},"geometry":{geometry}}}'
        for row, geometry in zip(rows, _geometries(found, texts, wrong), strict=True)
    )
    return f'{{"type":"FeatureCollection","classicseg":{_json(about)},"features":[\n{features}\n]}}\n'.encode()


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _rows(found: Outlines, properties: Mapping[str, Any]) -> list[str]:
    """The properties of each label as JSON."""
    columns = {"label": found.labels.tolist()}
    for name, values in properties.items():
        if not isinstance(name, str):
            raise ParameterError(f"a property is named {name!r}; names are str.")
        column = plain(values)
        if not isinstance(column, list) or len(column) != len(found):
            came = len(column) if isinstance(column, list) else type(values).__name__
            raise ParameterError(
                f"the property {name!r} came with {came} for {len(found)} labels; it has one entry a label, rising."
            )
        if name == "label" and column != columns["label"]:
            raise ParameterError("the property 'label' is not the labels of the map. Give the rows of these, rising.")
        columns[name] = column
    return [_json(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _pixels(found: Outlines) -> tuple[list[str], NDArray[np.bool_]]:
    """Each point as JSON, and which rings have to be turned: none."""
    texts = [f"[{x},{y}]" for x, y in zip(*found.points.T.tolist(), strict=True)]
    return texts, np.zeros(len(found.point_offsets) - 1, dtype=bool)


def _degrees(found: Outlines, geo: GeoReference) -> tuple[list[str], NDArray[np.bool_]]:
    """Each point as JSON in longitude and latitude, and which rings have to be turned.

    Each corner is reckoned once, so that nothing can make it differ from one polygon to the next.
    """
    spots, which = np.unique(found.points[:, 1].astype(np.int64) << 32 | found.points[:, 0], return_inverse=True)
    corners = np.column_stack([spots & 0xFFFFFFFF, spots >> 32])
    there = np.asarray(geo.to_lonlat(corners), dtype=np.float64) + 0.0  # no -0
    if not np.isfinite(there).all():
        column, row = corners[np.flatnonzero(~np.isfinite(there).all(axis=1))[0]]
        raise ImageError(
            f"column {column}, row {row} of the picture has no longitude and latitude. Check its transform and CRS."
        )
    texts = np.array([f"[{_number(x)},{_number(y)}]" for x, y in zip(*there.T.tolist(), strict=True)], dtype=object)
    holes = np.ones(len(found.point_offsets) - 1, dtype=bool)
    holes[found.ring_offsets[:-1]] = False
    areas = _doubled_areas(there[which][found.places], found.point_offsets)
    return texts[which].tolist(), (areas < 0) != holes


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _doubled_areas(points: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Twice the signed area of each closed ring, reckoned from its first point: the numbers are small then."""
    if len(points) == 0:
        return np.empty(0)
    x, y = (points - np.repeat(points[offsets[:-1]], np.diff(offsets), axis=0)).T
    return np.add.reduceat(x * np.roll(y, -1) - np.roll(x, -1) * y, offsets[:-1])  # the last point of each is (0, 0)


def _geometries(found: Outlines, texts: list[str], wrong: NDArray[np.bool_]) -> Iterator[str]:
    """The geometry of each label as JSON."""
    spelled = np.array(texts, dtype=object)[found.places].tolist()
    ends = found.point_offsets.tolist()
    rings = [
        "[" + ",".join(spelled[start:stop][::-1] if turn else spelled[start:stop]) + "]"
        for (start, stop), turn in zip(pairwise(ends), wrong.tolist(), strict=True)
    ]
    ring_ends = found.ring_offsets.tolist()
    polygons = ["[" + ",".join(rings[start:stop]) + "]" for start, stop in pairwise(ring_ends)]
    polygon_ends = found.polygon_offsets.tolist()
    for start, stop in pairwise(polygon_ends):
        if stop - start == 1:
            yield f'{{"type":"Polygon","coordinates":{polygons[start]}}}'
        else:
            yield f'{{"type":"MultiPolygon","coordinates":[{",".join(polygons[start:stop])}]}}'
