"""What a worker process does: a picture is read, given to the sources, scored, and each result kept at once."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import add
from pathlib import Path
from typing import Any

from classicseg.bench.fingerprints import (
    hash_of,
    hash_of_picture,
    hash_of_truths,
    hash_of_view,
    package_version,
    version_of_score,
)
from classicseg.bench.kept import Record, Scored, keep
from classicseg.bench.results import BEST, OVERLAYS
from classicseg.bench.sources import Entry, Labelled, in_words
from classicseg.bench.sums import dump_sums
from classicseg.bench.thumbnails import thumbnail_name, write_thumbnail
from classicseg.datasets.base import LoadedSample, Sample
from classicseg.errors import ParameterError
from classicseg.image import DataRange
from classicseg.metrics import Foreground, Score, mean_score
from classicseg.metrics.comparison import Comparison, compare
from classicseg.metrics.families import BestOfFamily

FAMILY = -1  # stands for the family as a whole where a member's number is asked for


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """A picture and its truths, as they were read; `error` in words where they cannot be.

    `picture_hash` is that of the samples alone, by which a picture is known again in another data set; `view_hash` that
    of all that a method sees.
    """

    picture: str
    kind: str
    height: int = 0
    width: int = 0
    truths: int = 0
    picture_hash: str = ""
    view_hash: str = ""
    truth_hash: str = ""
    error: str = ""


@dataclass(frozen=True)
class Protocol:
    """What is the same for all pictures of a data set.

    `folder` is where results are kept, `overlays` where small pictures are, of entries of one source; None for nowhere.
    `score_keys` tells under what each score is kept (`keys_of_scores`), None where it is not.
    """

    data_range: DataRange | None
    metrics: tuple[Score, ...]
    foreground: Foreground
    folder: Path | None
    overlays: Path | None
    score_keys: Mapping[str, str | None]


@dataclass(frozen=True)
class Task:
    """One picture, one entry, and the members of its family that are wanted."""

    protocol: Protocol
    sample: Sample
    facts: PictureFacts
    entry: Entry
    members: tuple[int, ...]
    keys: Mapping[int, tuple[str, bool]]  # `keys_of` the entry


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one picture under one source; scores by name, or in words why there are none."""

    picture: str
    entry: str
    member: int
    key: str
    labels: int = 0
    seconds: float = math.nan
    error: str = ""
    scores: dict[str, Scored] = field(default_factory=dict)


def look_at(sample: Sample, data_range: DataRange | None, overlays: Path | None) -> PictureFacts:
    """Read a picture with its truths, to know it again, and leave small pictures of both where a folder is named."""
    try:
        loaded = sample.read()
        facts = PictureFacts(
            picture=sample.name,
            kind=sample.kind,
            height=loaded.image.array.shape[0],
            width=loaded.image.array.shape[1],
            truths=len(loaded.truths),
            picture_hash=hash_of_picture(loaded),
            view_hash=hash_of_view(loaded, data_range),
            truth_hash=hash_of_truths(loaded),
        )
    except Exception as error:  # a reader may raise anything; the other pictures go on
        return PictureFacts(picture=sample.name, kind=sample.kind, error=in_words(error))
    if overlays is not None:
        for key, labels in ((facts.view_hash, None), (truth_key(facts), loaded.truths[0])):
            if not has_thumbnail(overlays, key):
                write_thumbnail(overlays, key, loaded, data_range, labels)
    return facts


def truth_key(facts: PictureFacts) -> str:
    """Under what the overlay of a picture's first truth is kept."""
    return hash_of([facts.view_hash, facts.truth_hash])


def has_thumbnail(folder: Path, key: str) -> bool:
    """Whether the small picture is there."""
    return (folder / OVERLAYS / thumbnail_name(key)).is_file()


def keys_of(entry: Entry, facts: PictureFacts, protocol: Protocol) -> dict[int, tuple[str, bool]]:
    """Under what the result of each member is kept, and whether it can be told apart from others; and the family's.

    Asked in the first process alone: others see what a script defines as a module of another name and file.
    """
    family = [FAMILY] if wants_best(protocol, entry) else []
    return {member: _key_of(entry, member, facts) for member in (*range(len(entry.sources)), *family)}


def _key_of(entry: Entry, member: int, facts: PictureFacts) -> tuple[str, bool]:
    sources = entry.sources if member == FAMILY else (entry.sources[member],)
    told = [source.facts(facts.picture) for source in sources]
    lasting = all(each is not None for each in told)
    names = told if lasting else [entry.name, member, os.getpid()]
    return hash_of([names, facts.view_hash, package_version()]), lasting


def keys_of_scores(metrics: Iterable[Score], foreground: Foreground) -> dict[str, str | None]:
    """Under what each score is kept, by name, the truths not told yet; None where it cannot be known again."""
    found: dict[str, str | None] = {}
    for score in metrics:
        version = version_of_score(score)
        asked = [str(foreground)] if "foreground" in score.options else []
        found[score.name] = None if version is None else " ".join([score.name, *asked, *filter(None, [version])])
    return found


def score_key(protocol: Protocol, score: Score, facts: PictureFacts) -> str | None:
    """Under what a score is kept in the record of its label map; None where it is not kept."""
    key = protocol.score_keys[score.name]
    return key and f"{key} {facts.truth_hash[:24]}"


def work(task: Task) -> list[Outcome]:
    """Everything that a task asks for."""
    return list(_outcomes(task))


def _outcomes(task: Task) -> Iterator[Outcome]:
    try:
        loaded = _read(_Once(task.sample, f"{task.facts.picture} {truth_key(task.facts)}"))
    except Exception as error:  # it could be read a moment ago
        yield from (_outcome(task, member, "", error=in_words(error)) for member in task.members)
        return
    best, whole = BestOfFamily(), len(task.members) == len(task.entry.sources)
    sources = [task.entry.sources[member] for member in task.members]
    found = type(sources[0]).run_all(sources, loaded, task.protocol.data_range)
    for member, made in zip(task.members, found, strict=True):
        key, lasting = task.keys[member]
        outcome, both = _scored(task, member, key, loaded, made)
        if not outcome.error and lasting:
            _keep(task, key, outcome)
        yield outcome
        whole = whole and both is not None
        if wants_best(task.protocol, task.entry) and both is not None:
            best.take(both)
    if whole and wants_best(task.protocol, task.entry):
        yield _best_outcome(task, best)


def wants_best(protocol: Protocol, entry: Entry) -> bool:
    """Whether the best of a family is asked for: of one that walks along a scale, where the covering is scored."""
    return bool(entry.scale) and any(score.name == "covering" for score in protocol.metrics)


def _scored(
    task: Task, member: int, key: str, loaded: LoadedSample, made: Labelled | str
) -> tuple[Outcome, Comparison | None]:
    if isinstance(made, str):
        return _outcome(task, member, key, error=made), None
    protocol = task.protocol
    try:
        both = compare(
            made.labels,
            loaded.truths,
            kind=loaded.kind,
            foreground=protocol.foreground,
            mask=made.mask,
            void=loaded.void,
        )
        scores = {score.name: _score(score, both) for score in protocol.metrics}
    except Exception as error:  # a plug-in's score may raise anything
        return _outcome(task, member, key, error=in_words(error)), None
    if protocol.overlays is not None and len(task.entry.sources) == 1:
        write_thumbnail(protocol.overlays, key, loaded, protocol.data_range, made.labels)
    labels = _count_labels(made)
    return _outcome(task, member, key, labels=labels, seconds=made.seconds, scores=scores), both


def _score(score: Score, both: Comparison) -> Scored:
    each = score.values_of(both)
    return Scored(
        value=score.of(both),
        truths=each if len(each) == len(both.truths) and score.takes == "table" else (),
        sums=_sums(score, both) if score.pools else "",
    )


def _sums(score: Score, both: Comparison) -> str:
    """The sums as a text; "" where a plug-in's are of a class of its own, so that only its mean can be told."""
    sums = score.sums_of(both)
    try:
        return dump_sums(sums)
    except ParameterError:
        return ""


def _best_outcome(task: Task, best: BestOfFamily) -> Outcome:
    fractions = best.fractions
    values = [each.value for each in fractions]
    scored = Scored(value=mean_score(values)[0], truths=tuple(values), sums=dump_sums(reduce(add, fractions)))
    key, lasting = task.keys[FAMILY]
    outcome = _outcome(task, FAMILY, key, scores={BEST: scored})
    if lasting:
        _keep(task, key, outcome)
    return outcome


def _outcome(task: Task, member: int, key: str, **found: Any) -> Outcome:
    return Outcome(picture=task.facts.picture, entry=task.entry.name, member=member, key=key, **found)


def _keep(task: Task, key: str, outcome: Outcome) -> None:
    protocol = task.protocol
    if protocol.folder is None:
        return
    names: dict[str, str | None] = {each.name: score_key(protocol, each, task.facts) for each in protocol.metrics}
    names[BEST] = best_key(task.facts)
    scores = {own: each for name, each in outcome.scores.items() if (own := names[name]) is not None}
    keep(protocol.folder, key, Record(labels=outcome.labels, seconds=outcome.seconds, scores=scores))


def best_key(facts: PictureFacts) -> str:
    """Under what the best of a family is kept in its record."""
    return f"{BEST} {facts.truth_hash[:24]}"


def _count_labels(made: Labelled) -> int:
    """As many labels as `Segmentation.n_labels` counts: those above 0."""
    import numpy as np

    return int(np.count_nonzero(np.unique(made.labels) > 0))


@dataclass(frozen=True)
class _Once:
    """A sample that is the same as another where it has the same name and content."""

    sample: Sample = field(compare=False)
    content: str


@lru_cache(maxsize=1)
def _read(what: _Once) -> LoadedSample:
    """The last picture is kept: the entries take it one after the other."""
    return what.sample.read()


def fits(record: Record | None, protocol: Protocol, facts: PictureFacts) -> dict[str, Scored] | None:
    """The scores that are asked for, by name, if the record has them all."""
    if record is None:
        return None
    found = {score.name: record.scores.get(score_key(protocol, score, facts) or "") for score in protocol.metrics}
    return {name: each for name, each in found.items() if each is not None} if None not in found.values() else None
