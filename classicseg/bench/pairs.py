"""Label maps in files and the truths they belong to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from classicseg.errors import ImageError
from classicseg.io.read import SUFFIXES
from classicseg.jobs import OUTPUTS, is_output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from classicseg.metrics import Foreground
    from classicseg.metrics.kinds import TruthKind

_BY_PRODUCTS = tuple(ending for ending in OUTPUTS if ending != "_labels")
_WRITTEN_BY_RUN = re.compile(r"_[A-Za-z0-9-]+_labels$")


def match_label_maps(prediction: Path, truth: Path) -> list[tuple[str, Path, Path]]:
    """Name, predicted file and true file of each pair: of two files, or of two folders, matched by path and stem.

    In folders a prediction ``img_METHOD_labels.png``, as `classicseg run` writes it, belongs to the truth ``img``.

    Raises
    ------
    ImageError
        One is a file and one a folder, a file is missing, or a prediction has no truth or two predictions one.
    """
    for path in (prediction, truth):
        if not path.exists():
            raise ImageError(f"{path} does not exist. Give two files, or two folders, of label maps.")
    if prediction.is_dir() != truth.is_dir():
        raise ImageError(f"of {prediction} and {truth} one is a folder. Give two files or two folders.")
    if not prediction.is_dir():
        return [(prediction.name, prediction, truth)]
    true = _by_name(truth, set())
    predicted = _by_name(prediction, set(true))
    if not predicted:
        raise ImageError(f"the folder {prediction} holds no label map; {', '.join(SUFFIXES)} files are looked for.")
    lonely = sorted(set(predicted) - set(true))
    if lonely:
        raise ImageError(
            f"{len(lonely)} of {len(predicted)} label maps have no truth in {truth}: {', '.join(lonely[:3])}, ... "
            "Name both alike, or take them out."
        )
    return [(name, predicted[name], true[name]) for name in sorted(predicted)]


def _by_name(folder: Path, known: set[str]) -> dict[str, Path]:
    """Label maps by their path without suffix; one that is not among the `known` loses what `run` adds to names."""
    files: dict[str, Path] = {}
    for file in sorted(folder.rglob("*")):
        if (
            file.suffix.lower() not in SUFFIXES
            or file.name.startswith(".")
            or any(is_output(file, by) for by in _BY_PRODUCTS)
        ):
            continue
        name = file.relative_to(folder).with_suffix("").as_posix()
        if known and name not in known:
            name = _WRITTEN_BY_RUN.sub("", name)
        if name in files:
            raise ImageError(
                f"{files[name].name} and {file.name} in {folder} both belong to {name}. "
                "Keep each method in a folder of its own."
            )
        files[name] = file
    return files


def score_pair(
    prediction: Path, truth: Path, kind: TruthKind, foreground: Foreground = "nonzero", void: int | None = None
) -> dict[str, float]:
    """Every score that applies, of a label map in a file against a truth in a file; `void` is a value of the truth.

    A mask that `classicseg run` wrote beside the label map leaves out what it left out.
    """
    from classicseg.datasets.folders import read_truth
    from classicseg.io.read import read_labels
    from classicseg.metrics import score_all

    return score_all(
        read_labels(prediction),
        read_truth(truth, kind).maps[0],
        kind=kind,
        foreground=foreground,
        mask=_mask_beside(prediction),
        void=None if void is None else read_labels(truth) == void,
    )


def _mask_beside(prediction: Path) -> NDArray[np.bool_] | None:
    from classicseg.io.read import read_labels

    if not is_output(prediction, "_labels"):
        return None
    mask = prediction.with_name(prediction.stem.removesuffix("_labels") + "_mask.png")
    return read_labels(mask) > 0 if mask.is_file() else None
