"""Quickshift: a density at each pixel, and for each pixel the nearest one of higher density.

Both loops see the picture as one line: its rows one after the other, with a gap of fillers between two rows and before
and after them all. A step (rows, columns) of the window then is one number, the same at every pixel, and a loop over a
strip of the line vectorises whatever the picture's width; nothing asks where the picture or the mask ends, since a
filler is so far away in colour that it weighs nothing, and has a density below all others.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp2_32
from classicseg.parallel import Progress, chunks, for_chunks

# A number known when the loops are compiled: no remainder, and a strip with its buffers stays in the first cache.
_STRIP = 512
_STRIPS_AT_ONCE = 16
_FILLER = np.float32(1e6)  # colours are below 200; its square times any of our factors is a finite float32
_NO_DENSITY = np.int32(-1)
# Steps up to this squared length are looked at for whole strips; most pixels find their parent there. The rest goes on
# alone, by rising length. (On photographs, at scikit-image's defaults, 2 to 5 of 100 pixels do.)
_NEAR = 8
_HALF = np.float32(0.5)


@kernel
def _square_distances(planes, here, there, square, distances):
    """distances[i] = square + sum over d of (planes[d, here + i] - planes[d, there + i])^2, in this order."""
    if planes.shape[0] == 3:
        p0, q0 = planes[0, here : here + _STRIP], planes[0, there : there + _STRIP]
        p1, q1 = planes[1, here : here + _STRIP], planes[1, there : there + _STRIP]
        p2, q2 = planes[2, here : here + _STRIP], planes[2, there : there + _STRIP]
        for i in range(_STRIP):
            x, y, z = p0[i] - q0[i], p1[i] - q1[i], p2[i] - q2[i]
            distances[i] = square + x * x + y * y + z * z
    else:
        distances[:] = square
        for d in range(planes.shape[0]):
            p, q = planes[d, here : here + _STRIP], planes[d, there : there + _STRIP]
            for i in range(_STRIP):
                x = p[i] - q[i]
                distances[i] += x * x


@kernel
def _weight(distance, factor, scale):
    """scale exp(-distance / (2 kernel_size^2)), rounded to an integer; factor = -log2(e) / (2 kernel_size^2)."""
    return np.int32(exp2_32(distance * factor) * scale + _HALF)


@kernel
def _add_weights(planes, steps, factor, scale, first, last, sums):
    """Add the weight of each pair (p, p + step) to the sums of both, for p in first..last-1; sums[0] is that of first.

    `steps` (n, 3) are the half of the window that comes later in the line. Integers have one sum in any order.
    """
    distances, own = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.int32)
    three = planes.shape[0] == 3
    for here in range(first, last, _STRIP):
        own[:] = 0
        for k in range(len(steps)):
            there = here + steps[k, 0]
            square = np.float32(steps[k, 1])
            theirs = sums[there - first : there - first + _STRIP]
            if three:  # the loop of `_square_distances` in one with the next: a quarter of the time
                p0, q0 = planes[0, here : here + _STRIP], planes[0, there : there + _STRIP]
                p1, q1 = planes[1, here : here + _STRIP], planes[1, there : there + _STRIP]
                p2, q2 = planes[2, here : here + _STRIP], planes[2, there : there + _STRIP]
                for i in range(_STRIP):
                    x, y, z = p0[i] - q0[i], p1[i] - q1[i], p2[i] - q2[i]
                    weight = _weight(square + x * x + y * y + z * z, factor, scale)
                    own[i] += weight
                    theirs[i] += weight
            else:
                _square_distances(planes, here, there, square, distances)
                for i in range(_STRIP):
                    weight = _weight(distances[i], factor, scale)
                    own[i] += weight
                    theirs[i] += weight
        ours = sums[here - first : here - first + _STRIP]
        for i in range(_STRIP):  # a loop: the same on slices takes two seconds longer to compile
            ours[i] += own[i]


@kernel
def _link_strips(planes, densities, near, far, lead, stride, columns, first, last, parents, distances):
    """The parent of each pixel in first..last-1, and the distance to it; those without one are left as they are.

    Higher is the density that is greater, or equal and earlier in the line; of equally near pixels the earliest wins.
    `near` (n, 3) stands in raster order, `far` by rising length. `lead` pixels of the line stand before the picture.
    """
    apart, best = np.empty(_STRIP, np.float32), np.empty(_STRIP, np.float32)
    moves = np.empty(_STRIP, np.int32)
    for here in range(first, last, _STRIP):
        best[:] = np.inf
        moves[:] = 0
        ours = densities[here : here + _STRIP]
        for k in range(len(near)):
            there = here + near[k, 0]
            move = np.int32(near[k, 2])
            later = np.int32(move > 0)
            theirs = densities[there : there + _STRIP]
            _square_distances(planes, here, there, np.float32(near[k, 1]), apart)
            for i in range(_STRIP):
                nearer = (theirs[i] >= np.int32(ours[i] + later)) & (apart[i] < best[i])
                best[i] = apart[i] if nearer else best[i]
                moves[i] = move if nearer else moves[i]
        row, column = (here - lead) // stride, (here - lead) % stride
        for i in range(_STRIP):
            if ours[i] >= 0:
                square, move = _look_further(planes, densities, far, here + i, best[i], moves[i])
                if move != 0:
                    parents[row, column] = row * columns + column + move
                    distances[row, column] = np.sqrt(square)
            column += 1
            if column == stride:
                row, column = row + 1, 0


@kernel
def _look_further(planes, densities, far, here, best, best_move):
    """The nearest pixel of higher density: its squared distance and how far it is away in raster order."""
    for k in range(len(far)):
        square = np.float32(far[k, 1])
        if square > best:
            break
        there, move = here + far[k, 0], np.int32(far[k, 2])
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
    """How the rows of a picture stand in the line."""

    shape: tuple[int, int]
    lead: int  # fillers before the first pixel; at least as many stand after the last
    stride: int  # from a pixel to the one below it
    strips: int  # that cover all pixels
    steps: NDArray[np.int64]  # the window in raster order, a row each: step in the line, squared length, raster step

    @property
    def length(self) -> int:
        return self.strips * _STRIP + 2 * self.lead

    def pixels(self, line: NDArray[Any]) -> NDArray[Any]:
        """The picture in the line: a view (H, W)."""
        height, width = self.shape
        return line[self.lead : self.lead + height * self.stride].reshape(height, self.stride)[:, :width]

    def bounds(self) -> list[tuple[int, int]]:
        """Parts of whole strips."""
        parts = chunks(self.strips, _STRIPS_AT_ONCE)
        return [(self.lead + start * _STRIP, self.lead + stop * _STRIP) for start, stop in parts]


def _line_of(shape: tuple[int, int], reach: int) -> _Line:
    height, width = shape
    rows, columns = min(reach, height - 1), min(reach, width - 1)
    stride = width + columns
    down, right = np.mgrid[-rows : rows + 1, -columns : columns + 1].reshape(2, -1)
    steps = np.stack([down * stride + right, down**2 + right**2, down * width + right], axis=1)
    steps = steps[steps[:, 1] > 0].astype(np.int64)
    return _Line(shape, rows * stride + columns, stride, -(-height * stride // _STRIP), steps)


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
    squares = line.steps[:, 1]
    greatest = 1 + float(np.exp(-inverse * squares).sum()) * (1 + 1e-6)  # the density where all colours are equal
    scale = float(2.0 ** np.floor(np.log2((2.0**31 - 1 - len(squares)) / greatest)))
    factor = np.float32(-inverse * np.log2(np.e))
    later = np.ascontiguousarray(line.steps[line.steps[:, 0] > 0])
    sums = np.full(line.length, np.int32(scale))  # each pixel's own weight
    lock = Lock()

    def add(_: int, first: int, last: int) -> None:
        part = np.zeros(last - first + line.lead, dtype=np.int32)
        _add_weights(padded, later, factor, np.float32(scale), first, last, part)
        with lock:
            sums[first : last + line.lead] += part

    for_chunks(add, line.bounds(), threads, progress)
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
    is_near = line.steps[:, 1] <= _NEAR
    near, far = line.steps[is_near], line.steps[~is_near]
    far = far[np.argsort(far[:, 1], kind="stable")]

    def link(_: int, first: int, last: int) -> None:
        _link_strips(padded, sums, near, far, line.lead, line.stride, width, first, last, parents, distances)

    for_chunks(link, line.bounds(), threads, progress and (lambda share: progress(0.9 + 0.1 * share)))
    return Tree(parents, distances, densities, unit)


def trees(parents: NDArray[np.int32], distances: NDArray[np.float32], max_dist: float) -> tuple[NDArray[np.int32], int]:
    """The raster index of the root of each pixel's tree, links longer than `max_dist` cut, and the number of roots."""
    found = np.full(parents.size, -1, dtype=np.int32)
    count = _hang(parents.ravel(), distances.ravel(), np.float32(max_dist), found)
    return found.reshape(parents.shape), int(count)
