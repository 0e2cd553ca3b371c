"""Files that appear whole or not at all, and what a killed process leaves behind.

A file is made under a name of its own beside its place, and renamed into it. The name tells which process of which
machine is at work, so that what a killed one left can be told from what another is just writing.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Always of the same length, whatever the length of the name that the file will have: host, process, its token, target.
_NAME = re.compile(r"\.classicseg-([0-9a-f]{8})-([0-9]+)-([0-9a-f]{8})-[0-9a-f]{16}\.tmp")

# The files that this process is making. No lock: each step on a dict with texts as keys is one step for all threads,
# and a signal's handler that calls `discard_unfinished` cannot wait for what it interrupted.
_unfinished: dict[str, None] = {}
_token = uuid.uuid4().hex[:8]  # another process may have had the same number before


def _begin_anew() -> None:
    """In a forked child: what its parent is making is not its own."""
    global _token
    _unfinished.clear()
    _token = uuid.uuid4().hex[:8]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def atomic_write(path: str | Path, data: bytes) -> None:
    """Write a file so that its place holds the old content or the whole new one, never a part.

    Parameters
    ----------
    path : str or Path
        Folders that are missing are made. The name may be as long as the file system allows, and hold any bytes.
    data : bytes

    Raises
    ------
    OSError
        The file cannot be written, by its name; what stood there before still stands there, and nothing else is left
        behind.

    Notes
    -----
    A process that is killed in the midst leaves the old file or none, and may leave a hidden one of the new beside it,
    which `sweep` removes. What is written is handed to the system, and not waited for until it is on the disk.
    """
    with atomic_writes({Path(path): data}):
        pass


@contextmanager
def atomic_writes(contents: Mapping[Path, bytes]) -> Iterator[None]:
    """Write several files beside their places before the block, and rename them into these after it, in their order.

    Parameters
    ----------
    contents : mapping of Path to bytes

    Raises
    ------
    OSError
        One of them cannot be written: then all places are as they were, and the block has not begun.

    Notes
    -----
    Only a rename that fails, or a kill between two of them, leaves some of the new files beside old ones.
    """
    made: list[tuple[Path, Path]] = []
    try:
        for path, data in contents.items():
            with _named(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                # Beside the place, since a rename is atomic within one file system only; and by plain creation, since
                # the files of `tempfile` can be read by their owner alone, and keep that when they are renamed.
                beside = path.with_name(_temporary_name(path))
                _unfinished[str(beside)] = None
                made.append((beside, path))
                with beside.open("xb") as file:  # closing may fail as well, where a disk tells late that it is full
                    file.write(data)
        yield
        for beside, path in made:
            with _named(path):
                os.replace(beside, path)  # noqa: PTH105 - the call that the atomicity rests on, and that tests replace
    except BaseException:
        for beside, _ in made:
            _remove(str(beside))
        raise
    finally:
        for beside, _ in made:
            _unfinished.pop(str(beside), None)


def discard_unfinished() -> None:
    """Remove the files that this process is just making, as it ends before they are done.

    Threads that are still at them get an `OSError`. It may be called from the handler of a signal.
    """
    for name in list(_unfinished):
        _remove(name)


def sweep(folder: str | Path) -> list[Path]:
    """Remove the unfinished files in a folder that processes of this machine left as they were killed.

    Parameters
    ----------
    folder : str or Path
        Sub-folders are not looked into. One that does not exist has none.

    Returns
    -------
    list of Path
        What was removed. Files of living processes stay, as do those of other machines that share the folder, of
        another container, and (under Windows, which does not tell who is alive) those of all other processes.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names only
    except OSError:
        return []
    left = [Path(folder) / name for name in names if _is_left(name)]
    return [path for path in left if _remove(str(path))]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of the system by the name that the user knows: the full disk names none, a folder the hidden one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _temporary_name(path: Path) -> str:
    target = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return f".classicseg-{_host()}-{os.getpid()}-{_token}-{target}{uuid.uuid4().hex[:8]}.tmp"


def _host() -> str:
    """This machine, or container: where a number means one process."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no path of a file
    except OSError:
        space = ""
    return hashlib.sha256(f"{platform.node()} {space}".encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _is_left(name: str) -> bool:
    """Whether a file was being made by a process of this machine that is no more."""
    parts = _NAME.fullmatch(name)
    if parts is None or parts[1] != _host():
        return False
    number = int(parts[2])
    return parts[3] != _token if number == os.getpid() else not _lives(number)


def _lives(process: int) -> bool:
    if sys.platform == "win32":
        return True  # to ask there would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's, or no number of a process
        return True
    return True


def _remove(name: str) -> bool:
    try:
        os.unlink(name)  # noqa: PTH108 - a handler of a signal makes no objects that it does not need
    except OSError:
        return False
    return True
