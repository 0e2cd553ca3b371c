"""Results to look at: any picture as 8-bit RGB, overlays of label maps, mean colours, and montages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError, ParameterError
from classicseg.image import as_image
from classicseg.io.checks import highest_label
from classicseg.io.palette import UNUSED, label_colors
from classicseg.labels import boundaries
from classicseg.parallel import chunks, for_chunks, thread_count

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Rgb = NDArray[np.uint8]

_MASKED_GREY = 224
_STRETCH = (1.0, 99.0)  # percentiles that become black and white
_LINE_WINDOW = 25  # pixels square whose mean luma decides whether a boundary is drawn light or dark
_LIGHT = 165  # from this mean luma on, white lines are lost
_DARK_LINE, _LIGHT_LINE = 20, 255
_LUMA = (299, 587, 114)  # thousandths of red, green and blue (ITU-R BT.601)
# Strips hold so many pixels, and rows enough that the rows of the window beyond them do not count for much.
_PIXELS_AT_ONCE, _FEWEST_ROWS = 1 << 17, 64
_MARGIN = 12
_FONT_SIZE = 15


def display(
    array: ArrayLike,
    mask: ArrayLike | None = None,
    color: str | None = None,
    data_range: Any = None,
) -> Rgb:
    """Any picture that classicseg takes, as 8-bit RGB to look at.

    Parameters
    ----------
    array, mask, color, data_range
        As in `classicseg.segment`; without a data range, samples deeper than 8 bits have that of the picture.

    Returns
    -------
    (H, W, 3) uint8 array
        8-bit colour and grey unchanged. Deeper samples are stretched from their 1st to their 99th percentile, all
        channels together, so that a 12-bit picture is not black. Of several bands the first three are shown as red,
        green and blue (of two, their mean as grey), each stretched by itself. Masked pixels are light grey.

    Examples
    --------
    >>> import numpy as np
    >>> display(np.array([[0, 400], [800, 4000]], dtype=np.uint16))[..., 0].tolist()
    [[0, 25], [52, 255]]
    """
    samples = np.asarray(array)
    shallow = samples.dtype in (np.uint8, np.bool_)
    chosen = "image" if data_range is None and not shallow else data_range
    # Quiet: the run itself has said what there is to say about the data range.
    image = as_image(samples, mask=mask, color=color, data_range=chosen, quiet=True)
    rgb = np.empty((*image.shape, 3), dtype=np.uint8)
    if image.kind == "rgb" and image.levels is not None:
        _fill_with_levels(rgb, image.levels)
    else:
        planes = image.planes
        if image.kind == "bands":
            planes = planes[:3] if len(planes) != 2 else planes.mean(axis=0, keepdims=True)
            limits = [_limits(plane, image.mask) for plane in planes]
        else:
            limits = [None if shallow else _limits(planes, image.mask)] * len(planes)
        for channel in range(3):  # one plane fills all three
            which = channel % len(planes)
            _fill_channel(rgb[..., channel], planes[which], limits[which])
    if not image.mask.all():
        rgb[~image.mask] = _MASKED_GREY
    return rgb


def overlay(rgb: Rgb, labels: NDArray[np.integer], alpha: float = 0.35, threads: int | None = None) -> Rgb:
    """A label map over its picture: translucent colours, and boundaries one pixel wide.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    labels : (H, W) integer array
        Label 0 is left uncoloured.
    alpha : float
        How much of the colour shows, 0 to 1. At the default the picture's texture stays readable.
    threads : int, optional
        As in `classicseg.segment`; the picture is the same whatever it is.

    Returns
    -------
    (H, W, 3) uint8 array
    """
    _require_fit(rgb, labels)
    if not 0 <= alpha <= 1:
        raise ParameterError(f"alpha={alpha!r} is not allowed; it is a number from 0 to 1.")
    result = np.empty_like(rgb, order="C")
    count = thread_count(threads)
    # The colour of a label in the upper byte and a sample in the lower one find what is seen of both.
    levels = np.arange(256, dtype=np.float64)
    blended = np.rint((1 - alpha) * levels + alpha * levels[:, np.newaxis]).astype(np.uint8)
    blended[UNUSED] = levels  # what label 0 is given: the samples as they are
    tints = label_colors(labels).astype(np.uint16) << 8
    tints[0] = UNUSED << 8

    def tint(_: int, start: int, stop: int) -> None:
        places = tints.take(labels[start:stop], axis=0, mode="clip")  # labels below 0 are left alone too
        places |= rgb[start:stop]
        blended.reshape(-1).take(places, out=result[start:stop], mode="wrap")  # all are within; "raise" would copy

    for_chunks(tint, _strips(labels.shape), count)
    _draw_boundaries(result, labels, count)
    return result


def boundary_picture(rgb: Rgb, labels: NDArray[np.integer], threads: int | None = None) -> Rgb:
    """The boundaries of a label map, one pixel wide, over its picture, which is left as it is everywhere else.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    labels : (H, W) integer array
    threads : int, optional
        As in `classicseg.segment`; the picture is the same whatever it is.

    Returns
    -------
    (H, W, 3) uint8 array
        Lines are white where the picture is dark around them and nearly black where it is light, as in `overlay`.

    Examples
    --------
    >>> import numpy as np
    >>> boundary_picture(np.zeros((1, 3, 3), dtype=np.uint8), np.array([[1, 1, 2]]))[..., 0].tolist()
    [[0, 255, 0]]
    """
    _require_fit(rgb, labels)
    result = rgb.copy(order="C")
    _draw_boundaries(result, labels, thread_count(threads))
    return result


def mean_color(rgb: Rgb, labels: NDArray[np.integer], threads: int | None = None) -> Rgb:
    """Each label painted with its mean colour; label 0 too.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    labels : (H, W) integer array
        Labels of 0 or above.
    threads : int, optional
        As in `classicseg.segment`; the picture is the same whatever it is.

    Returns
    -------
    (H, W, 3) uint8 array
        Means of the sRGB values, rounded to the nearest (halves up).

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.repeat(np.array([[[10], [20], [90]]], dtype=np.uint8), 3, axis=2)
    >>> mean_color(grey, np.array([[1, 1, 0]]))[..., 0].tolist()
    [[15, 15, 90]]
    """
    _require_fit(rgb, labels)
    length = highest_label(labels) + 1
    sums = np.zeros((4, length))  # of red, green, blue and ones: whole numbers, which float64 adds exactly
    for start, stop in _strips(labels.shape, length):
        own = labels[start:stop].ravel()
        sums[3] += np.bincount(own, minlength=length)
        for channel in range(3):
            sums[channel] += np.bincount(own, rgb[start:stop, :, channel].ravel(), length)
    means = np.ascontiguousarray(np.floor(sums[:3] / np.maximum(sums[3], 1) + 0.5).astype(np.uint8).T)
    result = np.empty_like(rgb, order="C")

    def paint(_: int, start: int, stop: int) -> None:
        means.take(labels[start:stop], axis=0, out=result[start:stop], mode="clip")  # all are within

    for_chunks(paint, _strips(labels.shape), thread_count(threads))
    return result


def montage(tiles: list[tuple[str, Rgb]], columns: int = 4, tile_width: int = 320) -> Rgb:
    """Pictures side by side on white, each below its caption.

    Parameters
    ----------
    tiles : list of (caption, (H, W, 3) uint8 array)
        Laid out row by row. A caption that is too long for its tile is cut off.
    columns : int
        Pictures in a row.
    tile_width : int
        Width in pixels to which every picture is scaled; very tall ones are narrower, so that none is more than twice
        as high as this.

    Returns
    -------
    (H, W, 3) uint8 array

    Examples
    --------
    >>> import numpy as np
    >>> black = np.zeros((20, 40, 3), dtype=np.uint8)
    >>> montage([("one", black), ("two", black), ("three", black)], columns=2, tile_width=100).shape
    (180, 236, 3)
    """
    if not tiles or columns < 1 or tile_width < 16:
        raise ParameterError(
            f"{len(tiles)} tiles in {columns} columns of {tile_width} pixels came; at least 1, 1 and 16 are allowed."
        )
    for _, rgb in tiles:
        _require_rgb(rgb)
    from PIL import Image, ImageDraw

    columns = min(columns, len(tiles))
    pictures = [_scaled(Image.fromarray(np.ascontiguousarray(rgb)), tile_width) for _, rgb in tiles]
    font, line_height = _caption_font()
    rows = [range(start, min(start + columns, len(tiles))) for start in range(0, len(tiles), columns)]
    heights = [line_height + max(pictures[tile].height for tile in row) for row in rows]
    width = _MARGIN + columns * (tile_width + _MARGIN)
    canvas = Image.new("RGB", (width, _MARGIN + sum(heights) + _MARGIN * len(rows)), "white")
    draw = ImageDraw.Draw(canvas)
    top = _MARGIN
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            left = _MARGIN + column * (tile_width + _MARGIN)
            draw.text((left, top), _fitted(tiles[tile][0], tile_width, font), fill=(30, 30, 30), font=font)
            canvas.paste(pictures[tile], (left, top + line_height))
        top += height + _MARGIN
    return np.asarray(canvas).copy()


def _caption_font() -> tuple[Any, int]:
    """Pillow's own font, and the height of a caption line."""
    from PIL import ImageFont

    try:
        return ImageFont.load_default(_FONT_SIZE), _FONT_SIZE + 7
    except (ImportError, OSError, TypeError):  # a Pillow without FreeType, or before 10.1, has a bitmap font only
        return ImageFont.load_default(), 15


def _scaled(picture: PillowImage, width: int) -> PillowImage:
    from PIL import Image

    factor = min(width / picture.width, 2 * width / picture.height)
    size = (max(round(picture.width * factor), 1), max(round(picture.height * factor), 1))
    # Pixels of small pictures stay squares to be counted; everything else is resampled smoothly.
    how = Image.Resampling.NEAREST if factor >= 3 else Image.Resampling.LANCZOS
    return picture if size == picture.size else picture.resize(size, how)


def _fitted(caption: str, width: int, font: Any) -> str:
    if font.getlength(caption) <= width:
        return caption
    while caption and font.getlength(caption + "...") > width:
        caption = caption[:-1]
    return caption.rstrip() + "..."


def _require_fit(rgb: Rgb, labels: NDArray[np.integer]) -> None:
    _require_rgb(rgb)
    if labels.shape != rgb.shape[:2]:
        raise ImageError(
            f"the label map has shape {labels.shape}, the picture {rgb.shape[:2]}. Give those of one picture."
        )


def _require_rgb(rgb: Rgb) -> None:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ImageError(
            f"a picture of shape {rgb.shape} and type {rgb.dtype} came; it is (H, W, 3) uint8 here. Use display()."
        )


def _limits(planes: NDArray[np.float32], mask: NDArray[np.bool_]) -> tuple[Any, Any] | None:
    """What becomes black and white: percentiles of all that is inside the mask; None where all of it is equal."""
    inside = planes[..., mask]
    if not inside.size:
        return None
    low, high = np.percentile(inside, _STRETCH, overwrite_input=True)  # the order of the copy is free
    if high <= low:  # nearly all pixels are equal: show what few are not
        low, high = inside.min(), inside.max()
    return (low, high) if high > low else None


def _fill_channel(channel: NDArray[np.uint8], plane: NDArray[np.float32], limits: tuple[Any, Any] | None) -> None:
    """A plane as 8 bits, its limits (by default 0 and 1) as black and white."""
    for start, stop in _strips(plane.shape):
        values = plane[start:stop]
        if limits is not None:
            low, high = limits
            values = np.clip((values - low) / (high - low), 0, 1).astype(np.float32)
        channel[start:stop] = np.rint(values * 255)


def _fill_with_levels(rgb: Rgb, levels: NDArray[Any]) -> None:
    """8-bit samples (or bool) as they are; one channel fills all three."""
    if levels.dtype == bool:
        np.multiply(levels, np.uint8(255), out=rgb)
    else:
        rgb[:] = levels


def _strips(shape: tuple[int, ...], at_least: int = 0) -> list[tuple[int, int]]:
    """Bounds of strips of rows, with `at_least` so many pixels; they hang on the picture alone."""
    return chunks(shape[0], max(_FEWEST_ROWS, -(-max(_PIXELS_AT_ONCE, at_least) // shape[1])))


def _draw_boundaries(rgb: Rgb, labels: NDArray[np.integer], threads: int) -> None:
    """Draw boundaries: white on dark surroundings, nearly black on light ones, so that a thin line reads everywhere."""
    lines = np.zeros(labels.shape, dtype=np.uint8)

    def choose(_: int, start: int, stop: int) -> None:
        edge = np.flatnonzero(boundaries(labels[start : stop + 1])[: stop - start])
        light = _light_around(rgb, start, stop, edge)
        lines[start:stop].reshape(-1)[edge] = np.where(light, np.uint8(_DARK_LINE), np.uint8(_LIGHT_LINE))

    def draw(_: int, start: int, stop: int) -> None:
        own = lines[start:stop].reshape(-1)
        edge = np.flatnonzero(own)
        rgb[start:stop].reshape(-1, 3)[edge] = own[edge, np.newaxis]

    # One after the other: what is light is judged before any line is drawn.
    for_chunks(choose, _strips(labels.shape), threads)
    for_chunks(draw, _strips(labels.shape), threads)


def _light_around(rgb: Rgb, start: int, stop: int, places: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether, around some places in some rows, the mean luma is so high that white lines are lost.

    The window is cut off at the picture's edge. Its sum comes from four sums of all that is above and to the left,
    which begin anew above 2^32: differences are right all the same.
    """
    height, width = rgb.shape[:2]
    reach = _LINE_WINDOW // 2
    first, last = max(start - reach, 0), min(stop + reach, height)
    sums = np.zeros((last - first + 1, width + 1), dtype=np.uint32)
    inner = sums[1:, 1:]
    for weight, channel in zip(_LUMA, range(3), strict=True):
        inner += rgb[first:last, :, channel] * np.uint32(weight)
    np.cumsum(inner, axis=1, out=inner)
    for row in range(1, len(inner)):  # a third of the time of cumsum along this axis
        inner[row] += inner[row - 1]
    rows, columns = np.divmod(places, width)
    rows += start
    above, below = np.maximum(rows - reach, 0) - first, np.minimum(rows + reach + 1, height) - first
    left, right = np.maximum(columns - reach, 0), np.minimum(columns + reach + 1, width)
    inside = sums[below, right] - sums[above, right] - sums[below, left] + sums[above, left]
    return inside >= (below - above) * (right - left) * (1000 * _LIGHT)
