"""Results and rows, looked up the way that a page needs them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import Any

from classicseg.bench.analysis.rows import Row
from classicseg.bench.results import ALL_TRUTHS, PictureRow, Results, RunRow, ScoreRow, as_json
from classicseg.bench.sums import load_sums
from classicseg.errors import ParameterError
from classicseg.metrics import find_score, mean_score

OF_ONE_MEMBER = ("fixed", "train", "ODS")  # ways of choosing after which all pictures have the same parameters


@dataclass(frozen=True, eq=False)
class Board:
    """The rows of one data set under one score, the best first and oracles last."""

    dataset: str
    metric: str
    averaging: str
    foreground: str
    lower: bool
    range: tuple[float, float]
    rows: tuple[Row, ...]

    @property
    def score(self) -> str:
        """The score in words; with the data set it names the board."""
        return f"{self.metric} ({self.way})"

    @property
    def way(self) -> str:
        """What was taken for foreground, if it is asked for, and how pictures are put together."""
        return ", ".join(each for each in (self.foreground, self.averaging) if each)

    @property
    def axis(self) -> str:
        """The score at an axis."""
        return f"{self.metric} ({'lower' if self.lower else 'higher'} is better)"

    @property
    def best(self) -> float:
        """The best value that is no oracle's; NaN where there are none, or no two."""
        honest = [row.value for row in self.rows if not row.oracle and not math.isnan(row.value)]
        return (min if self.lower else max)(honest) if len(honest) > 1 else math.nan

    @cached_property
    def leaders(self) -> dict[str, Row]:
        """Of each entry, the row that stands for it: an honest one where there is one, else the ODS."""
        found: dict[str, Row] = {}
        for row in self.rows:
            if row.entry not in found or _standing(row) < _standing(found[row.entry]):
                found[row.entry] = row
        return found


class Book:
    """Results and their rows.

    Attributes
    ----------
    results : Results
    entries : list of str
        The names of all entries, in the manifest's order.
    boards : list of Board
    """

    def __init__(self, results: Results, rows: Sequence[Row]) -> None:
        self.results = results
        self._about = {(each["dataset"], each["name"]): each for each in results.manifest["entries"]}
        self.entries = list(dict.fromkeys([*(name for _, name in self._about), *(row.entry for row in rows)]))
        self._places = {name: place for place, name in enumerate(self.entries)}
        self._metrics = {
            (each["dataset"], each["name"], each["averaging"]): each for each in results.manifest["metrics"]
        }
        self._scores: dict[tuple[str, ...], dict[str, ScoreRow]] = {}
        for each in results.scores:
            if each.truth == ALL_TRUTHS:
                key = (each.dataset, each.entry, each.parameters, each.metric, each.foreground)
                self._scores.setdefault(key, {})[each.picture] = each
        self._runs = {(each.dataset, each.picture, each.entry, each.parameters): each for each in results.runs}
        self.boards = self._boards(rows)

    def look(self, entry: str) -> int:
        """The number by which an entry has its colour and its mark."""
        return self._places[entry]

    def about(self, dataset: str, entry: str) -> Mapping[str, Any]:
        """What the manifest says of an entry on a data set that is reported."""
        return self._about.get((dataset, entry), {})

    def about_all(self) -> Iterable[tuple[tuple[str, str], Mapping[str, Any]]]:
        """What the manifest says of each entry, by its data set and name."""
        return self._about.items()

    def about_score(self, board: Board) -> Mapping[str, Any]:
        """What the manifest says of a board's score."""
        return self._metrics.get((board.dataset, board.metric, board.averaging), {})

    @property
    def datasets(self) -> list[str]:
        """Those that are reported."""
        return list(dict.fromkeys(board.dataset for board in self.boards))

    @property
    def has_oracles(self) -> bool:
        return any(row.oracle for board in self.boards for row in board.rows)

    def boards_of(self, dataset: str) -> list[Board]:
        return [board for board in self.boards if board.dataset == dataset]

    def pictures_of(self, dataset: str) -> list[PictureRow]:
        return [picture for picture in self.results.pictures if picture.dataset == dataset]

    def scores(self, board: Board, entry: str, parameters: str, dataset: str = "") -> dict[str, ScoreRow]:
        """The scores of single pictures with these parameters, by picture; of the board's data set or another."""
        key = (dataset or board.dataset, entry, parameters, board.metric, board.foreground)
        return self._scores.get(key, {})

    def run(self, dataset: str, picture: str, entry: str, parameters: str) -> RunRow | None:
        return self._runs.get((dataset, picture, entry, parameters))

    def values(self, board: Board, row: Row) -> dict[str, float]:
        """The score of each picture, for which it is defined, in the order of the data set; none for "best"."""
        if row.chosen in OF_ONE_MEMBER:
            found = {name: each.value for name, each in self.scores(board, row.entry, as_json(row.parameters)).items()}
        elif row.chosen == "OIS":
            found = self._best_of_each(board, row.entry)
        else:
            return {}
        order = [picture.picture for picture in self.pictures_of(board.dataset)] or list(found)
        return {name: found[name] for name in order if not math.isnan(found.get(name, math.nan))}

    def members(self, board: Board, entry: str) -> list[Mapping[str, Any]]:
        """The parameters of each member of the entry's family."""
        return list(self.about(board.dataset, entry).get("parameters", []))

    def over_pictures(self, board: Board, scores: Mapping[str, ScoreRow]) -> float:
        """The board's score over pictures; NaN where it is not defined."""
        if board.averaging == "mean":
            return mean_score(each.value for each in scores.values())[0]
        sums = [load_sums(each.sums) for each in scores.values() if each.sums]
        try:
            return find_score(board.metric).value(reduce(add, sums)) if sums else math.nan
        except ParameterError:  # the score of a plug-in that is not installed here
            return math.nan

    def _best_of_each(self, board: Board, entry: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for member in self.members(board, entry):
            for name, each in self.scores(board, entry, as_json(member)).items():
                best = found.setdefault(name, each.value)
                if (each.value < best) if board.lower else (each.value > best):
                    found[name] = each.value
                elif math.isnan(each.value):  # nothing to find and nothing found: no fault at this scale
                    found[name] = math.nan
        return found

    def _boards(self, rows: Sequence[Row]) -> list[Board]:
        groups: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in rows:
            groups.setdefault((row.dataset, row.metric, row.averaging, row.foreground), []).append(row)
        return [self._board(*key, group) for key, group in groups.items()]

    def _board(self, dataset: str, metric: str, averaging: str, foreground: str, rows: list[Row]) -> Board:
        about = self._metrics.get((dataset, metric, averaging), {})
        lower = about.get("best") == "lower"
        low, high = about.get("range") or (None, None)
        return Board(
            dataset=dataset,
            metric=metric,
            averaging=averaging,
            foreground=foreground,
            lower=lower,
            range=(-math.inf if low is None else float(low), math.inf if high is None else float(high)),
            rows=tuple(sorted(rows, key=lambda row: _place(row, lower))),
        )


def _standing(row: Row) -> tuple[bool, int]:
    order = ("fixed", "train", "ODS", "OIS", "best")
    return row.chosen not in ("fixed", "train"), order.index(row.chosen)


def _place(row: Row, lower: bool) -> tuple[bool, bool, float]:
    undefined = math.isnan(row.value)
    return row.oracle, undefined, 0.0 if undefined else row.value if lower else -row.value
