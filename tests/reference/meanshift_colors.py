"""Mean shift of colours under a flat window, as scikit-learn does it with seeds from bins; pixel by pixel."""

import numpy as np


def seeds(colors, bandwidth):
    """A seed for each bin that holds a colour, in the order of the bins: its centre, or its first colour."""
    first = {}
    for color in colors:
        first.setdefault(tuple(round(float(v) / bandwidth) for v in color), color)
    if colors.shape[1] > 3:
        return [np.array(first[point], dtype=np.float32) for point in sorted(first)]
    return [np.array(point, dtype=np.float32) * np.float32(bandwidth) for point in sorted(first)]


def climb(colors, seed, bandwidth, max_iter, tol):
    """The place at which a climb ends and how many colours its last window held."""
    here, held = seed.astype(np.float64), 0
    for _ in range(max_iter):
        near = colors[((colors - here) ** 2).sum(axis=1) <= bandwidth**2]
        held = len(near)
        if not held:
            break
        before, here = here, near.mean(axis=0)
        if np.sqrt(((here - before) ** 2).sum()) <= tol * bandwidth:
            break
    return here, held


def modes(colors, bandwidth, max_iter, tol):
    """The modes by falling number of colours, no two within a bandwidth."""
    ends = [climb(colors, seed, bandwidth, max_iter, tol) for seed in seeds(colors, bandwidth)]
    ranked = sorted(((held, tuple(here)) for here, held in ends if held), reverse=True)
    kept = []
    for _, place in ranked:
        if all(((np.array(place) - other) ** 2).sum() > bandwidth**2 for other in kept):
            kept.append(np.array(place))
    return np.array(kept)
