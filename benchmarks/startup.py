"""Start-up as a user meets it: whole processes, from the start of Python to its end.

Run ``python -m benchmarks.startup`` from the checkout, with the package installed in the same environment.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time

RUNS = 15
LIMIT = 0.3  # seconds, for --help

_CALL = "from classicseg_cli.main import main; main({arguments})"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import classicseg": ["-c", "import classicseg"],
    "classicseg --help": ["-c", _CALL.format(arguments=["--help"])],
    "classicseg methods": ["-c", _CALL.format(arguments=["methods"])],
    "classicseg methods kmeans": ["-c", _CALL.format(arguments=["methods", "kmeans"])],
}


def seconds(arguments: list[str]) -> float:
    """The time of one process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure() -> dict[str, list[float]]:
    """Times by command; commands take turns, so that a busy moment of the machine meets all of them."""
    for arguments in COMMANDS.values():
        seconds(arguments)  # the first run pays for cold files
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    return times


def main() -> int:
    """Print the table; the exit code is 1 where --help takes longer than its limit."""
    times = measure()
    print(f"Python {platform.python_version()}, {platform.machine()}, {RUNS} runs each, seconds as whole processes")
    for name, taken in times.items():
        print(f"{name:26} median {statistics.median(taken):.3f}   least {min(taken):.3f}   most {max(taken):.3f}")
    return int(statistics.median(times["classicseg --help"]) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
