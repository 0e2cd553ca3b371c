"""Quality against seconds, as a picture."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.hierarchies.figures import Scored
from benchmarks.hierarchies.report import Found

AIMS = ((0.04, 0.56), (0.1, 0.58), (1 / 3, 0.60), (1.0, 0.63))  # seconds and covering ODS that were set
_POINTS_AN_INCH = 72
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
    axes.plot(*zip(*AIMS, strict=True), "k:", linewidth=1, marker="_", label="aims for ucm")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds a picture (481 x 321), median")
    axes.set_ylabel("covering ODS on BSDS500 val, 95 % interval")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    figure.draw_without_rendering()  # only then is it known where a point stands
    points = [(statistics.median(row.seconds), figures[row.name, "covering", "ODS"].value) for row in timed]
    places = axes.transData.transform(points) * _POINTS_AN_INCH / figure.dpi
    for number, (point, offset) in enumerate(zip(points, _offsets(places.tolist()), strict=True), start=1):
        axes.annotate(
            str(number), point, xytext=offset, textcoords="offset points", fontsize=8, ha="center", va="center",
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": "0.4", "shrinkA": 3, "shrinkB": 0},
        )  # fmt: skip
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


def _offsets(places: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Where beside each mark its number stands, all in points: the nearest place that meets no other number or mark."""
    around = [(x, y) for far in (1, 2, 3, 4) for y in (0, 6 * far, -6 * far) for x in (10 * far, -10 * far)]
    taken, found = [(x, y) for x, y in places], []
    for x, y in places:
        best = next((each for each in around if _is_free(x + each[0], y + each[1], taken)), around[0])
        taken.append((x + best[0], y + best[1]))
        found.append(best)
    return found


def _is_free(x: float, y: float, taken: Sequence[tuple[float, float]]) -> bool:
    return all(abs(x - other) >= 8 or abs(y - another) >= 7 for other, another in taken)
