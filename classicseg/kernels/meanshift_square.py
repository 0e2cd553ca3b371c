"""Mean-shift filtering by OpenCV's rule: square windows, whole pixels and grey levels, few steps.

No method uses it. It is the window of `meanshift_lattice` under the rule of ``cv2.pyrMeanShiftFiltering`` with
``maxLevel=0``, so that both can be measured, and their output compared, at equal work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.meanshift_lattice import LANES, ROWS, Lattice, lay_out, sum_window
from classicseg.parallel import chunks, for_chunks

_ROWS_AT_ONCE = 8


@kernel
def _filter_rows(rows, width, pad, radius, limit, max_iter, least_move, down, across, first_row, last_row, filtered):
    """The colour (H, W, 3) at which the climb from each pixel of rows first_row..last_row-1 ends.

    A step goes to the mean place and colour, each rounded half to even, of the pixels in a square window whose squared
    distance in colour is below `limit`; where there is none, the climb ends. `down` and `across` are 0 in the window.
    """
    sums, here, there = np.empty(6, np.int64), np.empty(5, np.int64), np.empty(5, np.int64)
    for row in range(first_row, last_row):
        for column in range(filtered.shape[1]):
            place = (row + pad) * 3 * width + column + pad
            here[0], here[1] = row, column
            for d in range(3):
                here[2 + d] = rows[place + d * width]
            for _ in range(max_iter):
                corner = (here[0] - radius + pad) * 3 * width + here[1] - radius + pad
                a, b, c = np.int32(here[2]), np.int32(here[3]), np.int32(here[4])
                sum_window(rows, width, corner, down, across, a, b, c, limit, sums)
                count = sums[0]
                if count == 0:
                    break
                share = 1.0 / np.float64(count)
                sums[1] += (here[0] - radius) * count
                sums[2] += (here[1] - radius) * count
                for d in range(2, 5):
                    sums[1 + d] += here[d] * count
                for d in range(5):
                    there[d] = np.int64(np.rint(sums[1 + d] * share))
                stays = there[0] == here[0] and there[1] == here[1]
                moved = abs(there[0] - here[0]) + abs(there[1] - here[1])
                for d in range(2, 5):
                    moved += (there[d] - here[d]) ** 2
                here[:] = there
                if stays or moved <= least_move:
                    break
            for d in range(3):
                filtered[row, column, d] = here[2 + d]


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
    rows = lay_out(planes, inside, Lattice(0, 1.0, 1.0, np.zeros(3)), radius + 1, ROWS, LANES, threads)
    filtered = np.empty((height, width, 3), dtype=np.uint8)
    limit = np.int32(np.rint(color_radius * color_radius) + 1)
    side = 2 * radius + 1
    down, across = (np.full(-(-side // block) * block, limit, dtype=np.int32) for block in (ROWS, LANES))
    down[:side] = across[:side] = 0

    def work(_: int, first: int, last: int) -> None:
        _filter_rows(
            rows.ravel(), rows.shape[2], radius + 1, int(radius), limit, int(max_iter), float(least_move), down,
            across, first, last, filtered,
        )  # fmt: skip

    for_chunks(work, chunks(height, _ROWS_AT_ONCE), threads)
    return filtered
