"""Spectral clustering: normalised cuts on a sparse graph of superpixels or pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, PerClass, Segmenter, space_parameter
from classicseg.image import Image, count_distinct
from classicseg.parameters import Search, parameter

_MOST_AUTO = 20
_COMPACTNESS = 10.0  # of the superpixels, in Delta E, the usual value
_ROUNDING = 1e-12  # of eigenvalues that were found exactly
_SINGLE_ROUNDING = 3e-7  # where links are float32
_FEW = 100  # colours that are looked at before all
_ROUNDS = 10  # of the superpixels' k-means, the usual number
_BYTES_PER_PAIR = 120  # both directions of a link, with rows, distances and weights while it is built
_BYTES_PER_VALUE = 200  # of an eigenvector: the bases of the solvers, and spare vectors


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
        node, which takes longer.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.

    Notes
    -----
    Findings: ``eigenvalues`` (falling, the first is 1), ``cut`` (the normalised cut of the classes on the graph: the
    sum over classes of the links that leave it, by all its links), ``class_cuts`` (its terms), ``residual`` (of the
    eigenpairs), ``solver``, ``n_nodes``, ``n_links``, ``n_clusters``.

    Graphs of superpixels, and of as many pixels as can be factored (about 3,000 at radius 5, 8,000 at radius 2), are
    solved exactly (``solver`` "dense" or "banded"): to a residual of 1e-9, unless eigenvalues crowd. The pixels of
    larger pictures are solved approximately ("multilevel"), in weights of single precision. Strongly linked pixels make
    groups, the groups make coarser graphs, and the eigenvectors of a coarse one suggest classes. On each finer graph,
    down to the pixels, nodes move one by one where that lowers the cut; so do the classes that the eigenvectors, handed
    down and smoothed, say of each pixel, and what cuts less is kept. The cut is mostly below that of the exact
    eigenvectors' classes (a fifth on pieces of photographs), now and then above it by some hundredths, or by more where
    it is a few thousandths. Eigenvalues are rough: 1 - lambda, summed, is mostly a tenth above the exact sum on such
    pieces, and up to 2.6 times as large; the ``residual`` is some thousandths to hundredths.
    Time is O(N) but for small factors; memory at every pixel a node, radius 5 and 8 clusters is about half a KiB a
    pixel, and with superpixels that of the picture.

    References
    ----------
    J. Shi and J. Malik, "Normalized cuts and image segmentation", IEEE TPAMI 22(8), 2000.
    S. X. Yu and J. Shi, "Multiclass spectral clustering", ICCV 2003.
    I. S. Dhillon, Y. Guan and B. Kulis, "Weighted graph cuts without eigenvectors", IEEE TPAMI 29(11), 2007.
    P. Arbelaez et al., "Multiscale combinatorial grouping", CVPR 2014 (cuts on coarser graphs).
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
    bytes_per_pixel: ClassVar[int] = 28
    bytes_per_sample: ClassVar[int] = 5

    n_clusters: int | str = parameter(
        8,
        "number of classes; an upper bound",
        low=1,
        high=256,
        special=("auto",),
        scale="log",
        search=Search(2, 24),
    )
    color_scale: float = parameter(
        3.0,
        "colour distance at which a link fades",
        low=0.01,
        high=1000,
        unit="Delta E",
        scale="log",
        search=Search(1, 12),
    )
    spatial_scale: float = parameter(
        4.0,
        "distance at which a link fades",
        low=0.01,
        high=1000,
        unit="node spacings",
        scale="log",
        search=Search(1.5, 8),
    )
    radius: float = parameter(5.0, "longest link", low=1, high=100, unit="node spacings", scale="log")
    n_superpixels: int = parameter(
        1200,
        "about how many superpixels are nodes; 0: every pixel is one",
        low=0,
        scale="log",
        search=Search(300, 2400),
    )
    space: str = space_parameter()

    def _memory(self, image: Image) -> int:
        from classicseg.pixelcut import memory_of_pixels

        pixels = image.mask.size
        count = _MOST_AUTO + 1 if isinstance(self.n_clusters, str) else self.n_clusters
        if 0 < self.n_superpixels < pixels:
            pairs = self.n_superpixels * min(np.pi * self.radius**2 / 2, self.n_superpixels / 2)
            return int(super()._memory(image) + _BYTES_PER_PAIR * pairs + _BYTES_PER_VALUE * count * self.n_superpixels)
        return int(super()._memory(image) + memory_of_pixels(image.shape, self.radius, count))

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.parallel import one_library_thread

        planes = image.in_space(self.space, context.threads)
        most = _MOST_AUTO if isinstance(self.n_clusters, str) else self.n_clusters
        most = _distinct(planes, image.mask, most)
        with one_library_thread():
            if not 0 < self.n_superpixels < np.count_nonzero(image.mask) and self._is_large(image):
                return self._cut_pixels(planes, image.mask, most, context)
            return self._cut_nodes(planes, image.mask, most, context)

    def _cut_nodes(
        self, planes: NDArray[np.float32], mask: NDArray[np.bool_], most: int, context: Context
    ) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.eigen import normalised_eigenpairs, residual
        from classicseg.graphs import affinity
        from classicseg.ncut import class_cuts, discretise

        nodes = self._nodes(planes, mask, context)
        most = min(most, len(nodes.colors))
        graph = affinity(nodes.colors, nodes.positions, self.color_scale, self.spatial_scale, self.radius)
        found = normalised_eigenpairs(graph, self._wanted(most, len(nodes.colors)), context.threads, context.progress)
        count = self._count(found.eigenvalues, most, _ROUNDING)
        of_node = discretise(found.vectors[:, :count], context.threads)
        raw = np.zeros(mask.shape, dtype=np.int32)
        raw[mask] = of_node[nodes.of_pixel]
        return raw, _findings(
            found.eigenvalues,
            class_cuts(graph, of_node, count),
            residual=residual(graph, found.eigenvalues, found.vectors),
            solver=found.solver,
            n_nodes=graph.size,
            n_links=graph.links,
            n_clusters=count,
        )

    def _cut_pixels(
        self, planes: NDArray[np.float32], mask: NDArray[np.bool_], most: int, context: Context
    ) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.pixelcut import Links, cut_pixels

        links = Links(planes, mask, self.color_scale, self.spatial_scale, self.radius)
        size = int(np.count_nonzero(mask))
        found = cut_pixels(
            links,
            self._wanted(most, size),
            lambda eigenvalues: self._count(eigenvalues, most, _SINGLE_ROUNDING),
            context.threads,
        )
        return found.classes, _findings(
            found.eigenvalues,
            found.class_cuts,
            residual=found.residual,
            solver=found.solver,
            n_nodes=size,
            n_links=links.number(),
            n_clusters=len(found.class_cuts),
        )

    def _is_large(self, image: Image) -> bool:
        """Whether the graph of all pixels would take too long to be factored."""
        from classicseg.eigen import BANDED_WORK

        band = int(self.radius) * (min(image.shape) + 1)
        return int(np.count_nonzero(image.mask)) * float(band) ** 2 > BANDED_WORK

    def _wanted(self, most: int, nodes: int) -> int:
        return min(most + 1, nodes) if self.n_clusters == "auto" else most

    def _count(self, eigenvalues: NDArray[np.float64], most: int, rounding: float) -> int:
        return _behind_largest_gap(eigenvalues, rounding) if self.n_clusters == "auto" else most

    def _nodes(self, planes: NDArray[np.float32], mask: NDArray[np.bool_], context: Context | None = None) -> Nodes:
        """Nodes in rows across the picture's shorter side, so that their links reach to near numbers only."""
        pixels = int(np.count_nonzero(mask))
        if 0 < self.n_superpixels < pixels:
            from classicseg.kernels.slic import superpixels

            threads = 1 if context is None else context.threads
            found = superpixels(planes, mask, self.n_superpixels, _COMPACTNESS, _ROUNDS, threads)
            spacing = np.sqrt(pixels / len(found.sizes))
            nodes = Nodes(found.labels[mask].astype(np.intp), found.colors, found.positions / spacing)
        else:
            nodes = Nodes(np.arange(pixels), planes[:, mask].T.astype(np.float64), np.argwhere(mask).astype(np.float64))
        along = int(mask.shape[1] > mask.shape[0])
        order = np.lexsort((nodes.positions[:, 1 - along], nodes.positions[:, along]))
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        return Nodes(rank[nodes.of_pixel], nodes.colors[order], nodes.positions[order])


def _distinct(planes: NDArray[np.float32], mask: NDArray[np.bool_], limit: int) -> int:
    """The number of distinct colours inside the mask, at most `limit`; a few pixels show it for nearly all pictures."""
    inside = planes.reshape(len(planes), -1) if mask.all() else planes[:, mask]
    few = count_distinct(np.ascontiguousarray(inside[:, :: 1 + inside.shape[1] // _FEW].T), limit)
    return few if few >= limit else count_distinct(np.ascontiguousarray(inside.T), limit)


def _findings(eigenvalues: NDArray[np.float64], shares: NDArray[np.float64], **more: Any) -> dict[str, Any]:
    return {
        "eigenvalues": eigenvalues,
        "cut": float(np.nansum(shares)),
        "class_cuts": PerClass(shares),
    } | more


def _behind_largest_gap(eigenvalues: NDArray[np.float64], rounding: float) -> int:
    """The count k >= 2 for which 1 - lambda_k is smallest beside 1 - lambda_(k+1).

    The gap is relative, since within a region the eigenvalues fall by steps that outgrow the gap between regions.
    """
    if len(eigenvalues) < 3:
        return len(eigenvalues)
    short = np.maximum(1 - eigenvalues, rounding)
    return 2 + int(np.argmax(1 - short[1:-1] / short[2:]))
