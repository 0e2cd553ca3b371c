"""Spectral clustering: normalised cuts on a sparse graph of superpixels or pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, space_parameter
from classicseg.image import Image, count_distinct
from classicseg.parameters import parameter

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_MOST_AUTO = 20
_STARTS = 10
_COMPACTNESS = 10.0  # of the superpixels, in Delta E, the usual value
_ROUNDING = 1e-12
_BYTES_PER_PAIR = 120  # index pairs, distances, and the two triangles of the matrix while it is built
_BYTES_PER_FACTORED_NODE = 30_000  # seen on 40,000 pixels at the default radius


class Nodes(NamedTuple):
    """The graph's nodes: `of_pixel` (N,) numbers the node of each valid pixel; positions are in node spacings."""

    of_pixel: NDArray[np.intp]
    colors: NDArray[np.float64]
    positions: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SpectralClustering(Segmenter):
    """Normalised cuts on a sparse graph of superpixels or pixels.

    The graph is cut where links are weak beside all the links that the parts hold.
    Nodes i and j no farther apart than `radius` are linked by
    w_ij = exp(-|c_i - c_j|^2 / (2 color_scale^2) - |p_i - p_j|^2 / (2 spatial_scale^2)). With W these weights and D
    their sums, the eigenvectors of D^-1/2 W D^-1/2 with the greatest eigenvalues solve the relaxed normalised cut; they
    are turned into classes by the rotation of Yu & Shi (the best of 10 fixed starts). The affinity is
    sparse, but for graphs of a few hundred nodes, whose dense matrix is no larger.

    Parameters
    ----------
    n_clusters : int or "auto"
        Number of classes; an upper bound. "auto" takes from 2 to 20 the number k with the largest relative
        eigengap, the least (1 - lambda_k) / (1 - lambda_(k+1)).
    color_scale : float
        Colour distance at which a link has fallen to 0.61; smaller heeds fainter differences. This, `spatial_scale`,
        `radius` and `n_superpixels` were chosen on a dozen training pictures of BSDS500 by the covering of the classes.
    spatial_scale : float
        The same for distance, in node spacings (the pixel for pixels, the mean side of a superpixel for superpixels).
    radius : float
        Longest link, in node spacings.
    n_superpixels : int
        About how many SLIC superpixels are the nodes. 0, or no fewer than the picture has pixels: every pixel is a
        node, which is exact and takes far longer.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.

    Notes
    -----
    Findings: ``eigenvalues`` (falling, the first is 1), ``cut`` (the normalised cut of the classes on the graph: the
    sum over classes of the links that leave it, by all its links), ``class_cuts`` (its terms), ``residual`` (of the
    eigenpairs, at most 1e-9 unless eigenvalues crowd), ``n_nodes``, ``n_links``, ``n_clusters``. Time is that of the
    superpixels, O(N), and of the eigensolver, which grows somewhat faster than the number of nodes.

    References
    ----------
    J. Shi and J. Malik, "Normalized cuts and image segmentation", IEEE TPAMI 22(8), 2000.
    S. X. Yu and J. Shi, "Multiclass spectral clustering", ICCV 2003.
    R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE TPAMI 34(11), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import SpectralClustering
    >>> SpectralClustering(n_clusters=2).segment(np.array([[0, 3, 250, 255]], dtype=np.uint8))
    array([[1, 1, 2, 2]], dtype=int32)
    """

    name: ClassVar[str] = "spectral"
    makes: ClassVar[Literal["classes", "segments"]] = "classes"
    bytes_per_pixel: ClassVar[int] = 100
    bytes_per_sample: ClassVar[int] = 48

    n_clusters: int | str = parameter(
        8, "number of classes; an upper bound", low=1, high=256, special=("auto",), scale="log"
    )
    color_scale: float = parameter(
        3.0, "colour distance at which a link fades", low=0.01, high=1000, unit="Delta E", scale="log"
    )
    spatial_scale: float = parameter(
        4.0, "distance at which a link fades", low=0.01, high=1000, unit="node spacings", scale="log"
    )
    radius: float = parameter(5.0, "longest link", low=1, high=100, unit="node spacings", scale="log")
    n_superpixels: int = parameter(
        1200, "about how many superpixels are nodes; 0: every pixel is one", low=0, scale="log"
    )
    space: str = space_parameter()

    def _memory(self, image: Image) -> int:
        from classicseg.eigen import FACTORED_NODES

        nodes = min(self.n_superpixels or image.mask.size, image.mask.size)
        pairs = nodes * min(np.pi * self.radius**2 / 2, nodes / 2)
        count = _MOST_AUTO if isinstance(self.n_clusters, str) else self.n_clusters
        basis = 8 * 10 * (count + 8) * nodes
        factors = _BYTES_PER_FACTORED_NODE * nodes if nodes <= FACTORED_NODES else 0
        return int(super()._memory(image) + _BYTES_PER_PAIR * pairs + basis + factors)

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.eigen import normalised_eigenpairs, residual
        from classicseg.parallel import one_library_thread

        planes = image.in_space(self.space)
        most = _MOST_AUTO if isinstance(self.n_clusters, str) else self.n_clusters
        most = count_distinct(image.samples(planes), most)
        with one_library_thread():
            nodes = self._nodes(planes, image.mask)
            most = min(most, len(nodes.colors))
            affinity = self._affinity(nodes)
            wanted = min(most + 1, len(nodes.colors)) if self.n_clusters == "auto" else most
            eigenvalues, eigenvectors = normalised_eigenpairs(affinity, wanted)
            count = _behind_largest_gap(eigenvalues) if self.n_clusters == "auto" else most
            of_node = discretise(eigenvectors[:, :count])
        raw = np.zeros(image.shape, dtype=np.int32)
        raw[image.mask] = of_node[nodes.of_pixel]
        shares = class_cuts(affinity, of_node, count)
        return raw, {
            "eigenvalues": eigenvalues,
            "cut": float(np.nansum(shares)),
            "class_cuts": PerClass(shares),
            "residual": residual(affinity, eigenvalues, eigenvectors),
            "n_nodes": len(nodes.colors),
            "n_links": (affinity.nnz - int(np.count_nonzero(affinity.diagonal()))) // 2,
            "n_clusters": count,
        }

    def _nodes(self, planes: NDArray[np.float32], mask: NDArray[np.bool_]) -> Nodes:
        pixels = np.argwhere(mask).astype(np.float64)
        colors = planes[:, mask].T.astype(np.float64)
        if not 0 < self.n_superpixels < len(pixels):
            return Nodes(np.arange(len(pixels)), colors, pixels)
        of_pixel = _superpixels(planes, mask, self.n_superpixels)[mask]
        _, of_pixel, sizes = np.unique(of_pixel, return_inverse=True, return_counts=True)

        def means(columns: NDArray[np.float64]) -> NDArray[np.float64]:
            sums = [np.bincount(of_pixel, column, len(sizes)) for column in columns.T]
            return np.stack(sums, axis=1) / sizes[:, np.newaxis]

        spacing = np.sqrt(len(pixels) / len(sizes))
        return Nodes(of_pixel, means(colors), means(pixels) / spacing)

    def _affinity(self, nodes: Nodes) -> csr_array:
        from scipy.sparse import coo_array
        from scipy.spatial import cKDTree

        count = len(nodes.colors)
        pairs = cKDTree(nodes.positions).query_pairs(self.radius, output_type="ndarray")
        one, other = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
        color = np.sum((nodes.colors[one] - nodes.colors[other]) ** 2, axis=1)
        distance = np.sum((nodes.positions[one] - nodes.positions[other]) ** 2, axis=1)
        weights = np.exp(-color / (2 * self.color_scale**2) - distance / (2 * self.spatial_scale**2))
        linked = np.bincount(one, weights, count) + np.bincount(other, weights, count) > 0
        alone = np.flatnonzero(~linked)  # no link at all: a loop keeps its row from being empty
        rows = np.concatenate([one, other, alone])
        columns = np.concatenate([other, one, alone])
        values = np.concatenate([weights, weights, np.ones(len(alone))])
        return coo_array((values, (rows, columns)), shape=(count, count)).tocsr()


def discretise(eigenvectors: NDArray[np.float64]) -> NDArray[np.intp]:
    """The class of each row (n,), by the rotation that brings unit rows nearest to unit vectors (Yu & Shi 2003)."""
    largest = np.abs(eigenvectors).max(axis=1, keepdims=True)  # taken out first: squares of weak nodes' rows overflow
    rows = eigenvectors / np.where(largest > 0, largest, 1)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    starts = np.unique(np.linspace(0, len(rows) - 1, _STARTS).astype(int))
    outcomes = [_rotate(rows, first) for first in starts]
    return max(outcomes, key=lambda outcome: outcome[0])[1]


def _rotate(rows: NDArray[np.float64], first: int) -> tuple[float, NDArray[np.intp]]:
    """Alternate between the nearest classes and the best rotation, from rows as orthogonal as can be found."""
    count = rows.shape[1]
    rotation = np.zeros((count, count))
    rotation[:, 0] = rows[first]
    overlap = np.zeros(len(rows))
    for column in range(1, count):
        overlap += np.abs(rows @ rotation[:, column - 1])
        rotation[:, column] = rows[np.argmin(overlap)]
    objective = -np.inf
    while True:
        classes = np.argmax(rows @ rotation, axis=1)
        sums = np.stack([rows[classes == k].sum(axis=0) for k in range(count)])
        left, singular, right = np.linalg.svd(sums)
        if singular.sum() <= objective + 1e-10 * len(rows):
            return objective, classes
        objective = float(singular.sum())
        rotation = (left @ right).T


def class_cuts(affinity: csr_array, classes: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """For each class the weight of the links that leave it, by the weight of all its links; NaN for an empty class."""
    links = affinity.tocoo()
    total = np.bincount(classes[links.row], links.data, count)
    kept = classes[links.row] == classes[links.col]
    inner = np.bincount(classes[links.row[kept]], links.data[kept], count)
    with np.errstate(invalid="ignore"):
        return (total - inner) / total


def _behind_largest_gap(eigenvalues: NDArray[np.float64]) -> int:
    """The count k >= 2 for which 1 - lambda_k is smallest beside 1 - lambda_(k+1).

    The gap is relative, since within a region the eigenvalues fall by steps that outgrow the gap between regions.
    """
    if len(eigenvalues) < 3:
        return len(eigenvalues)
    short = np.maximum(1 - eigenvalues, _ROUNDING)
    return 2 + int(np.argmax(1 - short[1:-1] / short[2:]))


def _superpixels(planes: NDArray[np.float32], mask: NDArray[np.bool_], count: int) -> NDArray[np.integer]:
    from skimage.segmentation import slic

    colors = np.moveaxis(planes, 0, -1).astype(np.float64)
    colors[~mask] = colors[mask].mean(axis=0)
    # The library stretches all planes together to 0..1; so divided, the compactness weighs position as in Lab units.
    compactness = _COMPACTNESS / max(float(np.ptp(colors)), 1e-6)
    return slic(colors, n_segments=count, compactness=compactness, convert2lab=False, channel_axis=-1, start_label=1)
