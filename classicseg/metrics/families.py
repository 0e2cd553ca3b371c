"""Scores of a family of label maps of one picture, such as a sweep of a parameter or the cuts of a hierarchy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FamilyScores:
    """What the label maps of one picture, one a scale, reach.

    Attributes
    ----------
    scales : (K,) float64 array
        The scale of each map (a threshold, a parameter's value), ascending; the same for every picture that is to be
        summarised together.
    segments : (K,) int64 array
        Predicted labels in each map.
    values : dict of str to (K,) float64 array
        Each score by name, the mean over the truths.
    best_covering : float
        The covering where each true region may take its best segment from any map of the family; NaN where not known.
    """

    scales: NDArray[np.float64]
    segments: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    best_covering: float = float("nan")
