"""Outlines of label maps by plain walks around each region, and fewer points of them by looking at all others."""

from fractions import Fraction

from reference.components import flood_fill_components

# Around a pixel (x, y), its inside always to the left in the numbers: from corner to corner.
_SIDES = [((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (0, 1)), ((0, 1), (0, 0))]
_BESIDE = [(0, -1), (1, 0), (0, 1), (-1, 0)]  # the neighbour across each of these sides


def region_edges(labels):
    """The edges (from, to) around each 4-connected region of a label above 0: region number to list."""
    regions = flood_fill_components(labels, labels > 0)
    height, width = regions.shape
    edges = {}
    for y in range(height):
        for x in range(width):
            for ((fx, fy), (tx, ty)), (dx, dy) in zip(_SIDES, _BESIDE, strict=True):
                nx, ny = x + dx, y + dy
                inside = 0 <= nx < width and 0 <= ny < height
                if regions[y, x] and (not inside or regions[ny, nx] != regions[y, x]):
                    edges.setdefault(int(regions[y, x]), []).append(((x + fx, y + fy), (x + tx, y + ty)))
    return regions, edges


def cracks(labels):
    """All edges between different regions, or a region and nothing, each once with its lesser corner first."""
    return {tuple(sorted(edge)) for edges in region_edges(labels)[1].values() for edge in edges}


def outline_rings(labels):
    """Region number to the set of its rings, each a tuple of points from its least point on, not closed.

    A ring passes a corner once: what comes back to a corner is cut off there as a ring of its own.
    """
    _, edges = region_edges(labels)
    meeting = {}
    for one, other in cracks(labels):
        for corner in (one, other):
            meeting[corner] = meeting.get(corner, 0) + 1
    return {region: {_corners(ring, meeting) for ring in _walk(each)} for region, each in edges.items()}


def _walk(edges):
    leaving = {}
    for start, end in edges:
        leaving.setdefault(start, []).append(end)
    rings = []
    while leaving:
        way = [next(iter(leaving))]
        while way[-1] in leaving:
            ends = leaving[way[-1]]
            end = ends.pop()
            if not ends:
                del leaving[way[-1]]
            if end in way:
                place = way.index(end)
                rings.append(way[place:])
                way = way[: place + 1]
            else:
                way.append(end)
    return rings


def _corners(ring, meeting):
    kept = []
    for place, (x, y) in enumerate(ring):
        (bx, by), (ax, ay) = ring[place - 1], ring[(place + 1) % len(ring)]
        if (x - bx, y - by) != (ax - x, ay - y) or meeting[x, y] > 2:
            kept.append((x, y))
    least = kept.index(min(kept))
    return tuple(kept[least:] + kept[:least])


def simplified(arcs, tolerance):
    """The points of each arc that are left; `arcs` are lists of points, closed ones without their last point again.

    An arc is a pair of the points and whether it is closed without a node. Arc by arc the point goes that moves its
    border least, if the closed triangle of it and its neighbours holds no other point of any arc; one that has to stay
    is asked again when its neighbours are others, or when all arcs had their turn and any point went.
    """
    left = [list(points) for points, _ in arcs]
    everywhere = {point for points in left for point in points}
    gave_way = True
    while gave_way:
        gave_way = False
        for number, (original, closed) in enumerate(arcs):
            stays = set()
            while (place := _next_to_go(left, number, original, closed, tolerance, stays)) is not None:
                points = left[number]
                corners = (points[place - 1], points[place], points[(place + 1) % len(points)])
                if any(_within(point, corners) for point in everywhere - set(corners)):
                    stays.add(corners)
                    continue
                everywhere.remove(points[place])
                del points[place]
                gave_way = True
    return left


def _next_to_go(left, number, original, closed, tolerance, stays):
    points = left[number]
    ring = closed or points[0] == points[-1]
    different = len(set(points))
    if different == (3 if ring else 2):
        return None
    if len(points) == 3 and not closed:
        twins = [each for other, each in enumerate(left) if other != number and len(each) == 2]
        if [points[0], points[2]] in twins or [points[2], points[0]] in twins:
            return None
    best = None
    for place in range(len(points)) if closed else range(1, len(points) - 1):
        before, after = points[place - 1], points[(place + 1) % len(points)]
        moved = max(_square(point, before, after) for point in _between(original, points, place, closed))
        allowed = moved <= Fraction(tolerance) ** 2 and (before, points[place], after) not in stays
        if allowed and (best is None or moved < best[0]):
            best = moved, place
    return best and best[1]


def _between(original, points, place, closed):
    """The original points from the point before to the point after, both left out."""
    first = original.index(points[place - 1])
    if closed:
        last = original.index(points[(place + 1) % len(points)])
        return original[first + 1 : last] if first < last else original[first + 1 :] + original[:last]
    last = len(original) - 1 if place + 2 == len(points) else original.index(points[place + 1])
    return original[first + 1 : last]


def _square(point, start, end):
    """The squared distance of a point from a segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    px, py = point[0] - start[0], point[1] - start[1]
    along = min(max(Fraction(px * dx + py * dy, dx * dx + dy * dy), 0), 1)
    return (px - along * dx) ** 2 + (py - along * dy) ** 2


def _within(point, corners):
    """Whether a point lies in a closed triangle."""
    turns = []
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        turns.append((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax))
    if any(turns):
        return min(turns) >= 0 or max(turns) <= 0
    xs, ys = zip(*corners, strict=True)  # all in one line
    return min(xs) <= point[0] <= max(xs) and min(ys) <= point[1] <= max(ys)
