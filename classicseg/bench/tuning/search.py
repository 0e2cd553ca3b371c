"""Ways of searching a space: a grid, random draws, Optuna's TPE, successive halving.

Each begins with the defaults, so that what it finds is never worse than these where it was looked at, and tries at most
as many different sets of parameters as the budget allows. The same seed gives the same sets, whatever computes them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from classicseg.base import Segmenter
from classicseg.bench.tuning.space import Dimension, Space
from classicseg.errors import DependencyError

_CUTS = 8  # that a random search takes of one hierarchy
_BATCH = 4  # sets of parameters that TPE proposes before it hears of the first
_DRAWS = 50  # without a new set, or for each that is wanted, before a space counts as used up
_KEPT_OF_THREE = 3  # successive halving keeps the best third
_FEWEST = 4  # pictures of its first round, at least

Judge = Callable[[Sequence[Segmenter], int], list[float]]


@dataclass(frozen=True)
class Trial:
    """A set of parameters, how good it is (higher is better, NaN is no good), and on how many pictures it was seen."""

    segmenter: Segmenter
    gain: float
    pictures: int


Strategy = Callable[[Space, int, int, int, Judge], list[Trial]]


def grid_search(space: Space, budget: int, seed: int, pictures: int, judge: Judge) -> list[Trial]:
    """The defaults, and a regular grid with as many steps in each direction as the budget allows.

    Parameters on which others hang take their values first, then a step is added to one parameter after the other.
    Steps of a range lie in the middle of equal parts of it, on the parameter's scale; of several values the default
    comes first. `seed` is of no account.
    """
    del seed
    steps = [1] * len(space.dimensions)
    needed = {each.search.when[0] for each in space.dimensions if each.search.when}
    _widened(space, steps, [place for place, each in enumerate(space.dimensions) if each.name in needed], budget)
    return _judged(_widened(space, steps, range(len(steps)), budget), pictures, judge)


def random_search(space: Space, budget: int, seed: int, pictures: int, judge: Judge) -> list[Trial]:
    """The defaults, and draws from the space, evenly on each parameter's scale.

    Of methods that cut a hierarchy, a tree or the like, each draw of the other parameters is cut in eight ways, since
    these cost little; each of the eight counts as one.
    """
    return _judged(_drawn(space, budget, seed), pictures, judge)


def halving_search(space: Space, budget: int, seed: int, pictures: int, judge: Judge) -> list[Trial]:
    """Successive halving: many draws on few pictures, the best third of them on three times as many, and so on.

    The budget is work: as many pictures are segmented as `budget` sets of parameters have on all pictures, those of
    earlier rounds included. The defaults stay in until the end.

    References
    ----------
    K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
    2016.
    """
    rounds = _rounds(pictures)
    most = budget * pictures // rounds[0]
    count = max(n for n in range(1, most + 1) if _work(n, rounds) <= budget * pictures)
    running = _drawn(space, count, seed)
    last: dict[Segmenter, Trial] = {}  # of each, that on the most pictures
    for number, looked_at in enumerate(rounds):
        now = _judged(running, looked_at, judge)
        last |= {each.segmenter: each for each in now}
        if number + 1 < len(rounds):
            order = sorted(range(1, len(now)), key=lambda i: (math.isnan(now[i].gain), -now[i].gain, i))
            kept = {0, *order[: _survivors(len(now)) - 1]}
            running = [each for i, each in enumerate(running) if i in kept]
    return list(last.values())


def tpe_search(space: Space, budget: int, seed: int, pictures: int, judge: Judge) -> list[Trial]:
    """The defaults, and what Optuna's tree-structured Parzen estimator proposes, four at a time.

    Raises
    ------
    DependencyError
        Optuna is not installed.

    References
    ----------
    J. Bergstra, R. Bardenet, Y. Bengio and B. Kegl, "Algorithms for hyper-parameter optimization", NeurIPS 2011.
    """
    optuna = _optuna()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    trials = _judged([space.start], pictures, judge)
    known = {space.start: trials[0].gain}
    idle = 0  # proposals since the last that was new
    while len(known) < budget and idle < _DRAWS:
        batch: list[tuple[Any, Segmenter | None]] = []
        new: dict[Segmenter, None] = {}
        while len(batch) < _BATCH and len(known) + len(new) < budget:
            trial = study.ask()
            candidate = _proposed(space, trial)
            batch.append((trial, candidate))
            idle += 1
            if candidate is not None and candidate not in known and candidate not in new:
                new[candidate], idle = None, 0
        found = _judged(list(new), pictures, judge)
        trials += found
        known |= {each.segmenter: each.gain for each in found}
        for trial, candidate in batch:
            _tell(optuna, study, trial, math.nan if candidate is None else known[candidate])
    return trials


SEARCHES: dict[str, Strategy] = {
    "random": random_search,
    "grid": grid_search,
    "tpe": tpe_search,
    "halving": halving_search,
}


def best_of(trials: Sequence[Trial], pictures: int) -> Trial | None:
    """The first of the best among those that were looked at on all pictures; None where none is any good."""
    whole = [each for each in trials if each.pictures == pictures and not math.isnan(each.gain)]
    return max(whole, key=lambda each: each.gain, default=None)


def _judged(candidates: Sequence[Segmenter], pictures: int, judge: Judge) -> list[Trial]:
    if not candidates:
        return []
    gains = judge(candidates, pictures)
    return [Trial(segmenter, gain, pictures) for segmenter, gain in zip(candidates, gains, strict=True)]


def _grid(space: Space, steps: Sequence[int]) -> list[Segmenter]:
    """The defaults, and all that can be made of so many values in each direction."""
    axes = {each.name: _axis(space, each, count) for each, count in zip(space.dimensions, steps, strict=True)}
    made = (space.candidate(values) for values in _points(space, axes, _by_need(space), {}))
    return list(dict.fromkeys(each for each in (space.start, *made) if each is not None))


def _points(
    space: Space, axes: Mapping[str, Sequence[Any]], left: Sequence[Dimension], values: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """All combinations of the axes' values that have an effect beside those that are set already."""
    if not left:
        yield values
        return
    first, *others = left
    if not space.has_effect(first, values):
        yield from _points(space, axes, others, values)
        return
    for value in axes[first.name]:
        yield from _points(space, axes, others, {**values, first.name: value})


def _widened(space: Space, steps: list[int], places: Sequence[int], budget: int) -> list[Segmenter]:
    """The grid after steps were added in these directions, as many as the budget allows; `steps` grow."""
    found, before = _grid(space, steps), 0
    while len(found) > before:
        before = len(found)
        for place in places:
            most = space.dimensions[place].most
            more = [count + (i == place) for i, count in enumerate(steps)]
            wider = _grid(space, more) if most is None or more[place] <= most else []
            if len(found) < len(wider) <= budget:  # a step may have no effect yet, beside the values of others
                steps[:], found = more, wider
    return found


def _axis(space: Space, dimension: Dimension, count: int) -> list[Any]:
    default = getattr(space.start, dimension.name)
    values = dimension.search.values
    if values:
        return sorted(values, key=lambda value: value != default)[:count]
    if count == 1:
        return [default]
    return list(dict.fromkeys(dimension.at((step + 0.5) / count) for step in range(count)))


def _drawn(space: Space, count: int, seed: int) -> list[Segmenter]:
    """The defaults and draws, `count` different ones, or as many as there are."""
    drawn = {space.start: None}
    for candidate in itertools.islice(_draws(space, np.random.default_rng(seed)), _DRAWS * count):
        if len(drawn) >= count:
            break
        if candidate is not None:
            drawn[candidate] = None
    return list(drawn)


def _draws(space: Space, rng: np.random.Generator) -> Iterator[Segmenter | None]:
    while True:
        shares = {each.name: float(rng.random()) for each in space.dimensions}
        for _ in range(_CUTS if space.cuts else 1):
            yield space.candidate({each.name: each.at(shares[each.name]) for each in space.dimensions})
            shares |= {each.name: float(rng.random()) for each in space.dimensions if each.cheap}


def _rounds(pictures: int) -> list[int]:
    """How many pictures each round looks at: all in the last, a third of these before, and so on."""
    counts = [pictures]
    while counts[0] >= _KEPT_OF_THREE * _FEWEST:
        counts.insert(0, math.ceil(Fraction(counts[0], _KEPT_OF_THREE)))
    return counts


def _survivors(count: int) -> int:
    """How many go on, the defaults among them."""
    return max(1, math.ceil(Fraction(count, _KEPT_OF_THREE)))


def _work(count: int, rounds: Sequence[int]) -> int:
    """How many pictures are segmented: survivors see only those that they have not seen."""
    work, seen = 0, 0
    for looked_at in rounds:
        work += count * (looked_at - seen)
        count, seen = _survivors(count), looked_at
    return work


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise DependencyError(
            f"the search 'tpe' needs Optuna, which cannot be loaded: {error}. pip install 'classicseg[tune]' brings "
            "it; the searches random, grid and halving do without."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _proposed(space: Space, trial: Any) -> Segmenter | None:
    """What a trial of Optuna's proposes; it is asked only for parameters that have an effect beside the others."""
    values: dict[str, Any] = {}
    for dimension in _by_need(space):
        if space.has_effect(dimension, values):
            values[dimension.name] = _suggested(trial, dimension)
    return space.candidate(values)


def _by_need(space: Space) -> list[Dimension]:
    """The dimensions, each behind that on which it hangs."""
    ordered: list[Dimension] = []
    names = {each.name for each in space.dimensions}
    left = list(space.dimensions)
    while left:
        done = {each.name for each in ordered}
        ready = [
            each
            for each in left
            if each.search.when is None or each.search.when[0] in done or each.search.when[0] not in names
        ]
        ordered += ready or left  # a circle is nobody's intention
        left = [each for each in left if each not in ordered]
    return ordered


def _suggested(trial: Any, dimension: Dimension) -> Any:
    if dimension.search.values:
        return dimension.search.values[trial.suggest_categorical(dimension.name, range(len(dimension.search.values)))]
    return dimension.at(trial.suggest_float(dimension.name, 0.0, 1.0))


def _tell(optuna: Any, study: Any, trial: Any, gain: float) -> None:
    if math.isnan(gain):
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(trial, gain)
