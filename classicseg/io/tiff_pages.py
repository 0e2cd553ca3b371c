"""Which pages of a TIFF make up a picture, and where they end in the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from classicseg.errors import ImageError
from classicseg.io.decode import require_page

_KIND_TAG, _REDUCED, _MASK = 254, 1, 4
_SHORT = 3  # a type of tags
_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, eq=False)
class Chosen:
    """The pages of one picture, one or a page for each channel; its mask page; how many pictures the file holds."""

    pages: list[Any]
    mask: Any | None
    count: int


def choose_pages(tiff: Any, number: int) -> Chosen:
    """The picture `number` of a TIFF, counted from 0.

    A picture is a page; or, where pages follow each other along a channel axis "C", one page for each channel. Smaller
    copies and masks, which are pages too, are no pictures.
    """
    require_pixels(tiff.pages[0])  # before tifffile divides by them
    groups = _channel_groups(tiff)
    if groups is not None:
        require_page(number, len(groups))
        return Chosen([page.aspage() for page in groups[number]], None, len(groups))
    kinds = _kinds_of_pages(tiff)
    pictures = [place for place, kind in enumerate(kinds) if not kind & (_REDUCED | _MASK)] or list(range(len(kinds)))
    require_page(number, len(pictures))
    place = pictures[number]
    behind = kinds[place + 1 : pictures[number + 1] if number + 1 < len(pictures) else None]
    page = tiff.pages[place]
    masks = (tiff.pages[place + 1 + offset] for offset, kind in enumerate(behind) if kind == _MASK)
    size = page.imagelength, page.imagewidth
    mask = next((each for each in masks if (each.imagelength, each.imagewidth) == size), None)
    return Chosen([page], mask, len(pictures))


def _channel_groups(tiff: Any) -> list[list[Any]] | None:
    series = tiff.series[0]
    page_axes = len(series.keyframe.shape)
    outer = dict(zip(series.axes[:-page_axes], series.shape[:-page_axes], strict=True))
    pages = list(series.pages)
    if outer.get("C", 1) == 1 or len(pages) != np.prod(list(outer.values())) or None in pages:
        return None
    numbers = np.moveaxis(np.arange(len(pages)).reshape(tuple(outer.values())), list(outer).index("C"), -1)
    return [[pages[place] for place in group] for group in numbers.reshape(-1, outer["C"])]


def _kinds_of_pages(tiff: Any) -> list[int]:
    """NewSubfileType of each page: bits that tell smaller copies and masks from pictures.

    Its tag is the lowest, and so the first of a page: nothing else of the pages is read, of which there may be many.
    """
    file, order = tiff.filehandle, tiff.byteorder
    kinds: list[int] = []
    for tags in islice(_lists_of_tags(tiff), len(tiff.pages)):
        file.seek(tags)
        tag, kind, _ = _unpacked(order + ("HHQ" if tiff.is_bigtiff else "HHI"), file)
        (value,) = _unpacked(order + ("H" if kind == _SHORT else "I"), file)
        kinds.append(value if tag == _KIND_TAG else 0)
    return kinds


def require_no_circle(tiff: Any) -> None:
    """Refuse a file in which the page after a page is one that came before: tifffile would follow it for ever."""
    seen = set()
    for tags in _lists_of_tags(tiff):
        if tags in seen:
            raise ImageError("is damaged: its list of pages runs in a circle. Get the file again, or write it anew.")
        seen.add(tags)


def _lists_of_tags(tiff: Any) -> Iterator[int]:
    """Where the tags of each page begin in the file."""
    file, order = tiff.filehandle, tiff.byteorder
    count_form, address, length = ("Q", "Q", 20) if tiff.is_bigtiff else ("H", "I", 12)
    file.seek(struct.calcsize(order + address))
    try:
        (offset,) = _unpacked(order + address, file)
        while offset:
            file.seek(offset)
            (count,) = _unpacked(order + count_form, file)
            tags = file.tell()
            yield tags
            file.seek(tags + count * length)
            (offset,) = _unpacked(order + address, file)
    except (struct.error, OverflowError, OSError):  # the list leads out of the file, where tifffile ends it
        return


def _unpacked(form: str, file: Any) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def require_pixels(page: Any) -> None:
    """Refuse a page of no height, width or samples."""
    if not (page.imagewidth and page.imagelength and page.samplesperpixel):
        raise ImageError("is an image of 0 pixels. Get the file again, or take it out.")


def require_whole(pages: list[Any]) -> None:
    """Refuse a file that ends before the samples or the tags of these pages."""
    file = pages[0].parent.filehandle
    if any(end > file.size for page in pages for end in (*_ends_of_tags(page), *_ends_of_samples(page))):
        raise ImageError(
            "is truncated: the TIFF ends before its samples or tags do. Get the file again, or write it anew."
        )


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
