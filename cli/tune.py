"""`classicseg tune`: search the parameters of methods on training pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain
from classicseg_cli.options import (
    MethodType,
    averaging_option,
    by_method,
    data_range_option,
    foreground_option,
    orientation_option,
    settings,
    truth_option,
    workers_option,
)

if TYPE_CHECKING:
    from classicseg.bench.tuning import Tuning

_SEARCHES = ("random", "grid", "tpe", "halving")


@click.command()
@click.argument("dataset")
@click.option(
    "-m",
    "--method",
    "names",
    multiple=True,
    type=MethodType(),
    help="A method or preset; may be repeated. All methods by default.",
)
@click.option("--metric", default="iou.hungarian", show_default=True, help="The score that is made better.")
@click.option("--split", help="The split to learn from, such as train, of a data set that has several.")
@click.option("--view", help="The way to read the truths of a data set that has several, such as instances.")
@truth_option
@foreground_option
@data_range_option
@orientation_option
@averaging_option
@click.option(
    "--search",
    type=click.Choice(_SEARCHES),
    default="random",
    show_default=True,
    help="How parameters are searched; tpe needs Optuna, by the extra [tune].",
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="Sets of parameters a method, its defaults among them; for halving, the work of so many on all pictures.",
)
@click.option(
    "--pictures",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="So many pictures of the split, drawn by --seed; all where there are no more.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw and of the search.")
@click.option(
    "--space",
    "spaces",
    multiple=True,
    callback=settings,
    metavar="[METHOD.]NAME=V1,V2,...|LOW..HIGH",
    help="Search a parameter among these values or in this range, instead of the declared ones.",
)
@workers_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("tuned.toml"), show_default=True, help="The file."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder where each result is kept, so that the same command goes on where it was stopped.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def tune(
    dataset: str,
    names: tuple[str, ...],
    metric: str,
    split: str | None,
    view: str | None,
    kind: Any,
    foreground: Any,
    data_range: Any,
    orientation: Any,
    averaging: Any,
    search: str,
    budget: int,
    pictures: int,
    seed: int,
    spaces: dict[str, str],
    workers: int | None,
    output: Path,
    results: Path,
    as_json: bool,
    quiet: bool,
) -> int:
    """Search the parameters of methods on training pictures; write the best to a TOML file.

    DATASET is as for 'classicseg bench', which takes the file with --params and refuses to report the pictures that
    were tuned on. The table tells what defaults and best parameters reach on these pictures, how many sets of
    parameters were tried, and the seconds that they took.
    """
    from classicseg.bench.tuning import tune as run_tuning
    from classicseg.bench.tuning import write_params
    from classicseg.datasets import open_dataset
    from classicseg.registry import methods
    from classicseg_cli.tables import progress

    chosen = names or tuple(methods())
    narrowed = by_method(chosen, spaces, "--space")
    data = open_dataset(dataset, kind=kind, data_range=data_range, split=split, view=view, orientation=orientation)
    total = len(set(chosen)) * budget * min(pictures, len(data))
    told: set[tuple[str, str]] = set()
    with progress(f"tuning on {data.name}", total, quiet) as advance:

        def tell(outcome: Any) -> None:
            if outcome.error and (outcome.entry, outcome.error) not in told:
                told.add((outcome.entry, outcome.error))
                complain(f"{outcome.picture}: {outcome.entry}: {outcome.error}")
            advance()

        found = run_tuning(
            data,
            chosen,
            metric,
            averaging=averaging,
            foreground=foreground,
            search=search,
            budget=budget,
            pictures=pictures,
            seed=seed,
            narrowed=narrowed,
            workers=workers,
            folder=results,
            advance=tell,
        )
    for picture, error in found.unreadable.items():
        complain(f"{picture}: left out: {error}")
    for each in found.methods:
        if each.error:
            complain(f"{each.name}: nothing could be chosen: {each.error}")
    done = [each for each in found.methods if not each.error]
    if done:
        write_params(found, output)
        if not quiet:
            complain(f"parameters -> {output}; 'classicseg bench --params {output}' reports them on other pictures")
    _print(found, as_json)
    if not done:
        return FAILED
    return PARTLY_FAILED if found.unreadable or len(done) < len(found.methods) else DONE


def _print(found: Tuning, as_json: bool) -> None:
    from classicseg.io.write import plain

    facts = found.facts
    if as_json:
        rows = [
            {
                "name": each.name,
                "method": each.segmenter.name,
                "parameters": each.segmenter.get_params(),
                "default": each.default,
                "value": each.value,
                "tried": each.tried,
                "failed": each.failed,
                "seconds": each.seconds,
                "error": each.error,
            }
            for each in found.methods
        ]
        click.echo(json.dumps(plain({"tuned": facts, "methods": rows}), indent=2))
        return
    from classicseg_cli.tables import print_table

    print_table(
        ["method", f"default {facts['metric']} ({facts['averaging']})", "best", "tried", "failed", "seconds"],
        [
            (each.name, each.default, each.value, each.tried, each.failed, f"{each.seconds:.1f}")
            for each in found.methods
        ],
        title=f"{facts['dataset']}: {len(facts['pictures'])} pictures, {facts['search']} search, "
        f"budget {facts['budget']}",
    )
