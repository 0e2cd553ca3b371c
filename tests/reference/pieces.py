"""Whether the outline of a set of pixels is one ring that never meets itself."""


def parts(pixels):
    """The sets of a set of (row, column) that are connected by edges."""
    left, found = set(pixels), []
    while left:
        part, new = set(), [left.pop()]
        while new:
            row, column = new.pop()
            part.add((row, column))
            for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if near in left:
                    left.remove(near)
                    new.append(near)
        found.append(part)
    return found


def flaws(pixels):
    """How many holes a connected set has, those counted that are open at a corner only; and how many bare corners.

    A bare corner is one at which two pixels of the set meet, and at which neither of the other two belongs to it.
    """
    rows, columns = zip(*pixels, strict=True)
    frame = {(r, c) for r in range(min(rows) - 1, max(rows) + 2) for c in range(min(columns) - 1, max(columns) + 2)}
    corners = 0
    for row, column in frame:
        square = [(row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1)]
        corners += [each in pixels for each in square] in ([True, False, False, True], [False, True, True, False])
    return len(parts(frame - set(pixels))) - 1, corners
