"""Mean shift in the joint spatial-range domain."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from classicseg.base import Context, Segmenter, min_size_parameter, space_parameter
from classicseg.errors import ParameterError
from classicseg.image import Image
from classicseg.moments import total_variance
from classicseg.parameters import Search, parameter

if TYPE_CHECKING:
    from classicseg.kernels.meanshift_together import Climbs
    from classicseg.learned import Learned
    from classicseg.parallel import Progress
    from classicseg.pools import ColorPool

_REACH = 0.35  # range bandwidths; on training photographs it gives as many segments as Comaniciu & Meer's own program
_REACH_APART = 1.0  # bandwidths, of segments that do not touch
_AUTO_SHARE = 0.65
# More: a sample, of colours alone and of climbs in float64; a pixel, where segments apart may share a label.
_BYTES_ALONE, _BYTES_APART = 20, 34
_LEAST_AUTO = 1.0  # Delta E; about what an eye can tell apart
_FINEST = 2.0**-12  # Delta E, to which colours are rounded for their variance


@dataclass(frozen=True, kw_only=True)
class MeanShift(Segmenter):
    """Mean shift: every pixel climbs to a mode of the joint density of positions and colours.

    The density at position p and colour c sums k(u) over all pixels q, with
    u = |p - p_q|^2 / spatial_bandwidth^2 + |c - c_q|^2 / range_bandwidth^2. The Epanechnikov profile k(u) = max(0, 1
    - u) has as its step the plain mean of the pixels with u < 1; the Gaussian k(u) = exp(-u / 2), cut at u = 9, the
    weighted one. Neighbouring pixels are one segment where the colours of their modes lie within 0.35 range bandwidths
    of each other, wherever the modes stand, and segments below `min_size` join their most similar neighbour.

    Parameters
    ----------
    spatial_bandwidth : float or None
        Radius of the window in pixels (standard deviation for the Gaussian); larger gives fewer segments and takes
        time with its square. 8 by default: wider than grain, narrower than most objects. None leaves positions out:
        colours climb alone, all pixels that are nearest to one mode form a class, and `connected` parts the classes.
    range_bandwidth : float or "auto"
        Radius in colour, in units of the space (Delta E in Lab); larger gives fewer segments. 10 by default, which
        keeps dim objects apart from a dark ground; 16 to 20 gives photographs fewer, larger segments. "auto" is 0.65
        times the root of the colours' total variance, at least 1: 10 to 22 on most photographs of BSDS500.
    kernel : {"epanechnikov", "gaussian"}
        Profile of the density. Epanechnikov is the default: its window is a ninth of the Gaussian's, which is cut at
        three standard deviations. At one bandwidth the Gaussian sees farther, gives fewer segments, and takes about
        three times as long.
    share : float
        Climbs that come this close to each other (in bandwidths, at the same number of steps, and from the same tile
        of 64 x 64 pixels) go on as one. 0.35 by default; smaller values take longer and change little: on 25 training
        photographs of BSDS500 covering is 0.525, with 0.1 it is 0.543. 0: each pixel climbs alone, without any
        rounding, thirty times slower (0.545).
    max_iter : int
        Most steps of a pixel; the share that had not come to rest by then is among the findings.
    tol : float
        A pixel rests when a step moves it by no more than this many bandwidths. Larger values end climbs where the
        density is nearly level: on 25 training photographs of BSDS500 covering is 0.515 with 0.001, 0.525 with 0.01
        and 0.552 with 0.05. But with 0.05 dim nuclei run together (of 110 in a picture of BBBC039 80 are left, of 154
        in another 62; with 0.01 105 and 97), which is why 0.01 is the default. 0 waits for Epanechnikov's last step.
    space : {"lab", "rgb", "luv", "hsv"}
        Colour space of colour pictures.
    connected : bool
        True: segments. False: segments whose mean modes lie within one bandwidth of each other (u <= 1) share a label,
        though they do not touch; of colours alone, the classes.
    min_size : int
        20 by default, not 0 as elsewhere: on photographs single pixels at edges have modes of their own (Comaniciu &
        Meer's own program prunes at 20 too). 0 leaves them.

    Notes
    -----
    Findings: ``range_bandwidth``, ``iterations`` (mean of a pixel, or of a seed), ``unconverged_share``, ``n_modes``
    before merging, and ``filtered``, the colours of the modes (H, W, D) in `space`. O(N s h^2) for N pixels, s steps
    and h the spatial bandwidth.

    The paper joins modes that lie within both bandwidths of each other. Where a stretch is level, climbs end all along
    it, and those of neighbours may be farther apart than that; EDISON, its authors' program, joins neighbours by the
    colours of their modes alone, as is done here. On 25 training photographs of BSDS500 that gives covering 0.525 with
    385 segments, the rule u <= 1 0.462 with 412; with 0.35 there are as many segments as EDISON gives (383).

    What is exact: with ``share=0`` every climb, in float64. Otherwise positions and colours are rounded to a 128th to
    2048th of a bandwidth, on which all sums are exact, and climbs that meet are joined; the Gaussian is computed in
    float32 from every second row and column where the spatial bandwidth is 8 or more (every fourth from 16 on, and so
    on; 16 rows and columns at least). Pictures of more than three bands, and range bandwidths below a 128th of the
    colours' span, are always climbed as with ``share=0``. Colours alone are the flat mean shift of scikit-learn with
    seeds from bins, on all pixels: with ``tol=0.001, max_iter=301`` its modes and labels, from each distinct colour
    once (with more than three bands, seeds are the first colours of the bins, whose centres may be far from all
    colours). Results never depend on the number of threads.

    References
    ----------
    D. Comaniciu and P. Meer, "Mean shift: a robust approach toward feature space analysis", IEEE TPAMI 24(5), 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import MeanShift
    >>> MeanShift(min_size=0).segment(np.array([[0, 3, 250, 255, 0]], dtype=np.uint8))
    array([[1, 1, 2, 2, 3]], dtype=int32)
    """

    name: ClassVar[str] = "meanshift"
    makes: ClassVar[Literal["classes", "segments"]] = "segments"
    bytes_per_pixel: ClassVar[int] = 15
    bytes_per_sample: ClassVar[int] = 7
    finishing: ClassVar[tuple[str, ...]] = ("min_size", "split_touching")

    spatial_bandwidth: float | None = parameter(
        8.0,
        "radius of the window; none: colours alone",
        low=0.5,
        high=200,
        special=(None,),
        unit="px",
        scale="log",
        search=Search(4, 16),
    )
    range_bandwidth: float | str = parameter(
        10.0,
        "radius in colour",
        low=0.01,
        high=200,
        special=("auto",),
        unit="Delta E",
        scale="log",
        search=Search(4, 30),
    )
    kernel: str = parameter("epanechnikov", "profile of the density", choices=("epanechnikov", "gaussian"))
    max_iter: int = parameter(100, "most steps of a pixel", low=1, high=100_000, scale="log")
    share: float = parameter(
        0.35, "climbs that meet this closely go on as one; 0: each climbs alone", low=0, high=1, unit="bandwidths"
    )
    tol: float = parameter(
        0.01,
        "a step this short ends a climb",
        low=0,
        high=1,
        unit="bandwidths",
        scale="log",
        search=Search(0.005, 0.1),
    )
    space: str = space_parameter()
    connected: bool = parameter(True, "segments; False: like segments apart share a label")
    min_size: int = min_size_parameter(20)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spatial_bandwidth is None and self.kernel != "epanechnikov":
            raise ParameterError(
                f"meanshift: kernel={self.kernel!r} with spatial_bandwidth=None is not allowed; colours alone climb "
                "under a flat window. Give a spatial bandwidth, or leave out the kernel."
            )

    def _memory(self, image: Image) -> int:
        alone = self.share == 0 or image.depth > 3
        more = _BYTES_ALONE * image.depth if alone or self.spatial_bandwidth is None else 0
        if not self.connected:
            more += _BYTES_APART
        return super()._memory(image) + more * image.mask.size

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        width = self.range_bandwidth
        if isinstance(width, str):
            width = _bandwidth_of(image.samples_in(self.space, context.threads))
        return self._climbed(image, float(width), context)

    def _pool(self) -> ColorPool:
        from classicseg.pools import ColorPool

        return ColorPool()

    def _learn(self, pool: ColorPool, threads: int) -> dict[str, Any]:
        if not isinstance(self.range_bandwidth, str):
            return {}
        image, counts, _ = pool.colors()
        return {"range_bandwidth": _bandwidth_of(image.samples_in(self.space, threads), counts)}

    def _recall(self, learned: Learned) -> float:
        if not isinstance(self.range_bandwidth, str):
            learned.only()
            return float(self.range_bandwidth)
        learned.only("range_bandwidth")
        return learned.number("range_bandwidth", _LEAST_AUTO)

    def _apply(self, recalled: float, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        return self._climbed(image, recalled, context)

    def _climbed(self, image: Image, width: float, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.regions import fuse_pixels

        if self.spatial_bandwidth is None:
            return self._colors_alone(image, width, context)
        planes = image.in_space(self.space, context.threads)
        climbs = self._climbs(planes, image.mask, width, context)
        del planes  # they stand on the lattice
        modes, steps, rests = climbs(not self.connected, context.progress)
        del climbs
        filtered = np.ascontiguousarray(modes[:, :, -image.depth :], dtype=np.float32)
        pixels = np.count_nonzero(image.mask)
        raw = fuse_pixels(filtered, image.mask, np.full(filtered.shape[2], width), _REACH)
        first = raw.ravel() == np.arange(raw.size, dtype=raw.dtype)  # a set is named after its first pixel
        n_modes = int(np.count_nonzero(first & image.mask.ravel()))
        if not self.connected:
            bandwidths = np.full(modes.shape[2], width)
            bandwidths[:2] = self.spatial_bandwidth
            raw = _join_apart(raw, modes, bandwidths, image.mask)
        return raw, {
            "range_bandwidth": width,
            "iterations": float(steps.sum() / pixels),  # outside there are none, and all rests
            "unconverged_share": float((rests.size - np.count_nonzero(rests)) / pixels),
            "n_modes": n_modes,
            "filtered": filtered,
        }

    def _colors_alone(self, image: Image, width: float, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        from classicseg.kernels.distinct import distinct_rows
        from classicseg.kernels.meanshift_colors import color_modes, nearest_mode

        colors = distinct_rows(image.samples_in(self.space, context.threads))
        found = color_modes(
            colors.rows, colors.counts, width, self.max_iter, self.tol, context.threads, context.progress
        )
        number = nearest_mode(colors.rows, found.modes, context.threads)[colors.index]
        raw = np.zeros(image.shape, dtype=np.int32)
        raw[image.mask] = number
        filtered = np.zeros((*image.shape, image.depth), dtype=np.float32)
        filtered[image.mask] = found.modes.astype(np.float32)[number]
        return raw, {
            "range_bandwidth": width,
            "iterations": float(found.steps.mean()),
            "unconverged_share": float(1 - found.rests.mean()),
            "n_modes": len(found.modes),
            "filtered": filtered,
        }

    def _climbs(
        self, planes: NDArray[np.float32], mask: NDArray[np.bool_], width: float, context: Context
    ) -> Callable[[bool, Progress | None], tuple[NDArray[np.floating], NDArray[np.int32], NDArray[np.bool_]]]:
        """The climbs, ready to go: with or without their places they give the modes (H, W, 2 + D), or the colours of
        these (H, W, D), the steps, and which pixels came to rest.

        Climbs on a lattice have laid out the planes on it and hold them no more; each alone gives the places too.
        """
        spatial = self.spatial_bandwidth
        assert spatial is not None
        if self.share > 0:
            from classicseg.kernels.meanshift_lattice import lattice_for

            lattice = lattice_for(planes, mask, spatial, width)
            if lattice is not None:
                how = self.share, self.max_iter, self.tol, context.threads
                return self._together()(planes, mask, lattice, *how)
        from classicseg.kernels.meanshift import climb

        colors = np.ascontiguousarray(np.moveaxis(planes, 0, -1))

        def alone(
            _: bool, progress: Progress | None
        ) -> tuple[NDArray[np.floating], NDArray[np.int32], NDArray[np.bool_]]:
            how = self.kernel, self.max_iter, self.tol, context.threads
            return climb(colors, mask, spatial, width, *how, progress)

        return alone

    def _together(self) -> Callable[..., Climbs]:
        """The driver of climbs that meet, of which only one has to be compiled."""
        if self.kernel == "gaussian":
            from classicseg.kernels.meanshift_gaussian import climbs_gaussian

            return climbs_gaussian
        from classicseg.kernels.meanshift_together import climbs_together

        return climbs_together


def _bandwidth_of(colors: NDArray[np.float32], counts: NDArray[np.int64] | None = None) -> float:
    """The automatic range bandwidth of colours (n, D) that come `counts` times, or once."""
    return max(_LEAST_AUTO, _AUTO_SHARE * math.sqrt(total_variance(colors, counts, _FINEST)))


def _join_apart(
    raw: NDArray[np.int32], modes: NDArray[np.floating], bandwidths: NDArray[np.float64], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Give segments whose mean modes, in bandwidths, lie within reach of each other one label."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    from classicseg.labels import number_in_raster_order

    number = number_in_raster_order(raw, mask)[0][mask] - 1
    sizes = np.bincount(number)
    sums = [np.bincount(number, modes[mask, d].astype(np.float64) / width) for d, width in enumerate(bandwidths)]
    pairs = cKDTree(np.stack(sums, axis=1) / sizes[:, np.newaxis]).query_pairs(_REACH_APART, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(sizes),) * 2)
    group = connected_components(graph, directed=False)[1]
    result = np.zeros_like(raw)
    result[mask] = group[number]
    return result
