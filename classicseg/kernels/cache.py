"""Machine code kept on disk: one file for each kernel and signature, named by everything that decides what it holds.

Numba's own cache is not used. Its key misses an edited callee and NUMBA_BOUNDSCHECK; it wants a folder that it can
write; two processes that write its index at once may leave the code of one signature under another; and before it looks
it loads half a second of registries, which only compiling needs. The steps that turn a compiled function into bytes and
back are Numba's; whatever they or the disk do wrong is the same as nothing kept.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
import pickle
import sys
import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

_log = logging.getLogger("classicseg")
_DIGEST_BYTES = hashlib.sha256().digest_size
config: Any = numba.config  # its settings are made at run time, unknown to type checkers

# What this process has taken from disk, and what it has compiled, with the seconds of it (callees included).
loaded: list[str] = []
compiled: dict[str, float] = {}
lost: list[str] = []  # compiled, but the disk would not keep it


@cache
def cache_folder() -> Path | None:
    """Where compiled kernels are kept, or None where there is no home and nobody names a folder.

    The root is CLASSICSEG_CACHE_DIR, NUMBA_CACHE_DIR, or the user's own cache folder, the first that is there. A folder
    that can only be read serves what it holds. Its name is a hash of all that every kernel depends on.
    """
    root = _cache_root()
    return None if root is None else root / f"kernels-{_fingerprint()}"


def can_keep() -> bool:
    """Whether what is compiled can be kept for later processes."""
    folder = cache_folder()
    if folder is None:
        return False
    # Path.exists would raise where a folder on the way may not be entered, as another user's home
    there = next((each for each in (folder, *folder.parents) if os.access(each, os.F_OK)), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _cache_root() -> Path | None:
    for variable in ("CLASSICSEG_CACHE_DIR", "NUMBA_CACHE_DIR"):
        if os.environ.get(variable):
            return Path(os.environ[variable]) / "classicseg"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(base) / "classicseg"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    versions = sys.implementation.cache_tag, numba.__version__, llvmlite.__version__
    digest.update(f"{versions} {config.BOUNDSCHECK}".encode())
    return digest.hexdigest()[:16]


class KernelCache:
    """The machine code of one kernel: what Numba's dispatcher asks for before it compiles, and hands over after.

    The methods have the names and arguments of `numba.core.caching.Cache`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._function = function
        self._source = _source_of(function)
        self._started = 0.0

    @property
    def cache_path(self) -> str | None:
        """The folder, as a text."""
        folder = cache_folder()
        return None if folder is None or self._source is None else str(folder)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled function for a signature, or None where it has to be compiled."""
        try:
            found = self._load(signature, target_context)
        except Exception:  # no such file, or one that is damaged, which raises anything
            found = None
        if found is not None:
            loaded.append(self.name)
            return found
        _announce()
        self._started = time.perf_counter()
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep what was compiled; where that cannot be, nothing happens."""
        compiled[self.name] = compiled.get(self.name, 0) + time.perf_counter() - self._started
        try:
            self._save(signature, result)
        except Exception:
            lost.append(self.name)

    def enable(self) -> None:
        """Always enabled."""

    disable = flush = enable

    def _load(self, signature: Any, target_context: Any) -> Any:
        path = self._path(signature, target_context.codegen())
        if path is None:
            return None
        data = path.read_bytes()
        digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return None
        # All that loading needs of a context: the names of the run-time functions that machine code calls.
        rtsys.initialize(target_context)
        return CompileResult._rebuild(target_context, *pickle.loads(content))

    def _save(self, signature: Any, result: Any) -> None:
        path = self._path(signature, result.codegen)
        if path is None or result.library.has_dynamic_globals or any(not each.can_cache for each in result.lifted):
            return  # addresses of this process stand in the code
        content = dumps(result._reduce())
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{uuid.uuid4().hex}.part")
        try:
            beside.write_bytes(hashlib.sha256(content).digest() + content)
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise

    def _path(self, signature: Any, codegen: Any) -> Path | None:
        folder = cache_folder()
        if folder is None or self._source is None:
            return None
        # The processor's name and features, the source (kernels may stand outside this folder), what a closure holds.
        cells = dumps(tuple(cell.cell_contents for cell in self._function.__closure__ or ()))
        key = repr((str(signature), codegen.magic_tuple(), self._source, hashlib.sha256(cells).hexdigest()))
        name = self.name.replace("<", "").replace(">", "")  # <locals>, which file names may not hold everywhere
        return folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.bin"


def _source_of(function: Callable[..., Any]) -> tuple[str, int] | None:
    """A hash of the file that a function stands in, and its line there; None where it has no file."""
    try:
        return _hash_of_file(inspect.getfile(function)), function.__code__.co_firstlineno
    except (OSError, TypeError):
        return None


@cache
def _hash_of_file(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@cache
def _announce() -> None:
    """Say once a process that it compiles, which takes seconds."""
    kept = "later runs start at once"
    if not can_keep():
        kept = "nothing can be kept: set CLASSICSEG_CACHE_DIR to a folder that can be written, or every run compiles"
    _log.info("compiling kernels for this machine; %s", kept)
