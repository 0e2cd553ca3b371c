"""Mean-shift filtering of OpenCV's kind, pixel by pixel in whole numbers of Python."""

import numpy as np


def half_even(total, count):
    """total / count by way of the reciprocal, in float64, rounded half to even: as the rule is carried out."""
    return round(total * (1.0 / count))


def filtered(picture, radius, color_radius, max_iter, least_move):
    """The colour of each pixel's last mean in a square window."""
    height, width, _ = picture.shape
    samples = [[tuple(int(v) for v in pixel) for pixel in row] for row in picture]
    limit = round(color_radius**2)
    result = np.empty_like(picture)
    for row in range(height):
        for column in range(width):
            y, x, color = row, column, samples[row][column]
            for _ in range(max_iter):
                near = [
                    (r, c, *samples[r][c])
                    for r in range(max(0, y - radius), min(height, y + radius + 1))
                    for c in range(max(0, x - radius), min(width, x + radius + 1))
                    if sum((a - b) ** 2 for a, b in zip(samples[r][c], color, strict=True)) <= limit
                ]
                if not near:
                    break
                v, u, *mean = (half_even(sum(values), len(near)) for values in zip(*near, strict=True))
                moved = abs(v - y) + abs(u - x) + sum((a - b) ** 2 for a, b in zip(mean, color, strict=True))
                stays = (v, u) == (y, x)
                y, x, color = v, u, tuple(mean)
                if stays or moved <= least_move:
                    break
            result[row, column] = color
    return result
