"""What is measured: a task, our call, the peers that do the same, each with its floor and the check of its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """Whether two outputs are equal in the sense of the case, and the figure that says so."""

    passed: bool
    figure: str  # such as "inertia higher by 3e-6 (allowed 1e-4)"


@dataclass(frozen=True)
class Peer:
    """Another program that does the same.

    `call` is what is timed, with everything prepared before; `equal` compares what our call and the peer's gave. The
    peer's median time divided by ours has to reach `floor`; None asks for no ratio. `requires` is the module that has
    to be importable, or "environment:NAME" for an environment variable that has to be set.
    """

    name: str
    requires: str
    floor: float | None
    call: Callable[[], Any]
    equal: Callable[[Any, Any], Check]


@dataclass(frozen=True)
class Case:
    """One task of one method: `ours` and its `peers` are timed in turn, in one process, on the same input."""

    method: str
    task: str
    ours: Callable[[], Any]
    peers: tuple[Peer, ...]
    runs: int = 15
    slow_runs: int = 3  # of whatever takes more than a second
