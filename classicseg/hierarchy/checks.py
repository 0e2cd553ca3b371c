"""What a hierarchy is made of, checked: each error says what came, where it is wrong, and the cure."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, ParameterError


def checked_leaves(leaves: ArrayLike) -> tuple[NDArray[np.int32], int]:
    """A copy as int32, and the number of leaves."""
    array = as_array("leaves", leaves)
    if array.dtype.kind not in "ui" or array.ndim != 2 or array.size == 0:
        raise ImageError(
            f"leaves of type {array.dtype} and shape {array.shape} came; leaves are a label map (H, W) of integers "
            "with at least one pixel. Number the segments 1..n."
        )
    lowest, highest = int(array.min()), int(array.max())
    # More leaves than pixels cannot be, and are refused before anything of their number is allocated.
    complete = lowest >= 0 and 1 <= highest <= array.size and np.bincount(array.ravel().astype(np.int64))[1:].all()
    if not complete:
        raise ImageError(
            f"leaves with {len(np.unique(array))} labels from {lowest} to {highest} came; they are 1..n without "
            "a hole, and 0 outside the mask. Number them anew."
        )
    return np.array(array, dtype=np.int32, order="C"), highest


def checked_parents(parents: ArrayLike, n_leaves: int) -> NDArray[np.int64]:
    """A copy as int64."""
    array = as_array("parents", parents)
    if array.dtype.kind not in "ui" or array.ndim != 1 or len(array) < n_leaves:
        raise ImageError(
            f"parents of type {array.dtype} and shape {array.shape} came for {n_leaves} leaves; parents are integers "
            "(n_nodes,), one for each leaf and each merge. Give a root its own index."
        )
    nodes = np.arange(len(array))
    wrong = (array != nodes) & ((array < nodes) | (array < n_leaves) | (array >= len(array)))
    if wrong.any():
        node = int(np.argmax(wrong))
        raise ImageError(
            f"node {node} has the parent {array[node]}; a parent is a merge ({n_leaves} to {len(array) - 1}) that "
            "comes after its children, or the node itself for a root. Put the merges in the order in which they happen."
        )
    children = np.bincount(array[array != nodes], minlength=len(array))[n_leaves:]
    if (children < 2).any():
        merge = int(np.argmax(children < 2))
        raise ImageError(
            f"node {n_leaves + merge} has {children[merge]} children; a merge has two or more. "
            "Leave such nodes out, or check the number of leaves."
        )
    return np.array(array, dtype=np.int64)


def checked_altitudes(name: str, altitudes: ArrayLike, count: int, each: str = "one a node") -> NDArray[np.float64]:
    """A copy as float64."""
    array = as_array(name, altitudes)
    if (array.dtype.kind not in "buif" and array.size) or array.shape != (count,):
        raise ImageError(
            f"{name} of type {array.dtype} and shape {array.shape} came; real numbers ({count},), {each}, are allowed. "
            "Give as many as there are."
        )
    check_finite(name, array)
    return np.array(array, dtype=np.float64)


def check_finite(name: str, array: NDArray[Any]) -> None:
    """Raise `ImageError` where a number is NaN or infinite."""
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        raise ImageError(
            f"{name} of shape {array.shape} has NaN or infinity {len(wrong)} times, first at "
            f"{tuple(wrong[0].tolist())}; altitudes are finite. Put a number above all others for what never merges."
        )


def check_monotone(parents: NDArray[np.int64], altitudes: NDArray[np.float64]) -> None:
    """Raise `ImageError` where the altitude of a node is above that of its parent."""
    falling = altitudes[parents] < altitudes
    if falling.any():
        node = int(np.argmax(falling))
        raise ImageError(
            f"the altitude falls from {altitudes[node]:g} at node {node} to {altitudes[parents[node]]:g} at its parent "
            f"{parents[node]}; altitudes never fall along a path. Hierarchy.from_merges and from_parents take falling "
            "ones and raise them."
        )


def parents_of_merges(merges: ArrayLike, n_leaves: int) -> NDArray[np.int64]:
    """The parents that pairs of nodes, each merged once and in order, make."""
    pairs = as_array("merges", merges)
    if pairs.size == 0:
        return np.arange(n_leaves)
    if pairs.dtype.kind not in "ui" or pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ImageError(
            f"merges of type {pairs.dtype} and shape {pairs.shape} came; they are integers (M, 2), two nodes a merge. "
            "For merges of more than two use Hierarchy.from_parents."
        )
    made = n_leaves + np.arange(len(pairs))
    early = ((pairs < 0) | (pairs >= made[:, None])).any(axis=1)
    if early.any():
        row = int(np.argmax(early))
        raise ImageError(
            f"merge {row} joins the nodes {pairs[row].tolist()}; it may join the nodes 0 to {made[row] - 1} that are "
            f"there before it. Leaf k is node k - 1, and merge i makes node {n_leaves} + i."
        )
    times = np.bincount(pairs.ravel())
    if times.max() > 1:
        raise ImageError(
            f"node {int(np.argmax(times))} is merged {times.max()} times; a node goes into one merge. "
            "Name the merge that it went into instead."
        )
    parents = np.arange(n_leaves + len(pairs))
    parents[pairs] = made[:, None]
    return parents


def checked_threshold(threshold: Any) -> float:
    """The threshold, a number that is not NaN."""
    if isinstance(threshold, bool) or not isinstance(threshold, numbers.Real) or math.isnan(threshold):
        raise ParameterError(
            f"threshold={threshold!r} is not allowed; it is a number in the unit of the altitudes, or "
            "n_segments= is given instead. thresholds() lists the altitudes at which merges happen."
        )
    return float(threshold)


def checked_count(n_segments: Any) -> int:
    """The number of segments, a whole number from 1."""
    if isinstance(n_segments, bool) or not isinstance(n_segments, numbers.Integral) or n_segments < 1:
        raise ParameterError(
            f"n_segments={n_segments!r} is not allowed; it is a whole number of at least 1. "
            "Give threshold= to cut at an altitude."
        )
    return int(n_segments)
