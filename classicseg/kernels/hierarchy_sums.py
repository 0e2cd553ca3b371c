"""Sums along all cuts of a hierarchy: of nodes over their leaves, of cuts over their nodes, of overlaps with regions.

Trees are as in `classicseg.kernels.hierarchy`. Cuts are numbered from fine to coarse, and a node stands in those from
`births[node]` to before `deaths[node]`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.hierarchy import Floats, Ints


class RegionSums(NamedTuple):
    """What `region_sums` finds for each node (0 for nodes in no cut), each cut and each true region.

    Attributes
    ----------
    squares, largest, chosen : (n_nodes,) int64 arrays
        Sum over the regions of the squared overlaps; the largest overlap; the first region that has it.
    split, merge : (n_nodes,) float64 arrays
        With n the overlap of a node of area a and a region of area b: sums over the regions of n log2(b / n) and of
        n log2(a / n). No term is below 0, so that nothing cancels.
    covered, best_overlap : (n_cuts,) float64 arrays
        Sums over the counted regions of area times best IoU, and of the best IoU.
    best : (n_regions,) float64 array
        The best IoU of each counted region in any cut.
    """

    squares: Ints
    largest: Ints
    chosen: Ints
    split: Floats
    merge: Floats
    covered: Floats
    best_overlap: Floats
    best: Floats


@kernel
def _add_up(parents, values):
    for node in range(len(parents)):
        if parents[node] != node:
            values[parents[node]] += values[node]


def sums_of_nodes(parents: Ints, of_leaves: Ints) -> Ints:
    """For each node the sum of what its leaves have."""
    sums = np.zeros(len(parents), dtype=np.int64)
    sums[: len(of_leaves)] = of_leaves
    _add_up(parents, sums)
    return sums


# Blocks of cuts: an array of two cells a cut, of which the last half are the cuts themselves; block b is made of blocks
# 2 b and 2 b + 1. Any run of cuts is made of O(log n_cuts) blocks, so what holds for a run is noted there, and handed
# down to the cuts at the end.


@kernel
def _add_to_run(blocks, first, last, value):
    """Add to each of the cuts first..last - 1."""
    low, high = first + len(blocks) // 2, last + len(blocks) // 2
    while low < high:
        if low % 2:
            blocks[low] += value
            low += 1
        if high % 2:
            high -= 1
            blocks[high] += value
        low //= 2
        high //= 2


@kernel
def _raise_run(blocks, first, last, value):
    """Lift each of the cuts first..last - 1 to `value` where it is lower."""
    low, high = first + len(blocks) // 2, last + len(blocks) // 2
    while low < high:
        if low % 2:
            blocks[low] = max(blocks[low], value)
            low += 1
        if high % 2:
            high -= 1
            blocks[high] = max(blocks[high], value)
        low //= 2
        high //= 2


@kernel
def _sums_of_cuts(births, deaths, values, blocks):
    for node in range(len(values)):
        if births[node] < deaths[node]:
            _add_to_run(blocks, births[node], deaths[node], values[node])
    for block in range(1, len(blocks) // 2):
        blocks[2 * block] += blocks[block]
        blocks[2 * block + 1] += blocks[block]


def sums_of_cuts(births: Ints, deaths: Ints, values: Floats, n_cuts: int) -> Floats:
    """For each cut the sum of the values (none below 0) of its nodes; nothing is subtracted, so nothing cancels."""
    blocks = np.zeros(2 * n_cuts)
    _sums_of_cuts(births, deaths, values, blocks)
    return blocks[n_cuts:]


@kernel
def _add_overlap(sums, node, region, common, area, region_area):
    """Add what a node and a region have in common to the sums of the node."""
    sums.squares[node] += common * common
    if common > sums.largest[node]:
        sums.largest[node] = common
        sums.chosen[node] = region
    sums.split[node] += common * np.log2(region_area / common)
    sums.merge[node] += common * np.log2(area / common)


@kernel
def _add_best(sums, blocks, region, region_area):
    """Hand the best IoU of a region down to every cut, and add it to the sums of the cuts."""
    n_cuts = len(sums.covered)
    for block in range(1, n_cuts):
        blocks[2 * block] = max(blocks[2 * block], blocks[block])
        blocks[2 * block + 1] = max(blocks[2 * block + 1], blocks[block])
    for cut in range(n_cuts):
        reached = blocks[n_cuts + cut]
        sums.covered[cut] += region_area * reached
        sums.best_overlap[cut] += reached
        sums.best[region] = max(sums.best[region], reached)


@kernel
def _region_sums(parents, births, deaths, areas, starts, cell_leaves, cell_counts, region_areas, counted, sums):
    overlap = np.empty(len(parents), np.int64)
    blocks = np.empty(2 * len(sums.covered), np.float64)
    for region in range(len(region_areas)):
        overlap[:] = 0
        blocks[:] = 0.0
        for cell in range(starts[region], starts[region + 1]):
            overlap[cell_leaves[cell]] = cell_counts[cell]
        for node in range(len(parents)):
            common = overlap[node]
            if common == 0:
                continue
            if parents[node] != node:
                overlap[parents[node]] += common
            if births[node] < deaths[node]:
                area, region_area = areas[node], region_areas[region]
                _add_overlap(sums, node, region, common, area, region_area)
                if counted[region]:
                    _raise_run(blocks, births[node], deaths[node], common / (area + region_area - common))
        if counted[region]:
            _add_best(sums, blocks, region, region_areas[region])


def region_sums(
    parents: Ints,
    births: Ints,
    deaths: Ints,
    areas: Ints,
    cells: tuple[Ints, Ints, Ints],
    region_areas: Ints,
    counted: NDArray[np.bool_],
    n_cuts: int,
) -> RegionSums:
    """Overlaps of every node with every true region, summed for each node and for each cut.

    `cells` are leaves, regions and counts of the leaf-by-truth table, sorted by region; `areas` are those of the nodes;
    `counted` says which regions have a best segment. O((n_nodes + n_cuts) n_regions) and a factor of log n_cuts for
    the pairs that overlap; memory grows with nodes and cuts alone, since the regions are taken one after another.
    """
    leaves, regions, counts = cells
    n_nodes, n_regions = len(parents), len(region_areas)
    sums = RegionSums(
        np.zeros(n_nodes, dtype=np.int64),
        np.zeros(n_nodes, dtype=np.int64),
        np.zeros(n_nodes, dtype=np.int64),
        np.zeros(n_nodes),
        np.zeros(n_nodes),
        np.zeros(n_cuts),
        np.zeros(n_cuts),
        np.zeros(n_regions),
    )
    starts = np.searchsorted(regions, np.arange(n_regions + 1)).astype(np.int64)
    _region_sums(parents, births, deaths, areas, starts, leaves, counts, region_areas, counted, sums)
    return sums


@kernel
def _choice_sums(starts, nodes, births, deaths, areas, largest, region_areas, counted, total):
    n_cuts = len(total)
    taken = np.empty(n_cuts + 1, np.int64)
    right = np.empty(n_cuts + 1, np.int64)
    for region in range(len(region_areas)):
        if not counted[region]:
            continue
        taken[:] = 0
        right[:] = 0
        for place in range(starts[region], starts[region + 1]):
            node = nodes[place]
            taken[births[node]] += areas[node]
            taken[deaths[node]] -= areas[node]
            right[births[node]] += largest[node]
            right[deaths[node]] -= largest[node]
        for cut in range(n_cuts):
            if cut > 0:
                taken[cut] += taken[cut - 1]
                right[cut] += right[cut - 1]
            total[cut] += right[cut] / (taken[cut] + region_areas[region] - right[cut])


def choice_sums(
    births: Ints, deaths: Ints, areas: Ints, sums: RegionSums, region_areas: Ints, counted: NDArray[np.bool_]
) -> Floats:
    """For each cut the sum over the counted regions of their IoU with all nodes that overlap them most."""
    nodes = np.flatnonzero((births < deaths) & (areas > 0))
    nodes = nodes[np.argsort(sums.chosen[nodes], kind="stable")].astype(np.int64)
    starts = np.searchsorted(sums.chosen[nodes], np.arange(len(region_areas) + 1)).astype(np.int64)
    total = np.zeros(len(sums.covered))
    _choice_sums(starts, nodes, births, deaths, areas, sums.largest, region_areas, counted, total)
    return total
