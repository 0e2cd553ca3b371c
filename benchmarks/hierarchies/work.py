"""Results on disk, so that a run that was stopped goes on and a second run computes only what changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import classicseg
from benchmarks.hierarchies.pictures import Picture

Arrays = dict[str, NDArray[Any]]

# Parts of the package that cannot change a hierarchy or a score.
_ASIDE = ("bench", "batch.py", "jobs.py", "warmup.py", "datasets", "plugins.py")
_SCORES = (
    "metrics",
    "hierarchy",
    "labels.py",
    "kernels/hierarchy",
    "kernels/components.py",
    "kernels/flooding.py",
    "kernels/thinning.py",
    "kernels/assignment.py",
)
_OF_ROWS = ("scoring.py", "ablation.py")  # beside this file: how is scored, and what variants build


def key_of(name: str, facts: dict[str, Any]) -> str:
    """A folder's name: what it is for eyes, and a hash of all that its results hang on."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@cache
def sources_of_everything() -> str:
    """A hash of the package's sources, but for what can change no result, and of the rows' own."""
    return _digest(lambda path: path.parts[0] not in _ASIDE, *_OF_ROWS)


@cache
def sources_of_scores() -> str:
    """A hash of the sources of the scores alone: what was segmented elsewhere hangs on no other."""
    return _digest(lambda path: str(path).startswith(_SCORES))


def _digest(wanted: Any, *others: str) -> str:
    root = Path(str(classicseg.__file__)).parent
    digest = hashlib.sha256(classicseg.__version__.encode())
    for path in sorted(root.rglob("*.py")):
        if wanted(path.relative_to(root)):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    for name in others:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()


def place(work: Path, kind: str, key: str, picture: Picture) -> Path:
    """The file of one picture's result."""
    return work / kind / key / f"{picture.split}-{picture.name}.npz"


def save(path: Path, arrays: Arrays) -> None:
    """Write beside and rename into place: a file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def load(path: Path) -> Arrays | None:
    """What was saved; None where nothing was, or nothing that can be read."""
    try:
        with path.open("rb") as file, np.load(file) as found:
            return dict(found)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
