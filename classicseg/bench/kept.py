"""Results kept as soon as they are there, so that a run that was stopped goes on and nothing is computed twice.

Each process appends to a file of its own, a line of JSON a result: no lock is needed, and what a killed process leaves
is whole but for its last line, which is passed over.
"""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One score of one label map: for the picture, for each truth where it is taken so, and what it is made of."""

    value: float
    truths: tuple[float, ...] = ()
    sums: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of one label map: its labels, its seconds, and its scores by key."""

    labels: int
    seconds: float
    scores: Mapping[str, Scored]


class Kept:
    """The records in a folder of results, by the key of what they belong to; none where there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._records: dict[str, Record] = {}
        for path in sorted((folder / KEPT).glob("*.jsonl")) if folder is not None else []:
            for line in path.read_bytes().split(b"\n"):
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            told = json.loads(line)
            scores = {key: _scored(found) for key, found in told["scores"].items()}
            record = Record(labels=told["labels"], seconds=_number(told["seconds"]), scores=scores)
            self.add(told["key"], record)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return  # cut off where its process was killed: as good as never computed

    def add(self, key: str, record: Record) -> None:
        """Take a record; of one label map the first stays, and further scores come beside its own."""
        known = self._records.get(key)
        if known is not None:
            record = Record(labels=known.labels, seconds=known.seconds, scores={**record.scores, **known.scores})
        self._records[key] = record

    def find(self, key: str) -> Record | None:
        """What is known of this label map."""
        return self._records.get(key)


def keep(folder: Path, key: str, record: Record) -> None:
    """Append a record to this process's file in a folder of results."""
    scores = {name: [_word(each.value), [_word(value) for value in each.truths], each.sums]
              for name, each in record.scores.items()}  # fmt: skip
    told = {"key": key, "labels": record.labels, "seconds": _word(record.seconds), "scores": scores}
    own = _own_file(folder / KEPT, os.getpid())
    own.parent.mkdir(parents=True, exist_ok=True)  # each time: somebody may have taken it away since
    with own.open("ab", buffering=0) as file:
        file.write(json.dumps(told, separators=(",", ":")).encode() + b"\n")


@cache
def _own_file(folder: Path, process: int) -> Path:
    """A file that no other process writes to; a forked one asks with another number."""
    return folder / f"{process}-{uuid.uuid4().hex[:12]}.jsonl"


def _word(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value


def _number(word: Any) -> float:
    return math.nan if word is None else float(word)


def _scored(found: Any) -> Scored:
    value, truths, sums = found
    return Scored(value=_number(value), truths=tuple(_number(each) for each in truths), sums=str(sums))
