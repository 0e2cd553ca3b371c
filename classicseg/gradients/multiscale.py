"""Strengths of boundaries at eight orientations: differences of histograms in half windows at several scales."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classicseg.gradients.textons import TEXTONS, texton_map
from classicseg.parallel import chunks, for_chunks

Box = tuple[int, int, int, int]  # top, bottom, left, right

ORIENTATIONS = 8
_TILE = 1024
_PHASE = 4  # the greatest stride
_BINS, _CHROMA_BINS = 8, 11
_CHROMA = 66.0  # a and b are taken from -_CHROMA to _CHROMA, in an odd number of bins: grey lies in the middle of one
_ALONG = 1.3


@dataclass(frozen=True)
class Cue:
    """One difference of histograms: of a label map (its place among them), at one scale.

    Attributes
    ----------
    name : str
        "L", "a", "b", "texture", or "band" with a number.
    place : int
        Which label map.
    bins : int
    spread : int
        How many times each bin is mixed with its two neighbours, (1 2 1) / 4.
    radius : float
        Of the window, in pixels: its halves are so wide, and 1.3 times as far it goes to either side along the edge.
    stride : int
        Of every so many rows and columns of the turned picture one is computed: 1, 2 or 4.
    weight : float
    """

    name: str
    place: int
    bins: int
    spread: int
    radius: float
    stride: int
    weight: float


@dataclass(frozen=True, eq=False)
class BoundaryStrengths:
    """How strong a boundary runs through each pixel, by orientation.

    Attributes
    ----------
    oriented : (8, H, W) float32 array
        0..1. Plane k is for edges whose line runs in the direction k pi / 8, counted from the row's axis (left to
        right) anticlockwise as the picture is seen: 0 is a level edge, 4 an upright one, 2 runs from bottom left to
        top right. 0 outside the mask.
    textons : (H, W) uint8 array
        The texton of each pixel, 0..31; 255 outside the mask.
    """

    oriented: NDArray[np.float32]
    textons: NDArray[np.uint8]

    @property
    def strongest(self) -> NDArray[np.float32]:
        """The greatest over all orientations, (H, W)."""
        return np.asarray(self.oriented.max(axis=0))


# Fitted by `benchmarks.fitting.cues` to every second picture of BSDS500's train split, brought to a sum of 1: logistic
# regression, with no weight below 0, of how many annotators have a boundary near, over the places where the summed
# strength is greatest across the edge. That of lightness at 6 pixels came out as 0, that of b at 10 as 0.008.
_WEIGHTS: dict[str, tuple[float, ...]] = {
    "L": (0.087, 0.0, 0.096),
    "a": (0.047, 0.177, 0.031),
    "b": (0.117, 0.0, 0.117),
    "texture": (0.098, 0.030, 0.200),
}
# For grey pictures those of gPb's local part, over the sum of its weights for colour, both as it has them for BSDS300.
_GREY_WEIGHTS: dict[str, tuple[float, ...]] = {"L": (0.150, 0.134, 0.142), "texture": (0.127, 0.128, 0.140)}
_FINE, _COARSE = ((2.5, 1), (6.0, 2), (10.0, 2)), ((6.0, 2), (10.0, 2), (20.0, 4))  # radii and strides
_RADII = {"L": _FINE, "a": _COARSE, "b": _COARSE, "texture": _COARSE}


def default_cues(depth: int, bands: bool = False) -> tuple[Cue, ...]:
    """The cues of pictures with so many planes, with their weights.

    Bands share the weights of lightness and colour evenly, and have the scales of lightness.
    """
    weights = _GREY_WEIGHTS if depth == 1 else _WEIGHTS
    if bands and depth > 1:
        texture = weights["texture"]
        share = (1 - sum(texture)) / (3 * depth)
        weights = {f"band {k}": (share,) * 3 for k in range(1, depth + 1)} | {"texture": texture}
    return cues_with(weights)


def cues_with(weights: dict[str, tuple[float, ...]]) -> tuple[Cue, ...]:
    """Cues by the names of their label maps, in order, with a weight for each of three scales; those of 0 left out."""
    bins = {"texture": TEXTONS, "a": _CHROMA_BINS, "b": _CHROMA_BINS}
    return tuple(
        Cue(name, place, bins.get(name, _BINS), int(name != "texture"), radius, stride, weight)
        for place, name in enumerate(weights)
        for (radius, stride), weight in zip(_RADII.get(name, _FINE), weights[name], strict=True)
        if weight
    )


def boundary_strengths(
    planes: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threads: int = 1,
    *,
    bands: bool = False,
    cues: Sequence[Cue] | None = None,
) -> BoundaryStrengths:
    """Multi-scale boundary strengths: how different lightness, colour and texture are on both sides of each pixel.

    Parameters
    ----------
    planes : (D, H, W) float32 array
        CIELAB, or L* alone; or bands.
    mask : (H, W) bool array
        Pixels outside take no part.
    threads : int
        The result does not depend on it.
    bands : bool
        The planes are bands of whatever kind, each in 0..100 / sqrt(D).
    cues : sequence of Cue, optional
        What is summed, and with which weights; by default `default_cues`. Cues that are left out cost nothing.

    Returns
    -------
    BoundaryStrengths

    Notes
    -----
    The local part of gPb: for each of eight orientations, windows of several sizes are parted by a line through the
    pixel, and the histograms of lightness, a, b and textons on both sides are compared, by half the chi-square
    distance; each distance is smoothed across the edge by a parabola fitted to its neighbourhood (Savitzky and Golay),
    and all are summed, with weights refitted on BSDS500's train split.

    What differs from it: halves are rectangles of r x 2.6 r on a picture turned to the nearest pixel, not half-discs.
    Histograms have 8 bins of lightness and 11 of a and b, each mixed with its neighbours by (1 2 1) / 4, not 25 under
    a Gaussian. The scale of 5 pixels is 6, and windows from there on are computed on every second row and column, of
    20 pixels on every fourth, and interpolated. Beyond the picture and the mask nothing is counted, and where a half
    of a window has less than half of its pixels, the distance is lowered by their share. Textons come from filters of
    one pixel, not two. Thinned, the strengths of 24 photographs of BSDS500's train split to which the weights were not
    fitted score a boundary F of .708 (one threshold for all), and with the weights of gPb .703.

    O(N (bins + 32)) for N pixels, whatever the radii, which may be up to 64 pixels.

    References
    ----------
    D. Martin, C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using local brightness, color, and
    texture cues", IEEE TPAMI 26(5), 2004. P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and
    hierarchical image segmentation", IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> lightness = np.zeros((1, 24, 24), np.float32)
    >>> lightness[0, :, 12:] = 100  # an upright edge
    >>> found = boundary_strengths(lightness, np.ones((24, 24), bool))
    >>> int(found.oriented[:, 12, 12].argmax())
    4
    """
    chosen = tuple(default_cues(len(planes), bands) if cues is None else cues)
    labels = label_maps(planes, mask, threads, bands=bands)
    return BoundaryStrengths(oriented_sums(labels, mask, chosen, threads), labels[-1])


def label_maps(
    planes: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threads: int = 1,
    *,
    bands: bool = False,
) -> NDArray[np.uint8]:
    """Each plane in its bins, and the textons behind them, (D + 1, H, W); 255 outside the mask."""
    depth = len(planes)
    labels = np.empty((depth + 1, *mask.shape), np.uint8)
    for place, plane in enumerate(planes):
        low, extent, count = 0.0, 100.0, _BINS
        if bands:
            extent /= math.sqrt(depth)
        elif place:
            low, extent, count = -_CHROMA, 2 * _CHROMA, _CHROMA_BINS
        labels[place] = np.clip((plane - np.float32(low)) * np.float32(count / extent), 0, count - 1)
    lightness = planes.mean(axis=0) * np.float32(math.sqrt(depth)) if bands else planes[0]
    labels[-1] = texton_map(lightness, mask, threads)
    labels[:, ~mask] = 255
    return labels


def each_cue(
    labels: NDArray[np.uint8], mask: NDArray[np.bool_], cues: Sequence[Cue], threads: int = 1
) -> Iterator[NDArray[np.float32]]:
    """Each cue by itself, (8, H, W), as it is before its weight: 0..1."""
    for cue in cues:
        yield oriented_sums(labels, mask, [replace(cue, weight=1.0)], threads)


def oriented_sums(
    labels: NDArray[np.uint8], mask: NDArray[np.bool_], cues: Sequence[Cue], threads: int
) -> NDArray[np.float32]:
    """The weighted sum (8, H, W) of the cues."""
    height, width = mask.shape
    oriented = np.empty((ORIENTATIONS, height, width), np.float32)
    packed = [_packed(labels[place : place + 4]) for place in range(0, len(labels), 4)]
    boxes = [(*rows, *columns) for rows in chunks(height, _TILE) for columns in chunks(width, _TILE)]

    def work(index: int, _start: int, _stop: int) -> None:
        k, box = index % ORIENTATIONS, boxes[index // ORIENTATIONS]
        _one_orientation(packed, len(labels), k * math.pi / ORIENTATIONS, cues, box, oriented[k])

    for_chunks(work, chunks(ORIENTATIONS * len(boxes), 1), threads)
    oriented[:, ~mask] = 0
    return oriented


def _one_orientation(
    packed: list[NDArray[np.uint32]], depth: int, angle: float, cues: Sequence[Cue], box: Box, out: NDArray[np.float32]
) -> None:
    """The weighted sum of the cues for edges that run at an angle, in one box of the picture.

    The turned grid is the same for all boxes of a picture, so that they fit each other to the last bit.
    """
    from classicseg.kernels.half_windows import add_strengths, turn, turn_back

    height, width = out.shape
    down, right = -round(math.sin(angle), 15), round(math.cos(angle), 15)
    upright = down == 0 or right == 0
    level = (height - 1) / 2, (width - 1) / 2
    middle = np.array([math.floor(each) if upright else each for each in level], np.float64)
    windows = sorted({window_of(cue) for cue in cues})
    reach = max(each.reach for each in windows)
    wider = np.array([max(box[0] - reach, 0), min(box[1] + reach, height),
                      max(box[2] - reach, 0), min(box[3] + reach, width)])  # fmt: skip
    (top, bottom), (left, back) = (_extent(wider, middle, *axis) for axis in ((down, right), (right, -down)))
    margin = max(each.margin for each in windows)
    centre = np.array([_PHASE - top, margin - left])  # both multiples of all strides: `_extent` rounds to these
    rows, columns = bottom - top + 2 * _PHASE, back - left + 2 * margin
    turned = np.empty((depth, rows, columns), np.uint8)
    starts, stops = np.empty(rows, np.int64), np.empty(rows, np.int64)
    for place, four in enumerate(packed):
        some = turned[4 * place : 4 * place + 4]
        turn(four, len(some), down, right, middle, centre, wider, some, starts, stops)
    strengths = np.zeros((rows, columns), np.float32)
    for window in windows:
        of_size = [cue for cue in cues if window_of(cue) == window]
        add_strengths(
            turned, starts, stops,
            np.array([cue.place for cue in of_size]), np.array([cue.bins for cue in of_size]),
            np.array([cue.spread for cue in of_size]), np.array([cue.weight for cue in of_size], np.float32),
            window.half, window.width, window.stride, parabola_taps(window.width), strengths,
        )  # fmt: skip
    turn_back(strengths, down, right, middle, centre, np.array(box), out)


def _extent(box: NDArray[np.int64], middle: NDArray[np.float64], down: float, right: float) -> tuple[int, int]:
    """From where to where a box reaches along an axis through the middle, to whole steps of all strides."""
    ends = [
        (row - middle[0]) * down + (column - middle[1]) * right
        for row in (box[0], box[1] - 1)
        for column in (box[2], box[3] - 1)
    ]
    return math.floor(min(ends) / _PHASE - 1) * _PHASE, math.ceil(max(ends) / _PHASE + 1) * _PHASE


@dataclass(frozen=True, order=True)
class Window:
    """The size of the halves of a window: `width` steps of `stride` pixels across, `half` pixels up and down."""

    half: int
    width: int
    stride: int

    @property
    def margin(self) -> int:
        """So many columns of a turned map hold nothing at either side; a whole number of steps of all strides."""
        return round_up((3 * self.width + 6) * self.stride / _PHASE + 0.5) * _PHASE

    @property
    def reach(self) -> int:
        """No pixel farther away has to do with the strength at a pixel."""
        across, along = (2 * self.width + 4) * self.stride, self.half + 2 * self.stride
        return math.ceil(math.hypot(across, along))


def window_of(cue: Cue) -> Window:
    """The window of a cue, in whole pixels and steps."""
    return Window(round_up(_ALONG * cue.radius), round_up(cue.radius / cue.stride), cue.stride)


def _packed(labels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Up to four label maps (P, H, W) as the bytes of one."""
    packed = labels[0].astype(np.uint32)
    for place, each in enumerate(labels[1:], 1):
        packed |= each.astype(np.uint32) << np.uint32(8 * place)
    return packed


def round_up(value: float) -> int:
    """The nearest integer, halves upwards."""
    return int(value + 0.5)


def parabola_taps(reach: int) -> NDArray[np.float32]:
    """Weights of the samples 0..m away in the value at the middle of the parabola fitted to 2m + 1 samples.

    Savitzky and Golay: w(k) = 3 (3m^2 + 3m - 1 - 5k^2) / ((2m - 1) (2m + 1) (2m + 3)).
    """
    m, k = reach, np.arange(reach + 1)
    weights = 3 * (3 * m * m + 3 * m - 1 - 5 * k * k) / ((2 * m - 1) * (2 * m + 1) * (2 * m + 3))
    return weights.astype(np.float32)
