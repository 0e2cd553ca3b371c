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
from classicseg.io.decode import Decoded, decode_raster, load_cv2, no_warnings, require_page, usable_type
from classicseg.io.geo import GEO_TAGS, read_reference
from classicseg.io.orientation import TAG, UPRIGHT, known_orientation
from classicseg.memory import require_memory

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Values of the tags, from the TIFF 6.0 specification.
_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _CIELAB = 0, 2, 3, 5, 6, 8
_PREMULTIPLIED, _STRAIGHT = 1, 2
_KIND_TAG, _REDUCED, _MASK = 254, 1, 4
_SHORT = 3  # a type of tags
_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


def decode_tiff(data: bytes, *, stored: bool = False, page: int = 0) -> Decoded:
    """Decode the first page of a TIFF, or the pages of its channels where it says that it has a channel axis.

    Parameters
    ----------
    data : bytes
    stored : bool
        Keep the numbers that are stored, for label maps: palette indices, grey not inverted where 0 means white.
    """
    import tifffile

    with _quiet(), tifffile.TiffFile(BytesIO(data)) as tiff:
        pages, count = _pages_to_read(tiff, page)
        return replace(_decode_pages(pages, stored), pages=count)


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
    import tifffile

    with _quiet(), tifffile.TiffFile(path) as tiff:
        return _decode_pages([tiff.pages[page]], stored)


def count_tiff_pages(path: Path) -> int:
    """The number of pages of a TIFF; no pixel is decoded."""
    import tifffile

    with _quiet(), tifffile.TiffFile(path) as tiff:
        if not len(tiff.pages):
            raise ValueError("it has no page")
        return len(tiff.pages)


def _decode_pages(pages: list[Any], stored: bool) -> Decoded:
    """The pages of one picture, each a group of its channels, and what their first says about its place."""
    decoded, tags = _decode_samples(pages, stored), pages[0].tags
    geo = read_reference({tag.code: (int(tag.dtype), tag.count, tag.value) for tag in tags if tag.code in GEO_TAGS})
    if geo is not None:  # as GDAL has it: the reference is to rows and columns as they are stored
        return replace(decoded, orientation=UPRIGHT, geo=geo)
    return replace(decoded, orientation=known_orientation(tags.valueof(TAG, UPRIGHT)))


def _decode_samples(pages: list[Any], stored: bool) -> Decoded:
    first = pages[0]
    require_memory(
        first.nbytes * len(pages),
        f"reading {first.imagewidth} x {first.imagelength} pixels",
        "Cut the picture into tiles.",
    )
    file = first.parent.filehandle
    if any(end > file.size for page in pages for end in (*_ends_of_tags(page), *_ends_of_samples(page))):
        raise ImageError(
            "is truncated: the TIFF ends before its samples or tags do. Get the file again, or write it anew."
        )
    if int(first.photometric) in (_CMYK, _YCBCR, _CIELAB):
        return _through_pillow(pages, stored)
    try:
        planes = [_rows_columns_bands(page, page.asarray()) for page in pages]
    except (ValueError, NotImplementedError) as error:
        if "imagecodecs" not in str(error):
            raise
        if first.dtype in (np.uint8, np.bool_):
            return _through_pillow(pages, stored)
        planes = [_through_opencv(page) for page in pages]
    samples = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    return _interpret(first, usable_type(samples), stored)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep tifffile's log and warnings from the user, who gets the picture or one error."""
    logger = logging.getLogger("tifffile")

    def refuse(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(refuse)
    try:
        with no_warnings():
            yield
    finally:
        logger.removeFilter(refuse)


def _pages_to_read(tiff: Any, number: int) -> tuple[list[Any], int]:
    """The pages that make up the picture `number`, counted from 0, and how many pictures the file holds.

    A picture is a page; or, where pages follow each other along a channel axis "C", one page for each channel.
    """
    series = tiff.series[0]
    page_axes = len(series.keyframe.shape)
    outer = dict(zip(series.axes[:-page_axes], series.shape[:-page_axes], strict=True))
    pages = list(series.pages)
    if outer.get("C", 1) == 1 or len(pages) != np.prod(list(outer.values())) or None in pages:
        kinds = _kinds_of_pages(tiff)
        pictures = [place for place, kind in enumerate(kinds) if not kind & (_REDUCED | _MASK)] or list(
            range(len(kinds))
        )
        require_page(number, len(pictures))
        return [tiff.pages[pictures[number]]], len(pictures)
    numbers = np.moveaxis(np.arange(len(pages)).reshape(tuple(outer.values())), list(outer).index("C"), -1)
    groups = numbers.reshape(-1, outer["C"])
    require_page(number, len(groups))
    return [pages[place].aspage() for place in groups[number]], len(groups)


def _kinds_of_pages(tiff: Any) -> list[int]:
    """NewSubfileType of each page: bits that tell smaller copies and masks from pictures.

    Its tag is the lowest, and so the first of a page: nothing else of the pages is read, of which there may be many.
    """
    file, order = tiff.filehandle, tiff.byteorder
    head, entry, start = ("Q", "HHQ", 8) if tiff.is_bigtiff else ("H", "HHI", 4)
    address = "Q" if tiff.is_bigtiff else "I"
    file.seek(start)
    (offset,) = struct.unpack(order + address, file.read(start))
    kinds: list[int] = []
    while offset and len(kinds) < len(tiff.pages):
        file.seek(offset)
        count, tag, kind, _ = _unpacked(order + head + entry, file)
        (value,) = _unpacked(order + ("H" if kind == _SHORT else "I"), file)
        kinds.append(value if tag == _KIND_TAG else 0)
        file.seek(offset + struct.calcsize(order + head) + count * (20 if tiff.is_bigtiff else 12))
        (offset,) = _unpacked(order + address, file)
    return kinds


def _unpacked(form: str, file: Any) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _ends_of_samples(page: Any) -> Iterator[int]:
    return (start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=False))


def _ends_of_tags(page: Any) -> Iterator[int]:
    """Where the values of a page's tags end in the file; tifffile passes over tags that it cannot read."""
    order, big, file = page.parent.byteorder, page.parent.is_bigtiff, page.parent.filehandle
    head, entry, inline = ("Q", "HHQQ", 8) if big else ("H", "HHII", 4)
    file.seek(page.offset)
    (count,) = struct.unpack(order + head, file.read(struct.calcsize(order + head)))
    entries = file.read(count * struct.calcsize(order + entry))
    for _, kind, length, offset in struct.iter_unpack(order + entry, entries):
        size = _BYTES_OF_TYPE.get(kind, 1) * length
        if size > inline:
            yield offset + size


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
    if photometric == _PALETTE and page.colormap is not None:
        return Decoded((page.colormap >> 8).astype(np.uint8).T[grey], visible, "rgb")
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
        parts = [decode_raster(_upright(page), stored=stored, frame=page.index) for page in pages]
    except ImageError:
        raise
    except (OSError, ValueError, KeyError, SyntaxError, EOFError) as error:
        raise ImageError(_cannot(pages[0])) from error
    return parts[0] if len(parts) == 1 else Decoded(np.dstack([part.array for part in parts]), color="multiband")


def _through_opencv(page: Any) -> NDArray[Any]:
    """A page (H, W, C) of 16 bits or floats in such compressions."""
    cv2 = load_cv2("a TIFF in this compression")
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(page.samplesperpixel)
    encoded = np.frombuffer(_upright(page), np.uint8)
    decoded = ()
    if order is not None:
        decoded = cv2.imdecodemulti(encoded, cv2.IMREAD_UNCHANGED)[1][page.index : page.index + 1]
    if len(decoded) != 1 or decoded[0].dtype != page.dtype or decoded[0].size != page.size:
        raise ImageError(_cannot(page))
    return decoded[0].reshape(page.imagelength, page.imagewidth, page.samplesperpixel)[..., order]


def _upright(page: Any) -> bytes:
    """The whole file with the page's orientation tag at rest, which other libraries would apply."""
    file = page.parent.filehandle
    file.seek(0)
    data = file.read()
    tag = page.tags.get(TAG)
    if tag is None:
        return data
    at_rest = struct.pack(page.parent.byteorder + "H", 1)
    return data[: tag.valueoffset] + at_rest + data[tag.valueoffset + 2 :]


def _cannot(page: Any) -> str:
    compression = getattr(page.compression, "name", page.compression)
    return (
        f"is a TIFF ({page.samplesperpixel} x {page.dtype}, compression {compression}) that cannot be decoded here: it "
        "is damaged, or needs another library. Save it uncompressed or deflated, as grey or RGB; or pip install "
        "imagecodecs."
    )
