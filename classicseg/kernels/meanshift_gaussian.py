"""Mean shift under a Gaussian on the lattice of `meanshift_together`, from a part of the pixels where it is wide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp2_32
from classicseg.kernels.meanshift_lattice import LANES, ROWS, Lattice, lay_out
from classicseg.kernels.meanshift_together import Climbs, Ends, Room, cell_of, meet, move
from classicseg.parallel import Progress

_SUPPORT = 3  # bandwidths
_WITHIN = 4  # rows and columns that are looked at within a bandwidth, at least
_IN_ALL = 16  # rows and columns that are looked at of a picture that has so many
LOOKS = 1 << 26  # at samples, until a tile may be stopped
_SCALE = np.float32(2**13)  # sums of 64 weights times 3 bandwidths stay below 2^31 as whole numbers of this part
_HALF_LOG2_E = 0.5 * float(np.log2(np.e))


@kernel
def _gaussian_step(rows, width, pad, grid, factor, limit, reach, states, climb, there, place):
    """Set there[place] to the weighted mean of the samples about states[climb], rounded to the lattice.

    The grid is (shift, row, column): samples stand 2^shift units apart, the first at that row and column, in units. One
    at squared distance u < limit weighs 2^(factor u). Sums of four rows are float32, those of columns whole numbers, so
    that their order does not matter and they stand in vector registers.
    """
    shift, y, x = grid[0], states[climb, 0] - grid[1], states[climb, 1] - grid[2]
    a, b, c = states[climb, 2], states[climb, 3], states[climb, 4]
    side = 1 << shift
    top, bottom = (y - reach + side - 1) >> shift, (y + reach) >> shift
    left, right = (x - reach + side - 1) >> shift, (x + reach) >> shift
    unit, zero, none = np.float32(side), np.float32(0), np.int64(0)
    one_row, three_rows = np.uintp(width), np.uintp(3 * width)
    weight, y_sum, x_sum = none, none, none
    a_sum, b_sum, c_sum = none, none, none
    for row in range(top, bottom + 1, ROWS):
        line = (row + pad) * 3 * width
        away = (row << shift) - y
        for column in range(left, right + 1, LANES):
            first = np.uintp(line + column + pad)
            start = np.float32((column << shift) - x)
            ws, ys, xs = np.int32(0), np.int32(0), np.int32(0)
            sa, sb, sc = np.int32(0), np.int32(0), np.int32(0)
            for k in range(LANES):
                across = start + np.float32(k) * unit
                squared = across * across
                p = first + np.uintp(k)
                w_rows, y_rows, a_rows, b_rows, c_rows = zero, zero, zero, zero, zero
                for i in range(ROWS):
                    dy = np.float32(away + i * side)
                    da, db = np.float32(np.int32(rows[p] - a)), np.float32(np.int32(rows[p + one_row] - b))
                    dc = np.float32(np.int32(rows[p + one_row + one_row] - c))
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
    for d in range(5):
        there[place, d] = states[climb, d]
    if weight > 0:
        w_sum = np.float64(weight)
        there[place, 0] += np.int32(np.floor(y_sum / w_sum + 0.5))
        there[place, 1] += np.int32(np.floor(x_sum / w_sum + 0.5))
        there[place, 2] += np.int32(np.floor(a_sum / w_sum + 0.5))
        there[place, 3] += np.int32(np.floor(b_sum / w_sum + 0.5))
        there[place, 4] += np.int32(np.floor(c_sum / w_sum + 0.5))


@kernel
def _climb_on(
    rows, width, pad, grid, factor, limit, reach, share, cell, max_iter, tol, states, there, lists, count, taken, most,
):  # fmt: skip
    """Step on with the climbs of a tile, as in `meanshift_together`, `most` of them."""
    active, joined, following, heads = lists[0], lists[1], lists[2], lists[3]
    while count > 0 and taken < max_iter and most > 0:
        taken += 1
        count = meet(states, active, count, cell, share, heads, following, joined)
        for i in range(count):
            _gaussian_step(rows, width, pad, grid, factor, limit, reach, states, active[i], there, i)
        most -= count
        count = move(states, active, count, there, tol, taken, lists[4])
    return count, taken


def sampling(spatial_bandwidth: float, shape: tuple[int, ...]) -> int:
    """m, where every 2^m-th pixel of every 2^m-th row is looked at: at least 4 a bandwidth, and 16 a row and column.

    Of a picture that is thinner than 32 pixels all are: its windows hold few enough.
    """
    return max(0, int(np.floor(np.log2(min(spatial_bandwidth / _WITHIN, min(shape) / _IN_ALL)))))


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
) -> Ends:
    """Modes (H, W, 2 + D), steps and rests of Gaussian climbs from every pixel of planes (D, H, W), D up to 3.

    Weights are exp(-u / 2) at u < 9 squared bandwidths, in float32. Under bandwidths of 8 and more, every second (from
    16 on, fourth, ...) pixel and row is looked at, from `first_sample` on, as far as `sampling` allows. Climbs meet and
    rest as in `climb_together`.
    """
    return climbs_gaussian(planes, inside, lattice, share, max_iter, tol, threads)(True, progress)


def climbs_gaussian(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    share: float,
    max_iter: int,
    tol: float,
    threads: int,
) -> Climbs:
    """The climbs of `climb_gaussian`, ready to go: `planes` are laid out on the lattice and needed no more."""
    radius, shift = lattice.radius, lattice.shift
    every = 1 << sampling(radius / 2.0**shift, inside.shape)
    sample_shift, reach = shift + every.bit_length() - 1, int(np.ceil(_SUPPORT * radius)) - 1
    pad = (reach >> sample_shift) + 2
    starts = lay_out(planes, inside, lattice, 0, 0, 0, threads)
    row, column = first_sample(inside, every)
    some = np.ascontiguousarray(planes[:, row::every, column::every])
    some_inside = np.ascontiguousarray(inside[row::every, column::every])
    rows = lay_out(some, some_inside, lattice, pad, ROWS, LANES, threads)
    grid = np.array([sample_shift, row << shift, column << shift], dtype=np.int64)
    most = int(LOOKS / (2 * _SUPPORT * radius / 2.0**sample_shift) ** 2) + 1

    def climb_on(room: Room, count: int, taken: int) -> tuple[int, int]:
        step = np.float32(-_HALF_LOG2_E / radius**2), np.float32((_SUPPORT * radius) ** 2), reach
        meeting = float((share * radius) ** 2), cell_of(share, lattice)
        resting = int(max_iter), float((tol * radius) ** 2)
        return _climb_on(rows.ravel(), rows.shape[2], pad, grid, *step, *meeting, *resting, *room, count, taken, most)

    return Climbs(climb_on, starts, 0, inside, lattice, max_iter, threads)
