"""Ctrl-C is answered at once, whatever compiled code is at."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

_Made = TypeVar("_Made")

_LISTEN = 0.5  # seconds; a wait without an end hears nothing on Windows
_GRACE = 0.3  # seconds for the work to end by itself, so that nothing has to be cut off

_ends_awaited: list[threading.Event] = []  # of work that was interrupted


class Cancelled(BaseException):
    """Ends a piece of work whose result nobody waits for any more."""


def listening(work: Callable[[Callable[[float], None]], _Made]) -> _Made:
    """What `work` gives, computed in a thread of its own while this one listens for Ctrl-C.

    A thread that is within compiled code hears of no signal before that returns, which may take a minute on a large
    picture. `work` is given a progress callback, which ends it once it was interrupted.

    Raises
    ------
    KeyboardInterrupt
        Within a second. Where the work goes on all the same, `leave_if_still_working` cuts it off.
    """
    made: list[_Made] = []
    failed: list[BaseException] = []
    cancelled, ended = threading.Event(), threading.Event()

    def go_on(_: float) -> None:
        if cancelled.is_set():
            raise Cancelled

    def compute() -> None:
        try:
            made.append(work(go_on))
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    try:
        threading.Thread(target=copy_context().run, args=(compute,), daemon=True).start()
        while not ended.wait(_LISTEN):
            pass
    except KeyboardInterrupt:
        cancelled.set()
        _ends_awaited.append(ended)
        ended.wait(_GRACE)
        raise
    if failed:
        raise failed.pop()
    return made.pop()


def leave_if_still_working(code: int) -> None:
    """End the process with this exit code, if work goes on that was interrupted; nothing half-written stays.

    The usual end would wait for no such thread either, but take the ground from under its feet.
    """
    if all(ended.is_set() for ended in _ends_awaited):
        return
    from classicseg.atomic import discard_unfinished

    discard_unfinished()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # its reader has gone
            continue
    os._exit(code)
