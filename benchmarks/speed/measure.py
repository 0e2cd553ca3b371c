"""Time and memory of our call and of every peer that is installed, and whether their outputs are equal."""

from __future__ import annotations

import ctypes
import importlib
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.case import Case, Check, Peer

_QUICK = 0.01  # seconds: where no call of a case takes longer, a turn is a row of runs
_ROW = 15
_SLOW = 1.0  # seconds
_VERY_SLOW = 10.0  # seconds, from which on one run has to do
OURS = "classicseg"


@dataclass(frozen=True)
class Line:
    """One call's figures. `ratio` is its median time divided by ours; all but `name` and `note` are NaN if absent."""

    method: str
    task: str
    name: str
    milliseconds: float = math.nan
    mebibytes: float = math.nan
    ratio: float = math.nan
    floor: float | None = None
    check: Check | None = None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing that was measured falls short."""
        slow = self.floor is not None and self.ratio < self.floor
        return not slow and (self.check is None or self.check.passed)


def measure(case: Case) -> list[Line]:
    """Our call and the peers', timed in turn; the first call of each warms up, gives the output, and is not counted."""
    present = [peer for peer in case.peers if is_there(peer)]
    calls = {OURS: case.ours} | {peer.name: peer.call for peer in present}
    outputs: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    memory: dict[str, float] = {}
    for name, call in calls.items():
        outputs[name], first = _timed(call)
        memory[name], seconds[name] = (math.nan, first) if first > _VERY_SLOW else peak_memory(call)
    row = _ROW if max(seconds.values()) < _QUICK else 1
    medians = _medians(calls, _runs(case, seconds), row)
    ours = medians[OURS]
    lines = [Line(case.method, case.task, OURS, ours, memory[OURS])]
    for peer in case.peers:
        if peer not in present:
            lines.append(Line(case.method, case.task, peer.name, note=f"skipped: {peer.requires} is absent"))
            continue
        name = peer.name
        check = peer.equal(outputs[OURS], outputs[name])
        ratio = medians[name] / ours
        lines.append(Line(case.method, case.task, name, medians[name], memory[name], ratio, peer.floor, check))
    return lines


def _runs(case: Case, seconds: dict[str, float]) -> dict[str, int]:
    """How many turns each call has."""
    return {
        name: 1 if each > _VERY_SLOW else case.slow_runs if each > _SLOW else case.runs
        for name, each in seconds.items()
    }


def is_there(peer: Peer) -> bool:
    """Whether what the peer needs is installed."""
    kind, _, variable = peer.requires.partition(":")
    if kind == "environment":
        return bool(os.environ.get(variable))
    try:
        importlib.import_module(peer.requires)
    except ImportError:
        return False
    return True


def _medians(calls: dict[str, Callable[[], Any]], turns: dict[str, int], row: int) -> dict[str, float]:
    """Median milliseconds; calls take turns, so that a busy moment of the machine meets all of them.

    In each turn a call runs `row` times. What takes less than a few milliseconds, run once, would be timed finding its
    code and data gone from the caches, whose place what ran between has taken.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(max(turns.values())):
        for name, call in calls.items():
            if turn < turns[name]:
                taken[name].extend(1000 * _timed(call)[1] for _ in range(row))
    return {name: statistics.median(each) for name, each in taken.items()}


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its seconds."""
    started = time.perf_counter()
    output = call()
    return output, time.perf_counter() - started


def peak_memory(call: Callable[[], Any]) -> tuple[float, float]:
    """MiB that a call takes above what the process held before it (NaN if not on Linux), and its seconds."""
    status, marks = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not sys.platform.startswith("linux") or not os.access(marks, os.W_OK):
        return math.nan, _timed(call)[1]
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # what was freed before goes back to the system, so that taking it again is seen
    marks.write_text("5")  # the peak starts anew
    before = _kibibytes(status, "VmRSS")
    _, seconds = _timed(call)
    return max(0, _kibibytes(status, "VmHWM") - before) / 1024, seconds


def _kibibytes(status: Path, field: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))
