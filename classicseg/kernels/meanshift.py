"""Mean shift as it is written down: each pixel climbs alone, in float64, whatever the bands and the bandwidths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.parallel import Progress, chunks, for_chunks

_ROWS_AT_ONCE = 1  # a row with a wide window takes long enough, and Ctrl-C waits for the rows begun

# Support of each kernel in squared bandwidths: Epanechnikov's own, and 3 standard deviations of the Gaussian.
_SUPPORT = {"epanechnikov": 1.0, "gaussian": 9.0}


@kernel
def _climb_rows(
    colors, inside, spatial, range_, support, gaussian, max_iter, tol, first_row, last_row, modes, steps, converged
):
    """Climb from every pixel of rows first_row..last_row-1.

    With u = |p - q|^2 / spatial^2 + |c(p) - c(q)|^2 / range_^2, a step goes to the mean of all (p, c(p)) weighted by 1
    where u < 1 (Epanechnikov), or by exp(-u / 2) where u < 9 (Gaussian).
    """
    height, width, depth = colors.shape
    inverse_spatial, inverse_range = 1.0 / (spatial * spatial), 1.0 / (range_ * range_)
    stretch = (spatial * spatial) * inverse_range
    edge = support * (spatial * spatial)  # of u, in squared pixels, so that whole numbers of pixels stay whole
    here, mean = np.empty(2 + depth, np.float64), np.empty(2 + depth, np.float64)
    for row in range(first_row, last_row):
        for column in range(width):
            if not inside[row, column]:
                continue
            here[0], here[1] = row, column
            for d in range(depth):
                here[2 + d] = colors[row, column, d]
            count, done = 0, False
            while count < max_iter and not done:
                count += 1
                weight_sum = 0.0
                mean[:] = 0.0
                reach = spatial * np.sqrt(support)
                for r in range(
                    max(0, int(np.ceil(here[0] - reach))), min(height - 1, int(np.floor(here[0] + reach))) + 1
                ):
                    away = (r - here[0]) * (r - here[0])
                    half = np.sqrt(max(0.0, edge - away)) + 1e-6  # u decides; rounding must drop none
                    for c in range(
                        max(0, int(np.ceil(here[1] - half))), min(width - 1, int(np.floor(here[1] + half))) + 1
                    ):
                        color_distance = 0.0
                        for d in range(depth):
                            difference = colors[r, c, d] - here[2 + d]
                            color_distance += difference * difference
                        squared = away + (c - here[1]) * (c - here[1]) + color_distance * stretch
                        if squared >= edge or not inside[r, c]:
                            continue
                        weight = np.exp(-0.5 * squared * inverse_spatial) if gaussian else 1.0
                        weight_sum += weight
                        mean[0] += weight * r
                        mean[1] += weight * c
                        for d in range(depth):
                            mean[2 + d] += weight * colors[r, c, d]
                if weight_sum == 0.0:  # all points lie at the very edge of the window, and rounding moved them out
                    for d in range(2 + depth):
                        mean[d] = here[d]
                    weight_sum = 1.0
                moved = 0.0
                for d in range(2 + depth):
                    mean[d] /= weight_sum
                    move = (mean[d] - here[d]) * (mean[d] - here[d])
                    moved += move * (inverse_spatial if d < 2 else inverse_range)
                    here[d] = mean[d]
                done = moved <= tol * tol
            for d in range(2 + depth):
                modes[row, column, d] = here[d]
            steps[row, column] = count
            converged[row, column] = done


def climb(
    colors: NDArray[np.float32],
    inside: NDArray[np.bool_],
    spatial_bandwidth: float,
    range_bandwidth: float,
    kernel_name: str,
    max_iter: int,
    tol: float,
    threads: int,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.bool_]]:
    """The mode that each pixel climbs to: (row, column, colour), the steps it took, and whether it came to rest.

    `colors` is (H, W, D) C-contiguous. A pixel rests when a step moves it by at most `tol` bandwidths. Work is the
    number of pixels, times their steps, times the pixels within the spatial bandwidth.
    """
    modes = np.zeros((*inside.shape, 2 + colors.shape[2]), dtype=np.float64)
    steps = np.zeros(inside.shape, dtype=np.int32)
    converged = np.ones(inside.shape, dtype=bool)

    def work(_: int, first_row: int, last_row: int) -> None:
        _climb_rows(
            colors, inside, float(spatial_bandwidth), float(range_bandwidth), _SUPPORT[kernel_name],
            kernel_name == "gaussian", int(max_iter), float(tol), first_row, last_row, modes, steps, converged,
        )  # fmt: skip

    for_chunks(work, chunks(len(inside), _ROWS_AT_ONCE), threads, progress)
    return modes, steps, converged
