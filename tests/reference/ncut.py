"""Normalised cuts on a dense affinity matrix, after Shi & Malik 2000."""

import math

import numpy as np


def dense_affinity(colors, positions, color_scale, spatial_scale, radius):
    """w_ij = exp(-|c_i - c_j|^2 / (2 color_scale^2) - |p_i - p_j|^2 / (2 spatial_scale^2)) up to `radius`, else 0.

    A node that no link reaches is linked with itself, by 1.
    """
    count = len(colors)
    weights = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            apart = sum((a - b) ** 2 for a, b in zip(positions[i], positions[j], strict=True))
            if math.sqrt(apart) > radius:
                continue
            color = sum((float(a) - float(b)) ** 2 for a, b in zip(colors[i], colors[j], strict=True))
            weights[i, j] = weights[j, i] = math.exp(-color / (2 * color_scale**2) - apart / (2 * spatial_scale**2))
    for i in range(count):
        if weights[i].sum() == 0:
            weights[i, i] = 1.0
    return weights


def eigenvalues(weights):
    """All eigenvalues of D^-1/2 W D^-1/2, falling."""
    root = np.sqrt(weights.sum(axis=1))
    return np.linalg.eigvalsh(weights / root[:, None] / root[None, :])[::-1]


def normalised_cut(weights, classes):
    """The sum over classes of the links that leave it, by all links of its nodes."""
    classes = np.asarray(classes)
    total = 0.0
    for k in sorted(set(classes.tolist())):
        own = classes == k
        total += weights[own][:, ~own].sum() / weights[own].sum()
    return total
