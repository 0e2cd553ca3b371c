"""Lloyd's algorithm in plain Python."""

import math


def assign(samples, centers):
    """The index of the nearest centre of each sample, the first of equally near ones."""
    return [min(range(len(centers)), key=lambda k: (_squared(sample, centers[k]), k)) for sample in samples]


def inertia(samples, centers, labels):
    """The sum of squared distances of the samples to their centres."""
    return math.fsum(_squared(sample, centers[k]) for sample, k in zip(samples, labels, strict=True))


def lloyd(samples, centers, max_iter=1000):
    """Labels and centres when nothing changes any more; a centre without samples stays where it is."""
    samples = [[float(x) for x in sample] for sample in samples]
    centers = [[float(x) for x in center] for center in centers]
    labels = None
    for _ in range(max_iter):
        before, labels = labels, assign(samples, centers)
        if labels == before:
            break
        for k in range(len(centers)):
            own = [sample for sample, label in zip(samples, labels, strict=True) if label == k]
            if own:
                centers[k] = [math.fsum(column) / len(own) for column in zip(*own, strict=True)]
    return labels, centers


def _squared(one, other):
    return sum((float(a) - float(b)) ** 2 for a, b in zip(one, other, strict=True))
