"""Classical, unsupervised image segmentation: eleven methods, each with a hierarchy above it, and honest scores."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classicseg import memory as memory
    from classicseg.api import methods, run, segment
    from classicseg.base import Segmenter
    from classicseg.errors import (
        DataRangeWarning,
        DependencyError,
        ImageError,
        MemoryLimitError,
        ParameterError,
        PluginError,
        PluginWarning,
    )
    from classicseg.fitted import Fitted
    from classicseg.hierarchy import Hierarchy
    from classicseg.io.hierarchy import read_hierarchy, write_hierarchy
    from classicseg.models import load_model
    from classicseg.segmentation import Segmentation
    from classicseg.segmenters.edges import Edges
    from classicseg.segmenters.felzenszwalb import Felzenszwalb
    from classicseg.segmenters.gmm import GaussianMixture
    from classicseg.segmenters.kmeans import KMeans
    from classicseg.segmenters.meanshift import MeanShift
    from classicseg.segmenters.quickshift import QuickShift
    from classicseg.segmenters.slic import Slic
    from classicseg.segmenters.spectral import SpectralClustering
    from classicseg.segmenters.threshold import Threshold
    from classicseg.segmenters.ucm import UCM
    from classicseg.segmenters.watershed import Watershed

_HOMES = {
    "classicseg.api": ("methods", "run", "segment"),
    "classicseg.base": ("Segmenter",),
    "classicseg.errors": (
        "DataRangeWarning",
        "DependencyError",
        "ImageError",
        "MemoryLimitError",
        "ParameterError",
        "PluginError",
        "PluginWarning",
    ),
    "classicseg.fitted": ("Fitted",),
    "classicseg.hierarchy": ("Hierarchy",),
    "classicseg.io.hierarchy": ("read_hierarchy", "write_hierarchy"),
    "classicseg.models": ("load_model",),
    "classicseg.segmentation": ("Segmentation",),
    "classicseg.segmenters.edges": ("Edges",),
    "classicseg.segmenters.felzenszwalb": ("Felzenszwalb",),
    "classicseg.segmenters.gmm": ("GaussianMixture",),
    "classicseg.segmenters.kmeans": ("KMeans",),
    "classicseg.segmenters.meanshift": ("MeanShift",),
    "classicseg.segmenters.quickshift": ("QuickShift",),
    "classicseg.segmenters.slic": ("Slic",),
    "classicseg.segmenters.spectral": ("SpectralClustering",),
    "classicseg.segmenters.threshold": ("Threshold",),
    "classicseg.segmenters.ucm": ("UCM",),
    "classicseg.segmenters.watershed": ("Watershed",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "UCM",
    "DataRangeWarning",
    "DependencyError",
    "Edges",
    "Felzenszwalb",
    "Fitted",
    "GaussianMixture",
    "Hierarchy",
    "ImageError",
    "KMeans",
    "MeanShift",
    "MemoryLimitError",
    "ParameterError",
    "PluginError",
    "PluginWarning",
    "QuickShift",
    "Segmentation",
    "Segmenter",
    "Slic",
    "SpectralClustering",
    "Threshold",
    "Watershed",
    "load_model",
    "methods",
    "read_hierarchy",
    "run",
    "segment",
    "write_hierarchy",
]


def __getattr__(name: str) -> Any:
    """Public names are loaded when they are first used, so that the command line starts at once."""
    if name == "__version__":
        from importlib.metadata import version

        return version("classicseg")
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    if name == "memory":  # for `classicseg.memory.forced()`, which the refusal of a large picture tells of
        return import_module("classicseg.memory")
    raise AttributeError(f"module 'classicseg' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
