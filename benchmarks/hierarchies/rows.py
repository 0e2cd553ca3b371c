"""Our rows: a method, its parameters (fitted on train), and the way from its result to a hierarchy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import classicseg
from classicseg.hierarchy import Hierarchy
from classicseg.parallel import thread_count

Way = Literal["own", "merging"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `way` is "own" for what `run(...).hierarchy` gives, "merging" for region merging above the method's labels. `beside`
    names the peers that it is compared with by a paired test, `aim` is the covering (ODS on val) that was set.
    """

    name: str
    method: str
    parameters: dict[str, Any] = field(default_factory=dict)
    way: Way = "own"
    beside: tuple[str, ...] = ()
    aim: float | None = None
    note: str = ""  # for the reader of the table, such as what was tried for an aim that is not reached
    boundaries: bool = True  # whether boundary F is taken too, on val: 0.4 s a picture

    def build(self, image: NDArray[np.uint8], threads: int | None = None) -> Hierarchy:
        """The hierarchy of a picture: all that is timed."""
        result = classicseg.run(image, self.method, threads=threads, **self.parameters)
        if self.way == "own":
            return result.hierarchy
        from classicseg.merging import hierarchy_of

        assert result.image is not None
        return hierarchy_of(result.labels, result.image, thread_count(threads))

    @property
    def missing(self) -> str:
        """Why it is skipped; '' where it is not."""
        known = classicseg.methods()
        presets = {preset for each in known.values() for preset in each.presets}
        return "" if self.method in known or self.method in presets else f"there is no method {self.method!r}"


# Parameters other than the defaults were chosen on two dozen training pictures by the covering at one scale: they
# make finer segments, which merging then has to go by.
ROWS = (
    Row("ucm", "ucm", aim=0.60, beside=("OpenCV HFS",)),
    Row("ucm, slopes", "ucm", {"gradient": "sobel"}, aim=0.56, beside=("OpenCV HFS",)),
    Row("meanshift + merging", "meanshift", way="merging", aim=0.56, beside=("pymeanshift (EDISON)",)),
    Row("quickshift + merging", "quickshift", way="merging", aim=0.56, beside=("scikit-image quickshift",)),
    Row("quickshift, its own tree", "quickshift", beside=("scikit-image quickshift",)),
    Row(
        "felzenszwalb + merging",
        "felzenszwalb",
        {"scale": 20.0, "sigma": 0.8, "min_size": 20},
        way="merging",
        aim=0.56,
        beside=("scikit-image felzenszwalb",),
    ),
    Row("slic + merging", "slic", {"n_segments": 700}, way="merging"),
    Row("watershed + merging", "watershed", {"height": 0.5}, way="merging", beside=("Higra watershed by volume",)),
    Row("spectral", "spectral", {"n_clusters": 32}, aim=0.53),
    Row("edges", "edges", aim=0.55),
    Row("edges, Canny", "edges", {"detector": "canny"}, aim=0.55),
    Row("kmeans, components, merging", "kmeans", {"n_clusters": 12, "min_size": 20}, aim=0.52),
    Row("gmm, components, merging", "gmm", {"n_components": 8, "min_size": 20}, aim=0.52),
    Row("threshold, components, merging", "threshold", {"min_size": 20}),
)
