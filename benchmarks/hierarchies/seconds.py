"""Seconds a picture: the whole call, from an array in memory to the hierarchy, one process, each row in turn."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.hierarchies.peer_runs import Chosen
from benchmarks.hierarchies.pictures import Picture
from benchmarks.hierarchies.rows import Row
from benchmarks.hierarchies.worker import Worker


def time_own(rows: Sequence[Row], pictures: Sequence[Picture], threads: int | None) -> dict[str, list[float]]:
    """Each row on each picture once, after one call that is not counted; rows take turns at each picture."""
    taken: dict[str, list[float]] = {row.name: [] for row in rows}
    for row in rows:
        row.build(pictures[0].pixels(), threads)
    for picture in pictures:
        pixels = picture.pixels()
        for row in rows:
            started = time.perf_counter()
            row.build(pixels, threads)
            taken[row.name].append(time.perf_counter() - started)
    return taken


def time_peers(chosen: Sequence[Chosen], pictures: Sequence[Picture]) -> dict[str, list[float]]:
    """The same of the peers at their setting and at the scale that train chose, in processes that wait for pictures."""
    taken: dict[str, list[float]] = {each.peer.name: [] for each in chosen}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = {each.peer.name: stack.enter_context(Worker(_python(each), each.peer.script)) for each in chosen}
        for index, picture in enumerate([pictures[0], *pictures]):  # the first call is not counted
            pixels = picture.pixels()
            for each in chosen:
                if index > each.peer.timed_pictures:
                    continue
                scales = None if each.peer.sweep is None else [each.train_scale]
                worker = workers[each.peer.name]
                seconds = worker.run(pixels, each.setting, each.peer.sweep, scales, folder / "result.npz")
                if index:
                    taken[each.peer.name].append(seconds)
    return taken


def _python(chosen: Chosen) -> str:
    python = chosen.peer.python
    assert python is not None
    return python
