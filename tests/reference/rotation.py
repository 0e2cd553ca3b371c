"""Rows of an embedding, turned, and the classes to whose axes they then lie nearest, in plain Python."""

import math


def nearest(rows, rotation):
    """For each row the first column of the rotation with which its product is greatest."""
    count = len(rotation)
    classes = []
    for row in rows:
        scores = [sum(row[i] * rotation[i][j] for i in range(count)) for j in range(count)]
        classes.append(scores.index(max(scores)))
    return classes


def sums_of_unit_rows(rows, classes, counts):
    """For each class the sum of its rows brought to length 1, each so many times."""
    sums = [[0.0] * len(rows[0]) for _ in rows[0]]
    for row, k, times in zip(rows, classes, counts, strict=True):
        length = math.hypot(*row)
        for i, value in enumerate(row):
            sums[k][i] += times * value / length if length else 0.0
    return sums
