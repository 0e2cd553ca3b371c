"""Threads of our own over fixed chunks of work.

Compiled kernels release the GIL and are called for one chunk after another by plain Python threads. Neither OpenMP
nor Numba's own thread pools take part: the first kill a child that was forked after a parallel call, the second abort
when two threads enter at once. Threads live for one call only, so there is nothing to guard, to nest or to re-make
after a fork. The number of chunks depends on the size of the work alone, and partial results are summed in the order
of the chunks: a result cannot depend on the number of threads.
"""

from __future__ import annotations

import multiprocessing
import numbers
import os
import sys
import threading
from _thread import LockType, allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

from classicseg.errors import ParameterError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Progress = Callable[[float], None]


# What is called after each chunk of work that reports to nobody.
_beat: ContextVar[Progress | None] = ContextVar("classicseg_beat", default=None)


@contextmanager
def beating(beat: Callable[[], None]) -> Iterator[None]:
    """Within, `beat` is called after every chunk that this thread does, and may end all by an exception."""
    before = _beat.set(lambda _: beat())
    try:
        yield
    finally:
        _beat.reset(before)


@contextmanager
def reporting(progress: Progress | None, whole: float) -> Iterator[Progress | None]:
    """A callback for a step of the work, whose own shares are those of `whole`; None without `progress`.

    Within, `progress` is also called after chunks that report to nobody, with the share that was last told: whoever
    wants to end the work by an exception need not wait for a step to tell how far it is.
    """
    if progress is None:
        yield None
        return
    if not callable(progress):
        raise ParameterError(
            f"progress={progress!r} is not allowed; it is called with the share that is done. "
            "Give a function of one number, or leave it out."
        )
    last = 0.0

    def report(share: float) -> None:
        nonlocal last
        last = max(last, whole * share)
        progress(last)

    with beating(lambda: progress(last)):
        yield report


def thread_count(threads: int | None) -> int:
    """The number of threads to use: `threads`, or one for each usable core.

    NUMBA_NUM_THREADS lowers the default, and a worker process (of multiprocessing) takes one.
    """
    if threads is None:
        if multiprocessing.parent_process() is not None:
            return 1
        cores = usable_cores()
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


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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

    The calling thread is one of them, and takes chunks until none is left; `progress`, or without it what `beating` was
    given, is called there. An exception in a chunk, or in `progress`, ends the call with that exception (of several,
    the first chunk's); chunks not begun are dropped. No thread is at work any more when the call ends.
    """
    progress = _beat.get() if progress is None else progress
    threads = min(threads, len(bounds))
    if threads > 1:
        _Share(work, bounds, progress).run(threads)
        return
    for index, (start, stop) in enumerate(bounds):
        work(index, start, stop)
        if progress is not None:
            progress((index + 1) / len(bounds))


class _Share:
    """The chunks of one call, taken in order by whichever thread is free.

    Bare threads and a deque, whose ends are safe to use from all of them, cost a third of what an executor with its
    futures costs: a few passes over a small picture take no longer than starting that.
    """

    def __init__(
        self, work: Callable[[int, int, int], None], bounds: list[tuple[int, int]], progress: Progress | None
    ) -> None:
        self.work = work
        self.count = len(bounds)
        self.progress = progress
        self.left = deque(enumerate(bounds))
        self.done: deque[int] = deque()
        self.failed: deque[tuple[int, BaseException]] = deque()
        self.reported = 0

    def run(self, threads: int) -> None:
        """Do all chunks, with `threads` - 1 helpers."""
        helpers: list[LockType] = []
        try:
            self._start(helpers, threads - 1)
            self._take(self._report)
            self._await(helpers)
            self._report()
        except BaseException:  # of `progress`, or an interruption
            self.left.clear()
            self._await(helpers)
            raise
        if self.failed:
            # Chunks are begun in order and ended once begun, so that it is always the same one of several. What is no
            # error but an end, such as KeyboardInterrupt, goes first.
            first = min(self.failed, key=lambda each: (isinstance(each[1], Exception), each[0]))[1]
            self.failed.clear()
            try:
                raise first
            finally:
                del first  # the traceback holds this frame: it would keep itself, and the arrays, alive

    def _start(self, helpers: list[LockType], count: int) -> None:
        """Add to `helpers` a lock for each helper thread, released when the helper ends."""
        for _ in range(count):
            working = allocate_lock()
            working.acquire()
            try:
                start_new_thread(self._help, (working,))
            except RuntimeError:  # the system grants no more threads: those that are there do it all
                return
            helpers.append(working)

    def _help(self, working: LockType) -> None:
        try:
            self._take()
        finally:
            working.release()

    def _await(self, helpers: list[LockType]) -> None:
        while helpers:
            with helpers[-1]:  # and let go: an interruption before the next line has it waited for once more
                pass
            helpers.pop()

    def _take(self, after: Callable[[], None] | None = None) -> None:
        """Do chunks until none is left."""
        while True:
            try:
                index, (start, stop) = self.left.popleft()
            except IndexError:
                return
            try:
                self.work(index, start, stop)
            except BaseException as error:
                self.left.clear()
                self.failed.append((index, error))
                return
            self.done.append(index)
            if after is not None:
                after()

    def _report(self) -> None:
        if self.progress is None or self.failed:
            return
        for share in range(self.reported + 1, len(self.done) + 1):
            self.reported = share
            self.progress(share / self.count)


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
    with _library_lock, _solvers(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _solvers(_modules: int) -> ThreadpoolController:
    """The libraries with threads of their own that are loaded; finding them takes a millisecond.

    They come with Python modules: as long as no more of these are imported, there are no more of them.
    """
    from threadpoolctl import ThreadpoolController  # comes with scikit-learn

    return ThreadpoolController()
