"""What a printed table of results shows, whatever it is written in: lines, columns, numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from classicseg.bench.analysis.choices import HONEST
from classicseg.bench.analysis.comparisons import Comparison
from classicseg.bench.analysis.rows import Row
from classicseg.bench.results import Results
from classicseg.errors import ParameterError

Key = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """A line of a table: an entry, with its parameters chosen in one way, under all scores."""

    entry: str
    chosen: str
    family: int
    oracle: bool
    rows: tuple[Row | None, ...]  # one a score, in the order of the columns
    tried: int = 0  # sets of parameters, by a search before this run

    @property
    def there(self) -> list[Row]:
        """The rows without those that are missing."""
        return [row for row in self.rows if row is not None]

    @property
    def way(self) -> str:
        """How the parameters were chosen, and from how many."""
        if self.tried:
            return f"{self.chosen}, {self.tried} tried"
        return self.chosen + (f", of {self.family}" if self.family > 1 else "")

    @property
    def images(self) -> str:
        """For how many images there are scores, of how many, and on how many it failed."""
        counts = sorted({row.scored for row in self.there})
        few_to_many = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        failed = max(row.failed for row in self.there)
        return f"{few_to_many} of {self.there[0].pictures}" + (f" ({failed} failed)" if failed else "")

    @property
    def seconds(self) -> str:
        """The median of an image, or the span of those that the scores' choices have."""
        known = sorted({f"{row.seconds:.3g}" for row in self.there if not math.isnan(row.seconds)}, key=float)
        return " to ".join(known[:: max(1, len(known) - 1)])

    @property
    def remarks(self) -> list[str]:
        """What a reader has to know, each once."""
        return list(dict.fromkeys(row.remark for row in self.there if row.remark))


@dataclass(frozen=True)
class Section:
    """All of one data set: columns are the scores, lines are the entries, oracles last."""

    dataset: Mapping[str, Any]
    metrics: tuple[Mapping[str, Any], ...]
    entries: tuple[Mapping[str, Any], ...]
    lines: tuple[Line, ...]

    def is_best(self, row: Row) -> bool:
        """Whether it is set in bold: no oracle, and as printed the best of its column; of several, not of one."""
        return not row.oracle and not math.isnan(row.value) and number(row.value) == self._best.get(key_of(row))

    @cached_property
    def _best(self) -> dict[Key, str]:
        """What is printed in bold under each score."""
        columns: dict[Key, list[float]] = {}
        for row in (each for line in self.lines for each in line.there):
            if not row.oracle and not math.isnan(row.value):
                columns.setdefault(key_of(row), []).append(row.value)
        best = {key_of(each): max if each["best"] == "higher" else min for each in self.metrics}
        return {key: number(best[key](values)) for key, values in columns.items() if len(values) > 1}

    def best_entries(self, key: Key) -> list[str]:
        """The entries in bold under a score."""
        return [row.entry for line in self.lines for row in line.there if key_of(row) == key and self.is_best(row)]

    def ranked(self) -> dict[Key, int]:
        """Over how many images the ranks of each score are means; scores without ranks are left out."""
        counts = {key_of(row): row.ranked for line in self.lines for row in line.there if row.ranked}
        return {key: counts[key] for key in map(key_of, self.metrics) if key in counts}


def key_of(what: Row | Comparison | Mapping[str, Any]) -> Key:
    """The score of a column: its name, and how it is averaged."""
    return (what["name"], what["averaging"]) if isinstance(what, Mapping) else (what.metric, what.averaging)


def sections(results: Results, rows: Sequence[Row]) -> list[Section]:
    """One for each data set that has rows, in the manifest's order.

    Raises
    ------
    ParameterError
        There are no rows.
    """
    if not rows:
        raise ParameterError("there are no rows to make a table of: the results report no data set, score or entry.")
    found = []
    for dataset in results.manifest["datasets"]:
        own = [row for row in rows if row.dataset == dataset["name"]]
        if own and dataset["role"] == "report":
            keys = set(map(key_of, own))
            metrics = tuple(
                each
                for each in results.manifest["metrics"]
                if each["dataset"] == dataset["name"] and key_of(each) in keys
            )
            entries = [each for each in results.manifest["entries"] if each["dataset"] == dataset["name"]]
            tried = {each["name"]: int((each["tuned"] or {}).get("tried", 0)) for each in entries}
            found.append(Section(dataset, metrics, tuple(entries), _lines(own, metrics, tried)))
    return found


def _lines(rows: Sequence[Row], metrics: Sequence[Mapping[str, Any]], tried: Mapping[str, int]) -> tuple[Line, ...]:
    cells = {(row.entry, row.chosen, key_of(row)): row for row in rows}
    oracles = {each["name"] for each in metrics if each["oracle"]}
    lines = []
    for entry, chosen in dict.fromkeys((row.entry, row.chosen) for row in rows):
        own = tuple(cells.get((entry, chosen, key_of(each))) for each in metrics)
        there = [row for row in own if row is not None]
        oracle = chosen not in HONEST or any(row.oracle and row.metric not in oracles for row in there)
        lines.append(Line(entry, chosen, there[0].family, oracle, own, tried.get(entry, 0)))
    return tuple(sorted(lines, key=lambda line: line.oracle))


def number(value: float, signed: bool = False) -> str:
    """Three decimals, and no 0 before the point; "" where there is no value."""
    if math.isnan(value):
        return ""
    text = f"{abs(value):.3f}"
    nothing = not text.strip("0.")  # as it is printed
    sign = "" if nothing else "-" if value < 0 else "+" if signed else ""
    return sign + (text[1:] if text.startswith("0.") else text)


def rank(row: Row | None) -> str:
    """The mean rank of a row, to two decimals; "" where it has none."""
    return "" if row is None or math.isnan(row.rank) else f"{row.rank:.2f}"


def p_value(p: float) -> str:
    """Two digits; very small ones as a bound."""
    if math.isnan(p):
        return ""
    return "< .0001" if p < 1e-4 else f"{p:.2g}".removeprefix("0") if p < 1 else "1"


TUNING = ("Method", "Tuned on", "Images", "For", "Search", "Seed", "Budget", "Tried", "Seconds", "Reached there")


def tuning(section: Section) -> list[list[str]]:
    """Where, how and for how long parameters were tuned: the cells below `TUNING` of each entry that was."""
    return [tuned_cells(each["name"], each["tuned"]) for each in section.entries if each["tuned"]]


def tuned_cells(name: str, tuned: Mapping[str, Any]) -> list[str]:
    """Below `TUNING`; "" for what a file of parameters does not tell."""
    pictures, seconds, value = (tuned.get(key) for key in ("pictures", "seconds", "value"))
    images = len(pictures) if isinstance(pictures, Sized) else pictures
    told = [
        tuned.get("dataset"),
        images,
        tuned_for(tuned),
        *(tuned.get(key) for key in ("search", "seed", "budget")),
    ]
    return [
        name,
        *("" if each is None else str(each) for each in told),
        str(tuned.get("tried", "")),
        "" if seconds is None else f"{float(seconds):.3g}",
        "" if value is None else number(float(value)),
    ]


def tuned_for(tuned: Mapping[str, Any]) -> str:
    """The score that parameters were tuned for, and whether it was pooled."""
    return tuned.get("metric", "") + (" (pooled)" if tuned.get("averaging") == "pooled" else "")


def parameters_of(section: Section) -> list[tuple[str, str, str, str]]:
    """Entry, way of choosing, scores, parameters: each set of parameters once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for line in section.lines:
        for row in line.there:
            words = ", ".join(f"{name}={value}" for name, value in row.parameters.items()) or "none"
            found.setdefault((line.entry, line.way, words), []).append(named(row))
    every = [named(each) for each in section.metrics]
    return [
        (entry, way, "all scores" if names == every else ", ".join(names), words)
        for (entry, way, words), names in found.items()
    ]


def named(what: Row | Comparison | Mapping[str, Any]) -> str:
    """A score in words: its name, and whether it is pooled."""
    name, averaging = key_of(what)
    return name if averaging == "mean" else f"{name} (pooled)"
