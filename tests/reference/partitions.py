"""Scores of partitions from the pixels themselves: pairs counted one by one, logarithms summed pixel by pixel."""

import itertools
import math
from collections import Counter


def rand_index(prediction, truth):
    pairs = list(itertools.combinations(zip(prediction, truth, strict=True), 2))
    agree = sum((a[0] == b[0]) == (a[1] == b[1]) for a, b in pairs)
    return agree / len(pairs)


def adapted_rand_error(prediction, truth):
    pairs = list(itertools.combinations(zip(prediction, truth, strict=True), 2))
    both = sum(a[0] == b[0] and a[1] == b[1] for a, b in pairs)
    predicted = sum(a[0] == b[0] for a, b in pairs)
    true = sum(a[1] == b[1] for a, b in pairs)
    return 1 - 2 * both / (predicted + true)


def conditional_entropy(labels, given):
    """H(labels | given) in bits: the mean over pixels of -log2 p(own label | own given)."""
    together, alone = Counter(zip(labels, given, strict=True)), Counter(given)
    return -sum(math.log2(together[pair] / alone[pair[1]]) for pair in zip(labels, given, strict=True)) / len(labels)


def undersegmentation(prediction, truth):
    """The four errors, from sets of pixels: bergh, neubert_protzel, achanta, levinshtein."""
    segments = [{i for i, p in enumerate(prediction) if p == label} for label in set(prediction)]
    regions = [{i for i, t in enumerate(truth) if t == label} for label in set(truth)]
    n = len(prediction)
    bergh = sum(len(s) - max(len(s & g) for g in regions) for s in segments) / n
    neubert = sum(min(len(s & g), len(s - g)) for g in regions for s in segments if s & g) / n
    achanta = (sum(len(s) for g in regions for s in segments if len(s & g) > 0.05 * len(s)) - n) / n
    levinshtein = sum((sum(len(s) for s in segments if s & g) - len(g)) / len(g) for g in regions) / len(regions)
    return bergh, neubert, achanta, levinshtein
