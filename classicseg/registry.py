"""Methods by name. A name stands for "module:Class", which is loaded when it is first used.

Other packages add methods with the entry-point group ``classicseg.segmenters``; the entry's name is the method's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module, metadata
from types import MappingProxyType
from typing import Any

from classicseg import plugins
from classicseg.base import Segmenter
from classicseg.errors import ParameterError, PluginWarning, guess, warn
from classicseg.parameters import Parameter, declared

GROUP = "classicseg.segmenters"

BUILT_IN = MappingProxyType(
    {
        "threshold": "classicseg.segmenters.threshold:Threshold",
        "kmeans": "classicseg.segmenters.kmeans:KMeans",
        "gmm": "classicseg.segmenters.gmm:GaussianMixture",
        "meanshift": "classicseg.segmenters.meanshift:MeanShift",
        "quickshift": "classicseg.segmenters.quickshift:QuickShift",
        "edges": "classicseg.segmenters.edges:Edges",
        "felzenszwalb": "classicseg.segmenters.felzenszwalb:Felzenszwalb",
        "watershed": "classicseg.segmenters.watershed:Watershed",
        "slic": "classicseg.segmenters.slic:Slic",
        "ucm": "classicseg.segmenters.ucm:UCM",
        "spectral": "classicseg.segmenters.spectral:SpectralClustering",
    }
)

# A preset is a method with some parameters set; what is recorded of a run is the method and all its parameters.
PRESETS: MappingProxyType[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "otsu": ("threshold", {"rule": "otsu"}),
        "multiotsu": ("threshold", {"rule": "otsu", "classes": 3}),
        "binary": ("threshold", {"rule": "fixed", "value": 127}),
        "nuclei": (
            "threshold",
            {"rule": "objects", "foreground": "smaller", "fill_holes": True, "split_touching": "auto"},
        ),
    }
)


@dataclass(frozen=True)
class Method:
    """What is known about a method before it runs.

    Attributes
    ----------
    name : str
    segmenter : type
        Its class, a subclass of `classicseg.base.Segmenter`.
    summary : str
        The first line of its documentation.
    makes : str
        "classes" or "segments".
    parameters : dict of str to Parameter
        The declaration of each parameter.
    presets : dict of str to dict
        Named sets of parameters, each of which can be given as a method.
    """

    name: str
    segmenter: type[Segmenter]
    summary: str
    makes: str
    parameters: dict[str, Parameter]
    presets: dict[str, dict[str, Any]]


def methods() -> dict[str, Method]:
    """Every method that can be used here, by name: the built-in ones, then plug-ins in the order of their names.

    A plug-in that cannot be loaded is left out with a `PluginWarning` that names it.

    Examples
    --------
    >>> import classicseg
    >>> list(classicseg.methods())[:3]
    ['threshold', 'kmeans', 'gmm']
    >>> classicseg.methods()["meanshift"].parameters["spatial_bandwidth"].unit
    'px'
    """
    found = {name: describe(name) for name in BUILT_IN}
    for name in sorted(_plugins()):
        try:
            found[name] = describe(name)
        except ParameterError as error:
            warn(str(error), PluginWarning)
    return found


def describe(name: str) -> Method:
    """The description of one method."""
    cls = segmenter_class(name)
    presets = {preset: dict(parameters) for preset, (method, parameters) in PRESETS.items() if method == name}
    summary = (cls.__doc__ or "").strip().split("\n")[0]
    return Method(name, cls, summary, cls.makes, declared(cls), presets)


def segmenter_class(name: str) -> type[Segmenter]:
    """The class behind a method's name (not a preset's)."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        return getattr(import_module(module), attribute)
    entry = _plugins().get(name)
    if entry is None:
        raise ParameterError(_unknown(name))
    return _load_plugin(entry)


def resolve(name: str) -> tuple[type[Segmenter], dict[str, Any]]:
    """The class behind a method's or preset's name, and the parameters that the preset sets."""
    if name in PRESETS:
        method, preset = PRESETS[name]
        return segmenter_class(method), dict(preset)
    return segmenter_class(name), {}


def make(name: str, **parameters: Any) -> Segmenter:
    """The segmenter of a method's or preset's name; `parameters` win over the preset's.

    Raises
    ------
    ParameterError
        The method, or a parameter, is unknown or its value not allowed.
    """
    if not isinstance(name, str):
        raise ParameterError(f"method={name!r} is not allowed; it is a method's name, such as 'meanshift'.")
    cls, preset = resolve(name)
    known = declared(cls)
    for given in parameters:
        if given not in known:
            raise ParameterError(
                f"{name} has no parameter {given!r}; it has {', '.join(known)}.{guess(given, list(known))}"
            )
    return cls(**{**preset, **parameters})


def _load_plugin(entry: metadata.EntryPoint) -> type[Segmenter]:
    cls = plugins.load(entry, "method")
    whole = (
        isinstance(cls, type) and issubclass(cls, Segmenter) and getattr(cls, "makes", "") in ("classes", "segments")
    )
    if not whole or getattr(cls, "name", None) != entry.name:
        raise ParameterError(
            f"the plug-in method {entry.name!r} ({entry.value}) is no subclass of classicseg.Segmenter with "
            f"name = {entry.name!r} and makes = 'classes' or 'segments'. Mend or remove the package that brings it."
        )
    return cls


def _plugins() -> dict[str, metadata.EntryPoint]:
    return plugins.found(GROUP, "method", (*BUILT_IN, *PRESETS))


def _unknown(name: object) -> str:
    known = [*BUILT_IN, *PRESETS, *sorted(_plugins())]
    return f"method={name!r} is not known; there are {', '.join(known)}.{guess(str(name), known)}"
