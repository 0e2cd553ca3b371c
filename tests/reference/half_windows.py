"""Differences of histograms in half windows, pixel by pixel in plain Python."""

import math
from functools import cache


def strengths(labels, angle, cues, taps):
    """For each pixel the weighted sum of distances for edges that run at an angle, as rows of numbers.

    `labels` are label maps, with None for what takes no part; each of the `cues` is a tuple (place, bins, spread, half,
    width, stride, weight); taps(width) gives the weights of the units 0, 1, ... away.
    """
    height, width = len(labels[0]), len(labels[0][0])
    down, right = -round(math.sin(angle), 15), round(math.cos(angle), 15)
    middle = [(height - 1) / 2, (width - 1) / 2]
    if 0 in (down, right):
        middle = [math.floor(each) for each in middle]

    def label(place, r, c):
        """That of the pixel nearest to row r and column c of the turned grid, whose middle is (0, 0)."""
        y = math.floor(middle[0] + r * down + 0.5 + c * right)
        x = math.floor(middle[1] + r * right + 0.5 - c * down)
        return labels[place][y][x] if 0 <= y < height and 0 <= x < width else None

    @cache
    def smooth(cue, r, unit):
        place, bins, spread, half, wide, stride, _ = cue
        weights = taps(wide)

        def distance(at):
            before = range((at - wide) * stride, at * stride)
            behind = range(at * stride, (at + wide) * stride) if stride > 1 else range(at + 1, at + wide + 1)
            sides = [
                [label(place, row, c) for row in range(r - half, r + half + 1) for c in columns]
                for columns in (before, behind)
            ]
            return chi_square(*sides, bins, spread, wide * stride * (2 * half + 1))

        return sum(
            weights[abs(k)] * distances(distance, cue, r, unit + k) for k in range(1 - len(weights), len(weights))
        )

    known = {}

    def distances(distance, cue, r, at):
        if (cue, r, at) not in known:
            known[cue, r, at] = distance(at)
        return known[cue, r, at]

    @cache
    def on_grid(r, c):
        total = 0.0
        for cue in cues:
            stride = cue[5]
            if stride == 1:
                total += cue[6] * smooth(cue, r, c)
                continue
            unit, share = divmod((c + 0.5) / stride, 1)
            for row in {r // stride * stride, -(-r // stride) * stride}:
                near = 1 - abs(row - r) / stride
                line = (1 - share) * smooth(cue, row, int(unit)) + share * smooth(cue, row, int(unit) + 1)
                total += cue[6] * near * line
        return total

    def at_pixel(y, x):
        along = (y - middle[0]) * down + (x - middle[1]) * right
        across = (y - middle[0]) * right - (x - middle[1]) * down
        r, c = math.floor(along), math.floor(across)
        below, behind = along - r, across - c
        upper = (1 - behind) * on_grid(r, c) + behind * on_grid(r, c + 1)
        lower = (1 - behind) * on_grid(r + 1, c) + behind * on_grid(r + 1, c + 1)
        return max((1 - below) * upper + below * lower, 0.0)

    return [[at_pixel(y, x) for x in range(width)] for y in range(height)]


def chi_square(before, behind, bins, spread, full):
    """The distance of two lists of labels, less where one of them has few."""
    g, h = (histogram(side, bins, spread) for side in (before, behind))
    few = min(sum(label is not None for label in side) for side in (before, behind))
    if few == 0:
        return 0.0
    total = sum((a - b) ** 2 / (a + b) for a, b in zip(g, h, strict=True) if a + b)
    return total / 2 * min(1.0, 2 * few / full)


def histogram(labels, bins, spread):
    """Shares of the bins; mixed with (1 2 1) / 4 of themselves and their neighbours, if `spread`."""
    counts = [labels.count(b) for b in range(bins)]
    if spread:
        counts = [(counts[max(b - 1, 0)] + 2 * counts[b] + counts[min(b + 1, bins - 1)]) / 4 for b in range(bins)]
    known = sum(label is not None for label in labels)
    return [count / known if known else 0.0 for count in counts]


def parabola_taps(m):
    """Weights of the value at 0 of the parabola through -m..m, by the normal equations of least squares.

    The parabola p + q k^2 (the odd part is 0 by symmetry): p = sum w(k) y(k), w(k) = (S4 - S2 k^2) / (n S4 - S2^2).
    """
    n, s2, s4 = 2 * m + 1, 2 * sum(k**2 for k in range(1, m + 1)), 2 * sum(k**4 for k in range(1, m + 1))
    return [(s4 - s2 * k * k) / (n * s4 - s2 * s2) for k in range(m + 1)]
