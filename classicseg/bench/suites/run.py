"""Run a suite: tune each method on the pictures that its file names for it, and report on the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from classicseg.bench.panels import Panel
from classicseg.bench.suites.suite import Suite, SuiteTable
from classicseg.bench.tuning import read_params, tune, write_params
from classicseg.errors import ImageError

if TYPE_CHECKING:
    from classicseg.bench.worker import Outcome
    from classicseg.datasets.base import DataSet


def open_suite(suite: Suite, data: Path | None = None) -> list[tuple[SuiteTable, DataSet, DataSet]]:
    """Each table with the pictures to tune on and those to report; all are looked for before anything runs."""
    return [(table, *table.open(data)) for table in suite.tables]


def label_maps(suite: Suite, opened: Sequence[tuple[SuiteTable, DataSet, DataSet]]) -> int:
    """How many label maps the searches ask for at most."""
    return sum(len(table.methods) * suite.budget * min(suite.pictures, len(train)) for table, train, _report in opened)


def tuned_panel(
    suite: Suite,
    table: SuiteTable,
    train: DataSet,
    report: DataSet,
    *,
    folder: Path,
    workers: int | None = None,
    advance: Callable[[Outcome], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Panel:
    """The panel of a table, its methods with the parameters that the search of the suite finds.

    Parameters
    ----------
    suite, table, train, report
        As `open_suite` gives them.
    folder : Path
        Where results are kept, and where a file ``tuned-TABLE.toml`` tells what was found.
    workers, advance
        As for `classicseg.bench.tuning.tune`.
    tell : callable, optional
        Called with words for each picture that could not be read, and for each method for which nothing could be chosen
        and which the panel lacks.

    Raises
    ------
    ImageError
        Nothing could be chosen for any method.
    """
    found = tune(
        train,
        table.methods,
        table.tuned_for.score.name,
        averaging=table.tuned_for.averaging,
        foreground=table.foreground,
        search=suite.search,
        budget=suite.budget,
        pictures=suite.pictures,
        seed=suite.seed,
        fixed=table.fixed,
        workers=workers,
        folder=folder,
        advance=advance,
    )
    problems = [f"{train.name}: {picture}: left out: {error}" for picture, error in found.unreadable.items()]
    lost = [f"{table.name}: {each.name}: nothing could be chosen: {each.error}" for each in found.methods if each.error]
    if tell is not None:
        for problem in (*problems, *lost):
            tell(problem)
    if len(lost) == len(found.methods):
        raise ImageError(f"{table.name}: no method could be tuned; {lost[0]}")
    file = folder / f"tuned-{re.sub(r'[^A-Za-z0-9.-]+', '-', table.name)}.toml"
    write_params(found, file)
    return Panel(report, tuple(read_params(file)), table.measures, table.foreground)
