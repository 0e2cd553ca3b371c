"""Higra's hierarchical watersheds of the pixel graph, as `answer` serves them.

The graph's weights are distances of neighbouring pixels in L*a*b*, the picture smoothed before by a Gaussian of `sigma`
pixels. What lies at or below `finest` is joined before the tree is handed over: no scale cuts there.
"""

import numpy as np
from answer import answer


def segment(picture, parameters, sweep, scales):
    import higra

    attribute, finest = parameters["attribute"], parameters["finest"]
    graph, weights = weighted_graph(picture, parameters["sigma"])
    tree, altitudes = getattr(higra, f"watershed_hierarchy_by_{attribute}")(graph, weights)
    return joined_below(tree, altitudes, finest, picture.shape[:2])


def weighted_graph(picture, sigma):
    """The four-neighbour graph of the pixels, and the colour distance at each edge."""
    import higra
    from scipy.ndimage import gaussian_filter
    from skimage.color import rgb2lab

    lab = rgb2lab(gaussian_filter(picture / 255.0, (sigma, sigma, 0)))
    graph = higra.get_4_adjacency_graph(picture.shape[:2])
    return graph, higra.weight_graph(graph, lab.reshape(-1, 3), higra.WeightFunction.L2)


def joined_below(tree, altitudes, finest, shape):
    """The tree above `finest`: label map of its leaves (from 1), parent and altitude of each node, leaves first."""
    import higra

    parents = tree.parents()
    # Each node takes the identity of its highest ancestor at or below `finest`; those above keep their own.
    top = higra.propagate_sequential(tree, np.arange(tree.num_vertices()), altitudes[parents] <= finest)
    found, leaves = np.unique(top[: tree.num_leaves()], return_inverse=True)
    kept = np.flatnonzero((altitudes > finest) & (np.arange(len(parents)) >= tree.num_leaves()))
    number = np.full(len(parents), -1)
    number[found], number[kept] = np.arange(len(found)), len(found) + np.arange(len(kept))
    nodes = np.concatenate([found, kept])
    heights = np.where(np.arange(len(nodes)) < len(found), 0.0, altitudes[nodes])
    return {
        "leaves": (leaves.reshape(shape) + 1).astype(np.int32),
        "parents": number[parents[nodes]].astype(np.int64),
        "altitudes": heights.astype(np.float64),
    }


if __name__ == "__main__":
    answer(segment)
