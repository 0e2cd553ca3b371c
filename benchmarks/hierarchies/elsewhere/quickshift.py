"""scikit-image's quickshift, as `answer` serves it: the tree once, and its cut at each distance.

scikit-image cuts a tree where a pixel lies farther than `max_dist` from its parent, the same tree whatever `max_dist`
is; so all scales are had from one call. A tree's pixels need not be connected.
"""

import numpy as np
from answer import answer

_FAR = 1e9  # above every distance: nothing is cut


def segment(picture, parameters, sweep, scales):
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from skimage.segmentation import quickshift

    if sweep != "max_dist":
        raise ValueError(f"quickshift is swept by max_dist, not by {sweep}")
    _, parents, distances = quickshift(picture, max_dist=_FAR, return_tree=True, rng=0, **parameters)
    parents, distances = np.asarray(parents).ravel(), np.asarray(distances).ravel()
    pixels = np.arange(len(parents))
    maps = []
    for scale in scales:
        near = distances <= scale
        links = coo_matrix((np.ones(near.sum(), dtype=bool), (pixels[near], parents[near])), shape=(len(pixels),) * 2)
        maps.append(connected_components(links, directed=False)[1].reshape(picture.shape[:2]))
    return {"maps": np.array(maps).astype(np.int32)}


if __name__ == "__main__":
    answer(segment)
