"""Words: pixels as numbers of the nearest of a few centres, which k-means finds in the picture itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from classicseg.parallel import chunks, for_chunks

COLORS = 64
_SAMPLES, _STEPS = 8192, 10
_PIXELS = 16_384


def color_words(planes: NDArray[np.float32], mask: NDArray[np.bool_], threads: int = 1) -> NDArray[np.uint8]:
    """Which of 64 colours of the picture each pixel has.

    Parameters
    ----------
    planes : (D, H, W) float32 array
        In which Euclidean distance is that of colours.
    mask : (H, W) bool array
        Pixels outside take no part.
    threads : int
        The result does not depend on it.

    Returns
    -------
    (H, W) uint8 array
        0..63; 255 outside the mask.

    Notes
    -----
    O(64 N D) for N pixels. The centres are those of some 8000 samples on a square `lattice`, by `even_centers`: nothing
    is drawn at random.

    Examples
    --------
    >>> planes = np.array([[[0, 0, 90, 91, 200]]], np.float32)  # one plane, of one row
    >>> words = color_words(planes, np.array([[True, True, True, True, False]]))
    >>> bool(words[0, 0] == words[0, 1] != words[0, 2]), int(words[0, 4])
    (True, 255)
    """
    from classicseg.kernels.textons import nearest_centers

    if not mask.any():
        return np.full(mask.shape, 255, np.uint8)
    flat = np.ascontiguousarray(planes).reshape(len(planes), -1)
    rows, step = lattice(mask)
    inside = mask[rows, ::step]
    centers = even_centers(np.ascontiguousarray(planes[:, rows, ::step][:, inside]), COLORS)
    words = np.empty(mask.size, np.uint8)

    def work(_: int, start: int, stop: int) -> None:
        part = np.ascontiguousarray(flat[:, start:stop])
        nearest_centers(part, stop - start, centers, words[start:stop])

    for_chunks(work, chunks(mask.size, _PIXELS), threads)
    words[~mask.ravel()] = 255
    return words.reshape(mask.shape)


def lattice(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """Rows, and every how manyth column of them: a square lattice that meets the mask in some 8000 pixels.

    In more of strips that are thinner than its step. All rows and columns where the mask has fewer pixels, or lies
    between the lattice's.
    """
    for step in (math.ceil(math.sqrt(np.count_nonzero(mask) / _SAMPLES)), 1):
        rows = np.arange(min(step, len(mask)) // 2, len(mask), step)
        if mask[rows, ::step].any():
            break
    return rows, step


def even_centers(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Centres (count, F) of samples (F, n): ten steps of Lloyd's algorithm from samples at even ranks of length."""
    from classicseg.kernels.textons import add_samples, nearest_centers

    depth, size = samples.shape
    lengths = np.einsum("fn,fn->n", samples, samples)
    ranks = ((np.arange(count) + 0.5) * size / count).astype(np.int64)
    centers = np.ascontiguousarray(samples[:, np.argsort(lengths, kind="stable")[ranks]].T)
    labels = np.empty(size, np.uint8)
    for _ in range(_STEPS):
        nearest_centers(samples, size, centers, labels)
        sums = np.zeros((count, depth + 1))
        add_samples(samples, labels, sums)
        some = sums[:, -1] > 0
        centers[some] = sums[some, :-1] / sums[some, -1:]
    return centers
