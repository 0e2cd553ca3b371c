"""Hierarchies: nested partitions of a picture, as leaves and a tree of merges with an altitude each."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class Hierarchy:
    """Leaves, and a tree (or several) of merges above them.

    Nodes 0..n-1 are the leaves 1..n; merges follow, each after what it merges. The arrays are copied, checked and made
    read-only.

    Parameters
    ----------
    leaves : (H, W) array of integers
        The finest partition: labels 1..n without a hole, 0 outside the mask.
    parents : (n_nodes,) array of integers
        The merge that each node goes into; a root is its own parent. Each merge has two children or more.
    altitudes : (n_nodes,) array of numbers
        Finite, and never falling on the way to a root, in whatever unit the method has (0..1 for contour strengths).
        Those of the leaves are 0, or where else they start; no cut asks for them.
    raw_altitudes : (n_nodes,) array of numbers, optional
        As they were before they were made monotone; kept beside, used by no cut.

    Attributes
    ----------
    leaves : (H, W) int32 array
    parents : (n_nodes,) int64 array
    altitudes : (n_nodes,) float64 array
    raw_altitudes : (n_nodes,) float64 array, or None
    n_leaves : int

    Raises
    ------
    ImageError
        The arrays make no hierarchy; the message says what is wrong, where, and the cure.

    See Also
    --------
    hierarchy_from_ucm2 : The hierarchy of an ultrametric contour map.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> hierarchy = Hierarchy(leaves=[[1, 1, 2, 3]], parents=[4, 3, 3, 4, 4], altitudes=[0, 0, 0, 0.2, 0.7])
    >>> hierarchy
    Hierarchy(shape=(1, 4), n_leaves=3, n_merges=2, altitudes=0.2..0.7)
    >>> hierarchy.cut(threshold=0.5)
    array([[1, 1, 2, 2]], dtype=int32)
    """

    leaves: NDArray[np.int32]
    parents: NDArray[np.int64]
    altitudes: NDArray[np.float64]
    raw_altitudes: NDArray[np.float64] | None = None
    n_leaves: int = field(init=False)

    def __post_init__(self) -> None:
        leaves, n_leaves = _checked_leaves(self.leaves)
        parents = _checked_parents(self.parents, n_leaves)
        altitudes = _checked_altitudes("altitudes", self.altitudes, len(parents))
        _check_monotone(parents, altitudes)
        raw = self.raw_altitudes
        if raw is not None:
            raw = _checked_altitudes("raw_altitudes", raw, len(parents))
        fields: dict[str, NDArray[Any] | None] = {
            "leaves": leaves,
            "parents": parents,
            "altitudes": altitudes,
            "raw_altitudes": raw,
        }
        for name, array in fields.items():
            if array is not None:
                array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "n_leaves", n_leaves)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied through the constructor, so that the arrays stay read-only."""
        return Hierarchy, (self.leaves, self.parents, self.altitudes, self.raw_altitudes)

    def __repr__(self) -> str:
        thresholds = self.thresholds()
        merges = len(self.parents) - self.n_leaves
        altitudes = f", altitudes={thresholds[0]:g}..{thresholds[-1]:g}" if merges else ""
        return f"Hierarchy(shape={self.leaves.shape}, n_leaves={self.n_leaves}, n_merges={merges}{altitudes})"

    @classmethod
    def from_parents(cls, leaves: ArrayLike, parents: ArrayLike, raw_altitudes: ArrayLike) -> Hierarchy:
        """A hierarchy from merges whose altitudes may fall: each is raised to the highest below it.

        Parameters
        ----------
        leaves, parents
            As for `Hierarchy`.
        raw_altitudes : (n_merges,) array of numbers
            One a merge; kept in `raw_altitudes`.

        Returns
        -------
        Hierarchy
            Its leaves lie at 0, or at the lowest raw altitude where that is below.

        Raises
        ------
        ImageError
            As `Hierarchy`.

        Examples
        --------
        >>> hierarchy = Hierarchy.from_parents([[1, 2, 3]], [3, 3, 4, 4, 4], [0.7, 0.2])
        >>> hierarchy.altitudes, hierarchy.raw_altitudes
        (array([0. , 0. , 0. , 0.7, 0.7]), array([0. , 0. , 0. , 0.7, 0.2]))
        """
        from classicseg.kernels.hierarchy import running_maximum

        _, n_leaves = _checked_leaves(leaves)
        checked = _checked_parents(parents, n_leaves)
        of_merges = _checked_altitudes("raw_altitudes", raw_altitudes, len(checked) - n_leaves, "one a merge")
        raw = np.concatenate([np.full(n_leaves, min(0.0, of_merges.min(initial=0.0))), of_merges])
        return cls(leaves, checked, running_maximum(checked, raw), raw)  # type: ignore[arg-type]

    @classmethod
    def from_merges(cls, leaves: ArrayLike, merges: ArrayLike, raw_altitudes: ArrayLike) -> Hierarchy:
        """A hierarchy from pairs of nodes in the order in which they were merged; altitudes may fall.

        Parameters
        ----------
        leaves
            As for `Hierarchy`.
        merges : (M, 2) array of integers
            Row i joins two nodes, leaves 0..n-1 or earlier merges, and makes node n + i.
        raw_altitudes : (M,) array of numbers
            One a merge; raised to the highest altitude below it, and kept in `raw_altitudes`.

        Returns
        -------
        Hierarchy

        Raises
        ------
        ImageError
            A node is merged twice or before it is there; otherwise as `Hierarchy`.

        Examples
        --------
        >>> hierarchy = Hierarchy.from_merges([[1, 2, 3]], [(0, 1), (3, 2)], [0.7, 0.2])
        >>> hierarchy.parents, hierarchy.thresholds()
        (array([3, 3, 4, 4, 4]), array([0.7]))
        """
        _, n_leaves = _checked_leaves(leaves)
        return cls.from_parents(leaves, _parents_of_merges(merges, n_leaves), raw_altitudes)

    def thresholds(self) -> NDArray[np.float64]:
        """The distinct altitudes of the merges, ascending: cuts at these are all cuts but the leaves themselves."""
        return np.unique(self.altitudes[self.n_leaves :])

    def cut(self, *, threshold: float) -> NDArray[np.int32]:
        """The segments that are left after every merge of altitude <= threshold.

        Parameters
        ----------
        threshold : float
            In the unit of the altitudes; ``-inf`` gives the leaves, ``inf`` one segment a root.

        Returns
        -------
        (H, W) int32 array
            C-contiguous; 1..K in raster order of the first pixel, 0 outside the mask. O(pixels + nodes).

        Raises
        ------
        ParameterError
            The threshold is no number, or NaN.

        Examples
        --------
        >>> hierarchy = Hierarchy.from_merges([[3, 3, 0, 1, 2]], [(0, 1)], [0.25])
        >>> hierarchy.cut(threshold=0.24), hierarchy.cut(threshold=0.25)
        (array([[1, 1, 0, 2, 3]], dtype=int32), array([[1, 1, 0, 2, 2]], dtype=int32))
        """
        from classicseg.kernels.hierarchy import cut_labels

        if isinstance(threshold, bool) or not isinstance(threshold, numbers.Real) or math.isnan(threshold):
            raise ParameterError(
                f"threshold={threshold!r} is not allowed; it is a number in the unit of the altitudes. "
                "thresholds() lists those at which merges happen."
            )
        return cut_labels(self.leaves, self.parents, self.altitudes, float(threshold))


def _checked_leaves(leaves: ArrayLike) -> tuple[NDArray[np.int32], int]:
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


def _checked_parents(parents: ArrayLike, n_leaves: int) -> NDArray[np.int64]:
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


def _checked_altitudes(name: str, altitudes: ArrayLike, count: int, each: str = "one a node") -> NDArray[np.float64]:
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


def _check_monotone(parents: NDArray[np.int64], altitudes: NDArray[np.float64]) -> None:
    falling = altitudes[parents] < altitudes
    if falling.any():
        node = int(np.argmax(falling))
        raise ImageError(
            f"the altitude falls from {altitudes[node]:g} at node {node} to {altitudes[parents[node]]:g} at its parent "
            f"{parents[node]}; altitudes never fall along a path. Hierarchy.from_merges and from_parents take falling "
            "ones and raise them."
        )


def _parents_of_merges(merges: ArrayLike, n_leaves: int) -> NDArray[np.int64]:
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
