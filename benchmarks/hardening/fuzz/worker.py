"""One target under atheris, in a process of its own: ``python -m benchmarks.hardening.fuzz.worker``.

Findings do not end the run: the first of each exception type and place is kept as a file, with its traceback beside.
What the interpreter cannot catch (a crash of a C library, too much memory, an endless loop) ends the process, and
libFuzzer keeps its file; `session` starts the next one.
"""

from __future__ import annotations

import faulthandler
import hashlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

from benchmarks.hardening.fuzz import targets
from benchmarks.hardening.fuzz.mutations import Mutate

_SECONDS_PER_INPUT = 5.0
_SECONDS_UNTIL_HUNG = 30.0
_REARMED = 1.0  # seconds: not for every one of thousands of inputs a second
CURRENT = "current"  # the input that a process was at when it ended
_PACKAGE = str(Path(targets.__file__).parents[3])


class Slow(AssertionError):
    """One small input took longer than any should."""


class Noise(AssertionError):
    """Something was printed on stderr, by whatever library."""


class Untidy(AssertionError):
    """The message of an error is not one line."""


def main() -> None:
    """Fuzz until the time is over: the target's name, the folder of findings, libFuzzer's options and corpora."""
    name, findings, *options = sys.argv[1:]
    target = targets.TARGETS[name]
    targets.limit_memory()
    watch = _Watch(name, target.call, Path(findings))
    with atheris.instrument_imports(include=list(target.instrumented), enable_loader_override=False):
        for data in target.seeds():  # what is imported when it is needed is needed now
            with suppress(Exception):
                target.call(data)
    mutator = {} if target.mutate is None else {"custom_mutator": _with_atheris(target.mutate)}
    atheris.Setup([sys.argv[0], *options], watch, **mutator)
    atheris.Fuzz()


def _with_atheris(mutate: Callable[[bytes, int, int, Mutate], bytes]) -> Callable[[bytes, int, int], bytes]:
    def mutated(data: bytes, size: int, seed: int) -> bytes:
        return mutate(bytes(data), size, seed, atheris.Mutate)

    return mutated


class _Watch:
    """Calls a target and keeps what is not allowed, once a type and place."""

    def __init__(self, name: str, call: Callable[[bytes], None], folder: Path) -> None:
        self._name, self._call, self._folder = name, call, folder
        self._caught = os.memfd_create("stderr")
        self._current = os.open(folder / CURRENT, os.O_RDWR | os.O_CREAT)
        self._log = os.dup(2)
        self._armed = float("-inf")

    def __call__(self, data: bytes) -> None:
        data = bytes(data)
        self._note(data)
        started = time.thread_time()
        outcome = self._silently(data)
        seconds = time.thread_time() - started
        if outcome is None and seconds > _SECONDS_PER_INPUT:
            outcome = Slow(f"{seconds:.1f} s for {len(data)} bytes")
        if outcome is not None:
            self._keep(data, outcome)

    def _note(self, data: bytes) -> None:
        """Leave the input where it is found after a crash, and see to it that a library's endless loop becomes one."""
        os.pwrite(self._current, data, 0)
        os.ftruncate(self._current, len(data))
        now = time.monotonic()
        if now - self._armed > _REARMED:
            faulthandler.dump_traceback_later(_SECONDS_UNTIL_HUNG, exit=True, file=self._log)
            self._armed = now

    def _silently(self, data: bytes) -> BaseException | None:
        """Call with stderr caught, C's too."""
        ours = os.dup(2)
        os.dup2(self._caught, 2)
        try:
            outcome = self._called(data)
        finally:
            sys.stderr.flush()
            os.dup2(ours, 2)
            os.close(ours)
        if size := os.fstat(self._caught).st_size:
            text = os.pread(self._caught, 300, 0).decode(errors="replace")
            os.ftruncate(self._caught, 0)
            os.lseek(self._caught, 0, os.SEEK_SET)
            outcome = outcome or Noise(f"{size} bytes on stderr: {text}")
        return outcome

    def _called(self, data: bytes) -> BaseException | None:
        try:
            self._call(data)
        except targets.ALLOWED as error:
            if len(str(error).splitlines()) != 1 or len(str(error)) > 2000:
                untidy = Untidy(f"{type(error).__name__} of {len(str(error))} characters: {str(error)[:300]!r}")
                return untidy.with_traceback(error.__traceback__)
            return None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return error
        return None

    def _keep(self, data: bytes, outcome: BaseException) -> None:
        place = _place(outcome)
        kind = hashlib.sha256(f"{type(outcome).__name__} {place}".encode()).hexdigest()[:12]
        path = self._folder / f"{self._name}-{kind}.bin"
        if path.exists():
            return
        path.write_bytes(data)
        lines = traceback.format_exception(outcome)
        first = f"{type(outcome).__name__} at {place}: {' '.join(str(outcome).split())[:300]}\n"
        path.with_suffix(".txt").write_text(first + "".join(lines[-30:]), errors="replace")


def _place(error: BaseException) -> str:
    """Where in the checkout an exception came from; for what has no such place, its words without numbers."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_PACKAGE)]
    if frames:
        return f"{Path(frames[-1].filename).relative_to(_PACKAGE)}:{frames[-1].lineno} {frames[-1].name}"
    return "".join(each for each in str(error)[:120] if not each.isdigit())


if __name__ == "__main__":
    main()
