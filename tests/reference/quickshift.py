"""Quickshift after Vedaldi & Soatto 2008, with scikit-image's window and its meaning of the parameters."""

import math

import numpy as np


def tree(colors, mask, kernel_size):
    """Raster index of each pixel's parent (its own at a root), and the distance to it (infinite at a root).

    Densities and parents are looked for within ceil(3 kernel_size) rows and columns. Of equal densities that of the
    earlier pixel counts as higher, and of equally near parents the first is taken.
    """
    height, width = mask.shape
    reach = math.ceil(3 * kernel_size)
    inside = [(r, c) for r in range(height) for c in range(width) if mask[r, c]]

    def window(r, c):
        return [(a, b) for a, b in inside if abs(a - r) <= reach and abs(b - c) <= reach]

    def squared(p, q):
        color = sum((float(x) - float(y)) ** 2 for x, y in zip(colors[p], colors[q], strict=True))
        return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + color

    density = {p: sum(math.exp(-squared(p, q) / (2 * kernel_size**2)) for q in window(*p)) for p in inside}
    parents = np.arange(height * width).reshape(height, width)
    distances = np.full((height, width), np.inf)
    for p in inside:
        higher = [q for q in window(*p) if (density[q], -q[0], -q[1]) > (density[p], -p[0], -p[1])]
        if higher:
            best = min(higher, key=lambda q: (squared(p, q), q))
            parents[p] = best[0] * width + best[1]
            distances[p] = math.sqrt(squared(p, best))
    return parents, distances


def cut(parents, distances, max_dist):
    """The raster index of the root of each pixel's tree, once links longer than `max_dist` are gone."""
    flat, length = parents.ravel().tolist(), distances.ravel().tolist()
    roots = []
    for node in range(len(flat)):
        while flat[node] != node and length[node] <= max_dist:
            node = flat[node]
        roots.append(node)
    return np.array(roots).reshape(parents.shape)
