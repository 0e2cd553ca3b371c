"""Chunks of work on threads, and the lock around borrowed solvers."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress

import numpy as np
import pytest

from classicseg import ParameterError, parallel
from classicseg.parallel import beating, chunks, for_chunks, one_library_thread, thread_count

pytestmark = [pytest.mark.small, pytest.mark.usefixtures("heard")]


@pytest.mark.parametrize(("length", "at_most"), [(0, 3), (1, 3), (3, 3), (4, 3), (10, 1), (5, 100)])
def test_chunks_cover_everything_once(length, at_most):
    bounds = chunks(length, at_most)
    assert [i for start, stop in bounds for i in range(start, stop)] == list(range(length))
    assert all(0 < stop - start <= at_most for start, stop in bounds)


@pytest.mark.parametrize("threads", [1, 2, 5, 50])
def test_every_chunk_is_done_once_with_its_own_number(threads):
    bounds = chunks(23, 4)
    seen = []
    for_chunks(lambda index, start, stop: seen.append((index, start, stop)), bounds, threads)
    assert sorted(seen) == [(index, *bound) for index, bound in enumerate(bounds)]


def test_one_thread_goes_through_the_chunks_in_order_and_stays_in_the_callers_thread():
    seen, where = [], set()

    def work(index, start, stop):
        seen.append(index)
        where.add(threading.current_thread())

    for_chunks(work, chunks(9, 2), 1)
    assert seen == [0, 1, 2, 3, 4]
    assert where == {threading.current_thread()}


def test_several_threads_work_at_the_same_time():
    """Each of two chunks waits until the other has begun."""
    meeting = threading.Barrier(2, timeout=20)
    for_chunks(lambda index, start, stop: meeting.wait(), [(0, 1), (1, 2)], 2)
    assert meeting.n_waiting == 0
    assert not meeting.broken


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_progress_rises_to_one_in_the_callers_thread(threads):
    shares, where = [], set()

    def progress(share):
        shares.append(share)
        where.add(threading.current_thread())

    for_chunks(lambda index, start, stop: time.sleep(0.002 * (index % 3)), chunks(8, 1), threads, progress)
    assert shares == [k / 8 for k in range(1, 9)]
    assert where == {threading.current_thread()}


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_an_exception_in_the_work_comes_out(threads):
    def work(index, start, stop):
        if index == 3:
            raise ZeroDivisionError("chunk 3")

    with pytest.raises(ZeroDivisionError, match="chunk 3"):
        for_chunks(work, chunks(10, 1), threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_exception_in_progress_ends_the_run(threads):
    begun = []

    def work(index, start, stop):
        begun.append(index)
        time.sleep(0.005)

    def progress(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        for_chunks(work, chunks(200, 1), threads, progress)
    assert len(begun) < 200


@pytest.mark.small
@pytest.mark.parametrize("threads", [1, 2])
def test_work_that_reports_to_nobody_beats(threads):
    beats, shares = [], []

    def end():
        raise InterruptedError

    with beating(lambda: beats.append(threading.current_thread())):
        for_chunks(lambda *_: None, chunks(7, 1), threads)
        assert beats == [threading.main_thread()] * 7
        for_chunks(lambda *_: None, chunks(7, 1), threads, shares.append)
        assert (len(beats), shares[-1]) == (7, 1.0)
        with beating(end), pytest.raises(InterruptedError):
            for_chunks(lambda *_: None, chunks(7, 1), threads)
        for_chunks(lambda *_: None, chunks(1, 1), threads)
    for_chunks(lambda *_: None, chunks(7, 1), threads)
    assert len(beats) == 8


@pytest.mark.parametrize("threads", [2, 3])
def test_of_several_exceptions_the_first_chunks_comes_out(threads):
    """Chunk 1 fails last, after chunk 2 has; with 3 threads both are begun together."""
    late = threading.Event()

    def work(index, start, stop):
        if index == 1:
            late.wait(0.05)
            raise ZeroDivisionError("chunk 1")
        if index == 2:
            late.set()
            raise IndexError("chunk 2")

    with pytest.raises(ZeroDivisionError, match="chunk 1"):
        for_chunks(work, chunks(10, 1), threads)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_an_interruption_goes_before_errors_and_no_thread_works_on(threads):
    at_work = []

    def work(index, start, stop):
        at_work.append(index)
        time.sleep(0.002)
        at_work.remove(index)
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGINT)
        elif index:
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt):
        for_chunks(work, chunks(200, 1), threads)
    assert at_work == []


def test_arrays_are_let_go_after_an_exception():
    """No cycle of a traceback with what holds it: memory is free at once, not when the collector comes by."""
    gc.collect()
    gc.disable()
    try:
        values = np.zeros(4)
        kept = weakref.ref(values)

        def work(index, start, stop, values=values):
            raise ZeroDivisionError

        with suppress(ZeroDivisionError):
            for_chunks(work, chunks(4, 1), 2)
        del values, work
        assert kept() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("granted", [0, 1])
def test_fewer_threads_than_wanted_do_it_all(monkeypatch, granted):
    start, started, seen = parallel.start_new_thread, [], []

    def refuse(function, arguments):
        if len(started) == granted:
            raise RuntimeError("can't start new thread")
        started.append(start(function, arguments))

    monkeypatch.setattr(parallel, "start_new_thread", refuse)
    for_chunks(lambda index, start, stop: seen.append(index), chunks(10, 1), 4)
    assert sorted(seen) == list(range(10))
    assert len(started) == granted


def test_calls_from_many_threads():
    totals = np.zeros((8, 20))

    def caller(row):
        def work(index, start, stop):
            totals[row, start:stop] += 1

        for _ in range(10):
            for_chunks(work, chunks(20, 3), 3)

    callers = [threading.Thread(target=caller, args=(row,)) for row in range(8)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    assert (totals == 10).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_between_and_during_calls_can_call():
    program = """
import os, threading, warnings
warnings.simplefilter("ignore")  # Python warns of a fork beside threads, which is the very case
from classicseg.parallel import chunks, for_chunks
seen, inside, done = [], threading.Event(), threading.Event()
for_chunks(lambda *chunk: seen.append(chunk), chunks(6, 1), 3)
def long(*chunk):
    inside.set()
    done.wait(20)
other = threading.Thread(target=for_chunks, args=(long, chunks(4, 1), 2))
other.start()
inside.wait(20)
child = os.fork()
if child == 0:
    for_chunks(lambda *chunk: seen.append(chunk), chunks(6, 1), 3)
    os._exit(len(seen))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
done.set()
other.join()
"""
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert outcome.stdout.strip() == "12"


def test_no_work_is_no_trouble():
    for_chunks(lambda index, start, stop: pytest.fail("there is no chunk"), [], 4)


def test_calls_may_nest():
    total = np.zeros((3, 4))

    def outer(row, start, stop):
        def inner(column, first, last):
            total[row, column] += 1

        for_chunks(inner, chunks(4, 1), 2)

    for_chunks(outer, chunks(3, 1), 2)
    assert (total == 1).all()


# --- how many threads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 64])
def test_a_given_number_is_taken(monkeypatch, threads):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert thread_count(threads) == threads


@pytest.mark.parametrize("threads", [0, -1, 1.0, 2.5, "2", True])
def test_other_values_are_refused_with_the_cure(threads):
    with pytest.raises(
        ParameterError, match=r"threads=.* is not allowed; it is an integer of at least 1\. Leave it out"
    ):
        thread_count(threads)


@pytest.mark.parametrize(
    ("limit", "expected"), [("1", 1), ("2", 2), ("400", 4), ("", 4), ("many", 4), ("0", 1), ("-3", 1), ("²", 4)]
)
def test_the_default_is_the_usable_cores_or_fewer(monkeypatch, limit, expected):
    monkeypatch.setattr(parallel.os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setenv("NUMBA_NUM_THREADS", limit)
    assert thread_count(None) == expected


def test_where_the_usable_cores_are_not_told_all_count(monkeypatch):
    monkeypatch.delattr(parallel.os, "sched_getaffinity", raising=False)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: 6)
    assert thread_count(None) == 6
    monkeypatch.setattr(parallel.os, "cpu_count", lambda: None)
    assert thread_count(None) == 1


def test_a_worker_process_takes_one(monkeypatch):
    monkeypatch.setattr(parallel.multiprocessing, "parent_process", lambda: object())
    assert thread_count(None) == 1
    assert thread_count(3) == 3


def test_workers_of_real_pools_take_one():
    """Of multiprocessing and concurrent.futures, however they start their workers, and of joblib's loky."""
    program = """
import multiprocessing, os, warnings
from concurrent.futures import ProcessPoolExecutor
from joblib.externals.loky import get_reusable_executor
from classicseg.parallel import thread_count
if __name__ == "__main__":
    warnings.simplefilter("ignore")  # Python warns of a fork beside threads
    found = []
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool:
            found.append(pool.apply(thread_count, (None,)))
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            found.append(pool.submit(thread_count, None).result())
    with get_reusable_executor(2) as pool:
        found.append(pool.submit(thread_count, None).result())
        found.append(pool.submit(thread_count, 3).result())
    print(found.pop(), set(found))
"""
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert outcome.stdout.split("\n")[0] == "3 {1}"


# --- borrowed solvers -----------------------------------------------------------------------------------------------


def blas_threads():
    from threadpoolctl import threadpool_info

    return {pool["num_threads"] for pool in threadpool_info()}


def test_borrowed_solvers_have_one_thread_and_get_theirs_back():
    import sklearn.cluster  # noqa: F401 - brings OpenMP

    before = blas_threads()
    with one_library_thread():
        assert blas_threads() == {1}
        with one_library_thread():  # the same thread may enter again
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_one_caller_at_a_time():
    inside, most = [], []

    def work(index, start, stop):
        with one_library_thread():
            inside.append(index)
            most.append(len(inside))
            time.sleep(0.005)
            inside.remove(index)

    for_chunks(work, chunks(6, 1), 6)
    assert most == [1] * 6


def test_the_lock_is_left_open_after_an_exception():
    with pytest.raises(ZeroDivisionError), one_library_thread():
        raise ZeroDivisionError
    free = []
    other = threading.Thread(target=lambda: free.append(parallel._library_lock.acquire(timeout=5)))
    other.start()
    other.join()
    assert free == [True]
    parallel._renew_lock()  # the other thread has ended without giving it back


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_the_lock_is_held_can_enter():
    program = """
import os, threading, warnings
warnings.simplefilter("ignore")  # Python warns of a fork beside threads, which is the very case
from classicseg.parallel import one_library_thread
held, done = threading.Event(), threading.Event()
def hold():
    with one_library_thread():
        held.set()
        done.wait(20)
threading.Thread(target=hold, daemon=True).start()
held.wait(20)
child = os.fork()
if child == 0:
    with one_library_thread():
        os._exit(7)
status = os.waitpid(child, 0)[1]
done.set()
print(os.waitstatus_to_exitcode(status))
"""
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert outcome.stdout.strip() == "7"


def test_an_interruption_just_after_a_helper_has_ended_is_no_deadlock():
    class Interrupted:
        """A helper's lock whose holder is interrupted as soon as it has it, or has let it go."""

        def __init__(self, lock):
            self.lock, self.times = lock, 0

        def acquire(self):
            assert self.lock.acquire(timeout=1), "waited for a lock that nobody will release"
            self._interrupt()

        def __enter__(self):
            assert self.lock.acquire(timeout=1), "waited for a lock that nobody will release"

        def __exit__(self, *_):
            self.lock.release()
            self._interrupt()

        def _interrupt(self):
            self.times += 1
            if self.times == 1:
                raise KeyboardInterrupt

    helpers = [Interrupted(threading.Lock())]
    share = parallel._Share(lambda *_: None, [], None)
    with pytest.raises(KeyboardInterrupt):
        share._await(helpers)
    share._await(helpers)
    assert helpers == []
