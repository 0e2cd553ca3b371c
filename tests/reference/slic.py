"""SLIC on a grid of cells, each pixel looking at the nine clusters around, in plain Python."""


def edges(length, spacing):
    cells = max(1, round(length / spacing))
    return [i * length // cells for i in range(cells + 1)]


def cell_of(place, bounds):
    return max(i for i in range(len(bounds) - 1) if bounds[i] <= place)


def clusters(planes, mask, spacing, compactness, rounds):
    """The cell (row, column) whose cluster each pixel inside the mask joins, as a dictionary by pixel."""
    height, width = len(mask), len(mask[0])
    rows, columns = edges(height, spacing), edges(width, spacing)
    home = {(r, c): (cell_of(r, rows), cell_of(c, columns)) for r in range(height) for c in range(width)}
    inside = [pixel for pixel in home if mask[pixel[0]][pixel[1]]]
    joined = {pixel: home[pixel] for pixel in inside}
    centers = {}
    for _ in range(rounds):
        for cluster in set(joined.values()):
            own = [
                [*pixel, *(plane[pixel[0]][pixel[1]] for plane in planes)]
                for pixel in inside
                if joined[pixel] == cluster
            ]
            centers[cluster] = [sum(column) / len(own) for column in zip(*own, strict=True)]
        for pixel in inside:
            nearest = None
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    cluster = (home[pixel][0] + down, home[pixel][1] + right)
                    if cluster not in centers:
                        continue
                    center = centers[cluster]
                    color = sum(
                        (plane[pixel[0]][pixel[1]] - own) ** 2 for plane, own in zip(planes, center[2:], strict=True)
                    )
                    away = (pixel[0] - center[0]) ** 2 + (pixel[1] - center[1]) ** 2
                    distance = color + (compactness / spacing) ** 2 * away
                    if nearest is None or distance < nearest[0]:
                        nearest = (distance, cluster)
            joined[pixel] = nearest[1]
    return joined


def joined(parts, planes, smallest):
    """Parts (a map 1..n in raster order, 0 outside), small ones joined to the neighbour of nearest mean colour."""
    height, width = len(parts), len(parts[0])
    pixels = {}
    for r in range(height):
        for c in range(width):
            if parts[r][c]:
                pixels.setdefault(parts[r][c], []).append((r, c))
    owner = {part: part for part in pixels}

    def mean(part):
        return [sum(plane[r][c] for r, c in pixels[part]) / len(pixels[part]) for plane in planes]

    for part in sorted(owner):
        if owner[part] != part or len(pixels[part]) >= smallest:
            continue
        around = {(r + y, c + x) for r, c in pixels[part] for y, x in ((-1, 0), (0, -1), (0, 1), (1, 0))}
        beside = {owner[parts[r][c]] for r, c in around if 0 <= r < height and 0 <= c < width and parts[r][c]} - {part}
        if not beside:
            continue
        own = mean(part)
        best = min(beside, key=lambda other: (sum((a - b) ** 2 for a, b in zip(own, mean(other), strict=True)), other))
        pixels[best] += pixels.pop(part)
        owner = {one: best if other == part else other for one, other in owner.items()}
    return [[owner.get(part, 0) for part in row] for row in parts]
