"""What a result hangs on, as hashes: the picture, its truths, and the code that made it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import classicseg

if TYPE_CHECKING:
    from classicseg.base import Segmenter
    from classicseg.datasets.base import LoadedSample
    from classicseg.image import DataRange
    from classicseg.metrics import Score

# Parts of the package that cannot change a label map or a score of the same picture, and what in them can.
_ASIDE = ("bench", "batch.py", "jobs.py", "warmup.py", "datasets", "plugins.py")
_BUT = ("bench/nested.py", "bench/predictions", "bench/callables.py", "datasets/coco_masks.py")


def hash_of(facts: Any) -> str:
    """A hash of plain values, the same for the same values in every process."""
    from classicseg.io.write import plain

    return hashlib.sha256(json.dumps(plain(facts), sort_keys=True).encode()).hexdigest()


def hash_of_picture(sample: LoadedSample) -> str:
    """A hash of the samples of a picture alone: it is the same picture whatever they are said to mean."""
    return _hash([sample.image.array], "")


def hash_of_view(sample: LoadedSample, data_range: DataRange | None) -> str:
    """A hash of a picture as a method sees it: its samples, its mask, and what they mean."""
    picture = sample.image
    return _hash([picture.array, picture.mask], [picture.color, data_range])


def hash_of_truths(sample: LoadedSample) -> str:
    """A hash of the truths of a picture, their kind, and what counts nowhere."""
    categories = sample.categories and [sorted(each.items()) for each in sample.categories]
    return _hash([*sample.truths, sample.void], [sample.kind, categories])


def _hash(arrays: Iterable[Any], facts: Any) -> str:
    digest = hashlib.sha256(hash_of(facts).encode())
    for array in arrays:
        if array is not None:
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@cache
def package_version() -> str:
    """The version of classicseg with a hash of its sources: an edited checkout is another version."""
    root = Path(str(classicseg.__file__)).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if _counts(path.relative_to(root)):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return f"{classicseg.__version__}+{digest.hexdigest()[:12]}"


def _counts(path: Path) -> bool:
    """Whether a source of the package, by its path there, may change results."""
    return path.parts[0] not in _ASIDE or path.as_posix().startswith(_BUT)


def version_of(segmenter: Segmenter) -> str | None:
    """What labels hang on beside picture and parameters: our version, and that of a plug-in that brings the method.

    None for a class that was typed in, of which nobody can tell whether it is still the same.
    """
    module = type(segmenter).__module__
    own = package_version()
    if module.partition(".")[0] == "classicseg":
        return own
    brought = _version_of_module(module)
    return brought and f"{own} {brought}"


def version_of_score(score: Score) -> str | None:
    """What a score hangs on beside a comparison and its name: "" for one of ours, which `package_version` covers.

    None for a function that hangs on more than its module, such as a lambda or one that was typed in.
    """
    call: Any = score.function or score.sums
    module, name = getattr(call, "__module__", None), getattr(call, "__qualname__", "<")
    if module is not None and module.partition(".")[0] == "classicseg":
        return ""
    brought = None if module is None or "<" in name else _version_of_module(module)
    return brought and hash_of([brought, name, score.takes, score.options, repr(score.fixed)])[:24]


@cache
def _version_of_module(module: str) -> str | None:
    """The versions of the packages that brought a module, and a hash of its file; None where it has none."""
    found = sorted(set(metadata.packages_distributions().get(module.partition(".")[0], [])))
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or not Path(file).is_file():
        return None
    source = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]
    return " ".join([*(f"{name} {metadata.version(name)}" for name in found), module, source])
