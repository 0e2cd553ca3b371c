"""Ctrl-C at random moments, with every method on a large picture: the command ends within a second, and cleanly."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import classicseg
from benchmarks.hardening.batches import large_picture, small_pictures
from benchmarks.hardening.runs import (
    Ended,
    arguments_of_run,
    command_line,
    decoded,
    end,
    files_in,
    finish,
    orphans,
    start,
    temporaries,
    unfit,
)

_LIMIT = 1.0  # seconds from the signal to the end
_INTERRUPTED = 130
_TILES = 6  # 2886 x 1926 pixels
_LONGEST = 60.0  # seconds after which a process that does not answer is killed
_TIMES = 3  # a method


def try_interrupts(methods: Sequence[str], seed: int) -> list[str]:
    """Interrupt each method a few times; what is not well."""
    draw = random.Random(seed)
    chosen = methods or [*classicseg.methods(), "nuclei"]
    problems = []
    finish(command_line("warmup"))  # a loop that is being compiled cannot be interrupted
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = [*small_pictures(folder / "in", 1), large_picture(folder / "in" / "large.png", _TILES)]
        slowest = 0.0
        for method in chosen:
            longest = 0.0
            for time_ in range(_TIMES):
                found = _interrupt(folder, method, inputs, draw, time_)
                longest = max(longest, found[0])
                problems += found[1]
            slowest = max(slowest, longest)
            print(f"{method}: {_TIMES} interrupts, at most {longest:.2f} s to the end", flush=True)
    print(f"{len(chosen) * _TIMES} interrupts, at most {slowest:.2f} s to the end (limit {_LIMIT:.0f} s)")
    return problems


def _interrupt(
    folder: Path, method: str, inputs: list[Path], draw: random.Random, number: int
) -> tuple[float, list[str]]:
    """Interrupt one run: by turns as a terminal does, the whole group, and its first process alone.

    The first of each method comes while the libraries load, the others after the first picture is done. A run that
    ended before is tried again with less patience.
    """
    patience = 3.0
    for attempt in range(8):
        output = folder / f"{method}_{number}_{attempt}"
        process = start(arguments_of_run(method, inputs, output, "--verbose"))
        if number == 0:
            _until_it_speaks(process)
            later = draw.uniform(0, 0.5)
        else:
            while process.poll() is None and not list(output.glob("*.json")):
                time.sleep(0.002)
            later = draw.uniform(0, patience)
        time.sleep(later)
        if process.poll() is None:
            return _answer(
                process, output, f"{method}, Ctrl-C {number + 1} after {later:.2f} s", bool(number % 2), inputs
            )
        end(process)
        patience /= 2
    return 0.0, [f"{method}: it always ended before it could be interrupted"]


def _until_it_speaks(process: subprocess.Popen[str]) -> None:
    """Wait until --verbose has told of the method: from here on the command answers, not Python's own start."""
    assert process.stderr is not None
    process.stderr.readline()


def _answer(
    process: subprocess.Popen[str], output: Path, what: str, alone: bool, inputs: list[Path]
) -> tuple[float, list[str]]:
    before = {name for name in files_in(output) if name.endswith(".json")}
    started = time.perf_counter()
    os.kill(process.pid, signal.SIGINT) if alone else os.killpg(process.pid, signal.SIGINT)
    problems = []
    try:
        ended = end(process, _LONGEST)
    except subprocess.TimeoutExpired:
        problems.append(f"no end within {_LONGEST:.0f} s")
        os.killpg(process.pid, signal.SIGKILL)
        ended = Ended(_INTERRUPTED, *process.communicate())
    seconds = time.perf_counter() - started
    if seconds > _LIMIT:
        problems.append(f"{seconds:.2f} s to the end")
    if ended.code != _INTERRUPTED or ended.crashed():
        problems.append(f"exit code {ended.code}: {ended.err[-400:]}")
    if left := orphans(process.pid):
        problems.append(f"processes {left} are left")
    files = files_in(output)
    problems += unfit(files)
    if temporaries(files):
        problems.append(f"temporary files are left: {temporaries(files)}")
    if not before <= set(files):
        problems.append("a finished result has gone")
    problems += [
        f"{name} cannot be read" for name, content in files.items() if name.endswith(".png") and not _whole(content)
    ]
    return seconds, [f"{what}: {problem}" for problem in problems]


def _whole(picture: bytes) -> bool:
    try:
        return decoded(picture).size > 0
    except (OSError, SyntaxError):
        return False
