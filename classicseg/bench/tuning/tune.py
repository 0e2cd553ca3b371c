"""Choose the parameters of methods on training pictures, by a score, within a budget."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classicseg.base import Segmenter
from classicseg.bench.kept import Kept
from classicseg.bench.nested import shared_key
from classicseg.bench.run import compute, look, require_fit
from classicseg.bench.sources import Entry, MethodSource
from classicseg.bench.sums import load_sums
from classicseg.bench.tuning.search import SEARCHES, Trial, best_of
from classicseg.bench.tuning.space import Space, space_of
from classicseg.datasets.base import DataSet
from classicseg.errors import ImageError, ParameterError, guess
from classicseg.metrics import Score, find_score
from classicseg.metrics.families import Averaging, put_together, require_averaging

if TYPE_CHECKING:
    from classicseg.bench.worker import Outcome, PictureFacts
    from classicseg.metrics import Foreground
    from classicseg.parameters import Search

_HASH = 24  # digits of a picture's fingerprint that are told; two pictures never share them


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What was found for one method.

    Attributes
    ----------
    name : str
        The method or preset, as it was asked for.
    segmenter : Segmenter
        With the best parameters; the defaults where none is better.
    value, default : float
        What the best and the default parameters reach on the pictures; NaN where they failed on one.
    tried : int
        How many sets of parameters were looked at, the defaults among them: the size of the family.
    failed : int
        How many of them failed on a picture, and so were not chosen.
    seconds : float
        Of all their segmentations, on one thread; what several share is counted for each.
    error : str
        Why nothing could be chosen, or "".
    """

    name: str
    segmenter: Segmenter
    value: float
    default: float
    tried: int
    failed: int
    seconds: float
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What a search found for several methods, and how it went about it.

    Attributes
    ----------
    facts : mapping
        ``dataset``, ``metric``, ``averaging``, ``foreground``, ``search``, ``budget``, ``seed``, ``classicseg`` (the
        version), and ``pictures``: the fingerprint of each picture, by name.
    methods : tuple of Tuned
    unreadable : mapping of str to str
        Pictures of the subset that could not be read, and were left out, with the reason of each.
    """

    facts: Mapping[str, Any]
    methods: tuple[Tuned, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)


def tune(
    dataset: DataSet,
    methods: Sequence[str],
    metric: str,
    *,
    averaging: Averaging = "mean",
    foreground: Foreground = "nonzero",
    search: str = "random",
    budget: int = 40,
    pictures: int = 40,
    seed: int = 0,
    narrowed: Mapping[str, Mapping[str, Search | str]] | None = None,
    fixed: Mapping[str, Mapping[str, Any]] | None = None,
    workers: int | None = None,
    folder: Path | None = None,
    advance: Callable[[Outcome], None] | None = None,
) -> Tuning:
    """Search the parameters of methods for those that are best on some pictures.

    Parameters
    ----------
    dataset : DataSet
        The pictures to learn from: a training split.
    methods : sequence of str
        Methods and presets; what a preset sets stays as it is.
    metric : str
        The score by name.
    averaging, foreground
        As for `classicseg.bench`.
    search : {"random", "grid", "tpe", "halving"}
        See `classicseg.bench.tuning.search`; "tpe" needs Optuna.
    budget : int
        How many sets of parameters a method may be tried with, its defaults included; for "halving", how many times all
        the pictures may be segmented.
    pictures : int
        So many of the pictures, drawn by `seed`, the same for all methods; all where there are no more.
    seed : int
        Of that draw and of the search.
    narrowed : mapping, optional
        For a method's name, other ranges or values of its parameters; see `space_of`.
    fixed : mapping, optional
        For a method's name, parameters that are set and not searched.
    workers : int, optional
        Processes. What is found does not depend on it.
    folder : Path, optional
        Where results are kept, so that the same call goes on where it was stopped.
    advance : callable, optional
        Called with the outcome of each picture and set of parameters.

    Returns
    -------
    Tuning

    Raises
    ------
    ParameterError
        A method, score, search or range is not known or not allowed.
    ImageError
        None of the pictures can be read.

    Examples
    --------
    >>> from classicseg.datasets import open_dataset
    >>> scenes = open_dataset("scenes", kind="classes")
    >>> found = tune(scenes, ["watershed"], "covering", budget=3, pictures=2, workers=1).methods[0]
    >>> found.tried, found.value >= found.default
    (3, True)
    """
    score = find_score(metric)
    _check(score, averaging, search, budget, pictures, seed)
    spaces = {
        name: _space(name, score, (narrowed or {}).get(name), (fixed or {}).get(name, {}))
        for name in dict.fromkeys(methods)
    }
    for name in narrowed or {}:
        if name not in spaces:
            raise ParameterError(f"the search of {name} is narrowed, but it is not tuned; {', '.join(spaces)} are.")
    subset = draw_pictures(dataset, pictures, seed)
    require_fit(subset, [], [score])
    seen = {each.picture: each for each in look(subset, workers=workers)}
    unreadable = {each.picture: each.error for each in seen.values() if each.error}
    if len(unreadable) == len(subset):
        raise ImageError(f"no picture of {dataset.name} can be read: {next(iter(unreadable.values()), 'it has none')}")
    readable = tuple(sample for sample in subset if sample.name not in unreadable)
    subset = dataclasses.replace(subset, samples=readable)
    options = {
        "foreground": foreground,
        "workers": workers,
        "folder": folder,
        "advance": advance,
        "kept": Kept(folder),
    }
    found = []
    for name, space in spaces.items():
        judge = _Judge(subset, seen, name, score, averaging, options)
        trials = SEARCHES[search](space, budget, seed, len(subset), judge)
        found.append(_tuned(name, space, trials, judge))
    return Tuning(
        facts=_facts(dataset, score, averaging, foreground, search, budget, seed)
        | {"pictures": {each.picture: each.picture_hash[:_HASH] for each in seen.values() if not each.error}},
        methods=tuple(found),
        unreadable=unreadable,
    )


def draw_pictures(dataset: DataSet, count: int, seed: int) -> DataSet:
    """So many pictures of a data set, in the order of the draw; all where there are no more.

    Examples
    --------
    >>> from classicseg.datasets import open_dataset
    >>> scenes = open_dataset("scenes", kind="classes")
    >>> two, three = (draw_pictures(scenes, count, 0) for count in (2, 3))
    >>> two.samples == three.samples[:2]
    True
    """
    order = np.random.default_rng(seed).permutation(len(dataset))[:count]
    return dataclasses.replace(dataset, samples=tuple(dataset.samples[place] for place in order.tolist()))


def _check(score: Score, averaging: Averaging, search: str, budget: int, pictures: int, seed: int) -> None:
    if search not in SEARCHES:
        raise ParameterError(f"search={search!r} is not known; it is {' or '.join(SEARCHES)}.{guess(search, SEARCHES)}")
    require_averaging(score, averaging)
    for name, value, least in (("budget", budget, 1), ("pictures", pictures, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ParameterError(f"{name}={value!r} is not allowed; it is an integer of at least {least}.")


def _space(name: str, score: Score, narrowed: Mapping[str, Search | str] | None, fixed: Mapping[str, Any]) -> Space:
    from classicseg.registry import make, resolve

    return space_of(make(name, **fixed), score.name, fixed=(*resolve(name)[1], *fixed), narrowed=narrowed)


def _facts(
    dataset: DataSet, score: Score, averaging: str, foreground: Any, search: str, budget: int, seed: int
) -> dict[str, Any]:
    import classicseg

    return {
        "dataset": dataset.name,
        "metric": score.name,
        "averaging": averaging,
        "foreground": str(foreground) if "foreground" in score.options else "",
        "search": search,
        "budget": budget,
        "seed": seed,
        "classicseg": classicseg.__version__,
    }


class _Judge:
    """How good sets of parameters of one method are on the first so many pictures of a subset."""

    def __init__(
        self,
        subset: DataSet,
        seen: Mapping[str, PictureFacts],
        name: str,
        score: Score,
        averaging: Averaging,
        options: Mapping[str, Any],
    ) -> None:
        self.subset, self._seen, self._name = subset, seen, name
        self._score, self._averaging, self._options = score, averaging, options
        self._found: dict[Segmenter, dict[str, Outcome]] = {}

    def __call__(self, candidates: Sequence[Segmenter], pictures: int) -> list[float]:
        names = [sample.name for sample in self.subset.samples[:pictures]]
        self._compute(candidates, names)
        sign = 1 if self._score.best == "higher" else -1
        return [sign * self.value(each, names) for each in candidates]

    def value(self, candidate: Segmenter, names: Sequence[str]) -> float:
        """The score over pictures of these names; NaN where one failed."""
        outcomes = [self._found[candidate][name] for name in names]
        if any(each.error for each in outcomes):
            return math.nan
        scored = [each.scores[self._score.name] for each in outcomes]
        pooled = self._averaging == "pooled"
        if pooled and not all(each.sums for each in scored):
            raise ParameterError(f"{self._score.name} cannot be pooled: no file can hold its sums. Take means.")
        sums = [load_sums(each.sums) for each in scored] if pooled else []
        return put_together(self._score, [each.value for each in scored], sums, self._averaging)

    def _compute(self, candidates: Sequence[Segmenter], names: Sequence[str]) -> None:
        """What is not known yet; sets of parameters that share most of the work follow one another."""
        lacking = [each for each in candidates if any(name not in self._found.get(each, {}) for name in names)]
        missing = {name for each in lacking for name in names if name not in self._found.get(each, {})}
        if not missing:
            return
        groups: dict[Any, list[Segmenter]] = {}
        for each in lacking:
            groups.setdefault(shared_key(each), []).append(each)
        ordered = [each for group in groups.values() for each in group]
        samples = tuple(sample for sample in self.subset if sample.name in missing)
        entry = Entry(self._name, tuple(MethodSource(each) for each in ordered))
        done = compute(
            dataclasses.replace(self.subset, samples=samples),
            [entry],
            [self._score],
            pictures=[self._seen[sample.name] for sample in samples],
            **self._options,
        )
        for outcome in done.outcomes:
            self._found.setdefault(ordered[outcome.member], {})[outcome.picture] = outcome

    def outcomes(self) -> list[Outcome]:
        """All that was computed."""
        return [outcome for each in self._found.values() for outcome in each.values()]

    def failed(self) -> int:
        """How many sets of parameters failed on a picture."""
        return sum(any(outcome.error for outcome in each.values()) for each in self._found.values())


def _tuned(name: str, space: Space, trials: Sequence[Trial], judge: _Judge) -> Tuned:
    names = [sample.name for sample in judge.subset]
    best = best_of(trials, len(names))
    errors = [outcome.error for outcome in judge.outcomes() if outcome.error]
    return Tuned(
        name=name,
        segmenter=space.start if best is None else best.segmenter,
        value=math.nan if best is None else judge.value(best.segmenter, names),
        default=judge.value(space.start, names),
        tried=len(trials),
        failed=judge.failed(),
        seconds=math.fsum(each.seconds for each in judge.outcomes() if not math.isnan(each.seconds)),
        error="" if best is not None else errors[0] if errors else "the score is defined for no picture",
    )
