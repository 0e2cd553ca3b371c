"""Merging of small regions, with regions as sets of pixels."""

import numpy as np

from reference.components import flood_fill_components


def absorb_small(labels, planes, mask, min_size, background=None):
    """Regions below `min_size` pixels join the neighbour of most similar mean colour, the smallest region first.

    Regions are the connected parts of a label. Among equally small ones the first in raster order is visited first,
    among equally similar neighbours the first is joined. A merged region is the neighbour grown larger: it keeps its
    number and its label. Regions of label `background` take others in and are never absorbed.
    """
    labels = np.asarray(labels)
    numbers = flood_fill_components(labels, mask)
    pixels = {n: set(zip(*map(list, np.nonzero(numbers == n)), strict=True)) for n in range(1, int(numbers.max()) + 1)}
    label_of = {n: int(labels[min(part)]) for n, part in pixels.items()}
    owner = {n: n for n in pixels}

    for small in sorted(pixels, key=lambda n: (len(pixels[n]), n)):
        current = owner[small]
        while len(pixels[current]) < min_size and label_of[current] != background:
            around = _neighbours(current, pixels)
            if not around:
                break
            mean = _mean_color(pixels[current], planes)
            best = min(around, key=lambda n: (_squared_distance(mean, _mean_color(pixels[n], planes)), n))
            pixels[best] |= pixels.pop(current)
            owner = {n: best if o == current else o for n, o in owner.items()}
            current = best

    result = labels.astype(np.int32)
    for n, part in pixels.items():
        for place in part:
            result[place] = label_of[n]
    return result


def _neighbours(region, pixels):
    rim = {(r + dr, c + dc) for r, c in pixels[region] for dr, dc in ((1, 0), (-1, 0), (0, 1), (0, -1))}
    return [n for n, part in pixels.items() if n != region and part & rim]


def _mean_color(part, planes):
    return [sum(float(plane[place]) for place in sorted(part)) / len(part) for plane in planes]


def _squared_distance(one, other):
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
