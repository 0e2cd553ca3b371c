"""Textons: each pixel's class among the responses to a bank of filters of several orientations."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.gradients.slopes import nearest_inside
from classicseg.gradients.words import even_centers, lattice
from classicseg.parallel import chunks, for_chunks

TEXTONS = 32
_SIGMA = 1.0  # scale of the filters in pixels
_ORIENTATIONS = 8
_ELONGATION = 3.0
_ROWS = 32


class Bank(NamedTuple):
    """Filters as the taps of one half of their window: each tap does for both ends of a line through the middle.

    rows, columns : where the taps lie, the rows rising; weights (F, taps); parts: 1 for an even filter, -1 for an odd
    one.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    weights: NDArray[np.float32]
    parts: NDArray[np.int64]

    @property
    def reach(self) -> int:
        return int(self.rows[-1])


def texton_map(
    lightness: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threads: int = 1,
) -> NDArray[np.uint8]:
    """Which kind of texture a pixel lies in: the class of its responses to 17 filters, by k-means with 32 centres.

    Parameters
    ----------
    lightness : (H, W) float32 array
    mask : (H, W) bool array
        Values outside take no part; the picture goes on there as the nearest pixel inside.
    threads : int
        The result does not depend on it.

    Returns
    -------
    (H, W) uint8 array
        0..31; 255 outside the mask.

    Notes
    -----
    O(N) for N pixels, with 17 filters of a scale of 1 pixel and 32 centres for each. The centres are those of at most
    some 8000 samples that lie evenly over the picture, after ten steps of Lloyd's algorithm from samples at even ranks
    of the responses' energy: nothing is drawn at random.

    References
    ----------
    J. Malik, S. Belongie, T. Leung and J. Shi, "Contour and texture analysis for image segmentation", IJCV 43(1), 2001.

    Examples
    --------
    >>> lightness = np.full((40, 60), 50, np.float32)
    >>> lightness[:, 30::2] += 20  # smooth on the left, stripes on the right
    >>> textons = texton_map(lightness, np.ones(lightness.shape, bool))
    >>> np.intersect1d(textons[:, :25], textons[:, 35:]).size
    0
    """
    from classicseg.kernels.textons import textons_of_rows

    if not mask.any():
        return np.full(mask.shape, 255, np.uint8)
    if not mask.all():
        lightness = lightness[nearest_inside(mask)]
    bank = filter_bank(_SIGMA)
    plane = np.pad(lightness.astype(np.float32), bank.reach, mode="symmetric")
    centers = even_centers(_samples(plane, mask, bank), TEXTONS)
    textons = np.empty(mask.shape, np.uint8)
    for_chunks(
        lambda _, a, b: textons_of_rows(plane, a, b, *bank, centers, textons), chunks(len(textons), _ROWS), threads
    )
    textons[~mask] = 255
    return textons


def _samples(plane: NDArray[np.float32], mask: NDArray[np.bool_], bank: Bank) -> NDArray[np.float32]:
    """Responses (17, n) at some 8000 pixels inside the mask."""
    from classicseg.kernels.textons import responses_of_rows

    rows, step = lattice(mask)
    inside = mask[rows, ::step]
    samples = np.empty((len(bank.weights), inside.size), np.float32)
    responses_of_rows(plane, rows, step, *bank, samples)
    return samples if inside.all() else np.ascontiguousarray(samples[:, inside.ravel()])


def filter_bank(sigma: float) -> Bank:
    """17 filters: for each of 8 orientations an even and an odd one, three times as long as wide, and a round one.

    Across an edge they are the second and the first derivative of a Gaussian, and the round one is the Laplacian of
    one; cut off in a disc of 3 sigma + 1, brought to a mean of 0 there, and to 1 as the sum of the weights' sizes.
    """
    reach = math.ceil(3 * sigma) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    window = np.hypot(x, y) <= reach + 0.5
    filters = []
    for k in range(_ORIENTATIONS):
        angle = k * np.pi / _ORIENTATIONS
        along, across = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
        fine, gauss = across / sigma, np.exp(-0.5 * ((across / sigma) ** 2 + (along / (_ELONGATION * sigma)) ** 2))
        filters += [_balanced((fine**2 - 1) * gauss, window), _normalised(fine * gauss * window)]
    squared = (x**2 + y**2) / sigma**2
    filters.append(_balanced((squared - 2) * np.exp(-0.5 * squared), window))
    half = window & ((y > 0) | ((y == 0) & (x >= 0)))
    weights = np.stack(filters)[:, half]
    rows, columns = y[half].astype(np.int64), x[half].astype(np.int64)
    weights[:, (rows == 0) & (columns == 0)] *= 0.5  # this tap is its own other end
    more = -len(rows) % 4  # the kernel takes them by fours
    rows, columns = np.append(rows, rows[-1:].repeat(more)), np.append(columns, columns[-1:].repeat(more))
    weights = np.pad(weights, ((0, 0), (0, more)))
    parts = np.array([1, -1] * _ORIENTATIONS + [1])
    return Bank(rows, columns, np.ascontiguousarray(weights, dtype=np.float32), parts)


def _balanced(kernel: NDArray[np.float64], window: NDArray[np.bool_]) -> NDArray[np.float64]:
    """With a mean of 0 inside the window, which leaves no response to what is even."""
    kernel = kernel * window
    return _normalised(kernel - window * (kernel.sum() / window.sum()))


def _normalised(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    return kernel / np.abs(kernel).sum()
