"""Pixels as points of a lattice of whole numbers, and the sums over those in a window.

Positions and colours are rounded to a lattice on which both bandwidths are `radius` units long, so that a window is a
ball and its sums are exact in any order: that is what lets the loops run in vector registers without fast-math, and the
same numbers come out whatever the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import chunks, for_chunks

# Columns and rows of a window that are looked at together: all numbers of a block have 32 bits, so that 16 columns fill
# a register; more rows need more registers than there are.
LANES, ROWS = 16, 4
_MOST_UNITS = 2048  # of a bandwidth
_LEAST_UNITS = 128
_GREATEST_COLOR = 16383  # three squared differences of them add up to less than 2^30
# The first colour of what does not count: farther than three bandwidths from all colours, with a square that adds up
# to less than 2^31 with two more.
_FAR = 24_000
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
    farthest = (max(inside.shape) + 2 * spatial_bandwidth + LANES) * 2.0**shift
    if shift < 0 or radius < _LEAST_UNITS or farthest >= 2**31:
        return None
    return Lattice(shift, radius, float(range_bandwidth), lowest)


@kernel
def _lay_out(planes, inside, lowest, scale, pad, first_row, last_row, rows):
    """Fill rows (H + padding, 3, W + padding) with lattice colours, or with `_FAR` where a pixel is not inside."""
    width = planes.shape[2]
    for row in range(first_row, last_row):
        there = inside[row]
        for d in range(planes.shape[0]):
            line, low = planes[d, row], lowest[d]
            target = rows[row + pad, d, pad : pad + width]
            far = np.int16(_FAR if d == 0 else 0)
            for column in range(width):
                value = np.float64(line[column]) - low if there[column] else 0.0
                target[column] = np.int16(np.floor(value * scale + 0.5)) if there[column] else far


def lay_out(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    lattice: Lattice,
    pad: int,
    more_rows: int,
    more_columns: int,
    threads: int,
) -> NDArray[np.int16]:
    """Rows (H + ., 3, W + .) of lattice colours; planes beyond the picture's own are 0.

    There are `pad` rows and columns on each side for windows that reach beyond the picture, and `more` for blocks that
    reach beyond the windows.
    """
    height, width = inside.shape
    rows = np.zeros((height + 2 * pad + more_rows, 3, width + 2 * pad + more_columns), dtype=np.int16)
    rows[:, 0] = _FAR
    scale = lattice.radius / lattice.range_bandwidth

    def work(_: int, first: int, last: int) -> None:
        _lay_out(planes, inside, lattice.lowest, float(scale), pad, first, last, rows)

    for_chunks(work, chunks(height, _ROWS_AT_ONCE), threads)
    return rows


@kernel
def sum_window(rows, width, corner, down, across, a, b, c, limit, sums):
    """Set `sums` to those over a window: count, rows, columns, and differences from the colour (a, b, c).

    A point at row i and column j of the window, whose first stands at rows[corner], counts where
    down[i] + across[j] + da^2 + db^2 + dc^2 < limit. The window has a multiple of `ROWS` rows and of `LANES` columns.
    Places share one number: count + 2^8 sum k + 2^20 sum i of the columns k and rows i of a block.
    """
    one_row, three_rows, zero = np.uintp(width), np.uintp(3 * width), np.int32(0)
    sums[:] = 0
    for row in range(0, len(down), ROWS):
        for column in range(0, len(across), LANES):
            place = np.uintp(corner + row * 3 * width + column)
            places, a_sum, b_sum, c_sum = zero, zero, zero, zero
            for k in range(LANES):
                p, before = place + np.uintp(k), across[np.uintp(column) + np.uintp(k)]
                found, a_rows, b_rows, c_rows = zero, zero, zero, zero
                for i in range(ROWS):
                    da, db = np.int32(rows[p] - a), np.int32(rows[p + one_row] - b)
                    dc = np.int32(rows[p + one_row + one_row] - c)
                    near = np.int32(limit - down[np.uintp(row) + np.uintp(i)])
                    squared = np.int32(np.int32(da * da + db * db) + np.int32(dc * dc + before))
                    inside = squared < near
                    found = np.int32(found + (np.int32(1 + (i << 20)) if inside else zero))
                    a_rows = np.int32(a_rows + (da if inside else zero))
                    b_rows = np.int32(b_rows + (db if inside else zero))
                    c_rows = np.int32(c_rows + (dc if inside else zero))
                    p += three_rows
                places = np.int32(places + np.int32(found + np.int32((found & 255) * np.int32(k << 8))))
                a_sum, b_sum = np.int32(a_sum + a_rows), np.int32(b_sum + b_rows)
                c_sum = np.int32(c_sum + c_rows)
            count = np.int64(places & 255)
            sums[0] += count
            sums[1] += (places >> 20) + row * count
            sums[2] += ((places >> 8) & 4095) + column * count
            sums[3] += a_sum
            sums[4] += b_sum
            sums[5] += c_sum
