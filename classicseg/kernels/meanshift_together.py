"""Mean shift on a lattice, whole numbers throughout: climbs that meet go on as one.

Positions and colours are rounded to a lattice on which both bandwidths are `radius` units long, so that a window is a
ball and its sums are exact in any order: that is what lets the loops run in vector registers without fast-math, and the
same numbers come out whatever the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import Progress, chunks, for_chunks

_LANES, _ROWS = 16, 8  # columns and rows of a window that are looked at together
_MOST_UNITS = 2048  # of a bandwidth: squares below 2^24 are exact in float32
_LEAST_UNITS = 128
_GREATEST_COLOR = 16383  # 16 x 8 of them add up to less than 2^21, and three such sums share one 64-bit word
_FAR = 100_000.0  # the colour of what does not count: farther from every colour than any bandwidth
_TILE = 64  # side of the squares of pixels whose climbs may meet
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Lattice:
    """How pixels become lattice points: `1 << shift` units a pixel, `radius` units a bandwidth.

    A colour c stands at round((c - lowest) * radius / range_bandwidth).
    """

    shift: int
    radius: float
    range_bandwidth: float
    lowest: NDArray[np.float64]

    @property
    def limit(self) -> int:
        """Whole squared distances below this are below radius^2."""
        return int(np.ceil(self.radius**2))

    @property
    def reach(self) -> int:
        """The greatest whole distance below the radius."""
        return int(np.ceil(self.radius)) - 1


def lattice_for(
    planes: NDArray[np.float32], inside: NDArray[np.bool_], spatial_bandwidth: float, range_bandwidth: float
) -> Lattice | None:
    """The finest lattice on which sums stay exact, or None where it would be too coarse or has too many planes.

    `planes` is (D, H, W) with D up to 3. Bandwidths are 128 to 2048 units long, for colours that span up to 128
    bandwidths.
    """
    if len(planes) > 3:
        return None
    samples = planes.reshape(len(planes), -1) if inside.all() else planes[:, inside]
    lowest = samples.min(axis=1).astype(np.float64)
    span = float((samples.max(axis=1) - lowest).max())
    units = min(_MOST_UNITS, _GREATEST_COLOR * range_bandwidth / span) if span else _MOST_UNITS
    shift = int(np.floor(np.log2(units / spatial_bandwidth)))
    radius = spatial_bandwidth * 2.0**shift
    farthest = (max(inside.shape) + 2 * spatial_bandwidth + _LANES) * 2.0**shift
    if shift < 0 or radius < _LEAST_UNITS or farthest >= 2**31:
        return None
    return Lattice(shift, radius, float(range_bandwidth), lowest)


@kernel
def _lay_out(planes, inside, lowest, scale, pad, first_row, last_row, rows, words):
    """Fill rows (H + padding, 3, W + padding) with lattice colours, and words with three of them packed together."""
    depth, _, width = planes.shape
    for row in range(first_row, last_row):
        for column in range(width):
            if not inside[row, column]:
                continue
            word = np.int64(0)
            for d in range(depth):
                value = np.floor((np.float64(planes[d, row, column]) - lowest[d]) * scale + 0.5)
                rows[row + pad, d, column + pad] = np.float32(value)
                word |= np.int64(value) << (21 * d)
            words[row + pad, column + pad] = word
            for d in range(depth, 3):
                rows[row + pad, d, column + pad] = np.float32(0.0)


@kernel
def _step(rows, words, width, pad, shift, limit, reach, blocks, y, x, a, b, c, there):
    """Set `there` to the mean of the lattice points in a ball about (y, x, a, b, c), rounded to the lattice.

    A point counts where dy^2 + dx^2 + da^2 + db^2 + dc^2 < limit. Sixteen columns of eight rows are looked at together;
    their sums are whole numbers, several to a machine word: count + 2^8 sum k + 2^20 sum i of the columns k and rows i,
    and the three colours 21 bits apart.
    """
    side = 1 << shift
    top, bottom, left = (y - reach + side - 1) >> shift, (y + reach) >> shift, (x - reach + side - 1) >> shift
    fa, fb, fc, unit = np.float32(a), np.float32(b), np.float32(c), np.float32(side)
    one_row, three_rows = np.uintp(width), np.uintp(3 * width)
    none = np.int64(0)
    count, y_sum, x_sum = none, none, none
    a_sum, b_sum, c_sum = none, none, none
    for row in range(top, bottom + 1, _ROWS):
        line = (row + pad) * width
        away = (row << shift) - y
        for block in range(blocks):
            column = left + _LANES * block
            place, word = np.uintp(3 * line + column + pad), np.uintp(line + column + pad)
            start = np.float32((column << shift) - x)
            places, colors = np.int32(0), np.int64(0)
            for k in range(_LANES):
                across = start + np.float32(k) * unit
                squared = across * across
                p, w = place + np.uintp(k), word + np.uintp(k)
                for i in range(_ROWS):
                    da, db, dc = rows[p] - fa, rows[p + one_row] - fb, rows[p + one_row + one_row] - fc
                    near = np.float32(limit - (away + i * side) * (away + i * side))
                    inside = squared + da * da + db * db + dc * dc < near
                    places = np.int32(places + (np.int32(1 + (k << 8) + (i << 20)) if inside else np.int32(0)))
                    colors += words[w] if inside else 0
                    p += three_rows
                    w += one_row
            found = places & 255
            count += found
            x_sum += ((places >> 8) & 4095) + column * found
            y_sum += (places >> 20) + row * found
            a_sum += colors & 0x1FFFFF
            b_sum += (colors >> 21) & 0x1FFFFF
            c_sum += colors >> 42
    there[0], there[1], there[2], there[3], there[4] = y, x, a, b, c
    if count > 0:  # else all points lie at the very edge of the window, and rounding moved them out
        n = np.float64(count)
        there[0], there[1] = np.int64(np.floor(side * y_sum / n + 0.5)), np.int64(np.floor(side * x_sum / n + 0.5))
        there[2], there[3] = np.int64(np.floor(a_sum / n + 0.5)), np.int64(np.floor(b_sum / n + 0.5))
        there[4] = np.int64(np.floor(c_sum / n + 0.5))


@kernel
def _squared_distance(states, one, other):
    total = np.int64(0)
    for d in range(5):
        difference = np.int64(states[one, d]) - np.int64(states[other, d])
        total += difference * difference
    return total


@kernel
def begin_climbs(rows, width, inside, pad, shift, tile, states, active, joined, steps, rests):
    """Put a climb at each pixel inside of a tile (first row, last row, first column, last column); how many there are.

    `active` numbers them in raster order of the tile, whose pixel (r, c) has the number r * columns + c.
    """
    across, count = tile[3] - tile[2], 0
    for row in range(tile[0], tile[1]):
        for column in range(tile[2], tile[3]):
            if not inside[row, column]:
                continue
            climb = (row - tile[0]) * across + column - tile[2]
            active[count], joined[climb] = climb, climb
            count += 1
            place = (row + pad) * 3 * width + column + pad
            states[climb, 0], states[climb, 1] = row << shift, column << shift
            for d in range(3):
                states[climb, 2 + d] = np.int32(rows[place + d * width])
            steps[row, column], rests[row, column] = 0, False
    return count


@kernel
def meet(states, active, count, cell, share, heads, following, joined):
    """Of the climbs active[:count], keep those that met no earlier one; the others are `joined` to the one they met.

    Two meet in one square of 2^cell units, at a squared distance below `share`. A square's climbs are chained through
    `following`, from the latest to the first; squares may share a chain, since distance decides.
    """
    heads[:] = -1
    mask, kept = len(heads) - 1, 0
    for i in range(count):
        climb = active[i]
        square = ((states[climb, 0] >> cell) * 73 + (states[climb, 1] >> cell)) & mask
        other = heads[square]
        while other >= 0 and _squared_distance(states, climb, other) >= share:
            other = following[other]
        if other >= 0:
            joined[climb] = other
        else:
            following[climb], heads[square] = heads[square], climb
            active[kept] = climb
            kept += 1
    return kept


@kernel
def move(states, climb, tile, tol, taken, there, steps, rests):
    """Move a climb to the lattice point `there`, and say whether it goes on: it moved farther than sqrt(tol) units."""
    moved = 0.0
    for d in range(5):
        moved += np.float64(there[d] - states[climb, d]) * np.float64(there[d] - states[climb, d])
        states[climb, d] = there[d]
    across = tile[3] - tile[2]
    row, column = tile[0] + climb // across, tile[2] + climb % across
    steps[row, column], rests[row, column] = taken, moved <= tol
    return moved > tol


@kernel
def end_climbs(inside, tile, states, joined, units, origin, modes, steps, rests):
    """Write the place origin + units * lattice point at which each climb of a tile ended to `modes` (H, W, 2 + D)."""
    across = tile[3] - tile[2]
    for row in range(tile[0], tile[1]):
        for column in range(tile[2], tile[3]):
            if not inside[row, column]:
                continue
            # The climb that was met is of an earlier pixel, whose own end is known by now.
            climb = joined[(row - tile[0]) * across + column - tile[2]]
            r, c = tile[0] + climb // across, tile[2] + climb % across
            if r == row and c == column:
                for d in range(len(units)):
                    modes[row, column, d] = np.float32(origin[d] + units[d] * states[climb, d])
            else:
                for d in range(len(units)):
                    modes[row, column, d] = modes[r, c, d]
                steps[row, column], rests[row, column] = steps[r, c], rests[r, c]


@kernel
def _climb_tile(
    rows, words, width, inside, pad, shift, limit, reach, blocks, share, cell, max_iter, tol, tile, states, scratch,
    units, origin, modes, steps, rests,
):  # fmt: skip
    """Climb from the pixels of a tile, all together step by step; before each, those that meet are joined."""
    active, joined, following, heads = scratch[0], scratch[1], scratch[2], scratch[3]
    count = begin_climbs(rows, width, inside, pad, shift, tile, states, active, joined, steps, rests)
    there = np.empty(5, np.int64)
    taken = 0
    while count > 0 and taken < max_iter:
        taken += 1
        count = meet(states, active, count, cell, share, heads, following, joined)
        kept = 0
        for i in range(count):
            here = states[active[i]]
            _step(
                rows, words, width, pad, shift, limit, reach, blocks, np.int64(here[0]), np.int64(here[1]), here[2],
                here[3], here[4], there,
            )  # fmt: skip
            if move(states, active[i], tile, tol, taken, there, steps, rests):
                active[kept] = active[i]
                kept += 1
        count = kept
    end_climbs(inside, tile, states, joined, units, origin, modes, steps, rests)


def climb_together(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    share: float,
    max_iter: int,
    tol: float,
    threads: int,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]:
    """Modes (H, W, 2 + D), steps and rests of Epanechnikov climbs from every pixel of planes (D, H, W), D up to 3.

    Before each step, climbs of one tile of 64 x 64 pixels that lie within `share` bandwidths of each other go on as
    one. A pixel rests when a step moves it by at most `tol` bandwidths.
    """
    radius, shift = lattice.radius, lattice.shift
    pad = (lattice.reach >> shift) + 2
    rows, words = lay_out(planes, inside, lattice, pad, _ROWS, _LANES, threads)
    blocks = -(-int(np.ceil(2 * radius / 2.0**shift)) // _LANES)

    def climb_tile(tile: NDArray[np.int64], states: NDArray[np.int32], scratch: NDArray[np.int32], *ends: Any) -> None:
        _climb_tile(
            rows.ravel(), words.ravel(), rows.shape[2], inside, pad, shift, lattice.limit, lattice.reach, blocks,
            float((share * radius) ** 2), cell_of(share, lattice), int(max_iter), float((tol * radius) ** 2),
            tile, states, scratch, *ends,
        )  # fmt: skip

    return for_tiles(climb_tile, inside, lattice, threads, progress)


def cell_of(share: float, lattice: Lattice) -> int:
    """Climbs that share that many bandwidths meet in squares of 2^cell units."""
    return int(np.ceil(np.log2(max(share * lattice.radius, 1.0))))


def for_tiles(
    climb_tile: Callable[..., None],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    threads: int,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]:
    """Modes, steps and rests by calls of ``climb_tile(tile, states, scratch, units, origin, modes, steps, rests)``."""
    height, width = inside.shape
    depth = len(lattice.lowest)
    units = np.array([2.0**-lattice.shift] * 2 + [lattice.range_bandwidth / lattice.radius] * depth)
    origin = np.concatenate([[0.0, 0.0], lattice.lowest])
    modes = np.zeros((height, width, 2 + depth), dtype=np.float32)
    steps, rests = np.zeros(inside.shape, dtype=np.int32), np.ones(inside.shape, dtype=bool)
    corners = [(row, column) for row in range(0, height, _TILE) for column in range(0, width, _TILE)]

    def work(_: int, first: int, __: int) -> None:
        row, column = corners[first]
        tile = np.array([row, min(row + _TILE, height), column, min(column + _TILE, width)], dtype=np.int64)
        states, scratch = np.empty((_TILE**2, 5), dtype=np.int32), np.empty((4, _TILE**2), dtype=np.int32)
        climb_tile(tile, states, scratch, units, origin, modes, steps, rests)

    for_chunks(work, chunks(len(corners), 1), threads, progress)
    return modes, steps, rests


def lay_out(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    pad: int,
    more_rows: int,
    more_columns: int,
    threads: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows (H + ., 3, W + .) of lattice colours, and words (H + ., W + .) with three of them 21 bits apart.

    There are `pad` rows and columns on each side for windows that reach beyond the picture, and `more` for blocks that
    reach beyond the windows.
    """
    height, width = inside.shape
    shape = (height + 2 * pad + more_rows, width + 2 * pad + more_columns)
    rows = np.full((shape[0], 3, shape[1]), _FAR, dtype=np.float32)
    words = np.zeros(shape, dtype=np.int64)
    scale = lattice.radius / lattice.range_bandwidth

    def work(_: int, first: int, last: int) -> None:
        _lay_out(planes, inside, lattice.lowest, float(scale), pad, first, last, rows, words)

    for_chunks(work, chunks(height, _ROWS_AT_ONCE), threads)
    return rows, words
