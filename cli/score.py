"""`classicseg score`: label maps against ground truth."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain
from classicseg_cli.options import averaging_option, foreground_option, orientation_option, truth_option

if TYPE_CHECKING:
    from classicseg.bench.pairs import PairScores

_COLUMNS_AT_MOST = 5  # with more scores a table has a row a score, and pictures are left to --json


@click.command()
@click.argument("prediction", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@truth_option
@click.option(
    "--metric",
    "names",
    multiple=True,
    help="A score, measure.protocol; may be repeated. All but matched boundaries by default.",
)
@averaging_option
@foreground_option
@orientation_option
@click.option("--void", type=int, metavar="VALUE", help="Truth value of pixels that no score counts, such as 255.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def score(
    prediction: Path,
    truth: Path,
    kind: Any,
    names: tuple[str, ...],
    averaging: Any,
    foreground: Any,
    orientation: str,
    void: int | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Print scores of label maps under their protocol names; 'classicseg scores' lists them.

    PREDICTION and TRUTH are two files, or two folders whose files are matched by stem; img_METHOD_labels.png, as
    `classicseg run` writes it, belongs to img. --truth says what the values of the truth mean (classes by default).
    """
    from classicseg.bench.pairs import match_label_maps, score_pairs, without_prediction
    from classicseg.io.orientation import orientation_ignored
    from classicseg_cli.tables import progress

    pairs = match_label_maps(prediction, truth)
    missing = without_prediction(pairs, truth)
    if missing:
        some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        complain(f"{len(missing)} truths have no prediction and are not in the scores: {some}")
    read = orientation_ignored() if orientation == "ignore" else nullcontext()
    with progress("score", len(pairs), quiet) as advance, read:
        found = score_pairs(
            pairs,
            names,
            kind or "classes",
            averaging=averaging,
            foreground=foreground,
            void=void,
            advance=advance,
        )
    for name, error in found.failed.items():
        complain(f"{name}: {error}")
    if not found.pictures:
        return FAILED
    if as_json:
        said = {"averaging": averaging, "truth": kind or "classes", "foreground": foreground, "void": void}
        said["missing"] = missing
        click.echo(json.dumps(_as_dict(found, said), indent=2))
    else:
        _print(found, averaging)
    return PARTLY_FAILED if found.failed or missing else DONE


def _print(found: PairScores, averaging: str) -> None:
    from classicseg_cli.tables import print_table

    marked = {each.name: f"{each.name} (oracle)" if each.oracle else each.name for each in found.chosen}
    if len(found.pictures) == 1:
        (values,) = found.pictures.values()
        print_table(["score", "value"], [(marked[name], value) for name, value in values.items()])
    elif len(found.chosen) <= _COLUMNS_AT_MOST:
        rows = [[name, *values.values()] for name, values in found.pictures.items()]
        rows.append([f"{averaging} of {len(found.pictures)}", *(value for value, _ in found.overall.values())])
        print_table(["picture", *marked.values()], rows)
    else:
        rows = [[marked[name], value, scored] for name, (value, scored) in found.overall.items()]
        print_table(["score", averaging, "scored"], rows, title=f"{len(found.pictures)} pictures")


def _as_dict(found: PairScores, said: dict[str, Any]) -> Any:
    from classicseg.io.write import plain

    overall = {name: {"value": value, "scored": count} for name, (value, count) in found.overall.items()}
    oracles = [each.name for each in found.chosen if each.oracle]
    return plain(
        said | {"pictures": found.pictures, said["averaging"]: overall, "failed": found.failed, "oracles": oracles}
    )
