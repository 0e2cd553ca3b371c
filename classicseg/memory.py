"""What the machine has, so that a request for more is refused before it starts."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path

from classicseg.errors import MemoryLimitError

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_memory() -> int | None:
    """Bytes of memory that this process may hope for: the machine's, or its container's if that is less.

    None where the system does not tell.
    """
    found = [_physical_memory(), *(_read_limit(path) for path in _CGROUP_LIMITS)]
    known = [size for size in found if size]
    return min(known) if known else None


def require_memory(needed: int, purpose: str, cure: str) -> None:
    """Raise `MemoryLimitError` when `needed` bytes are more than the machine has."""
    available = machine_memory()
    if available is not None and needed > available:
        raise MemoryLimitError(
            f"{purpose} would take about {needed / 2**30:.3g} GiB, "
            f"and this machine has {available / 2**30:.3g} GiB. {cure}"
        )


def _physical_memory() -> int | None:
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


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


@lru_cache(maxsize=8)  # opening the two files costs a tenth of a millisecond, in every run
def _read_limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
