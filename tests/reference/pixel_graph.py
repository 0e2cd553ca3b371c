"""The graph of a picture's pixels, and groups of them, in plain Python: pixels are (row, column)."""

import math

from reference import graphs


def offsets(radius):
    """One of each two opposite offsets up to `radius`, by rows."""
    reach = int(radius)
    steps = [(dy, dx) for dy in range(reach + 1) for dx in range(-reach, reach + 1)]
    return [(dy, dx) for dy, dx in steps if (dy > 0 or dx > 0) and dy * dy + dx * dx <= radius**2]


def weights(planes, mask, color_scale, spatial_scale, radius):
    """By pixel and other pixel, w = exp(-|c - d|^2 / (2 color_scale^2) - |p - q|^2 / (2 spatial_scale^2))."""
    inside = [(r, c) for r, row in enumerate(mask) for c, kept in enumerate(row) if kept]
    found = {pixel: {} for pixel in inside}
    for r, c in inside:
        for dy, dx in offsets(radius):
            other = (r + dy, c + dx)
            if other in found:
                color = sum((plane[r][c] - plane[other[0]][other[1]]) ** 2 for plane in planes)
                exponent = color / (2 * color_scale**2) + (dy * dy + dx * dx) / (2 * spatial_scale**2)
                found[r, c][other] = found[other][r, c] = math.exp(-exponent)
    for pixel, links in found.items():
        if not links:
            links[pixel] = 1.0
    return found


def product(links, vector):
    """D^-1/2 W D^-1/2 times a vector, both by pixel."""
    root = {pixel: math.sqrt(sum(own.values())) for pixel, own in links.items()}
    return {
        pixel: sum(weight * vector[other] / (root[pixel] * root[other]) for other, weight in own.items())
        for pixel, own in links.items()
    }


def groups(links, share, radius):
    """The group of each pixel: of those that found one with their strong links, in raster order; then who joins one.

    Of equally strong links the first counts: of the offsets in order, the one before its opposite.
    """
    order = sorted(links)
    number = {pixel: i for i, pixel in enumerate(order)}
    rows = [
        [
            (number[other], links[r, c][other])
            for dy, dx in offsets(radius)
            for other in ((r + dy, c + dx), (r - dy, c - dx))
            if other in links[r, c]
        ]
        for r, c in order
    ]
    return dict(zip(order, graphs.groups(rows, [False] * len(rows), share), strict=True))
