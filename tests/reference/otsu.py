"""Otsu's criterion by exhaustive search in exact fractions."""

from fractions import Fraction
from itertools import combinations, pairwise


def between_class_variance(values, counts, cuts):
    """sum_c w_c (mu_c - mu)^2 over the classes that end at the indices `cuts`; shares w_c sum to 1."""
    total = sum(counts)
    mean = Fraction(sum(v * n for v, n in zip(values, counts, strict=True)), total)
    bounds = [0, *(cut + 1 for cut in cuts), len(values)]
    result = Fraction(0)
    for start, stop in pairwise(bounds):
        weight = sum(counts[start:stop])
        center = Fraction(sum(v * n for v, n in zip(values[start:stop], counts[start:stop], strict=True)), weight)
        result += Fraction(weight, total) * (center - mean) ** 2
    return result


def best_cuts(values, counts, classes):
    """Indices of the last value of each class but the brightest; of equally good cuts the lowest (first) ones.

    `values` are whole numbers, rising; `counts` say how often each comes.
    """
    values, counts = [int(v) for v in values], [int(n) for n in counts]
    candidates = combinations(range(len(values) - 1), classes - 1)
    return max(candidates, key=lambda cuts: (between_class_variance(values, counts, cuts), [-cut for cut in cuts]))


def thresholds(levels, classes):
    """The highest level of each class but the brightest, for a list of whole levels."""
    values = sorted(set(levels))
    counts = [levels.count(value) for value in values]
    return [values[cut] for cut in best_cuts(values, counts, min(classes, len(values)))]
