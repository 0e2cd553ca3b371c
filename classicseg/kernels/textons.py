"""Textons: responses of a bank of filters, and the nearest of the centres that k-means finds among them."""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

_TILE = 512
_ZERO = np.float32(0)
_HALF = np.float32(0.5)


@kernel
def filter_rows(plane, rows, columns, weights, parts, first, last, responses):
    """Responses (F, H, W) at picture rows first..last of a plane that has a margin as wide as the filters reach.

    Tap t of each filter lies at (rows[t], columns[t]) of its own; the filters have weights[f, t], and are even
    (parts[f] = 1) or odd (-1) under a half turn, so that a tap does for both ends: w (p(x + t) +- p(x - t)).
    """
    count, taps = weights.shape
    width = responses.shape[2]
    reach = (len(plane) - responses.shape[1]) // 2
    size = np.uint64(width)
    line = np.empty((2, width), np.float32)
    for row in range(first, last):
        for f in range(count):
            target = responses[f, row]
            for j in range(size):
                target[j] = _ZERO
        for t in range(taps):
            ahead, behind = plane[row + reach + rows[t]], plane[row + reach - rows[t]]
            here, there = np.uint64(reach + columns[t]), np.uint64(reach - columns[t])
            for j in range(size):
                a, b = ahead[here + np.uint64(j)], behind[there + np.uint64(j)]
                line[0, j] = a + b
                line[1, j] = a - b
            for f in range(count):
                weight = weights[f, t]
                target = responses[f, row]
                pairs = line[np.uint64(parts[f] < 0)]
                for j in range(size):
                    target[j] += weight * pairs[j]


@kernel
def nearest_centers(responses, first, last, centers, labels):
    """labels[i] = the first of the centres (K, F) nearest to the sample responses[:, i], for the samples first..last.

    Nearest is where c . x - |c|^2 / 2 is greatest.
    """
    count, depth = centers.shape
    score, best = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32)
    chosen = np.empty(_TILE, np.int32)
    for start in range(first, last, _TILE):
        begin, size = np.uint64(start), np.uint64(min(_TILE, last - start))
        for k in range(count):
            half = _ZERO
            for d in range(depth):
                half += centers[k, d] * centers[k, d]
            half *= _HALF
            for j in range(size):
                score[j] = -half
            for d in range(depth):
                weight, row = centers[k, d], np.uint64(d)
                for j in range(size):
                    score[j] += weight * responses[row, begin + np.uint64(j)]
            number = np.int32(k)
            if k == 0:
                for j in range(size):
                    best[j] = score[j]
                    chosen[j] = number
                continue
            for j in range(size):
                more = score[j] > best[j]
                chosen[j] = number if more else chosen[j]
                best[j] = score[j] if more else best[j]
        for j in range(size):
            labels[begin + np.uint64(j)] = np.uint8(chosen[j])


@kernel
def add_samples(responses, labels, sums):
    """sums[k] += the samples (F, n) of label k, and in the last column their number."""
    depth, size = responses.shape
    for i in range(size):
        k = labels[i]
        for d in range(depth):
            sums[k, d] += np.float64(responses[d, i])
        sums[k, depth] += 1.0
