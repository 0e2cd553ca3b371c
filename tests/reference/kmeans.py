"""Lloyd's algorithm in plain Python."""

import itertools
import math


def assign(samples, centers):
    """The index of the nearest centre of each sample, the first of equally near ones."""
    return [min(range(len(centers)), key=lambda k: (_squared(sample, centers[k]), k)) for sample in samples]


def inertia(samples, centers, labels):
    """The sum of squared distances of the samples to their centres."""
    return math.fsum(_squared(sample, centers[k]) for sample, k in zip(samples, labels, strict=True))


def lloyd(samples, centers, max_iter=1000, weights=None):
    """Labels and centres when nothing changes any more; a centre without samples stays where it is."""
    weights = [1] * len(samples) if weights is None else weights
    samples = [[float(x) for x in sample] for sample in samples]
    centers = [[float(x) for x in center] for center in centers]
    labels = None
    for _ in range(max_iter):
        before, labels = labels, assign(samples, centers)
        if labels == before:
            break
        for k in range(len(centers)):
            own = [i for i, label in enumerate(labels) if label == k]
            if own:
                total = math.fsum(weights[i] for i in own)
                columns = zip(*(samples[i] for i in own), strict=True)
                centers[k] = [math.fsum(weights[i] * x for i, x in zip(own, c, strict=True)) / total for c in columns]
    return labels, centers


def seed_centers(samples, weights, uniforms):
    """Greedy k-means++: the samples that the numbers in 0..1 point to, the best of each row of `uniforms`."""
    chosen = [_drawn(weights, uniforms[0][0])]
    for row in uniforms[1:]:
        drawn = [_drawn(_shares(samples, weights, chosen), uniform) for uniform in row]
        chosen.append(min(drawn, key=lambda i: math.fsum(_shares(samples, weights, [*chosen, i]))))
    return [list(samples[i]) for i in chosen]


def _shares(samples, weights, chosen):
    """What each sample adds to the inertia about the chosen samples."""
    nearest = [min(_squared(sample, samples[i]) for i in chosen) for sample in samples]
    return [weight * distance for weight, distance in zip(weights, nearest, strict=True)]


def _drawn(shares, uniform):
    """The first item at which the running sum of the shares exceeds that part of their whole."""
    running, target = 0.0, uniform * math.fsum(shares)
    for i, share in enumerate(shares):
        running += share
        if running > target:
            return i
    return max(i for i, share in enumerate(shares) if share > 0)


def least_inertia_on_line(values, weights, count):
    """The inertia of the best of all partitions of rising values into `count` runs."""

    def inertia_of(first, stop):
        total = math.fsum(weights[first:stop])
        mean = math.fsum(weights[i] * values[i] for i in range(first, stop)) / total
        return math.fsum(weights[i] * (values[i] - mean) ** 2 for i in range(first, stop))

    best = []
    for cuts in itertools.combinations(range(1, len(values)), count - 1):
        bounds = [0, *cuts, len(values)]
        best.append(math.fsum(inertia_of(a, b) for a, b in itertools.pairwise(bounds)))
    return min(best)


def simplified_silhouette(samples, weights, centers):
    """The mean of 1 - a/b, a and b the distances to the nearest and the second nearest centre; 1 where b is 0."""
    terms = []
    for sample, weight in zip(samples, weights, strict=True):
        near, second = sorted(math.sqrt(_squared(sample, center)) for center in centers)[:2]
        terms.append(weight * (1 - near / second if second > 0 else 1))
    return math.fsum(terms) / math.fsum(weights)


def _squared(one, other):
    return sum((float(a) - float(b)) ** 2 for a, b in zip(one, other, strict=True))
