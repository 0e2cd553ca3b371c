"""`classicseg bench`: methods over a data set, scored."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import click

from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain
from classicseg_cli.options import (
    MethodType,
    averaging_option,
    data_range_option,
    foreground_option,
    settings,
    sweep,
    truth_option,
)


@click.command()
@click.argument("dataset", required=False)
@click.option(
    "-m",
    "--method",
    "names",
    multiple=True,
    type=MethodType(),
    help="A method or preset; may be repeated. All by default.",
)
@click.option("--metric", default="iou.hungarian", show_default=True, help="The score, measure.protocol.")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of pictures, with --masks instead of DATASET.")
@click.option("--masks", type=click.Path(path_type=Path), help="Folder of truths, matched by stem.")
@truth_option
@foreground_option
@data_range_option
@click.option("--split", help="The split of a data set that has several, such as train or val.")
@click.option("--view", help="The way to read the truths of a data set that has several, such as instances.")
@click.option(
    "--set", "pairs", multiple=True, callback=settings, metavar="METHOD.NAME=VALUE", help="A parameter of one method."
)
@averaging_option
@click.option(
    "--sweep",
    callback=sweep,
    metavar="NAME=V1,V2,...",
    help="Score one method at several values of a numerical parameter: the best for all, and for each picture.",
)
@click.option("--train", help="With --sweep: the split of DATASET on which the value that is reported first is chosen.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads to compute with; one a core by default.")
@click.option("--csv", "as_csv", is_flag=True, help="Print as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def bench(
    dataset: str | None,
    names: tuple[str, ...],
    metric: str,
    images: Path | None,
    masks: Path | None,
    kind: Any,
    foreground: Any,
    data_range: Any,
    split: str | None,
    view: str | None,
    pairs: dict[str, str],
    averaging: Any,
    sweep: tuple[str, list[float]] | None,
    train: str | None,
    threads: int | None,
    as_csv: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Score methods over a data set: mean of a named score, pictures, seconds a picture.

    DATASET is "scenes", the made scenes that ship with classicseg; NAME:ROOT, such as bsds500:PATH, a folder in the
    layout of a known data set ('classicseg datasets list'); a .toml file that declares one; or a folder that holds
    images|image and labels|masks|label.
    """
    from classicseg.bench import Entry, PictureScore, run_benchmark, run_sweep
    from classicseg.registry import methods
    from classicseg_cli.tables import progress

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other.")
    if train is not None and (sweep is None or dataset is None):
        raise click.UsageError("--train belongs to --sweep and a DATASET with splits.")
    if sweep is not None and len(names) != 1:
        raise click.UsageError("--sweep takes one --method.")
    if sweep is not None and f"{names[0]}.{sweep[0]}" in pairs:
        raise click.UsageError(f"--set {names[0]}.{sweep[0]} and --sweep both set {sweep[0]}. Leave one of them out.")
    data = _open(dataset, images, masks, kind, data_range, split, view)
    others = None if train is None else _open(dataset, images, masks, kind, data_range, train, view)
    if others is not None and others.name == data.name:
        raise click.UsageError(f"--train {train} is the split that is reported. Name another, or leave it out.")
    entries = [Entry(name, segmenter) for name, segmenter in _segmenters(names or tuple(methods()), pairs).items()]
    _tell_of_joined_objects(entries, metric)
    total = len(data) * len(entries) + (0 if others is None else len(others))
    with progress(data.name, total, quiet) as advance:

        def tell(result: PictureScore) -> None:
            if result.error:
                complain(f"{result.picture}: {result.method}: {result.error}")
            advance()

        options: dict[str, Any] = {
            "averaging": averaging,
            "foreground": foreground,
            "threads": threads,
            "advance": tell,
        }
        if sweep is None:
            rows = run_benchmark(data, entries, metric, **options)
        else:
            rows = run_sweep(data, entries[0], *sweep, metric, train=others, **options)
    _print(rows, data.name, None if sweep is None else sweep[0], as_csv, as_json)
    failed = sum(row.failed for row in rows)
    if not failed:
        return DONE
    return FAILED if failed == sum(row.pictures for row in rows) else PARTLY_FAILED


def _open(
    dataset: str | None,
    images: Path | None,
    masks: Path | None,
    kind: Any,
    data_range: Any,
    split: str | None,
    view: str | None,
) -> Any:
    from classicseg.datasets import folder_pairs, open_dataset

    if dataset is not None and images is None and masks is None:
        return open_dataset(dataset, kind=kind, data_range=data_range, split=split, view=view)
    if dataset is not None or images is None or masks is None:
        raise click.UsageError("Give either a DATASET, or both --images and --masks.")
    if split is not None or view is not None:
        raise click.UsageError("--split and --view belong to a DATASET, not to --images and --masks.")
    if kind is None:
        raise click.UsageError("Say with --truth what the values of the truths mean: binary, classes or instances.")
    return folder_pairs(images, masks, kind, data_range=data_range)


def _tell_of_joined_objects(entries: list[Any], metric: str) -> None:
    """Where objects are scored, say which methods would give all foreground as one."""
    joined = [each.name for each in entries if each.segmenter.makes == "classes" and not each.segmenter.connected]
    if joined and metric.startswith(("instance.", "pq.", "sq.", "rq.")):
        complain(
            f"{', '.join(joined)}: makes classes, so that all objects of a class are one to {metric}. "
            f"--set {joined[0]}.connected=true parts them."
        )


def _segmenters(names: tuple[str, ...], pairs: dict[str, str]) -> dict[str, Any]:
    from classicseg.registry import make
    from classicseg_cli.options import method_parameters

    given: dict[str, dict[str, str]] = {name: {} for name in names}
    for key, text in pairs.items():
        method, _, field = key.partition(".")
        if method not in given or not field:
            raise click.UsageError(
                f"--set {key}: say METHOD.NAME=VALUE, with a method of this run ({', '.join(given)})."
            )
        given[method][field] = text
    return {name: make(name, **method_parameters(name, {}, fields)) for name, fields in given.items()}


def _print(rows: list[Any], title: str, swept: str | None, as_csv: bool, as_json: bool) -> None:
    from classicseg.io.write import plain

    if as_json:
        click.echo(json.dumps([plain(dataclasses.asdict(row)) for row in rows], indent=2))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        fields = [field.name for field in dataclasses.fields(rows[0])]
        writer.writerow(fields)
        for row in rows:
            values = dataclasses.asdict(row) | {"parameters": json.dumps(plain(row.parameters))}
            writer.writerow([values[field] for field in fields])
    else:
        from classicseg_cli.tables import print_table

        header = [
            "method",
            f"{rows[0].metric} ({rows[0].averaging})",
            "scored",
            "pictures",
            "failed",
            "s/picture",
            "chosen",
        ]
        print_table(
            header,
            [
                (row.method, row.value, row.scored, row.pictures, row.failed, row.seconds, _chosen(row, swept))
                for row in rows
            ],
            title=title,
        )


def _chosen(row: Any, swept: str | None) -> str:
    """How the parameters were chosen, from how many results, and whether the truth was looked at for it."""
    words = [row.chosen, *([f"of {row.family}"] if row.family > 1 else []), *(["oracle"] if row.oracle else [])]
    return ", ".join(words) + ("" if swept is None else f": {swept}={row.parameters[swept]}")
