"""Marker-based watershed with one heap, by Meyer's rule: the lowest pixel first, the oldest of equal ones."""

import heapq


def flood_from_markers(levels, markers, mask):
    """Labels as a list of rows. Markers come in by raster order; a pixel is no lower than the one it came from."""
    height, width = len(levels), len(levels[0])
    labels = [[markers[y][x] if mask[y][x] else 0 for x in range(width)] for y in range(height)]
    heap = [(levels[y][x], y * width + x, y, x) for y in range(height) for x in range(width) if labels[y][x]]
    heapq.heapify(heap)
    age = height * width
    while heap:
        level, _, y, x = heapq.heappop(heap)
        for r, c in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
            if 0 <= r < height and 0 <= c < width and mask[r][c] and not labels[r][c]:
                labels[r][c] = labels[y][x]
                age += 1
                heapq.heappush(heap, (max(level, levels[r][c]), age, r, c))
    return labels
