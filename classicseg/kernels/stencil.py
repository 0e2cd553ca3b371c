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
_STRIP = 64  # rows that are grouped together
_GROUPS = 1024


class Frame(NamedTuple):
    """Where the pixels of a picture lie in the flat planes of its graph."""

    height: int
    width: int
    reach: int

    @property
    def pitch(self) -> int:
        """From one row to the next."""
        return self.width + self.reach

    @property
    def margin(self) -> int:
        """Where the first pixel lies."""
        return self.reach * self.pitch + self.reach

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
def _add_squares(here, there, total):
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
                _add_squares(colors[d, start:stop], colors[d, low:high], squares)
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
def _add_pair(links, here, before, block, there, back, result, at, count):
    """result[at:] += links[here:] block[there:] + links[before:] block[back:]: over one offset and its opposite.

    Positions are unsigned: an index that might be negative is looked at before it is used, which keeps vectors away.
    """
    for i in range(count):
        result[at + i] += (
            np.float64(links[here + i]) * block[there + i] + np.float64(links[before + i]) * block[back + i]
        )


@kernel
def _multiply(links, loops, shifts, size, block, along, own, first, last, result):
    """result = along A block + own block for the pixels first..last, A being the normalised affinity.

    All planes are flat, vector v of a block from v size on.
    """
    for start in range(first, last, _AT_ONCE):
        count = np.uint64(min(_AT_ONCE, last - start))
        for v in range(len(block) // size):
            at = np.uint64(v * size + start)
            for i in range(count):
                result[at + i] = np.float64(loops[np.uint64(start) + i]) * block[at + i]
            for o in range(len(shifts)):
                shift = np.uint64(shifts[o])
                here = np.uint64(o * size + start)
                _add_pair(links, here, here - shift, block, at + shift, at - shift, result, at, count)
            for i in range(count):
                result[at + i] = along * result[at + i] + own * block[at + i]


@kernel
def _aggregate(links, root, strongest, shifts, first, last, share, group):
    """Groups of strongly linked pixels among first..last, numbered from 0 in `group` (-1 where no pixel is).

    A link of p is strong if it is at least `share` times the strongest. A pixel of which no strong neighbour is in a
    group makes one with all of these; each of the rest joins the group to which its strongest link leads.
    """
    count = 0
    for p in range(first, last):
        if root[p] == 0 or group[p] >= 0:
            continue
        least = share * strongest[p]
        free = True
        for o in range(len(shifts)):
            q, back = p + shifts[o], p - shifts[o]
            w, before = links[o, p] * root[p] * root[q], links[o, back] * root[p] * root[back]
            if (q < last and w >= least and group[q] >= 0) or (back >= first and before >= least and group[back] >= 0):
                free = False
                break
        if not free:
            continue
        group[p] = count
        for o in range(len(shifts)):
            q, back = p + shifts[o], p - shifts[o]
            w, before = links[o, p] * root[p] * root[q], links[o, back] * root[p] * root[back]
            if q < last and w > 0 and w >= least:
                group[q] = count
            if back >= first and before > 0 and before >= least:
                group[back] = count
        count += 1
    founders = count
    for p in range(first, last):
        if root[p] == 0 or group[p] >= 0:
            continue
        best, most = -1, np.float32(0)
        for o in range(len(shifts)):
            q, back = p + shifts[o], p - shifts[o]
            if q < last and 0 <= group[q] < founders and links[o, p] * root[q] > most:
                best, most = group[q], links[o, p] * root[q]
            if back >= first and 0 <= group[back] < founders and links[o, back] * root[back] > most:
                best, most = group[back], links[o, back] * root[back]
        if best < 0:
            best = count
            count += 1
        group[p] = -2 - best  # not seen by those that join later
    for p in range(first, last):
        if group[p] < -1:
            group[p] = -2 - group[p]
    return count


@kernel
def _group_links(links, loops, root, shifts, group, order, starts, first, last, sums, ends, weights, counts):
    """The links of groups first..last to all groups, summed over their pixels; returns how many there are.

    The pixels of group g are order[starts[g]:starts[g + 1]]. Group g has counts[g - first] links; their other ends and
    weights follow one another. `sums` is a row of zeros, one a group, and is left so.
    """
    filled = 0
    for g in range(first, last):
        before = filled
        for at in range(starts[g], starts[g + 1]):
            p = order[at]
            own = np.float64(root[p])
            for o in range(-1, 2 * len(shifts)):
                if o < 0:
                    q, a = p, loops[p]
                elif o < len(shifts):
                    q, a = p + shifts[o], links[o, p]
                else:
                    q = p - shifts[o - len(shifts)]
                    a = links[o - len(shifts), q]
                if a > 0:
                    to = group[q]
                    if sums[to] == 0:
                        ends[filled] = to
                        filled += 1
                    sums[to] += own * (a * np.float64(root[q]))
        for e in range(before, filled):
            weights[e] = sums[ends[e]]
            sums[ends[e]] = 0.0
        counts[g - first] = filled - before
    return filled


@kernel
def _prolong(coarse, share, group, first, last, block):
    """block[v, p] = share[p] coarse[v, group[p]]; without a group, 0."""
    for v in range(len(block)):
        for p in range(first, last):
            block[v, p] = share[p] * coarse[v, max(group[p], 0)]


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
    offsets = half_offsets(radius)
    frame = Frame(mask.shape[0], mask.shape[1], int(radius))
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


def half_offsets(radius: float) -> NDArray[np.int64]:
    """One of each two opposite offsets (dy, dx) of at most `radius`, nearest rows first."""
    reach = int(radius)
    steps = np.mgrid[0 : reach + 1, -reach : reach + 1].reshape(2, -1).T.astype(np.int64)
    later = (steps[:, 0] > 0) | (steps[:, 1] > 0)
    return np.ascontiguousarray(steps[later & (np.sum(steps**2, axis=1) <= radius**2)])


def multiply(
    stencil: Stencil,
    block: NDArray[np.float64],
    threads: int,
    along: float,
    own: float,
    result: NDArray[np.float64],
) -> None:
    """result = along A block + own block, for blocks (m, n) of vectors that are 0 where no pixel is. O(m links)."""
    vectors, flat = block.reshape(-1), result.reshape(-1)
    links, size = stencil.links.reshape(-1), stencil.frame.size

    def work(_: int, first: int, last: int) -> None:
        _multiply(links, stencil.loops, stencil.shifts, size, vectors, float(along), float(own), first, last, flat)

    for_chunks(work, stencil.frame.bounds(), threads)


def aggregate(stencil: Stencil, strongest: NDArray[np.float32], share: float, threads: int) -> NDArray[np.int32]:
    """The group of strongly linked pixels to which each place belongs, from 0 on; -1 where no pixel is.

    Strips of rows are grouped apart from each other. O(links).
    """
    frame = stencil.frame
    group = np.full(frame.size, -1, dtype=np.int32)
    rows = chunks(frame.height, _STRIP)
    bounds = [(frame.margin + a * frame.pitch, frame.margin + b * frame.pitch) for a, b in rows]
    counts = np.zeros(len(bounds), dtype=np.int64)
    least = np.float32(share)

    def work(strip: int, first: int, last: int) -> None:
        counts[strip] = _aggregate(stencil.links, stencil.root, strongest, stencil.shifts, first, last, least, group)

    for_chunks(work, bounds, threads)
    for (first, last), before in zip(bounds, np.cumsum(counts) - counts, strict=True):
        part = group[first:last]
        part[part >= 0] += np.int32(before)
    return group


def group_links(
    stencil: Stencil,
    group: NDArray[np.int32],
    order: NDArray[np.int32],
    starts: NDArray[np.int64],
    threads: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """The graph of the groups: (starts, ends, weights), with the links inside a group as its loop. O(links)."""
    count = len(starts) - 1
    bounds = chunks(count, _GROUPS)
    counts = np.empty(count, dtype=np.int64)
    ends: list[NDArray[np.int32]] = [np.empty(0, np.int32)] * len(bounds)
    weights: list[NDArray[np.float64]] = [np.empty(0)] * len(bounds)

    def work(chunk: int, first: int, last: int) -> None:
        # Room for all links, of which few are written: pages that nobody touches take no memory.
        room = int(starts[last] - starts[first]) * (2 * len(stencil.shifts) + 1)
        to_ends, to_weights = np.empty(room, dtype=np.int32), np.empty(room)
        filled = _group_links(
            stencil.links, stencil.loops, stencil.root, stencil.shifts, group, order, starts, first, last,
            np.zeros(count), to_ends, to_weights, counts[first:last],
        )  # fmt: skip
        ends[chunk], weights[chunk] = to_ends[:filled].copy(), to_weights[:filled].copy()

    for_chunks(work, bounds, threads)
    return np.concatenate([[0], np.cumsum(counts)]), np.concatenate(ends), np.concatenate(weights)


def prolong(
    stencil: Stencil,
    coarse: NDArray[np.float64],
    share: NDArray[np.float64],
    group: NDArray[np.int32],
    threads: int,
) -> NDArray[np.float64]:
    """For each place share times the value of its group, of blocks (m, groups)."""
    block = np.zeros((len(coarse), stencil.frame.size), dtype=np.float64)
    coarse = np.ascontiguousarray(coarse)
    for_chunks(lambda _, a, b: _prolong(coarse, share, group, a, b, block), stencil.frame.bounds(), threads)
    return block


@kernel
def _keep_pair(links, here, before, root, there, back, classes, at, count, kept):
    """kept += what comes over one offset and its opposite from pixels of the same class; unsigned positions."""
    for i in range(count):
        own = classes[at + i]
        forth = links[here + i] * root[there + i] if classes[there + i] == own else np.float32(0)
        other = links[before + i] * root[back + i] if classes[back + i] == own else np.float32(0)
        kept[at + i] += forth + other


@kernel
def _kept(links, loops, root, shifts, size, classes, first, last, kept):
    """For each pixel the sum of its weights to pixels of its own class; `links` flat."""
    for start in range(first, last, _AT_ONCE):
        count, at = np.uint64(min(_AT_ONCE, last - start)), np.uint64(start)
        for i in range(count):
            kept[at + i] = loops[at + i] * root[at + i]
        for o in range(len(shifts)):
            shift, here = np.uint64(shifts[o]), np.uint64(o * size + start)
            _keep_pair(links, here, here - shift, root, at + shift, at - shift, classes, at, count, kept)
        for i in range(count):
            kept[at + i] *= root[at + i]


def kept_links(stencil: Stencil, classes: NDArray[np.int32], threads: int) -> NDArray[np.float64]:
    """For each place the sum of the weights of its links to pixels of its own class. O(links)."""
    kept = np.zeros(stencil.frame.size)
    links = stencil.links.reshape(-1)

    def work(_: int, first: int, last: int) -> None:
        _kept(links, stencil.loops, stencil.root, stencil.shifts, stencil.frame.size, classes, first, last, kept)

    for_chunks(work, stencil.frame.bounds(), threads)
    return kept


@kernel
def _refine(links, loops, root, shifts, first, last, classes, inner, total):
    """Each pixel in turn moves to the class for which sum_k inner_k / total_k is greatest; returns how many moved.

    inner_k is the weight between pixels of class k (both ways), total_k that of all their links; both are kept up.
    Outside the picture `classes` is -1.
    """
    moved = 0
    to_class = np.zeros(len(inner))
    for p in range(first, last):
        own = classes[p]
        if own < 0:
            continue
        border = False
        for o in range(len(shifts)):
            there, back = classes[p + shifts[o]], classes[p - shifts[o]]
            if (there >= 0 and there != own) or (back >= 0 and back != own):
                border = True
                break
        if not border:
            continue
        to_class[:] = 0.0
        for o in range(len(shifts)):
            q, before = p + shifts[o], p - shifts[o]
            if classes[q] >= 0:
                to_class[classes[q]] += links[o, p] * np.float64(root[q])
            if classes[before] >= 0:
                to_class[classes[before]] += links[o, before] * np.float64(root[before])
        here = np.float64(root[p])
        degree, loop = here * here, loops[p] * here * here
        left = total[own] - degree
        if left <= 0.5 * degree:
            continue  # the last of its class
        lost = inner[own] / total[own] - (inner[own] - 2 * here * to_class[own] - loop) / left
        best, most = own, 1e-12
        for k in range(len(inner)):
            if k == own or to_class[k] == 0.0:
                continue
            gain = (inner[k] + 2 * here * to_class[k] + loop) / (total[k] + degree) - inner[k] / total[k] - lost
            if gain > most:
                best, most = k, gain
        if best != own:
            inner[own] -= 2 * here * to_class[own] + loop
            total[own] = left
            inner[best] += 2 * here * to_class[best] + loop
            total[best] += degree
            classes[p] = best
            moved += 1
    return moved


def refine(
    stencil: Stencil,
    classes: NDArray[np.int32],
    inner: NDArray[np.float64],
    total: NDArray[np.float64],
    sweeps: int,
) -> None:
    """Move pixels one by one, in raster order, to the class with which the normalised cut is least; in place.

    At most so many sweeps over the picture, each O(links) at most. I. S. Dhillon, Y. Guan and B. Kulis, "Weighted graph
    cuts without eigenvectors", IEEE TPAMI 29(11), 2007, move whole borders so.
    """
    first = stencil.frame.margin
    last = first + stencil.frame.height * stencil.frame.pitch
    for _ in range(sweeps):
        if not _refine(stencil.links, stencil.loops, stencil.root, stencil.shifts, first, last, classes, inner, total):
            break
