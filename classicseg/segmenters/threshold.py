"""Thresholds on grey levels: fixed, Otsu and multi-Otsu, triangle, Li, Yen, and local."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter
from classicseg.errors import ImageError, ParameterError
from classicseg.image import Image
from classicseg.parallel import chunks
from classicseg.parameters import parameter

# Where compiled loops are in use already, they count levels and mix luma. Otherwise NumPy does, to the same numbers: a
# threshold never waits for Numba, let alone for a compiler.
_KERNELS = "classicseg.kernels.compile"
_PIXELS_AT_ONCE = 1 << 13
_BALANCED = 1e-9  # loadings that sum to less cancel out, and the first one decides the sign
_CLOSE = 1e-9  # gains that differ by less than this share may be equal but for rounding
_TIE = 1e-12  # maxima that differ by less than this share are equal but for rounding


@dataclass(frozen=True, kw_only=True)
class Threshold(Segmenter):
    """Thresholds on the grey level: fixed, Otsu, multi-Otsu, triangle, Li, Yen, or local (adaptive).

    A pixel is bright where its level is *above* the threshold. On colour the level is luma: where every sample lies on
    k/255, ``(9798 R + 19235 G + 3735 B + 16384) >> 15`` on the values k, which is OpenCV's conversion to the last
    digit; else ``0.299 R + 0.587 G + 0.114 B`` in float64, unrounded. On bands it is their first principal
    component, or `band`. Levels run from 0 to 255 whatever type carried the picture.

    ``otsu`` with k classes takes the thresholds t1 < ... < t(k-1) among the distinct levels that maximise the
    between-class variance sum_c w_c (mu_c - mu)^2. It is exact: over the distinct levels, not a histogram of some
    width; of equal maxima (on 8 and 16 bits; other levels keep the rounding of float32) the first wins.
    ``local`` compares each pixel with the mean of the block around it, less `offset`; only pixels inside the picture
    and the mask are averaged.

    Parameters
    ----------
    rule : {"otsu", "fixed", "triangle", "li", "yen", "local"}
        How the threshold is found. Otsu by default, as it needs no parameter.
    value : float
        The threshold of ``rule="fixed"`` as a level 0..255; 127 by default, as the textbooks have it.
    classes : int
        Number of classes for Otsu, 2 to 8; an upper bound. With 2 the result is binary (foreground 1, background 0);
        with more it is classes 1..k from dark to bright.
    block_size : int
        Side of the block for ``local``, odd, in pixels.
    offset : float
        For ``local``: levels by which a bright pixel may lie below its block's mean.
    foreground : {"bright", "dark", "border"}
        Which side is the foreground of a binary result. "border" takes the side that holds fewer of the border's pixels
        (bright where they are equal).
    band : int or None
        Index of the band (or colour channel) to use; None takes luma on colour, and on multi-band pictures the first
        principal component, signed so that its loadings sum to a positive number and scaled so that their absolute
        values sum to 1.

    Notes
    -----
    Findings: ``rule``, ``threshold`` (or ``thresholds``) as levels 0..255, and of several classes ``n_classes`` and
    ``class_means``.
    O(N) for N pixels on levels of 8 or 16 bits, O(N log N) on others; k classes over n distinct levels take
    O(k n log n) more.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9(1), 1979.
    P.-S. Liao, T.-S. Chen, P.-C. Chung, "A fast algorithm for multilevel thresholding", J. Inf. Sci. Eng. 17, 2001.
    G. W. Zack, W. E. Rogers, S. A. Latt, "Automatic measurement of sister chromatid exchange frequency",
    J. Histochem. Cytochem. 25(7), 1977 (triangle).
    C. H. Li, P. K. S. Tam, "An iterative algorithm for minimum cross entropy thresholding", Pattern
    Recognition Letters 19, 1998.
    J.-C. Yen, F.-J. Chang, S. Chang, "A new criterion for automatic multilevel thresholding", IEEE Trans. Image
    Processing 4(3), 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import Threshold
    >>> Threshold(rule="fixed", value=127).segment(np.array([[127, 128]], dtype=np.uint8))
    array([[0, 1]], dtype=int32)
    """

    name: ClassVar[str] = "threshold"
    makes: ClassVar[Literal["classes", "segments"]] = "classes"
    bytes_per_pixel: ClassVar[int] = 60
    bytes_per_sample: ClassVar[int] = 20

    rule: str = parameter(
        "otsu", "how the threshold is found", choices=("otsu", "fixed", "triangle", "li", "yen", "local")
    )
    value: float = parameter(127, "the threshold of rule 'fixed'", kind=float, low=0, high=255, unit="level")
    classes: int = parameter(2, "number of classes for rule 'otsu'; an upper bound", low=2, high=8)
    block_size: int = parameter(
        51, "side of the block that rule 'local' averages", low=3, unit="px", scale="log", odd=True
    )
    offset: float = parameter(
        0,
        "rule 'local': how far below its block's mean a bright pixel may lie",
        kind=float,
        low=-255,
        high=255,
        unit="level",
    )
    foreground: str = parameter("bright", "which side is the foreground", choices=("bright", "dark", "border"))
    band: int | None = parameter(
        None,
        "band or channel to use; None: luma, or the first principal component of bands",
        kind=int,
        low=0,
        special=(None,),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes > 2 and self.rule != "otsu":
            raise ParameterError(
                f"threshold: classes={self.classes} with rule={self.rule!r} is not allowed; only rule='otsu' "
                "makes more than 2 classes. Set one of the two back."
            )

    @property
    def binary(self) -> bool:
        return self.classes == 2

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        levels = grey_levels(image, self.band)
        if self.classes > 2:
            return _several_classes(levels, image.mask, self.classes)
        if self.rule == "local":
            fixed, means = _block_means(levels.values(), image.mask, self.block_size)
            bright = fixed > means - self.offset
            findings: dict[str, Any] = {"rule": self.rule}
        else:
            highest_dark, threshold = self._threshold(levels, image.mask)
            bright = levels.numbers > highest_dark
            findings = {"rule": self.rule, "threshold": threshold}
        if self.foreground == "dark" or (self.foreground == "border" and _border_is_bright(bright, image.mask)):
            bright = ~bright
        return (bright & image.mask).astype(np.int32), findings

    def _threshold(self, levels: GreyLevels, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """The threshold as a number of `levels`, and as a level 0..255."""
        if self.rule == "fixed":
            return levels.number_of(float(self.value)), float(self.value)
        if self.rule == "otsu":
            number = otsu(levels.inside(mask))
            return number, float(number / levels.unit)
        inside = levels.inside(mask)
        if levels.unit != 1:
            inside = inside / levels.unit
        threshold = float(inside[0]) if inside.min() == inside.max() else _borrowed_rule(self.rule, inside)
        return levels.number_of(threshold), threshold


@dataclass(frozen=True)
class GreyLevels:
    """Grey levels 0..255 of a picture (H, W) as ``numbers / unit``; anything outside the mask.

    Whole levels are uint8 with unit 1, levels of 16 bits uint16 with unit 257, others float64 with unit 1.
    """

    numbers: NDArray[Any]
    unit: int

    def values(self) -> NDArray[np.float64]:
        """The levels as such."""
        return self.numbers / np.float64(self.unit)

    def inside(self, mask: NDArray[np.bool_]) -> NDArray[Any]:
        """The numbers inside the mask, flat."""
        return self.numbers.reshape(-1) if mask.all() else self.numbers[mask]

    def number_of(self, threshold: float) -> float:
        """The number above which exactly those lie whose level is above `threshold`."""
        if self.unit == 1:
            return threshold
        return int(np.searchsorted(np.arange(self.unit * 255 + 1) / self.unit, threshold, side="right")) - 1


def grey_levels(image: Image, band: int | None = None) -> GreyLevels:
    """The levels that are compared with a threshold: luma, the first principal component, or one band."""
    chosen = slice(None)
    if image.depth > 1 and (image.kind == "bands" or band is not None):
        if band is None:
            return _levels_of_planes(_first_principal_component(image.planes, image.mask)[np.newaxis])
        if band >= image.depth:
            raise ImageError(
                f"band={band} was asked of a picture with {image.depth} bands. Name one from 0 to {image.depth - 1}."
            )
        chosen = slice(band, band + 1)
    if image.levels is None:
        return _levels_of_planes(image.planes[chosen])
    samples = image.levels[:, :, chosen]
    if samples.dtype == bool:
        return _levels_of_numbers(samples * np.uint8(255))
    if samples.dtype == np.uint16:
        return _levels_of_numbers(_as_eight_bits(samples.astype(np.uint16, copy=False), image.mask))
    return _levels_of_numbers(samples)


def _levels_of_planes(planes: NDArray[np.float32]) -> GreyLevels:
    for dtype in (np.uint8, np.uint16):
        numbers = _whole_numbers(planes, dtype)
        if numbers is not None:
            return _levels_of_numbers(numbers)
    return GreyLevels(_mixed([plane * np.float64(255) for plane in planes]), 1)


def _levels_of_numbers(numbers: NDArray[Any]) -> GreyLevels:
    """The levels of pixels (H, W, C) of uint8 or uint16, with C = 1 or 3."""
    if numbers.shape[2] == 1:
        return GreyLevels(numbers[:, :, 0], 1 if numbers.dtype == np.uint8 else 257)
    if numbers.dtype == np.uint16:
        return GreyLevels(_mixed([plane / 257 for plane in np.moveaxis(numbers, -1, 0)]), 1)
    if _KERNELS in sys.modules:
        from classicseg.kernels.histograms import luma

        return GreyLevels(luma(numbers), 1)
    levels = np.empty(numbers.shape[:2], dtype=np.uint8)
    for first, last in _row_chunks(numbers.shape[:2]):
        red, green, blue = np.moveaxis(numbers[first:last].astype(np.int32), -1, 0)
        levels[first:last] = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15
    return GreyLevels(levels, 1)


def _row_chunks(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Bounds of rows that hold a few thousand pixels, so that what is made of them on the way stays in the cache."""
    return chunks(shape[0], max(1, _PIXELS_AT_ONCE // shape[1]))


def _mixed(planes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    if len(planes) == 1:
        return planes[0]
    return 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]


def _as_eight_bits(numbers: NDArray[np.uint16], mask: NDArray[np.bool_]) -> NDArray[np.uint8 | np.uint16]:
    """Numbers of 16 bits as those of 8, where all inside the mask are 257 k."""
    small = (numbers >> 8).astype(np.uint8)
    different = small * np.uint16(257) != numbers
    return numbers if np.any(different & mask[:, :, np.newaxis]) else small


def _whole_numbers(planes: NDArray[np.float32], dtype: type[np.unsignedinteger]) -> NDArray[Any] | None:
    """The numbers k (H, W, C) of samples that are all the float32 nearest to k / (the type's greatest); else None."""
    full = np.iinfo(dtype).max
    nearest = (np.arange(full + 1) / full).astype(np.float32)
    numbers = np.empty((*planes.shape[1:], len(planes)), dtype=dtype)
    for first, last in _row_chunks(planes.shape[1:]):
        part = np.moveaxis(planes[:, first:last], 0, -1)
        found = np.rint(part * np.float64(full)).astype(dtype)
        if not np.array_equal(nearest[found], part):
            return None
        numbers[first:last] = found
    return numbers


def _first_principal_component(planes: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    values = planes[:, mask].astype(np.float64)
    centred = values - values.mean(axis=1, keepdims=True)
    # Sums by numpy itself, not by BLAS, whose last digits depend on the number of its threads.
    covariance = np.array([[np.sum(one * other) for other in centred] for one in centred])
    loadings = np.linalg.eigh(covariance)[1][:, -1]
    total = loadings.sum()
    decisive = total if abs(total) > _BALANCED else loadings[np.argmax(np.abs(loadings) > _BALANCED)]
    loadings *= np.sign(decisive)
    loadings /= np.abs(loadings).sum()
    floor = loadings[loadings < 0].sum()  # the least value that samples in 0..1 can give; moved to 0
    component = np.zeros(planes.shape[1:], dtype=np.float64)
    for loading, plane in zip(loadings, planes, strict=True):
        component += loading * plane
    return (component - floor).astype(np.float32)


def _borrowed_rule(rule: str, inside: NDArray[Any]) -> float:
    from skimage import filters

    if rule == "li":
        return float(filters.threshold_li(inside))
    function = filters.threshold_yen if rule == "yen" else filters.threshold_triangle
    return float(function(inside))


def otsu(numbers: NDArray[Any]) -> float:
    """The lowest of the numbers (flat; uint8, uint16 or float64) that maximise w0 w1 (mu0 - mu1)^2.

    Exact on whole numbers. On float64, maxima that differ by less than 1e-12 of themselves count as equal.
    """
    if numbers.dtype.kind == "f":
        return _otsu_of_distinct(*np.unique(numbers, return_counts=True))
    counts = _counts(numbers)
    if _KERNELS in sys.modules and numbers.dtype == np.uint8:
        from classicseg.kernels.histograms import cut_in_two

        found = cut_in_two(counts)
        if found >= 0:
            return found
    return _otsu_of_counts(counts)


def _counts(numbers: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    """How often each number of an unsigned type comes."""
    if _KERNELS in sys.modules and numbers.dtype == np.uint8:
        from classicseg.kernels.histograms import count_levels

        return count_levels(np.ascontiguousarray(numbers))
    length = np.iinfo(numbers.dtype).max + 1
    counts = np.zeros(length, dtype=np.int64)
    for first, last in chunks(len(numbers), 64 * length):  # bincount makes 8 bytes of each number
        counts += np.bincount(numbers[first:last], minlength=length)
    return counts


def _otsu_of_counts(counts: NDArray[np.int64]) -> float:
    """Otsu's threshold on whole numbers. What rounding cannot tell apart is compared in exact integers.

    The criterion, times a constant, is (S n0 - N s0)^2 / (n0 (N - n0)) for n0 pixels up to the threshold, with the sum
    s0, among N with the sum S.
    """
    values = np.flatnonzero(counts)
    if len(values) == 1:
        return int(values[0])
    counts = counts[values]
    gains = _gains(values, counts)
    close = np.flatnonzero(gains >= gains.max() * (1 - _CLOSE))
    below, weighted = np.cumsum(counts).tolist(), np.cumsum(counts * values).tolist()
    best, best_top, best_bottom = 0, -1, 1
    for cut in close.tolist():
        top = (weighted[-1] * below[cut] - below[-1] * weighted[cut]) ** 2
        bottom = below[cut] * (below[-1] - below[cut])
        if top * best_bottom > best_top * bottom:
            best, best_top, best_bottom = cut, top, bottom
    return int(values[best])


def _otsu_of_distinct(values: NDArray[np.float64], counts: NDArray[np.integer]) -> float:
    """Otsu's threshold on any distinct numbers."""
    if len(values) == 1:
        return float(values[0])
    gains = _gains(values, counts)
    return float(values[np.argmax(gains >= gains.max() * (1 - _TIE))])


def _gains(values: NDArray[Any], counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """m^2 / n0 + m^2 / (N - n0) for a cut after each value but the last; m is the moment about the mean below it."""
    below = np.cumsum(counts)[:-1].astype(np.float64)
    moment = np.cumsum(counts * (values - np.average(values, weights=counts)))[:-1]
    return moment**2 / below + moment**2 / (counts.sum() - below)


def _several_classes(
    levels: GreyLevels, mask: NDArray[np.bool_], classes: int
) -> tuple[NDArray[np.integer], dict[str, Any]]:
    values, counts = _histogram(levels.inside(mask))
    cuts = _cuts(values, counts, classes)
    raw = np.zeros(levels.numbers.shape, dtype=np.uint8)
    for cut in values[cuts]:
        raw += levels.numbers > cut  # a level equal to a threshold is on its dark side
    starts = np.concatenate([[0], cuts + 1])
    means = np.add.reduceat(counts * values, starts) / np.add.reduceat(counts, starts)
    return raw, {
        "rule": "otsu",
        "thresholds": values[cuts] / np.float64(levels.unit),
        "class_means": PerClass(means / levels.unit),
    }


def multi_otsu(numbers: NDArray[Any], classes: int) -> NDArray[Any]:
    """The highest number of each class but the brightest, of flat numbers (uint8, uint16 or float64)."""
    values, counts = _histogram(numbers)
    return values[_cuts(values, counts, classes)]


def _histogram(numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.integer]]:
    """The distinct numbers, rising, and how often each comes."""
    if numbers.dtype.kind == "f":
        return np.unique(numbers, return_counts=True)
    counts = _counts(numbers)
    values = np.flatnonzero(counts)
    return values, counts[values]


def _cuts(values: NDArray[Any], counts: NDArray[np.integer], classes: int) -> NDArray[np.intp]:
    from classicseg.kernels.histograms import best_cuts

    return best_cuts(values.astype(np.float64), counts, min(classes, len(values)))


def _block_means(
    levels: NDArray[Any], mask: NDArray[np.bool_], side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The levels, and the mean level of the block around each pixel over the pixels inside picture and mask.

    Levels are rounded to multiples of 2^-22, whose running sums are exact, so that a flat picture equals its mean.
    """
    from classicseg.windows import box_sums

    unit = 2.0**22
    fixed = np.where(mask, np.rint(levels * unit), 0).astype(np.int64)
    sums = box_sums(fixed, side)
    counts = box_sums(mask.astype(np.int64), side)
    return fixed / unit, sums / np.maximum(counts, 1) / unit


def _border_is_bright(bright: NDArray[np.bool_], mask: NDArray[np.bool_]) -> bool:
    """Whether most valid pixels of the picture's border are bright; where it has none, most of all pixels."""
    border = np.zeros_like(mask)
    border[[0, -1]] = border[:, [0, -1]] = True
    counted = mask & border if (mask & border).any() else mask
    return bool(2 * np.count_nonzero(bright & counted) > np.count_nonzero(counted))
