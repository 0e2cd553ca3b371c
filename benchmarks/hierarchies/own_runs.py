"""Our rows on the pictures: two processes of one thread each, results kept as soon as they are there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hierarchies.numbers import BoundaryFamily, Family, boundaries_stacked, stacked
from benchmarks.hierarchies.pictures import Picture
from benchmarks.hierarchies.rows import Row
from benchmarks.hierarchies.scoring import (
    UNIT,
    UNIT_FOR_BOUNDARIES,
    boundaries_of_hierarchy,
    regions_of_hierarchy,
)
from benchmarks.hierarchies.work import key_of, load, place, save, sources_of_everything

Told = Callable[[int, int], None]  # how many pictures are done, of how many


@dataclass(frozen=True)
class Task:
    """One picture of one row, and the files of what is wanted and not there yet."""

    row: Row
    picture: Picture
    regions: Path | None
    boundaries: Path | None


class OwnRuns:
    """What our rows gave, kept in the folder `work`."""

    def __init__(self, work: Path, processes: int = 2) -> None:
        self.work, self.processes = work, processes

    def compute(self, rows: Sequence[Row], pictures: Sequence[Picture], told: Told) -> dict[str, str]:
        """Score whatever is not in the folder yet; the error of each row that failed, by its name.

        A row that fails on one picture is left out of the table, since its figures would stand for other pictures.
        """
        tasks = [task for row in rows for picture in pictures if (task := self._task(row, picture)) is not None]
        failed: dict[str, str] = {}
        if not tasks:
            return failed
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.processes, mp_context=context) as pool:
            waiting = {pool.submit(_run, task): task for task in tasks}
            for done, future in enumerate(as_completed(waiting), start=1):
                error = future.exception()
                if error is not None:
                    task = waiting[future]
                    failed.setdefault(task.row.name, f"{task.picture.name}: {type(error).__name__}: {error}")
                told(done, len(tasks))
        return failed

    def regions(self, row: Row, pictures: Sequence[Picture]) -> Family:
        """The region scores of pictures that were computed."""
        found = [load(self._regions_file(row, picture)) for picture in pictures]
        return stacked(pictures, [each for each in found if each is not None])

    def boundaries(self, row: Row, pictures: Sequence[Picture]) -> BoundaryFamily:
        """The boundary counts of pictures that were computed."""
        found = [load(self._boundaries_file(row, picture)) for picture in pictures]
        return boundaries_stacked([each for each in found if each is not None])

    def _task(self, row: Row, picture: Picture) -> Task | None:
        regions, boundaries = self._regions_file(row, picture), self._boundaries_file(row, picture)
        no_regions = load(regions) is None
        no_boundaries = row.boundaries and picture.split == "val" and load(boundaries) is None
        if not (no_regions or no_boundaries):
            return None
        return Task(row, picture, regions if no_regions else None, boundaries if no_boundaries else None)

    def _regions_file(self, row: Row, picture: Picture) -> Path:
        return place(self.work, "regions", _key(row, UNIT.tolist()), picture)

    def _boundaries_file(self, row: Row, picture: Picture) -> Path:
        return place(self.work, "boundaries", _key(row, UNIT_FOR_BOUNDARIES.tolist()), picture)


def _key(row: Row, scales: list[float]) -> str:
    """Rows of one method and the same parameters share their results, whatever they are called."""
    facts = {"kind": type(row).__name__, "method": row.method, "parameters": row.parameters, "way": row.way}
    return key_of(f"{row.method} {row.way}", facts | {"scales": scales, "sources": sources_of_everything()})


def _run(task: Task) -> None:
    hierarchy = task.row.build(task.picture.pixels(), threads=1)
    if task.regions is not None:
        save(task.regions, regions_of_hierarchy(hierarchy, task.picture.truths(), UNIT))
    if task.boundaries is not None:
        truths = task.picture.boundaries()
        save(task.boundaries, boundaries_of_hierarchy(hierarchy, truths, UNIT_FOR_BOUNDARIES))
