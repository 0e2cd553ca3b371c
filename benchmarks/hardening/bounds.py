"""The small tests, compiled with checked bounds: an index outside its array raises and reads nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_PROBE = "import numpy, benchmarks.hardening.beyond as b; b.read(numpy.zeros(3), numpy.int64(3))"


def try_bounds(cache: Path | None, paths: Sequence[str]) -> list[str]:
    """Run the tests in a cache of their own, print figures; what is not well."""
    with tempfile.TemporaryDirectory() as temporary:
        environment = {
            **{name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"},
            "NUMBA_BOUNDSCHECK": "1",
            "CLASSICSEG_CACHE_DIR": str(cache.absolute()) if cache else temporary,
        }
        # A run that checks nothing would pass too.
        probe = _run([sys.executable, "-c", _PROBE], environment)
        if "IndexError" not in probe.stderr:
            return [f"bounds are not checked: {probe.stderr[-400:] or 'an index outside an array was taken'}"]
        started = time.perf_counter()
        tests = _run([sys.executable, "-m", "pytest", "-m", "small", *paths], environment)
        seconds = time.perf_counter() - started
    counts = {what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|error|skipped)", tests.stdout)}
    said = ", ".join(f"{number} {what}" for what, number in counts.items())
    print(f"small tests with checked bounds: {said or 'none'} in {seconds:.0f} s, exit code {tests.returncode}")
    if tests.returncode or not counts.get("passed"):
        return [f"tests with checked bounds: {tests.stdout[-3000:]}{tests.stderr[-1000:]}"]
    return []


def _run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=_CHECKOUT, env=environment, capture_output=True, text=True, check=False)
