"""How time and memory grow with the picture: 0.15, 0.6, 2.4 and 12 megapixels, each in a process of its own.

Run ``python -m benchmarks.speed.growth [METHOD...] [--json FILE]`` from the checkout; CLASSICSEG_DATA names the folder
that holds BSDS500. Each step is made of the same photographs, so that the content is the same: eighty of them one by
one, in twenty mosaics of four, in five of sixteen, and all in one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import machine, versions
from benchmarks.pictures import Picture, mosaic, photographs
from benchmarks.speed.measure import peak_memory
from classicseg import registry
from classicseg.bench.machine import machine_facts

STEPS = {"0.15": (1, 1, 80), "0.6": (2, 2, 20), "2.4": (4, 4, 5), "12": (10, 8, 1)}  # rows, columns, pictures
PATIENCE = 900  # seconds for a process
PACKAGES = ("classicseg", "numpy", "numba", "scipy", "scikit-image", "scikit-learn", "opencv-python")


def pictures(step: str) -> list[Picture]:
    """The pictures of a step."""
    rows, columns, count = STEPS[step]
    tiles, _ = photographs(rows * columns * count)
    per_picture = rows * columns
    return [mosaic(tiles[start : start + per_picture], columns) for start in range(0, len(tiles), per_picture)]


def measure_here(method: str, step: str, threads: int | None) -> dict[str, Any]:
    """Seconds (the mean over the pictures) and bytes a pixel (of the first one) of a method, in this process."""
    import classicseg

    given = pictures(step)
    tiny = np.ascontiguousarray(given[0][:40, :60])
    classicseg.segment(tiny, method, threads=threads)
    # This call is not timed: memory that a process never had comes slowly.
    mebibytes, _ = peak_memory(lambda: classicseg.segment(given[0], method, threads=threads))
    taken = []
    for picture in given:
        started = time.perf_counter()
        classicseg.segment(picture, method, threads=threads)
        taken.append(time.perf_counter() - started)
    pixels = given[0][..., 0].size
    return {
        "megapixels": pixels / 1e6,
        "seconds": statistics.fmean(taken),
        "bytes_per_pixel": mebibytes * 2**20 / pixels,
    }


def measure(method: str, step: str, threads: int | None = None) -> dict[str, Any]:
    """The same in a process of its own; {"error": ...} where it fails or takes too long."""
    arguments = ["--step", step, method] + ([] if threads is None else ["--threads", str(threads)])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.speed.growth", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"more than {PATIENCE} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return json.loads(done.stdout)


def growth_of(method: str, steps: list[str], rounds: int, threads: int | None = None) -> list[dict[str, Any]]:
    """One row a step: medians of several rounds, and the time of a pixel divided by that of the step before.

    The steps take turns, since the machine is not as fast in one minute as in the next.
    """
    turns = [{step: measure(method, step, threads) for step in steps} for _ in range(rounds)]
    rows: list[dict[str, Any]] = []
    for step in steps:
        runs = [each[step] for each in turns]
        failed = [run for run in runs if "error" in run]
        row = {"method": method, "step": step} | (failed[0] if failed else _medians(runs))
        last = rows[-1] if rows else {}
        if "seconds" in row and "seconds" in last:
            of_pixel = [each["seconds"] / each["megapixels"] for each in (last, row)]
            row["growth"] = of_pixel[1] / of_pixel[0]
        rows.append(row)
        print(_line(row), flush=True)
    return rows


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _line(row: dict[str, Any]) -> str:
    head = f"{row['method']:11} {row['step']:>5} MP"
    if "error" in row:
        return f"{head}   {row['error']}"
    growth = f"{row['growth']:5.2f}" if "growth" in row else "     "
    a_pixel = row["seconds"] / row["megapixels"]
    return f"{head}  {row['seconds']:9.3f} s  {a_pixel:8.3f} s/MP  x {growth}  {row['bytes_per_pixel']:7.1f} bytes/px"


def main(arguments: list[str] | None = None) -> int:
    """Print the table, and write it where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", help="all by default")
    parser.add_argument("--steps", default=",".join(STEPS), help="megapixels, such as 0.15,0.6")
    parser.add_argument("--rounds", type=int, default=3, help="turns of the steps, of which the medians count")
    parser.add_argument("--threads", type=int, help="one a core by default")
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)  # what the processes are started with
    given = parser.parse_args(arguments)
    if given.step:
        print(json.dumps(measure_here(given.methods[0], given.step, given.threads)))
        return 0
    steps = given.steps.split(",")
    _, what = photographs(max(STEPS[step][0] * STEPS[step][1] * STEPS[step][2] for step in steps))
    print(f"{machine()}, {versions(*PACKAGES)}\n{what}; x: time of a pixel beside the step before")
    rows = [
        row
        for method in given.methods or registry.BUILT_IN
        for row in growth_of(method, steps, given.rounds, given.threads)
    ]
    if given.json:
        report = {"machine": machine_facts(*PACKAGES), "pictures": what, "rounds": given.rounds, "rows": rows}
        given.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
