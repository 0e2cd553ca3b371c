"""Area, volume and dynamics of the nodes of a tree, and merges weighed anew by them."""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel
from classicseg.kernels.hierarchy import Floats, Ints
from classicseg.kernels.hierarchy_joins import Joins, meetings, rising_joins, tree_of_joins


@kernel
def _find_firsts(parents, firsts):
    """The first leaf of each node; `firsts` come as the nodes themselves."""
    for node in range(len(parents)):
        firsts[parents[node]] = min(firsts[parents[node]], firsts[node])


@kernel
def _add_volumes(parents, altitudes, areas, volumes):
    """volume(n) = area(n) (altitude(parent of n) - altitude(n)) + the volumes of its children; areas are added up too.

    `areas` come with those of the leaves, `volumes` as zeros.
    """
    for node in range(len(parents)):
        parent = parents[node]
        volumes[node] += areas[node] * (altitudes[parent] - altitudes[node])
        if parent != node:
            areas[parent] += areas[node]
            volumes[parent] += volumes[node]


@kernel
def _find_dynamics(parents, altitudes, depths, deepest, dynamics):
    """dynamics(n): from the lowest leaf of n up to where a lower one joins it.

    Of equally low leaves the one under the first child counts as lower. Of the root, which nothing joins, it is the
    height of the tree. `depths` come as infinity but for the leaves, `deepest` as -1.
    """
    for node in range(len(parents)):
        parent = parents[node]
        if parent != node and depths[node] < depths[parent]:
            depths[parent] = depths[node]
            deepest[parent] = node
    for node in range(len(parents) - 1, -1, -1):
        parent = parents[node]
        if parent != node and deepest[parent] == node:
            dynamics[node] = dynamics[parent]
        else:
            dynamics[node] = altitudes[parent] - depths[node]


@kernel
def _find_least(parents, altitudes, values, largest, least):
    """least[merge] is the smallest value of its children; `largest` comes as zeros, `least` as infinity.

    A node at the altitude of its parent is part of the parent's merge only: what counts is its largest child, and of a
    leaf nothing.
    """
    for node in range(len(parents)):
        parent = parents[node]
        if parent == node:
            continue
        value = largest[node] if altitudes[node] == altitudes[parent] else values[node]
        largest[parent] = max(largest[parent], value)
        least[parent] = min(least[parent], value)


def _values(attribute: str, tree: Joins, areas: Floats) -> Floats:
    n_nodes, n_leaves = len(tree.parents), len(areas)
    if attribute == "dynamics":
        depths = np.full(n_nodes, np.inf)
        depths[:n_leaves] = tree.altitudes[:n_leaves]
        dynamics = np.empty(n_nodes)
        _find_dynamics(tree.parents, tree.altitudes, depths, np.full(n_nodes, -1, dtype=np.int64), dynamics)
        return dynamics
    of_nodes, volumes = np.zeros(n_nodes), np.zeros(n_nodes)
    of_nodes[:n_leaves] = areas
    _add_volumes(tree.parents, tree.altitudes, of_nodes, volumes)
    return volumes if attribute == "volume" else of_nodes


def _binary(parents: Ints, altitudes: Floats, pairs: Ints, lengths: Ints, n_leaves: int) -> tuple[Joins, Ints]:
    """The tree with a merge for each two parts that join, and the leaves that represent both: (n_merges, 2).

    Merges come in the order of the nodes. Parts are represented by the two leaves that have the longest border, the
    first of equal ones, or by their first leaves where they have none.
    """
    firsts = np.arange(len(parents), dtype=np.int64)
    _find_firsts(parents, firsts)
    children = np.flatnonzero(parents != np.arange(len(parents)))
    nodes = meetings(parents, pairs)
    met = nodes >= 0
    nodes = np.concatenate([nodes[met], parents[children]])
    both = np.concatenate([pairs[met], np.stack([firsts[parents[children]], firsts[children]], axis=1)])
    lengths = np.concatenate([lengths[met], np.zeros(len(children), dtype=np.int64)])
    order = np.lexsort((-lengths, nodes))
    tree = tree_of_joins(n_leaves, both[order], altitudes[nodes[order]])
    tree.altitudes[:n_leaves] = altitudes[:n_leaves]
    return tree, both[order][tree.pairs]


def reweighted(
    parents: Ints, altitudes: Floats, areas: Floats, pairs: Ints, lengths: Ints, attribute: str
) -> tuple[Ints, Floats]:
    """Parents and altitudes of the tree whose merges lie at the smaller attribute of the two parts that they join.

    The merges are those of the tree, each between two of its leaves, in the order of the new altitudes (equal ones in
    the old order): where a small part joins two large ones, it joins one of them before these join each other.
    O((nodes + pairs) log(nodes)).
    """
    tree, both = _binary(parents, altitudes, pairs, lengths, len(areas))
    return reweighted_joins(tree, areas, both, attribute)


def reweighted_joins(tree: Joins, areas: Floats, spanning: Ints, attribute: str) -> tuple[Ints, Floats]:
    """The same of a binary tree each of whose merges has a pair of leaves already: `spanning` (n_merges, 2)."""
    n_nodes = len(tree.parents)
    least = np.full(n_nodes, np.inf)
    _find_least(tree.parents, tree.altitudes, _values(attribute, tree, areas), np.zeros(n_nodes), least)
    found = rising_joins(len(areas), spanning, least[len(areas) :])
    return found.parents, found.altitudes
