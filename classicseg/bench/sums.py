"""What a score is made of, as JSON: so that a score is pooled from what was kept.

Numbers, texts, tuples, lists, mappings, arrays and the count classes of `classicseg.metrics` can be said; a plug-in's
own class cannot, since no class is loaded by a name that a file gives.
"""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from typing import Any

import numpy as np

from classicseg.errors import ParameterError
from classicseg.metrics.boundaries import BoundaryCounts
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.instances import InstanceCounts, SweepCounts
from classicseg.metrics.panoptic import PanopticCounts
from classicseg.metrics.ranked import RankedMatches

_CLASSES = {
    each.__name__: each
    for each in (BoundaryCounts, Fractions, InstanceCounts, PanopticCounts, RankedMatches, SweepCounts)
}


def dump_sums(sums: Any) -> str:
    """The sums as one line of JSON.

    Raises
    ------
    ParameterError
        They are of a class that nothing here knows.

    Examples
    --------
    >>> dump_sums(InstanceCounts(3, 1, 0))
    '{"is":"InstanceCounts","tp":3,"fp":1,"fn":0}'
    >>> load_sums(dump_sums(InstanceCounts(3, 1, 0))) == InstanceCounts(3, 1, 0)
    True
    """
    return json.dumps(_plain(sums), separators=(",", ":"))


def load_sums(text: str) -> Any:
    """What `dump_sums` said."""
    return _built(json.loads(text))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"is": value.dtype.str, "shape": list(value.shape), "of": value.ravel().tolist()}
    if isinstance(value, Fraction):
        return {"is": "Fraction", "of": [value.numerator, value.denominator]}
    if isinstance(value, tuple):
        return {"is": "tuple", "of": [_plain(each) for each in value]}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {"is": "dict", "of": [[_plain(key), _plain(each)] for key, each in value.items()]}
    if _CLASSES.get(type(value).__name__) is type(value):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"is": type(value).__name__, **fields}
    raise ParameterError(
        f"sums of type {type(value).__name__} cannot be kept in a file. Let the score's sums be numbers, tuples, "
        "arrays, or one of the count classes of classicseg.metrics."
    )


def _built(value: Any) -> Any:
    if isinstance(value, list):
        return [_built(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value["is"]
    if "shape" in value:
        return np.array(value["of"], dtype=np.dtype(kind)).reshape(value["shape"])
    if kind == "Fraction":
        return Fraction(*value["of"])
    if kind == "tuple":
        return tuple(_built(each) for each in value["of"])
    if kind == "dict":
        return {_built(key): _built(each) for key, each in value["of"]}
    return _CLASSES[kind](**{name: _built(each) for name, each in value.items() if name != "is"})
