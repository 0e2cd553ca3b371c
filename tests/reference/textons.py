"""Filters, their responses and the nearest of several centres, in plain Python."""

import math


def bank(sigma):
    """17 filters as maps (row, column) -> weight: even and odd ones of 8 orientations in turn, and a round one."""
    reach = math.ceil(3 * sigma) + 1
    places = [
        (y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1) if math.hypot(x, y) <= reach + 0.5
    ]
    filters = []
    for k in range(8):
        angle = k * math.pi / 8
        even, odd = {}, {}
        for y, x in places:
            along = (x * math.cos(angle) - y * math.sin(angle)) / (3 * sigma)
            across = (x * math.sin(angle) + y * math.cos(angle)) / sigma
            gauss = math.exp(-(across**2 + along**2) / 2)
            even[y, x], odd[y, x] = (across**2 - 1) * gauss, across * gauss
        filters += [scaled(balanced(even)), scaled(odd)]
    squares = {(y, x): (x * x + y * y) / sigma**2 for y, x in places}
    filters.append(scaled(balanced({place: (q - 2) * math.exp(-q / 2) for place, q in squares.items()})))
    return filters


def balanced(weights):
    mean = sum(weights.values()) / len(weights)
    return {place: weight - mean for place, weight in weights.items()}


def scaled(weights):
    total = sum(abs(weight) for weight in weights.values())
    return {place: weight / total for place, weight in weights.items()}


def response(plane, weights, y, x):
    """The sum of weights times pixels around (y, x); the plane is mirrored at its borders, outermost pixels twice."""
    height, width = len(plane), len(plane[0])

    def mirrored(i, size):
        i %= 2 * size
        return i if i < size else 2 * size - 1 - i

    return sum(w * plane[mirrored(y + dy, height)][mirrored(x + dx, width)] for (dy, dx), w in weights.items())


def squared_distances(sample, centers):
    return [sum((s - c) ** 2 for s, c in zip(sample, center, strict=True)) for center in centers]
