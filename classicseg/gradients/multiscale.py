"""Strengths of boundaries at eight orientations: differences of histograms in half windows at several scales."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classicseg.gradients.textons import TEXTONS, texton_map
from classicseg.parallel import for_chunks

ORIENTATIONS = 8
_BINS = 25


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
        Of the window, in pixels.
    weight : float
    """

    name: str
    place: int
    bins: int
    spread: int
    radius: float
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


# The weights of gPb's local part for BSDS500, each for its three scales; for grey pictures those for BSDS300, with the
# ratio that those have to the weights for colour there. All over the sum of those for colour.
_COLOR_SUM, _GREY_SUM = 0.2102, 0.1638
_WEIGHTS = {
    "L": (0.0146, 0.0145, 0.0163),
    "a": (0.0210, 0.0243, 0.0287),
    "b": (0.0166, 0.0185, 0.0204),
    "texture": (0.0101, 0.0111, 0.0141),
}
_GREY_WEIGHTS = {"L": (0.0245, 0.0220, 0.0233), "texture": (0.0208, 0.0210, 0.0229)}
_RADII = {"L": (2.5, 5.0, 10.0), "a": (5.0, 10.0, 20.0), "b": (5.0, 10.0, 20.0), "texture": (5.0, 10.0, 20.0)}
_SPREAD = {"L": 1, "a": 1, "b": 1, "texture": 0}


def default_cues(depth: int) -> tuple[Cue, ...]:
    """The cues of pictures with so many planes, with their weights."""
    weights = _GREY_WEIGHTS if depth == 1 else _WEIGHTS
    total = _GREY_SUM if depth == 1 else _COLOR_SUM
    return tuple(
        Cue(name, place, TEXTONS if name == "texture" else _BINS, _SPREAD[name], radius, weight / total)
        for place, name in enumerate(weights)
        for radius, weight in zip(_RADII[name], weights[name], strict=True)
    )


def boundary_strengths(
    planes: NDArray[np.float32], mask: NDArray[np.bool_], threads: int = 1, *, cues: Sequence[Cue] | None = None
) -> BoundaryStrengths:
    """Multi-scale boundary strengths: how different lightness, colour and texture are on both sides of each pixel.

    Parameters
    ----------
    planes : (3, H, W) or (1, H, W) float32 array
        CIELAB, or L* alone.
    mask : (H, W) bool array
        Pixels outside take no part.
    threads : int
        The result does not depend on it.
    cues : sequence of Cue, optional
        What is summed, and with which weights; by default `default_cues`.

    Returns
    -------
    BoundaryStrengths
    """
    chosen = tuple(default_cues(len(planes)) if cues is None else cues)
    textons = texton_map(planes[0], mask, threads=threads)
    labels = label_maps(planes, mask, textons)
    return BoundaryStrengths(oriented_sums(labels, mask, chosen, threads), textons)


def label_maps(planes: NDArray[np.float32], mask: NDArray[np.bool_], textons: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each plane in 25 bins, and the textons behind them; 255 outside the mask."""
    labels = np.empty((len(planes) + 1, *mask.shape), np.uint8)
    for place, plane in enumerate(planes):
        low, extent = (0.0, 100.0) if place == 0 else (-73.0, 168.0)
        scaled = (plane - np.float32(low)) * np.float32(_BINS / extent)
        labels[place] = np.clip(scaled, 0, _BINS - 1)
    labels[-1] = textons
    labels[:, ~mask] = 255
    return labels


def oriented_sums(
    labels: NDArray[np.uint8], mask: NDArray[np.bool_], cues: Sequence[Cue], threads: int
) -> NDArray[np.float32]:
    """The weighted sum (8, H, W) of the cues."""
    oriented = np.empty((ORIENTATIONS, *mask.shape), np.float32)

    def work(index: int, _start: int, _stop: int) -> None:
        _one_orientation(labels, index * math.pi / ORIENTATIONS, cues, oriented[index])
        oriented[index][~mask] = 0

    for_chunks(work, [(k, k + 1) for k in range(ORIENTATIONS)], threads)
    return oriented


def _one_orientation(labels: NDArray[np.uint8], angle: float, cues: Sequence[Cue], out: NDArray[np.float32]) -> None:
    from classicseg.kernels.half_windows import add_distances, smooth_across, turn, turn_back

    height, width = out.shape
    down, right = -round(math.sin(angle), 15), round(math.cos(angle), 15)
    reach = max(round_up(cue.radius) for cue in cues)
    margin = 3 * reach + 3
    level = (height - 1) / 2, (width - 1) / 2
    upright = down == 0 or right == 0
    middle = np.array([math.floor(each) if upright else each for each in level])
    tall = 4 * math.ceil((abs(down) * height + abs(right) * width) / 8 + 0.25)
    wide = math.ceil((abs(right) * height + abs(down) * width) / 2) + 1 + margin
    centre = np.array([tall, wide])
    rows, columns = 2 * tall + 1, 2 * wide + 1
    turned = np.empty((len(labels), rows, columns), np.uint8)
    starts, stops = np.empty(rows, np.int64), np.empty(rows, np.int64)
    turn(labels, down, right, middle, centre, turned, starts, stops)
    strengths, line = np.zeros((rows, columns), np.float32), np.empty(columns, np.float32)
    for radius in sorted({cue.radius for cue in cues}):
        stride = max(1, 2 ** int(math.log2(max(radius / 5, 1))))
        distances = np.zeros((2 * tall // stride + 1, columns), np.float32)
        for cue in cues:
            if cue.radius == radius:
                add_distances(
                    turned[cue.place], starts, stops, cue.bins, cue.spread, round_up(0.8 * radius), round_up(radius),
                    stride, np.float32(cue.weight), distances,
                )  # fmt: skip
        smooth_across(distances, parabola_taps(round_up(radius)), stride, line, strengths)
    turn_back(strengths, down, right, middle, centre, 0, height, out)


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
