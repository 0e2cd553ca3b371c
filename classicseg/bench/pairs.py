"""Label maps in files and the truths they belong to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from classicseg.errors import ImageError

if TYPE_CHECKING:
    from classicseg.metrics.kinds import TruthKind
    from classicseg.metrics.overlap import Foreground

_SUFFIXES = (".png", ".tif", ".tiff", ".npy", ".gif", ".bmp")
_WRITTEN_BY_RUN = re.compile(r"_[A-Za-z0-9-]+_labels$")


def match_label_maps(prediction: Path, truth: Path) -> list[tuple[str, Path, Path]]:
    """Name, predicted file and true file of each pair: of two files, or of two folders, matched by stem.

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
    predicted, true = _by_stem(prediction), _by_stem(truth)
    if not predicted:
        raise ImageError(f"the folder {prediction} holds no label map; {', '.join(_SUFFIXES)} files are looked for.")
    lonely = sorted(set(predicted) - set(true))
    if lonely:
        raise ImageError(
            f"{len(lonely)} of {len(predicted)} label maps have no truth in {truth}: {', '.join(lonely[:3])}, ... "
            "Name both alike, or take them out."
        )
    return [(stem, predicted[stem], true[stem]) for stem in sorted(predicted)]


def _by_stem(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in _SUFFIXES or file.stem.endswith(("_overlay", "_mean")):
            continue
        stem = _WRITTEN_BY_RUN.sub("", file.stem)
        if stem in files:
            raise ImageError(
                f"{files[stem].name} and {file.name} in {folder} both belong to {stem}. "
                "Keep each method in a folder of its own."
            )
        files[stem] = file
    return files


def score_pair(
    prediction: Path, truth: Path, kind: TruthKind, foreground: Foreground = "nonzero", void: int | None = None
) -> dict[str, float]:
    """Every score that applies, of a label map in a file against a truth in a file; `void` is a value of the truth."""
    from classicseg.io.read import read_labels
    from classicseg.metrics.named import score_all

    true = read_labels(truth)
    return score_all(
        read_labels(prediction), true, kind=kind, foreground=foreground, void=None if void is None else true == void
    )
