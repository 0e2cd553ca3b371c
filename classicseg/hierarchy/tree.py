"""The hierarchy of a picture: leaves and a tree of merges, its cuts, its contour map, its altitudes anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError, ParameterError
from classicseg.hierarchy.checks import (
    check_monotone,
    checked_altitudes,
    checked_count,
    checked_leaves,
    checked_parents,
    checked_threshold,
    parents_of_merges,
)

ATTRIBUTES = ("area", "volume", "dynamics")
BASINS = ("leaves", "merges")
SIZES = ("double", "pixel")


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
        leaves, n_leaves = checked_leaves(self.leaves)
        parents = checked_parents(self.parents, n_leaves)
        altitudes = checked_altitudes("altitudes", self.altitudes, len(parents))
        check_monotone(parents, altitudes)
        raw = self.raw_altitudes
        if raw is not None:
            raw = checked_altitudes("raw_altitudes", raw, len(parents))
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

        _, n_leaves = checked_leaves(leaves)
        checked = checked_parents(parents, n_leaves)
        of_merges = checked_altitudes("raw_altitudes", raw_altitudes, len(checked) - n_leaves, "one a merge")
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
        _, n_leaves = checked_leaves(leaves)
        return cls.from_parents(leaves, parents_of_merges(merges, n_leaves), raw_altitudes)

    def thresholds(self) -> NDArray[np.float64]:
        """The distinct altitudes of the merges, ascending: cuts at these are all cuts but the leaves themselves."""
        return np.unique(self.altitudes[self.n_leaves :])

    def tops(self, threshold: float = np.inf) -> NDArray[np.int64]:
        """For each node the highest node that merges of altitude <= threshold put above it. O(nodes)."""
        from classicseg.kernels.hierarchy import tops

        return tops(self.parents, self.altitudes, checked_threshold(threshold))

    def cut(self, *, threshold: float | None = None, n_segments: int | None = None) -> NDArray[np.int32]:
        """The segments that are left after every merge up to an altitude.

        Exactly one of the two is given.

        Parameters
        ----------
        threshold : float
            Every merge of altitude <= threshold is done. In the unit of the altitudes; ``-inf`` gives the leaves,
            ``inf`` one segment a root.
        n_segments : int
            The finest cut that has at most so many segments. It has exactly so many where the tree is binary, no two
            merges lie at one altitude, and the number lies between that of the roots and that of the leaves. Merges at
            one altitude are done together, so that there may be fewer; with more leaves than there are, they are the
            segments; and there are never fewer segments than roots, even where fewer are asked for.

        Returns
        -------
        (H, W) int32 array
            C-contiguous; 1..K in raster order of the first pixel, 0 outside the mask. O(pixels + nodes), and sorting
            the altitudes for `n_segments`.

        Raises
        ------
        ParameterError
            Both or neither came; the threshold is no number, or NaN; `n_segments` is no whole number from 1.

        Examples
        --------
        >>> hierarchy = Hierarchy.from_merges([[3, 3, 0, 1, 2]], [(0, 1)], [0.25])
        >>> hierarchy.cut(threshold=0.24), hierarchy.cut(threshold=0.25)
        (array([[1, 1, 0, 2, 3]], dtype=int32), array([[1, 1, 0, 2, 2]], dtype=int32))
        >>> hierarchy.cut(n_segments=2)
        array([[1, 1, 0, 2, 2]], dtype=int32)
        """
        from classicseg.kernels.hierarchy import cut_labels

        if threshold is not None and n_segments is not None:
            raise ParameterError(
                f"threshold={threshold!r} and n_segments={n_segments!r} came; a hierarchy is cut by one of them. "
                "Leave the other out."
            )
        level = checked_threshold(threshold) if n_segments is None else self._level_of(checked_count(n_segments))
        return cut_labels(self.leaves, self.parents, self.altitudes, level)

    def _level_of(self, n_segments: int) -> float:
        """The lowest threshold whose cut has at most so many segments; -inf where the leaves are no more."""
        merges = self.altitudes[self.n_leaves :]
        children = np.bincount(self.parents, minlength=len(self.parents))[self.n_leaves :]
        children -= self.parents[self.n_leaves :] == np.arange(
            self.n_leaves, len(self.parents)
        )  # roots name themselves
        order = np.argsort(merges, kind="stable")
        left = self.n_leaves - np.cumsum(children[order] - 1)  # segments after each merge, by rising altitude
        if self.n_leaves <= n_segments or not len(merges):
            return -np.inf
        done = min(int(np.count_nonzero(left > n_segments)), len(left) - 1)
        return float(merges[order[done]])

    def ucm(self, size: str = "double") -> NDArray[np.float64]:
        """The ultrametric contour map: at each place between two pixels, the altitude at which they become one segment.

        Parameters
        ----------
        size : {"double", "pixel"}
            "double" is the benchmark's ``doubleSize``: (2H + 1, 2W + 1), pixels at [1::2, 1::2], which are 0, contours
            between them, and where contours cross the highest of them. "pixel" is its ``imageSize``, (H, W): the map
            of doubled size at [2::2, 2::2], so that a pixel has the highest contour at its lower right corner.

        Returns
        -------
        float64 array
            C-contiguous. Where two neighbours never become one segment (under different roots, or one of them outside
            the mask) stands 1 if all altitudes are below 1, and twice the highest altitude otherwise.

        Raises
        ------
        ImageError
            There are altitudes below 0, which contour maps do not have.
        ParameterError
            `size` is not known.

        Notes
        -----
        ``hierarchy_from_ucm2(hierarchy.ucm())`` has the same cuts at every threshold from 0 up to where nothing merges
        any more, but for what the format cannot hold: merges at altitude 0 are done already in its leaves; a segment
        of several parts that do not touch becomes a segment for each; pixels outside the mask become segments.
        O(pixels + nodes), and a factor log(nodes) for pixels at borders of leaves.

        Examples
        --------
        >>> hierarchy = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.25])
        >>> hierarchy.ucm()
        array([[0.  , 0.  , 0.  , 0.  , 0.25, 0.  , 0.  ],
               [0.  , 0.  , 0.  , 0.  , 0.25, 0.  , 0.  ],
               [0.  , 0.  , 0.  , 0.  , 0.25, 0.  , 0.  ]])
        >>> hierarchy.ucm(size="pixel")
        array([[0.  , 0.25, 0.  ]])
        """
        from classicseg.kernels.hierarchy_contours import contours_of_tree

        if size not in SIZES:
            raise ParameterError(f"size={size!r} is not allowed; it is one of {', '.join(map(repr, SIZES))}.")
        merges = self.altitudes[self.n_leaves :]
        if merges.min(initial=0.0) < 0:
            raise ImageError(
                f"the hierarchy has altitudes down to {merges.min():g}; contours have altitudes of 0 or above. "
                "Make a hierarchy with the altitudes raised by that much."
            )
        highest = merges.max(initial=0.0)
        contours = contours_of_tree(self.leaves, self.parents, self.altitudes, 1.0 if highest < 1 else 2 * highest)
        return contours if size == "double" else np.ascontiguousarray(contours[2::2, 2::2])

    def reweight(self, attribute: str, *, basins: str = "leaves") -> Hierarchy:
        """The hierarchy whose merges lie where an attribute of the smaller of their two parts is.

        The hierarchical watershed of Cousty and Najman: cut at t, it is what is left when every part whose attribute
        is at most t has been joined to what it borders on most weakly. The merges are those of this hierarchy, done in
        another order: each stands between two leaves (the two with the longest common border of all that the merge
        brings together), and a small part joins one neighbour before larger ones join each other.

        Parameters
        ----------
        attribute : {"area", "volume", "dynamics"}
            "area": pixels. "volume": the sum of area times height over the nodes of a part, where the height of a node
            is the altitude of its parent less its own. "dynamics": how far the altitude rises from the lowest leaf of
            a part until a merge joins it to a part with a lower one (the earlier of two equally low ones counts as
            lower); where all leaves start at one altitude, those are the altitudes that there are.
        basins : {"leaves", "merges"}
            "leaves": each leaf is a part with an attribute of its own. "merges": leaves are points that have none, and
            only what they merge into has: the definition for graphs with weights at the edges, in which the leaves are
            pixels (or nodes whatever they stand for), as Higra has it.

        Returns
        -------
        Hierarchy
            Binary, with the same leaves, which start at 0; as many roots. Areas and volumes are shares of the pixels
            that belong to leaves, so that altitudes in 0..1 give altitudes in 0..1: at most 0.5 for areas.

        Raises
        ------
        ParameterError
            The attribute, or the kind of basins, is not known.

        Notes
        -----
        Nodes at the altitude of their parents are no parts of their own; a leaf that starts where it is merged has no
        attribute. Exact but for the rounding of sums; O(pixels + borders log(borders)).

        References
        ----------
        J. Cousty and L. Najman, "Incremental algorithm for hierarchical minimum spanning forests and saliency of
        watershed cuts", ISMM 2011. L. Najman, J. Cousty and B. Perret, "Playing with Kruskal: algorithms for
        morphological trees in edge-weighted graphs", ISMM 2013. M. Grimaud, "A new measure of contrast: the dynamics",
        SPIE 1769, 1992.

        Examples
        --------
        >>> hierarchy = Hierarchy.from_merges([[1, 1, 1, 2, 2, 2, 2, 3]], [(0, 1), (3, 2)], [0.2, 0.7])
        >>> by_area = hierarchy.reweight("area")  # the single pixel joins the second leaf first
        >>> by_area.altitudes, by_area.cut(n_segments=2)
        (array([0.   , 0.   , 0.   , 0.125, 0.375]), array([[1, 1, 1, 2, 2, 2, 2, 2]], dtype=int32))
        """
        from classicseg.kernels.borders import borders
        from classicseg.kernels.hierarchy_attributes import reweighted

        for name, value, allowed in (("attribute", attribute, ATTRIBUTES), ("basins", basins, BASINS)):
            if value not in allowed:
                raise ParameterError(f"{name}={value!r} is not allowed; it is one of {', '.join(map(repr, allowed))}.")
        pixels = np.bincount(self.leaves.ravel(), minlength=self.n_leaves + 1)[1:]
        altitudes = self.altitudes.copy()
        if basins == "merges":
            altitudes[: self.n_leaves] = altitudes[self.parents[: self.n_leaves]]
        found = reweighted(
            self.parents, altitudes, pixels / pixels.sum(), *borders(self.leaves, self.n_leaves), attribute
        )
        return Hierarchy(self.leaves, *found)
