"""Graphs as dictionaries of rows, groups of their nodes, and banded factors, in plain Python."""

import math


def product(rows, block):
    """The matrix of the graph times a block; rows[i] is a list of (end, weight)."""
    width = len(block[0])
    return [[sum(weight * block[end][v] for end, weight in row) for v in range(width)] for row in rows]


def normalised(rows):
    """D^-1/2 W D^-1/2 in rows, sqrt(D), and for each node the share of its links that lead to others."""
    degrees = [sum(weight for _, weight in row) for row in rows]
    root = [math.sqrt(degree) for degree in degrees]
    scaled = [[(end, weight / (root[i] * root[end])) for end, weight in row] for i, row in enumerate(rows)]
    leaving = [1 - sum(weight for end, weight in row if end == i) / degrees[i] for i, row in enumerate(rows)]
    return scaled, root, leaving


def groups(rows, alone, share):
    """The group of each node: of those alone one each; then of nodes that found one; then of those that join one."""
    group = {}
    for i in range(len(rows)):
        if alone[i]:
            group[i] = len(group)
    count = first = len(group)
    for i, row in enumerate(rows):
        links = [(end, weight) for end, weight in row if end != i and not alone[end]]
        least = share * max((weight for _, weight in links), default=0.0)
        strong = [end for end, weight in links if weight >= least and weight > 0]
        if i in group or any(end in group for end in strong):
            continue
        for member in [i, *strong]:
            group[member] = count
        count += 1
    founded = dict(group)
    for i, row in enumerate(rows):
        if i in group:
            continue
        best, most = None, 0.0
        for end, weight in row:
            if founded.get(end, -1) >= first and weight > most:
                best, most = founded[end], weight
        if best is None:
            best = count
            count += 1
        group[i] = best
    return [group[i] for i in range(len(rows))]


def members(group, count):
    """The nodes of each group, in order."""
    return [[i for i, own in enumerate(group) if own == g] for g in range(count)]


def between(rows, group, count):
    """The weights between groups, summed: a square list of lists."""
    sums = [[0.0] * count for _ in range(count)]
    for i, row in enumerate(rows):
        for end, weight in row:
            if group[i] >= 0 and group[end] >= 0:
                sums[group[i]][group[end]] += weight
    return sums


def near(positions, radius):
    """For each place the others within the radius."""
    return [
        [j for j, there in enumerate(positions) if j != i and math.dist(here, there) ** 2 <= radius**2]
        for i, here in enumerate(positions)
    ]


def banded_factor(columns):
    """Cholesky's factor of a matrix of which columns[j][t] stands in row j + t, in the same places."""
    size, width = len(columns), len(columns[0])
    lower = [[0.0] * width for _ in range(size)]
    for j in range(size):
        for t in range(min(width, size - j)):
            entry = columns[j][t]
            for k in range(max(0, j + t - width + 1), j):
                entry -= lower[k][j + t - k] * lower[k][j - k]
            lower[j][t] = math.sqrt(entry) if t == 0 else entry / lower[j][0]
    return lower


def banded_solution(lower, vector):
    """x with L L^T x = vector."""
    size, width = len(lower), len(lower[0])
    x = list(vector)
    for i in range(size):
        x[i] = (x[i] - sum(lower[k][i - k] * x[k] for k in range(max(0, i - width + 1), i))) / lower[i][0]
    for i in reversed(range(size)):
        x[i] = (x[i] - sum(lower[i][k - i] * x[k] for k in range(i + 1, min(size, i + width)))) / lower[i][0]
    return x
