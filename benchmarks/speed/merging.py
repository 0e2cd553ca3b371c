"""Region merging beside Higra's average linkage and scikit-image's adjacency graphs, on the same graph; watersheds.

Boundary strengths get a little noise (of 1e-6, seeded): pairs of equal weight are taken in an order of each program,
and without ties the rule leaves one tree.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg import segment
from classicseg.gradients import gradient_magnitude
from classicseg.hierarchy import Hierarchy
from classicseg.image import as_image
from classicseg.kernels.adjacency import Borders, borders_of
from classicseg.kernels.hierarchy_attributes import reweighted_joins
from classicseg.kernels.hierarchy_joins import rising_joins
from classicseg.kernels.merging import merge_by_strength
from classicseg.parallel import thread_count

_FLOOR_HIGRA, _FLOOR_SCIKIT_IMAGE = 1.0, 50.0
_SIGMA = 1.0
_NOISE = 1e-6
_SIDE = 128  # of the piece whose pixels are merged: of a whole photograph's, Higra takes half a minute
_LEFT = 30  # segments at the cut up to which scikit-image merges
_ALLOWED = 1e-9  # altitudes, relative


class Tree(NamedTuple):
    """Parents of nodes, leaves first, and altitudes: of the merges, or of all nodes."""

    parents: NDArray[np.integer]
    altitudes: NDArray[np.float64]


class Graph(NamedTuple):
    """Regions of a picture, how many, their areas, and their borders with strengths."""

    regions: NDArray[np.int32]
    areas: NDArray[np.int64]
    borders: Borders
    strength: NDArray[np.float32]  # (1, H, W)


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """Small segments of a photograph and single pixels as leaves; the same rule for all, weighted average linkage."""
    piece = np.ascontiguousarray(picture[:_SIDE, :_SIDE])
    regions = segment(picture, "quickshift", kernel_size=2, max_dist=4, ratio=0.5, min_size=10)
    return [
        _average_linkage(_graph(piece, _pixels(piece)), "pixels"),
        *_of_regions(_graph(picture, regions)),
        _watershed(_graph(picture, _pixels(picture))),
    ]


def _pixels(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Each pixel a region."""
    return np.arange(1, picture[..., 0].size + 1, dtype=np.int32).reshape(picture.shape[:2])


def _graph(picture: NDArray[np.uint8], regions: NDArray[np.int32]) -> Graph:
    image = as_image(picture)
    strength = gradient_magnitude(image.in_space("lab"), image.mask, _SIGMA)[np.newaxis].astype(np.float32)
    areas = np.bincount(regions.ravel())[1:]
    borders = borders_of(regions, len(areas), strength, thread_count(None))
    noise = np.random.default_rng(0).uniform(0, _NOISE, len(borders.lengths))
    return Graph(regions, areas, borders._replace(strengths=borders.strengths + noise * borders.lengths), strength)


def _merged(borders: Borders, areas: NDArray[np.int64]) -> Tree:
    """Our kernel with boundary strength alone."""
    merges, altitudes = merge_by_strength(borders, len(areas))
    parents = np.arange(len(areas) + len(merges))
    parents[merges] = len(areas) + np.arange(len(merges))[:, np.newaxis]
    return Tree(parents, altitudes)


# ---- Higra ----


def _average_linkage(graph: Graph, what: str) -> Case:
    name = "higra.binary_partition_tree_average_linkage"
    return Case(
        "merging",
        f"average linkage of {_words(graph, what)}",
        lambda: _merged(graph.borders, graph.areas),
        (Peer(name, "higra", _FLOOR_HIGRA, _higra_linkage(graph), _same_tree),),
    )


def _higra_linkage(graph: Graph) -> Any:
    @cache
    def prepared() -> Any:
        import higra

        theirs = higra.UndirectedGraph(len(graph.areas))
        theirs.add_edges(*graph.borders.pairs.T)
        return theirs

    def call() -> Tree:
        import higra

        lengths = graph.borders.lengths
        tree, altitudes = higra.binary_partition_tree_average_linkage(
            prepared(), graph.borders.strengths / lengths, lengths
        )
        return Tree(tree.parents(), altitudes[len(graph.areas) :])

    return call


def _same_tree(ours: Tree, theirs: Tree) -> Check:
    """Whether each node has the same parent, at the same altitude."""
    if ours.parents.shape != theirs.parents.shape:
        return Check(False, f"{len(ours.parents)} nodes against {len(theirs.parents)}")
    same = int(np.count_nonzero(ours.parents == theirs.parents))
    away = float((np.abs(ours.altitudes - theirs.altitudes) / theirs.altitudes.clip(_NOISE)).max())
    figure = f"{same} of {len(ours.parents)} parents equal, altitudes within {away:.1g}"
    return Check(same == len(ours.parents) and away <= _ALLOWED, figure)


def _watershed(graph: Graph) -> Case:
    """The hierarchical watershed by area, from the weights of the edges to parents and altitudes of nodes.

    `Hierarchy.reweight` knows no edges, and looks for the two leaves with the longest common border that a merge stands
    between; what it calls then is handed the edges of the spanning tree here, between which Higra's merges stand.
    """
    weights = graph.borders.strengths / graph.borders.lengths
    height, width = graph.regions.shape

    pairs, count = graph.borders.pairs.astype(np.int64), len(graph.areas)
    shares = graph.areas / graph.areas.sum()

    def ours() -> Tree:
        joined = rising_joins(count, pairs, weights)
        altitudes = joined.altitudes
        altitudes[:count] = altitudes[joined.parents[:count]]  # pixels are points that have no area
        return Tree(*reweighted_joins(joined._replace(altitudes=altitudes), shares, pairs[joined.pairs], "area"))

    @cache
    def prepared() -> Any:
        import higra

        theirs = higra.get_4_adjacency_graph((height, width))
        sources, targets = theirs.edge_list()
        return theirs, _weights_of(graph, weights, np.minimum(sources, targets), np.maximum(sources, targets))

    def call() -> Tree:
        import higra

        tree, altitudes = higra.watershed_hierarchy_by_area(*prepared())
        return Tree(tree.parents(), altitudes / count)

    def equal(one: Tree, other: Tree) -> Check:
        return _same_cuts(*(Hierarchy(graph.regions, *each) for each in (one, other)))

    name = "higra.watershed_hierarchy_by_area"
    task = f"hierarchical watershed by area of {_words(graph, 'pixels')}"
    return Case("merging", task, ours, (Peer(name, "higra", _FLOOR_HIGRA, call, equal),), runs=7)


def _weights_of(graph: Graph, weights: Any, low: Any, high: Any) -> NDArray[np.float64]:
    """The weights of these pairs of pixels."""
    count = len(graph.areas)
    ours = graph.borders.pairs[:, 0].astype(np.int64) * count + graph.borders.pairs[:, 1]
    order = np.argsort(ours)
    return weights[order[np.searchsorted(ours[order], low.astype(np.int64) * count + high)]]


def _same_cuts(ours: Hierarchy, theirs: Hierarchy) -> Check:
    """The partitions at some altitudes; Higra's tree has merges of several nodes where altitudes are equal."""
    from classicseg.metrics.contingency import contingency_table
    from classicseg.metrics.regions import adjusted_rand_index

    rands, counts = [], []
    for pixels in (4.5, 20.5, 100.5, 1000.5):  # no altitude lies there
        one, other = (each.cut(threshold=pixels / each.leaves.size) for each in (ours, theirs))
        rands.append(adjusted_rand_index(contingency_table(one, other)))
        counts.append(f"{one.max()} and {other.max()}")
    figure = f"adjusted Rand of cuts {min(rands):.6f}; segments {', '.join(counts)}"
    return Check(min(rands) > 0.9999, figure)


# ---- scikit-image ----


def _of_regions(graph: Graph) -> list[Case]:
    """Average linkage on the graph, and the whole way from label map and strengths to merged regions."""
    tree = _merged(graph.borders, graph.areas)
    level = float(np.sort(tree.altitudes)[-_LEFT])
    labels = graph.regions.astype(np.int64) - 1
    strength = graph.strength[0].astype(np.float64)

    @cache
    def prepared() -> Any:
        from skimage.graph import RAG

        rag = RAG()
        rag.add_nodes_from((node, {"labels": [node]}) for node in range(len(graph.areas)))
        lengths = graph.borders.lengths
        rows = zip(*graph.borders.pairs.T.tolist(), graph.borders.strengths / lengths, lengths, strict=True)
        rag.add_edges_from((one, other, {"weight": weight, "count": count}) for one, other, weight, count in rows)
        return rag

    def ours_from_the_graph() -> NDArray[np.integer]:
        merged = _merged(graph.borders, graph.areas)
        return Hierarchy.from_parents(graph.regions, merged.parents, merged.altitudes).cut(threshold=level)

    def ours_from_labels() -> NDArray[np.integer]:
        borders = borders_of(graph.regions, len(graph.areas), graph.strength, thread_count(None))
        merged = _merged(borders, graph.areas)
        return Hierarchy.from_parents(graph.regions, merged.parents, merged.altitudes).cut(threshold=level)

    def theirs_from_the_graph() -> NDArray[np.integer]:
        return _scikit_image_merged(labels, prepared(), level)

    def theirs_from_labels() -> NDArray[np.integer]:
        from skimage.graph import rag_boundary

        return _scikit_image_merged(labels, rag_boundary(labels, strength, connectivity=1), level)

    linkage = _average_linkage(graph, "regions")
    merge = "skimage.graph.merge_hierarchical"
    return [
        linkage,
        Case(
            "merging",
            f"average linkage of {_words(graph, 'regions')}, cut where {_LEFT} are left",
            ours_from_the_graph,
            (Peer(f"{merge}(rag)", "networkx", _FLOOR_SCIKIT_IMAGE, theirs_from_the_graph, _same_partition(1.0)),),
        ),
        Case(
            "merging",
            f"the same from the label map of {len(graph.areas)} regions and a map of strengths",
            ours_from_labels,
            (
                # Its weights count a pixel once for each border, ours each pixel edge: alike, but not the same.
                Peer(
                    f"skimage.graph.rag_boundary(connectivity=1) + {merge}",
                    "networkx",
                    _FLOOR_SCIKIT_IMAGE,
                    theirs_from_labels,
                    _same_partition(0.9),
                ),
            ),
        ),
    ]


def _scikit_image_merged(labels: NDArray[np.int64], rag: Any, level: float) -> NDArray[np.integer]:
    """Merged as in scikit-image's own example of boundary strengths, up to and with a weight of `level`."""
    from skimage.graph import merge_hierarchical

    def weigh(graph: Any, one: int, other: int, neighbor: int) -> dict[str, float]:
        absent = {"weight": 0.0, "count": 0}
        of_one, of_other = graph[one].get(neighbor, absent), graph[other].get(neighbor, absent)
        count = of_one["count"] + of_other["count"]
        return {
            "count": count,
            "weight": (of_one["count"] * of_one["weight"] + of_other["count"] * of_other["weight"]) / count,
        }

    def merge(graph: Any, one: int, other: int) -> None:
        """Nothing is kept at the nodes."""

    above = float(np.nextafter(level * (1 + _ALLOWED), np.inf))
    return merge_hierarchical(labels, rag, above, True, True, merge, weigh)


def _same_partition(least: float) -> Any:
    def compare(ours: NDArray[np.integer], theirs: NDArray[np.integer]) -> Check:
        from classicseg.metrics.contingency import contingency_table
        from classicseg.metrics.regions import adjusted_rand_index

        rand = adjusted_rand_index(contingency_table(ours, theirs.astype(np.int64) + 1))
        counts = f"{len(np.unique(ours))} segments, theirs {len(np.unique(theirs))}"
        return Check(rand >= least, f"adjusted Rand {rand:.5f} (at least {least:g}); {counts}")

    return compare


def _words(graph: Graph, what: str) -> str:
    return f"{len(graph.areas)} {what} with {len(graph.borders.lengths)} borders"
