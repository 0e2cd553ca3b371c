"""Thresholds on grey levels: fixed, Otsu and multi-Otsu, triangle, Li, Yen, local, and one for each object."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, split_parameter
from classicseg.errors import ParameterError
from classicseg.grey import (
    GreyLevels,
    LevelCounts,
    border_of,
    counted_levels,
    grey_levels,
    histogram,
    kernels_in_use,
)
from classicseg.image import Image
from classicseg.parameters import Search, declared, parameter
from classicseg.thresholds import threshold_of

if TYPE_CHECKING:
    from classicseg.learned import Learned
    from classicseg.pools import LevelPool

_CLOSE = 1e-9  # gains that differ by less than this share may be equal but for rounding
# A pixel, at the peak: rules that take more than levels and labels; connected parts and several classes; and what is
# borrowed, for each byte of a level.
_BYTES_OF_RULE = {"local": 76, "objects": 66}
_BYTES_OF_PARTS, _BYTES_OF_BORROWED = 14, 6
# A sample: mixing levels that are no whole numbers of 8 bits; and the first principal component of bands.
_BYTES_OF_MIXING, _BYTES_OF_COMPONENT = 14, 28
_TIE = 1e-12  # maxima that differ by less than this share are equal but for rounding


@dataclass(frozen=True, kw_only=True)
class Threshold(Segmenter):
    """Thresholds on the grey level: fixed, Otsu, multi-Otsu, triangle, Li, Yen, local, one an object.

    A pixel is bright where its level is *above* the threshold. On colour the level is luma: where every sample lies on
    k/255, ``(9798 R + 19235 G + 3735 B + 16384) >> 15`` on the values k, which is OpenCV's conversion to the last
    digit; else ``0.299 R + 0.587 G + 0.114 B`` in float64, unrounded. On bands it is their first principal
    component, or `band`. Levels run from 0 to 255 whatever type carried the picture.

    ``otsu`` with k classes takes the thresholds t1 < ... < t(k-1) among the distinct levels that maximise the
    between-class variance sum_c w_c (mu_c - mu)^2. It is exact: over the distinct levels, not a histogram of some
    width; of equal maxima (on 8 and 16 bits; other levels keep the rounding of float32) the first wins.
    ``objects`` is for bright or dark objects on a background, such as nuclei: each has a threshold of its own, that at
    which its outline is sharpest. Levels are smoothed (sigma 0.7 pixels) and become log(contrast + 0.7), contrast being
    0 at the mean of Otsu's background and 1 at that of its foreground. Of the components of all thresholds those are
    kept that have the greatest mean fall across their outline, times the fourth power of the share of their ellipse
    that they fill; components overlap nowhere, have a mean of that logarithm above log(0.2 + 0.7), and at least a tenth
    of the typical area.
    ``local`` compares each pixel with the mean of the block around it, less `offset`; only pixels inside the picture
    and the mask are averaged.

    Parameters
    ----------
    rule : {"otsu", "fixed", "triangle", "li", "yen", "local", "objects"}
        How the threshold is found. Otsu by default, as it needs no parameter. The preset ``nuclei`` takes "objects" on
        the smaller side, fills holes, and parts touching objects (``split_touching="auto"``).
    value : float
        The threshold of ``rule="fixed"`` as a level 0..255; 127 by default, as the textbooks have it.
    classes : int
        Number of classes for Otsu, 2 to 8; an upper bound. With 2 the result is binary (foreground 1, background 0);
        with more it is classes 1..k from dark to bright.
    block_size : int
        Side of the block for ``local``, odd, in pixels.
    offset : float
        For ``local``: levels by which a bright pixel may lie below its block's mean.
    foreground : {"bright", "dark", "border", "smaller"}
        Which side is the foreground of a binary result. "border" takes the side that holds fewer of the border's
        pixels, "smaller" that which holds fewer of all (bright where they are equal). With several classes
        there is no foreground, and only "bright", the default, is taken.
    fill_holes : bool
        Whether background that the foreground of a binary result encloses is foreground too; not with several classes.
    band : int or None
        Index of the band (or colour channel) to use; None takes luma on colour, and on multi-band pictures the first
        principal component, signed so that its loadings sum to a positive number and scaled so that their absolute
        values sum to 1.

    Notes
    -----
    Findings: ``rule``; ``threshold`` as a level 0..255, of every rule but "local", which has one a pixel;
    ``foreground``, "bright" or "dark", of rule "objects". Several classes have ``thresholds``, ``n_classes`` and
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
    bytes_per_pixel: ClassVar[int] = 8
    bytes_per_sample: ClassVar[int] = 0

    rule: str = parameter(
        "otsu",
        "how the threshold is found",
        choices=("otsu", "fixed", "triangle", "li", "yen", "local", "objects"),
        search=Search(),
    )
    value: float = parameter(
        127,
        "the threshold of rule 'fixed'",
        kind=float,
        low=0,
        high=255,
        unit="level",
        search=Search(10, 245, when=("rule", ("fixed",))),
    )
    classes: int = parameter(
        2,
        "number of classes for rule 'otsu'; an upper bound",
        low=2,
        high=8,
        search=Search(2, 5, when=("rule", ("otsu",))),
    )
    block_size: int = parameter(
        51,
        "side of the block that rule 'local' averages",
        low=3,
        unit="px",
        scale="log",
        odd=True,
        search=Search(15, 201, when=("rule", ("local",))),
    )
    offset: float = parameter(
        0,
        "rule 'local': how far below its block's mean a bright pixel may lie",
        kind=float,
        low=-255,
        high=255,
        unit="level",
        search=Search(-30, 30, when=("rule", ("local",))),
    )
    foreground: str = parameter(
        "bright",
        "which side is the foreground",
        choices=("bright", "dark", "border", "smaller"),
        search=Search(when=("classes", (2,))),
    )
    fill_holes: bool = parameter(
        False,
        "binary results: enclosed background is foreground too",
        search=Search(when=("classes", (2,))),
    )
    split_touching: float | Literal["auto"] = split_parameter(
        Search(values=(0, "auto"), when=("classes", (2,)), scores="objects")
    )
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
        for name in ("foreground", "fill_holes"):
            given, default = getattr(self, name), declared(self)[name].default
            if self.classes > 2 and given != default:
                raise ParameterError(
                    f"threshold: {name}={given!r} is for binary results, and this makes {self.classes} classes. "
                    f"Leave it at {default!r}, or set classes=2."
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
        dark = self._wants_dark(bright, image.mask)
        return self._foreground(levels, image.mask, bright, dark, context), findings | self._side(dark)

    def _side(self, dark: bool) -> dict[str, str]:
        return {"foreground": "dark" if dark else "bright"} if self.rule == "objects" else {}

    def _foreground(
        self, levels: GreyLevels, mask: NDArray[np.bool_], bright: NDArray[np.bool_], dark: bool, context: Context
    ) -> NDArray[np.int32]:
        """The foreground (1) of a binary result, once the bright pixels and the side are known."""
        if self.rule == "objects":
            found = _objects(levels, mask, bright, dark, context.threads)
        else:
            found = (~bright if dark else bright) & mask
        if self.fill_holes:
            from classicseg.objects import fill_enclosed

            found = fill_enclosed(found, mask)
        return found.astype(np.int32)

    def _pool(self) -> LevelPool:
        from classicseg.pools import LevelPool

        if self.rule == "local":
            raise ParameterError(
                "threshold: rule='local' compares each pixel with what is around it, and learns nothing from other "
                "pictures. Segment each picture by itself, or choose rule='otsu', 'triangle', 'li', 'yen' or 'objects'."
            )
        return LevelPool(self.band, lightness=self.classes > 2)

    def _learn(self, pool: LevelPool, threads: int) -> dict[str, Any]:
        loadings = pool.loadings()
        levels = pool.counted(loadings)
        assert levels is not None
        learned = {} if loadings is None else {"loadings": loadings.tolist()}
        if self.classes > 2:
            return learned | _classes_of(levels, self.classes)
        threshold = float(self.value) if self.rule == "fixed" else self._rule_of(levels)
        dark = self.foreground == "dark"
        if self.foreground in ("smaller", "border"):
            side = pool.counted(loadings, border=True) if self.foreground == "border" else None
            counted = side or levels
            bright = int(counted.counts[counted.numbers > counted.number_of(threshold)].sum())
            dark = 2 * bright > int(counted.counts.sum())
        return learned | {"threshold": threshold, "foreground": "dark" if dark else "bright"}

    def _recall(self, learned: Learned) -> _Rule:
        names, kind, depth = [], learned.pictures.kind, learned.pictures.depth
        loadings = None
        if kind == "bands" and self.band is None and depth is not None and depth > 1:
            names.append("loadings")
            loadings = learned.array("loadings", depth)
        if self.classes == 2:
            learned.only(*names, "threshold", "foreground")
            threshold = learned.array("threshold")[np.newaxis]
            return _Rule(
                threshold, None, np.array([1]), learned.word("foreground", "dark", "bright") == "dark", loadings
            )
        learned.only(*names, "thresholds", "class_means", "order")
        means = learned.array("class_means", None)
        thresholds = learned.rising("thresholds", len(means) - 1)
        return _Rule(thresholds, means, learned.order("order", len(means)) + 1, False, loadings)

    def _apply(self, recalled: _Rule, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        levels = grey_levels(image, self.band, recalled.loadings)
        brighter = [levels.numbers > levels.number_of(float(threshold)) for threshold in recalled.thresholds]
        if self.classes == 2:
            found = self._foreground(levels, image.mask, brighter[0], recalled.dark, context)
            findings = {"rule": self.rule, "threshold": float(recalled.thresholds[0])} | self._side(recalled.dark)
            return found, findings
        assert recalled.class_means is not None
        raw = np.zeros(image.shape, dtype=np.uint8)
        for each in brighter:
            raw += each
        return np.where(image.mask, recalled.numbers[raw], 0), {
            "rule": self.rule,
            "n_classes": len(recalled.class_means),
            "thresholds": recalled.thresholds,
            "class_means": recalled.class_means,
        }

    def _wants_dark(self, bright: NDArray[np.bool_], mask: NDArray[np.bool_]) -> bool:
        """Whether the dark side is the foreground."""
        if self.foreground == "border":
            return _border_is_bright(bright, mask)
        if self.foreground == "smaller":
            return bool(2 * np.count_nonzero(bright & mask) > np.count_nonzero(mask))
        return self.foreground == "dark"

    def _memory(self, image: Image) -> int:
        shallow = image.levels is not None and image.levels.itemsize == 1
        parts = self.connected or self.fill_holes or self.classes > 2
        most = max(self.bytes_per_pixel, _BYTES_OF_PARTS if parts else 0)
        if image.kind == "bands" and image.depth > 1 and self.band is None:
            most += _BYTES_OF_COMPONENT * image.depth
        elif not shallow:
            most += _BYTES_OF_MIXING * image.depth
        if self.rule in ("triangle", "li", "yen"):
            most += _BYTES_OF_BORROWED * (1 if shallow else 8)
        return max(super()._memory(image), image.nbytes + max(most, _BYTES_OF_RULE.get(self.rule, 0)) * image.mask.size)

    def _threshold(self, levels: GreyLevels, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """The threshold as a number of `levels`, and as a level 0..255."""
        if self.rule == "fixed":
            return levels.number_of(float(self.value)), float(self.value)
        if self.rule in ("otsu", "objects"):
            number = otsu(levels.inside(mask))
            return number, float(number / levels.unit)
        counted = counted_levels(levels.inside(mask), levels.unit)
        threshold = threshold_of(self.rule, counted.levels(), counted.counts)
        return levels.number_of(threshold), threshold

    def _rule_of(self, levels: LevelCounts) -> float:
        """The threshold, as a level 0..255, of levels that were counted."""
        if self.rule in ("otsu", "objects"):
            distinct = _otsu_of_distinct if levels.numbers.dtype.kind == "f" else _otsu_of_values
            return float(distinct(levels.numbers, levels.counts) / levels.unit)
        return threshold_of(self.rule, levels.levels(), levels.counts)


class _Rule(NamedTuple):
    """What was learned: thresholds, of several classes their mean levels and numbers, the side, and the projection."""

    thresholds: NDArray[np.float64]
    class_means: NDArray[np.float64] | None
    numbers: NDArray[np.int64]
    dark: bool
    loadings: NDArray[np.float64] | None


def _classes_of(levels: LevelCounts, classes: int) -> dict[str, Any]:
    from classicseg.kernels.histograms import best_cuts
    from classicseg.pools import by_lightness

    cuts = best_cuts(levels.numbers, levels.counts, classes)
    starts = np.concatenate([[0], cuts + 1])
    means = np.add.reduceat(levels.counts * levels.numbers, starts) / np.add.reduceat(levels.counts, starts)
    lights = [sum(levels.lights[start:stop]) for start, stop in pairwise([*starts.tolist(), len(levels.lights)])]
    order = by_lightness(
        np.add.reduceat(levels.counts, starts).tolist(), lights, np.minimum.reduceat(levels.firsts, starts).tolist()
    )
    return {
        "thresholds": (levels.numbers[cuts] / np.float64(levels.unit)).tolist(),
        "class_means": (means / levels.unit)[order].tolist(),
        "order": np.argsort(order).tolist(),  # the class, from 0, of each range of levels
    }


def otsu(numbers: NDArray[Any]) -> float:
    """The lowest of the numbers (flat; uint8, uint16 or float64) that maximise w0 w1 (mu0 - mu1)^2.

    Exact on whole numbers. On float64, maxima that differ by less than 1e-12 of themselves count as equal.
    """
    if numbers.dtype.kind == "f":
        return _otsu_of_distinct(*np.unique(numbers, return_counts=True))
    counts = histogram(numbers)[1]
    if len(counts) == 256 and kernels_in_use():
        from classicseg.kernels.histograms import cut_in_two

        found = cut_in_two(counts)
        if found >= 0:
            return found
    return _otsu_of_counts(counts)


def _otsu_of_counts(counts: NDArray[np.int64]) -> float:
    """Otsu's threshold on whole numbers. What rounding cannot tell apart is compared in exact integers.

    The criterion, times a constant, is (S n0 - N s0)^2 / (n0 (N - n0)) for n0 pixels up to the threshold, with the sum
    s0, among N with the sum S.
    """
    values = np.flatnonzero(counts)
    return _otsu_of_values(values, counts[values])


def _otsu_of_values(values: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """The same of rising whole numbers that come."""
    if len(values) == 1:
        return int(values[0])
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
    from classicseg.kernels.histograms import best_cuts

    values, counts = histogram(levels.inside(mask))
    cuts = best_cuts(values, counts, classes)
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
    from classicseg.kernels.histograms import best_cuts

    values, counts = histogram(numbers)
    return values[best_cuts(values, counts, classes)]


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


def _objects(
    levels: GreyLevels, mask: NDArray[np.bool_], bright: NDArray[np.bool_], dark: bool, threads: int
) -> NDArray[np.bool_]:
    """Objects at a threshold each; `bright` is what Otsu's threshold calls so."""
    from classicseg.objects import find_objects

    inside = bright[mask]
    if inside.all() or not inside.any():
        return np.zeros_like(mask)
    values = levels.values().astype(np.float32)
    return find_objects(255 - values if dark else values, mask, bright != dark, threads)


def _border_is_bright(bright: NDArray[np.bool_], mask: NDArray[np.bool_]) -> bool:
    """Whether most valid pixels of the picture's border are bright; where it has none, most of all pixels."""
    border = border_of(mask)
    counted = border if border.any() else mask
    return bool(2 * np.count_nonzero(bright & counted) > np.count_nonzero(counted))
