"""Quickshift: a density at each pixel, and for each pixel the nearest one of higher density.

Both loops see the picture as one line: its rows one after the other, with a gap of fillers after each row, before and
after them all. A step of the window then is one number, the same at every pixel, and the loop over a strip of the line
vectorises. Nothing asks where the picture or the mask ends, since a filler is so far away in colour that it weighs
nothing, and has a density below all others.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp2_32
from classicseg.parallel import Progress, chunks, for_chunks

_LONGEST_STRIP = 512  # with its buffers it stays in the first cache
_LANES = 16  # strips are multiples of this, so that vectors of the costly loop leave no remainder
_ROWS_AT_ONCE = 16
_FILLER = np.float32(1e6)  # colours are below 1000; its square times any of our factors is a finite float32
_NO_DENSITY = np.int32(-1)
# Steps up to this squared length are looked at for whole strips; most pixels find their parent there. The rest goes on
# alone, by rising length. (On photographs, at scikit-image's defaults, 2 to 5 of 100 pixels do.)
_NEAR = 8
_HALF = np.float32(0.5)


@kernel
def _square_distances(planes, here, there, square, distances):
    """distances[i] = square + sum over d of (planes[d, here + i] - planes[d, there + i])^2, in this order."""
    size = distances.size
    if planes.shape[0] == 3:
        p0, q0 = planes[0, here : here + size], planes[0, there : there + size]
        p1, q1 = planes[1, here : here + size], planes[1, there : there + size]
        p2, q2 = planes[2, here : here + size], planes[2, there : there + size]
        for i in range(size):
            x, y, z = p0[i] - q0[i], p1[i] - q1[i], p2[i] - q2[i]
            distances[i] = square + x * x + y * y + z * z
    else:
        distances[:] = square
        for d in range(planes.shape[0]):
            p, q = planes[d, here : here + size], planes[d, there : there + size]
            for i in range(size):
                x = p[i] - q[i]
                distances[i] += x * x


@kernel
def _weight(distance, factor, scale):
    """scale exp(-distance / (2 kernel_size^2)), rounded to an integer; factor = -log2(e) / (2 kernel_size^2)."""
    return np.int32(exp2_32(distance * factor) * scale + _HALF)


@kernel
def _add_weights(planes, steps, factor, scale, stride, size, first, rows, sums):
    """Add the weight of each pair (p, p + step) to the sums of both, for p in strips of `size`, one in each of `rows`.

    The uppermost strip stands at `first` in the line, and at sums[0, reach] for a window of `reach` columns each way.
    `steps` (n, 3) are that half of the window which comes later in the line: rows, columns, squared length.
    """
    distances, own = np.empty(size, np.float32), np.empty(size, np.int32)
    reach = (sums.shape[1] - size) // 2
    three = planes.shape[0] == 3
    for row in range(rows):
        here = first + row * stride
        own[:] = 0
        for k in range(len(steps)):
            down, right, square = steps[k, 0], steps[k, 1], np.float32(steps[k, 2])
            there = here + down * stride + right
            theirs = sums[row + down, reach + right : reach + right + size]
            if three:  # the loop of `_square_distances` in one with the next: a quarter of the time
                p0, q0 = planes[0, here : here + size], planes[0, there : there + size]
                p1, q1 = planes[1, here : here + size], planes[1, there : there + size]
                p2, q2 = planes[2, here : here + size], planes[2, there : there + size]
                for i in range(size):
                    x, y, z = p0[i] - q0[i], p1[i] - q1[i], p2[i] - q2[i]
                    weight = _weight(square + x * x + y * y + z * z, factor, scale)
                    own[i] += weight
                    theirs[i] += weight
            else:
                _square_distances(planes, here, there, square, distances)
                for i in range(size):
                    weight = _weight(distances[i], factor, scale)
                    own[i] += weight
                    theirs[i] += weight
        ours = sums[row, reach : reach + size]
        for i in range(size):  # a loop: the same on slices takes two seconds longer to compile
            ours[i] += own[i]


@kernel
def _link_strips(planes, densities, near, far, stride, size, start, first, rows, column, parents, distances):
    """The parent of each pixel in strips of `size`, and the distance to it; pixels without one are left as they are.

    A strip begins at `column` of each row from `first` to first + rows - 1, the first one at `start` in the line.
    Higher is the density that is greater, or equal and earlier in the line; of equally near pixels the earliest wins.
    Steps, as rows, columns, squared length: `near` in raster order, `far` by rising length.
    """
    width = parents.shape[1]
    apart, best = np.empty(size, np.float32), np.empty(size, np.float32)
    moves = np.empty(size, np.int32)  # to the best, in raster order
    for row in range(first, first + rows):
        here = start + (row - first) * stride
        best[:] = np.inf
        moves[:] = 0
        ours = densities[here : here + size]
        for k in range(len(near)):
            there = here + near[k, 0] * stride + near[k, 1]
            move = np.int32(near[k, 0] * width + near[k, 1])
            later = np.int32(move > 0)
            theirs = densities[there : there + size]
            _square_distances(planes, here, there, np.float32(near[k, 2]), apart)
            for i in range(size):
                nearer = (theirs[i] >= np.int32(ours[i] + later)) & (apart[i] < best[i])
                best[i] = apart[i] if nearer else best[i]
                moves[i] = move if nearer else moves[i]
        for i in range(min(size, width - column)):
            if ours[i] >= 0:
                square, move = _look_further(planes, densities, far, stride, width, here + i, best[i], moves[i])
                if move != 0:
                    parents[row, column + i] = row * width + column + i + move
                    distances[row, column + i] = np.sqrt(square)


@kernel
def _look_further(planes, densities, far, stride, width, here, best, best_move):
    """The nearest pixel of higher density: its squared distance and how far it is away in raster order."""
    for k in range(len(far)):
        square = np.float32(far[k, 2])
        if square > best:
            break
        there, move = here + far[k, 0] * stride + far[k, 1], np.int32(far[k, 0] * width + far[k, 1])
        if densities[there] < densities[here] + np.int32(move > 0):
            continue
        for d in range(planes.shape[0]):
            x = planes[d, here] - planes[d, there]
            square += x * x
        if square < best or (square == best and move < best_move):
            best, best_move = square, move
    return best, best_move


@kernel
def _hang(parents, distances, longest, trees):
    """trees[p] = the pixel at which the walk along links of at most `longest` ends; returns the number of such ends."""
    count = 0
    for start in range(trees.size):
        end = start
        while trees[end] < 0 and parents[end] != end and distances[end] <= longest:
            end = parents[end]
        if trees[end] < 0:
            trees[end] = end
            count += 1
        end = trees[end]
        node = start
        while trees[node] < 0:  # everything on the way hangs there too, and is not walked again
            trees[node] = end
            node = parents[node]
    return count


class Tree(NamedTuple):
    """What quickshift finds, as arrays (H, W). A pixel outside the mask is a root by itself, of density 0."""

    parents: NDArray[np.int32]  # raster index of the parent; a root is its own
    distances: NDArray[np.float32]  # to the parent; infinite at roots
    densities: NDArray[np.int32]  # in units of `unit`
    unit: float  # a power of 2


class _Line(NamedTuple):
    """How a picture stands in the line, and how the line is cut into strips."""

    shape: tuple[int, int]
    reach: tuple[int, int]  # of the window in rows and columns, no larger than the picture
    stride: int  # from a pixel to the one below it
    size: int  # of a strip; those beside each other cover a row

    @property
    def lead(self) -> int:
        """Fillers before the first pixel."""
        return self.reach[0] * self.stride + self.reach[1]

    @property
    def length(self) -> int:
        return self.lead + self.shape[0] * self.stride + self.lead + self.size

    def pixels(self, line: NDArray[Any]) -> NDArray[Any]:
        """The picture in the line: a view (H, W)."""
        height, width = self.shape
        return line[self.lead : self.lead + height * self.stride].reshape(height, self.stride)[:, :width]

    def window(self) -> NDArray[np.int64]:
        """The steps to the other pixels of the window in raster order: rows, columns and squared length of each."""
        rows, columns = self.reach
        down, right = np.mgrid[-rows : rows + 1, -columns : columns + 1].reshape(2, -1)
        steps = np.stack([down, right, down**2 + right**2], axis=1).astype(np.int64)
        return steps[steps[:, 2] > 0]

    def parts(self) -> list[tuple[int, int, int]]:
        """What is done at once: strips one below the other, as (column, first row, rows)."""
        height, width = self.shape
        rows = chunks(height, _ROWS_AT_ONCE)
        return [(column, first, last - first) for column in range(0, width, self.size) for first, last in rows]

    def place(self, row: int, column: int) -> int:
        """Where a pixel stands in the line."""
        return self.lead + row * self.stride + column


def _line_of(shape: tuple[int, int], reach: int) -> _Line:
    height, width = shape
    rows, columns = min(reach, height - 1), min(reach, width - 1)
    beside = -(-width // _LONGEST_STRIP)
    size = -(-width // (beside * _LANES)) * _LANES
    return _Line(shape, (rows, columns), max(width + columns, beside * size), size)


def _in_line(planes: NDArray[np.float32], inside: NDArray[np.bool_], line: _Line) -> NDArray[np.float32]:
    padded = np.zeros((len(planes), line.length), dtype=np.float32)
    padded[0] = _FILLER
    for source, target in zip(planes, padded, strict=True):
        np.copyto(line.pixels(target), source, where=inside)
    return padded


def _densities(
    padded: NDArray[np.float32], line: _Line, kernel_size: float, threads: int, progress: Progress | None
) -> tuple[NDArray[np.int32], float]:
    """Along the line, the sum of weights over the window, in units of the returned number.

    A weight is rounded to a multiple of the unit, a power of 2 for which no sum reaches 2^31 (2^-23 at a kernel size of
    5). So the sum is the same in any order: equal surroundings, mirrored ones too, give equal densities, and a pair is
    weighed once and added at both its ends, whichever thread does it.
    """
    inverse = 0.5 / float(kernel_size) ** 2
    steps = line.window()
    greatest = 1 + float(np.exp(-inverse * steps[:, 2]).sum()) * (1 + 1e-6)  # the density where all colours are equal
    scale = float(2.0 ** np.floor(np.log2((2.0**31 - 1 - len(steps)) / greatest)))
    factor = np.float32(-inverse * np.log2(np.e))
    later = np.ascontiguousarray(steps[len(steps) // 2 :])
    sums = np.full(line.length, np.int32(scale))  # each pixel's own weight
    parts, lock = line.parts(), Lock()

    def add(index: int, _: int, __: int) -> None:
        column, first, rows = parts[index]
        start = line.place(first, column)
        part = np.zeros((rows + line.reach[0], line.size + 2 * line.reach[1]), dtype=np.int32)
        _add_weights(padded, later, factor, np.float32(scale), line.stride, line.size, start, rows, part)
        start -= line.reach[1]
        with lock:
            for row in part:
                sums[start : start + len(row)] += row
                start += line.stride

    for_chunks(add, chunks(len(parts), 1), threads, progress)
    return sums, 1 / scale


def shift_quickly(
    planes: NDArray[np.float32],
    inside: NDArray[np.bool_],
    kernel_size: float,
    threads: int,
    progress: Progress | None = None,
) -> Tree:
    """The tree of quickshift, links of all lengths in it.

    `planes` (D, H, W) are already weighted against position; they have to stay below 1000. The window reaches ceil(3
    `kernel_size`) pixels each way, as in scikit-image. O(N D w^2) for a window of w pixels a side, nearly all of it
    for the densities: a pixel's search ends where the window's places are farther away than what it has found.
    """
    height, width = inside.shape
    line = _line_of((height, width), int(np.ceil(3 * kernel_size)))
    padded = _in_line(planes, inside, line)
    sums, unit = _densities(padded, line, kernel_size, threads, progress and (lambda share: progress(0.9 * share)))
    densities = np.where(inside, line.pixels(sums), np.int32(0))
    sums[:] = _NO_DENSITY
    np.copyto(line.pixels(sums), densities, where=inside)

    parents = np.arange(height * width, dtype=np.int32).reshape(height, width)
    distances = np.full((height, width), np.inf, dtype=np.float32)
    steps, parts = line.window(), line.parts()
    is_near = steps[:, 2] <= _NEAR
    near, far = steps[is_near], steps[~is_near]
    far = far[np.argsort(far[:, 2], kind="stable")]

    def link(index: int, _: int, __: int) -> None:
        column, first, rows = parts[index]
        start = line.place(first, column)
        _link_strips(padded, sums, near, far, line.stride, line.size, start, first, rows, column, parents, distances)

    for_chunks(link, chunks(len(parts), 1), threads, progress and (lambda share: progress(0.9 + 0.1 * share)))
    return Tree(parents, distances, densities, unit)


def trees(parents: NDArray[np.int32], distances: NDArray[np.float32], max_dist: float) -> tuple[NDArray[np.int32], int]:
    """The raster index of the root of each pixel's tree, links longer than `max_dist` cut, and the number of roots."""
    found = np.full(parents.size, -1, dtype=np.int32)
    count = _hang(parents.ravel(), distances.ravel(), np.float32(max_dist), found)
    return found.reshape(parents.shape), int(count)
