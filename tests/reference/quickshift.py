"""Quickshift after Vedaldi & Soatto 2008, with scikit-image's window and its meaning of the parameters."""

import math

import numpy as np


def _inside(mask):
    return [(r, c) for r in range(mask.shape[0]) for c in range(mask.shape[1]) if mask[r, c]]


def _window(mask, p, kernel_size):
    """The pixels inside the mask within ceil(3 kernel_size) rows and columns of `p`, in raster order."""
    reach = math.ceil(3 * kernel_size)
    rows = range(max(0, p[0] - reach), min(mask.shape[0], p[0] + reach + 1))
    columns = range(max(0, p[1] - reach), min(mask.shape[1], p[1] + reach + 1))
    return [(r, c) for r in rows for c in columns if mask[r, c]]


def densities(planes, mask, kernel_size):
    """The density of each pixel, 0 outside the mask, in float64. `planes` are (D, H, W)."""

    def squared(p, q):
        color = sum((float(x) - float(y)) ** 2 for x, y in zip(planes[:, *p], planes[:, *q], strict=True))
        return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + color

    result = np.zeros(mask.shape)
    for p in _inside(mask):
        result[p] = sum(math.exp(-squared(p, q) / (2 * kernel_size**2)) for q in _window(mask, p, kernel_size))
    return result


def tree(planes, mask, kernel_size, density):
    """Raster index of each pixel's parent (its own at a root), and the distance to it (infinite at a root).

    Of equal densities that of the earlier pixel counts as higher, and of equally near parents the first is taken.
    Squared distances are float32 sums, position first, then one band after the other.
    """

    def squared(p, q):
        total = np.float32((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2)
        for x, y in zip(planes[:, *p], planes[:, *q], strict=True):
            total += (x - y) * (x - y)
        return total

    height, width = mask.shape
    parents = np.arange(height * width).reshape(height, width)
    distances = np.full((height, width), np.inf, dtype=np.float32)
    for p in _inside(mask):
        above = (density[p], -p[0], -p[1])
        higher = [q for q in _window(mask, p, kernel_size) if (density[q], -q[0], -q[1]) > above]
        if higher:
            best = min(higher, key=lambda q: (squared(p, q), q))
            parents[p] = best[0] * width + best[1]
            distances[p] = np.sqrt(squared(p, best))
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
