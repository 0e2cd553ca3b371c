"""What a label measures, from its list of pixels."""

import math
from fractions import Fraction

STRAIGHT = {(2, 0), (2, 1), (2, 2), (3, 0), (3, 1), (3, 2)}
DIAGONAL = {(0, 2), (1, 3)}
BETWEEN = {(1, 1), (1, 2)}


def pixels_of(labels, label):
    """The (row, column) of all pixels that have the label; `labels` is a list of rows."""
    return [(r, c) for r, row in enumerate(labels) for c, value in enumerate(row) if value == label]


def shape_of(labels, label):
    """Area, centroid, box (the ends behind the last pixel) and perimeter of a label."""
    pixels = pixels_of(labels, label)
    rows, columns = zip(*pixels, strict=True)
    centroid = sum(rows) / len(rows), sum(columns) / len(columns)
    box = min(rows), min(columns), max(rows) + 1, max(columns) + 1
    return len(pixels), centroid, box, perimeter(set(pixels))


def perimeter(pixels):
    """The perimeter of a set of pixels, after Benkrid and Crookes, with outlines of four neighbours."""
    outline = {(r, c) for r, c in pixels if not {(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)} <= pixels}
    total = 0.0
    for r, c in outline:
        edges = len({(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)} & outline)
        corners = len({(r - 1, c - 1), (r - 1, c + 1), (r + 1, c - 1), (r + 1, c + 1)} & outline)
        if (edges, corners) in STRAIGHT:
            total += 1
        elif (edges, corners) in DIAGONAL:
            total += math.sqrt(2)
        elif (edges, corners) in BETWEEN:
            total += (1 + math.sqrt(2)) / 2
    return total


def mean_and_deviation(samples):
    """Of a list of numbers, computed without rounding until the end."""
    exact = [Fraction(sample) for sample in samples]
    mean = sum(exact) / len(exact)
    variance = sum((sample - mean) ** 2 for sample in exact) / len(exact)
    return float(mean), math.sqrt(variance)
