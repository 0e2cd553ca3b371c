"""An array becomes an Image: float32 planes in 0..1, a mask, and what the planes mean."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg import color as colors
from classicseg.errors import ImageError, ParameterError, if_turned
from classicseg.parallel import chunks
from classicseg.scaling import row_chunks, scale, value_range

Color = Literal["rgb", "bgr", "rgba", "multiband"]
DataRange = tuple[float, float] | Literal["image"]
Levels = NDArray[np.bool_ | np.uint8 | np.uint16]

_COLORS = ("rgb", "bgr", "rgba", "multiband")
_ROWS_AT_FIRST = 1 << 14
_PIXELS_OF_STRIP = 1 << 18  # enough for all threads to have work, little beside a large picture
_MOST_PIXELS = np.iinfo(np.int32).max  # labels, and what numbers pixels, are int32
_FEWEST_COLUMNS = 16  # fewer "channels" than this in the last place are taken for channels


class Image:
    """A picture as every method takes it.

    Attributes
    ----------
    planes : (C, H, W) float32 array
        Samples scaled to 0..1; 0 outside the mask. Planes that only repeat the first are dropped, so that a grey
        picture and its RGB copy, or a band and its copies, are one and the same picture from here on. Made when first
        asked for where the picture came as whole levels: what `in_space`, `lightness` and `levels` give needs none.
    levels : (H, W, C) bool, uint8 or uint16 array, or None
        The samples as they came, repeated channels dropped, where those of the type's whole range came; anything
        outside the mask. None for other types, and where a data range was given.
    mask : (H, W) bool array
        True where the picture counts.
    kind : {"rgb", "bands"}
        sRGB (one plane is grey), or spectral bands.
    """

    __slots__ = ("_planes", "kind", "levels", "mask")

    def __init__(
        self,
        planes: NDArray[np.float32] | None,
        mask: NDArray[np.bool_],
        kind: Literal["rgb", "bands"],
        levels: Levels | None = None,
    ) -> None:
        if planes is None and levels is None:
            raise TypeError("an Image has planes or levels")
        self._planes = planes
        self.mask = mask
        self.kind: Literal["rgb", "bands"] = kind
        self.levels = levels

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def depth(self) -> int:
        """The number of planes."""
        return len(self._planes) if self._planes is not None else self._known_levels().shape[2]

    @property
    def nbytes(self) -> int:
        """The bytes of its mask and its samples; of those that were scaled, of the array too that they came in."""
        samples = 8 * self.depth * self.mask.size if self.levels is None else self.levels.nbytes
        return self.mask.nbytes + samples

    @property
    def planes(self) -> NDArray[np.float32]:
        if self._planes is None:
            self._planes = self._scaled()
        return self._planes

    def read_only(self) -> Image:
        """The same picture for those who are not to be trusted with the caller's own samples."""
        levels = None if self.levels is None else self.levels.view()
        if levels is not None:
            levels.flags.writeable = False
        return Image(self._planes, self.mask, self.kind, levels)

    def repeated(self, depth: int) -> Image:
        """The same picture with so many equal planes, if it has one."""
        if self.depth == depth or self.depth != 1:
            return self
        levels = None if self.levels is None else np.repeat(self.levels, depth, axis=2)
        planes = None if levels is not None else np.repeat(self.planes, depth, axis=0)
        return Image(planes, self.mask, self.kind, levels)

    def in_space(self, space: str, threads: int = 1) -> NDArray[np.float32]:
        """Planes (D, H, W) in which Euclidean distance is colour distance; 0 outside the mask.

        Colour pictures are converted to `space`; bands span 0..100 together, whatever `space` says. Each call gives
        an array of its own.
        """
        if self.kind == "bands":
            planes = np.empty((self.depth, *self.shape), dtype=np.float32)
            for scaled, plane in zip(self._scaled(), planes, strict=True):
                plane[:] = scaled.astype(np.float64) * (100 / np.sqrt(self.depth))
        elif space == "lab":
            planes = self._lab(self.depth, threads)
        else:
            planes = colors.convert(self._scaled(), space)
        if not self.mask.all():
            planes[:, ~self.mask] = 0
        return planes

    def lightness(self, threads: int = 1) -> NDArray[np.float32]:
        """L* of a colour picture, or 100 times the mean of the bands: a plane (H, W) in 0..100; 0 outside the mask."""
        if self.kind == "bands":
            return (100 * self._scaled().mean(axis=0, dtype=np.float64)).astype(np.float32)
        plane = self._lab(1, threads)[0]
        if not self.mask.all():
            plane[~self.mask] = 0
        return plane

    def samples(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The columns of `planes` (D, H, W) inside the mask, as rows: a C-contiguous array (N, D)."""
        return np.ascontiguousarray(self._inside(planes).T)

    def samples_in(self, space: str, threads: int = 1) -> NDArray[np.float32]:
        """``samples(in_space(space))``, without ever having the planes of more than a strip."""
        samples = np.empty((np.count_nonzero(self.mask), self.depth), dtype=np.float32)
        done = 0
        for strip in self.strips():
            part = strip._inside(strip.in_space(space, threads))
            samples[done : done + part.shape[1]] = part.T
            done += part.shape[1]
        return samples

    def strips(self) -> Iterator[Image]:
        """The picture in strips of some hundred thousand pixels from top to bottom: views, no copies."""
        height, width = self.shape
        for first, last in chunks(height, max(1, _PIXELS_OF_STRIP // width)):
            planes = None if self._planes is None else self._planes[:, first:last]
            levels = None if self.levels is None else self.levels[first:last]
            yield Image(planes, self.mask[first:last], self.kind, levels)

    def _inside(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return planes.reshape(len(planes), -1) if self.mask.all() else planes[:, self.mask]

    def _lab(self, depth: int, threads: int) -> NDArray[np.float32]:
        """The first `depth` planes of L*a*b*, without regard to the mask."""
        from classicseg.kernels.color import lab_of_levels, lab_of_samples

        if self.levels is None:
            return lab_of_samples(self.planes, colors.RELATIVE_XYZ_OF_RGB, depth, threads)
        return lab_of_levels(self.levels, _white(self.levels), colors.RELATIVE_XYZ_OF_RGB, depth, threads)

    def _scaled(self) -> NDArray[np.float32]:
        """The planes; those that have to be made are not kept."""
        if self._planes is not None:
            return self._planes
        levels = self._known_levels()
        planes = scale(list(np.moveaxis(levels, -1, 0)), (0.0, float(_white(levels))))
        if not self.mask.all():
            planes[:, ~self.mask] = 0
        return planes

    def _known_levels(self) -> Levels:
        assert self.levels is not None  # what has no planes has levels
        return self.levels


def as_image(
    array: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    color: str | None = None,
    channel_axis: int = -1,
    data_range: Any = None,
    quiet: bool = False,
) -> Image:
    """Check an array and make an `Image` of it; the arguments are those of `classicseg.segment`.

    `quiet` leaves out the warnings about the data range.

    Raises
    ------
    ImageError
        The array or the mask is not a picture that classicseg takes.
    ParameterError
        `color`, `channel_axis` or `data_range` has a value that is not allowed.
    """
    samples = _checked_array(array)
    valid = _checked_mask(mask, samples, channel_axis)
    if color is not None and not (isinstance(color, str) and color in _COLORS):
        raise ParameterError(f"color={color!r} is not allowed; it is one of {', '.join(map(repr, _COLORS))}, or None.")
    pixels, kind, alpha = _channels(samples, color, channel_axis)
    planes = list(np.moveaxis(pixels, -1, 0))
    if planes[0].shape != valid.shape:
        raise ImageError(
            f"the mask has shape {valid.shape}, the picture {planes[0].shape}. "
            f"Give a mask of the picture's height and width.{if_turned(valid.shape, planes[0].shape)}"
        )
    if alpha is not None:
        valid = valid & (alpha > 0)
    _require_finite(pixels, valid)
    limits = value_range(pixels, valid, data_range, quiet)
    if data_range is None and planes[0].dtype in (np.bool_, np.uint8, np.uint16):
        repeats = all(_equal_inside(planes[0], plane, valid) for plane in planes[1:])
        return Image(None, valid, kind, pixels[:, :, :1] if repeats else pixels)
    scaled = scale(planes, limits)
    scaled[:, ~valid] = 0
    if len(scaled) > 1 and all(np.array_equal(scaled[0], plane) for plane in scaled[1:]):
        scaled = np.ascontiguousarray(scaled[:1])
    return Image(scaled, valid, kind)


def _white(levels: Levels) -> int:
    """The level that means 1."""
    return 1 if levels.dtype == bool else (1 << 8 * levels.itemsize) - 1


def _equal_inside(one: NDArray[Any], other: NDArray[Any], valid: NDArray[np.bool_]) -> bool:
    """Whether two planes are equal inside the mask; a few rows tell of most that they are not."""
    return all(
        not np.any((one[first:last] != other[first:last]) & valid[first:last])
        for first, last in row_chunks(valid.shape)
    )


def _checked_array(array: ArrayLike) -> NDArray[Any]:
    if isinstance(array, np.ma.MaskedArray):
        raise ImageError("a numpy masked array came. Give its .data, and mask=~numpy.ma.getmaskarray(image).")
    try:
        samples = np.asarray(array)
    except ValueError as error:
        raise ImageError(f"no array can be made of what came ({error}). Give an array (H, W) or (H, W, C).") from error
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    if not (samples.dtype.kind in "bui" or samples.dtype in (np.float32, np.float64)):
        raise ImageError(
            f"samples of type {samples.dtype} came; bool, any integer, float32 and float64 are allowed. "
            "Convert first, for example with image.astype(numpy.float32)."
        )
    if samples.ndim not in (2, 3):
        raise ImageError(
            f"an array of shape {samples.shape} came; a picture is (H, W) or (H, W, C). "
            "Give the pictures of a stack one by one."
        )
    if samples.size == 0:
        raise ImageError(f"an array of shape {samples.shape} came, which has no pixel; a picture has at least one.")
    return samples


def _checked_mask(mask: ArrayLike | None, samples: NDArray[Any], channel_axis: int) -> NDArray[np.bool_]:
    known = isinstance(channel_axis, numbers.Integral) and -3 <= channel_axis <= 2
    if isinstance(channel_axis, bool) or not known:
        raise ParameterError(
            f"channel_axis={channel_axis!r} is not allowed; it is -3, -2, -1, 0, 1 or 2, and -1 by default."
        )
    height, width = _height_and_width(samples, channel_axis)
    if height * width > _MOST_PIXELS:
        raise ImageError(
            f"a picture of {height} x {width} pixels came; {_MOST_PIXELS} are the most that can be numbered. "
            "Cut it into tiles."
        )
    if mask is None:
        return np.ones((height, width), dtype=bool)
    try:
        valid = np.array(mask, order="C")  # a copy: it is kept, and compiled loops know one layout
    except ValueError as error:
        raise ImageError(
            f"no mask can be made of what came ({error}). Give a bool array of the picture's height and width."
        ) from error
    if valid.dtype != bool:
        raise ImageError(
            f"a mask of type {valid.dtype} came; it is bool, True where the picture counts. Give mask != 0."
        )
    return valid


def _height_and_width(samples: NDArray[Any], channel_axis: int) -> tuple[int, int]:
    height, width = samples.shape if samples.ndim == 2 else np.delete(samples.shape, channel_axis).tolist()
    return height, width


def _channels(
    samples: NDArray[Any], color: str | None, channel_axis: int
) -> tuple[NDArray[Any], Literal["rgb", "bands"], NDArray[Any] | None]:
    """The picture as (H, W, C), a view; what its channels mean; and an alpha plane where there is one."""
    if samples.ndim == 2:
        samples = samples[:, :, np.newaxis]
        channel_axis = -1
    elif color != "multiband" and channel_axis in (-1, 2):
        _refuse_channels_first(samples.shape)
    samples = np.moveaxis(samples, channel_axis, -1)
    count = samples.shape[-1]
    if color == "multiband":
        return samples, "bands", None
    if color == "rgba":
        if count != 4:
            raise ImageError(
                f'{count} channels came with color="rgba", which has 4. Leave color out, or say "multiband".'
            )
        return samples[:, :, :3], "rgb", samples[:, :, 3]
    if count == 4:
        raise ImageError(
            f"4 channels came (shape {samples.shape}), which can be colour with alpha or four bands. "
            'Say color="rgba" or color="multiband".'
        )
    if color in ("rgb", "bgr") and count not in (1, 3):
        raise ImageError(
            f'{count} channels came with color="{color}", which has 3 (or 1, grey). Say color="multiband".'
        )
    if color == "bgr":
        samples = samples[:, :, ::-1]
    return samples, ("rgb" if count in (1, 3) else "bands"), None


def _refuse_channels_first(shape: tuple[int, ...]) -> None:
    if shape[0] in (1, 3, 4) and shape[2] >= _FEWEST_COLUMNS:
        raise ImageError(
            f"an array of shape {shape} came, which looks channels-first; the channels are expected last. "
            f'Say channel_axis=0, or color="multiband" if it has {shape[2]} bands.'
        )


def _require_finite(pixels: NDArray[Any], valid: NDArray[np.bool_]) -> None:
    if pixels.dtype.kind != "f":
        return
    with np.errstate(invalid="ignore"):
        if np.isfinite(pixels.min()) and np.isfinite(pixels.max()):  # NaN is handed on by both
            return
    planes = np.moveaxis(pixels, -1, 0)
    bad = [~np.isfinite(plane) & valid for plane in planes]
    count = sum(int(np.count_nonzero(plane)) for plane in bad)
    if count:
        row, column = np.unravel_index(int(np.argmax(np.logical_or.reduce(bad))), valid.shape)
        every = ".all(axis=-1)" if len(planes) > 1 else ""
        raise ImageError(
            f"{count} samples are NaN or infinite, the first at row {row}, column {column}. "
            f"Leave them out with a mask, such as mask=numpy.isfinite(image){every}, or fill them."
        )


def count_distinct(samples: NDArray[np.float32], limit: int) -> int:
    """The number of distinct rows, counted no further than `limit`. O(N D limit) where it is below the limit."""
    few = np.unique(samples[:_ROWS_AT_FIRST], axis=0)
    if len(few) >= limit:
        return limit
    left = samples
    found = 0
    while len(left) and found < limit:
        left = left[np.any(left != left[0], axis=1)]
        found += 1
    return found
