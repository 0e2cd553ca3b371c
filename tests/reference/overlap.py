"""The overlap scores in plain Python over sets of pixels: slow, and importing nothing of classicseg."""

import math
from itertools import permutations


def pixel_sets(labels):
    """{label: set of (row, column)} of a nested list or array."""
    sets = {}
    for i, row in enumerate(labels):
        for j, label in enumerate(row):
            sets.setdefault(int(label), set()).add((i, j))
    return sets


def without(sets, pixels):
    """The sets less `pixels`; sets that are left empty are gone."""
    return {label: part - pixels for label, part in sets.items() if part - pixels}


def iou(a, b):
    return len(a & b) / len(a | b)


def true_regions(truth, kind):
    """{region: set of pixels} of a truth given as sets, by its kind."""
    if kind == "instances":
        return {label: part for label, part in truth.items() if label != 0}
    if kind == "binary":
        merged = {}
        for label, part in truth.items():
            merged.setdefault(int(label > 0), set()).update(part)
        return merged
    return truth


def foreground(predicted, truth, labels):
    found = set().union(*(part for label, part in predicted.items() if label in labels))
    wanted = set().union(*(part for label, part in truth.items() if label > 0))
    return iou(found, wanted) if found | wanted else math.nan


def hungarian(predicted, truth, kind):
    """Every way to give the regions different labels (or none) is tried; for a handful of regions only."""
    regions = list(true_regions(truth, kind).values())
    if not regions:
        return math.nan
    labels = [*predicted.values(), *[set()] * len(regions)]
    return max(sum(map(iou, regions, chosen)) for chosen in permutations(labels, len(regions))) / len(regions)


def majority(predicted, truth, kind):
    classes = true_regions(truth, "binary") if kind == "binary" else truth
    taken = {label: set() for label in classes}
    for part in predicted.values():
        taken[min(classes, key=lambda label: (-len(part & classes[label]), label))] |= part
    return mean(iou(taken[label], classes[label]) for label in classes if kind != "instances" or label != 0)


def best_ious(predicted, truth, kind):
    """[(area, best IoU)] of the true regions."""
    return [
        (len(region), max(iou(region, part) for part in predicted.values()))
        for region in true_regions(truth, kind).values()
    ]


def best_overlap(predicted, truth, kind):
    return mean(best for _, best in best_ious(predicted, truth, kind))


def covering(predicted, truth, kind):
    found = best_ious(predicted, truth, kind)
    return sum(area * best for area, best in found) / sum(area for area, _ in found) if found else math.nan


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan
