"""Threads of our own over fixed chunks of work.

Compiled kernels release the GIL and are called for one chunk after another by plain Python threads. Neither OpenMP
nor Numba's own thread pools take part: the first kill a child that was forked after a parallel call, the second abort
when two threads enter at once. A pool lives for one call only, so there is nothing to guard, to nest or to re-make
after a fork. The number of chunks depends on the size of the work alone, and partial results are summed in the order
of the chunks: a result cannot depend on the number of threads.
"""

from __future__ import annotations

import multiprocessing
import numbers
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from classicseg.errors import ParameterError

Progress = Callable[[float], None]


def thread_count(threads: int | None) -> int:
    """The number of threads to use: `threads`, or one for each usable core.

    NUMBA_NUM_THREADS lowers the default, and a worker process (of multiprocessing) takes one.
    """
    if threads is None:
        if multiprocessing.parent_process() is not None:
            return 1
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        try:
            limit = int(os.environ.get("NUMBA_NUM_THREADS", ""))
        except ValueError:
            return cores
        return max(1, min(cores, limit))
    if isinstance(threads, bool) or not isinstance(threads, numbers.Integral) or threads < 1:
        raise ParameterError(
            f"threads={threads!r} is not allowed; it is an integer of at least 1. Leave it out for one thread a core."
        )
    return int(threads)


def chunks(length: int, at_most: int) -> list[tuple[int, int]]:
    """Bounds ``(start, stop)`` of consecutive chunks of `at_most` items that cover ``range(length)``."""
    return [(start, min(start + at_most, length)) for start in range(0, length, at_most)]


def for_chunks(
    work: Callable[[int, int, int], None],
    bounds: list[tuple[int, int]],
    threads: int,
    progress: Progress | None = None,
) -> None:
    """Call ``work(index, start, stop)`` for every chunk, on `threads` threads, and report the share that is done.

    An exception in a chunk, or in `progress`, ends the call with that exception; chunks not begun are dropped.
    """
    threads = min(threads, len(bounds))
    if threads <= 1:
        for index, (start, stop) in enumerate(bounds):
            work(index, start, stop)
            if progress is not None:
                progress((index + 1) / len(bounds))
        return
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(work, index, start, stop) for index, (start, stop) in enumerate(bounds)]
        try:
            for done, future in enumerate(futures, start=1):
                future.result()
                if progress is not None:
                    progress(done / len(bounds))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


_library_lock = threading.RLock()


def _renew_lock() -> None:
    global _library_lock
    _library_lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    # A child may be forked while another thread holds the lock; nobody in the child would ever release it.
    os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def one_library_thread() -> Iterator[None]:
    """Run borrowed solvers (BLAS, LAPACK, ARPACK, OpenMP) on one thread, one caller at a time.

    Their sums depend on the number of threads; the limit is a setting of the whole process, hence the lock.
    """
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    with _library_lock, threadpool_limits(limits=1):
        yield
