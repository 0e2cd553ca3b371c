"""Outlines of the labels of a map: polygons with holes, whose shared borders are the same points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ParameterError
from classicseg.io.checks import as_label_map
from classicseg.labels import components

if TYPE_CHECKING:
    from classicseg.kernels.outlines import Arcs, Rings

Ring = NDArray[np.int32]
Polygon = tuple[Ring, list[Ring]]


@dataclass(frozen=True, eq=False, repr=False)
class Outlines:
    """The polygons of all labels of a map, as flat arrays; made by `outlines`.

    A polygon is a 4-connected region of a label: the ring around it and a ring for each of its holes. Points are
    corners of pixels, (x, y), x to the right and y down: the pixel in row r and column c is the square from (c, r) to
    (c + 1, r + 1). Rings are closed (the last point is the first again) and have more than a point where they turn:
    also each corner where three or more regions meet, so that neighbours share their borders point by point. In the
    numbers as they stand, outer rings have a positive area (counter-clockwise, where y points up; clockwise on a
    screen) and holes a negative one. No ring touches itself; two rings share corners at most.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the map.
    labels : (K,) int32 array
        The labels that have an outline, rising; 0 has none.
    polygon_offsets : (K + 1,) int64 array
        ``labels[k]`` has the polygons ``polygon_offsets[k]`` to ``polygon_offsets[k + 1]``, in raster order.
    ring_offsets : (P + 1,) int64 array
        Polygon p has the rings ``ring_offsets[p]`` to ``ring_offsets[p + 1]``, the outer one first.
    point_offsets : (R + 1,) int64 array
        Ring r has the points ``point_offsets[r]`` to ``point_offsets[r + 1]``.
    places : (M,) int64 array
        For each point of each ring, its place in `points`.
    points : (N, 2) int32 array
        The points of the borders, of which each is stored once. A corner where several borders end is there for each
        of them.

    Notes
    -----
    ``shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, outlines.coordinates, (outlines.point_offsets,
    outlines.ring_offsets, outlines.polygon_offsets))`` makes all of them shapes at once.
    """

    shape: tuple[int, int]
    labels: NDArray[np.int32]
    polygon_offsets: NDArray[np.int64]
    ring_offsets: NDArray[np.int64]
    _arcs: Arcs
    _rings: Rings
    _order: NDArray[np.int64]

    @property
    def points(self) -> NDArray[np.int32]:
        return self._arcs.points

    @cached_property
    def _spelled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from classicseg.kernels.outlines import spell_rings

        return spell_rings(self._arcs.starts, self._rings, self._order)

    @property
    def places(self) -> NDArray[np.int64]:
        return self._spelled[0]

    @property
    def point_offsets(self) -> NDArray[np.int64]:
        return self._spelled[1]

    @cached_property
    def coordinates(self) -> NDArray[np.int32]:
        """The points of all rings one after another, (M, 2): ``points[places]``."""
        return self.points[self.places]

    def polygons(self, label: int) -> list[Polygon]:
        """The polygons of a label: of each the outer ring and the list of its holes, (n, 2) arrays of (x, y).

        An empty list for a label that the map does not have.
        """
        k = int(np.searchsorted(self.labels, label))
        if k == len(self.labels) or self.labels[k] != label:
            return []
        return self._polygons(k)

    def items(self) -> Iterator[tuple[int, list[Polygon]]]:
        """Each label, rising, with its polygons."""
        for k, label in enumerate(self.labels.tolist()):
            yield label, self._polygons(k)

    def simplify(self, tolerance: float) -> Outlines:
        """The same outlines with fewer points: shared borders move together, and stay borders of the same regions.

        Parameters
        ----------
        tolerance : float
            In pixels, 0 or above: no point that goes lies farther from the straight line that takes its place. At 0
            all points stay; from 0.71 (half the diagonal of a pixel) on, staircases become straight lines.

        Returns
        -------
        Outlines
            Its points are some of the present ones. Corners where three or more regions meet stay, and so do those on
            the picture's frame; no border crosses or touches another that it did not touch before, and no ring has
            fewer than three different points.

        Raises
        ------
        ParameterError
            The tolerance is below 0, or no finite number.

        Notes
        -----
        In each stretch of border between two corners that stay, the point goes first whose border moves least by it
        (ties by their order), until the next would move it too far. A point stays if the triangle of it and its two
        neighbours has any other point of a border in it or on its edges: so nothing ever crosses.

        References
        ----------
        M. Visvalingam and J. D. Whyatt, "Line generalisation by repeated elimination of points", The Cartographic
        Journal 30(1), 1993: the elimination point by point, here by distance instead of area.

        Examples
        --------
        >>> stairs = outlines(np.tri(20, 20, dtype=int) + 1)
        >>> len(stairs.polygons(1)[0][0]), len(stairs.simplify(1.0).polygons(1)[0][0])
        (41, 4)
        """
        if not isinstance(tolerance, int | float | np.number) or not 0 <= tolerance < math.inf:
            raise ParameterError(f"a tolerance of {tolerance!r} came; it is a number of pixels, 0 or above.")
        if tolerance == 0:
            return self
        from classicseg.kernels.simplifying import simplify_arcs

        return replace(self, _arcs=simplify_arcs(self._arcs, self.shape, float(tolerance)))

    def _polygons(self, k: int) -> list[Polygon]:
        found = []
        for polygon in range(self.polygon_offsets[k], self.polygon_offsets[k + 1]):
            first, last = self.ring_offsets[polygon : polygon + 2]
            ends = self.point_offsets[first : last + 1].tolist()
            outer, *holes = (self.coordinates[start:stop] for start, stop in pairwise(ends))
            found.append((outer, holes))
        return found

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"Outlines(shape={self.shape}, labels={len(self.labels)}, polygons={len(self.ring_offsets) - 1}, "
            f"points={len(self.points)})"
        )


def outlines(labels: NDArray[np.integer], mask: NDArray[np.bool_] | None = None) -> Outlines:
    """The outlines of all labels above 0, found in one pass over the map.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above; 0 has no outline.
    mask : (H, W) bool array, optional
        Pixels outside count as 0.

    Returns
    -------
    Outlines

    Raises
    ------
    ImageError
        The array is no label map, has a label below 0 or above 2,147,483,647, or the mask has another shape.

    Notes
    -----
    O(N) time, about 10 bytes a pixel beside the outlines themselves.

    Examples
    --------
    >>> found = outlines(np.array([[1, 1, 2], [1, 1, 2]]))
    >>> found
    Outlines(shape=(2, 3), labels=2, polygons=2, points=14)
    >>> found.polygons(2)[0][0].tolist()
    [[2, 0], [3, 0], [3, 2], [2, 2], [2, 0]]
    """
    from classicseg.kernels.outlines import find_arcs, find_rings

    labels, mask = as_label_map(labels, mask)
    regions, count = components(labels, labels > 0 if mask is None else (labels > 0) & mask)
    arcs = find_arcs(regions)
    rings = find_rings(arcs)
    label_of = np.zeros(count + 1, dtype=np.int32)
    label_of[regions] = labels
    return _in_order(labels.shape, label_of[1:], arcs, rings)


def _in_order(shape: tuple[int, ...], label_of: NDArray[np.int32], arcs: Arcs, rings: Rings) -> Outlines:
    """Regions by label, then in raster order; of each the outer ring first."""
    order = np.argsort(label_of, kind="stable")
    rank = np.empty(len(label_of), dtype=np.int64)
    rank[order] = np.arange(len(label_of))
    rank_of_ring = rank[rings.regions - 1]
    ring_order = np.argsort(2 * rank_of_ring + rings.holes, kind="stable").astype(np.int64)
    ring_offsets = np.concatenate([[0], np.cumsum(np.bincount(rank_of_ring, minlength=len(label_of)))])
    values, firsts = np.unique(label_of[order], return_index=True)
    polygon_offsets = np.append(firsts, len(label_of)).astype(np.int64)
    return Outlines(
        (shape[0], shape[1]), values, polygon_offsets, ring_offsets.astype(np.int64), arcs, rings, ring_order
    )
