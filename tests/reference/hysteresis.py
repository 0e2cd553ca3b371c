"""Hysteresis as the definition says: repeat until nothing changes."""


def strong_or_tied(grades, diagonals):
    """Rows of booleans: grade 2, or grade 1 beside a pixel that is in already."""
    height, width = len(grades), len(grades[0])
    steps = [(-1, 0), (0, -1), (0, 1), (1, 0)] + ([(-1, -1), (-1, 1), (1, -1), (1, 1)] if diagonals else [])
    chosen = [[grade == 2 for grade in row] for row in grades]
    changed = True
    while changed:
        changed = False
        for y in range(height):
            for x in range(width):
                near = [(y + r, x + c) for r, c in steps if 0 <= y + r < height and 0 <= x + c < width]
                if grades[y][x] == 1 and not chosen[y][x] and any(chosen[r][c] for r, c in near):
                    chosen[y][x] = changed = True
    return chosen
