"""What each entry reaches on a data set under a score, by each way of choosing from its family of results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from classicseg.bench.analysis.members import Members, Tables
from classicseg.bench.analysis.statistics import Values, median_seconds
from classicseg.bench.results import as_json
from classicseg.metrics import mean_score
from classicseg.metrics.families import choose_scale, put_together, summarise

OWN = "each picture's own"
_TUNED_HERE = "tuned on the pictures that are reported"
HONEST = ("fixed", "train")


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice:
    """An entry under a score, with its parameters chosen in one way.

    Attributes
    ----------
    entry, method, chosen : str
        As in `classicseg.bench.analysis.rows.Row`; so are `parameters`, `family`, `scale`,
        `oracle` and `remark`.
    taken : Members
        The chosen member on each picture on which no member of the family failed.
    value : float
        The score of the data set, from `scored` pictures.
    seconds : float
        The median of a picture: of the chosen member, or of all where pictures differ in it.
    resampled : Members
        Those among which is chosen anew in each resample.
    """

    entry: str
    method: str
    chosen: str
    parameters: dict[str, Any]
    family: int
    scale: str
    oracle: bool
    remark: str
    taken: Members
    value: float
    scored: int
    seconds: float
    resampled: Members

    def along(self, pictures: Sequence[str]) -> Values:
        """What it reached on each of these pictures; NaN also where it failed."""
        own = dict(zip(self.taken.pictures, self.taken.values[:, 0].tolist(), strict=True))
        return np.array([own.get(picture, np.nan) for picture in pictures])


def choices_of(tables: Tables, dataset: str, metric: Mapping[str, Any]) -> list[Choice]:
    """All choices of all entries of a data set under a score (as the manifest has it), in the manifest's order.

    A single source is one choice: "fixed", or "train" where its parameters were tuned before. A family gives "train"
    (the member that is best on the entry's train data set under this score) where it has such a data set, then the
    oracles "ODS" and "OIS", and "best" for ``covering`` where the tables hold it. What was chosen on the pictures that
    are reported is an oracle too, and its remark says why.
    """
    key = dataset, metric["name"], metric["averaging"]
    if key not in tables.known:
        tables.known[key] = [
            choice for entry in tables.entries(dataset) for choice in _choices_of_entry(tables, dataset, metric, entry)
        ]
    return list(tables.known[key])


def _choices_of_entry(
    tables: Tables, dataset: str, metric: Mapping[str, Any], entry: Mapping[str, Any]
) -> Iterator[Choice]:
    family = _Family(tables.members(dataset, entry, metric), entry, _tuned_here(tables, dataset, entry))
    if family.members.size == 1:
        yield family.at(entry["chosen"], 0)
        return
    if entry["train"]:
        yield family.on_train(tables, dataset, metric)
    yield family.ods()
    yield family.ois()
    if family.members.best is not None:
        yield family.best()


@dataclass(frozen=True, eq=False)
class _Family:
    """The results of an entry, and what is true of all choices from them."""

    members: Members
    entry: Mapping[str, Any]
    seen: str  # what makes every choice an oracle, in words; "" where nothing does

    def at(self, chosen: str, member: int, seen: str = "") -> Choice:
        """One member for all pictures."""
        taken = self.members.taking([member] * len(self.members.pictures))
        parameters = dict(self.entry["parameters"][member])
        return self._choice(chosen, replace(taken, seconds=self.members.seconds[:, [member]]), parameters, seen)

    def nothing(self, chosen: str, problem: str) -> Choice:
        """A line without a value, since no member could be chosen."""
        empty = np.full((len(self.members.pictures), 1), np.nan)
        taken = replace(self.members, values=empty, sums=[], pooled=False)
        return self._choice(chosen, taken, self._shared("none could be chosen"), problem=problem)

    def on_train(self, tables: Tables, dataset: str, metric: Mapping[str, Any]) -> Choice:
        """The member that is best on the entry's train data set."""
        train = self.entry["train"]
        members = tables.members(train, self.entry, metric)
        if np.isnan(members.values).all():
            return self.nothing("train", f"the score is defined for no picture of {train}")
        member = int(choose_scale(members.families(), members.score, averaging=members.averaging))
        common = len(tables.hashes(dataset) & tables.hashes(train))
        seen = f"chosen on {train}, which has {common} of the pictures that are reported" if common else ""
        return self.at("train", member, seen)

    def ods(self) -> Choice:
        """The member that is best for all pictures together; an oracle, which is chosen anew in each resample."""
        if not self.members.pictures:
            return self.nothing("ODS", "")
        found = summarise(self.members.families(), self.members.score, averaging=self.members.averaging)
        return replace(self.at("ODS", int(found.ods_scale)), resampled=self.members)

    def ois(self) -> Choice:
        """The member that is best for each picture; an oracle."""
        sign = 1 if self.members.score.best == "higher" else -1
        # NumPy's argmax takes the first NaN, as `summarise` does: what is not defined has no fault.
        own = np.argmax(sign * self.members.values, axis=1)
        return self._choice("OIS", self.members.taking(own), self._shared(OWN))

    def best(self) -> Choice:
        """The best segment of all members for each true region; an oracle."""
        return self._choice("best", self.members.of_best(), self._shared(OWN))

    def _choice(
        self, chosen: str, taken: Members, parameters: dict[str, Any], seen: str = "", problem: str = ""
    ) -> Choice:
        own = taken.values[:, 0].tolist()
        score = self.members.score
        return Choice(
            entry=self.entry["name"],
            method=self.entry["method"],
            chosen=chosen,
            parameters=parameters,
            family=(self.entry["tuned"] or {}).get("tried", self.members.size),
            scale=self.entry["scale"],
            oracle=score.oracle or chosen not in HONEST or bool(self.seen or seen),
            remark="; ".join(each for each in (self.seen, seen, problem) if each),
            taken=taken,
            value=put_together(score, own, [each[0] for each in taken.sums], taken.averaging),
            scored=mean_score(own)[1],
            seconds=median_seconds(taken.seconds.ravel().tolist()),
            resampled=taken,
        )

    def _shared(self, word: str) -> dict[str, Any]:
        """The parameters, with this word where the members differ."""
        first, *others = self.entry["parameters"]
        return {
            name: value if all(as_json(each.get(name)) == as_json(value) for each in others) else word
            for name, value in first.items()
        }


def _tuned_here(tables: Tables, dataset: str, entry: Mapping[str, Any]) -> str:
    """What has to be said where the parameters were tuned on the pictures that are reported."""
    tuned = entry["tuned"]
    if not tuned:
        return ""
    known, reported = tuned.get("pictures"), tables.hashes(dataset)
    if isinstance(known, Mapping) and known:  # fingerprints, or what they begin with
        shared = sum(each.startswith(tuple(known.values())) for each in reported)
        if shared:
            return f"tuned on {shared} of the {len(reported)} pictures that are reported"
    elif tuned.get("dataset") == dataset or tuned.get("fingerprint") == tables.dataset(dataset)["fingerprint"]:
        return _TUNED_HERE
    return _TUNED_HERE if tuned.get("same_split") else ""
