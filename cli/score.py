"""`classicseg score`: label maps against ground truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain
from classicseg_cli.options import foreground_option, truth_option


@click.command()
@click.argument("prediction", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@truth_option
@foreground_option
@click.option("--void", type=int, metavar="VALUE", help="Truth value of pixels that no score counts, such as 255.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def score(prediction: Path, truth: Path, kind: Any, foreground: Any, void: int | None, as_json: bool) -> int:
    """Print the IoU of label maps under its protocol names.

    PREDICTION and TRUTH are two files, or two folders whose files are matched by stem; img_METHOD_labels.png, as
    `classicseg run` writes it, belongs to img. --truth says what the values of the truth mean (classes by default).
    """
    from classicseg.bench.pairs import match_label_maps, score_pair
    from classicseg.errors import ImageError
    from classicseg.metrics import mean_score

    pairs = match_label_maps(prediction, truth)
    found: dict[str, dict[str, float]] = {}
    for name, predicted_path, truth_path in pairs:
        try:
            found[name] = score_pair(predicted_path, truth_path, kind or "classes", foreground, void)
        except (ImageError, OSError) as error:
            complain(f"{name}: {error}")
    if not found:
        return FAILED
    metrics = list(next(iter(found.values())))
    means = {metric: mean_score(row[metric] for row in found.values()) for metric in metrics}
    _print(found, means, as_json)
    return DONE if len(found) == len(pairs) else PARTLY_FAILED


def _print(found: dict[str, dict[str, float]], means: dict[str, tuple[float, int]], as_json: bool) -> None:
    from classicseg.io.write import plain
    from classicseg.metrics import scores

    if as_json:
        mean = {metric: {"value": value, "scored": count} for metric, (value, count) in means.items()}
        oracles = [metric for metric in means if scores()[metric].oracle]
        click.echo(json.dumps(plain({"pictures": found, "mean": mean, "oracles": oracles}), indent=2))
        return
    from classicseg_cli.tables import print_table

    if len(found) == 1:
        marked = {_marked(metric): value for metric, value in next(iter(found.values())).items()}
        print_table(["score", "value"], list(marked.items()))
        return
    rows = [[name, *values.values()] for name, values in found.items()]
    rows.append([f"mean of {len(found)}", *(value for value, _ in means.values())])
    print_table(["picture", *map(_marked, means)], rows)


def _marked(metric: str) -> str:
    from classicseg.metrics import scores

    return f"{metric} (oracle)" if scores()[metric].oracle else metric
