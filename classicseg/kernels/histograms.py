"""Histograms of 8-bit levels, luma, and optimal cuts of sorted, weighted values (multi-Otsu) by dynamic programming."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel

_CLOSE = 1e-9  # gains that differ by less than this share may be equal but for rounding
_TIE = 1e-12  # sums that differ by less than this share of the total variance are equal but for rounding


@kernel
def _count_levels(words, rest, tables, counts):
    """Count bytes, eight at a time; neighbours in different tables, so that equal ones do not wait for each other."""
    byte, low, one = np.uint64(8), np.uint64(255), np.uint32(1)
    for place in range(words.size):
        word = words[place]
        for turn in range(8):
            tables[turn, word & low] += one
            word >>= byte
    for place in range(rest.size):
        tables[0, rest[place]] += one
    for level in range(256):
        counts[level] = 0
    for turn in range(8):
        for level in range(256):
            counts[level] += tables[turn, level]


@kernel
def _cut_in_two(counts):
    """The level that maximises Otsu's criterion of counts 0..255, or -1 where rounding leaves more than one.

    With n0 pixels up to the level, s0 their sum, N and S those of all: (S n0 - N s0)^2 / (n0 (N - n0)).
    """
    total, moment = 0, 0
    for level in range(counts.size):
        total += counts[level]
        moment += counts[level] * level
    below, weighted = 0, 0
    best, best_gain, second_gain = -1, -1.0, -1.0
    mean = moment / total
    for level in range(counts.size):
        if counts[level] == 0:
            continue
        below += counts[level]
        weighted += counts[level] * level
        if below == total:
            break
        difference = weighted - mean * below
        gain = difference * difference * (1 / below + 1 / (total - below))
        if gain > best_gain:
            best, best_gain, second_gain = level, gain, best_gain
        elif gain > second_gain:
            second_gain = gain
    return best if second_gain < best_gain * (1 - _CLOSE) else -1


def _writable(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same, C-contiguous; a copy where it is read-only, for which Numba would compile the loop once more."""
    return array if array.flags.c_contiguous and array.flags.writeable else np.array(array, order="C")


def count_levels(levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each of the levels 0..255 comes in a flat array. O(n)."""
    tables, counts = np.zeros((8, 256), dtype=np.uint32), np.empty(256, dtype=np.int64)
    levels = _writable(levels)
    whole = levels.size & ~7
    _count_levels(levels[:whole].view(np.uint64), levels[whole:], tables, counts)
    return counts


def cut_in_two(counts: NDArray[np.int64]) -> int:
    """The level of Otsu's criterion over counts of the levels 0..255, or -1 where it takes exact numbers to tell."""
    return int(_cut_in_two(counts))


@kernel
def _luma(pixels, levels):
    red, green, blue = np.uint32(9798), np.uint32(19235), np.uint32(3735)
    half, shift = np.uint32(16384), np.uint32(15)
    for place in range(levels.size):
        r, g, b = np.uint32(pixels[3 * place]), np.uint32(pixels[3 * place + 1]), np.uint32(pixels[3 * place + 2])
        levels[place] = (red * r + green * g + blue * b + half) >> shift


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(9798 R + 19235 G + 3735 B + 16384) >> 15`` of pixels (H, W, 3). O(N)."""
    levels = np.empty(pixels.shape[:2], dtype=np.uint8)
    _luma(_writable(pixels).reshape(-1), levels.reshape(-1))
    return levels


@kernel
def _best_cuts(values, counts, classes, sums, choice, stack):
    """Dynamic programming from the brightest class on: gains[i] = max_j gain(i..j) + previous[j + 1].

    The best j never falls as i rises (the gain of a class satisfies the quadrangle inequality), so the middle i halves
    the range of j for the others: O(n log n) a class. Of sums equal but for rounding, the lowest j wins. i and j run
    over the values that occur. Gives the number of cuts, and the cuts in choice[0], which holds the places of those
    values before (a cut is read at a place not before the one where it is written).
    """
    weight, moment, gains, previous, places = sums[0], sums[1], sums[2], sums[3], choice[0]
    count, total, mean = 0, 0.0, 0.0
    for place in range(values.size):
        if counts[place] > 0:
            places[count] = place
            count += 1
            total += counts[place]
            mean += counts[place] * values[place]
    mean /= total
    classes = min(classes, count)
    variance = 0.0
    weight[0], moment[0] = 0.0, 0.0  # of all values before each
    for i in range(count):
        number = counts[places[i]]
        centred = values[places[i]] - mean
        weight[i + 1] = weight[i] + number
        moment[i + 1] = moment[i] + number * centred
        variance += number * centred * centred
    tie = _TIE * variance
    for i in range(count):  # one class: all that is left
        rest = moment[count] - moment[i]
        gains[i] = rest * rest / (weight[count] - weight[i])
    for number in range(1, classes):
        for i in range(count):
            previous[i] = gains[i]
        # ranges of i and of j; the last step is asked for i = 0 only
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, count - 1 if number < classes - 1 else 0, 0, count - 1
        size = 1
        while size > 0:
            size -= 1
            first, final, lowest, highest = stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3]
            if first > final:
                continue
            middle = (first + final) // 2
            best, best_gain = -1, -np.inf
            before, below = weight[middle], moment[middle]
            for j in range(max(middle, lowest), min(highest, count - 2) + 1):
                w, m = weight[j + 1] - before, moment[j + 1] - below
                gain = m * m / w + previous[j + 1]
                better = gain - tie > best_gain
                best = j if better else best  # chosen, not branched to: no one could foretell it
                best_gain = gain if better else best_gain
            gains[middle], choice[number, middle] = best_gain, best
            upper = best
            if best < 0:  # no value is left for the classes on the right; that bounds no other i
                best, upper = lowest, highest
            stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3] = first, middle - 1, lowest, upper
            size += 1
            stack[size, 0], stack[size, 1], stack[size, 2], stack[size, 3] = middle + 1, final, best, highest
            size += 1
    start = 0
    for number in range(classes - 1):
        last = choice[classes - 1 - number, start]
        places[number] = places[last]
        start = last + 1
    return classes - 1


def best_cuts(values: NDArray[Any], counts: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Indices of the last value of each class but the brightest, for the greatest between-class variance.

    `values` (n,) rise strictly and come `counts` (n,) times, some of them never; `classes` is an upper bound, as there
    are never more than values that occur. A class with weight w and first moment m about the mean gains m^2 / w; the
    sum over classes is the between-class variance. Of equal maxima the lowest cuts win. O(classes n log n).
    """
    count = len(values)
    sums, choice = np.empty((4, count + 1)), np.empty((classes, count), dtype=np.int64)
    stack = np.empty((128, 4), dtype=np.int64)
    weights = counts.astype(np.float64)
    found = _best_cuts(values.astype(np.float64), weights, np.int64(classes), sums, choice, stack)
    return choice[0, :found].copy()
