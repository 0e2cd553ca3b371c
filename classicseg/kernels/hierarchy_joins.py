"""Where leaves of a tree meet, and the tree that pairs of leaves make in turn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from classicseg.kernels.compile import kernel
from classicseg.kernels.hierarchy import Floats, Ints
from classicseg.kernels.regions import find


class Joins(NamedTuple):
    """A binary tree: parents and altitudes (n_nodes,); for each of its merges the pair that made it (n_merges,)."""

    parents: Ints
    altitudes: Floats
    pairs: Ints


@kernel
def _find_heads(parents, sizes, heavy, heads):
    """Cut the tree into chains: each merge goes on in its largest child (the first of equal ones).

    heads[node] is the top of the chain that the node lies on; `sizes` come as ones, `heavy` as -1. A way to the root
    leads through no more than log2(n_nodes) chains.
    """
    for node in range(len(parents)):
        parent = parents[node]
        if parent != node:
            sizes[parent] += sizes[node]
            if heavy[parent] < 0 or sizes[node] > sizes[heavy[parent]]:
                heavy[parent] = node
    for node in range(len(parents) - 1, -1, -1):
        parent = parents[node]
        heads[node] = heads[parent] if parent != node and heavy[parent] == node else node


def chain_heads(parents: Ints) -> Ints:
    """For each node the top of its chain, as `meeting` asks for it. O(nodes)."""
    heads = np.empty(len(parents), dtype=np.int64)
    _find_heads(parents, np.ones(len(parents), dtype=np.int64), np.full(len(parents), -1, dtype=np.int64), heads)
    return heads


@kernel
def meeting(parents, heads, one, other):
    """The lowest node above both nodes (or one of them); -1 where they lie under different roots.

    Nodes come after what they are made of: the chain whose top is the lower one has no node above the other, and is
    left. On one chain, the later node is above the earlier.
    """
    while heads[one] != heads[other]:
        if heads[one] > heads[other]:
            one, other = other, one
        top = heads[one]
        if parents[top] == top:
            return np.int64(-1)
        one = parents[top]
    return max(one, other)


@kernel
def _meet(parents, heads, pairs, nodes):
    for k in range(len(pairs)):
        nodes[k] = meeting(parents, heads, pairs[k, 0], pairs[k, 1])


def meetings(parents: Ints, pairs: Ints) -> Ints:
    """For each pair (P, 2) of nodes the lowest node above both, or -1. O(nodes + pairs log(nodes))."""
    nodes = np.empty(len(pairs), dtype=np.int64)
    _meet(parents, chain_heads(parents), np.ascontiguousarray(pairs, dtype=np.int64), nodes)
    return nodes


@kernel
def _join(pairs, values, joined, node_of, parents, altitudes, made_by):
    """Join the sets of each pair in turn; gives the number of nodes. `node_of` is the node of a set, at its root."""
    n_leaves = len(joined)
    n_nodes = n_leaves
    for k in range(len(pairs)):
        one, other = find(joined, pairs[k, 0]), find(joined, pairs[k, 1])
        if one == other:
            continue
        low, high = min(one, other), max(one, other)
        joined[high] = low
        parents[node_of[low]] = n_nodes
        parents[node_of[high]] = n_nodes
        altitudes[n_nodes] = values[k]
        made_by[n_nodes - n_leaves] = k
        node_of[low] = n_nodes
        n_nodes += 1
    return n_nodes


def tree_of_joins(n_leaves: int, pairs: Ints, values: Floats) -> Joins:
    """The tree that pairs (P, 2) of leaves make in the order in which they come; leaves lie at 0.

    Where the values rise, this is Kruskal's algorithm. A pair that is together already makes no merge. Near-linear.
    """
    parents = np.arange(2 * n_leaves, dtype=np.int64)
    altitudes = np.zeros(2 * n_leaves)
    made_by = np.empty(n_leaves, dtype=np.int64)
    joined, node_of = np.arange(n_leaves, dtype=np.int64), np.arange(n_leaves, dtype=np.int64)
    ordered = np.ascontiguousarray(pairs, dtype=np.int64).reshape(-1, 2)
    given = np.ascontiguousarray(values, dtype=np.float64)
    n_nodes = int(_join(ordered, given, joined, node_of, parents, altitudes, made_by))
    return Joins(parents[:n_nodes].copy(), altitudes[:n_nodes].copy(), made_by[: n_nodes - n_leaves].copy())


def rising_joins(n_leaves: int, pairs: Ints, values: Floats) -> Joins:
    """`tree_of_joins` in the order of the values, equal ones as they come; its `pairs` count in the order given."""
    order = np.argsort(values, kind="stable")
    tree = tree_of_joins(n_leaves, pairs[order], values[order])
    return tree._replace(pairs=order[tree.pairs].astype(np.int64))
