"""One picture's scores at each scale, as the sums that a data set's scores are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.hierarchies.work import Arrays
from classicseg.hierarchy import Hierarchy
from classicseg.metrics import FamilyScores, score_family, score_hierarchy
from classicseg.metrics.boundaries import BoundaryCounts, contour_counts, count_boundaries
from classicseg.metrics.boundary_maps import boundary_map, thin

REGIONS = ("covering", "rand.probabilistic", "vi")
Truths = Sequence[NDArray[np.int32]]
Boundaries = Sequence[NDArray[np.bool_]]

# Scales of hierarchies whose altitudes lie in 0..1: dense near 0, where some methods have most of their merges.
UNIT = (np.arange(1, 257) / 256) ** 2
# Fewer for boundaries, whose matching is costly; between neighbours precision and recall are interpolated.
UNIT_FOR_BOUNDARIES = (np.arange(1, 26) / 26) ** 2


def regions_of_hierarchy(hierarchy: Hierarchy, truths: Truths, scales: NDArray[np.float64]) -> Arrays:
    """Region scores of the cuts at `scales`."""
    return _region_arrays(score_hierarchy(hierarchy, truths, names=REGIONS, thresholds=scales))


def regions_of_maps(maps: NDArray[np.integer], truths: Truths, scales: NDArray[np.float64]) -> Arrays:
    """Region scores of label maps, one a scale."""
    return _region_arrays(score_family(list(maps), truths, names=REGIONS, scales=scales))


def _region_arrays(found: FamilyScores) -> Arrays:
    """Covering as sums over regions, since BSDS500 pools it; the others are means over pictures."""
    assert found.best_sums is not None
    fractions = found.sums["covering"]
    return {
        "scales": found.scales,
        "segments": found.segments,
        "covered": np.array([each.numerators[0] for each in fractions]),
        "pixels": fractions[0].denominators[0],
        "best": found.best_sums.numerators[0],
        "pri": found.values["rand.probabilistic"],
        "vi": found.values["vi"],
    }


def boundaries_of_hierarchy(hierarchy: Hierarchy, truths: Boundaries, scales: NDArray[np.float64]) -> Arrays:
    """Boundary counts of a hierarchy's contours of at least each scale: (K, 4) numbers."""
    return _count_arrays(contour_counts(hierarchy.ucm(size="pixel"), truths, scales), scales)


def boundaries_of_maps(maps: NDArray[np.integer], truths: Boundaries, scales: NDArray[np.float64]) -> Arrays:
    """Boundary counts of label maps, one a scale."""
    return _count_arrays([count_boundaries(thin(boundary_map(each)), truths) for each in maps], scales)


def _count_arrays(found: list[BoundaryCounts], scales: NDArray[np.float64]) -> Arrays:
    rows = [(each.recall_hits, each.recall_total, each.precision_hits, each.precision_total) for each in found]
    return {"scales": scales, "counts": np.array(rows, dtype=np.int64)}
