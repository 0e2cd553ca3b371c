"""``python -m benchmarks.harness``: what `classicseg bench` promises of killed runs, of workers and of memory.

`kills` starts a run, kills it when random numbers of results are kept (by turns the whole group of processes, and its
first process alone), goes on with it, and compares the table with that of an undisturbed run of another number of
workers, byte by byte.
`memory` runs seven methods over 500 pictures in two workers, and takes the memory of all processes together (PSS, which
counts what they share once) ten times a second.
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.hierarchies.pictures import bsds_root

METHODS = ("otsu", "kmeans", "gmm", "meanshift", "felzenszwalb", "slic", "ucm")
_MEBIBYTE = 2**20


@click.group()
def main() -> None:
    """Kill runs, and weigh one."""


@main.command()
@click.option("--times", default=5, show_default=True)
@click.option("--pictures", default=100, show_default=True, help="Of BSDS500 val.")
@click.option("--seed", default=0, show_default=True)
def kills(times: int, pictures: int, seed: int) -> None:
    """Kill a run at random moments and compare what it gives in the end."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        if _start(folder / "whole", pictures, 1).wait():
            sys.exit(1)
        whole = time.perf_counter() - started
        print(f"undisturbed, 1 worker: {whole:.1f} s", flush=True)
        moments = sorted(draw.sample(range(_kept(folder / "whole")), times))
        for number, moment in enumerate(moments):
            process = _start(folder / "killed", pictures, 2)
            started = time.perf_counter()
            while process.poll() is None and _kept(folder / "killed") < moment:
                time.sleep(0.01)
            time.sleep(draw.uniform(0, 0.1))  # results come in bursts; in the midst of one as well as after it
            alone = bool(number % 2)
            ended = process.poll() is not None
            if not ended:
                os.kill(process.pid, signal.SIGKILL) if alone else os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            after = time.perf_counter() - started
            print(f"killed {'its first process' if alone else 'all of it'} after {after:.1f} s, "
                  f"{_kept(folder / 'killed')} results kept{', too late' if ended else ''}", flush=True)  # fmt: skip
        started = time.perf_counter()
        code = _start(folder / "killed", pictures, 2).wait()
        print(f"went on to its end in {time.perf_counter() - started:.1f} s, exit code {code}")
        same = _table(folder / "killed") == _table(folder / "whole")
        twice = _kept(folder / "killed") - _kept(folder / "whole")
        print(f"the tables are {'the same, byte by byte' if same else 'NOT the same'}; {twice} results computed twice")
    sys.exit(0 if same and code == 0 and not twice else 1)


def _start(output: Path, pictures: int, workers: int) -> subprocess.Popen[bytes]:
    """`few` in a process group of its own."""
    arguments = [str(output), str(pictures), str(workers)]
    return subprocess.Popen([sys.executable, "-m", "benchmarks.harness", "few", *arguments], start_new_session=True)


@main.command(hidden=True)
@click.argument("output", type=click.Path(path_type=Path))
@click.argument("pictures", type=int)
@click.argument("workers", type=int)
def few(output: Path, pictures: int, workers: int) -> None:
    """One run over the first pictures of BSDS500 val."""
    from classicseg.bench import Benchmark
    from classicseg.datasets import open_dataset

    val = open_dataset(f"bsds500:{bsds_root()}", split="val")
    data = dataclasses.replace(val, samples=val.samples[:pictures])
    Benchmark(METHODS, data, ["covering", "vi"], folder=output, workers=workers).results  # noqa: B018 - computed


def _table(folder: Path) -> bytes:
    return (folder / "scores.csv").read_bytes()


def _kept(folder: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.glob("kept/*.jsonl"))


@main.command()
@click.option("--workers", default=2, show_default=True)
def memory(workers: int) -> None:
    """Weigh a run of seven methods over 500 pictures."""
    from classicseg.bench import Benchmark
    from classicseg.datasets import DataSet, open_dataset

    root = bsds_root()
    splits = [open_dataset(f"bsds500:{root}", split=split) for split in ("train", "val")]
    photographs = [dataclasses.replace(each, name=f"{split.name}/{each.name}") for split in splits for each in split]
    again = [dataclasses.replace(each, name=f"{each.name} again") for each in photographs]
    data = DataSet("500 pictures", tuple([*photographs, *again][:500]))
    with tempfile.TemporaryDirectory() as name, _Scales() as scales:
        started = time.perf_counter()
        benchmark = Benchmark(METHODS, data, ["covering", "vi"], folder=name, workers=workers)
        runs = len(benchmark.results.runs)
        seconds = time.perf_counter() - started
    print(
        f"{len(data)} pictures, {len(METHODS)} methods, {workers} workers: {runs} label maps in {seconds:.0f} s, "
        f"{scales.peak / _MEBIBYTE:.0f} MiB at most for all processes together"
    )
    sys.exit(0 if scales.peak < 1.5e9 else 1)


class _Scales:
    """The memory of this process and all below it, weighed until the block ends."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._weigh)

    def __enter__(self) -> _Scales:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._ended.wait(0.1):
            self.peak = max(self.peak, sum(_proportional_size(each) for each in _family(os.getpid())))


def _family(process: int) -> Sequence[int]:
    """A process and all that it started."""
    children = []
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            children += [int(each) for each in (task / "children").read_text().split()]
    except OSError:
        return []
    return [process, *(each for child in children for each in _family(child))]


def _proportional_size(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
