"""`classicseg report`: tables and a page from a folder of results."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

_FILES = {"markdown": "report.md", "latex": "report.tex", "html": "report.html"}


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([*_FILES]),
    help="What to make; may be repeated. All three by default.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Folder for the files; RESULTS by default. - prints the one that --format names.",
)
@click.option("--against", metavar="NAME", help="Compare this entry with each other one, instead of all pairs.")
@click.option("--resamples", type=click.IntRange(min=0), help="Of the bootstrap; 5000 by default, 0 for no intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap.")
def report(
    results: Path,
    formats: tuple[str, ...],
    output: Path | None,
    against: str | None,
    resamples: int | None,
    seed: int,
) -> None:
    """Make tables and a page of what 'classicseg bench' left in the folder RESULTS.

    Writes report.md (everything, in tables), report.tex (tables for a paper, with booktabs) and report.html (one page
    that needs no network), and prints their paths.
    """
    wanted = list(dict.fromkeys(formats)) or list(_FILES)
    to_stdout = str(output) == "-"
    if to_stdout and len(wanted) != 1:
        raise click.UsageError("-o - prints one report. Say which with one --format.")
    with _without_collection():
        made = _made(results, wanted, against, resamples, seed)
    if to_stdout:
        sys.stdout.buffer.write(made[wanted[0]])
        sys.stdout.buffer.flush()
        return
    from classicseg.atomic import atomic_write

    for name in wanted:
        path = (results if output is None else output) / _FILES[name]
        atomic_write(path, made[name])
        click.echo(path)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Rows by the hundred thousand hold no cycles: to look for some takes as long as all the rest."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _made(folder: Path, wanted: list[str], against: str | None, resamples: int | None, seed: int) -> dict[str, bytes]:
    from classicseg.bench.analysis.comparisons import compare_all
    from classicseg.bench.analysis.members import Tables
    from classicseg.bench.analysis.rows import rows_of
    from classicseg.bench.analysis.statistics import RESAMPLES
    from classicseg.bench.results import read_results

    results = read_results(folder)
    tables = Tables(results)
    options: dict[str, Any] = {"resamples": RESAMPLES if resamples is None else resamples, "seed": seed}
    rows = rows_of(results, tables=tables, **options)
    comparisons = compare_all(results, tables=tables, against=against, **options)
    return {name: _as(name, results, rows, comparisons, folder, against) for name in wanted}


def _as(name: str, results: Any, rows: Any, comparisons: Any, folder: Path, against: str | None) -> bytes:
    if name == "html":
        from classicseg.bench.reports.page import write_page

        return write_page(results, rows, comparisons, folder)
    if name == "latex":
        from classicseg.bench.reports.latex import latex

        return latex(results, rows, comparisons, against=against).encode()
    from classicseg.bench.reports.markdown import markdown

    return markdown(results, rows, comparisons).encode()
