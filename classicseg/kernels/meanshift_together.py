"""Mean shift on a lattice, whole numbers throughout: climbs that meet go on as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import get_ident

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.meanshift_lattice import LANES, ROWS, Lattice, lay_out, sum_window
from classicseg.parallel import Progress, chunks, for_chunks

_TILE = 64  # side of the squares of pixels whose climbs may meet
LOOKS = 1 << 28  # at pixels, about a tenth of a second: then a tile takes a breath, in which it may be stopped

# What the climbs of a tile need: their states, their next states, and lists (see `begin_climbs` and `meet`).
Room = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
# Where climbs end, the steps that each took, and whether it came to rest.
Ends = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]


@kernel
def _step(rows, width, pad, shift, limit, reach, down, across, sums, states, climb, there, place):
    """Set there[place] to the mean of the lattice points in a ball about states[climb], rounded to the lattice.

    A point counts where dy^2 + dx^2 + da^2 + db^2 + dc^2 < limit.
    """
    side, y, x = 1 << shift, np.int64(states[climb, 0]), np.int64(states[climb, 1])
    a, b, c = states[climb, 2], states[climb, 3], states[climb, 4]
    top, left = (y - reach + side - 1) >> shift, (x - reach + side - 1) >> shift
    for i in range(len(down)):
        away = ((top + i) << shift) - y
        down[i] = np.int32(min(away * away, limit))
    for i in range(len(across)):
        away = ((left + i) << shift) - x
        across[i] = np.int32(min(away * away, limit))
    corner = (top + pad) * 3 * width + left + pad
    sum_window(rows, width, corner, down, across, a, b, c, np.int32(limit), sums)
    count = sums[0]
    for d in range(5):
        there[place, d] = states[climb, d]
    if count > 0:  # else all points lie at the very edge of the window, and rounding moved them out
        n = np.float64(count)
        there[place, 0] = np.int32(np.floor(side * (sums[1] + top * count) / n + 0.5))
        there[place, 1] = np.int32(np.floor(side * (sums[2] + left * count) / n + 0.5))
        for d in range(2, 5):
            there[place, d] += np.int32(np.floor(sums[1 + d] / n + 0.5))


@kernel
def begin_climbs(rows, width, inside, pad, shift, tile, states, lists):
    """Put a climb at each pixel inside of a tile (first row, last row, first column, last column); how many there are.

    Pixel (r, c) of the tile has the climb r * columns + c. The first of the lists holds the climbs that are active, in
    rising order; the second, for each, the climb that it goes on as.
    """
    active, joined = lists[0], lists[1]
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
                states[climb, 2 + d] = rows[place + d * width]
    return count


@kernel
def _squared_distance(states, one, other):
    total = np.int64(0)
    for d in range(5):
        difference = np.int64(states[one, d]) - np.int64(states[other, d])
        total += difference * difference
    return total


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
def move(states, active, count, there, tol, taken, ended):
    """Move climbs active[:count] to the lattice points `there`, and keep those that moved farther than sqrt(tol).

    `ended` is the steps that each has taken, below 0 where it does not rest.
    """
    kept = 0
    for i in range(count):
        climb, moved = active[i], 0.0
        for d in range(5):
            difference = np.float64(there[i, d] - states[climb, d])
            moved += difference * difference
            states[climb, d] = there[i, d]
        goes_on = moved > tol
        ended[climb] = -taken if goes_on else taken
        active[kept] = climb  # overwritten by the next one if it rests: a branch would be guessed wrong often
        kept += 1 if goes_on else 0
    return kept


@kernel
def end_climbs(inside, tile, states, lists, units, origin, ends, modes, steps, rests):
    """Write the place origin + units * lattice point at which each climb of a tile ended to `modes` (H, W, 2 + D).

    Where these have fewer planes, the first of a place are left out. `ends` is room for these places.
    """
    joined, ended = lists[1], lists[4]
    left_out = len(units) - modes.shape[2]
    across = tile[3] - tile[2]
    for row in range(tile[0], tile[1]):
        for column in range(tile[2], tile[3]):
            if not inside[row, column]:
                continue
            climb = (row - tile[0]) * across + column - tile[2]
            # The climb that was met is of an earlier pixel, whose own end is known by now.
            last = joined[joined[climb]]
            if last == climb:
                for d in range(len(units)):
                    ends[climb, d] = np.float32(origin[d] + units[d] * states[climb, d])
            joined[climb] = last
            for d in range(modes.shape[2]):
                modes[row, column, d] = ends[last, left_out + d]
            steps[row, column], rests[row, column] = abs(ended[last]), ended[last] > 0


@kernel
def _climb_on(
    rows, width, pad, shift, limit, reach, share, cell, max_iter, tol, down, across, sums, states, there, lists,
    count, taken, most,
):  # fmt: skip
    """Go on with `count` climbs of a tile that have taken `taken` steps; before each step, those that meet are joined.

    Stops when all rest, after `max_iter` steps in all, or when `most` pixels were looked at.
    """
    active, joined, following, heads = lists[0], lists[1], lists[2], lists[3]
    while count > 0 and taken < max_iter and most > 0:
        taken += 1
        count = meet(states, active, count, cell, share, heads, following, joined)
        for i in range(count):
            _step(rows, width, pad, shift, limit, reach, down, across, sums, states, active[i], there, i)
        most -= count * len(down) * len(across)
        count = move(states, active, count, there, tol, taken, lists[4])
    return count, taken


def climb_together(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    share: float,
    max_iter: int,
    tol: float,
    threads: int,
    progress: Progress | None = None,
) -> Ends:
    """Modes (H, W, 2 + D), steps and rests of Epanechnikov climbs from every pixel of planes (D, H, W), D up to 3.

    Before each step, climbs of one tile of 64 x 64 pixels that lie within `share` bandwidths of each other go on as
    one. A pixel rests when a step moves it by at most `tol` bandwidths.
    """
    return climbs_together(planes, inside, lattice, share, max_iter, tol, threads)(True, progress)


def climbs_together(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    share: float,
    max_iter: int,
    tol: float,
    threads: int,
) -> Climbs:
    """The climbs of `climb_together`, ready to go: `planes` are laid out on the lattice and needed no more."""
    radius, shift = lattice.radius, lattice.shift
    pad = (lattice.reach >> shift) + 2
    rows = lay_out(planes, inside, lattice, pad, ROWS, LANES, threads)
    wide = int(np.ceil(2 * radius / 2.0**shift))  # no window meets more rows or columns
    high, broad = -(-wide // ROWS) * ROWS, -(-wide // LANES) * LANES

    def climb_on(room: Room, count: int, taken: int) -> tuple[int, int]:
        down, across, sums = np.empty(high, np.int32), np.empty(broad, np.int32), np.empty(6, np.int64)
        return _climb_on(
            rows.ravel(), rows.shape[2], pad, shift, lattice.limit, lattice.reach, float((share * radius) ** 2),
            cell_of(share, lattice), int(max_iter), float((tol * radius) ** 2), down, across, sums,
            *room, count, taken, LOOKS,
        )  # fmt: skip

    return Climbs(climb_on, rows, pad, inside, lattice, max_iter, threads)


def cell_of(share: float, lattice: Lattice) -> int:
    """Climbs that share that many bandwidths meet in squares of 2^cell units."""
    return int(np.ceil(np.log2(max(share * lattice.radius, 1.0))))


@dataclass(frozen=True, eq=False)
class Climbs:
    """Climbs from all pixels of a picture, tile by tile.

    Attributes
    ----------
    climb_on : callable
        ``climb_on(room, count, taken)`` goes on for a while with the `count` climbs of a tile that have `taken` steps
        behind them, and gives both numbers anew.
    starts : (H + ., 3, W + .) array
        The lattice colours that climbs start from, with `pad` rows and columns around.
    """

    climb_on: Callable[[Room, int, int], tuple[int, int]]
    starts: NDArray[np.int16]
    pad: int
    inside: NDArray[np.bool_]
    lattice: Lattice
    max_iter: int
    threads: int

    def __call__(self, places: bool, progress: Progress | None = None) -> Ends:
        """Where the climbs end: colours (H, W, D), or modes (H, W, 2 + D) with `places`; steps; and rests."""
        climb_on, inside, max_iter = self.climb_on, self.inside, self.max_iter
        height, width = inside.shape
        depth = len(self.lattice.lowest)
        units = np.array([2.0**-self.lattice.shift] * 2 + [self.lattice.range_bandwidth / self.lattice.radius] * depth)
        origin = np.concatenate([[0.0, 0.0], self.lattice.lowest])
        modes = np.zeros((height, width, 2 * places + depth), dtype=np.float32)
        steps, rests = np.zeros(inside.shape, dtype=np.int32), np.ones(inside.shape, dtype=bool)
        corners = [(row, column) for row in range(0, height, _TILE) for column in range(0, width, _TILE)]
        caller, shown, stopped = get_ident(), 0.0, False

        def report(share: float) -> None:
            nonlocal shown
            shown = share
            if progress is not None:
                progress(share)

        def climb_all(room: Room, count: int) -> None:
            nonlocal stopped
            taken = 0
            try:
                while count > 0 and taken < max_iter and not stopped:
                    count, taken = climb_on(room, count, taken)
                    if count > 0 and get_ident() == caller:
                        report(shown)  # which may raise, to stop it all
            except BaseException:
                stopped = True
                raise

        def work(_: int, first: int, __: int) -> None:
            row, column = corners[first]
            tile = np.array([row, min(row + _TILE, height), column, min(column + _TILE, width)], dtype=np.int64)
            states, there = np.empty((_TILE**2, 5), dtype=np.int32), np.empty((_TILE**2, 5), dtype=np.int32)
            lists = np.zeros((5, _TILE**2), dtype=np.int32)
            ends = np.empty((_TILE**2, 2 + depth), dtype=np.float32)
            place = self.starts.ravel(), self.starts.shape[2], inside, self.pad, self.lattice.shift
            climb_all((states, there, lists), begin_climbs(*place, tile, states, lists))
            end_climbs(inside, tile, states, lists, units, origin, ends, modes, steps, rests)

        for_chunks(work, chunks(len(corners), 1), self.threads, None if progress is None else report)
        return modes, steps, rests
