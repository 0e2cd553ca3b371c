"""The parallel kernels by themselves at 2.4 megapixels: two threads beside one, and beside two processes.

Run ``python -m benchmarks.speed.kernels [--json FILE]`` from the checkout; CLASSICSEG_DATA names the folder that holds
BSDS500. Two processes of one thread each share nothing but the machine: what they gain is what two threads could. Where
two cores are two strands of one, loops that keep its arithmetic units full gain little from either.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import machine, versions
from benchmarks.pictures import Picture
from benchmarks.speed.growth import PACKAGES, pictures
from classicseg.bench.machine import machine_facts

RUNS = 5
ROW = 3  # in a row with the same number of threads, so that a core that slept is counted once at most
Call = Callable[[int], Any]


def calls_on(picture: Picture) -> dict[str, Call]:
    """Each parallel driver at the defaults of its method, as a function of the number of threads."""
    from classicseg import GaussianMixture
    from classicseg.gradients import gradient_magnitude
    from classicseg.image import as_image
    from classicseg.kernels.canny import canny_grades
    from classicseg.kernels.gmm import expectation_maximisation, weighted_samples
    from classicseg.kernels.meanshift_lattice import lattice_for
    from classicseg.kernels.meanshift_together import climb_together
    from classicseg.kernels.quickshift import shift_quickly
    from classicseg.kernels.slic import _clusters

    image = as_image(picture)
    lab = image.in_space("lab")
    lattice = lattice_for(lab, image.mask, 8.0, 10.0)
    mixture = GaussianMixture(n_components=8)
    colors, _ = mixture._distinct_colors(image, 1)
    samples = weighted_samples(colors.planes, colors.weights)
    start = mixture._start(colors, samples, 8, 1)
    return {
        "L*a*b*": lambda threads: as_image(picture).in_space("lab", threads),
        "gradient": lambda threads: gradient_magnitude(lab, image.mask, 2.0, threads),
        "Canny's ridges": lambda threads: canny_grades(lab[0], 1.4, 1.0, 3.0, threads),
        "EM, 10 steps": lambda threads: expectation_maximisation(samples, start, "full", 1e-2, 10, -np.inf, threads),
        "mean shift": lambda threads: climb_together(lab, image.mask, lattice, 0.35, 100, 0.01, threads),
        "quickshift": lambda threads: shift_quickly(lab * np.float32(0.5), image.mask, 5.0, threads),
        "superpixels": lambda threads: _clusters(lab, image.mask, 45.0, 10.0, 10, threads, None),
    }


def two_processes(name: str) -> float:
    """What two processes, of one thread each, do beside what one does in the same time."""
    context = multiprocessing.get_context("spawn")
    alone, together = (_milliseconds_of(context, name, count) for count in (1, 2))
    return 2 * alone / together


def _milliseconds_of(context: Any, name: str, count: int) -> float:
    barrier, answers = context.Barrier(count), context.Queue()
    processes = [context.Process(target=_time_here, args=(name, barrier, answers)) for _ in range(count)]
    for process in processes:
        process.start()
    taken = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return statistics.fmean(taken)


def _time_here(name: str, barrier: Barrier, answers: Queue[float]) -> None:
    call = calls_on(pictures("2.4")[0])[name]
    call(1)
    barrier.wait()
    answers.put(statistics.fmean(_milliseconds(call, 1) for _ in range(RUNS)))


def _milliseconds(call: Call, threads: int) -> float:
    started = time.perf_counter()
    call(threads)
    return 1000 * (time.perf_counter() - started)


def same(one: Any, other: Any) -> bool:
    """Whether two outputs are equal to the last bit, part by part."""
    if isinstance(one, tuple):
        return all(same(a, b) for a, b in zip(one, other, strict=True))
    return np.array_equal(one, other)


def _parts(output: Any) -> Any:
    """A record as a tuple of its fields."""
    return tuple(vars(output).values()) if hasattr(output, "__dict__") else output


def measure(name: str, call: Call) -> dict[str, Any]:
    """Median milliseconds of one and two threads (rows of runs take turns), both gains, whether outputs are equal."""
    identical = same(_parts(call(1)), _parts(call(2)))
    taken: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(RUNS):
        for threads, times in taken.items():
            times.extend(_milliseconds(call, threads) for _ in range(ROW))
    one, two = (statistics.median(times) for times in taken.values())
    return {
        "kernel": name,
        "one_thread_ms": one,
        "two_threads_ms": two,
        "gain": one / two,
        "gain_of_processes": two_processes(name),
        "identical": identical,
    }


def main(arguments: list[str] | None = None) -> int:
    """Print the table; the exit code is 1 where outputs differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write")
    given = parser.parse_args(arguments)
    print(f"{machine()}, {versions(*PACKAGES)}")
    rows = []
    for name, call in calls_on(pictures("2.4")[0]).items():
        row = measure(name, call)
        rows.append(row)
        print(
            f"{name:15} threads 1: {row['one_thread_ms']:7.1f} ms   2: {row['two_threads_ms']:7.1f} ms   "
            f"x {row['gain']:.2f}   two processes x {row['gain_of_processes']:.2f}   "
            f"{'outputs identical' if row['identical'] else 'OUTPUTS DIFFER'}",
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps({"machine": machine_facts(*PACKAGES), "rows": rows}, indent=2) + "\n")
    return int(not all(row["identical"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
