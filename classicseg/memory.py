"""What the machine has, so that a request for more is refused before it starts.

A request is compared with all the memory that this process could ever have, not with what happens to be free: the same
picture is taken or refused alike on a busy machine and on an idle one, in the first run of a batch and in the last.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path, PurePosixPath

from classicseg.errors import MemoryLimitError

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")

_MOST_TOLD = 2**1000  # what a file may ask for in jest is more than a float holds

_FORCED: ContextVar[bool] = ContextVar("classicseg_forced", default=False)


@contextmanager
def forced() -> Iterator[None]:
    """Let everything pass inside the block that would be refused for its size; ``--force`` on the command line.

    It holds for the thread that enters it, and for the calls made there; another thread takes it along only where it is
    run in a copy of this thread's context (``contextvars.copy_context().run``).

    Examples
    --------
    >>> import classicseg.memory
    >>> with classicseg.memory.forced():
    ...     classicseg.memory.require_memory(2**60, "This", "Do that.")
    """
    before = _FORCED.set(True)
    try:
        yield
    finally:
        _FORCED.reset(before)


def is_forced() -> bool:
    """Whether this is called inside a block of `forced`."""
    return _FORCED.get()


def machine_memory() -> int | None:
    """Bytes of memory that this process may hope for: the machine's, its container's or its own limit's, the least.

    None where the system does not tell.
    """
    found = [_physical_memory(), _own_limit(), *(_read_limit(path) for path in _limit_files())]
    known = [size for size in found if size]
    return min(known) if known else None


def require_memory(needed: int, purpose: str, cure: str) -> None:
    """Raise `MemoryLimitError` when `needed` bytes are more than the machine has, but not where that is `forced`."""
    if is_forced():
        return
    available = machine_memory()
    if available is not None and needed > available:
        raise MemoryLimitError(
            f"{purpose} would take about {min(needed, _MOST_TOLD) / 2**30:.3g} GiB, "
            f"and this machine has {available / 2**30:.3g} GiB. {cure} "
            "To try it all the same, say --force (from Python: with classicseg.memory.forced())."
        )


def _physical_memory() -> int | None:
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _own_limit() -> int | None:
    """What `ulimit -v` leaves to this process."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _windows_memory() -> int | None:
    import ctypes

    class MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *(
                (name, ctypes.c_ulonglong)
                for name in ("total", "free", "pages", "free_pages", "virtual", "free_virtual", "more")
            ),
        )

    status = MemoryStatus()
    status.length = ctypes.sizeof(MemoryStatus)
    ok = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.total) if ok else None


@lru_cache(maxsize=1)
def _limit_files() -> tuple[Path, ...]:
    """Where the limits stand of the control group of this process and of all groups around it, in either version."""
    try:
        lines = _OWN_CGROUPS.read_text().splitlines()
    except OSError:
        return ()
    files = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = _CGROUPS / "memory" if controllers else _CGROUPS
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        inner = PurePosixPath(group.lstrip("/"))
        files += [root / place / name for place in (inner, *inner.parents)]
    return tuple(dict.fromkeys(files))


@lru_cache(maxsize=64)  # opening a file costs a twentieth of a millisecond, in every run
def _read_limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
