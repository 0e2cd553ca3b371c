"""Pictures of files and pages of stacks, for `decode`: a page is read alone, as a file of its own would be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from classicseg.errors import DependencyError, ImageError, MemoryLimitError

if TYPE_CHECKING:
    from classicseg.io.decode import Decoded
    from classicseg.io.read import Picture

_BYTES_OF_BEGINNING = 4096


def read_shown(path: Path, page: int | None = None) -> Picture:
    """A picture, of a stack its page `page`; see `classicseg.io.read.read_picture`."""
    from classicseg.io.read import Picture, read_picture

    if page is None:
        return read_picture(path)
    decoded = read_page(path, page, stored=False)
    visible = None if decoded.visible is None or decoded.visible.all() else decoded.visible
    return Picture(decoded.array, visible, decoded.color, path.stem, decoded.orientation, decoded.pages)


def count_pages(path: Path) -> int:
    """The number of pages in a stack; its header is read, no pixel is decoded."""
    from PIL import Image

    from classicseg.io.decode import no_warnings
    from classicseg.io.tiff import count_tiff_pages

    try:
        if _is_tiff(path):
            return count_tiff_pages(path)
        with no_warnings(), Image.open(path) as image:
            return int(getattr(image, "n_frames", 1))
    except Exception as error:  # a damaged file makes the decoder raise anything
        raise ImageError(f"{path} cannot be read as a stack of pages: {error}. Get the file anew.") from error


def read_page(path: Path, page: int, *, stored: bool) -> Decoded:
    """One page of a stack; of a TIFF no other is read.

    Raises
    ------
    ImageError
        There is no such page, or it cannot be read.
    """
    from classicseg.io.decode import decode_raster, upright
    from classicseg.io.read import read_bytes
    from classicseg.io.tiff import decode_tiff_page

    try:
        if _is_tiff(path):
            return upright(decode_tiff_page(path, page, stored=stored))
        return upright(decode_raster(read_bytes(path), stored=stored, frame=page))
    except ImageError as error:
        raise ImageError(f"page {page} of {path} {error}") from error
    except (DependencyError, MemoryLimitError):
        raise
    except Exception as error:  # a damaged file makes the decoder raise anything
        raise ImageError(f"page {page} of {path} cannot be read: {error}. Get the file anew.") from error


def is_lossy_file(path: Path) -> bool:
    """Whether a file is a JPEG or a lossy WebP, by its beginning."""
    from classicseg.io.read import is_lossy

    return is_lossy(_beginning(path))


def _is_tiff(path: Path) -> bool:
    from classicseg.io.tiff import SIGNATURES

    return _beginning(path).startswith(SIGNATURES)


def _beginning(path: Path) -> bytes:
    """What tells the format: of a stack no more is read than the page that is asked for."""
    with path.open("rb") as file:
        return file.read(_BYTES_OF_BEGINNING)
