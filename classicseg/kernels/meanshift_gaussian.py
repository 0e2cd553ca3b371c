"""Mean shift under a Gaussian on the lattice of `meanshift_together`, from a part of the pixels where it is wide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp2_32
from classicseg.kernels.meanshift_together import (
    Lattice,
    begin_climbs,
    cell_of,
    end_climbs,
    for_tiles,
    lay_out,
    meet,
    move,
)
from classicseg.parallel import Progress

_LANES, _ROWS = 16, 4  # more rows are not unrolled, and then nothing is vectorised
_SUPPORT = 3  # bandwidths
_SAMPLES = 4  # rows and columns that are looked at within a bandwidth, at least
_SCALE = np.float32(2**13)  # sums of 64 weights times 3 bandwidths stay below 2^31 as whole numbers of this part
_HALF_LOG2_E = 0.5 * float(np.log2(np.e))


@kernel
def _gaussian_step(rows, width, pad, shift, factor, limit, reach, blocks, y, x, a, b, c, there):
    """Set `there` to the weighted mean of the samples about (y, x, a, b, c), rounded to the lattice.

    A sample at squared distance u < limit weighs 2^(factor u). Sums of four rows are float32, those of columns whole
    numbers, so that their order does not matter and they stand in vector registers.
    """
    side = 1 << shift
    top, bottom, left = (y - reach + side - 1) >> shift, (y + reach) >> shift, (x - reach + side - 1) >> shift
    fa, fb, fc, unit = np.float32(a), np.float32(b), np.float32(c), np.float32(side)
    zero = np.float32(0)
    one_row, three_rows = np.uintp(width), np.uintp(3 * width)
    none = np.int64(0)
    weight, y_sum, x_sum = none, none, none
    a_sum, b_sum, c_sum = none, none, none
    for row in range(top, bottom + 1, _ROWS):
        line = (row + pad) * 3 * width
        away = (row << shift) - y
        for block in range(blocks):
            column = left + _LANES * block
            place = np.uintp(line + column + pad)
            start = np.float32((column << shift) - x)
            ws, ys, xs = np.int32(0), np.int32(0), np.int32(0)
            sa, sb, sc = np.int32(0), np.int32(0), np.int32(0)
            for k in range(_LANES):
                across = start + np.float32(k) * unit
                squared = across * across
                p = place + np.uintp(k)
                w_rows, y_rows, a_rows, b_rows, c_rows = zero, zero, zero, zero, zero
                for i in range(_ROWS):
                    dy = np.float32(away + i * side)
                    da, db, dc = rows[p] - fa, rows[p + one_row] - fb, rows[p + one_row + one_row] - fc
                    u = squared + dy * dy + da * da + db * db + dc * dc
                    power = exp2_32(u * factor)
                    w = power if u < limit else zero
                    w_rows += w
                    y_rows += w * dy
                    a_rows += w * (da if u < limit else zero)
                    b_rows += w * (db if u < limit else zero)
                    c_rows += w * (dc if u < limit else zero)
                    p += three_rows
                ws = np.int32(ws + np.int32(w_rows * _SCALE))
                ys = np.int32(ys + np.int32(y_rows * _SCALE))
                xs = np.int32(xs + np.int32(w_rows * across * _SCALE))
                sa = np.int32(sa + np.int32(a_rows * _SCALE))
                sb = np.int32(sb + np.int32(b_rows * _SCALE))
                sc = np.int32(sc + np.int32(c_rows * _SCALE))
            weight += ws
            y_sum += ys
            x_sum += xs
            a_sum += sa
            b_sum += sb
            c_sum += sc
    there[0], there[1], there[2], there[3], there[4] = y, x, a, b, c
    if weight > 0:
        w_sum = np.float64(weight)
        there[0] += np.int64(np.floor(y_sum / w_sum + 0.5))
        there[1] += np.int64(np.floor(x_sum / w_sum + 0.5))
        there[2] += np.int64(np.floor(a_sum / w_sum + 0.5))
        there[3] += np.int64(np.floor(b_sum / w_sum + 0.5))
        there[4] += np.int64(np.floor(c_sum / w_sum + 0.5))


@kernel
def _climb_tile(
    starts, start_width, samples, width, inside, pad, shift, sample_shift, sample_row, sample_column, factor, limit,
    reach, blocks, share, cell, max_iter, tol, tile, states, scratch, units, origin, modes, steps, rests,
):  # fmt: skip
    """Climb from the pixels of a tile, all together step by step; before each, those that meet are joined.

    The first of the samples stands at (sample_row, sample_column), in units of the lattice.
    """
    active, joined, following, heads = scratch[0], scratch[1], scratch[2], scratch[3]
    count = begin_climbs(starts, start_width, inside, np.int64(0), shift, tile, states, active, joined, steps, rests)
    there = np.empty(5, np.int64)
    taken = 0
    while count > 0 and taken < max_iter:
        taken += 1
        count = meet(states, active, count, cell, share, heads, following, joined)
        kept = 0
        for i in range(count):
            here = states[active[i]]
            _gaussian_step(
                samples, width, pad, sample_shift, factor, limit, reach, blocks, np.int64(here[0]) - sample_row,
                np.int64(here[1]) - sample_column, here[2], here[3], here[4], there,
            )  # fmt: skip
            there[0] += sample_row
            there[1] += sample_column
            if move(states, active[i], tile, tol, taken, there, steps, rests):
                active[kept] = active[i]
                kept += 1
        count = kept
    end_climbs(inside, tile, states, joined, units, origin, modes, steps, rests)


def sampling(spatial_bandwidth: float) -> int:
    """m, where every 2^m-th pixel of every 2^m-th row is looked at: at least four within a bandwidth."""
    return max(0, int(np.floor(np.log2(spatial_bandwidth / _SAMPLES))))


def first_sample(inside: NDArray[np.bool_], every: int) -> tuple[int, int]:
    """The row and column below `every` from which on every so-manyth pixel meets most pixels inside; (0, 0) of equals.

    A mask of odd rows would hold no sample otherwise, and nothing would move.
    """
    held = [np.count_nonzero(inside[row::every, column::every]) for row in range(every) for column in range(every)]
    return divmod(int(np.argmax(held)), every)


def climb_gaussian(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    share: float,
    max_iter: int,
    tol: float,
    threads: int,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]:
    """Modes (H, W, 2 + D), steps and rests of Gaussian climbs from every pixel of planes (D, H, W), D up to 3.

    Weights are exp(-u / 2) at u < 9 squared bandwidths, in float32. Under bandwidths of 8 and more, every second (from
    16 on, fourth, ...) pixel and row is looked at, from `first_sample` on. Climbs meet and rest as in `climb_together`.
    """
    radius, shift = lattice.radius, lattice.shift
    every = sampling(radius / 2.0**shift)
    sample_shift, reach = shift + every, int(np.ceil(_SUPPORT * radius)) - 1
    pad = (reach >> sample_shift) + 2
    starts, _ = lay_out(planes, inside, lattice, 0, 0, 0, threads)
    row, column = first_sample(inside, 1 << every)
    some = np.ascontiguousarray(planes[:, row :: 1 << every, column :: 1 << every])
    some_inside = np.ascontiguousarray(inside[row :: 1 << every, column :: 1 << every])
    rows, _ = lay_out(some, some_inside, lattice, pad, _ROWS, _LANES, threads)
    blocks = -(-int(np.ceil(2 * _SUPPORT * radius / 2.0**sample_shift)) // _LANES)

    def climb_tile(tile: NDArray[np.int64], states: NDArray[np.int32], scratch: NDArray[np.int32], *ends: Any) -> None:
        _climb_tile(
            starts.ravel(), starts.shape[2], rows.ravel(), rows.shape[2], inside, pad, shift, sample_shift,
            row << shift, column << shift,
            np.float32(-_HALF_LOG2_E / radius**2), np.float32((_SUPPORT * radius) ** 2), reach, blocks,
            float((share * radius) ** 2), cell_of(share, lattice), int(max_iter), float((tol * radius) ** 2),
            tile, states, scratch, *ends,
        )  # fmt: skip

    return for_tiles(climb_tile, inside, lattice, threads, progress)
