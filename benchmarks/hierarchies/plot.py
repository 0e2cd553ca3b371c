"""Quality against seconds, as a picture."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.hierarchies.figures import Scored
from benchmarks.hierarchies.report import Found

AIMS = ((0.04, 0.56), (0.1, 0.58), (1 / 3, 0.60), (1.0, 0.63))  # seconds and covering ODS that were set
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
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    timed = sorted((row for row in rows if row.seconds), key=lambda row: -figures[row.name, "covering", "ODS"].value)
    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    for number, row in enumerate(timed, start=1):
        found = figures[row.name, "covering", "ODS"]
        seconds, ours = statistics.median(row.seconds), row.kind == "ours"
        axes.errorbar(
            seconds,
            found.value,
            yerr=[[found.value - found.low], [found.high - found.value]],
            fmt="o" if ours else "s",
            color=_OURS if ours else _PEERS,
            elinewidth=0.8,
            markersize=5,
            label=f"{number}  {row.name}",
        )
        axes.annotate(str(number), (seconds, found.value), xytext=(4, 3), textcoords="offset points", fontsize=8)
    axes.plot(*zip(*AIMS, strict=True), "k:", linewidth=1, marker="_", label="aims for ucm")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds a picture (481 x 321), median")
    axes.set_ylabel("covering ODS on BSDS500 val, 95 % interval")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
