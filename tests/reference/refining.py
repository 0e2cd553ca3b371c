"""Nodes that move to the class with which the normalised cut is least, on a dense matrix of weights."""


def shares(weights, classes, count):
    """For each class the weights of links inside it, and of all its links."""
    inner, total = [0.0] * count, [0.0] * count
    for i, row in enumerate(weights):
        for j, weight in enumerate(row):
            total[classes[i]] += weight
            if classes[i] == classes[j]:
                inner[classes[i]] += weight
    return inner, total


def kept(weights, classes, count):
    """What the classes keep, sum_k inner_k / total_k: their number less the normalised cut."""
    return sum(a / b for a, b in zip(*shares(weights, classes, count), strict=True) if b > 0)


def refined(weights, classes, count, sweeps):
    """Sweeps in order; whoever is at a border and has a neighbour that moved since moves to where most is kept."""
    classes = list(classes)
    awake = [True] * len(classes)
    for _ in range(sweeps):
        moved = False
        for i, row in enumerate(weights):
            if not awake[i]:
                continue
            awake[i] = False
            near = [j for j, weight in enumerate(row) if weight > 0 and j != i]
            own = classes[i]
            others = sorted({classes[j] for j in near} - {own})
            if classes.count(own) == 1:
                continue
            best, most = own, kept(weights, classes, count) + 1e-12
            for k in others:
                value = kept(weights, [*classes[:i], k, *classes[i + 1 :]], count)
                if value > most:
                    best, most = k, value
            if best != own:
                classes[i] = best
                moved = True
                for j in near:
                    awake[j] = True
        if not moved:
            break
    return classes
