"""Samples along the Z-order curve, with plain integers."""

import numpy as np


def along_the_curve(samples, counts, key_bits=24, most_bits=12):
    """Distinct rows in the order of the curve, in a cell of their bits; their counts; the row of each sample."""
    columns = list(zip(*samples, strict=True))
    low = [min(column) for column in columns]
    extents = [max(column) - least for column, least in zip(columns, low, strict=True)]
    scale, last = 0.0, [0] * len(low)
    for bits in range(1, most_bits + 1) if max(extents) > 0 else ():
        finer = 2**bits / max(extents)
        finer_last = [min(int(extent * finer), 2**bits - 1) for extent in extents]
        if sum(cell.bit_length() for cell in finer_last) > key_bits:
            break
        scale, last = finer, finer_last
    keys = [_key(sample, low, scale, last, most_bits) for sample in samples]
    rows, totals, places = [], [], [0] * len(samples)
    for i in sorted(range(len(samples)), key=lambda i: (keys[i], np.float32(samples[i]).view(np.uint32).tolist())):
        if not rows or rows[-1] != samples[i]:
            rows.append(samples[i])
            totals.append(0)
        totals[-1] += counts[i]
        places[i] = len(rows) - 1
    return rows, totals, places


def _key(sample, low, scale, last, most_bits):
    """The bits of the cell's coordinates in turn, the highest of all first, those that no cell has left out."""
    single = np.float32
    cells = [
        min(int(single(single(x) - single(least)) * single(scale)), end)
        for x, least, end in zip(sample, low, last, strict=True)
    ]
    key = 0
    for bit in reversed(range(most_bits)):
        for cell, end in zip(cells, last, strict=True):
            if bit < end.bit_length():
                key = 2 * key + (cell >> bit & 1)
    return key
