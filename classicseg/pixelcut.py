"""Normalised cuts whose nodes are the pixels of a picture, too many to be solved exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg import ncut
from classicseg.kernels import stencil
from classicseg.multilevel import pixel_eigenvectors

_SWEEPS = 4
_WORTH_THREADS = 1 << 20  # links below which threads take longer to begin than to be done


class Links(NamedTuple):
    """What links pixels: the planes of their colours (D, H, W), the mask, and the parameters of the weights."""

    planes: NDArray[np.float32]
    mask: NDArray[np.bool_]
    color_scale: float
    spatial_scale: float
    radius: float

    def number(self) -> int:
        """The number of links between two pixels inside the mask."""
        height, width = self.mask.shape
        total = 0
        for dy, dx in stencil.half_offsets(self.radius):
            if dy < height and abs(dx) < width:
                left, right = max(0, -dx), width - max(0, dx)
                both = self.mask[: height - dy, left:right] & self.mask[dy:, left + dx : right + dx]
                total += int(np.count_nonzero(both))
        return total


class PixelCut(NamedTuple):
    """Eigenvalues, classes of all pixels (H, W), the cut of each class, and the greatest residual."""

    eigenvalues: NDArray[np.float64]
    classes: NDArray[np.int32]
    class_cuts: NDArray[np.float64]
    residual: float
    solver: str


def memory_of_pixels(shape: tuple[int, int], radius: float, count: int) -> int:
    """Bytes that `cut_pixels` takes: the links, and the blocks of vectors of the solver."""
    pixels = shape[0] * shape[1]
    links = len(stencil.half_offsets(radius))
    return int(pixels * (4 * links + 8 * 3 * (count + 4) + 100))


def cut_pixels(links: Links, wanted: int, count_of: Callable[[NDArray[np.float64]], int], threads: int) -> PixelCut:
    """Classes by the `wanted` greatest eigenpairs, of which `count_of` tells from the eigenvalues how many to take."""
    if links.mask.size * len(stencil.half_offsets(links.radius)) < _WORTH_THREADS:
        threads = 1
    graph, strongest = stencil.pixel_stencil(*links, threads)
    eigenvalues, block, worst = pixel_eigenvectors(graph, strongest, wanted, threads)
    count = count_of(eigenvalues)
    inside = np.ascontiguousarray(graph.frame.picture(block[:count])[:, links.mask])
    outcomes = [_refined(graph, links.mask, of_pixel, count, threads) for of_pixel in ncut.candidates(inside, threads)]
    shares, classes = min(outcomes, key=lambda outcome: float(np.sum(np.nan_to_num(outcome[0], nan=1.0))))
    return PixelCut(eigenvalues, classes, shares, worst, "multilevel")


def _refined(
    graph: stencil.Stencil, mask: NDArray[np.bool_], of_pixel: NDArray[np.int32], count: int, threads: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The cut of each class, and the classes (H, W), after pixels at borders have moved where that lowers the cut."""
    flat = np.full(graph.frame.size, -1, dtype=np.int32)
    graph.frame.picture(flat)[mask] = of_pixel
    kept = stencil.kept_links(graph, flat, threads)
    degrees = graph.root.astype(np.float64) ** 2
    inside = flat >= 0
    total = np.bincount(flat[inside], degrees[inside], count).astype(np.float64)
    inner = np.bincount(flat[inside], kept[inside], count).astype(np.float64)
    stencil.refine(graph, flat, inner, total, _SWEEPS)
    return ncut.shares(total, inner), np.maximum(graph.frame.picture(flat), 0)
