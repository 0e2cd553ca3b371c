"""Mean-shift filtering by OpenCV's rule: square windows, whole pixels and grey levels, few steps.

No method uses it. It is the step of `meanshift_together` under the rule of ``cv2.pyrMeanShiftFiltering`` with
``maxLevel=0``, so that both can be measured, and their output compared, at equal work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.meanshift_together import Lattice, lay_out
from classicseg.parallel import chunks, for_chunks

_LANES, _ROWS = 8, 6  # windows of 17 and of 33 pixels fill blocks of this size best
_ROWS_AT_ONCE = 8


@kernel
def _square_step(rows, words, width, pad, radius, limit, y, x, a, b, c):
    """Mean place and colour, each rounded half to even, of the pixels in a square about (y, x) whose squared distance
    from the colour (a, b, c) is below `limit`; the colour itself, and a count of 0, where there is none.

    Sums share machine words as in `meanshift_together`.
    """
    fa, fb, fc = np.float32(a), np.float32(b), np.float32(c)
    near = np.float32(limit)
    one_row, three_rows = np.uintp(width), np.uintp(3 * width)
    none = np.int64(0)
    count, y_sum, x_sum = none, none, none
    a_sum, b_sum, c_sum = none, none, none
    for row in range(y - radius, y + radius + 1, _ROWS):
        line = (row + pad) * width
        last = y + radius - row
        for column in range(x - radius, x + radius + 1, _LANES):
            place, word = np.uintp(3 * line + column + pad), np.uintp(line + column + pad)
            wide = x + radius - column
            places, colors = np.int32(0), np.int64(0)
            for k in range(_LANES):
                p, w = place + np.uintp(k), word + np.uintp(k)
                reach = near if k <= wide else np.float32(0)
                for i in range(_ROWS):
                    da, db, dc = rows[p] - fa, rows[p + one_row] - fb, rows[p + one_row + one_row] - fc
                    inside = da * da + db * db + dc * dc < (reach if i <= last else np.float32(0))
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
    if count == 0:
        return count, y, x, a, b, c
    share = 1.0 / np.float64(count)
    return (
        count,
        np.int64(np.rint(y_sum * share)),
        np.int64(np.rint(x_sum * share)),
        np.int64(np.rint(a_sum * share)),
        np.int64(np.rint(b_sum * share)),
        np.int64(np.rint(c_sum * share)),
    )


@kernel
def _filter_rows(rows, words, width, pad, radius, limit, max_iter, least_move, first_row, last_row, filtered):
    """The colour (H, W, 3) at which the climb from each pixel of rows first_row..last_row-1 ends."""
    for row in range(first_row, last_row):
        for column in range(filtered.shape[1]):
            place = (row + pad) * 3 * width + column + pad
            y, x = row, column
            a, b, c = np.int64(rows[place]), np.int64(rows[place + width]), np.int64(rows[place + 2 * width])
            for _ in range(max_iter):
                count, y2, x2, a2, b2, c2 = _square_step(rows, words, width, pad, radius, limit, y, x, a, b, c)
                moved = abs(y2 - y) + abs(x2 - x) + (a2 - a) ** 2 + (b2 - b) ** 2 + (c2 - c) ** 2
                stays = y2 == y and x2 == x
                y, x, a, b, c = y2, x2, a2, b2, c2
                if count == 0 or stays or moved <= least_move:
                    break
            filtered[row, column, 0], filtered[row, column, 1], filtered[row, column, 2] = a, b, c


def filter_square(
    picture: NDArray[np.uint8], radius: int, color_radius: float, max_iter: int, least_move: float, threads: int
) -> NDArray[np.uint8]:
    """The filtered picture (H, W, 3) of ``cv2.pyrMeanShiftFiltering(picture, radius, color_radius, maxLevel=0)``.

    A step goes to the mean of the pixels at most `radius` rows and columns away whose colour lies at most
    round(color_radius^2) in squared distance away, rounded to whole pixels and levels. A climb ends when its place does
    not change, when |dy| + |dx| + |dcolour|^2 <= `least_move`, or after `max_iter` steps. O(N s radius^2).
    """
    height, width, _ = picture.shape
    planes = np.ascontiguousarray(np.moveaxis(picture, -1, 0), dtype=np.float32)
    inside = np.ones((height, width), dtype=bool)
    rows, words = lay_out(planes, inside, Lattice(0, 1.0, 1.0, np.zeros(3)), radius + 1, _ROWS, _LANES, threads)
    filtered = np.empty((height, width, 3), dtype=np.uint8)
    limit = int(np.rint(color_radius * color_radius)) + 1

    def work(_: int, first: int, last: int) -> None:
        _filter_rows(
            rows.ravel(), words.ravel(), rows.shape[2], radius + 1, int(radius), limit, int(max_iter),
            float(least_move), first, last, filtered,
        )  # fmt: skip

    for_chunks(work, chunks(height, _ROWS_AT_ONCE), threads)
    return filtered
