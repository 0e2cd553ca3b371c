"""Quality against seconds, as a picture."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.hierarchies.figures import Scored
from benchmarks.hierarchies.report import Found

_OURS, _PEERS = "#0072b2", "#d55e00"  # told apart by colour-blind eyes, and by their marks


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def plot(rows: Sequence[Scored], figures: Found, path: Path) -> None:
    """Covering ODS with its interval over the median seconds of a picture; rows without seconds are left out."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "classicseg"  # the same file from the same figures
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for row in rows:
        if not row.seconds:
            continue
        found = figures[row.name, "covering", "ODS"]
        seconds = statistics.median(row.seconds)
        ours = row.kind == "ours"
        color = _OURS if ours else _PEERS
        away = [[found.value - found.low], [found.high - found.value]]
        axes.errorbar(
            seconds, found.value, yerr=away, fmt="o" if ours else "s", color=color, elinewidth=0.8, markersize=5
        )
        axes.annotate(
            row.name, (seconds, found.value), xytext=(6, 3), textcoords="offset points", fontsize=8, color=color
        )
    axes.set_xscale("log")
    axes.set_xlabel("seconds a picture (481 x 321), median")
    axes.set_ylabel("covering ODS on BSDS500 val, 95 % interval")
    axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
