"""Label maps in files and the truths they belong to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classicseg.bench.label_files import by_name, label_files, mask_beside
from classicseg.errors import ImageError, MemoryLimitError, PluginError
from classicseg.io.read import SUFFIXES
from classicseg.metrics import Score, mean_score

if TYPE_CHECKING:
    from classicseg.metrics import Comparison, Foreground, TruthKind
    from classicseg.metrics.families import Averaging


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
            f"{len(lonely)} of {len(predicted)} label maps have no truth in {truth}: {', '.join(lonely[:3])}"
            f"{', ...' if len(lonely) > 3 else ''}. "
            "Name both alike, or take them out."
        )
    return [(name, predicted[name], true[name]) for name in sorted(predicted)]


def without_prediction(pairs: Sequence[tuple[str, Path, Path]], truth: Path) -> list[str]:
    """The names of the truths in a folder that are in none of the pairs: what a mean over pairs does not tell."""
    return sorted(set(_by_name(truth, set())) - {name for name, _, _ in pairs}) if truth.is_dir() else []


def _by_name(folder: Path, known: Collection[str]) -> dict[str, Path]:
    return by_name(folder, label_files(folder), known)


def compare_pair(
    prediction: Path, truth: Path, kind: TruthKind, foreground: Foreground = "nonzero", void: int | None = None
) -> Comparison:
    """A label map in a file beside a truth in a file; `void` is a value of the truth.

    A mask that `classicseg run` wrote beside the label map leaves out what it left out.
    """
    from classicseg.datasets.folders import read_truth
    from classicseg.io.read import read_labels
    from classicseg.metrics.comparison import compare

    return compare(
        read_labels(prediction),
        read_truth(truth, kind).maps[0],
        kind=kind,
        foreground=foreground,
        mask=mask_beside(prediction),
        void=None if void is None else read_labels(truth) == void,
    )


@dataclass(frozen=True, eq=False)
class PairScores:
    """Scores of several pairs.

    Attributes
    ----------
    chosen : tuple of Score
    pictures : dict of str to dict of str to float
        Each score by name, of each pair by name.
    failed : dict of str to str
        The error of each pair that could not be scored.
    overall : dict of str to (float, int)
        Each score over all pairs, and over how many; scores that cannot be pooled are left out where it is pooled.
    """

    chosen: tuple[Score, ...]
    pictures: dict[str, dict[str, float]]
    failed: dict[str, str]
    overall: dict[str, tuple[float, int]]


def score_pairs(
    pairs: Sequence[tuple[str, Path, Path]],
    names: Sequence[str],
    kind: TruthKind,
    *,
    averaging: Averaging = "mean",
    foreground: Foreground = "nonzero",
    void: int | None = None,
    advance: Callable[[], None] | None = None,
) -> PairScores:
    """Score label maps in files against truths in files.

    Parameters
    ----------
    pairs : sequence of (name, predicted file, true file)
        As `match_label_maps` gives them.
    names : sequence of str
        The scores; all that apply but the costly ones where it is empty.
    kind, foreground, void
        As for `classicseg.metrics.score`; `void` is a value of the truth.
    averaging : {"mean", "pooled"}
        How pairs are put together.
    advance : callable, optional
        Called after each pair.

    Returns
    -------
    PairScores
        Pairs that cannot be read or compared are among the failed.

    Raises
    ------
    ParameterError
        A score is unknown, does not apply to the kind, or was asked to be pooled and cannot be.
    """
    from classicseg.metrics.families import put_together, require_averaging
    from classicseg.metrics.named import applicable

    chosen = applicable(names or None, kind)
    if averaging == "pooled":
        if names:
            for score in chosen:
                require_averaging(score, averaging)
        chosen = [score for score in chosen if score.pools]
    values: dict[str, dict[str, float]] = {}
    failed: dict[str, str] = {}
    sums: dict[str, list[Any]] = {score.name: [] for score in chosen}
    for name, prediction, truth in pairs:
        try:
            both = compare_pair(prediction, truth, kind, foreground, void)
            values[name] = {score.name: score.of(both) for score in chosen}
        except (ImageError, MemoryLimitError, PluginError, OSError) as error:
            failed[name] = str(error)
        else:
            for score in chosen:
                sums[score.name].append(score.sums_of(both) if averaging == "pooled" else None)
        if advance is not None:
            advance()
    overall = {}
    for score in chosen:
        own = [row[score.name] for row in values.values()]
        overall[score.name] = put_together(score, own, sums[score.name], averaging), mean_score(own)[1]
    return PairScores(tuple(chosen), values, failed, overall)
