"""What a second thread brings at 2.4 megapixels, and whether the labels stay the same.

Run ``python -m benchmarks.speed.threads [METHOD...] [--json FILE]`` from the checkout; CLASSICSEG_DATA names the folder
that holds BSDS500.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import machine, versions
from benchmarks.pictures import Picture, mosaic, photographs
from benchmarks.speed.growth import PACKAGES
from classicseg import registry, segment
from classicseg.bench.machine import machine_facts

RUNS = 5


def measure(method: str, picture: Picture, threads: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    """Median seconds by number of threads (runs take turns), and whether all labels are the same."""
    taken: dict[int, list[float]] = {count: [] for count in threads}
    expected = segment(picture, method, threads=threads[0])
    identical = True
    for _ in range(RUNS):
        for count in threads:
            started = time.perf_counter()
            labels = segment(picture, method, threads=count)
            taken[count].append(time.perf_counter() - started)
            identical &= bool(np.array_equal(labels, expected))
    seconds = {count: statistics.median(times) for count, times in taken.items()}
    return {
        "method": method,
        "seconds": seconds,
        "speed_up": seconds[threads[0]] / seconds[threads[-1]],
        "identical": identical,
    }


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code is 1 where labels differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", help="all by default")
    parser.add_argument("--tiles", type=int, default=4, help="photographs along each side of the mosaic")
    parser.add_argument("--json", type=Path, help="file to write")
    given = parser.parse_args(arguments)
    tiles, what = photographs(given.tiles**2)
    picture = mosaic(tiles, given.tiles)
    print(f"{machine()}, {versions(*PACKAGES)}\n{picture.shape[1]} x {picture.shape[0]} pixels: {what}")
    rows = []
    for method in given.methods or registry.BUILT_IN:
        row = measure(method, picture)
        rows.append(row)
        seconds = "   ".join(f"{count}: {value:7.3f} s" for count, value in row["seconds"].items())
        told = "labels identical" if row["identical"] else "LABELS DIFFER"
        print(f"{method:11} threads {seconds}   x {row['speed_up']:.2f}   {told}", flush=True)
    if given.json:
        report = {"machine": machine_facts(*PACKAGES), "pictures": what, "shape": picture.shape, "rows": rows}
        given.json.write_text(json.dumps(report, indent=2) + "\n")
    return int(not all(row["identical"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
