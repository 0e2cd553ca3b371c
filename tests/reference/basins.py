"""Regional minima by flood fill, and basins joined by their depth, by sets of pixels."""


def _beside(r, c, height, width):
    return [(y, x) for y, x in ((r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c)) if 0 <= y < height and 0 <= x < width]


def minima(levels, mask):
    """A list of sets of pixels, in raster order of their first ones."""
    height, width = len(levels), len(levels[0])
    found, seen = [], set()
    for r in range(height):
        for c in range(width):
            if not mask[r][c] or (r, c) in seen:
                continue
            flat, waiting, is_lowest = {(r, c)}, [(r, c)], True
            while waiting:
                for y, x in _beside(*waiting.pop(), height, width):
                    if mask[y][x] and levels[y][x] < levels[r][c]:
                        is_lowest = False
                    if mask[y][x] and levels[y][x] == levels[r][c] and (y, x) not in flat:
                        flat.add((y, x))
                        waiting.append((y, x))
            seen |= flat
            if is_lowest:
                found.append(flat)
    return found


def joined(labels, levels, depth):
    """Sets of labels that are one basin after those less deep than `depth` have joined others."""
    height, width = len(labels), len(labels[0])
    basins = {label: {label} for row in labels for label in row if label > 0}
    lakes = {label: {label} for label in basins}
    lowest = {
        label: min(levels[r][c] for r in range(height) for c in range(width) if labels[r][c] == label)
        for label in basins
    }
    passes = []
    for r in range(height):
        for c in range(width):
            for y, x in ((r, c + 1), (r + 1, c)):
                if y < height and x < width and 0 < labels[r][c] != labels[y][x] > 0:
                    passes.append((max(levels[r][c], levels[y][x]), labels[r][c], labels[y][x]))
    for level, one, other in sorted(passes, key=lambda each: each[0]):
        if lakes[one] is lakes[other]:
            continue
        bottom = max(min(lowest[each] for each in lakes[one]), min(lowest[each] for each in lakes[other]))
        for forest, meet in ((lakes, True), (basins, level - bottom < depth)):
            if meet:
                both = forest[one] | forest[other]
                forest.update(dict.fromkeys(both, both))
    return {frozenset(basin) for basin in basins.values()}
