"""Mean shift in the joint domain, after Comaniciu & Meer 2002: every sum runs over all pixels of the picture."""

import math

import numpy as np

from reference.components import flood_fill_components


def climb(colors, mask, spatial, range_, kernel, max_iter=1000, tol=0.0):
    """The mode (row, column, colour) that each pixel climbs to, its steps, and whether it came to rest.

    u is the squared distance in bandwidths. Epanechnikov's step is the plain mean of the pixels with u < 1, the
    Gaussian's is weighted by exp(-u / 2) for u < 9. A pixel rests when it moved by no more than `tol` bandwidths.
    """
    points, places = _points(colors, mask)
    bandwidths = np.array([spatial, spatial] + [range_] * (points.shape[1] - 2), dtype=np.float64)
    modes = np.zeros((*mask.shape, points.shape[1]))
    steps = np.zeros(mask.shape, dtype=int)
    rests = np.ones(mask.shape, dtype=bool)
    for start, place in zip(points, places, strict=True):
        here, moved = start, math.inf
        while steps[place] < max_iter and moved > tol**2:
            u = (((points - here) / bandwidths) ** 2).sum(axis=1)
            if kernel == "epanechnikov":
                mean = points[u < 1].mean(axis=0)
            else:
                near = u < 9
                mean = np.average(points[near], axis=0, weights=np.exp(-u[near] / 2))
            moved = (((mean - here) / bandwidths) ** 2).sum()
            here = mean
            steps[place] += 1
        modes[place] = here
        rests[place] = moved <= tol**2
    return modes, steps, rests


def density(point, colors, mask, spatial, range_, kernel):
    """The kernel density that `climb` climbs, but for a constant factor."""
    points, _ = _points(colors, mask)
    bandwidths = np.array([spatial, spatial] + [range_] * (points.shape[1] - 2), dtype=np.float64)
    u = (((points - point) / bandwidths) ** 2).sum(axis=1)
    if kernel == "epanechnikov":
        return np.maximum(0, 1 - u).sum()
    return np.maximum(0, np.exp(-u / 2) - math.exp(-4.5)).sum()


def fuse(modes, mask, spatial, range_, reach):
    """Segments 1..n in raster order: chains of neighbours whose modes lie within `reach` bandwidths of each other.

    Where the spatial bandwidth is infinite, colours decide alone.
    """
    height, width = mask.shape
    bandwidths = np.array([spatial, spatial] + [range_] * (modes.shape[2] - 2), dtype=np.float64)
    numbers = np.zeros(mask.shape, dtype=np.int32)
    for row in range(height):
        for column in range(width):
            if not mask[row, column] or numbers[row, column]:
                continue
            numbers[row, column] = number = int(numbers.max()) + 1
            waiting = [(row, column)]
            while waiting:
                r, c = waiting.pop()
                for nr, nc in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                    if not (0 <= nr < height and 0 <= nc < width) or not mask[nr, nc] or numbers[nr, nc]:
                        continue
                    if (((modes[r, c] - modes[nr, nc]) / bandwidths) ** 2).sum() <= reach**2:
                        numbers[nr, nc] = number
                        waiting.append((nr, nc))
    return numbers


def segments(colors, mask, spatial, range_, kernel, reach=0.35, max_iter=1000, tol=0.0):
    """The label map of mean shift without merging of small segments."""
    modes, _, _ = climb(colors, mask, spatial, range_, kernel, max_iter, tol)
    fused = fuse(modes, mask, math.inf, range_, reach)
    assert np.array_equal(fused, flood_fill_components(fused, mask))
    return fused


def _points(colors, mask):
    places = [(r, c) for r in range(mask.shape[0]) for c in range(mask.shape[1]) if mask[r, c]]
    return np.array([[r, c, *map(float, colors[r, c])] for r, c in places]), places
