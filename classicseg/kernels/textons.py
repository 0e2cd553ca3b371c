"""Textons: responses of a bank of filters, and the nearest of the centres that k-means finds among them."""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

_TILE = 512
_ZERO = np.float32(0)
_HALF = np.float32(0.5)
_HUGE = np.float32(np.inf)


@kernel
def nearest_centers(responses, size, centers, labels):
    """labels[i] = the first of the centres (K, F) nearest to the sample responses[:, i], for the samples 0..size.

    Nearest is where c . x - |c|^2 / 2 is greatest.
    """
    count, depth = centers.shape
    score, best, chosen = np.empty(_TILE, np.float32), np.empty(_TILE, np.float32), np.empty(_TILE, np.int32)
    for start in range(0, size, _TILE):
        begin, here = np.uint64(start), np.uint64(min(_TILE, size - start))
        for j in range(here):
            best[j] = -_HUGE
            chosen[j] = 0
        for k in range(count):
            half = _ZERO
            for d in range(depth):
                half += centers[k, d] * centers[k, d]
            half *= _HALF
            for j in range(here):
                score[j] = -half
            even = depth // 4 * 4
            for d in range(0, even, 4):
                r0, r1, r2, r3 = responses[d], responses[d + 1], responses[d + 2], responses[d + 3]
                c0, c1, c2, c3 = centers[k, d], centers[k, d + 1], centers[k, d + 2], centers[k, d + 3]
                for j in range(here):
                    i = begin + np.uint64(j)
                    score[j] += (c0 * r0[i] + c1 * r1[i]) + (c2 * r2[i] + c3 * r3[i])
            for d in range(even, depth):
                weight, row = centers[k, d], responses[d]
                for j in range(here):
                    score[j] += weight * row[begin + np.uint64(j)]
            number = np.int32(k)
            for j in range(here):
                more = score[j] > best[j]
                chosen[j] = number if more else chosen[j]
                best[j] = score[j] if more else best[j]
        for j in range(here):
            labels[begin + np.uint64(j)] = np.uint8(chosen[j])


@kernel
def filter_row(plane, row, step, rows, columns, weights, parts, pairs, responses):
    """Responses (F, n) at every step-th pixel of a row of a picture; `plane` has a margin as wide as the filters reach.

    Tap t of each filter lies at (rows[t], columns[t]) of its own; the filters have weights[f, t], and are even
    (parts[f] = 1) or odd (-1) under a half turn, so that a tap does for both ends: w (p(x + t) +- p(x - t)).
    """
    count, taps = weights.shape
    reach = rows[taps - 1]
    width = plane.shape[1] - 2 * reach
    size = np.uint64(width)
    for f in range(count):
        responses[f, :width] = _ZERO
    for t in range(0, taps, 4):  # four taps at a time, so that the responses are read and written less often
        for k in range(4):
            ahead, behind = plane[row + reach + rows[t + k]], plane[row + reach - rows[t + k]]
            here, there = np.uint64(reach + columns[t + k]), np.uint64(reach - columns[t + k])
            sums, differences = pairs[0, k], pairs[1, k]
            for j in range(size):
                a, b = ahead[here + np.uint64(j)], behind[there + np.uint64(j)]
                sums[j], differences[j] = a + b, a - b
        for f in range(count):
            target, four = responses[f], pairs[np.int64(parts[f] < 0)]
            p0, p1, p2, p3 = four[0], four[1], four[2], four[3]
            w0, w1, w2, w3 = weights[f, t], weights[f, t + 1], weights[f, t + 2], weights[f, t + 3]
            for j in range(size):
                target[j] += (w0 * p0[j] + w1 * p1[j]) + (w2 * p2[j] + w3 * p3[j])
    if step > 1:
        for f in range(count):
            for j in range((width + step - 1) // step):
                responses[f, j] = responses[f, j * step]


@kernel
def textons_of_rows(plane, first, last, rows, columns, weights, parts, centers, textons):
    """The nearest centre to the responses at each pixel of the rows first..last of a picture."""
    width = textons.shape[1]
    responses, pairs = np.empty((len(weights), width), np.float32), np.empty((2, 4, width), np.float32)
    for row in range(first, last):
        filter_row(plane, row, np.int64(1), rows, columns, weights, parts, pairs, responses)
        nearest_centers(responses, width, centers, textons[row])


@kernel
def responses_of_rows(plane, chosen, step, rows, columns, weights, parts, samples):
    """samples[f, i] = the responses at every step-th pixel of the chosen rows of a picture, row after row."""
    width = plane.shape[1] - 2 * rows[-1]
    responses, pairs = np.empty((len(weights), width), np.float32), np.empty((2, 4, width), np.float32)
    size = (width + step - 1) // step
    for i in range(len(chosen)):
        filter_row(plane, chosen[i], step, rows, columns, weights, parts, pairs, responses)
        for f in range(len(weights)):
            for j in range(size):
                samples[f, i * size + j] = responses[f, j]


@kernel
def add_samples(responses, labels, sums):
    """sums[k] += the samples (F, n) of label k, and in the last column their number."""
    depth, size = responses.shape
    for i in range(size):
        k = labels[i]
        for d in range(depth):
            sums[k, d] += np.float64(responses[d, i])
        sums[k, depth] += 1.0
