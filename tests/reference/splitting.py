"""Touching objects parted step by step: distances by all pairs, reconstruction by dilation, a flood with a heap."""

import math

from .watershed import flood_from_markers

CROSS = ((-1, 0), (0, -1), (0, 1), (1, 0))


def squared_distances(free):
    """Squared distance of each pixel to the nearest that is not free; a frame of such pixels lies around the picture."""
    height, width = len(free), len(free[0])
    blocked = [
        (y, x)
        for y in range(-1, height + 1)
        for x in range(-1, width + 1)
        if not (0 <= y < height and 0 <= x < width and free[y][x])
    ]
    return [
        [min((y - r) ** 2 + (x - c) ** 2 for r, c in blocked) if free[y][x] else 0 for x in range(width)]
        for y in range(height)
    ]


def h_maxima(squares, least, share):
    """Places of the regional maxima of v - h reconstructed under v, h = max(least, share v): a list for each."""
    value = {(y, x): math.sqrt(s) for y, row in enumerate(squares) for x, s in enumerate(row) if s}
    raised = {place: v - max(least, share * v) for place, v in value.items()}
    changed = True
    while changed:
        changed = False
        for y, x in value:
            around = [raised[y + r, x + c] for r, c in CROSS if (y + r, x + c) in value]
            new = min(max([raised[y, x], *around]), value[y, x])
            changed |= new > raised[y, x]
            raised[y, x] = new
    plateaus, seen = [], set()
    for place in sorted(value):
        if place in seen:
            continue
        plateau, highest, waiting = [], True, [place]
        seen.add(place)
        while waiting:
            y, x = waiting.pop()
            plateau.append((y, x))
            for beside in ((y + r, x + c) for r, c in CROSS):
                if beside in value and raised[beside] > raised[y, x]:
                    highest = False
                elif beside in value and raised[beside] == raised[y, x] and beside not in seen:
                    seen.add(beside)
                    waiting.append(beside)
        if highest:
            plateaus.append(plateau)
    return plateaus


def split_touching(foreground, least, share=0.0):
    """Label map as a list of rows, numbered in raster order of first pixels."""
    squares = squared_distances(foreground)
    markers = [[0] * len(row) for row in squares]
    for number, plateau in enumerate(h_maxima(squares, least, share), start=1):
        for y, x in plateau:
            markers[y][x] = number
    highest = max(max(row) for row in squares)
    labels = flood_from_markers([[highest - s for s in row] for row in squares], markers, foreground)
    names = {}
    return [[names.setdefault(label, len(names) + 1) if label else 0 for label in row] for row in labels]
