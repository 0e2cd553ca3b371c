"""Groups of strongly linked pixels, and the graph of the groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.kernels.compile import kernel
from classicseg.kernels.graphs import Graph, both_ways
from classicseg.kernels.stencil import Stencil
from classicseg.parallel import chunks, for_chunks

_STRIP = 64  # rows that are grouped together
_GROUPS = 1024
_AT_ONCE = 512


@kernel
def _found(links, root, strongest, shifts, first, last, share, group):
    """Groups of pixels among first..last of which none was strongly linked to a group before; returns how many."""
    count = 0
    for p in range(first, last):
        if root[p] == 0 or group[p] >= 0:
            continue
        least = share * strongest[p] / root[p]  # of links[o, p] root[q]
        free = True
        for o in range(len(shifts)):
            q, back = p + shifts[o], p - shifts[o]
            if back >= first and group[back] >= 0 and links[o, back] * root[back] >= least:
                free = False
                break
            if q < last and group[q] >= 0 and links[o, p] * root[q] >= least:
                free = False
                break
        if not free:
            continue
        group[p] = count
        for o in range(len(shifts)):
            q, back = p + shifts[o], p - shifts[o]
            w, before = links[o, p] * root[q], links[o, back] * root[back]
            if q < last and w > 0 and w >= least:
                group[q] = count
            if back >= first and before > 0 and before >= least:
                group[back] = count
        count += 1
    return count


@kernel
def _look(links, here, root, there, group, most, best, count):
    """Where links root exceeds all before and leads into a group, it is kept with the group; unsigned positions."""
    for i in range(count):
        to = group[there + i]
        weight = links[here + i] * root[there + i] if to >= 0 else np.float32(0)
        greater = weight > most[i]
        best[i] = to if greater else best[i]
        most[i] = weight if greater else most[i]


@kernel
def _join(links, root, shifts, size, first, last, group, joined):
    """joined[p - first] = the group to which the strongest link of p into one leads, within first..last; or -1."""
    most = np.empty(_AT_ONCE, dtype=np.float32)
    best = np.empty(_AT_ONCE, dtype=np.int32)
    for start in range(first, last, _AT_ONCE):
        stop = min(start + _AT_ONCE, last)
        for i in range(_AT_ONCE):
            most[i], best[i] = np.float32(0), np.int32(-1)
        for o in range(len(shifts)):
            shift = shifts[o]
            reach = np.uint64(max(min(stop, last - shift) - start, 0))
            here, there = np.uint64(o * size + start), np.uint64(start + shift)
            _look(links, here, root, there, group, most, best, reach)
            skipped = max(first + shift - start, 0)
            reach = np.uint64(max(stop - start - skipped, 0))
            here, there = np.uint64(o * size + start + skipped - shift), np.uint64(start + skipped - shift)
            _look(links, here, root, there, group, most[skipped:], best[skipped:], reach)
        for i in range(stop - start):
            joined[start - first + i] = best[i]


@kernel
def _aggregate(links, root, strongest, shifts, first, last, share, group):
    """Groups of strongly linked pixels among first..last, numbered from 0 in `group` (-1 where no pixel is).

    A link of p is strong if it is at least `share` times the strongest. A pixel of which no strong neighbour is in a
    group makes one with all of these; each of the rest joins the group to which its strongest link leads, or makes one.
    """
    count = _found(links, root, strongest, shifts, first, last, share, group)
    joined = np.empty(last - first, dtype=np.int32)
    _join(links.reshape(-1), root, shifts, links.shape[1], first, last, group, joined)
    for p in range(first, last):
        if root[p] > 0 and group[p] < 0:
            group[p] = joined[p - first]
            if group[p] < 0:
                group[p] = count
                count += 1
    return count


@kernel
def _group_links(links, loops, root, shifts, group, order, starts, first, last, sums, ends, weights, counts):
    """The links of groups first..last to all groups, summed over their pixels, each link at one end; how many.

    Half a pixel's link with itself is taken, as if the other end held the other half. The pixels of group g are
    order[starts[g]:starts[g + 1]]. Group g has counts[g - first] links; their other ends and weights follow one
    another. `sums` is a row of zeros, one a group, and is left so.
    """
    filled = 0
    for g in range(first, last):
        before = filled
        for at in range(starts[g], starts[g + 1]):
            p = order[at]
            own = np.float64(root[p])
            if loops[p] > 0:
                if sums[g] == 0:
                    ends[filled] = g
                    filled += 1
                sums[g] += 0.5 * (own * (loops[p] * own))
            for o in range(len(shifts)):
                a = links[o, p]
                if a > 0:
                    q = p + shifts[o]
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
def _prolong(scaled, root, group, first, last, block):
    """block[v, p] = root[p] scaled[group[p], v]; without a group, 0, as its root is."""
    for v in range(len(block)):
        row = block[v, first:last]
        for i in range(len(row)):
            row[i] = root[first + i] * scaled[np.uint64(max(group[first + i], 0)), v]


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
    stencil: Stencil, group: NDArray[np.int32], order: NDArray[np.int32], starts: NDArray[np.int64], threads: int
) -> Graph:
    """The graph of the groups, with the links inside a group as its loop. O(links)."""
    count = len(starts) - 1
    bounds = chunks(count, _GROUPS)
    counts = np.empty(count, dtype=np.int64)
    ends: list[NDArray[np.int32]] = [np.empty(0, np.int32)] * len(bounds)
    weights: list[NDArray[np.float64]] = [np.empty(0)] * len(bounds)

    def work(chunk: int, first: int, last: int) -> None:
        # Room for all links, of which few are written: pages that nobody touches take no memory.
        room = int(starts[last] - starts[first]) * (len(stencil.shifts) + 1)
        to_ends, to_weights = np.empty(room, dtype=np.int32), np.empty(room)
        filled = _group_links(
            stencil.links, stencil.loops, stencil.root, stencil.shifts, group, order, starts, first, last,
            np.zeros(count), to_ends, to_weights, counts[first:last],
        )  # fmt: skip
        ends[chunk], weights[chunk] = to_ends[:filled].copy(), to_weights[:filled].copy()

    for_chunks(work, bounds, threads)
    return both_ways(Graph(np.concatenate([[0], np.cumsum(counts)]), np.concatenate(ends), np.concatenate(weights)))


def prolong(
    stencil: Stencil,
    coarse: NDArray[np.float64],
    group_root: NDArray[np.float64],
    group: NDArray[np.int32],
    threads: int,
    block: NDArray[np.float32],
) -> None:
    """block[v, p] = sqrt(D_p / D_g) coarse[g, v] for each place p in group g, and 0 for those in none."""
    scaled = (coarse / group_root[:, np.newaxis]).astype(np.float32)
    for_chunks(lambda _, a, b: _prolong(scaled, stencil.root, group, a, b, block), stencil.frame.bounds(), threads)
