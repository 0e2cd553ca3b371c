"""Least cost of an assignment by trying everything, and the pairs of pixels within reach."""

import functools
import math

import numpy as np


def least_cost(edges, alone):
    """`edges` holds a dict a left node, right node -> cost; a left node without a partner costs `alone`."""

    @functools.cache
    def rest(node, taken):
        if node == len(edges):
            return 0
        costs = [alone + rest(node + 1, taken)]
        for right, cost in edges[node].items():
            if right not in taken:
                costs.append(cost + rest(node + 1, taken | {right}))
        return min(costs)

    return rest(0, frozenset())


def edges_within(left, right, reach, steps_a_pixel):
    """For each set pixel of `left` the set pixels of `right` (by their number) within reach, with rounded distances."""
    rights = list(zip(*map(list, np.nonzero(right)), strict=True))
    edges = []
    for one in zip(*map(list, np.nonzero(left)), strict=True):
        distances = {number: math.dist(one, other) for number, other in enumerate(rights)}
        edges.append({number: round(d * steps_a_pixel) for number, d in distances.items() if d <= reach})
    return edges
