"""Scores of all cuts of a hierarchy from one leaf-by-truth table: no label map of a cut is ever made.

A node of the tree is a segment in the cuts from its own altitude to below its parent's, so whatever a score sums over
segments is summed over these runs of cuts. The best IoU of a true region is the highest among the nodes whose run holds
the cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ParameterError, guess
from classicseg.hierarchy import Hierarchy
from classicseg.metrics.comparison import compare
from classicseg.metrics.contingency import ContingencyTable
from classicseg.metrics.families import FamilyScores
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.kinds import TruthKind, as_kind, is_region

Values = NDArray[np.float64]
Whole = NDArray[np.int64]


def score_hierarchy(
    hierarchy: Hierarchy,
    truths: ArrayLike | Sequence[ArrayLike],
    *,
    names: Iterable[str] | None = None,
    thresholds: ArrayLike | None = None,
    kind: TruthKind = "classes",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> FamilyScores:
    """Scores of every cut of a hierarchy, each the mean over the truths of a picture.

    The values are those of the cuts' label maps scored one by one (to rounding: 1e-15, some 1e-13 for ten thousand
    leaves), and are had from one contingency table of leaves and true regions a truth.

    Parameters
    ----------
    hierarchy : Hierarchy
    truths : (H, W) array of integers or bool, or a sequence of them
        One truth, or one an annotator: a list, a tuple or an array (A, H, W).
    names : iterable of str, optional
        The scores wanted, of those that `scores_along_hierarchies` lists; all of them by default.
    thresholds : (K,) array of numbers, optional
        Where to cut, ascending. By default at every distinct altitude, and before it the leaves themselves: no other
        cut exists. Pictures that are to be summarised together need the same thresholds: the BSDS benchmark's are
        `classicseg.metrics.boundary_maps.contour_thresholds`.
    kind : {"classes", "binary", "instances"}
        What the values of the truths mean: each a class (0 too; the default, since it takes every value as it is),
        foreground above 0, or one object each with background 0, which is no region to be covered or found.
    mask : (H, W) bool array, optional
        True where a pixel counts. Pixels of no leaf never count.
    void : (H, W) bool array, optional
        True where the truths are void and no pixel counts.

    Returns
    -------
    FamilyScores
        A scale, a number of segments and a value a score for each cut. Pixels that do not count are in no number:
        segments are those with a pixel that counts. A truth for which a score is not defined is left out of its mean;
        NaN where it is defined for none. `best_covering` lets each true region take its best segment from any of
        the cuts. `sums`, for pooling over pictures, are filled where thresholds are given (without, pictures have no
        scales in common), for the scores that are one quotient.

    Raises
    ------
    ParameterError
        A score is not known or not to be had along a hierarchy; thresholds do not ascend; `kind` is not allowed.
    ImageError
        There is no truth, or a truth, the mask or void cannot be used or does not fit the leaves.

    Notes
    -----
    O(pixels + (nodes + cuts) x true regions) a truth, and a factor log(cuts) for nodes and regions that overlap. A run
    of cuts is noted in O(log(cuts)) blocks, as in a segment tree.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011. J. Pont-Tuset and F. Marques, "Upper-bound assessment of the spatial accuracy of
    hierarchical region-based image representations", ICASSP 2012 (sums over the nodes of a tree).

    Examples
    --------
    >>> hierarchy = Hierarchy.from_merges([[1, 1, 2, 3]], [(1, 2), (0, 3)], [0.2, 0.7])
    >>> found = score_hierarchy(hierarchy, [[[1, 1, 2, 2]], [[1, 1, 1, 2]]], names=["covering", "vi"])
    >>> found.scales, found.segments
    (array([0. , 0.2, 0.7]), array([3, 2, 1]))
    >>> found.values["covering"].round(4)  # the cut at .2 is the first truth; of the second it covers 2/3 and 1/2
    array([0.75  , 0.8125, 0.5625])
    """
    if not isinstance(hierarchy, Hierarchy):
        raise ParameterError(
            f"score_hierarchy takes a classicseg.hierarchy.Hierarchy; a {type(hierarchy).__name__} came. "
            "Score single label maps with classicseg.metrics.score."
        )
    wanted = _checked_names(names)
    scales = _default_scales(hierarchy) if thresholds is None else _checked_thresholds(thresholds)
    tables = compare(hierarchy.leaves, truths, kind=kind, mask=mask, void=void).tables
    found = [_sums(hierarchy, table, kind, scales) for table in tables]
    pooled = () if thresholds is None else tuple(name for name in wanted if name in _QUOTIENTS)
    return FamilyScores(
        scales,
        found[0].segments,
        {name: _mean([_values(name, each) for each in found]) for name in wanted},
        float(_mean([np.array(each.best.value) for each in found])),
        {name: _pooled([_QUOTIENTS[name](each) for each in found]) for name in pooled},
        reduce(add, [each.best for each in found]),
    )


def scores_along_hierarchies() -> tuple[str, ...]:
    """The names of the scores that `score_hierarchy` gives.

    Examples
    --------
    >>> scores_along_hierarchies()[:4]
    ('covering', 'iou.best_overlap', 'asa', 'rand.probabilistic')
    """
    return _NAMES


@dataclass(frozen=True, eq=False)
class _Sums:
    """What the scores of all cuts against one truth are made of; arrays have one element a cut.

    `squares` are sums of squared areas: of the cells of the table, of the segments, of the true regions. Informations
    are in bits, times pixels. `regions` counts those that can be covered, and `region_pixels` theirs; `best` is their
    covering by the best segments of all cuts.
    """

    pixels: int
    regions: int
    region_pixels: int
    true_squares: int
    true_entropy: float
    segments: Whole
    squares: Whole
    cell_squares: Whole
    largest: Whole
    entropy: Values
    split: Values
    merge: Values
    covered: Values
    best_overlap: Values
    majority: Values
    best: Fractions


def _sums(hierarchy: Hierarchy, whole_table: ContingencyTable, kind: TruthKind, scales: Values) -> _Sums:
    from classicseg.kernels.hierarchy_sums import choice_sums, region_sums, sums_of_cuts, sums_of_nodes

    table = as_kind(whole_table, kind)
    leaves, regions, counts, region_areas, values = _cells(table)
    n_cuts, total = len(scales), int(counts.sum())
    births, deaths = _runs(hierarchy, scales)
    areas = sums_of_nodes(hierarchy.parents, np.bincount(leaves, weights=counts, minlength=hierarchy.n_leaves))
    counted = is_region(values, kind)
    sums = region_sums(
        hierarchy.parents, births, deaths, areas, (leaves, regions, counts), region_areas, counted, n_cuts
    )
    found = region_areas[counted]
    region_pixels = int(found.sum())

    def along(of_nodes: Whole) -> Whole:
        return _whole_sums(births, deaths, of_nodes, n_cuts)

    return _Sums(
        pixels=total,
        regions=len(found),
        region_pixels=region_pixels,
        true_squares=int((region_areas**2).sum()),
        true_entropy=float(_information(region_areas, total).sum()),
        segments=along((areas > 0).astype(np.int64)),
        squares=along(areas**2),
        cell_squares=along(sums.squares),
        largest=along(sums.largest),
        entropy=sums_of_cuts(births, deaths, _information(areas, total), n_cuts),
        split=sums_of_cuts(births, deaths, sums.split, n_cuts),
        merge=sums_of_cuts(births, deaths, sums.merge, n_cuts),
        covered=sums.covered,
        best_overlap=sums.best_overlap,
        majority=choice_sums(births, deaths, areas, sums, region_areas, counted),
        best=Fractions.of(math.fsum(sums.best[counted] * found), region_pixels),
    )


def _cells(table: ContingencyTable) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    """Leaf (from 0), region and count of each cell, sorted by region; areas and true labels of the regions.

    Pixels of no leaf have the predicted label 0 and drop out, and with them the regions that have no others.
    """
    inside = table.predicted[table.rows] > 0
    leaves, columns, counts = table.predicted[table.rows[inside]] - 1, table.columns[inside], table.counts[inside]
    present, regions = np.unique(columns, return_inverse=True)
    order = np.argsort(regions, kind="stable")
    areas = np.bincount(regions, weights=counts, minlength=len(present)).astype(np.int64)
    return leaves[order], regions[order], counts[order], areas, table.true[present]


def _runs(hierarchy: Hierarchy, scales: Values) -> tuple[Whole, Whole]:
    """The first cut that each node is a segment of, and the first after it in which it is not any more."""
    births = np.searchsorted(scales, hierarchy.altitudes).astype(np.int64)
    deaths = births[hierarchy.parents]
    deaths[hierarchy.parents == np.arange(len(deaths))] = len(scales)
    births[: hierarchy.n_leaves] = 0  # whatever the threshold, a leaf that is not merged is a segment
    return births, deaths


def _whole_sums(births: Whole, deaths: Whole, of_nodes: Whole, n_cuts: int) -> Whole:
    """For each cut the sum over its nodes, exact."""
    steps = np.zeros(n_cuts + 1, dtype=np.int64)
    alive = births < deaths
    np.add.at(steps, births[alive], of_nodes[alive])
    np.subtract.at(steps, deaths[alive], of_nodes[alive])
    return np.cumsum(steps)[:-1]


def _information(areas: Whole, total: int) -> Values:
    """a log2(total / a) of each area a; 0 for none."""
    bits: Values = np.log2(max(total, 1) / np.maximum(areas, 1))
    return bits * areas


def _default_scales(hierarchy: Hierarchy) -> Values:
    """All distinct altitudes of merges, and before them one at which only the leaves are there."""
    start = hierarchy.altitudes[: hierarchy.n_leaves].min()
    thresholds = hierarchy.thresholds()
    if len(thresholds) and thresholds[0] <= start:
        start = np.nextafter(thresholds[0], -np.inf)
    return np.concatenate([[start], thresholds])


def _checked_names(names: Iterable[str] | None) -> tuple[str, ...]:
    wanted = _NAMES if names is None else (names,) if isinstance(names, str) or not np.iterable(names) else tuple(names)
    for name in wanted:
        if name not in _NAMES:
            can = ", ".join(_NAMES)
            raise ParameterError(
                f"the score {name!r} cannot be had along a hierarchy; {can} can.{guess(str(name), _NAMES)} "
                "Others are had from the label maps of single cuts, hierarchy.cut(threshold=t)."
            )
    return wanted


def _checked_thresholds(thresholds: ArrayLike) -> Values:
    array = as_array("thresholds", thresholds)
    if array.dtype.kind not in "uif" or array.ndim != 1 or not len(array) or not _ascends(array):
        raise ParameterError(
            f"thresholds of type {array.dtype} and shape {array.shape} came; one number or more, ascending, each once "
            "and none NaN, are allowed. numpy.unique(thresholds) sorts them."
        )
    return array.astype(np.float64)


def _ascends(array: NDArray[Any]) -> bool:
    return bool((array[1:] > array[:-1]).all() and not np.isnan(array).any())


def _values(name: str, sums: _Sums) -> Values:
    return _quotient(*_QUOTIENTS[name](sums)) if name in _QUOTIENTS else _OTHERS[name](sums)


def _mean(values: list[Values]) -> Values:
    """The mean over the truths, those left out for which a score is not defined (NaN)."""
    stacked = np.array(values)
    defined = ~np.isnan(stacked)
    return _quotient(np.where(defined, stacked, 0.0).sum(axis=0), defined.sum(axis=0))


def _quotient(above: Any, below: Any, otherwise: float = math.nan) -> Values:
    """Above over below, and `otherwise` where below is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    return np.divide(above, below, out=np.full(above.shape, otherwise), where=below != 0)


def _pooled(quotients: list[tuple[Any, Any]]) -> tuple[Fractions, ...]:
    """The sums over the truths of what stands above and below, one pair a cut."""
    above = np.sum([above for above, _ in quotients], axis=0)
    below = sum(below for _, below in quotients)
    return tuple(Fractions.of(each, below) for each in above)


def _rand(sums: _Sums) -> tuple[Values, float]:
    """Pairs that are not together in one of the two alone, and all pairs."""
    disagreeing = sums.squares + sums.true_squares - 2 * sums.cell_squares
    pairs = sums.pixels * (sums.pixels - 1)
    return (pairs - disagreeing) / 2, pairs / 2


def _adjusted_rand(sums: _Sums) -> Values:
    """2 (t p - f m) / ((t + f)(f + p) + (t + m)(m + p)).

    With t, p pairs together in both and in none, f together in the prediction alone, m in the truth alone.
    """
    both = (sums.cell_squares - sums.pixels).astype(np.float64)
    false = (sums.squares - sums.cell_squares).astype(np.float64)
    missed = (sums.true_squares - sums.cell_squares).astype(np.float64)
    neither = sums.pixels * (sums.pixels - 1) - both - false - missed
    below = (both + false) * (false + neither) + (both + missed) * (missed + neither)
    return _quotient(2 * (both * neither - false * missed), below, 1.0 if sums.pixels > 1 else math.nan)


def _vi(sums: _Sums) -> Values:
    return _quotient(sums.split + sums.merge, sums.pixels)


def _nmi(sums: _Sums) -> Values:
    """2 I / (H(prediction) + H(truth)) = 1 - VI / (H(prediction) + H(truth))."""
    share = _quotient(sums.split + sums.merge, sums.entropy + sums.true_entropy, 0.0 if sums.pixels else math.nan)
    return np.clip(1 - share, 0.0, 1.0)


_QUOTIENTS: dict[str, Callable[[_Sums], tuple[Any, Any]]] = {
    "covering": lambda sums: (sums.covered, sums.region_pixels),
    "iou.best_overlap": lambda sums: (sums.best_overlap, sums.regions),
    "asa": lambda sums: (sums.largest, sums.pixels),
    "rand.probabilistic": _rand,
}
_OTHERS: dict[str, Callable[[_Sums], Values]] = {
    "iou.majority": lambda sums: _quotient(sums.majority, sums.regions),
    "rand.adjusted": _adjusted_rand,
    "vi": _vi,
    "vi.split": lambda sums: _quotient(sums.split, sums.pixels),
    "vi.merge": lambda sums: _quotient(sums.merge, sums.pixels),
    "nmi.arithmetic": _nmi,
}
_NAMES = (*_QUOTIENTS, *_OTHERS)
