"""Which labels of a map touch. Nothing is compiled here, so that a palette can be had without Numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def borders(labels: NDArray[np.integer], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (P, 2) of different labels 1..count that share pixel edges, and how many edges each pair has.

    Labels are counted from 0 in the pairs, which are sorted, each once, the lower label first. O(N + B log B) for B
    pixel edges between labels.
    """
    width = labels.shape[1]
    flat = np.ascontiguousarray(labels).reshape(-1)
    number = np.int32 if count < 46_341 else np.int64  # the smaller one, where it holds count squared, sorts faster
    keys = []
    for step, ends in ((1, width), (width, 0)):
        differs = flat[step:] != flat[:-step]
        if ends:
            differs[ends - 1 :: ends] = False  # the end of a row and the beginning of the next
        # Few pixels stand at a border: these first, so that all else is done for few.
        places = np.flatnonzero(differs)
        one, other = flat[places], flat[places + step]
        labelled = (one > 0) & (other > 0)
        here, there = one[labelled].astype(number) - 1, other[labelled].astype(number) - 1
        keys.append(np.minimum(here, there) * count + np.maximum(here, there))
    found, lengths = np.unique(np.concatenate(keys), return_counts=True)
    return np.stack([found // count, found % count], axis=1).astype(np.int64), lengths.astype(np.int64)
