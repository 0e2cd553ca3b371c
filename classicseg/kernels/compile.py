"""One decorator for all compiled loops: its flags stand here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from classicseg.kernels.cache import KernelCache

Function = TypeVar("Function", bound=Callable[..., Any])

# No fast-math: it may drop NaN, rewrite divisions and reorder sums. "numpy" division: no test for zero in the loops. No
# wrapper for calls from C, which nobody makes: it takes some of the time of compiling.
_FLAGS: dict[str, Any] = {
    "nopython": True, "nogil": True, "fastmath": False, "error_model": "numpy", "no_cfunc_wrapper": True,
}  # fmt: skip


def kernel(function: Function) -> Function:
    """Compile `function` when it is first called, without the GIL, and keep the machine code on disk."""
    compiled: Any = numba.jit(**_FLAGS)(function)
    if hasattr(compiled, "_cache"):  # NUMBA_DISABLE_JIT leaves the plain function
        compiled._cache = KernelCache(function)
    return compiled
