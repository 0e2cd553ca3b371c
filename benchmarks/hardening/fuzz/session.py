"""All targets in turn, each for its share of the time; what was found, once a type and place."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

_CHECKOUT = Path(__file__).parents[3]
_MEGABYTES = 2048  # of a process, while it reads files of a few kilobytes
_SECONDS = 30  # after which an input counts as an endless loop
_LARGEST_INPUT = 16_384
_GRACE = 60.0  # seconds beyond its time in which a process has to end


@dataclass
class Tally:
    """What one target was put through."""

    inputs: int = 0
    coverage: int = 0
    corpus: int = 0
    processes: int = 0


def fuzz(seconds: float, seed: int, chosen: Sequence[str], folder: Path) -> list[str]:
    """Fuzz each target for its share of the seconds, print figures and findings; what is not well."""
    if find_spec("atheris") is None:
        raise click.UsageError("the fuzzer is not installed here: pip install atheris (Linux or macOS, CPython)")
    from benchmarks.hardening.fuzz.targets import TARGETS

    unknown = set(chosen) - set(TARGETS)
    if unknown:
        raise click.UsageError(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}.")
    names = list(chosen) or list(TARGETS)
    folder.mkdir(parents=True, exist_ok=True)
    whole = sum(TARGETS[name].share for name in names)
    problems = []
    for name in names:
        findings = folder / name
        findings.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as corpus:
            for number, data in enumerate(TARGETS[name].seeds()):
                (Path(corpus) / f"seed-{number:03}").write_bytes(data)
            tally = _fuzz_one(name, Path(corpus), findings, seconds * TARGETS[name].share / whole, seed)
        found = _told(findings)
        print(
            f"{name}: {tally.inputs} inputs, {tally.coverage} edges, {tally.corpus} inputs kept as new, "
            f"{tally.processes} processes, {len(found)} findings",
            flush=True,
        )
        for each in found:
            print(f"  {each}", flush=True)
        if not tally.inputs:
            problems.append(f"{name}: nothing was tried")
        problems += [f"{name}: {each[:160]}" for each in found]
    return problems


def _fuzz_one(name: str, corpus: Path, findings: Path, seconds: float, seed: int) -> Tally:
    """Processes one after the other, until the time is over: what the interpreter cannot catch ends one."""
    tally = Tally()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 1 and tally.processes < 50:
        text, code = _process(name, corpus, findings, left, seed + tally.processes)
        tally.processes += 1
        _count(tally, text)
        if code:
            _keep_words(findings, text, code)
        elif "DONE" in text or left < 5:
            break
    tally.corpus = len(list(corpus.iterdir()))
    return tally


def _process(name: str, corpus: Path, findings: Path, seconds: float, seed: int) -> tuple[str, int]:
    options = [
        f"-max_total_time={max(int(seconds), 1)}", f"-seed={seed + 1}", f"-max_len={_LARGEST_INPUT}",
        f"-timeout={_SECONDS}", f"-rss_limit_mb={_MEGABYTES}", f"-artifact_prefix={findings}/", "-print_final_stats=1",
        "-len_control=0", str(corpus),
    ]  # fmt: skip
    arguments = [sys.executable, "-m", "benchmarks.hardening.fuzz.worker", name, str(findings), *options]
    with tempfile.TemporaryFile("w+", errors="replace") as log, tempfile.TemporaryDirectory() as temporary:
        process = subprocess.Popen(
            arguments, cwd=_CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, "NUMBA_DISABLE_JIT": "1", "TMPDIR": temporary},  # libFuzzer ends it without a tidying up
        )  # fmt: skip
        try:
            code = process.wait(seconds + _GRACE + 60)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        log.seek(0)
        return log.read(), code


def _count(tally: Tally, text: str) -> None:
    """Figures from libFuzzer's words."""
    tried = re.findall(r"stat::number_of_executed_units:\s+(\d+)", text) or re.findall(r"^#(\d+)\s", text, re.M)[-1:]
    tally.inputs += int(tried[-1]) if tried else 0
    tally.coverage = max([tally.coverage, *map(int, re.findall(r" cov: (\d+)", text))])


def _keep_words(findings: Path, text: str, code: int) -> None:
    """Why a process ended, beside the file that libFuzzer kept, or the input that it was at."""
    bare = [path for path in findings.iterdir() if not path.suffix and path.name != "current"]
    if all(path.with_suffix(".txt").exists() for path in bare):  # libFuzzer kept nothing of this one
        data = (findings / "current").read_bytes()
        bare = [findings / f"ended-{hashlib.sha256(data).hexdigest()[:12]}"]
        bare[0].write_bytes(data)
    telling = re.compile(r'ERROR|SUMMARY|Timeout|File "|out-of-memory|signal')
    words = " ".join(line for line in text.splitlines() if telling.search(line))
    for path in bare:
        note = path.with_suffix(".txt")
        if not note.exists():
            note.write_text(f"the process ended with code {code}: {words[-500:]}\n{text[-3000:]}")


def _told(findings: Path) -> list[str]:
    """A line a finding: its first words, and the file that has it again."""
    return [f"{path.read_text().splitlines()[0]} ({path})" for path in sorted(findings.glob("*.txt"))]
