"""How different the two halves of a window are, at several orientations and sizes, from sliding histograms.

For each orientation the label maps are turned so that the edge looked for runs along the columns' axis, and back
again when all is summed. On the turned map the halves of a window are upright rectangles of `width` by 2 `half` + 1
pixels to the left and right of a column: their histograms slide from row to row, so that the cost of a pixel does not
hang on the size of the window. All bins of a row lie in rows of their own, and the inner loops run along these.
"""

from __future__ import annotations

import numpy as np

from classicseg.kernels.compile import kernel

NOTHING = np.uint8(255)  # the label of a pixel that takes no part
_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_LEAST = np.float32(1e-4)  # below any share of a pixel in a window, and its fourth power is still a normal number


@kernel
def turn(labels, down, right, middle, centre, turned, starts, stops):
    """Label maps (P, H, W) on a turned grid, by the nearest pixel, and the columns of each row that hold something.

    Row r and column c of the grid lie at `middle` + (r - centre[0]) along + (c - centre[1]) across, with along =
    (down, right) and across = (right, -down) as (rows, columns) of the picture.
    """
    depth, height, width = labels.shape
    rows, columns = turned.shape[1:]
    for r in range(rows):
        along = np.float64(r - centre[0])
        y0, x0 = middle[0] + along * down + 0.5, middle[1] + along * right + 0.5
        first, last = columns, 0
        for c in range(columns):
            across = np.float64(c - centre[1])
            y, x = np.int64(np.floor(y0 + across * right)), np.int64(np.floor(x0 - across * down))
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            if inside:
                first, last = min(first, c), c + 1
                for p in range(depth):
                    turned[p, r, c] = labels[p, y, x]
            else:
                for p in range(depth):
                    turned[p, r, c] = NOTHING
        starts[r], stops[r] = first, last


@kernel
def _count(labels, first, last, bins, step, counts):
    """Add `step` to counts[b, c] where labels[c] is b, and to counts[bins, c] where it is any."""
    begin, size = np.uint64(first), np.uint64(max(last - first, 0))
    for b in range(bins):
        number, row = np.uint8(b), np.uint64(b)
        for j in range(size):
            c = begin + np.uint64(j)
            counts[row, c] += step if labels[c] == number else np.uint16(0)
    row = np.uint64(bins)
    for j in range(size):
        c = begin + np.uint64(j)
        counts[row, c] += step if labels[c] != NOTHING else np.uint16(0)


@kernel
def _sum_along(counts, first, last, width, power, spare, sums):
    """sums[c] = counts[c] + ... + counts[c + width - 1] for the columns first..last, by sums of powers of two."""
    size = np.uint64(last - first)
    begin = np.uint64(first)
    more = np.uint64(2 * width)  # sums of powers of two are needed this far beyond
    for j in range(size + more):
        power[j] = counts[begin + np.uint64(j)]
    for j in range(size):
        sums[begin + np.uint64(j)] = 0
    have, length = 0, 1
    while True:
        if width & length:
            offset = np.uint64(have)
            for j in range(size):
                sums[begin + np.uint64(j)] += power[np.uint64(j) + offset]
            have += length
        if have == width:
            return
        offset = np.uint64(length)
        for j in range(size + more):
            spare[j] = power[np.uint64(j)] + power[np.uint64(j) + offset]
        power, spare = spare, power
        length *= 2


@kernel
def _spread(sums, bins, first, last, before):
    """Each bin becomes the one before + 2 itself + the next; the outermost have themselves beyond."""
    begin, size = np.uint64(first), np.uint64(last - first)
    for j in range(size):
        before[j] = sums[0, begin + np.uint64(j)]
    for b in range(bins):
        row, following = np.uint64(b), np.uint64(min(b + 1, bins - 1))
        for j in range(size):
            c = begin + np.uint64(j)
            here = sums[row, c]
            sums[row, c] = before[j] + np.uint16(2) * here + sums[following, c]
            before[j] = here


@kernel
def _add_chi_square(sums, bins, inverse, first, last, width, weight, fullest, total):
    """total[c] += weight/2 * shrink * sum over bins of (g - h)^2 / (g + h) for the columns first..last.

    g is the histogram of the `width` columns before c, h that of those behind it, each summing to one; four fractions
    are brought to one denominator, so that one division does for them. shrink = 2 min(|g|, |h|) / `fullest`, at most 1.
    """
    for j in range(np.uint64(last - first)):
        total[j] = _ZERO
    begin = np.uint64(first)
    gap = np.uint64(width + 1)
    for group in range(0, bins, 4):
        a, b, d, e = np.uint64(group), np.uint64(group + 1), np.uint64(group + 2), np.uint64(group + 3)
        for j in range(np.uint64(last - first)):
            right = begin + np.uint64(j) + np.uint64(1)
            left = right - gap
            g, h = inverse[left], inverse[right]
            g0, h0 = np.float32(sums[a, left]) * g, np.float32(sums[a, right]) * h
            g1, h1 = np.float32(sums[b, left]) * g, np.float32(sums[b, right]) * h
            g2, h2 = np.float32(sums[d, left]) * g, np.float32(sums[d, right]) * h
            g3, h3 = np.float32(sums[e, left]) * g, np.float32(sums[e, right]) * h
            s0, s1, s2, s3 = max(g0 + h0, _LEAST), max(g1 + h1, _LEAST), max(g2 + h2, _LEAST), max(g3 + h3, _LEAST)
            d0, d1, d2, d3 = g0 - h0, g1 - h1, g2 - h2, g3 - h3
            s01, s23 = s0 * s1, s2 * s3
            above01, above23 = d0 * d0 * s1 + d1 * d1 * s0, d2 * d2 * s3 + d3 * d3 * s2
            total[j] += (above01 * s23 + above23 * s01) / (s01 * s23)


@kernel
def add_distances(labels, starts, stops, bins, spread, half, width, stride, weight, distances):
    """Add weight times the chi-square distance of the halves of the window around each pixel of every stride-th row.

    `labels` is a turned map (rows, columns) with at least 2 `width` + 2 columns of NOTHING at either side;
    `distances` (rows / stride, columns) has a row for each row that is a multiple of `stride`.
    """
    rows, columns = labels.shape
    padded = (bins + 3) // 4 * 4
    counts, sums = np.zeros((bins + 1, columns + 64), np.uint16), np.zeros((padded + 1, columns + 64), np.uint16)
    power, spare = np.zeros(columns + 128, np.uint16), np.zeros(columns + 128, np.uint16)
    inverse, share, total = np.empty(columns, np.float32), np.empty(columns, np.float32), np.empty(columns, np.float32)
    fullest = np.float32(_TWO / np.float32(width * (2 * half + 1)))
    scale = np.float32(1) / np.float32(4**spread)
    one, minus = np.uint16(1), np.uint16(65535)
    for row in range(min(half, rows)):
        _count(labels[row], starts[row], stops[row], bins, one, counts)
    for row in range(rows):
        if row + half < rows:
            _count(labels[row + half], starts[row + half], stops[row + half], bins, one, counts)
        if row > half:
            gone = row - half - 1
            _count(labels[gone], starts[gone], stops[gone], bins, minus, counts)
        if row % stride:
            continue
        first, last = columns, np.int64(0)
        for near in range(max(row - half, 0), min(row + half + 1, rows)):
            first, last = min(first, starts[near]), max(last, stops[near])
        if first >= last:
            continue
        begin, end = first - width, last + width + 1
        for b in range(bins):
            _sum_along(counts[b], begin, end, width, power, spare, sums[b])
        _sum_along(counts[bins], begin, end, width, power, spare, sums[padded])
        for j in range(begin, end):
            count = np.float32(sums[padded, j])
            share[j] = count * fullest
            inverse[j] = scale / max(count, _ONE)
        for _ in range(spread):
            _spread(sums, bins, begin, end, power)
        _add_chi_square(sums, bins, inverse, first, last, width, weight, fullest, total)
        target = distances[row // stride]
        halved = weight * _HALF
        for j in range(np.uint64(last - first)):
            c = np.uint64(first) + np.uint64(j)
            target[c] += halved * total[j] * min(min(share[c + np.uint64(1)], share[c - np.uint64(width)]), _ONE)


@kernel
def smooth_across(distances, taps, stride, line, strengths):
    """Add the distances, smoothed along rows by symmetric `taps` (r + 1), to `strengths` (rows, columns).

    s(row, c) = sum over k of taps[|k|] d(row, c + k); rows between those computed lie on the line between their two.
    """
    reach = len(taps) - 1
    rows, columns = strengths.shape
    size = np.uint64(columns - 2 * reach)
    begin = np.uint64(reach)
    for row in range(len(distances)):
        here = distances[row]
        tap = taps[0]
        for j in range(size):
            line[j] = here[begin + np.uint64(j)] * tap
        for k in range(1, reach + 1):
            tap, away = taps[k], np.uint64(k)
            for j in range(size):
                c = begin + np.uint64(j)
                line[j] += (here[c - away] + here[c + away]) * tap
        for near in range(max((row - 1) * stride + 1, 0), min((row + 1) * stride, rows)):
            share = np.float32(1 - abs(near - row * stride) / stride)
            target = strengths[near]
            for j in range(size):
                target[begin + np.uint64(j)] += line[j] * share


@kernel
def turn_back(strengths, down, right, middle, centre, first, last, out):
    """Rows first..last of a turned map in the picture, between its four nearest points, and nothing below 0."""
    width = out.shape[1]
    top, left = np.int64(centre[0]), np.int64(centre[1])
    for row in range(first, last):
        y = np.float64(row) - middle[0]
        for column in range(width):
            x = np.float64(column) - middle[1]
            along, across = y * down + x * right, y * right - x * down
            r, c = np.floor(along), np.floor(across)
            below, behind = np.float32(along - r), np.float32(across - c)
            i, j = np.uint64(np.int64(r) + top), np.uint64(np.int64(c) + left)
            under, after = i + np.uint64(1), j + np.uint64(1)
            upper = strengths[i, j] + behind * (strengths[i, after] - strengths[i, j])
            lower = strengths[under, j] + behind * (strengths[under, after] - strengths[under, j])
            out[row, column] = max(upper + below * (lower - upper), _ZERO)
