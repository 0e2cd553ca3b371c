"""Normalised cuts whose nodes are the pixels of a picture, too many to be solved exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg import ncut
from classicseg.descent import handed_down, pixel_vectors
from classicseg.kernels import pixel_groups, stencil
from classicseg.kernels.graphs import by_group
from classicseg.kernels.refining import awake_pixels, refine, refine_rows, sum_classes, sum_pixel_classes
from classicseg.kernels.rotation import nearest, sum_unit_rows
from classicseg.multilevel import SHARE, Level, coarse_levels

_SWEEPS = 8
_SMALL = 128  # nodes of a graph that is solved exactly
_FEW = 4096  # links of a graph, both ways, whose eigenvectors become classes,
_SHARE_OF_LINKS = 0.0625  # or this share of those between pixels where it is more
_TRIED = 3
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
        if self.mask.all():
            offsets = stencil.half_offsets(self.radius, self.mask.shape)
            return int(sum((height - dy) * (width - abs(dx)) for dy, dx in offsets.tolist()))
        total = 0
        for dy, dx in stencil.half_offsets(self.radius, self.mask.shape):
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
    links = len(stencil.half_offsets(radius, shape))
    return int(pixels * (4 * links + 8 * 3 * (count + 4) + 100))


def cut_pixels(links: Links, wanted: int, count_of: Callable[[NDArray[np.float64]], int], threads: int) -> PixelCut:
    """Classes by the `wanted` greatest eigenpairs, of which `count_of` tells from the eigenvalues how many to take."""
    most = links.mask.size * len(stencil.half_offsets(links.radius, links.mask.shape))
    if most < _WORTH_THREADS:
        threads = 1
    graph, strongest = stencil.pixel_stencil(*links, threads)
    group = pixel_groups.aggregate(graph, strongest, SHARE, threads)
    order, starts = by_group(group, int(group.max()) + 1)
    levels = coarse_levels(pixel_groups.group_links(graph, group, order, starts, threads), max(_SMALL, 2 * wanted))
    few = max(_FEW, _SHARE_OF_LINKS * most)
    exact = next((i for i, level in enumerate(levels) if len(level.graph.ends) <= few), len(levels) - 1)
    values, blocks = handed_down(levels, wanted, exact, threads)
    values, worst, vectors = pixel_vectors(graph, group, levels[0], blocks[0][:, :wanted], values[-1], threads)
    count = count_of(values)
    of_group = _classes_of_groups(levels, exact, blocks[exact][:, :count])
    sums = sum_unit_rows(blocks[0][:, :count], of_group.classes, np.diff(starts))
    turned = nearest(vectors[:count], ncut.nearest_rotation(sums), graph.root, threads)
    best = _best_of_pixels(graph, of_group, group, turned, threads)
    classes = np.maximum(graph.frame.picture(best.classes), 0)
    return PixelCut(values, classes, ncut.shares(best.total, best.inner), worst, "multilevel")


class _Classes(NamedTuple):
    """Classes of nodes, with the weights of the links inside each class and of all its links."""

    classes: NDArray[np.int32]
    inner: NDArray[np.float64]
    total: NDArray[np.float64]

    @property
    def cut(self) -> float:
        """The normalised cut, in which an empty class counts as one that is cut off whole."""
        return float(np.sum(np.nan_to_num(ncut.shares(self.total, self.inner), nan=1.0)))


def _classes_of_groups(levels: list[Level], exact: int, vectors: NDArray[np.float64]) -> _Classes:
    """Those that cut least among a few that the eigenvectors of one level suggest, refined there and on finer ones."""
    graph = levels[exact].graph
    suggested = ncut.candidates(vectors.T)
    tried = [_Classes(classes, *sum_classes(graph, classes, vectors.shape[1])) for classes in suggested]
    tried = sorted(tried, key=lambda each: each.cut)[:_TRIED]
    for each in tried:
        refine_rows(graph, *each, _SWEEPS)
    best = min(tried, key=lambda each: each.cut)
    for level in reversed(levels[:exact]):
        best = best._replace(classes=best.classes[level.group])
        refine_rows(level.graph, *best, _SWEEPS)
    return best


def _best_of_pixels(
    graph: stencil.Stencil, of_group: _Classes, group: NDArray[np.int32], turned: NDArray[np.int32], threads: int
) -> _Classes:
    """The classes of the groups, or those of each pixel by its own vector: which cut less once refined."""
    handed = np.where(group >= 0, of_group.classes[np.maximum(group, 0)], np.int32(-1))
    outcomes = []
    for classes in (handed, turned):
        awake = awake_pixels(graph, classes, threads)
        outcomes.append(_Classes(classes, *sum_pixel_classes(graph, classes, awake, len(of_group.total))))
        refine(graph, *outcomes[-1], awake, _SWEEPS)
    return min(outcomes, key=lambda each: each.cut)
