"""The tables of results, to be looked up: what the members of an entry's family reached on each picture."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classicseg.bench.analysis.figures import Sums, adds_quickly, best_of, mean_figure, only, pooled_figure
from classicseg.bench.analysis.statistics import Figure, Values
from classicseg.bench.results import ALL_TRUTHS, BEST, Results, RunRow, ScoreRow, as_json
from classicseg.bench.sums import load_sums
from classicseg.errors import ParameterError
from classicseg.metrics import Score, find_score
from classicseg.metrics.families import Averaging, FamilyScores, put_together


class Tables:
    """Results, to be looked up; `scores` are those that no installed package brings, by which sums are pooled."""

    def __init__(self, results: Results, scores: Iterable[Score] = ()) -> None:
        self.manifest = results.manifest
        self._own = {score.name: score for score in scores}
        self.known: dict[tuple[str, ...], Any] = {}  # what rows and comparisons both ask for, computed once
        self._pictures: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._scores: defaultdict[tuple[str, ...], dict[str, ScoreRow]] = defaultdict(dict)
        self._runs: defaultdict[tuple[str, ...], dict[str, RunRow]] = defaultdict(dict)
        for picture in results.pictures:
            self._pictures[picture.dataset][picture.picture] = picture.picture_hash
        for score in results.scores:
            if score.truth == ALL_TRUTHS:
                key = (score.dataset, score.entry, score.parameters, score.metric)
                self._scores[key][score.picture] = score
        for run in results.runs:
            self._runs[run.dataset, run.entry, run.parameters][run.picture] = run

    def pictures(self, dataset: str) -> list[str]:
        """The names, in the order of the data set."""
        return list(self._pictures[dataset])

    def hashes(self, dataset: str) -> set[str]:
        """The fingerprints of the pictures that could be read."""
        return {each for each in self._pictures[dataset].values() if each}

    def reported(self) -> list[str]:
        """The data sets that are reported, in the manifest's order."""
        return [each["name"] for each in self.manifest["datasets"] if each["role"] == "report"]

    def dataset(self, name: str) -> Mapping[str, Any]:
        """What the manifest says of a data set that is reported."""
        return next(each for each in self.manifest["datasets"] if each["name"] == name and each["role"] == "report")

    def metrics(self, dataset: str) -> list[Mapping[str, Any]]:
        """What the manifest says of the scores of a data set."""
        return [each for each in self.manifest["metrics"] if each["dataset"] == dataset]

    def entries(self, dataset: str) -> list[Mapping[str, Any]]:
        """What the manifest says of the entries of a data set."""
        return [each for each in self.manifest["entries"] if each["dataset"] == dataset]

    def members(self, dataset: str, entry: Mapping[str, Any], metric: Mapping[str, Any]) -> Members:
        """What the family of an entry reached on the pictures on which no member failed."""
        keys = [as_json(each) for each in entry["parameters"]]
        runs = [self._runs[dataset, entry["name"], key] for key in keys]
        done = [each for each in self.pictures(dataset) if all(each in run and not run[each].error for run in runs)]
        rows = [self._scores[dataset, entry["name"], key, metric["name"]] for key in keys]
        best = self._scores[dataset, entry["name"], "{}", BEST] if metric["name"] == "covering" else {}
        score, pooled = self._own.get(metric["name"]) or _score_of(metric), metric["averaging"] == "pooled"
        return Members(
            score=score,
            pooled=pooled,
            pictures=tuple(done),
            values=np.array([[_value(row.get(name)) for row in rows] for name in done]).reshape(len(done), len(keys)),
            sums=[[_sums(row.get(name), name, metric) for row in rows] for name in done] if pooled else [],
            seconds=np.array([[run[name].seconds for run in runs] for name in done]).reshape(len(done), len(keys)),
            best=np.array([_value(best.get(name)) for name in done]) if best else None,
            best_sums=[_sums(best.get(name), name, metric) for name in done] if best and pooled else [],
        )


def _value(row: ScoreRow | None) -> float:
    return math.nan if row is None else row.value


def _sums(row: ScoreRow | None, picture: str, metric: Mapping[str, Any]) -> Any:
    if row is None or not row.sums:
        raise ParameterError(
            f"{metric['name']} cannot be pooled: scores.csv has not got its sums for {picture}. Run 'classicseg bench' "
            "once more; or take means, where a plug-in's sums are of a class of its own, which no file can hold."
        )
    return load_sums(row.sums)


def _score_of(metric: Mapping[str, Any]) -> Score:
    """The score: as the manifest has it for means; for pooled values, as it is installed."""
    if metric["averaging"] == "pooled":
        try:
            return find_score(metric["name"])
        except ParameterError as error:
            raise ParameterError(
                f"these results are pooled by the score {metric['name']!r}, which is not installed here. Install the "
                f"package that brings it, or run the benchmark with averages: {error}"
            ) from None
    low, high = metric["range"]
    return Score(
        name=metric["name"],
        help="as the manifest tells it",
        paper="",
        function=float,
        range=(-math.inf if low is None else low, math.inf if high is None else high),
        best=metric["best"],
        oracle=metric["oracle"],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Members:
    """What K members of a family reached on N pictures."""

    score: Score
    pooled: bool
    pictures: tuple[str, ...]
    values: Values  # (N, K)
    sums: Sums  # N times K, where the score is pooled
    seconds: Values  # (N, K)
    best: Values | None = None  # (N,): each true region by its best segment of the whole family
    best_sums: list[Any] = field(default_factory=list)

    @property
    def averaging(self) -> Averaging:
        """How pictures are put together."""
        return "pooled" if self.pooled else "mean"

    @property
    def size(self) -> int:
        """K."""
        return self.values.shape[1]

    def families(self) -> list[FamilyScores]:
        """Each picture's; the scales are the positions of the members."""
        unknown = np.zeros(self.size, dtype=np.int64)
        return [
            FamilyScores(
                scales=np.arange(self.size, dtype=np.float64),
                segments=unknown,
                values={self.score.name: values},
                sums={self.score.name: tuple(self.sums[at])} if self.pooled else {},
                best_covering=math.nan if self.best is None else float(self.best[at]),
                best_sums=self.best_sums[at] if self.best_sums else None,
            )
            for at, values in enumerate(self.values)
        ]

    def taking(self, members: Sequence[int] | NDArray[np.int64]) -> Members:
        """One member for each picture."""
        at = np.asarray(members, dtype=np.int64)
        sums = [[each[member]] for each, member in zip(self.sums, at, strict=True)] if self.pooled else []
        return replace(self, values=np.take_along_axis(self.values, at[:, np.newaxis], axis=1), sums=sums)

    def of_best(self) -> Members:
        """The best segments of the whole family, as one member."""
        assert self.best is not None
        return replace(self, values=self.best[:, np.newaxis], sums=[[each] for each in self.best_sums])

    def figure(self) -> tuple[Figure, int, bool]:
        """The score at the best member, chosen anew in each weighting; of how many pictures; and whether it is quick.

        Pictures for which it is defined at no member are left out where they add nothing.
        """
        kept = ~np.isnan(self.values).all(axis=1)
        if not self.pooled:
            return best_of(mean_figure(self.values[kept]), self.score.best), int(kept.sum()), True
        if not kept.any():
            return only(mean_figure(self.values[:0])), 0, True
        sums = [self.sums[at] for at in np.flatnonzero(kept).tolist()]
        if len(sums) < len(self.sums):
            of_all, of_kept = self._pooled(self.sums), self._pooled(sums)
            sums = sums if np.array_equal(of_all, of_kept, equal_nan=True) else list(self.sums)
        return best_of(pooled_figure(self.score, sums), self.score.best), len(sums), adds_quickly(sums)

    def _pooled(self, sums: Sums) -> list[float]:
        """The score of these pictures' sums at each member."""
        return [put_together(self.score, [], [each[member] for each in sums], "pooled") for member in range(self.size)]
