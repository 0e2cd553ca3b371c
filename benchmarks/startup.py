"""Start-up as a user meets it: whole processes, from the start of Python to its end.

Run ``python -m benchmarks.startup`` from the checkout, with the package installed in the same environment. The exit
code is 1 where a limit is broken.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import machine, versions
from benchmarks.pictures import photographs

RUNS = 15
FIRST_RUNS = 3  # of those that compile

_CALL = "from classicseg_cli.main import main; main({arguments})"


@dataclass(frozen=True)
class Start:
    """A process to measure, `limit` seconds at most; `first` with nothing compiled, which runs less often."""

    arguments: list[str]
    limit: float | None = None
    first: bool = False


def command(*arguments: str) -> list[str]:
    """Arguments of Python for a command line of ours."""
    return ["-c", _CALL.format(arguments=list(arguments))]


def starts(folder: Path) -> dict[str, Start]:
    """What is measured, with a photograph that stands in `folder`."""
    from PIL import Image

    (picture,), _ = photographs(1)
    path = str(folder / "photograph.png")
    Image.fromarray(picture).save(path)

    def run(method: str) -> list[str]:
        return command("run", "--method", method, "--overwrite", "-q", "-o", str(folder), path)

    return {
        "python -c pass": Start(["-c", "pass"]),
        "import numpy": Start(["-c", "import numpy"]),
        "import numba": Start(["-c", "import numba"]),
        "import classicseg": Start(["-c", "import classicseg"]),
        "classicseg --help": Start(command("--help"), 0.3),
        "classicseg methods": Start(command("methods")),
        "classicseg methods kmeans": Start(command("methods", "kmeans")),
        "run otsu": Start(run("otsu"), 0.6),
        "run otsu, nothing compiled": Start(run("otsu"), 0.6, first=True),
        "run meanshift": Start(run("meanshift"), 1.5),
        "run meanshift, nothing compiled": Start(run("meanshift"), first=True),
        "warmup, nothing compiled": Start(command("warmup", "-q"), 60, first=True),
    }


def seconds(start: Start, folder: Path) -> float:
    """The time of one process."""
    with tempfile.TemporaryDirectory(dir=folder) as nothing:
        cache = nothing if start.first else str(folder)
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *start.arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"CLASSICSEG_CACHE_DIR": cache},
        )
        return time.perf_counter() - started


def measure() -> tuple[dict[str, list[float]], dict[str, Start]]:
    """Times by name; processes take turns, so that a busy moment of the machine meets all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        all_starts = starts(folder)
        for start in all_starts.values():
            if not start.first:
                seconds(start, folder)  # the first run pays for cold files, and compiles
        times: dict[str, list[float]] = {each: [] for each in all_starts}
        for turn in range(RUNS):
            for each, start in all_starts.items():
                if not start.first or turn < FIRST_RUNS:
                    times[each].append(seconds(start, folder))
    return times, all_starts


def main() -> int:
    """Print the table; the exit code is 1 where a limit is broken."""
    times, all_starts = measure()
    print(f"{machine()}, {versions('numpy', 'numba', 'click', 'pillow')}, seconds as whole processes")
    broken = False
    for name, taken in times.items():
        limit, median = all_starts[name].limit, statistics.median(taken)
        over = limit is not None and median > limit
        broken |= over
        told = "" if limit is None else f"   limit {limit:g}{' BROKEN' if over else ''}"
        spread = f"median {median:.3f}   least {min(taken):.3f}   most {max(taken):.3f}"
        print(f"{name:32} {len(taken):2} runs   {spread}{told}")
    more = statistics.median(times["run meanshift, nothing compiled"]) - statistics.median(times["run meanshift"])
    print(f"compiling for meanshift takes {more:.2f} s   limit 8{' BROKEN' if more > 8 else ''}")
    return int(broken or more > 8)


if __name__ == "__main__":
    sys.exit(main())
