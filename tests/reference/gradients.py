"""Gaussian smoothing, Sobel's slopes and Canny's ridges, pixel by pixel in float64."""

import math


def smooth(plane, sigma):
    """Weighted means of a plane (a list of rows) over 4 sigma; beyond the border the outermost pixel goes on."""
    height, width = len(plane), len(plane[0])
    radius = int(4 * sigma + 0.5)
    weights = {k: math.exp(-k * k / (2 * sigma * sigma)) if sigma else 1.0 for k in range(-radius, radius + 1)}
    total = sum(weights.values()) ** 2

    def at(y, x):
        return plane[min(max(y, 0), height - 1)][min(max(x, 0), width - 1)]

    return [
        [
            sum(weights[i] * weights[j] * at(y + i, x + j) for i in weights for j in weights) / total
            for x in range(width)
        ]
        for y in range(height)
    ]


def slopes(plane):
    """Sobel's slopes (down, right) of each pixel, in units a pixel."""
    height, width = len(plane), len(plane[0])

    def at(y, x):
        return plane[min(max(y, 0), height - 1)][min(max(x, 0), width - 1)]

    def pair(y, x):
        down = sum(w * (at(y + 1, x + k) - at(y - 1, x + k)) for k, w in ((-1, 1), (0, 2), (1, 1))) / 8
        right = sum(w * (at(y + k, x + 1) - at(y + k, x - 1)) for k, w in ((-1, 1), (0, 2), (1, 1))) / 8
        return down, right

    return [[pair(y, x) for x in range(width)] for y in range(height)]


def ridge_margins(plane):
    """By how much each pixel's gradient is longer than what lies beside it along its slope, and its length.

    Rows of (margin, length); the margin of the outermost pixels is minus infinity. What lies beside is interpolated
    between the two of the eight neighbours that the slope passes between.
    """
    pairs = slopes(plane)
    height, width = len(plane), len(plane[0])

    def length(y, x):
        return math.hypot(*pairs[y][x])

    def beside(y, x, down, right):
        """The length where the ray (down, right) leaves the ring of neighbours."""
        large, small = max(abs(down), abs(right)), min(abs(down), abs(right))
        ahead_y, ahead_x = (down > 0) - (down < 0), (right > 0) - (right < 0)
        straight = (ahead_y, 0) if abs(down) > abs(right) else (0, ahead_x)
        share = small / large
        diagonal = length(y + ahead_y, x + ahead_x) if share else 0.0
        return (1 - share) * length(y + straight[0], x + straight[1]) + share * diagonal

    def margin(y, x):
        down, right = pairs[y][x]
        if not (0 < y < height - 1 and 0 < x < width - 1) or (down, right) == (0, 0):
            return -math.inf
        return length(y, x) - max(beside(y, x, down, right), beside(y, x, -down, -right))

    return [[(margin(y, x), length(y, x)) for x in range(width)] for y in range(height)]
