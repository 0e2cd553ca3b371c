"""The steps of a run, from pictures to tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.hierarchies import report
from benchmarks.hierarchies.ablation import VARIANTS, WHOLE
from benchmarks.hierarchies.figures import Scored, claims, figures_of
from benchmarks.hierarchies.own_runs import OwnRuns
from benchmarks.hierarchies.page import ablation_page, table_page
from benchmarks.hierarchies.peer_runs import Chosen, PeerRuns
from benchmarks.hierarchies.peers import PEERS, Peer
from benchmarks.hierarchies.pictures import Picture, drawn, pictures_of
from benchmarks.hierarchies.plot import can_plot, plot
from benchmarks.hierarchies.rows import ROWS, Row
from benchmarks.hierarchies.scoring import UNIT, UNIT_FOR_BOUNDARIES
from benchmarks.hierarchies.seconds import time_own, time_peers
from classicseg.bench.analysis.statistics import RESAMPLES
from classicseg.bench.machine import machine_facts

PACKAGES = ("classicseg", "numpy", "numba", "scipy", "scikit-image", "scikit-learn", "opencv-python", "higra")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be run. `pictures` limits each split, for a trial; `timed` pictures are timed, 0 for none."""

    root: Path
    work: Path
    results: Path
    image: Path
    rows: tuple[Row, ...] = ROWS
    peers: tuple[Peer, ...] = PEERS
    whole: Row = WHOLE
    variants: tuple[Row, ...] = VARIANTS
    pictures: int | None = None
    timed: int = 20
    processes: int = 2
    threads: int | None = None
    resamples: int = RESAMPLES


@dataclass
class Run:
    """What a run has found so far."""

    plan: Plan
    train: list[Picture]
    val: list[Picture]
    skipped: dict[str, str] = field(default_factory=dict)
    own: OwnRuns = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnRuns(self.plan.work, self.plan.processes)


def start(plan: Plan) -> Run:
    """The pictures of a plan."""
    train, val = (drawn(pictures_of(plan.root, split), plan.pictures) for split in ("train", "val"))
    return Run(plan, train, val)


def make_table(plan: Plan) -> bool:
    """Run everything and write the results; whether every aim was reached."""
    run = start(plan)
    plan.results.mkdir(parents=True, exist_ok=True)
    rows = _computed(run, plan.rows, [*run.train, *run.val], "our rows")
    chosen = _peers(run)
    taken = _timed(run, rows, chosen)
    scored = [_own_scored(run, row, taken) for row in rows] + [_peer_scored(each, taken) for each in chosen]
    figures = [figure for row in scored for figure in figures_of(row, plan.resamples)]
    found = claims(_pairs(scored, plan.whole.name), plan.resamples)
    facts = _facts(run)
    named = report.by_name(figures)
    if figures:
        text = table_page(scored, named, found, facts)
        (plan.results / "hierarchies.md").write_text(text, encoding="utf-8")
        report.write_csv(plan.results / "hierarchies.csv", figures)
        report.write_json(plan.results / "hierarchies.json", facts, scored, figures, found)
        if can_plot():
            plot(scored, named, plan.image)
    return all(row.aim is None or named[row.name, "covering", "ODS"].value >= row.aim for row in scored) and not any(
        row.name in run.skipped for row in plan.rows
    )


def make_ablation(plan: Plan) -> None:
    """The table of what each part of the whole road adds, on val."""
    run = start(plan)
    plan.results.mkdir(parents=True, exist_ok=True)
    rows = _computed(run, (plan.whole, *plan.variants), run.val, "ablation")
    if plan.whole.name not in [row.name for row in rows]:
        return
    scored = [Scored(row.name, "ablation", row.parameters, run.own.regions(row, run.val)) for row in rows]
    whole, *variants = scored
    figures = report.by_name([figure for row in scored for figure in figures_of(row, plan.resamples)])
    found = claims([(row, whole) for row in variants], plan.resamples)
    text = ablation_page(whole, variants, figures, found, _facts(run))
    (plan.results / "ablation.md").write_text(text, encoding="utf-8")


def _computed(run: Run, rows: Sequence[Row], pictures: Sequence[Picture], what: str) -> list[Row]:
    """The rows whose results are all there; why others are not is kept."""
    run.skipped |= {row.name: row.missing for row in rows if row.missing}
    present = [row for row in rows if not row.missing]
    failed = run.own.compute(present, pictures, _teller(what))
    run.skipped |= {name: f"failed on {error}" for name, error in failed.items()}
    return [row for row in present if row.name not in failed]


def _peers(run: Run) -> list[Chosen]:
    chosen = []
    for peer in run.plan.peers:
        python = peer.python
        if python is None:
            run.skipped[peer.name] = peer.missing
            continue
        _say(f"{peer.name}: {len(peer.settings)} settings")
        try:
            chosen.append(PeerRuns(peer, python, run.plan.work).choose_and_score(run.train, run.val))
        except (OSError, RuntimeError) as error:
            run.skipped[peer.name] = f"failed: {error}"
    return chosen


def _timed(run: Run, rows: Sequence[Row], chosen: Sequence[Chosen]) -> dict[str, list[float]]:
    if not run.plan.timed:
        return {}
    some = drawn(run.val, run.plan.timed)
    _say(f"seconds on {len(some)} pictures")
    return time_own(rows, some, run.plan.threads) | time_peers(chosen, some)


def _own_scored(run: Run, row: Row, taken: dict[str, list[float]]) -> Scored:
    return Scored(
        row.name,
        "ours",
        row.parameters,
        run.own.regions(row, run.val),
        run.own.regions(row, run.train),
        run.own.boundaries(row, run.val) if row.boundaries else None,
        tuple(taken.get(row.name, ())),
        note=row.note,
        beside=row.beside,
        aim=row.aim,
    )


def _peer_scored(each: Chosen, taken: dict[str, list[float]]) -> Scored:
    few = f"chosen among {len(each.peer.settings)} settings on {len(each.train.names)} pictures of train"
    notes = [each.version, few, *([each.peer.note] if each.peer.note else [])]
    setting = {name: value for name, value in each.setting.items() if name != "finest"}
    return Scored(
        each.peer.name,
        "peer",
        setting,
        each.val,
        each.train,
        each.boundaries,
        seconds=tuple(taken.get(each.peer.name, ())),
        note="; ".join(notes),
    )


def _pairs(scored: Sequence[Scored], whole: str) -> list[tuple[Scored, Scored]]:
    """Each of our rows beside its peers, and the whole road beside every other row."""
    named = {row.name: row for row in scored}
    pairs = [(row, named[name]) for row in scored for name in row.beside if name in named]
    if whole in named:
        pairs += [(named[whole], row) for row in scored if row.name != whole and (named[whole], row) not in pairs]
    return pairs


def _facts(run: Run) -> dict[str, Any]:
    return machine_facts(*PACKAGES) | {
        "train": len(run.train),
        "val": len(run.val),
        "threads": run.plan.threads,
        "scales": UNIT.tolist(),
        "boundary_thresholds": UNIT_FOR_BOUNDARIES.tolist(),
        "resamples": run.plan.resamples,
        "skipped": run.skipped,
    }


def _teller(what: str) -> Callable[[int, int], None]:
    last = [time.monotonic()]

    def tell(done: int, count: int) -> None:
        if done == count or time.monotonic() - last[0] > 10:
            last[0] = time.monotonic()
            _say(f"{what}: {done} of {count}")

    return tell


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
