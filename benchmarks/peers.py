"""What measurements share: medians of alternating runs, and the lines that say what was measured where."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable

from classicseg.bench.machine import version_or_none


def medians(calls: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median milliseconds of each call; calls take turns, so that a busy moment of the machine meets all of them.

    One call of each is not counted: it compiles, and loads what is loaded once.
    """
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            taken[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(each) for name, each in taken.items()}


def machine() -> str:
    """Python, processor and cores in a line."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"


def versions(*packages: str) -> str:
    """The versions of those packages that are installed."""
    return ", ".join(f"{package} {version_or_none(package) or '(absent)'}" for package in packages)
