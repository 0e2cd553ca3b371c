"""A batch killed at random moments and gone on with: in the end every picture is there once and whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.hardening.batches import small_pictures
from benchmarks.hardening.runs import (
    arguments_of_run,
    end,
    files_in,
    finish,
    start,
    temporaries,
    unfit,
    without_time,
)

_METHOD = "multiotsu"  # quick, so that writing is a good part of it
_KEPT = "kept from before"


def try_kills(count: int, times: int, seed: int) -> list[str]:
    """Kill so many times, let it end, compare with an undisturbed run byte by byte; give what is not well."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_pictures(folder / "in", count)
        started = time.perf_counter()
        undisturbed = finish(_arguments(folder, "whole"))
        whole = files_in(folder / "whole")
        seconds = time.perf_counter() - started
        print(f"undisturbed: {_records(whole)} of {count} pictures in {seconds:.1f} s", flush=True)
        if undisturbed.code or _records(whole) != count:
            return [f"the undisturbed batch: exit code {undisturbed.code}: {undisturbed.err[-400:]}"]
        problems, places = [], {}
        for number, moment in enumerate(sorted(draw.sample(range(count), times)), 1):
            problems += _kill(folder, moment, draw.uniform(0, seconds / count), number)
            problems += _compare_so_far(files_in(folder / "killed"), whole, number)
            again = [each for each, place in places.items() if _place(folder, each) != place]
            problems += [f"kill {number}: {each} was there and was computed again" for each in again]
            places |= {each: _place(folder, each) for each in files_in(folder / "killed") if each.endswith(".json")}
        left = len(temporaries(files_in(folder / "killed")))
        last = finish(_arguments(folder, "killed"))
        killed = files_in(folder / "killed")
        problems += [
            f"{each} was there and was computed again" for each in places if _place(folder, each) != places[each]
        ]
    kept = last.out.count(_KEPT)
    print(
        f"the last run: exit code {last.code}, {kept} of {len(places)} kept, {_records(killed)} of {count} pictures "
        f"there; {left} temporary files before it, {len(temporaries(killed))} after"
    )
    if last.code or kept != len(places):
        problems.append(f"the last run: exit code {last.code}, {kept} of {len(places)} kept: {last.err[-400:]}")
    if temporaries(killed):
        problems.append(f"{len(temporaries(killed))} temporary files are left: {temporaries(killed)[:3]}")
    same = without_time(killed) == without_time(whole)
    print(f"its {len(killed)} files are {'those of the undisturbed run, byte by byte' if same else 'NOT the same'}")
    return problems + ([] if same else ["what was killed and gone on with is not what an undisturbed run gives"])


def _arguments(folder: Path, output: str) -> list[str]:
    return arguments_of_run(_METHOD, [folder / "in"], folder / output, "--mean-colour")


def _kill(folder: Path, moment: int, later: float, number: int) -> list[str]:
    """Start, and kill after so many records are there: by turns a while later, and as soon as it writes something."""
    started = time.perf_counter()
    process = start(_arguments(folder, "killed"))
    while process.poll() is None and len(list((folder / "killed").rglob("*.json"))) <= moment:
        time.sleep(0.002)
    if number % 2:
        time.sleep(later)
    else:
        _until_it_writes(process, folder / "killed")
    late = process.poll() is not None
    if not late:
        os.killpg(process.pid, signal.SIGKILL)
    ended = end(process)
    files = files_in(folder / "killed")
    print(
        f"kill {number}: after {time.perf_counter() - started:.1f} s, {_records(files)} pictures done, "
        f"{len(temporaries(files))} temporary files{', too late: it had ended' if late else ''}",
        flush=True,
    )
    return [f"kill {number}: {ended.crashed()}"] if late and ended.crashed() else []


def _until_it_writes(process: subprocess.Popen[str], folder: Path) -> None:
    """Wait for a file that is being written; without a pause, since it is there for a moment only."""
    folders = [folder / "first", folder / "second"]
    while process.poll() is None:
        if any(name.startswith(".") for each in folders if each.is_dir() for name in os.listdir(each)):  # noqa: PTH208
            return


def _compare_so_far(files: dict[str, bytes], whole: dict[str, bytes], number: int) -> list[str]:
    """Whatever stands under its final name is whole already, at any moment."""
    theirs = without_time(whole)
    other = [name for name, content in without_time(files).items() if theirs.get(name) != content]
    return [f"kill {number}: {each}" for each in (*unfit(files), *(f"{name} is not whole" for name in other))]


def _records(files: dict[str, bytes]) -> int:
    return sum(name.endswith(".json") for name in files)


def _place(folder: Path, name: str) -> tuple[int, int]:
    """What changes where a file is written anew."""
    facts = (folder / "killed" / name).stat()
    return facts.st_ino, facts.st_mtime_ns
