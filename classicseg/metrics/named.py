"""Scores by name: ``measure.protocol``, such as ``iou.hungarian``.

Other packages add scores with the entry-point group ``classicseg.scores``; the entry names a `Score` of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import metadata
from typing import Any

from numpy.typing import ArrayLike

from classicseg import plugins
from classicseg.errors import ImageError, ParameterError, PluginError, PluginWarning, guess, warn
from classicseg.metrics.comparison import Foreground, compare
from classicseg.metrics.kinds import TruthKind, check_kind
from classicseg.metrics.score import Score
from classicseg.metrics.segment_pairs import exact_threshold

GROUP = "classicseg.scores"

_BY_FUNCTION = "call classicseg.metrics.ranked.ranked_matches and average_precision."
_NEEDS_MORE = {  # scores that a label map alone does not tell
    "instance.ap": "ranks segments by their scores, and label maps have none. Take 'instance.ap.area', whose name says "
    f"what stands in for them; with scores, {_BY_FUNCTION}",
    "instance.ap.contrast": f"needs the picture beside its label map: {_BY_FUNCTION}",
    "instance.ap.altitude": f"needs the hierarchy beside its label map: {_BY_FUNCTION}",
    "pq": "needs the class of every segment. Take 'pq.agnostic', or with classes call "
    "classicseg.metrics.panoptic.panoptic_quality.",
}


def scores() -> dict[str, Score]:
    """Every score, by name: the built-in ones, then plug-ins in the order of their names.

    A plug-in that cannot be loaded is left out with a `PluginWarning` that names it.

    Examples
    --------
    >>> scores()["covering"].paper
    'Arbelaez et al. 2011'
    >>> [name for name, each in scores().items() if each.oracle]
    ['iou.majority', 'asa', 'undersegmentation.bergh']
    """
    found = _built_in()
    for name in sorted(_plugins()):
        try:
            found[name] = _load_plugin(name)
        except ParameterError as error:
            warn(str(error), PluginWarning)
    return found


def find_score(name: str | Score) -> Score:
    """The score of a name, or `ParameterError` with the nearest name that there is; a `Score` is taken as it is.

    A score whose name ends in ``@`` and an IoU threshold can be had at any other threshold.

    Examples
    --------
    >>> find_score("instance.f1@0.75").help
    'F1 of segments matched at IoU >= 0.75'
    """
    if isinstance(name, Score):
        return name
    known = _built_in()
    if not isinstance(name, str):
        raise ParameterError(f"the name of a score is a text such as 'covering'; {name!r} came. Give one.")
    if name in known:
        return known[name]
    if name in _plugins():
        return _load_plugin(name)
    there = [*known, *sorted(_plugins())]
    measure = name.partition("@")[0]
    if measure in _NEEDS_MORE:
        raise ParameterError(f"{name} {_NEEDS_MORE[measure]}")
    if "@" in str(name):
        return _at_threshold(str(name), [each for each in known.values() if "@" in each.name])
    raise ParameterError(
        f"the score {name!r} is not known.{guess(str(name), there)} 'classicseg scores', or "
        f"classicseg.metrics.scores(), lists the {len(there)} that there are."
    )


def score(
    prediction: ArrayLike,
    truth: ArrayLike | Sequence[ArrayLike],
    name: str | Score,
    *,
    kind: TruthKind = "classes",
    foreground: Foreground = "nonzero",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> float:
    """One score of a label map against a truth, or against several.

    Parameters
    ----------
    prediction : (H, W) array of integers or bool
        A label map.
    truth : (H, W) array of integers or bool, or a sequence of them
        The truth, or one an annotator: the score is then the mean over them, unless its protocol says otherwise.
    name : str or Score
        The score; `scores` lists them. An object of your own is taken as it is.
    kind : {"classes", "binary", "instances"}
        What the values of the truth mean: each a class (0 too; the default, since it takes every value as it is),
        foreground above 0, or one object each with background 0.
    foreground : {"nonzero", "bright", "dark"} or int
        For scores of the foreground: the predicted label that is foreground; any but 0 by default.
    mask : (H, W) bool array, optional
        True where a pixel counts, such as `Segmentation.mask`.
    void : (H, W) bool array, optional
        True where the truth is void and no pixel counts.

    Returns
    -------
    float
        NaN where the score is not defined, as when there is nothing to find and nothing was found; `mean_score` leaves
        it out.

    Raises
    ------
    ParameterError
        The score is unknown or does not apply to this kind of truth, or `kind` or `foreground` is not allowed.
    ImageError
        The label maps, the mask or void cannot be used or differ in shape.

    Examples
    --------
    >>> import numpy as np
    >>> prediction = np.array([[0, 1, 1, 1]])
    >>> truth = np.array([[0, 0, 255, 255]])
    >>> round(score(prediction, truth, "iou.foreground", kind="binary"), 4)
    0.6667
    """
    chosen = find_score(name)
    return chosen.of(compare(prediction, truth, kind=kind, foreground=foreground, mask=mask, void=void))


def score_all(
    prediction: ArrayLike,
    truth: ArrayLike | Sequence[ArrayLike],
    *,
    names: Iterable[str | Score] | None = None,
    kind: TruthKind = "classes",
    foreground: Foreground = "nonzero",
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> dict[str, float]:
    """Several scores, by name, from one contingency table a truth; see `score`.

    Parameters
    ----------
    prediction, truth, kind, foreground, mask, void
        As for `score`.
    names : iterable of str, optional
        The scores; by default all that apply to this kind of truth, but precision, recall and F of boundaries, which
        take longer and have to be asked for.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> score_all([[1, 1, 2]], [[5, 5, 9]], names=["covering", "vi"])
    {'covering': 1.0, 'vi': 0.0}
    """
    both = compare(prediction, truth, kind=kind, foreground=foreground, mask=mask, void=void)
    return {each.name: each.of(both) for each in applicable(names, kind)}


def applicable(names: Iterable[str | Score] | None, kind: TruthKind) -> list[Score]:
    """The scores of these names; where None, all that apply to this kind of truth but the costly ones.

    Raises
    ------
    ParameterError
        The kind is not allowed, or a score is unknown or does not apply to it.
    """
    check_kind(kind)
    if names is None:
        return [each for each in scores().values() if kind in each.kinds and not each.costly]
    found = [find_score(name) for name in ((names,) if isinstance(names, str | Score) else names)]
    for each in found:
        each.require_kind(kind)
    return found


def _built_in() -> dict[str, Score]:
    from classicseg.metrics.built_in import BUILT_IN

    return {each.name: each for each in BUILT_IN}


def _plugins() -> dict[str, metadata.EntryPoint]:
    return plugins.found(GROUP, "score", tuple(_built_in()))


def _load_plugin(name: str) -> Score:
    entry = _plugins()[name]
    found = plugins.load(entry, "score")
    if not isinstance(found, Score) or found.name != name:
        raise ParameterError(
            f"the plug-in score {name!r} ({entry.value}) is no classicseg.metrics.Score with name = {name!r}. "
            "Mend or remove the package that brings it."
        )
    if found.function is not None:
        return replace(found, function=_guarded(name, found.function, float))
    return replace(found, sums=_guarded(name, found.sums), value=_guarded(name, found.value, float))


def _guarded(name: str, call: Any, made: Callable[[Any], Any] = lambda found: found) -> Callable[..., Any]:
    """A stranger's function, whose result is made what it should be, and whose errors name the score."""

    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            return made(call(*arguments, **options))
        except (ImageError, ParameterError):
            raise
        except Exception as error:
            raise PluginError(
                f"the plug-in score {name!r} failed: {type(error).__name__}: {error}. Mend or remove the package that "
                "brings it."
            ) from error

    return guarded


def _at_threshold(name: str, known: list[Score]) -> Score:
    """The score of ``measure@0.75``: that of ``measure@0.5`` with another threshold."""
    measure, _, text = name.partition("@")
    families = {each.name.partition("@")[0]: each for each in known}
    try:
        threshold = exact_threshold(float(text))
    except (ValueError, ParameterError):
        threshold = None
    if measure not in families or threshold is None:
        near = guess(f"{measure}@0.5", [f"{each}@0.5" for each in families])
        raise ParameterError(
            f"the score {name!r} is not known; an IoU threshold above 0 and up to 1 can follow "
            f"{', '.join(f'{each}@' for each in families)}.{near}"
        )
    template = families[measure]
    before = template.name.partition("@")[2]
    return replace(
        template,
        name=f"{measure}@{float(threshold)!r}",
        help=template.help.replace(before, f"{float(threshold)!r}"),
        fixed={**template.fixed, "threshold": threshold},
    )
