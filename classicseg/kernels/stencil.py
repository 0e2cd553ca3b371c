"""The graph of a picture's pixels, held as planes of weights: one plane for each offset between linked pixels.

Pixels lie in a frame: rows one after another, each with a margin of empty pixels behind it, and a margin before and
behind all, so that a linked pixel is always `shift` places on, and links that leave the picture weigh 0. Of the two
offsets (dy, dx) and (-dy, -dx) one is kept: `links[o, p]` is the link between p and p + shifts[o].
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.exponential import exp32
from classicseg.parallel import chunks, for_chunks

_AT_ONCE = 2048  # pixels of a plane that stay in the first cache while all offsets pass
_CHUNK = 1 << 14


class Frame(NamedTuple):
    """Where the pixels of a picture lie in the flat planes of its graph."""

    height: int
    width: int
    down: int  # the longest links, in rows
    across: int  # and in columns

    @property
    def pitch(self) -> int:
        """From one row to the next."""
        return self.width + self.across

    @property
    def margin(self) -> int:
        """Where the first pixel lies."""
        return self.down * self.pitch + self.across

    @property
    def size(self) -> int:
        """Places in a plane."""
        return 2 * self.margin + self.height * self.pitch

    def bounds(self) -> list[tuple[int, int]]:
        """Chunks of places that hold all pixels."""
        return [(self.margin + a, self.margin + b) for a, b in chunks(self.height * self.pitch, _CHUNK)]

    def spread(self, plane: NDArray[Any]) -> NDArray[Any]:
        """A plane (H, W) laid out flat, with zeros around."""
        flat = np.zeros(self.size, dtype=plane.dtype)
        self.picture(flat)[:] = plane
        return flat

    def picture(self, flat: NDArray[Any]) -> NDArray[Any]:
        """The view (..., H, W) of flat planes."""
        body = flat[..., self.margin : self.margin + self.height * self.pitch]
        return body.reshape(*flat.shape[:-1], self.height, self.pitch)[..., : self.width]


class Stencil(NamedTuple):
    """A normalised affinity D^-1/2 W D^-1/2 in planes: `links` (O, n), `loops` (n,), and `root` (n,), sqrt(D)."""

    frame: Frame
    shifts: NDArray[np.int64]
    links: NDArray[np.float32]
    loops: NDArray[np.float32]
    root: NDArray[np.float32]


@kernel
def add_squares(here, there, total):
    """total += (there - here)^2. All begin at 0: an index that may be negative is looked at before it is used."""
    for i in range(len(total)):
        difference = there[i] - here[i]
        total[i] += difference * difference


@kernel
def _fall(total, scale, place, here, there, weights):
    """weights = exp(-scale total - place) here there"""
    for i in range(len(total)):
        weights[i] = exp32(-(total[i] * scale) - place) * (here[i] * there[i])


@kernel
def _weigh(colors, inside, shifts, places, scale, first, last, links):
    """links[o, p] = exp(-scale |c_p - c_q|^2 - places[o]) with q = p + shifts[o]; 0 unless both are inside."""
    total = np.empty(_AT_ONCE, dtype=np.float32)
    for start in range(first, last, _AT_ONCE):
        stop = min(start + _AT_ONCE, last)
        squares = total[: stop - start]
        for o in range(len(shifts)):
            squares[:] = np.float32(0)
            low, high = start + shifts[o], stop + shifts[o]
            for d in range(len(colors)):
                add_squares(colors[d, start:stop], colors[d, low:high], squares)
            _fall(squares, scale, places[o], inside[start:stop], inside[low:high], links[o, start:stop])


@kernel
def _add_and_compare(links, before, degrees, strongest):
    for i in range(len(degrees)):
        degrees[i] += np.float64(links[i]) + np.float64(before[i])
    for i in range(len(degrees)):
        strongest[i] = max(strongest[i], max(links[i], before[i]))


@kernel
def _sum_links(links, shifts, first, last, degrees, strongest):
    """For each pixel the sum of its links in float64, and the greatest of them."""
    for start in range(first, last, _AT_ONCE):
        stop = min(start + _AT_ONCE, last)
        for o in range(len(shifts)):
            before = links[o, start - shifts[o] : stop - shifts[o]]
            _add_and_compare(links[o, start:stop], before, degrees[start:stop], strongest[start:stop])


@kernel
def _scale_links(here, there, links):
    for i in range(len(links)):
        links[i] = (links[i] * here[i]) * there[i]


@kernel
def _normalise(inverse_root, shifts, first, last, links):
    """links[o, p] / sqrt(D_p D_q), in an order in which nothing overflows."""
    for o in range(len(shifts)):
        there = inverse_root[first + shifts[o] : last + shifts[o]]
        _scale_links(inverse_root[first:last], there, links[o, first:last])


@kernel
def _add_pair(links, here, before, block, there, back, total, count):
    """total += links[here:] block[there:] + links[before:] block[back:]: over one offset and its opposite.

    Positions are unsigned: an index that might be negative is looked at before it is used, which keeps vectors away.
    """
    for i in range(count):
        total[i] += links[here + i] * block[there + i] + links[before + i] * block[back + i]


@kernel
def _multiply(links, loops, shifts, size, block, along, own, past, first, last, result):
    """result = along A block + own block + past result for the pixels first..last, A being the normalised affinity.

    All planes are flat, vector v of a block from v size on.
    """
    total = np.empty(_AT_ONCE, dtype=np.float32)
    for start in range(first, last, _AT_ONCE):
        count = np.uint64(min(_AT_ONCE, last - start))
        for v in range(len(block) // size):
            at = np.uint64(v * size + start)
            for i in range(count):
                total[i] = loops[np.uint64(start) + i] * block[at + i]
            for o in range(len(shifts)):
                shift = np.uint64(shifts[o])
                here = np.uint64(o * size + start)
                _add_pair(links, here, here - shift, block, at + shift, at - shift, total, count)
            for i in range(count):
                result[at + i] = (along * total[i] + own * block[at + i]) + past * result[at + i]


def pixel_stencil(
    planes: NDArray[np.float32],
    mask: NDArray[np.bool_],
    color_scale: float,
    spatial_scale: float,
    radius: float,
    threads: int,
) -> tuple[Stencil, NDArray[np.float32]]:
    """The normalised affinity of all pixels inside the mask, and the greatest weight of a link at each place.

    w_pq = exp(-|c_p - c_q|^2 / (2 color_scale^2) - |p - q|^2 / (2 spatial_scale^2)) up to `radius`. A pixel without a
    link is linked with itself, by 1. O(N radius^2) time, 4 bytes a link in memory.
    """
    offsets = half_offsets(radius, mask.shape)
    down, across = (int(reach) for reach in np.abs(offsets).max(axis=0, initial=0))
    frame = Frame(mask.shape[0], mask.shape[1], down, across)
    shifts = offsets[:, 0] * frame.pitch + offsets[:, 1]
    places = (np.sum(offsets**2, axis=1) / (2.0 * spatial_scale**2)).astype(np.float32)
    scale = np.float32(1 / (2.0 * color_scale**2))
    colors = np.stack([frame.spread(plane) for plane in planes])
    inside = frame.spread(mask.astype(np.float32))
    links = np.zeros((len(shifts), frame.size), dtype=np.float32)
    degrees = np.zeros(frame.size)
    strongest = np.zeros(frame.size, dtype=np.float32)
    bounds = frame.bounds()
    for_chunks(lambda _, a, b: _weigh(colors, inside, shifts, places, scale, a, b, links), bounds, threads)
    for_chunks(lambda _, a, b: _sum_links(links, shifts, a, b, degrees, strongest), bounds, threads)
    loops = ((degrees == 0) & (inside > 0)).astype(np.float32)
    root = np.sqrt(degrees + loops).astype(np.float32)
    with np.errstate(divide="ignore"):
        inverse_root = np.where(root > 0, 1 / root, 0).astype(np.float32)
    for_chunks(lambda _, a, b: _normalise(inverse_root, shifts, a, b, links), bounds, threads)
    return Stencil(frame, shifts, links, loops, root), strongest


def half_offsets(radius: float, shape: tuple[int, int]) -> NDArray[np.int64]:
    """One of each two opposite offsets (dy, dx) of at most `radius` within a picture, nearest rows first."""
    reach = int(radius)
    steps = np.mgrid[0 : reach + 1, -reach : reach + 1].reshape(2, -1).T.astype(np.int64)
    later = (steps[:, 0] > 0) | (steps[:, 1] > 0)
    within = (steps[:, 0] < shape[0]) & (np.abs(steps[:, 1]) < shape[1])
    return np.ascontiguousarray(steps[later & within & (np.sum(steps**2, axis=1) <= radius**2)])


def multiply(
    stencil: Stencil,
    block: NDArray[np.float32],
    threads: int,
    along: float,
    own: float,
    past: float,
    result: NDArray[np.float32],
) -> None:
    """result = along A block + own block + past result, for blocks (m, n) of vectors that are 0 where no pixel is.

    O(m links).
    """
    vectors, flat = block.reshape(-1), result.reshape(-1)
    links, size = stencil.links.reshape(-1), stencil.frame.size
    factors = np.float32(along), np.float32(own), np.float32(past)

    def work(_: int, first: int, last: int) -> None:
        _multiply(links, stencil.loops, stencil.shifts, size, vectors, *factors, first, last, flat)

    for_chunks(work, stencil.frame.bounds(), threads)
