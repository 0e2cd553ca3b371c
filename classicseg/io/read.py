"""Read pictures and label maps: from files, from encoded bytes, and the photographs that scikit-image installs.

The content of a file decides how it is read, never its name. What can go wrong with a file ends in an `ImageError`
of one line that begins with the file's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import DependencyError, ImageError, MemoryLimitError, ParameterError, one_line
from classicseg.io.decode import Decoded, declares_no_pixel, decode_npy, decode_raster, require_page, upright
from classicseg.io.geo import GeoReference, with_data
from classicseg.io.orientation import UPRIGHT, Orientation, check_orientation
from classicseg.io.tiff import SIGNATURES as TIFF_SIGNATURES
from classicseg.io.tiff import decode_tiff
from classicseg.memory import require_memory

_SAMPLE = "sample:"
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".npy", ".ppm", ".pgm", ".jp2", ".avif")
_SAMPLE_SUFFIXES = (".png", ".jpg", ".gif", ".tif")
_KNOWN = "PNG, JPEG, TIFF, GIF, BMP, WebP, JPEG 2000, AVIF, PPM and .npy are read"
_NO_ROOM = "does not fit into this machine's memory. Cut it into tiles."
_RASTER_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as its file holds it, and what to hand on to `classicseg.segment`.

    Attributes
    ----------
    array : (H, W) or (H, W, C) array
        Samples of the file's own type, without alpha.
    mask : (H, W) bool array, or None
        False where the file is fully transparent; None where every pixel counts.
    color : {"rgb", "multiband"} or None
        What the file says about its channels; None for grey, and where it says nothing.
    name : str
        The stem for the names of what is written about this picture.
    orientation : int
        How the samples were turned: the value of the file's tag, 1 to 8; 1 where nothing was.
    pages : int
        How many pages or frames the file has; the array is one of them.
    geo : GeoReference or None
        Where on Earth the pixels lie, of a GeoTIFF.
    """

    array: NDArray[Any]
    mask: NDArray[np.bool_] | None
    color: Literal["rgb", "multiband"] | None
    name: str
    orientation: int = UPRIGHT
    pages: int = 1
    geo: GeoReference | None = None


def read_picture(
    source: str | Path | bytes,
    name: str | None = None,
    *,
    orientation: Orientation = "apply",
    page: int = 1,
    bands: Sequence[int] | None = None,
) -> Picture:
    """Read a picture with all its bits, and its alpha as a mask.

    Parameters
    ----------
    source : str, Path or bytes
        The path of a file; ``sample:NAME``, a photograph that scikit-image installs (see `sample_names`); or the
        encoded bytes of a file, as they come from stdin.
    name : str, optional
        The picture's name; by default the file's stem, the sample's name, or "stdin".
    orientation : {"apply", "ignore"}
        Whether the picture, and the mask from its alpha, are turned as the file says (EXIF of JPEG, PNG, WebP and AVIF;
        the tag of TIFF). Of a GeoTIFF rows stay those of the file, to which its georeference belongs.
    page : int
        Which page of a TIFF or frame of an animation, counted from 1.
    bands : sequence of int, optional
        Which bands, in which order, counted from 1 as in GDAL; alpha is none of them. By default all. Three different
        ones of an RGB picture stay colours in the order given; anything else of several bands is multi-band.

    Returns
    -------
    Picture
        8 and 16 bits a sample, 32-bit integers and floats stay what they are (16-bit floats become float32). 1-bit
        pictures become bool; palettes, CMYK and the like become RGB. Transparent pixels (alpha 0) become the mask.
        Bands of a TIFF come last, in whatever order the file has them; without a declared alpha four samples are four
        bands. Pixels that a GeoTIFF's own mask leaves out, or whose bands all hold its nodata value (one of them, where
        that is NaN), are left out of the mask.

    Raises
    ------
    ImageError
        The file is missing, a folder, empty, no picture, truncated or damaged, or unreasonably large, or has no such
        page or band.
    ParameterError
        `orientation` is another word, or `page` or `bands` has a number below 1.
    MemoryLimitError
        The file, or what it holds, is more than the machine's memory.

    Examples
    --------
    >>> coffee = read_picture("sample:coffee")
    >>> coffee.array.shape, coffee.array.dtype, coffee.mask, coffee.color, coffee.name
    ((400, 600, 3), dtype('uint8'), None, 'rgb', 'coffee')
    """
    data, where, stem = _load(source, name)
    _require_counted(page, bands)
    check_orientation(orientation)
    decoded = _with_bands(_decode(data, where, stored=False, page=page), bands, where)
    if decoded.nodata is not None and decoded.visible is None:
        decoded = replace(decoded, visible=with_data(decoded.array, decoded.nodata))
    decoded = upright(decoded, orientation)
    visible = decoded.visible
    return Picture(
        decoded.array,
        None if visible is None or visible.all() else visible,
        decoded.color,
        stem if name is None else name,
        decoded.orientation,
        decoded.pages,
        decoded.geo,
    )


def read_labels(source: str | Path | bytes, *, orientation: Orientation = "apply") -> NDArray[np.int32]:
    """Read a label map, such as a truth, with the numbers that are stored in the file.

    Parameters
    ----------
    source : str, Path or bytes
        A PNG, TIFF, GIF, BMP or .npy file, by its path or its bytes. Of a palette picture the indices are the labels,
        not the colours. Alpha is left aside. A picture with equal colour channels counts as grey.
    orientation : {"apply", "ignore"}
        As for `read_picture`: each file follows what it says itself.

    Returns
    -------
    (H, W) int32 array

    Raises
    ------
    ImageError
        As `read_picture`; also where colour channels differ, numbers are no integers or do not fit int32, and for
        JPEG and lossy WebP, whose compression changes labels.

    Examples
    --------
    >>> from classicseg.io.write import encode_labels
    >>> read_labels(encode_labels(np.array([[0, 1], [70_000, 2]]), "tiff"))
    array([[    0,     1],
           [70000,     2]], dtype=int32)
    """
    data, where, _ = _load(source, None)
    if is_lossy(data):
        raise ImageError(
            f"{where} is a JPEG or a lossy WebP, whose compression changes labels along edges. Give the label map "
            "as PNG, TIFF or .npy; of a binary mask, save the pixels above 127 as PNG."
        )
    check_orientation(orientation)
    decoded = _decode(data, where, stored=True)
    stored = decoded.array
    if stored.ndim == 3:
        if any(not np.array_equal(stored[..., 0], stored[..., band]) for band in range(1, stored.shape[2])):
            raise ImageError(
                f"{where} has {stored.shape[2]} channels that differ; a label map has one number a pixel. Save the "
                "channel that holds the labels as a grey PNG, or give each colour a number first."
            )
        stored = stored[..., 0]
    return upright(replace(decoded, array=_as_int32(stored, where), visible=None), orientation).array


def read_bytes(source: str | Path | bytes) -> bytes:
    """The encoded bytes of a file or a sample; bytes come back as they are.

    Raises
    ------
    ImageError
        The file is missing, a folder, empty, or cannot be read.
    MemoryLimitError
        The file is larger than the machine's memory.
    """
    return _load(source, None)[0]


def is_lossy(data: bytes) -> bool:
    """Whether encoded bytes are JPEG or lossy WebP, whose samples are not exactly those that were written."""
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return data.startswith(b"\xff\xd8\xff") or (webp and b"VP8L" not in data[:4096])


def sample_names() -> list[str]:
    """Names of the photographs that scikit-image installs, for ``sample:NAME``; nothing is ever downloaded.

    Examples
    --------
    >>> {"astronaut", "chelsea", "coffee", "coins"} <= set(sample_names())
    True
    """
    return sorted(_sample_files())


def _sample_files() -> dict[str, Path]:
    spec = find_spec("skimage")  # tells the folder without importing the library
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            "the sample pictures come with scikit-image, which is not installed: pip install scikit-image"
        )
    folder = Path(spec.submodule_search_locations[0]) / "data"
    return {path.stem: path for path in sorted(folder.glob("*")) if path.suffix in _SAMPLE_SUFFIXES}


def _load(source: str | Path | bytes, name: str | None) -> tuple[bytes, str, str]:
    """The encoded bytes, the words that name them in a message, and their stem."""
    if isinstance(source, bytes):
        where = stem = name or "stdin"
        data = source
    else:
        path = _sample_path(str(source)[len(_SAMPLE) :]) if str(source).startswith(_SAMPLE) else Path(source)
        where, stem = str(source), path.stem
        data = _file_bytes(path, where)
    if not data:
        raise ImageError(f"{where} is empty (0 bytes). Give a picture; {_KNOWN}.")
    return data, where, stem


def _sample_path(sample: str) -> Path:
    files = _sample_files()
    if sample not in files:
        raise ImageError(f"sample:{sample} is not among the installed samples, which are: {', '.join(sorted(files))}.")
    return files[sample]


def _file_bytes(path: Path, where: str) -> bytes:
    try:
        if not path.is_dir():
            require_memory(path.stat().st_size, f"{where}: reading the file", "Cut the picture into tiles.")
            return path.read_bytes()
    except FileNotFoundError:
        cure = "Check the path, or say sample:coffee for a picture to try."
        raise ImageError(f"{where} does not exist. {cure}") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = one_line(getattr(error, "strerror", None) or error)
        raise ImageError(f"{where} cannot be read ({reason}). Check the path and its permissions.") from error
    except MemoryLimitError:
        raise
    except MemoryError as error:
        raise ImageError(f"{where} {_NO_ROOM}") from error
    raise ImageError(f"{where} is a folder. Give a picture file; {_KNOWN}.")


def _require_counted(page: int, bands: Sequence[int] | None) -> None:
    """Pages and bands are counted from 1."""
    if page < 1:
        raise ParameterError(f"page={page} is not allowed; pages are counted from 1.")
    if bands is not None and (not bands or min(bands) < 1):
        raise ParameterError(f"bands={tuple(bands)} is not allowed; name one band at least, counted from 1.")


def _with_bands(decoded: Decoded, bands: Sequence[int] | None, where: str) -> Decoded:
    """The bands that are asked for, in their order; of an RGB picture three that differ stay colours."""
    if bands is None:
        return decoded
    array = decoded.array if decoded.array.ndim == 3 else decoded.array[..., np.newaxis]
    if max(bands) > array.shape[2]:
        has = "one band" if array.shape[2] == 1 else f"{array.shape[2]} bands"
        raise ImageError(f"{where} has {has} (alpha left aside), and no band {max(bands)} (1 is the first).")
    picked = np.ascontiguousarray(array[..., [band - 1 for band in bands]])
    if picked.shape[2] == 1:
        return replace(decoded, array=picked[..., 0], color=None)
    return replace(
        decoded, array=picked, color="rgb" if decoded.color == "rgb" and sorted(bands) == [1, 2, 3] else "multiband"
    )


def _decode(data: bytes, where: str, *, stored: bool, page: int = 1) -> Decoded:
    try:
        if data.startswith(b"\x93NUMPY"):
            require_page(page - 1, 1)
            return decode_npy(data)
        if data.startswith(TIFF_SIGNATURES):
            return decode_tiff(data, stored=stored, page=page - 1)
        return decode_raster(data, stored=stored, frame=page - 1)
    except ImageError as error:
        raise ImageError(f"{where} {error}") from error
    except (MemoryLimitError, DependencyError) as error:
        raise type(error)(f"{where}: {error}") from error
    except MemoryError as error:
        raise ImageError(f"{where} {_NO_ROOM}") from error
    except Exception as error:  # decoders raise anything on damaged data: struct.error, zlib.error, KeyError, ...
        from PIL import UnidentifiedImageError

        if declares_no_pixel(data):
            raise ImageError(f"{where} is an image of 0 pixels. Get the file again, or take it out.") from error
        if isinstance(error, UnidentifiedImageError) and not data.startswith(_RASTER_SIGNATURES):
            raise ImageError(f"{where} is no picture that classicseg reads; {_KNOWN}.") from error
        detail = "" if isinstance(error, UnidentifiedImageError) else f" ({one_line(error)})"
        raise ImageError(f"{where} is truncated or damaged{detail}. Get the file again, or write it anew.") from error


def _as_int32(stored: NDArray[Any], where: str) -> NDArray[np.int32]:
    if stored.dtype.kind == "f" and not (np.isfinite(stored).all() and np.array_equal(stored, np.trunc(stored))):
        raise ImageError(
            f"{where} holds numbers with a fraction, or NaN; labels are integers. Round them, or give another file."
        )
    limits = np.iinfo(np.int32)
    if stored.dtype != bool and stored.size and (stored.min() < limits.min or stored.max() > limits.max):
        raise ImageError(
            f"{where} holds labels from {stored.min():g} to {stored.max():g}; {limits.min} to {limits.max} (int32) are "
            "allowed. Number them from 1."
        )
    return np.ascontiguousarray(stored, dtype=np.int32)
