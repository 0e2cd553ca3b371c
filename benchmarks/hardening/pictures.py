"""Every method over the real pictures: exit code 0, and a sensible number of labels for each."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import classicseg
from benchmarks.hardening.runs import arguments_of_run, decoded, finish
from classicseg.registry import PRESETS, describe

# Where each data set has its pictures, below CLASSICSEG_DATA.
SETS = {
    "BSDS500 val": "BSDS500/data/images/val/*.jpg",
    "DRIVE": "drive/training/images/*.tif",
    "BBBC039": "bbbc039/images/*.tif",
    "DSB2018": "dsb2018/images/*.png",
    "VOC": "voc_tiny/*.jpg",
    "ISBI 2012": "isbi2012_em/image/*.png",
}
# Twelve bits in files of sixteen: the command warns and names this option, and the pictures are taken as it says. The
# fluorescence pictures of DSB2018 are as dark: their brightest sample is often below a third of the range.
OPTIONS = {"BBBC039": ("--data-range", "image"), "DSB2018": ("--data-range", "image")}

_PIXELS_A_SEGMENT = 20  # fewer on an average: the picture was crumbled, not segmented
_FLAT = 0.01  # a standard deviation below a hundredth of the range: one label may be right


@dataclass
class Row:
    """What came of a method on a data set: numbers of labels, seconds, what is not well."""

    data: str
    method: str
    labels: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def try_pictures(work: Path, count: int | None, methods: Sequence[str], processes: int) -> list[str]:
    """Run, print the table, and give what is not well."""
    found = {name: paths[:count] for name, paths in pictures().items()}
    absent = [name for name, paths in found.items() if not paths]
    for name in absent:
        print(f"{name} is not in CLASSICSEG_DATA")
    chosen = methods or [*classicseg.methods(), *PRESETS]
    work = work / _sources()
    started = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        jobs = [(name, method, paths) for method in chosen for name, paths in found.items() if paths]
        rows = list(pool.map(lambda job: _told(_row(work, *job)), jobs))
    total = sum(len(row.labels) for row in rows)
    print(
        f"\n{sum(map(len, found.values()))} pictures, {len(chosen)} methods and presets, {total} label maps, "
        f"{sum(sum(row.seconds) for row in rows):.0f} s of computing, {time.perf_counter() - started:.0f} s in all"
    )
    print("\n".join(table(rows)))
    return [f"{name}: no picture" for name in absent] + [problem for row in rows for problem in row.problems]


def pictures() -> dict[str, list[Path]]:
    """The pictures of each data set, in the order of their names; masks and truths are none of them."""
    root = os.environ.get("CLASSICSEG_DATA")
    if not root:
        raise click.UsageError("set CLASSICSEG_DATA to the folder of the real data sets")
    return {name: sorted(Path(root).absolute().glob(pattern)) for name, pattern in SETS.items()}


def table(rows: Sequence[Row]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [
        "| data set | method | pictures | labels: least | median | most | s a picture | not well |",
        "|" + "---|" * 8,
    ]
    for row in rows:
        low, middle, high = (
            (min(row.labels), statistics.median(row.labels), max(row.labels)) if row.labels else (0, 0, 0)
        )
        seconds = statistics.mean(row.seconds) if row.seconds else float("nan")
        lines.append(
            f"| {row.data} | {row.method} | {len(row.labels)} | {low} | {middle:g} | {high} "
            f"| {seconds:.2f} | {len(row.problems)} |"
        )
    return lines


def sensible(record: dict[str, Any], labels: NDArray[np.integer], spread: float) -> str:
    """What is not sensible about a label map; empty where nothing is.

    Parameters
    ----------
    record : dict
        What the command said of it.
    labels : (H, W) integer array
        As a decoder of another library read it from the file.
    spread : float
        Standard deviation of the picture's samples, in parts of the range that they span at most.
    """
    there = np.unique(labels)
    numbered = there[there > 0]
    pixels = labels.size
    if labels.shape != (record["height"], record["width"]):
        return f"{labels.shape} labels for {record['height']} x {record['width']} pixels"
    if not np.array_equal(numbered, np.arange(1, record["labels"] + 1)):
        return (
            f"the record says {record['labels']} labels, the file holds {numbered.size} from {there[0]} to {there[-1]}"
        )
    if len(there) < 2 and spread > _FLAT and not _may_pass_by(record):
        return f"1 label, though the samples spread over {spread:.3f} of their range"
    asked = _asked(record)
    if asked is not None:
        return "" if len(there) <= asked else f"{len(there)} classes, {asked} were asked for"
    if len(there) * _PIXELS_A_SEGMENT > pixels:
        return f"{len(there)} labels for {pixels} pixels"
    return ""


def _may_pass_by(record: dict[str, Any]) -> bool:
    """Whether a result of one label says no more than that all of the picture is on one side of a fixed value.

    That is the threshold of `binary`, and the level of `ucm`, whose hierarchy then has its segments below the level.
    """
    return record["name"] == "binary" or (record["method"] == "ucm" and record["findings"]["n_leaves"] > 1)


def _asked(record: dict[str, Any]) -> int | None:
    """How many distinct numbers a map of classes may hold, where somebody said so; None for segments."""
    parameters = record["parameters"]
    if describe(record["method"]).makes != "classes" or parameters["connected"] or parameters["split_touching"]:
        return None
    if record["method"] == "threshold" and parameters["classes"] == 2:
        return 2
    wanted = next(parameters[key] for key in ("classes", "n_clusters", "n_components") if key in parameters)
    return wanted if isinstance(wanted, int) else None


def _row(work: Path, data: str, method: str, paths: list[Path]) -> Row:
    """One process over one data set; what an earlier one left is kept by the command itself."""
    row = Row(data, method)
    output = work / data.replace(" ", "_") / method
    ended = finish(arguments_of_run(method, paths, output, "--json", "--threads", "1", *OPTIONS.get(data, ())))
    if ended.code or ended.crashed():
        row.problems.append(f"{data}, {method}: exit code {ended.code}: {' '.join(ended.err.split())[-400:]}")
    records = [json.loads(line) for line in ended.out.splitlines()]
    if [record["input"] for record in records] != [str(path) for path in paths]:
        row.problems.append(f"{data}, {method}: {len(records)} records for {len(paths)} pictures")
    for record in records:
        stem = Path(record["input"]).stem
        labels = decoded((output / f"{stem}_{method}_labels.png").read_bytes())
        row.labels.append(len(np.unique(labels)))
        row.seconds.append(record["seconds"])
        wrong = sensible(record, labels, _spread(Path(record["input"])))
        if wrong:
            row.problems.append(f"{data}, {method}, {stem}: {wrong}")
    return row


def _told(row: Row) -> Row:
    print(f"{row.data}, {row.method}: {len(row.labels)} label maps, {len(row.problems)} not well", flush=True)
    return row


@cache
def _spread(path: Path) -> float:
    from PIL import Image

    with Image.open(path) as image:
        samples = np.array(image.convert("RGB") if image.mode == "P" else image).astype(np.float64)[..., :3]
    full = 255.0 if samples.max() < 256 else float(samples.max())
    return float(samples.std() / full)


def _sources() -> str:
    """A hash of the package's sources: results of other code are not gone on with."""
    digest = hashlib.sha256()
    folder = Path(classicseg.__file__).parent
    for source in sorted(folder.rglob("*.py")):
        digest.update(str(source.relative_to(folder)).encode() + source.read_bytes())
    return digest.hexdigest()[:16]
