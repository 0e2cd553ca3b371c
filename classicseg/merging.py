"""Region merging: a placeholder, which joins neighbours by the distance of their mean colours (single linkage)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classicseg.hierarchy import Hierarchy, hierarchy_of_pairs
from classicseg.image import Image
from classicseg.labels import neighbours


def hierarchy_of(labels: NDArray[np.int32], image: Image, threads: int) -> Hierarchy:
    """The hierarchy above connected segments 1..n, 0 outside the mask; altitudes in 0..1."""
    planes = image.in_space("lab", threads)
    count = int(labels.max())
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    sums = [np.bincount(labels.ravel(), weights=plane.ravel(), minlength=count + 1)[1:] for plane in planes]
    means = np.stack(sums, axis=1) / sizes[:, np.newaxis]
    pairs = neighbours(labels) - 1
    apart = np.sqrt(((means[pairs[:, 0]] - means[pairs[:, 1]]) ** 2).sum(axis=1))
    return hierarchy_of_pairs(labels, pairs, np.minimum(apart / 259, 1))
