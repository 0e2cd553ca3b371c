"""Hierarchies in plain Python: random trees, cuts by walking up, contour maps by flood fill, scores of a label map."""

import math
from collections import Counter

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference import overlap
from reference.components import raster_numbers


@st.composite
def forests(draw):
    """Leaves (some pixels outside), parents of an n-ary forest, and altitudes of the merges that may fall."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 6)))
    numbers = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 10)))
    numbers.flat[0] += 1
    present = np.unique(numbers[numbers > 0])
    leaves = np.where(numbers > 0, np.searchsorted(present, numbers) + 1, 0)
    roots = list(range(len(present)))
    parents = list(roots)
    while len(roots) > 1 and draw(st.integers(0, 9)):
        chosen = draw(st.lists(st.sampled_from(roots), min_size=2, max_size=4, unique=True))
        for node in chosen:
            parents[node] = len(parents)
        roots = [node for node in roots if node not in chosen] + [len(parents)]
        parents.append(len(parents))
    merges = len(parents) - len(present)
    raw = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=merges, max_size=merges))
    return leaves, parents, raw


def cut(leaves, parents, altitudes, threshold):
    """Labels of the pixels: every leaf goes up as long as its parent's altitude is at most the threshold."""
    labels = np.zeros(np.shape(leaves), dtype=int)
    for place, leaf in np.ndenumerate(np.asarray(leaves)):
        if leaf:
            node = leaf - 1
            while parents[node] != node and altitudes[parents[node]] <= threshold:
                node = parents[node]
            labels[place] = node + 1
    return raster_numbers(labels)


def highest_below(parents, altitudes):
    """For each node the highest altitude among itself and the nodes below it."""
    highest = list(altitudes)
    for node in range(len(parents)):
        up = node
        while True:
            highest[up] = max(highest[up], altitudes[node])
            if parents[up] == up:
                break
            up = parents[up]
    return highest


def contour_segments(ucm2, threshold):
    """Segments of the cells, by flood fill over 8-neighbours of the doubled grid whose values are <= threshold."""
    ucm2 = np.asarray(ucm2)
    found = np.zeros(ucm2.shape, dtype=int)
    count = 0
    for start in np.ndindex(ucm2.shape):
        if found[start] or ucm2[start] > threshold:
            continue
        count += 1
        found[start] = count
        waiting = [start]
        while waiting:
            row, column = waiting.pop()
            for r in range(max(row - 1, 0), min(row + 2, ucm2.shape[0])):
                for c in range(max(column - 1, 0), min(column + 2, ucm2.shape[1])):
                    if not found[r, c] and ucm2[r, c] <= threshold:
                        found[r, c] = count
                        waiting.append((r, c))
    return raster_numbers(found[1::2, 1::2])


def scores(prediction, truth, kind, counted):
    """All scores of a label map, by name, over the pixels in `counted` (an array of bool)."""
    places = [tuple(place) for place in np.argwhere(counted)]
    if kind == "binary":
        truth = (np.asarray(truth) > 0).astype(int)
    pairs = [(int(prediction[place]), int(truth[place])) for place in places]
    predicted = {label: set() for label, _ in pairs}
    true = {label: set() for _, label in pairs}
    for place, (one, other) in zip(places, pairs, strict=True):
        predicted[one].add(place)
        true[other].add(place)
    split, merge = informations(pairs)
    return {
        "covering": overlap.covering(predicted, true, kind),
        "iou.best_overlap": overlap.best_overlap(predicted, true, kind),
        "iou.majority": overlap.majority(predicted, true, kind),
        "asa": overlap.mean(
            max(len(part & region) for region in true.values()) / len(part) for part in predicted.values() for _ in part
        ),
        "rand.probabilistic": rand(pairs),
        "rand.adjusted": adjusted_rand(pairs),
        "vi": split + merge,
        "vi.split": split,
        "vi.merge": merge,
        "nmi.arithmetic": nmi(pairs),
    }


def best_covering(predictions, truth, kind, counted):
    """The covering where each true region takes its best segment from any of the label maps."""
    masked = [np.where(counted, prediction, -1) for prediction in predictions]
    truth = np.where(counted, np.asarray(truth) > 0 if kind == "binary" else truth, -1)
    best = {}
    outside = overlap.pixel_sets(truth).get(-1, set())
    regions = overlap.true_regions(overlap.without(overlap.pixel_sets(truth), outside), kind)
    for prediction in masked:
        parts = overlap.without(overlap.pixel_sets(prediction), outside).values()
        for label, region in regions.items():
            best[label] = max([best.get(label, 0), *(overlap.iou(region, part) for part in parts)])
    area = sum(map(len, regions.values()))
    return sum(len(region) * best[label] for label, region in regions.items()) / area if area else math.nan


def rand(pairs):
    """The share of pairs of pixels on which both agree; every pair is looked at."""
    agree = [(one[0] == other[0]) == (one[1] == other[1]) for i, one in enumerate(pairs) for other in pairs[:i]]
    return overlap.mean(agree)


def adjusted_rand(pairs):
    """(found - expected) / (most - expected), with pairs of pixels that are together."""

    def together(counts):
        return sum(count * (count - 1) / 2 for count in counts.values())

    every = len(pairs) * (len(pairs) - 1) / 2
    if not every:
        return math.nan
    both = together(Counter(pairs))
    in_one, in_other = together(Counter(p for p, _ in pairs)), together(Counter(t for _, t in pairs))
    expected, most = in_one * in_other / every, (in_one + in_other) / 2
    return (both - expected) / (most - expected) if most != expected else 1.0


def entropy(labels):
    return -sum(count / len(labels) * math.log2(count / len(labels)) for count in Counter(labels).values())


def informations(pairs):
    """H(prediction | truth) and H(truth | prediction), in bits, as differences of entropies."""
    if not pairs:
        return math.nan, math.nan
    both = entropy(pairs)
    return both - entropy([true for _, true in pairs]), both - entropy([predicted for predicted, _ in pairs])


def nmi(pairs):
    if not pairs:
        return math.nan
    in_one, in_other = entropy([predicted for predicted, _ in pairs]), entropy([true for _, true in pairs])
    mutual = in_one + in_other - entropy(pairs)
    return 2 * mutual / (in_one + in_other) if in_one + in_other else 1.0
