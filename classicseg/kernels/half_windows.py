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
_TRIFLE = np.float32(1e-8)  # lost in rounding beside any share of a pixel, and its fourth power is a normal number


@kernel
def turn(packed, count, down, right, middle, centre, box, turned, starts, stops):
    """Up to four label maps, packed into the bytes of one, on a turned grid, by the nearest pixel.

    Row r and column c of the grid lie at `middle` + (r - centre[0]) along + (c - centre[1]) across, with along =
    (down, right) and across = (right, -down) as (rows, columns) of the picture. Of row r the columns starts[r] to
    stops[r] are those inside the `box` (top, bottom, left, right) of the picture; the others hold NOTHING.
    """
    width = packed.shape[1]
    rows, columns = turned.shape[1:]
    flat, line = packed.ravel(), np.empty(columns, np.uint32)
    shift = centre[1]
    for r in range(rows):
        for p in range(count):
            turned[p, r] = NOTHING
        along = np.float64(r - centre[0])
        y0, x0 = middle[0] + along * down + 0.5, middle[1] + along * right + 0.5
        first_y, last_y = _between(y0, right, box[0], box[1], -shift, columns - shift)
        first_x, last_x = _between(x0, -down, box[2], box[3], -shift, columns - shift)
        first, last = max(first_y, first_x), min(last_y, last_x)
        if first >= last:
            starts[r], stops[r] = columns, 0
            continue
        starts[r], stops[r] = first + shift, last + shift
        begin, size = np.uint64(first + shift), np.uint64(last - first)
        for j in range(size):
            across = np.float64(first + np.int64(j))
            y, x = np.int64(y0 + across * right), np.int64(x0 - across * down)
            line[j] = flat[np.uint64(y * width + x)]
        for p in range(count):
            bits, target = np.uint32(8 * p), turned[p, r]
            for j in range(size):
                target[begin + np.uint64(j)] = np.uint8((line[j] >> bits) & np.uint32(255))


@kernel
def _between(start, step, low, high, first, last):
    """The first and one behind the last of the c in first..last with low <= start + c step < high."""
    if step == 0:
        return (first, last) if low <= start < high else (first, first)
    one, other = (low - start) / step, (high - start) / step
    first = max(np.int64(np.floor(min(one, other))) - 1, first)
    last = min(np.int64(np.ceil(max(one, other))) + 1, last)
    while first < last and not low <= start + np.float64(first) * step < high:
        first += 1
    while first < last and not low <= start + np.float64(last - 1) * step < high:
        last -= 1
    return first, last


@kernel
def _count(coming, going, first, last, bins, counts):
    """Let a row of labels in and one out: counts[b, c] are those of label b in column c, counts[bins, c] all."""
    begin, size = np.uint64(first), np.uint64(max(last - first, 0))
    for b in range(bins):
        number, row = np.uint8(b), np.uint64(b)
        for j in range(size):
            c = begin + np.uint64(j)
            change = np.int64(coming[c] == number) - np.int64(going[c] == number)
            counts[row, c] = np.uint8(np.int64(counts[row, c]) + change)
    row = np.uint64(bins)
    for j in range(size):
        c = begin + np.uint64(j)
        change = np.int64(coming[c] != NOTHING) - np.int64(going[c] != NOTHING)
        counts[row, c] = np.uint8(np.int64(counts[row, c]) + change)


@kernel
def _gather(counts, stride, first, last, units):
    """units[j] = the sum of the counts of `stride` columns, from column (first + j) * stride on."""
    size = np.uint64(last - first)
    begin = np.uint64(first * stride)
    if stride == 2:
        for j in range(size):
            c = begin + np.uint64(2) * np.uint64(j)
            units[j] = np.uint16(counts[c]) + np.uint16(counts[c + np.uint64(1)])
        return
    if stride == 4:
        for j in range(size):
            c = begin + np.uint64(4) * np.uint64(j)
            units[j] = (np.uint16(counts[c]) + np.uint16(counts[c + np.uint64(1)])) + (
                np.uint16(counts[c + np.uint64(2)]) + np.uint16(counts[c + np.uint64(3)])
            )
        return
    for j in range(size):
        units[j] = counts[begin + np.uint64(stride) * np.uint64(j)]
    for k in range(1, stride):
        for j in range(size):
            units[j] += counts[begin + np.uint64(stride) * np.uint64(j) + np.uint64(k)]


@kernel
def _sum_along(units, size, width, sums):
    """sums[j] = units[j] + ... + units[j + width - 1]."""
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    wide = width >= 5
    if wide:
        for j in range(np.uint64(size)):
            i = np.uint64(j)
            sums[i] = ((units[i] + units[i + one]) + (units[i + two] + units[i + three])) + units[i + four]
    else:
        for j in range(np.uint64(size)):
            sums[j] = units[j]
    for k in range(5 if wide else 1, width):
        away = np.uint64(k)
        for j in range(np.uint64(size)):
            sums[j] += units[np.uint64(j) + away]


@kernel
def _shares(sums, b, bins, spread, inverse, size, shares):
    """shares = the counts of bin b times `inverse`, and a trifle more, so that nothing is divided by 0.

    With `spread`, the counts are those of the bin before + 2 its own + those of the next; the outermost bins have
    themselves beyond.
    """
    here = sums[b]
    if not spread:
        for j in range(np.uint64(size)):
            shares[j] = np.float32(here[j]) * inverse[j] + _TRIFLE
        return
    before, following = sums[max(b - 1, 0)], sums[min(b + 1, bins - 1)]
    for j in range(np.uint64(size)):
        count = np.uint16((before[j] + following[j]) + np.uint16(2) * here[j])
        shares[j] = np.float32(count) * inverse[j] + _TRIFLE


@kernel
def _add_chi_square(shares, size, gap, total):
    """total[j] += sum over four bins of (g - h)^2 / (g + h), with g = shares[:, j] and h = shares[:, j + gap].

    The four fractions are brought to one denominator, so that one division does for them.
    """
    away = np.uint64(gap)
    for j in range(np.uint64(size)):
        i = np.uint64(j)
        k = i + away
        g0, h0, g1, h1 = shares[0, i], shares[0, k], shares[1, i], shares[1, k]
        g2, h2, g3, h3 = shares[2, i], shares[2, k], shares[3, i], shares[3, k]
        s0, s1, s2, s3 = g0 + h0, g1 + h1, g2 + h2, g3 + h3
        d0, d1, d2, d3 = g0 - h0, g1 - h1, g2 - h2, g3 - h3
        s01, s23 = s0 * s1, s2 * s3
        above01, above23 = d0 * d0 * s1 + d1 * d1 * s0, d2 * d2 * s3 + d3 * d3 * s2
        total[i] += (above01 * s23 + above23 * s01) / (s01 * s23)


@kernel
def _add_distances(counts, bins, spread, width, stride, low, high, largest, weight, work, shares, line):
    """line[i] += weight times the distance of the halves of the window at unit i, for the units low..high.

    With g and h the histograms before and behind, each summing to one, it is sum (g - h)^2 / (g + h) / 2, times
    2 min(|g|, |h|) / `largest`, at most 1, where |g| pixels take part in g.
    """
    units, sums = work[0], work[1:]
    begin, inner = low - width, high - low
    gap = width + 1 if stride == 1 else width
    size = inner + gap
    for b in range(bins + 1):
        _gather(counts[b], stride, begin, begin + size + width, units)
        _sum_along(units, size, width, sums[b])
    found = sums[bins]
    scale = np.float32(0.25) if spread else _ONE
    inverse, full, total = shares[4], shares[5], shares[6]
    fullest = _TWO / largest
    for j in range(np.uint64(size)):
        count = np.float32(found[j])
        full[j] = count * fullest
        inverse[j] = scale / max(count, _ONE)
        total[j] = _ZERO
    for group in range(0, bins, 4):
        for b in range(4):
            if group + b < bins:
                _shares(sums, group + b, bins, spread, inverse, size, shares[b])
            else:
                shares[b] = _TRIFLE
        _add_chi_square(shares, inner, gap, total)
    halved = weight * _HALF
    away, start = np.uint64(gap), np.uint64(low)
    for j in range(np.uint64(inner)):
        i = np.uint64(j)
        line[start + i] += halved * total[i] * min(min(full[i], full[i + away]), _ONE)


@kernel
def _smooth(line, low, high, taps, smooth):
    """smooth[i] = sum over k of taps[|k|] line[i + k], for the units low..high."""
    begin, size = np.uint64(low), np.uint64(high - low)
    reach = len(taps) - 1
    tap = taps[0]
    for j in range(size):
        c = begin + np.uint64(j)
        smooth[c] = line[c] * tap
    for k in range(1, reach + 1):
        tap, away = taps[k], np.uint64(k)
        for j in range(size):
            c = begin + np.uint64(j)
            smooth[c] += (line[c - away] + line[c + away]) * tap


@kernel
def _widen(smooth, low, high, stride, wide):
    """Columns low * stride to high * stride, on the lines between the units, whose places are the borders before them.

    The border before unit i lies half a column before column i * stride.
    """
    for k in range(stride):
        share = np.float32((k + 0.5) / stride)
        for i in range(low, high):
            wide[i * stride + k] = smooth[i] + share * (smooth[i + 1] - smooth[i])


@kernel
def add_strengths(turned, starts, stops, places, bins, spreads, weights, half, width, stride, taps, strengths):
    """Add to `strengths` (rows, columns) the weighted distances of the half windows of one size, for several cues.

    The halves are `width` times `stride` columns before and behind a pixel, in the `half` rows above, its own and the
    `half` below. The maps `turned` (P, rows, columns) of the cues' `places` have at least (2 `width` + len(taps) + 4)
    times `stride` columns of NOTHING on either side. Of every stride-th row only every stride-th column is computed,
    smoothed along the row by symmetric `taps`, and what lies between is on the lines between.
    """
    rows, columns = strengths.shape
    cues, most = len(places), max(bins) + 1
    counts = np.zeros((cues, most, columns), np.uint8)
    work = np.zeros((most + 1, columns), np.uint16)
    shares = np.empty((7, columns), np.float32)
    line, smooth, wide = np.zeros(columns, np.float32), np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    nothing = np.full(columns, NOTHING, np.uint8)
    largest = np.float32(width * stride * (2 * half + 1))
    reach = len(taps)
    for row in range(-half, rows):
        first, last = columns, np.int64(0)
        for near in range(max(row - half - 1, 0), min(row + half + 1, rows)):
            first, last = min(first, starts[near]), max(last, stops[near])
        if first >= last:
            continue
        for q in range(cues):
            labels = turned[places[q]]
            coming = labels[row + half] if row + half < rows else nothing
            going = labels[row - half - 1] if row > half else nothing
            _count(coming, going, first, last, bins[q], counts[q])
        if row < 0 or row % stride:
            continue
        low, high = first // stride, (last - 1) // stride + 2
        line[low - reach : high + reach] = _ZERO
        for q in range(cues):
            _add_distances(
                counts[q], bins[q], spreads[q], width, stride, low, high, largest, weights[q], work, shares, line
            )
        _smooth(line, low - 2, high + 2, taps, smooth)
        found = smooth
        if stride > 1:
            _widen(smooth, low - 2, high + 1, stride, wide)
            found = wide
        begin, size = np.uint64((low - 2) * stride), np.uint64((high - low + 3) * stride)
        for near in range(max(row - stride + 1, 0), min(row + stride, rows)):
            share = np.float32(1 - abs(near - row) / stride)
            target = strengths[near]
            for j in range(size):
                c = begin + np.uint64(j)
                target[c] += found[c] * share


@kernel
def turn_back(strengths, down, right, middle, centre, box, out):
    """The pixels of the `box` (top, bottom, left, right) of the picture from a turned map; nothing is below 0.

    Each lies between four points of the grid, and on the surface through them that is linear along both axes.
    """
    columns = strengths.shape[1]
    flat = strengths.ravel()
    top, left = centre[0], centre[1]
    first, size = box[2], np.uint64(box[3] - box[2])
    for row in range(box[0], box[1]):
        y = np.float64(row) - middle[0]
        target = out[row]
        for j in range(size):
            x = np.float64(first + np.int64(j)) - middle[1]
            along, across = y * down + x * right, y * right - x * down
            r, c = np.floor(along), np.floor(across)
            below, behind = np.float32(along - r), np.float32(across - c)
            at = np.uint64((np.int64(r) + top) * columns + (np.int64(c) + left))
            under = at + np.uint64(columns)
            a, b, d, e = flat[at], flat[at + np.uint64(1)], flat[under], flat[under + np.uint64(1)]
            upper, lower = a + behind * (b - a), d + behind * (e - d)
            target[np.uint64(first) + np.uint64(j)] = max(upper + below * (lower - upper), _ZERO)
