"""`classicseg scores`: list the scores."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from classicseg.metrics import Score


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def scores(as_json: bool) -> None:
    """List all scores: name, range, which values are better, truths they apply to, protocol and paper."""
    from classicseg.metrics import scores as all_scores
    from classicseg_cli.tables import print_table

    found = all_scores()
    if as_json:
        click.echo(json.dumps({name: _as_dict(each) for name, each in found.items()}, indent=2))
        return
    columns = ["score", "range", "better", "truth", "what", "paper"]
    print_table(columns, [row_of(each) for each in found.values()])
    click.echo("An IoU threshold other than the one after @ can be given: instance.f1@0.75.")


def row_of(score: Score) -> tuple[str, str, str, str, str, str]:
    """What the table says of a score."""
    low, high = (f"{end:g}" if math.isfinite(end) else "inf" for end in score.range)
    what = f"{score.help} (oracle)" if score.oracle else score.help
    return score.name, f"{low}..{high}", score.best, ", ".join(score.kinds), what, score.paper


def _as_dict(score: Score) -> dict[str, Any]:
    from classicseg.io.write import plain

    return plain(
        {
            "range": score.range,
            "best": score.best,
            "kinds": score.kinds,
            "help": score.help,
            "paper": score.paper,
            "oracle": score.oracle,
            "pools": score.pools,
            "costly": score.costly,
        }
    )
