"""One decorator for all compiled loops: its flags and its cache stand here and nowhere else.

The cache lives in a folder of its own whose name is a hash of all kernel sources, the package's version and bounds
checking: Numba's own key misses an edited callee and NUMBA_BOUNDSCHECK. Where no folder can be written, kernels are
compiled without a cache.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numba

config: Any = numba.config  # its settings are made at run time, unknown to type checkers
Function = TypeVar("Function", bound=Callable[..., Any])

# No fast-math: it may drop NaN, rewrite divisions and reorder sums. "numpy" division: no test for zero in the loops.
_FLAGS: dict[str, Any] = {"nopython": True, "nogil": True, "fastmath": False, "error_model": "numpy"}


def kernel(function: Function) -> Function:
    """Compile `function` when it is first called, without the GIL, and keep the machine code on disk."""
    folder = cache_folder()
    before = config.CACHE_DIR
    try:
        # Numba looks at this setting only while it decorates; it is put back for everybody else's functions.
        config.CACHE_DIR = str(folder or "")
        return _forgiving(numba.jit(**_FLAGS, cache=folder is not None)(function))
    except RuntimeError:  # numba found no place for the cache after all
        return numba.jit(**_FLAGS)(function)
    finally:
        config.CACHE_DIR = before


def _forgiving(compiled: Any) -> Any:
    """Let a cache that is damaged, or cannot be written any more, be as good as none."""
    kept = getattr(compiled, "_cache", None)  # absent where NUMBA_DISABLE_JIT leaves the plain function
    for name in ("load_overload", "save_overload"):
        if hasattr(kept, name):
            setattr(kept, name, _or_none(getattr(kept, name)))
    return compiled


def _or_none(call: Callable[..., Any]) -> Callable[..., Any]:
    def tried(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except Exception:  # unpickling what is damaged raises anything
            return None

    return tried


@cache
def cache_folder() -> Path | None:
    """Where compiled kernels are kept, or None where nothing can be written.

    The root is CLASSICSEG_CACHE_DIR, NUMBA_CACHE_DIR, or the user's own cache folder, the first that is there.
    """
    folder = _cache_root() / f"kernels-{_fingerprint()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _cache_root() -> Path:
    for variable in ("CLASSICSEG_CACHE_DIR", "NUMBA_CACHE_DIR"):
        if os.environ.get(variable):
            return Path(os.environ[variable]) / "classicseg"
    try:
        home = Path.home()
    except RuntimeError:
        home = Path.cwd()
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
    try:
        version = metadata.version("classicseg")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        version = "0"
    digest.update(f"{version} {config.BOUNDSCHECK}".encode())
    return digest.hexdigest()[:16]
