"""Run entries over a data set in worker processes, and score what they give."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from classicseg.bench import worker
from classicseg.bench.kept import Kept
from classicseg.bench.results import BEST
from classicseg.bench.sources import Entry
from classicseg.bench.worker import FAMILY, Outcome, PictureFacts, Protocol, Task
from classicseg.datasets.base import DataSet
from classicseg.errors import ParameterError
from classicseg.metrics import Foreground, Score
from classicseg.parallel import usable_cores

_WORTH_A_PROCESS = 24  # label maps: starting a process takes about as long as these on small pictures
_LOOK_EVERY = 1.0  # seconds
_DIED = "the process that computed it died, most likely for want of memory. Give it smaller pictures."
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Computed:
    """What `compute` gives: the outcomes by picture, entry and member, and what was read of each picture."""

    outcomes: list[Outcome]
    pictures: list[PictureFacts]


def look(
    dataset: DataSet, *, workers: int | None = None, folder: Path | None = None, overlays: bool = False
) -> list[PictureFacts]:
    """Read every picture with its truths, to know them again; what cannot be read has an error.

    With `overlays`, small pictures of both are left in the folder.
    """
    there = folder.absolute() if folder is not None and overlays else None

    def lost(arguments: tuple[Any, ...]) -> PictureFacts:
        return PictureFacts(picture=arguments[0].name, kind=arguments[0].kind, error=_DIED)

    tasks = [(sample, dataset.data_range, there) for sample in dataset]
    found: dict[str, PictureFacts] = {}

    def take(facts: PictureFacts) -> None:
        found[facts.picture] = facts

    _for_each(worker.look_at, tasks, _processes(workers, len(tasks)), lost, take)
    return [found[sample.name] for sample in dataset]


def require_fit(dataset: DataSet, entries: Sequence[Entry], metrics: Sequence[Score]) -> None:
    """Refuse names that are not of one entry or picture, and scores that do not apply to the truths."""
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise ParameterError(f"two methods have one name ({', '.join(names)}). Give each entry a name of its own.")
    twice = [name for name, count in Counter(sample.name for sample in dataset).items() if count > 1]
    if twice:
        raise ParameterError(
            f"two pictures of {dataset.name} are called {twice[0]!r}. Give each sample a name of its own, such as one "
            "with the name of its data set before it."
        )
    for score in metrics:
        for kind in sorted({sample.kind for sample in dataset}):
            score.require_kind(kind)


def compute(
    dataset: DataSet,
    entries: Sequence[Entry],
    metrics: Sequence[Score],
    *,
    foreground: Foreground = "nonzero",
    workers: int | None = None,
    folder: Path | None = None,
    overlays: bool = False,
    advance: Callable[[Outcome], None] | None = None,
    pictures: Sequence[PictureFacts] | None = None,
    kept: Kept | None = None,
) -> Computed:
    """Score every source of every entry on every picture.

    Parameters
    ----------
    dataset : DataSet
    entries : sequence of Entry
        Each under a name of its own.
    metrics : sequence of Score
    foreground : {"nonzero", "bright", "dark"} or int
        For scores of the foreground: which predicted label is foreground.
    workers : int, optional
        Processes, of one thread each; one a core by default, fewer where there is little to do. The results are the
        same to the last bit whatever their number.
    folder : Path, optional
        Where each result is kept as soon as it is there. What is kept there is not computed again: the same label map
        (picture, method, parameters, version) under the same scores of the same truths.
    overlays : bool
        Leave small pictures of the samples, their truths, and of the label maps of entries of one source.
    advance : callable, optional
        Called with each `Outcome` as soon as it is there, in no fixed order; those that were kept come first.
    pictures : sequence of PictureFacts, optional
        What `look` gave for this data set, if it has been looked at before.
    kept : Kept, optional
        What the folder held when it was last read; it is read by default.

    Returns
    -------
    Computed
        What failed has an error and no scores, and is tried again by the next run.

    Raises
    ------
    ParameterError
        Two entries or two pictures have one name, or a score does not apply to the truths.
    """
    require_fit(dataset, entries, metrics)
    folder = None if folder is None else folder.absolute()
    protocol = Protocol(
        dataset.data_range,
        tuple(metrics),
        foreground,
        folder,
        folder if overlays else None,
        worker.keys_of_scores(metrics, foreground),
    )
    total = len(dataset) * sum(len(entry.sources) for entry in entries)
    processes = _processes(workers, total)
    if pictures is None:
        pictures = look(dataset, workers=workers, folder=folder, overlays=overlays)
    if kept is None:
        kept = Kept(folder)
    found: dict[tuple[str, str, int], Outcome] = {}
    tasks: list[Task] = []

    def take(outcome: Outcome) -> None:
        found[outcome.picture, outcome.entry, outcome.member] = outcome
        if advance is not None and outcome.member != FAMILY:
            advance(outcome)

    for sample, facts in zip(dataset, pictures, strict=True):
        for entry in entries:
            keys = worker.keys_of(entry, facts, protocol)
            known = list(_known(entry, facts, protocol, keys, kept))
            for outcome in known:
                take(outcome)
            members = _missing(entry, known, protocol, facts)
            if members:
                tasks.append(Task(protocol, sample, facts, entry, members, keys))

    def take_new(outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if (outcome.picture, outcome.entry, outcome.member) not in found:
                take(outcome)

    _for_each(worker.work, [(task,) for task in tasks], processes, lambda each: _lost(each[0]), take_new)
    order = [
        (facts.picture, entry.name, member)
        for facts in pictures
        for entry in entries
        for member in (*range(len(entry.sources)), FAMILY)
    ]
    return Computed([found[place] for place in order if place in found], list(pictures))


def _processes(workers: int | None, total: int) -> int:
    if workers is None:
        return max(1, min(usable_cores(), total // _WORTH_A_PROCESS))
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ParameterError(f"workers={workers!r} is not allowed; it is an integer of at least 1, or None.")
    return workers


def _known(
    entry: Entry, facts: PictureFacts, protocol: Protocol, keys: Mapping[int, tuple[str, bool]], kept: Kept
) -> Iterator[Outcome]:
    """What needs no computing: what was kept, and what cannot be read."""
    for member, (key, _) in keys.items():
        if facts.error:
            yield Outcome(picture=facts.picture, entry=entry.name, member=member, key="", error=facts.error)
            continue
        record = kept.find(key)
        if member == FAMILY:
            best = record and record.scores.get(worker.best_key(facts))
            if best:
                yield Outcome(picture=facts.picture, entry=entry.name, member=FAMILY, key=key, scores={BEST: best})
            continue
        scores = worker.fits(record, protocol, facts)
        if record is None or scores is None or _lacks_overlay(entry, key, protocol):
            continue
        yield Outcome(
            picture=facts.picture,
            entry=entry.name,
            member=member,
            key=key,
            labels=record.labels,
            seconds=record.seconds,
            scores=scores,
        )


def _lacks_overlay(entry: Entry, key: str, protocol: Protocol) -> bool:
    there = protocol.overlays
    return there is not None and len(entry.sources) == 1 and not worker.has_thumbnail(there, key)


def _missing(entry: Entry, known: Iterable[Outcome], protocol: Protocol, facts: PictureFacts) -> tuple[int, ...]:
    """The members that have to be computed: all of them where the best of the family is asked for and not known."""
    if facts.error:
        return ()
    there = {outcome.member for outcome in known}
    if worker.wants_best(protocol, entry) and FAMILY not in there:
        return tuple(range(len(entry.sources)))
    return tuple(member for member in range(len(entry.sources)) if member not in there)


def _lost(task: Task) -> list[Outcome]:
    """The outcomes of a task that no process lives through."""
    return [
        Outcome(picture=task.facts.picture, entry=task.entry.name, member=member, key="", error=_DIED)
        for member in task.members
    ]


def _for_each(
    call: Callable[..., _Made],
    arguments: Sequence[tuple[Any, ...]],
    processes: int,
    lost: Callable[[tuple[Any, ...]], _Made],
    take: Callable[[_Made], None],
) -> None:
    """Take what all calls give, as it comes; `lost` as for `_each`."""
    made = _each(call, arguments, processes, lost)
    with _one_interrupt(), closing(made):
        for each in made:
            take(each)


@contextmanager
def _one_interrupt() -> Iterator[None]:
    """Within, Ctrl-C is heard once: a second one, as joblib ends its processes, would leave some of them alone.

    They wait for work, and the end of this process would wait for them.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield  # somebody else looks after it
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _each(
    call: Callable[..., _Made],
    arguments: Sequence[tuple[Any, ...]],
    processes: int,
    lost: Callable[[tuple[Any, ...]], _Made],
) -> Generator[_Made]:
    """What all calls give; where a process dies, those that were under way are tried again one by one.

    A call that ends its process even then gives what `lost` says of its arguments.
    """
    from joblib.externals.loky.process_executor import BrokenProcessPool

    left = dict(enumerate(arguments))
    while left:
        try:
            numbered = [(number, call, each) for number, each in left.items()]
            for number, made in _parallel(_numbered, numbered, processes):
                del left[number]
                yield made
        except BrokenProcessPool:
            for number in list(left)[: 3 * processes]:
                yield _alone(call, left.pop(number), lost)


def _alone(call: Callable[..., _Made], arguments: tuple[Any, ...], lost: Callable[[tuple[Any, ...]], _Made]) -> _Made:
    """What a call gives in a process that has nothing else to do, and may die of it."""
    from joblib.externals.loky.process_executor import BrokenProcessPool

    try:
        ((_, made),) = _parallel(_numbered, [(0, call, arguments)], 2)
        return made
    except BrokenProcessPool:
        return lost(arguments)


def _numbered(number: int, call: Callable[..., _Made], arguments: tuple[Any, ...]) -> tuple[int, _Made]:
    return number, call(*arguments)


def _parallel(call: Callable[..., _Made], arguments: Sequence[tuple[Any, ...]], processes: int) -> Iterator[_Made]:
    """What the calls give, as it comes; in this process where one is enough."""
    if processes == 1 or not arguments:
        yield from (call(*each) for each in arguments)
        return
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool = Parallel(n_jobs=processes, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
    here, master = Path.cwd(), os.getpid()
    yield from pool(delayed(_call_there)(master, here, call, each) for each in arguments)


def _call_there(master: int, folder: Path, call: Callable[..., _Made], arguments: tuple[Any, ...]) -> _Made:
    """The call in this working folder: processes live on from one run to the next, and files have relative names."""
    _end_with(master)
    if Path.cwd() != folder:
        os.chdir(folder)
    return call(*arguments)


@cache
def _end_with(master: int) -> None:
    """End this process soon after the one that gave out the work is gone: nobody waits for more."""

    def watch() -> None:
        while os.getppid() == master:
            time.sleep(_LOOK_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
