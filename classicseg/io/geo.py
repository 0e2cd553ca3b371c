"""Where on Earth a picture lies: the tags of a GeoTIFF, kept so that results can carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import DependencyError, ImageError, one_line

PIXEL_SCALE, TIEPOINTS, MATRIX, KEYS, DOUBLES, TEXTS = 33550, 33922, 34264, 34735, 34736, 34737
GEO_TAGS = (PIXEL_SCALE, TIEPOINTS, MATRIX, KEYS, DOUBLES, TEXTS)
NODATA = 42113
Transform = tuple[float, float, float, float, float, float]

_RASTER_TYPE, _GEOGRAPHIC, _PROJECTED = 1025, 2048, 3072  # geo keys
_PIXEL_IS_POINT, _USER_DEFINED = 2, 32767
_A_TIEPOINT, _A_MATRIX = 6, 16


@dataclass(frozen=True)
class GeoReference:
    """Where the pixels of a GeoTIFF lie, as its tags say.

    Attributes
    ----------
    tags : tuple of (code, type, count, value, writeonce)
        The GeoTIFF tags as they came, in the form that ``tifffile.imwrite(extratags=...)`` takes.
    transform : (a, b, c, d, e, f) or None
        From columns and rows, counted at the corners of pixels, to coordinates of the map: ``x = a * column +
        b * row + c`` and ``y = d * column + e * row + f``. None where the tags do not tell.
    crs : str or None
        The coordinate reference system, such as "EPSG:32633"; None where the tags do not name one. One that they
        describe without a name is understood by `to_lonlat`.
    """

    tags: tuple[tuple[int, int, int, Any, bool], ...]
    transform: Transform | None = None
    crs: str | None = None

    def to_lonlat(self, points: ArrayLike) -> NDArray[np.float64]:
        """Longitudes and latitudes (WGS 84, degrees) of points.

        Parameters
        ----------
        points : (N, 2) array
            Columns and rows, counted at the corners of pixels: (0, 0) is the upper left corner of the picture.

        Returns
        -------
        (N, 2) float64 array

        Raises
        ------
        DependencyError
            rasterio is not installed: ``pip install 'classicseg[geo]'``.
        ImageError
            The tags give no transform or no coordinate reference system.
        """
        try:
            from rasterio.warp import transform
        except ImportError as error:
            raise DependencyError(
                f"longitudes and latitudes need rasterio ({error}): pip install 'classicseg[geo]'"
            ) from error
        crs = self.crs or _described(self.tags)
        if self.transform is None or crs is None:
            raise ImageError(
                "the picture's tags do not tell where on Earth it lies: a transform and a coordinate reference system "
                "are needed. Add them, as gdal_edit does, or ask for coordinates of pixels."
            )
        columns, rows = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
        a, b, c, d, e, f = self.transform
        try:
            found = transform(crs, "EPSG:4326", a * columns + b * rows + c, d * columns + e * rows + f)
        except Exception as error:  # GDAL's own errors have no common class that is public
            raise ImageError(
                f"coordinates in {crs} have no longitudes and latitudes ({one_line(error)}). Check the picture's "
                "transform and coordinate reference system."
            ) from error
        return np.column_stack(found)


def read_reference(tags: Mapping[int, tuple[int, int, Any]]) -> GeoReference | None:
    """What GeoTIFF tags say, each given by its code as type, count and value; None where there are none."""
    if not tags:
        return None
    kept = tuple((code, kind, count, value, True) for code, (kind, count, value) in sorted(tags.items()))
    values = {code: value if isinstance(value, tuple) else (value,) for code, (_, _, value) in tags.items()}
    keys = _short_keys(values.get(KEYS, ()))
    return GeoReference(kept, _transform(values, keys.get(_RASTER_TYPE) == _PIXEL_IS_POINT), _crs(keys))


def _described(tags: tuple[tuple[int, int, int, Any, bool], ...]) -> Any:
    """The coordinate reference system that the tags describe, by GDAL; None where they describe none."""
    import tifffile
    from rasterio import MemoryFile

    from classicseg.io.decode import no_warnings

    pixel = BytesIO()
    tifffile.imwrite(pixel, np.zeros((1, 1), dtype=np.uint8), extratags=tags, metadata=None)
    with no_warnings(), MemoryFile(pixel.getvalue()) as file, file.open(driver="GTiff") as picture:
        return picture.crs


def _short_keys(directory: tuple[Any, ...]) -> dict[int, int]:
    """The geo keys whose value is a short number, from the key directory."""
    entries = [directory[start : start + 4] for start in range(4, len(directory) - 3, 4)]
    return {int(key): int(value) for key, place, _, value in entries if place == 0}


def _transform(values: Mapping[int, tuple[Any, ...]], is_point: bool) -> Transform | None:
    """From the tags to corners of pixels: a reference to their centres lies half a pixel further."""
    matrix, scale, ties = (values.get(tag, ()) for tag in (MATRIX, PIXEL_SCALE, TIEPOINTS))
    if len(scale) >= 2 and len(ties) == _A_TIEPOINT and scale[0] and scale[1]:
        column, row, _, x, y, _ = map(float, ties)
        a, b, d, e = float(scale[0]), 0.0, 0.0, -float(scale[1])
        c, f = x - a * column, y - e * row
    elif len(matrix) == _A_MATRIX:
        a, b, _, c, d, e, _, f = map(float, matrix[:8])
    else:
        return None
    if is_point:
        c, f = c - (a + b) / 2, f - (d + e) / 2
    found = (a, b, c, d, e, f)
    return found if np.isfinite(found).all() else None


def _crs(keys: Mapping[int, int]) -> str | None:
    codes = (keys.get(key, _USER_DEFINED) for key in (_PROJECTED, _GEOGRAPHIC))
    return next((f"EPSG:{code}" for code in codes if 0 < code < _USER_DEFINED), None)


def parse_nodata(text: object) -> float | None:
    """The number of GDAL's nodata tag; None where it holds none."""
    try:
        return float(str(text).strip("\0 "))
    except ValueError:
        return None


def with_data(array: NDArray[Any], nodata: float) -> NDArray[np.bool_] | None:
    """Where pixels hold data; None where the samples' type cannot hold the nodata value.

    As in GDAL and rasterio, a pixel is without data where all its bands are; but where nodata is NaN, one band is
    enough, since there is nothing to compute with.
    """
    planes = array if array.ndim == 3 else array[..., np.newaxis]
    if array.dtype.kind == "f":
        if np.isnan(nodata):
            return ~np.isnan(planes).any(axis=2)
        with np.errstate(over="ignore"):
            value: Any = array.dtype.type(nodata)
    else:
        limits = (0, 1) if array.dtype == bool else (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max)
        if not np.isfinite(nodata) or nodata != int(nodata) or not limits[0] <= int(nodata) <= limits[1]:
            return None
        value = int(nodata)
    return (planes != value).any(axis=2)
