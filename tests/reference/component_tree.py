"""The best objects among the components of all thresholds: each threshold's components by a flood fill."""

import math

import numpy as np

from .components import flood_fill_components


def best_components(levels, largest, lowest):
    """Where the objects lie that win by score from the brightest components down; `levels` is an array."""
    chosen = []  # of (set of places, score), disjoint
    for level in range(int(levels.max()), 0, -1):
        numbers = flood_fill_components(np.ones_like(levels), levels >= level)
        for number in range(1, int(numbers.max()) + 1):
            places = set(map(tuple, np.argwhere(numbers == number).tolist()))
            if min(levels[place] for place in places) > level:
                continue  # the same set as at the next level
            if all(levels[place] == 0 or place in places for place in np.ndindex(levels.shape)):
                continue  # all there is: it has no outline
            score = _score(places, levels)
            if score is None or len(places) > largest or sum(levels[p] for p in places) <= lowest * len(places):
                continue
            inner = [each for each in chosen if each[0] <= places]
            pixels = sum(len(each[0]) for each in inner)
            if score * pixels < sum(len(each[0]) * each[1] for each in inner) * (1 - 1e-12):
                continue
            chosen = [each for each in chosen if each not in inner] + [(places, score)]
    found = np.zeros(levels.shape, dtype=bool)
    for places, _ in chosen:
        found[tuple(np.array(sorted(places)).T)] = True
    return found


def _score(places, levels):
    falls = []
    for y, x in places:
        for beside in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= beside[0] < levels.shape[0] and 0 <= beside[1] < levels.shape[1]
            if inside and beside not in places and levels[beside]:
                falls.append(int(levels[y, x]) - int(levels[beside]))
    if len(places) < 12 or not falls:
        return None
    points = np.array(sorted(places), dtype=float)
    spread = np.cov(points.T, bias=True) + np.eye(2) / 12
    filled = min(len(places) / (4 * math.pi * math.sqrt(max(np.linalg.det(spread), 1e-9))), 1.0)
    return sum(falls) / len(falls) * filled**4
