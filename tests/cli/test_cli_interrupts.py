"""Ctrl-C ends a run at once, whatever is being computed, and leaves what is finished."""

from __future__ import annotations

import _thread
import signal
import subprocess
import sys
import time

import pytest

from classicseg import atomic
from classicseg_cli import interrupts
from classicseg_cli.interrupts import leave_if_still_working, listening

small = pytest.mark.small
pytestmark = pytest.mark.usefixtures("heard")


@small
def test_what_the_work_gives_or_raises_comes_through():
    assert listening(lambda go_on: go_on(0.5) or "made") == "made"
    with pytest.raises(ZeroDivisionError):
        listening(lambda _: 1 // 0)


@small
def test_work_that_reports_its_progress_is_ended_by_it(monkeypatch):
    monkeypatch.setattr(interrupts, "_GRACE", 10)
    ended = []

    def work(go_on):
        _thread.interrupt_main()
        try:
            while True:
                go_on(0.1)
                time.sleep(0.001)
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        listening(work)
    assert ended
    leave_if_still_working(130)  # nothing is: the test goes on


@small
def test_work_that_hears_nothing_is_cut_off_with_nothing_half_written(monkeypatch, tmp_path):
    left = []
    monkeypatch.setattr(interrupts.os, "_exit", left.append)
    monkeypatch.setattr(atomic, "discard_unfinished", lambda: left.append("discarded"))
    monkeypatch.setattr(interrupts, "_GRACE", 0.01)
    go_on = _thread.allocate_lock()
    go_on.acquire()

    def work(_):
        _thread.interrupt_main()
        go_on.acquire()

    try:
        with pytest.raises(KeyboardInterrupt):
            listening(work)
        leave_if_still_working(130)
    finally:
        go_on.release()
        assert interrupts._ends_awaited[-1].wait(10)  # or the end of a later test would be that of the process
    assert left == ["discarded", 130]


def test_a_run_that_computes_ends_within_a_second_of_ctrl_c(tmp_path, picture_file):
    deaf = (
        "import sys, time, classicseg.batch as batch\n"
        "def process(job, how, progress):\n"
        "    print('begun', flush=True)\n"
        "    time.sleep(60)\n"
        "batch.process = process\n"
        "from classicseg_cli.main import main\n"
        f"main(['run', '-m', 'otsu', '-o', {str(tmp_path / 'out')!r}, {str(picture_file)!r}])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (130, "\nclassicseg: interrupted\n")
    assert time.monotonic() - began < 10  # a second, and what a busy machine adds; it would sleep for a minute
