"""Textons: each pixel's class among the responses to a bank of filters of several orientations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.parallel import chunks, for_chunks

TEXTONS = 32
_ORIENTATIONS = 8
_ELONGATION = 3.0
_SAMPLES, _STEPS = 8192, 10
_ROWS, _PIXELS = 32, 16_384


def texton_map(
    lightness: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threads: int = 1,
    *,
    sigma: float = 1.5,
    halved: bool = True,
) -> NDArray[np.uint8]:
    """The texton (0..31) of each pixel; 255 outside the mask."""
    if not mask.all():
        lightness = _continued(lightness, mask)
    whole = mask
    if halved:
        lightness, mask, sigma = _halved(lightness), _any_of_four(mask), sigma / 2
    responses = filter_responses(lightness, sigma, threads)
    flat = responses.reshape(len(responses), -1)
    inside = np.flatnonzero(mask)
    step = max(len(inside) // _SAMPLES, 1)
    centers = _fit(np.ascontiguousarray(flat[:, inside[step // 2 :: step]]))
    textons = _nearest(flat, centers, threads).reshape(lightness.shape)
    if halved:
        height, width = whole.shape
        textons = np.ascontiguousarray(textons.repeat(2, axis=0).repeat(2, axis=1)[:height, :width])
    textons[~whole] = 255
    return textons


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of two by two pixels; an odd last row or column counts twice."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    upper, lower = even[0::2], even[1::2]
    pairs = upper + lower
    return (pairs[:, 0::2] + pairs[:, 1::2]) * np.float32(0.25)


def _any_of_four(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = mask.shape
    even = np.pad(mask, ((0, height % 2), (0, width % 2)))
    pairs = even[0::2] | even[1::2]
    return np.asarray(pairs[:, 0::2] | pairs[:, 1::2])


def filter_responses(lightness: NDArray[np.float32], sigma: float, threads: int) -> NDArray[np.float32]:
    """Responses (17, H, W) to an even and an odd filter of each of 8 orientations and one centre-surround filter."""
    from classicseg.kernels.textons import filter_rows

    height, width = lightness.shape
    rows, columns, weights, parts = _bank(sigma)
    reach = int(max(rows.max(), np.abs(columns).max()))
    plane = np.pad(lightness.astype(np.float32), reach, mode="symmetric")
    responses = np.empty((len(weights), height, width), np.float32)
    for_chunks(
        lambda _, a, b: filter_rows(plane, rows, columns, weights, parts, a, b, responses),
        chunks(height, _ROWS), threads,
    )  # fmt: skip
    return responses


def _continued(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A plane that goes on outside the mask as the nearest pixel inside."""
    from scipy.ndimage import distance_transform_edt

    nearest = tuple(distance_transform_edt(~mask, return_distances=False, return_indices=True))
    return np.asarray(plane[nearest])


def _bank(sigma: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Places (rows, columns) of half the taps, their weights for each filter, and 1 for an even, -1 for an odd one."""
    reach = int(np.ceil(3 * sigma)) + 1
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
    bank = np.stack(filters)
    parts = np.array([1, -1] * _ORIENTATIONS + [1])
    half = window & ((y > 0) | ((y == 0) & (x >= 0)))
    weights = bank[:, half]
    rows, columns = y[half].astype(np.int64), x[half].astype(np.int64)
    weights[:, (rows == 0) & (columns == 0)] *= 0.5  # this tap is its own other end
    return rows, columns, np.ascontiguousarray(weights, dtype=np.float32), parts


def _balanced(kernel: NDArray[np.float64], window: NDArray[np.bool_]) -> NDArray[np.float64]:
    """With a mean of 0 inside the window, which leaves no response to what is even."""
    kernel = kernel * window
    return _normalised(kernel - window * (kernel.sum() / window.sum()))


def _normalised(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    return kernel / np.abs(kernel).sum()


def _fit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres (32, F) of samples (F, n) by Lloyd's algorithm from samples at even ranks of the responses' energy."""
    from classicseg.kernels.textons import add_samples, nearest_centers

    depth, size = samples.shape
    energy = np.einsum("fn,fn->n", samples, samples)
    ranks = ((np.arange(TEXTONS) + 0.5) * size / TEXTONS).astype(np.int64)
    centers = np.ascontiguousarray(samples[:, np.argsort(energy, kind="stable")[ranks]].T)
    labels = np.empty(size, np.uint8)
    for _ in range(_STEPS):
        nearest_centers(samples, 0, size, centers, labels)
        sums = np.zeros((TEXTONS, depth + 1))
        add_samples(samples, labels, sums)
        some = sums[:, -1] > 0
        centers[some] = sums[some, :-1] / sums[some, -1:]
    return centers


def _nearest(flat: NDArray[np.float32], centers: NDArray[np.float32], threads: int) -> NDArray[np.uint8]:
    from classicseg.kernels.textons import nearest_centers

    labels = np.empty(flat.shape[1], np.uint8)
    for_chunks(lambda _, a, b: nearest_centers(flat, a, b, centers, labels), chunks(flat.shape[1], _PIXELS), threads)
    return labels
