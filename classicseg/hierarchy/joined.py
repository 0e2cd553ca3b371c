"""Hierarchies from pairs of leaves, from parts that touch, and from one hierarchy below another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError
from classicseg.hierarchy.tree import Hierarchy


def hierarchy_of_pairs(leaves: ArrayLike, pairs: NDArray[np.integer], values: NDArray[np.floating]) -> Hierarchy:
    """Single linkage: pairs of leaves join by rising value.

    Parameters
    ----------
    leaves
        As for `Hierarchy`.
    pairs : (P, 2) array of integers
        Leaves k and l as k - 1 and l - 1; a pair may come more than once.
    values : (P,) array of numbers
        None below 0. Of equal values the earlier pair joins first.

    Returns
    -------
    Hierarchy
        Binary; with several roots where the pairs leave several parts. O(P log P).

    Examples
    --------
    >>> hierarchy_of_pairs([[1, 2, 3]], np.array([(0, 1), (1, 2), (0, 2)]), np.array([0.5, 0.2, 0.9]))
    Hierarchy(shape=(1, 3), n_leaves=3, n_merges=2, altitudes=0.2..0.5)
    """
    from classicseg.kernels.hierarchy_joins import rising_joins

    tree = rising_joins(int(np.max(leaves)), np.asarray(pairs).reshape(-1, 2), np.asarray(values, dtype=np.float64))
    return Hierarchy(leaves, tree.parents, tree.altitudes)  # type: ignore[arg-type]


def connected_hierarchy(
    leaves: NDArray[np.int32], owners: NDArray[np.integer], whole: Hierarchy, lowest: float = 0.0
) -> Hierarchy:
    """The hierarchy whose segments are the connected parts of those of another, whose segments may lie apart.

    Parameters
    ----------
    leaves : (H, W) int32 array
        Connected parts 1..n without a hole, 0 outside the mask.
    owners : (n,) array of integers
        The leaf of `whole`, as a node from 0, that each part belongs to.
    whole : Hierarchy
    lowest : float
        The altitude at which parts of one owner that touch are joined.

    Returns
    -------
    Hierarchy
        Two parts are in one segment of the cut at t if and only if a chain of parts that share pixel edges leads from
        one to the other, all within one segment of ``whole.cut(threshold=t)``. O(pixels + borders log(leaves)).

    Examples
    --------
    >>> whole = Hierarchy.from_merges([[1, 2, 1]], [(0, 1)], [0.5])  # leaf 1 lies in two parts
    >>> hierarchy = connected_hierarchy(np.array([[1, 2, 3]], np.int32), np.array([0, 1, 0]), whole)
    >>> hierarchy.cut(threshold=0.4), hierarchy.cut(threshold=0.5)
    (array([[1, 2, 3]], dtype=int32), array([[1, 1, 1]], dtype=int32))
    """
    from classicseg.kernels.borders import borders
    from classicseg.kernels.hierarchy_joins import meetings

    pairs, _ = borders(leaves, len(owners))
    nodes = meetings(whole.parents, np.asarray(owners, dtype=np.int64)[pairs])
    met = nodes >= 0
    values = np.where(nodes < whole.n_leaves, lowest, whole.altitudes[nodes])
    return hierarchy_of_pairs(leaves, pairs[met], values[met])


def stacked(lower: Hierarchy, upper: Hierarchy) -> Hierarchy:
    """One hierarchy of two: the leaves of the upper are the segments that the roots of the lower make.

    Parameters
    ----------
    lower, upper : Hierarchy
        No merge of the upper may lie below one of the lower; its leaves are ``lower.cut(threshold=inf)``.

    Returns
    -------
    Hierarchy

    Raises
    ------
    ImageError
        The leaves of the upper are no such segments, or altitudes fall.

    Examples
    --------
    >>> lower = Hierarchy.from_merges([[1, 2, 3]], [(0, 1)], [0.25])
    >>> upper = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.75])
    >>> stacked(lower, upper).altitudes
    array([0.  , 0.  , 0.  , 0.25, 0.75])
    """
    if not np.array_equal(lower.cut(threshold=np.inf), upper.leaves):
        raise ImageError(
            f"the upper hierarchy has {upper.n_leaves} leaves that are not the segments of the lower one's roots. "
            "Make it above lower.cut(threshold=numpy.inf)."
        )
    roots = np.flatnonzero(lower.parents == np.arange(len(lower.parents)))
    leaf_of_root = np.empty(len(lower.parents), dtype=np.int64)
    inside = lower.leaves > 0
    leaf_of_root[lower.tops()[lower.leaves[inside] - 1]] = upper.leaves[inside] - 1
    leaf_of_root = leaf_of_root[roots]
    above = upper.parents + (len(lower.parents) - upper.n_leaves)  # the upper's merges come after all of the lower
    parents = np.concatenate([lower.parents, above[upper.n_leaves :]])
    merged = upper.parents[leaf_of_root] != leaf_of_root
    parents[roots[merged]] = above[leaf_of_root[merged]]
    return Hierarchy(
        lower.leaves, parents, np.concatenate([lower.altitudes, upper.altitudes[upper.n_leaves :]]), _raw(lower, upper)
    )


def raised(hierarchy: Hierarchy, start: float) -> Hierarchy:
    """The same merges, their altitudes a in 0..1 put into `start`..1: start + (1 - start) a.

    Examples
    --------
    >>> raised(Hierarchy.from_parents([[1, 2]], [2, 2, 2], [0.5]), 0.5).altitudes
    array([0.  , 0.  , 0.75])
    """
    altitudes, raw = hierarchy.altitudes.copy(), hierarchy.raw_altitudes
    for values in [altitudes] if raw is None else [altitudes, raw := raw.copy()]:
        values[hierarchy.n_leaves :] *= 1 - start
        values[hierarchy.n_leaves :] += start
    return Hierarchy(hierarchy.leaves, hierarchy.parents, altitudes, raw)


def _raw(lower: Hierarchy, upper: Hierarchy) -> NDArray[np.float64] | None:
    """The raw altitudes of both, where one of them has some."""
    if lower.raw_altitudes is None and upper.raw_altitudes is None:
        return None
    below, above = (h.altitudes if h.raw_altitudes is None else h.raw_altitudes for h in (lower, upper))
    return np.concatenate([below, above[upper.n_leaves :]])
