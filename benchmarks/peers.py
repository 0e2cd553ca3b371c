"""What measurements share: medians of alternating runs, and the lines that say what was measured where."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from classicseg.parallel import usable_cores


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


def machine_facts(*packages: str) -> dict[str, Any]:
    """What a recorded measurement needs to be read later: processor, cores, memory, system, versions of packages."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_gb": round(_memory() / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {package: version_or_none(package) for package in packages},
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # a system that does not tell
        return 0


def version_or_none(package: str) -> str | None:
    """The version of an installed package, None where it is absent."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def versions(*packages: str) -> str:
    """The versions of those packages that are installed."""
    return ", ".join(f"{package} {version_or_none(package) or '(absent)'}" for package in packages)
