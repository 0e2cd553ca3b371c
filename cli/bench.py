"""`classicseg bench`: methods and predictions over data sets, scored."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from classicseg_cli.bench_inputs import (
    chosen_names,
    method_entries,
    open_all,
    panel_of,
    panels_of_suite,
    refuse_others,
    tuned_entries,
)
from classicseg_cli.bench_tables import print_rows
from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain
from classicseg_cli.options import (
    MethodType,
    averaging_option,
    data_range_option,
    foreground_option,
    named_folders,
    orientation_option,
    settings,
    sweeps,
    truth_option,
    workers_option,
)

_WITH_SUITE = ("suite", "data", "names", "output", "workers", "overlays", "as_csv", "as_json", "quiet")


@click.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option(
    "-m",
    "--method",
    "names",
    multiple=True,
    type=MethodType(),
    help="A method or preset; may be repeated. All by default, where nothing else says what is run.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    default=("iou.hungarian",),
    show_default=True,
    metavar="NAME[:mean|pooled]",
    help="A score, measure.protocol, and how pictures are averaged if not by --averaging; may be repeated.",
)
@click.option("--images", type=click.Path(path_type=Path), help="Folder of pictures, with --masks instead of DATASET.")
@click.option("--masks", type=click.Path(path_type=Path), help="Folder of truths, matched by stem.")
@truth_option
@foreground_option
@data_range_option
@orientation_option
@click.option("--split", help="The split of a data set that has several, such as train or val.")
@click.option("--view", help="The way to read the truths of a data set that has several, such as instances.")
@click.option(
    "--set", "pairs", multiple=True, callback=settings, metavar="METHOD.NAME=VALUE", help="A parameter of one method."
)
@averaging_option
@click.option(
    "--sweep",
    "grid",
    multiple=True,
    callback=sweeps,
    metavar="METHOD.NAME=V1,V2,...",
    help="A family: the method at each of these values; several make a grid. Of one --method, NAME is enough.",
)
@click.option("--train", help="With --sweep: the split on which the member is chosen that is reported first.")
@click.option(
    "--params",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Tuned parameters that 'classicseg tune' wrote; with --method, those of these methods alone.",
)
@click.option(
    "--allow-tuned-on-reported",
    is_flag=True,
    help="Report parameters on the very pictures they were tuned on; the table says so.",
)
@click.option(
    "--predictions",
    "predicted",
    multiple=True,
    callback=named_folders,
    metavar="NAME=FOLDER",
    help="Label maps of another program (PNG, TIFF, NPY, .mat with segs or ucm2, COCO results); may be repeated.",
)
@click.option("--suite", help="A suite by name or by its TOML file: data sets, scores, methods and tuning.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CLASSICSEG_DATA",
    help="With --suite: the folder that holds the data sets; CLASSICSEG_DATA by default.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of the tables, and of what is kept, so that a run that was stopped goes on.",
)
@workers_option
@click.option("--overlays/--no-overlays", default=True, help="Keep small pictures of all results, for reports.")
@click.option("--csv", "as_csv", is_flag=True, help="Print as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def bench(
    datasets: tuple[str, ...],
    names: tuple[str, ...],
    metrics: tuple[str, ...],
    images: Path | None,
    masks: Path | None,
    kind: Any,
    foreground: Any,
    data_range: Any,
    orientation: str,
    split: str | None,
    view: str | None,
    pairs: dict[str, str],
    averaging: Any,
    grid: dict[str, list[str]],
    train: str | None,
    files: tuple[Path, ...],
    allow_tuned_on_reported: bool,
    predicted: dict[str, Path],
    suite: str | None,
    data: Path | None,
    output: Path,
    workers: int | None,
    overlays: bool,
    as_csv: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Score methods over data sets: a named score with its interval, mean rank, seconds a picture.

    Each DATASET is "scenes", the made scenes that ship with classicseg; NAME:ROOT, such as bsds500:PATH, a folder in
    the layout of a known data set ('classicseg datasets list'); a .toml file that declares one; or a folder that holds
    images|image and labels|masks|label.

    Every result is kept in the output folder as soon as it is there. A run that was stopped goes on where it was, and
    nothing is computed twice. 'classicseg report' makes tables and a page of what is there.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other.")
    if suite is not None:
        refuse_others(_WITH_SUITE, "--suite says which data sets, scores and methods")
        panels, problems = panels_of_suite(suite, data, names, output, workers, quiet)
    else:
        problems = 0
        if allow_tuned_on_reported and not files:
            raise click.UsageError("--allow-tuned-on-reported belongs to --params.")
        how = kind, data_range
        opened = open_all(datasets, images, masks, *how, split, view, orientation)
        trains = [None] * len(opened)
        if train:
            trains = open_all(datasets, images, masks, *how, train, view, orientation)
        if train and not (grid or predicted):
            raise click.UsageError("--train belongs to --sweep or --predictions, and a DATASET with splits.")
        chosen = chosen_names(names, files, predicted)
        entries = [*method_entries(chosen, pairs, grid), *tuned_entries(files, names)]
        panels = [
            panel_of(data_set, others, entries, predicted, metrics, averaging, foreground, allow_tuned_on_reported)
            for data_set, others in zip(opened, trains, strict=True)
        ]
    _tell_of_joined_objects(panels)
    code = _run(panels, output, workers, overlays, as_csv, as_json, quiet)
    return PARTLY_FAILED if problems and code == DONE else code


def _run(
    panels: list[Any],
    output: Path,
    workers: int | None,
    overlays: bool,
    as_csv: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    from classicseg.bench.analysis.rows import rows_of
    from classicseg.bench.panels import run_panels
    from classicseg.bench.results import can_write_parquet, write_results
    from classicseg_cli.tables import progress

    names = ", ".join(panel.dataset.name for panel in panels)
    with progress(names, sum(panel.label_maps for panel in panels), quiet) as advance:
        told: set[tuple[str, str, str]] = set()

        def tell(outcome: Any) -> None:
            what = outcome.picture, outcome.entry, outcome.error
            if outcome.error and what not in told:  # once, however large the family
                told.add(what)
                complain(f"{outcome.picture}: {outcome.entry}: {outcome.error}")
            advance()

        results = run_panels(
            panels,
            folder=output,
            workers=workers,
            overlays=overlays,
            advance=tell,
            command=["classicseg", *sys.argv[1:]],
        )
    write_results(results, output)
    if not quiet:
        complain(f"tables -> {output}; 'classicseg report {output}' makes a page of them")
        if not can_write_parquet():
            complain("no scores.parquet, since pyarrow is not installed: pip install 'classicseg[bench]'")
    rows = rows_of(results)
    print_rows(rows, as_csv, as_json)
    failed = sum(bool(run.error) for run in results.runs)
    if not failed:
        return DONE
    return FAILED if failed == len(results.runs) else PARTLY_FAILED


def _tell_of_joined_objects(panels: list[Any]) -> None:
    """Where objects are scored, say which methods would give all foreground as one."""
    for panel in panels:
        metrics = [each.score.name for each in panel.measures]
        objects = [name for name in metrics if name.startswith(("instance.", "pq.", "sq.", "rq."))]
        joined = [
            entry.name
            for entry in panel.entries
            if entry.sources[0].makes == "classes" and not entry.sources[0].parameters.get("connected")
        ]
        if joined and objects:
            complain(
                f"{', '.join(joined)}: makes classes, so that all objects of a class are one to {objects[0]}. "
                f"--set {joined[0]}.connected=true parts them."
            )
            return
