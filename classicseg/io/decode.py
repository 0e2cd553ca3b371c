"""Encoded bytes become samples: all that Pillow reads, PNG with 16 bits in colour, and .npy."""

from __future__ import annotations

import math
import os
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import DependencyError, ImageError
from classicseg.io.geo import GeoReference
from classicseg.io.orientation import TAG, UPRIGHT, is_applied, known_orientation, turned
from classicseg.memory import is_forced, require_memory

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A list of our own: Pillow would also hand PostScript to an interpreter, and take data without a signature for Targa.
_FORMATS = ("PNG", "JPEG", "MPO", "JPEG2000", "BMP", "GIF", "WEBP", "AVIF", "PPM", "TIFF")
_COMMON_SIGNATURES = (PNG_SIGNATURE, b"\xff\xd8\xff", b"BM", b"GIF8", b"P5", b"P6")  # PNG, JPEG, BMP, GIF, PPM
_DIRECT_MODES = ("1", "L", "I", "F", "RGB")
_ESSENTIAL_CHUNKS = (b"IHDR", b"IDAT", b"IEND")
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_BYTES_OF_MODE = {"1": 1, "I": 4, "F": 4, "I;16": 2, "I;16B": 2}


_filters = threading.RLock()


@contextmanager
def no_warnings() -> Iterator[None]:
    """Ignore warnings in the block; one thread at a time, since the filters set and restored are everybody's."""
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def hushed() -> Iterator[None]:
    """Keep what C libraries print on the process's stderr from the user; one thread at a time.

    libtiff, in Pillow and OpenCV, has no other way to be told. What another thread prints in the block is lost too.
    """
    with _filters:
        try:
            kept = os.dup(2)
        except OSError:  # nothing is open there
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


@dataclass(frozen=True, eq=False)
class Decoded:
    """The samples of a file, (H, W) or (H, W, C) without alpha; where they are visible; what the channels are.

    They lie as they are stored: `orientation` says how the file wants them turned. `pages` counts what else is in it;
    samples of the value `nodata` are none.
    """

    array: NDArray[Any]
    visible: NDArray[np.bool_] | None = None
    color: Literal["rgb", "multiband"] | None = None
    orientation: int = UPRIGHT
    pages: int = 1
    geo: GeoReference | None = None
    nodata: float | None = None


def decode_npy(data: bytes) -> Decoded:
    """Decode a .npy file; what its axes mean is not known. Its header is believed only as far as there are bytes."""
    stream = BytesIO(data)
    read_header = _NPY_HEADERS.get(np.lib.format.read_magic(stream))
    if read_header is None:
        raise ImageError("is of a version of .npy that holds no samples. Save the array anew with numpy.save.")
    with no_warnings():  # about headers that Python 2 wrote
        shape, _, dtype = read_header(stream)
    if dtype.hasobject:
        raise ImageError("holds Python objects, which are never loaded from a file. Save an array of numbers.")
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ImageError(f"holds an array of shape {shape}; a picture is (H, W) or (H, W, C) and has a pixel at least.")
    wanted, there = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
    if wanted > there:
        raise ImageError(
            f"is truncated: its header declares {wanted} bytes of samples, and {there} follow. Get the file again, or "
            "write it anew."
        )
    with no_warnings():
        return Decoded(usable_type(np.load(BytesIO(data), allow_pickle=False)))


def decode_raster(data: bytes, *, stored: bool = False, frame: int = 0) -> Decoded:
    """Decode what Pillow reads. Samples come as they are stored, see `upright`.

    Parameters
    ----------
    data : bytes
    stored : bool
        Keep the numbers that are stored, for label maps: palette indices, and grey of 1, 2 or 4 bits unscaled.
    frame : int
        Which of several frames or pages, counted from 0.
    """
    from PIL import Image

    # Pillow loads its five commonest formats at once, and all forty only where another is met: 50 ms.
    (Image.preinit if data.startswith(_COMMON_SIGNATURES) else Image.init)()
    png_chunks = _png_chunks(data) if data.startswith(PNG_SIGNATURE) else None
    with no_warnings(), _pixel_limit():  # warnings about sizes below the limit, and metadata that nobody asked for
        try:
            opened = Image.open(BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN])
        except Image.DecompressionBombError as error:
            raise ImageError(_too_large(error)) from error
        with opened as image:
            pages = _count_frames(image)
            require_page(frame, pages)
            width, height = image.size
            require_memory(
                2 * width * height * _BYTES_OF_MODE.get(image.mode, len(image.getbands())),
                f"reading {width} x {height} pixels",
                "Cut the picture into tiles.",
            )
            image.seek(frame)
            image.load()
            if png_chunks is not None and data[24] == 16 and data[25] in (2, 4, 6):
                if frame:
                    raise ImageError("is an animated PNG of 16 bits, of which only the first page is read.")
                decoded = _decode_deep_png(png_chunks, image)
            else:
                decoded = _from_pillow(image, stored, _bits_of_grey(image, data))
            return replace(decoded, orientation=_exif_orientation(image), pages=pages)


def upright(decoded: Decoded, orientation: str = "apply") -> Decoded:
    """Samples and visibility turned as the file wants it, unless orientations are ignored.

    `Decoded.orientation` then tells what was applied.
    """
    turn = decoded.orientation if is_applied(orientation) else UPRIGHT
    visible = decoded.visible
    return replace(
        decoded,
        array=turned(decoded.array, turn),
        visible=None if visible is None else turned(visible, turn),
        orientation=turn,
    )


@contextmanager
def _pixel_limit() -> Iterator[None]:
    """Pillow's limit on pixels, lifted where that is forced. It is everybody's, and is changed under a lock."""
    from PIL import Image

    if not is_forced():
        yield
        return
    with _filters:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _too_large(error: Exception) -> str:
    """In words, with the two numbers of Pillow's message: those of the picture, and how many it allows."""
    numbers = [int(number) for number in re.findall(r"\d+", str(error))]
    pixels = f"{numbers[0] / 1e6:.4g} million pixels" if numbers else str(error)
    allowed = f"; {numbers[1] / 1e6:.4g} million are read unasked" if len(numbers) > 1 else ""
    return (
        f"is too large: it declares {pixels}{allowed}. Cut it into tiles; or, if you trust the file, say --force (from "
        "Python: with classicseg.memory.forced())."
    )


def _count_frames(image: PillowImage) -> int:
    """How many frames or pages there are, as far as the file can be followed."""
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except Exception:  # a file that is damaged behind its first frame makes the decoder raise anything
        return 1


def require_page(frame: int, pages: int) -> None:
    """Refuse a page, counted from 0, that a file has not."""
    if frame >= pages:
        has = "one page" if pages == 1 else f"{pages} pages"
        raise ImageError(f"has {has}, and no page {frame + 1} (1 is the first).")


def _exif_orientation(image: PillowImage) -> int:
    try:
        return known_orientation(image.getexif().get(TAG))
    except Exception:  # damaged EXIF raises anything, and is no reason to refuse the picture
        return UPRIGHT


def _from_pillow(image: PillowImage, stored: bool, depth: int) -> Decoded:
    mode = image.mode
    if mode in ("P", "PA"):
        if stored:
            indices = np.array(image)
            return Decoded(indices if indices.ndim == 2 else np.ascontiguousarray(indices[..., 0]))
        image = image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    elif mode == "RGBX" and image.format == "TIFF":  # three colours and a fourth sample that is no alpha
        return Decoded(np.array(image), color="multiband")
    elif mode in ("La", "RGBa"):  # colours multiplied by alpha
        image = image.convert(mode.upper())
    elif mode not in (*_DIRECT_MODES, "LA", "RGBA") and not mode.startswith("I;16"):
        image = image.convert("RGB")
    array = usable_type(np.array(image))
    if image.mode in ("LA", "RGBA"):
        return without_alpha(array)
    if image.mode == "I" and image.format in ("PNG", "PPM"):  # Pillow's room for 16 bits in these formats
        array = array.astype(np.uint16)
    if depth in (2, 4) and array.ndim == 2:
        step = 255 // (2**depth - 1)  # Pillow spreads grey of few bits over 0..255
        key = image.info.get("transparency")
        visible = None if key is None else array != key * step
        return Decoded(array // step if stored else array, visible)
    return Decoded(array, _unlike_key(array, image.info.get("transparency")), "rgb" if array.ndim == 3 else None)


def _bits_of_grey(image: PillowImage, data: bytes) -> int:
    if image.format == "PNG":
        return data[24]
    tags = getattr(image, "tag_v2", {})
    return tags.get(258, (8,))[0]


def without_alpha(array: NDArray[Any]) -> Decoded:
    """Grey or RGB with a last channel that is alpha: colour, and where alpha is above 0."""
    visible = array[..., -1] > 0
    if array.shape[-1] == 2:
        return Decoded(np.ascontiguousarray(array[..., 0]), visible)
    return Decoded(np.ascontiguousarray(array[..., :-1]), visible, "rgb")


def usable_type(array: NDArray[Any]) -> NDArray[Any]:
    """Samples in native byte order; float16 as float32, exactly. Types that are no samples are refused."""
    if array.dtype.kind not in "buif":
        raise ImageError(
            f"holds values of type {array.dtype}; samples are bool, integers or real floats. Convert it first."
        )
    if array.dtype.kind == "f" and array.dtype.itemsize == 2:  # in whatever byte order
        return array.astype(np.float32)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def load_cv2(purpose: str) -> Any:
    """OpenCV, or a `DependencyError` with the cure where it cannot be loaded."""
    try:
        import cv2
    except ImportError as error:
        raise DependencyError(
            f"{purpose} needs OpenCV, which cannot be loaded ({error}). On a machine without a display: "
            "pip install opencv-python-headless in place of opencv-python."
        ) from error
    return cv2


def _unlike_key(array: NDArray[Any], key: Any) -> NDArray[np.bool_] | None:
    """Where the samples differ from the one colour that the file calls transparent."""
    if key is None or isinstance(key, bytes):
        return None
    if array.dtype == bool:  # where Pillow gives the key 1 as 255
        key = bool(key)
    different = array != np.asarray(key)
    return different.any(axis=2) if array.ndim == 3 else different


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG, each a type and the whole chunk; Pillow itself forgives a missing end."""
    chunks = []
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, end = data[position + 4 : position + 8], position + 12 + length
        if end > len(data):
            break
        chunks.append((kind, data[position:end]))
        if kind == b"IEND":
            return chunks
        position = end
    raise ImageError("is truncated: the PNG ends before its IEND chunk. Get the file again, or write it anew.")


def _decode_deep_png(chunks: list[tuple[bytes, bytes]], image: PillowImage) -> Decoded:
    """16 bits in grey with alpha, RGB or RGBA, of which Pillow keeps the upper 8.

    Pillow has checked the data before. libpng is given the chunks that hold pixels, since it prints what it thinks of
    others (colour profiles, text) on stderr.
    """
    cv2 = load_cv2("a PNG with 16 bits in several channels")
    essential = PNG_SIGNATURE + b"".join(chunk for kind, chunk in chunks if kind in _ESSENTIAL_CHUNKS)
    with hushed():
        array = cv2.imdecode(np.frombuffer(essential, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16:
        raise ImageError("is damaged: OpenCV cannot decode this PNG. Write it anew.")
    channels = essential[25]  # the colour type: 2 is RGB, 4 grey with alpha, 6 RGBA
    if channels == 4:
        return without_alpha(array[..., [0, 3]])
    if channels == 6:
        return without_alpha(array[..., [2, 1, 0, 3]])
    rgb = np.ascontiguousarray(array[..., ::-1])
    keys = [struct.unpack(">3H", chunk[8:14]) for kind, chunk in chunks if kind == b"tRNS"]
    return Decoded(rgb, _unlike_key(rgb, keys[0] if keys else None), "rgb")


def declares_no_pixel(data: bytes) -> bool:
    """Whether the header of a PNG, GIF, BMP, JPEG or PPM gives a height or a width of 0."""
    if data.startswith(PNG_SIGNATURE):
        return _has_zero(">II", data, 16)
    if data.startswith(b"GIF8"):
        return _has_zero("<HH", data, 6)
    if data.startswith(b"BM"):
        return _has_zero("<HH", data, 18) if data[14:18] == b"\x0c\0\0\0" else _has_zero("<ii", data, 18)
    if data.startswith(b"\xff\xd8\xff"):
        frame = re.search(rb"\xff[\xc0-\xc3]..\x08", data, re.DOTALL)
        return frame is not None and _has_zero(">HH", data, frame.end())
    plain = re.match(rb"P[1-7]\s+(\d+)\s+(\d+)\s", data)
    return plain is not None and 0 in (int(plain[1]), int(plain[2]))


def _has_zero(form: str, data: bytes, place: int) -> bool:
    whole = len(data) >= place + struct.calcsize(form)
    return whole and 0 in struct.unpack_from(form, data, place)
