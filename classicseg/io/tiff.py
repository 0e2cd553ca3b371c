"""TIFF becomes samples: any depth, any number of bands, with what the tags say about alpha, palettes and axes."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError
from classicseg.io.decode import Decoded, decode_raster, hushed, load_cv2, no_warnings, usable_type
from classicseg.io.geo import GEO_TAGS, NODATA, parse_nodata, read_reference, with_data
from classicseg.io.orientation import TAG, UPRIGHT, known_orientation
from classicseg.io.tiff_pages import choose_pages, require_no_circle, require_pixels, require_whole
from classicseg.memory import is_forced, require_memory

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Values of the tags, from the TIFF 6.0 specification.
_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _CIELAB = 0, 2, 3, 5, 6, 8
_PREMULTIPLIED, _STRAIGHT = 1, 2
_PHOTOMETRIC, _BLACK_IS_ZERO = 262, 1
_MOST_UNASKED = 179_000_000  # pixels, as Pillow has it for other formats
_HIGHEST_RATIO = 1100  # deflate makes 1032 bytes of one at most


def decode_tiff(data: bytes, *, stored: bool = False, page: int = 0) -> Decoded:
    """Decode a page of a TIFF, or the pages of its channels where it says that it has a channel axis.

    Parameters
    ----------
    data : bytes
    stored : bool
        Keep the numbers that are stored, for label maps: palette indices, grey not inverted where 0 means white.
    page : int
        Which page, counted from 0.

    Returns
    -------
    Decoded
        As it is stored; of a GeoTIFF with its reference, its nodata value, and its mask page as what is visible.
    """
    with _opened(BytesIO(data)) as tiff:
        chosen = choose_pages(tiff, page)
        decoded = replace(_decode_pages(chosen.pages, stored), pages=chosen.count)
        if chosen.mask is None:
            return decoded
        return replace(decoded, visible=_decode_samples([chosen.mask], stored=True).array > 0)


def decode_tiff_page(path: Path, page: int, *, stored: bool = False) -> Decoded:
    """Decode one page of a TIFF, of which no other page is read; as `decode_tiff` decodes the first.

    Parameters
    ----------
    path : Path
    page : int
        Counted from 0; there is one of that number.
    stored : bool
        As for `decode_tiff`.
    """
    with _opened(path) as tiff:
        return _decode_pages([tiff.pages[page]], stored)


def count_tiff_pages(path: Path) -> int:
    """The number of pages of a TIFF; no pixel is decoded."""
    with _opened(path) as tiff:
        if not len(tiff.pages):
            raise ValueError("it has no page")
        return len(tiff.pages)


def _decode_pages(pages: list[Any], stored: bool) -> Decoded:
    """The pages of one picture, each a group of its channels, and what their first says about its place."""
    decoded, tags = _decode_samples(pages, stored), pages[0].tags
    if decoded.array.ndim == 3 and pages[0].samplesperpixel * len(pages) > 1:  # else `_interpret` has seen to it
        decoded = replace(decoded, nodata=parse_nodata(tags.valueof(NODATA)))
    geo = read_reference({tag.code: (int(tag.dtype), tag.count, tag.value) for tag in tags if tag.code in GEO_TAGS})
    if geo is not None:  # as GDAL has it: the reference is to rows and columns as they are stored
        return replace(decoded, orientation=UPRIGHT, geo=geo)
    return replace(decoded, orientation=known_orientation(tags.valueof(TAG, UPRIGHT)))


def _decode_samples(pages: list[Any], stored: bool) -> Decoded:
    first = pages[0]
    _require_reasonable(first, len(pages))
    require_whole(pages)
    if int(first.photometric) in (_CMYK, _YCBCR, _CIELAB):
        return _through_pillow(pages, stored)
    try:
        planes = [_rows_columns_bands(page, page.asarray()) for page in pages]
    except (ValueError, NotImplementedError, ImportError) as error:  # ImportError: Zstandard before Python 3.14
        if "imagecodecs" not in str(error) and not isinstance(error, ImportError):
            raise
        single = first.samplesperpixel == 1
        if first.dtype not in (np.uint8, np.bool_) or (decoded := _if_pillow_can(pages, stored or single)) is None:
            planes = [_through_opencv_or_rasterio(page) for page in pages]
        elif single:
            planes = [np.atleast_3d(decoded.array)]
        else:
            return decoded
    samples = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    return _interpret(first, usable_type(samples), stored)


def _require_reasonable(first: Any, count: int) -> None:
    """Refuse pages without pixels, and sizes that no file of this length has or no machine holds."""
    width, height = first.imagewidth, first.imagelength
    require_pixels(first)
    held = first.parent.filehandle.size
    if width * height > _MOST_UNASKED and first.nbytes * count > _HIGHEST_RATIO * held and not is_forced():
        raise ImageError(
            f"is too large: its {held} bytes declare {width} x {height} pixels, as a file that is made to fill the "
            "memory does. Get the file again; or, if you trust it, say --force (from Python: with "
            "classicseg.memory.forced())."
        )
    require_memory(first.nbytes * count, f"reading {width} x {height} pixels", "Cut the picture into tiles.")


@contextmanager
def _opened(source: Path | BytesIO) -> Iterator[Any]:
    """A `tifffile.TiffFile` whose pages come to an end."""
    import tifffile

    with _quiet(), tifffile.TiffFile(source) as tiff:
        require_no_circle(tiff)
        yield tiff


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' logs and warnings from the user, who gets the picture or one error."""
    loggers = [logging.getLogger(name) for name in ("tifffile", "rasterio", "rasterio._env", "rasterio._err")]

    def refuse(record: logging.LogRecord) -> bool:
        return False

    for logger in loggers:
        logger.addFilter(refuse)
    try:
        with no_warnings():
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(refuse)


def _rows_columns_bands(page: Any, array: NDArray[Any]) -> NDArray[Any]:
    """The samples of a page as (H, W, C), whatever the order of its axes; of further axes (depth) the first."""
    axes = page.axes
    array = array[tuple(slice(None) if axis in "YXS" else 0 for axis in axes)]
    kept = [axis for axis in axes if axis in "YXS"]
    if "S" not in kept:
        return array[..., np.newaxis]
    return np.moveaxis(array, kept.index("S"), -1)


def _interpret(page: Any, samples: NDArray[Any], stored: bool) -> Decoded:
    """What the samples (H, W, C) mean, by the page's tags."""
    photometric = int(page.photometric)
    alpha = _alpha_band(page, samples.shape[2])
    visible = None
    if alpha is not None:
        band, premultiplied = alpha
        opacity = samples[..., band]
        visible = opacity > 0
        samples = np.delete(samples, band, axis=2)
        if premultiplied and not stored:
            samples = _straight_colors(samples, opacity)
    if samples.shape[2] > 1:
        color = "rgb" if photometric == _RGB and samples.shape[2] == 3 else "multiband"
        return Decoded(np.ascontiguousarray(samples), visible, color)  # type: ignore[arg-type]
    grey = np.ascontiguousarray(samples[..., 0])
    if stored:
        return Decoded(grey, visible)
    nodata = parse_nodata(page.tags.valueof(NODATA))
    if visible is None and nodata is not None:  # now, since it is one of the numbers that are stored
        visible = with_data(grey, nodata)
    if photometric == _PALETTE and page.colormap is not None:
        indices = grey.view(np.uint8) if grey.dtype == bool else grey
        return Decoded((page.colormap >> 8).astype(np.uint8).T[indices], visible, "rgb")
    if page.bitspersample in (2, 4) and grey.dtype == np.uint8:
        grey = grey * np.uint8(255 // (2**page.bitspersample - 1))
    if photometric == _WHITE_IS_ZERO:
        grey = _inverted(grey)
    return Decoded(grey, visible)


def _alpha_band(page: Any, count: int) -> tuple[int, bool] | None:
    """Which band is alpha, and whether the colours are multiplied by it."""
    extra = [int(kind) for kind in page.extrasamples]
    for place, kind in enumerate(extra):
        if kind in (_PREMULTIPLIED, _STRAIGHT) and count == page.samplesperpixel:
            return count - len(extra) + place, kind == _PREMULTIPLIED
    return None


def _straight_colors(colors: NDArray[Any], opacity: NDArray[Any]) -> NDArray[Any]:
    full = np.iinfo(colors.dtype).max if colors.dtype.kind in "ui" else 1.0
    share = np.where(opacity > 0, opacity / full, 1.0)[..., np.newaxis]
    straight = np.clip(colors / share, 0, full)
    return (np.rint(straight) if colors.dtype.kind in "ui" else straight).astype(colors.dtype)


def _inverted(grey: NDArray[Any]) -> NDArray[Any]:
    if grey.dtype == bool:
        return ~grey
    if grey.dtype.kind == "u":
        return np.iinfo(grey.dtype).max - grey
    return grey  # the specification gives 0 as white a meaning for unsigned samples only


def _through_pillow(pages: list[Any], stored: bool) -> Decoded:
    """8-bit pages in the compressions and colour spaces that tifffile leaves to a further package."""
    try:
        with hushed():
            parts = [decode_raster(_at_rest(page), stored=stored, frame=page.index) for page in pages]
    except ImageError:
        raise
    except (OSError, ValueError, KeyError, SyntaxError, EOFError) as error:
        raise ImageError(_cannot(pages[0])) from error
    return parts[0] if len(parts) == 1 else Decoded(np.dstack([part.array for part in parts]), color="multiband")


def _if_pillow_can(pages: list[Any], stored: bool) -> Decoded | None:
    try:
        return _through_pillow(pages, stored)
    except ImageError:
        return None


def _through_opencv_or_rasterio(page: Any) -> NDArray[Any]:
    """A page (H, W, C) in a compression that neither tifffile nor, for 8 bits, Pillow decodes here."""
    found = _through_opencv(page) if page.dtype not in (np.uint8, np.bool_) else None
    if found is None:
        found = _through_rasterio(page)
    if found is None:
        raise ImageError(_cannot(page))
    return found


def _through_opencv(page: Any) -> NDArray[Any] | None:
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(page.samplesperpixel)
    if order is None:
        return None
    cv2 = load_cv2("a TIFF in this compression")
    encoded = np.frombuffer(_at_rest(page), np.uint8)
    with hushed():
        decoded = cv2.imdecodemulti(encoded, cv2.IMREAD_UNCHANGED)[1][page.index : page.index + 1]
    if len(decoded) != 1 or decoded[0].dtype != page.dtype or decoded[0].size != page.size:
        return None
    return decoded[0].reshape(page.imagelength, page.imagewidth, page.samplesperpixel)[..., order]


def _through_rasterio(page: Any) -> NDArray[Any] | None:
    """GDAL knows more compressions; None where it is not installed (the extra [geo]), or cannot read the page."""
    try:
        import rasterio
    except ImportError:
        return None
    try:
        with (
            hushed(),
            rasterio.MemoryFile(_at_rest(page)) as file,
            rasterio.open(f"GTIFF_DIR:{page.index + 1}:{file.name}", driver="GTiff") as picture,
        ):
            bands = picture.read()
    except rasterio.errors.RasterioError:
        return None
    wanted = page.samplesperpixel, page.imagelength, page.imagewidth
    return np.moveaxis(bands, 0, -1) if bands.shape == wanted and bands.dtype == page.dtype else None


def _at_rest(page: Any) -> bytes:
    """The whole file, without what other libraries would do to the samples of the page: turn, invert or colour them."""
    file = page.parent.filehandle
    file.seek(0)
    data = bytearray(file.read())
    changed = {TAG: UPRIGHT} | ({_PHOTOMETRIC: _BLACK_IS_ZERO} if page.samplesperpixel == 1 else {})
    for tag, value in ((page.tags.get(code), value) for code, value in changed.items()):
        if tag is not None:
            struct.pack_into(page.parent.byteorder + "H", data, tag.valueoffset, value)
    return bytes(data)


def _cannot(page: Any) -> str:
    compression = getattr(page.compression, "name", page.compression)
    return (
        f"is a TIFF ({page.samplesperpixel} x {page.dtype}, compression {compression}) that cannot be decoded here: it "
        "is damaged, or needs another library. Save it uncompressed or deflated, as grey or RGB; or pip install "
        "imagecodecs, or 'classicseg[geo]'."
    )
