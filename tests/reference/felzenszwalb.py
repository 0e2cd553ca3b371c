"""Felzenszwalb and Huttenlocher's segments with sets of pixels, one sorted list of edges, and exact arithmetic."""

STEPS = {1: [(0, 1), (1, 0)], 2: [(0, 1), (1, -1), (1, 0), (1, 1)]}


def edges(planes, mask, connectivity):
    """Edges (squared distance, one pixel, the other), sorted; equal ones by row, step and column."""
    height, width = len(mask), len(mask[0])
    found = []
    for r in range(height):
        for down, right in STEPS[connectivity]:
            for c in range(width):
                y, x = r + down, c + right
                if 0 <= y < height and 0 <= x < width and mask[r][c] and mask[y][x]:
                    squared = sum((float(plane[r][c]) - float(plane[y][x])) ** 2 for plane in planes)
                    found.append((squared, (r, c), (y, x)))
    return sorted(found, key=lambda edge: edge[0])


def segments(planes, mask, scale, min_size, connectivity):
    """The final segments and those before the small ones joined, each a list of frozen sets of pixels."""
    own = {(r, c): {(r, c)} for r, row in enumerate(mask) for c, inside in enumerate(row) if inside}
    limit = dict.fromkeys(own, float(scale))  # of the segment of a pixel: Int + scale / size
    ordered = edges(planes, mask, connectivity)
    for squared, one, other in ordered:
        weight = squared**0.5
        if own[one] is not own[other] and weight < min(limit[one], limit[other]):
            both = own[one] | own[other]
            for pixel in both:
                own[pixel], limit[pixel] = both, weight + scale / len(both)
    grown = {frozenset(segment) for segment in own.values()}
    for _, one, other in ordered:
        if own[one] is not own[other] and min(len(own[one]), len(own[other])) < min_size:
            both = own[one] | own[other]
            for pixel in both:
                own[pixel] = both
    return {frozenset(segment) for segment in own.values()}, grown
