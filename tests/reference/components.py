"""Connected components by flood fill, and numbering in raster order."""

import numpy as np


def flood_fill_components(labels, mask=None):
    """Number the 4-connected sets of equal labels 1..n in the order of a raster scan; 0 outside the mask."""
    labels = np.asarray(labels)
    height, width = labels.shape
    inside = np.ones(labels.shape, dtype=bool) if mask is None else np.asarray(mask)
    numbers = np.zeros(labels.shape, dtype=np.int32)
    found = 0
    for row in range(height):
        for column in range(width):
            if not inside[row, column] or numbers[row, column]:
                continue
            found += 1
            numbers[row, column] = found
            waiting = [(row, column)]
            while waiting:
                r, c = waiting.pop()
                for nr, nc in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                    if not (0 <= nr < height and 0 <= nc < width) or not inside[nr, nc] or numbers[nr, nc]:
                        continue
                    if labels[nr, nc] == labels[row, column]:
                        numbers[nr, nc] = found
                        waiting.append((nr, nc))
    return numbers


def raster_numbers(labels):
    """Positive labels renumbered 1..n as a raster scan meets them; others become 0."""
    seen = {}
    numbers = np.zeros(np.shape(labels), dtype=np.int32)
    for place, label in np.ndenumerate(np.asarray(labels)):
        if label > 0:
            numbers[place] = seen.setdefault(int(label), len(seen) + 1)
    return numbers
