"""Thresholds on grey levels: fixed, Otsu and multi-Otsu, triangle, Li, Yen, and local."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter
from classicseg.errors import ImageError, ParameterError
from classicseg.image import Image
from classicseg.parameters import parameter

_BALANCED = 1e-9  # loadings that sum to less cancel out, and the first one decides the sign
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
    O(N) for N pixels on 8-bit levels, O(N log N) on others, and O(k n log n) for k classes over n distinct levels.

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
        levels, whole = grey_levels(image, self.band)
        if self.classes > 2:
            return _several_classes(levels, image.mask, self.classes)
        if self.rule == "local":
            fixed, means = _block_means(levels, image.mask, self.block_size)
            bright = fixed > means - self.offset
            findings: dict[str, Any] = {"rule": self.rule}
        else:
            inside = levels[image.mask]
            threshold = float(self.value) if self.rule == "fixed" else _find_threshold(self.rule, inside, whole)
            bright = levels > threshold
            findings = {"rule": self.rule, "threshold": threshold}
        if self.foreground == "dark" or (self.foreground == "border" and _border_is_bright(bright, image.mask)):
            bright = ~bright
        return (bright & image.mask).astype(np.int32), findings


def grey_levels(image: Image, band: int | None = None) -> tuple[NDArray[Any], bool]:
    """Levels 0..255 (H, W), and whether they are whole numbers (uint8) or unrounded float64."""
    planes = image.planes
    if len(planes) > 1 and (image.kind == "bands" or band is not None):
        planes = _one_band(planes, image.mask, band)
    planes = planes.astype(np.float64)
    whole = np.rint(planes * 255)
    if np.array_equal((whole / 255).astype(np.float32), planes):
        k = whole.astype(np.int32)
        if len(k) == 1:
            return k[0].astype(np.uint8), True
        return ((9798 * k[0] + 19235 * k[1] + 3735 * k[2] + 16384) >> 15).astype(np.uint8), True
    # Levels of 16 bits are taken from their numbers too, since float32 samples would part what is equally far apart.
    fine = np.rint(planes * 65535)
    on_16_bits = np.array_equal((fine / 65535).astype(np.float32), planes)
    exact = fine / 257 if on_16_bits else planes * 255
    if len(exact) == 1:
        return exact[0], False
    return 0.299 * exact[0] + 0.587 * exact[1] + 0.114 * exact[2], False


def _one_band(planes: NDArray[np.float32], mask: NDArray[np.bool_], band: int | None) -> NDArray[np.float32]:
    if band is None:
        return _first_principal_component(planes, mask)[np.newaxis]
    if band >= len(planes):
        raise ImageError(
            f"band={band} was asked of a picture with {len(planes)} bands. Name one from 0 to {len(planes) - 1}."
        )
    return planes[band : band + 1]


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


def _find_threshold(rule: str, inside: NDArray[Any], whole: bool) -> float:
    if inside.min() == inside.max():
        return float(inside[0])
    if rule == "otsu":
        return float(_otsu(inside, whole))
    from skimage import filters

    if rule == "li":
        return float(filters.threshold_li(inside))
    function = filters.threshold_yen if rule == "yen" else filters.threshold_triangle
    return float(function(inside))


def _otsu(inside: NDArray[Any], whole: bool) -> float:
    """The lowest of the levels that maximise w0 w1 (mu0 - mu1)^2.

    On whole levels in exact integers: the criterion, times a constant, is (S n0 - N s0)^2 / (n0 (N - n0)).
    """
    if not whole:
        return _otsu_of_distinct(*np.unique(inside, return_counts=True))
    counts = np.bincount(inside)
    total_count, total_sum = int(counts.sum()), int(counts @ np.arange(len(counts)))
    best, best_top, best_bottom = 0, -1, 1
    count = weighted = 0
    for level in np.flatnonzero(counts)[:-1].tolist():
        count += int(counts[level])
        weighted += int(counts[level]) * level
        top, bottom = (total_sum * count - total_count * weighted) ** 2, count * (total_count - count)
        if top * best_bottom > best_top * bottom:
            best, best_top, best_bottom = level, top, bottom
    return best


def _otsu_of_distinct(values: NDArray[np.float64], counts: NDArray[np.integer]) -> float:
    """The same over any distinct levels: with m the moment about the mean below a cut, m^2 / n0 + m^2 / (N - n0)."""
    below = np.cumsum(counts)[:-1].astype(np.float64)
    moment = np.cumsum(counts * (values - np.average(values, weights=counts)))[:-1]
    gains = moment**2 / below + moment**2 / (counts.sum() - below)
    return values[np.argmax(gains >= gains.max() * (1 - _TIE))]


def _several_classes(
    levels: NDArray[Any], mask: NDArray[np.bool_], classes: int
) -> tuple[NDArray[np.integer], dict[str, Any]]:
    from classicseg.kernels.histograms import best_cuts

    values, counts = np.unique(levels[mask], return_counts=True)
    wanted = min(classes, len(values))
    cuts = values[best_cuts(values.astype(np.float64), counts, wanted)]
    raw = np.searchsorted(cuts, levels, side="left")  # a level equal to a threshold is on its dark side
    means = [levels[mask][raw[mask] == number].mean() for number in range(wanted)]
    return raw, {
        "rule": "otsu",
        "thresholds": cuts.astype(np.float64),
        "class_means": PerClass(np.array(means)),
    }


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
