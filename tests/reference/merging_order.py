"""Merges of a hierarchy weighed anew, in plain Python: parts are sets of leaves, each attribute is its definition."""

import math


def ancestors(parents, node):
    """The node and all above it, the root last."""
    found = [node]
    while parents[found[-1]] != found[-1]:
        found.append(parents[found[-1]])
    return found


def meeting(parents, one, other):
    """The lowest common ancestor, or None under different roots."""
    above = ancestors(parents, one)
    return next((node for node in ancestors(parents, other) if node in above), None)


def borders(leaves):
    """Pixel edges by pair of leaves (from 0, the lower first)."""
    lengths = {}
    height, width = len(leaves), len(leaves[0])
    for row in range(height):
        for column in range(width):
            for r, c in ((row, column + 1), (row + 1, column)):
                if r < height and c < width and 0 != leaves[row][column] != leaves[r][c] != 0:
                    pair = tuple(sorted((int(leaves[row][column]) - 1, int(leaves[r][c]) - 1)))
                    lengths[pair] = lengths.get(pair, 0) + 1
    return lengths


def contour_map(leaves, parents, altitudes, apart):
    """The map of doubled size: at each place the highest altitude of the neighbouring pixels around it."""
    height, width = len(leaves), len(leaves[0])

    def wall(one, other):
        if one == other:
            return 0.0
        node = meeting(parents, one - 1, other - 1) if one and other else None
        return apart if node is None else altitudes[node]

    def at(row, column):
        if row % 2 and column % 2:
            return 0.0
        rows = [r for r in ((row - 1) // 2, row // 2) if 0 <= r < height]
        columns = [c for c in ((column - 1) // 2, column // 2) if 0 <= c < width]
        around = sorted({(r, c) for r in rows for c in columns})
        sides = [(p, q) for p in around for q in around if p < q and abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1]
        return max((wall(int(leaves[p[0]][p[1]]), int(leaves[q[0]][q[1]])) for p, q in sides), default=0.0)

    return [[at(row, column) for column in range(2 * width + 1)] for row in range(2 * height + 1)]


class Part:
    """A leaf, or two parts joined at an altitude."""

    def __init__(self, leaves, altitude, children=()):
        self.leaves, self.altitude, self.children, self.parent = leaves, altitude, children, None
        for child in children:
            child.parent = self


def joined_parts(leaves, parents, altitudes, n_leaves):
    """All merges of two parts: (part, leaf of the one, leaf of the other), in the order of the nodes."""
    pairs = []
    for (one, other), length in borders(leaves).items():
        node = meeting(parents, one, other)
        if node is not None:
            pairs.append(((node, -length, one), one, other))
    for node, parent in enumerate(parents):
        if node != parent:
            both = [
                min(leaf for leaf in range(n_leaves) if each in ancestors(parents, leaf)) for each in (parent, node)
            ]
            pairs.append(((parent, math.inf, node), *both))
    part_of = [Part({leaf}, altitudes[leaf]) for leaf in range(n_leaves)]
    merges = []
    for (node, _, _), one, other in sorted(pairs):
        if part_of[one] is not part_of[other]:
            first, second = sorted((part_of[one], part_of[other]), key=lambda part: made(part, merges))
            whole = Part(first.leaves | second.leaves, altitudes[node], (first, second))
            merges.append((whole, one, other))
            for leaf in whole.leaves:
                part_of[leaf] = whole
    return merges


def made(part, merges):
    """When a part was made: leaves first, then merges."""
    return next(
        (len(part.leaves) + 10**6 + k for k, (each, _, _) in enumerate(merges) if each is part), min(part.leaves)
    )


def volume(part, areas):
    height = part.parent.altitude - part.altitude if part.parent else 0.0
    return sum(areas[leaf] for leaf in part.leaves) * height + sum(volume(child, areas) for child in part.children)


def lowest(part, altitudes):
    """The lowest leaf; of equally low ones that under the first child."""
    if not part.children:
        return next(iter(part.leaves))
    return min((lowest(child, altitudes) for child in part.children), key=lambda leaf: altitudes[leaf])


def dynamics(part, altitudes):
    leaf, above = lowest(part, altitudes), part
    while above.parent and lowest(above.parent, altitudes) == leaf:
        above = above.parent
    return (above.parent or above).altitude - altitudes[leaf]


def weight(part, attribute, areas, altitudes):
    """What a child of a merge weighs; a part at the altitude of its parent is none of its own."""
    if part.altitude == part.parent.altitude:
        return max((weight(child, attribute, areas, altitudes) for child in part.children), default=0.0)
    if attribute == "area":
        return sum(areas[leaf] for leaf in part.leaves)
    return volume(part, areas) if attribute == "volume" else dynamics(part, altitudes)


def reweighted(leaves, parents, altitudes, attribute):
    """(value, leaf, leaf) of each merge: parts are joined at t along those of value <= t."""
    n_leaves = max(map(max, leaves))
    pixels = [leaf for row in leaves for leaf in row if leaf]
    areas = [pixels.count(leaf + 1) / len(pixels) for leaf in range(n_leaves)]
    return [
        (min(weight(child, attribute, areas, altitudes) for child in whole.children), one, other)
        for whole, one, other in joined_parts(leaves, parents, altitudes, n_leaves)
    ]


def joined_along(leaves, edges, threshold, slack=1e-9):
    """Label of each pixel once the leaves of edges up to the threshold are one; any numbers, 0 outside."""
    n_leaves = max(map(max, leaves))
    label = list(range(1, n_leaves + 1))
    for value, one, other in edges:
        if value <= threshold + slack:
            old, new = label[one], label[other]
            label = [new if each == old else each for each in label]
    return [[label[leaf - 1] if leaf else 0 for leaf in row] for row in leaves]
