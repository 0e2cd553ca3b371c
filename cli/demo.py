"""`classicseg demo`: all methods on a photograph and on made scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_SCENES_SHOWN = ("shading-2", "touching-2")


@click.command()
@click.argument("picture", default="sample:coffee")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder to write to."
)
@click.option("--scenes/--no-scenes", "with_scenes", default=True, help="Show and score the made scenes too.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def demo(picture: str, output: Path, with_scenes: bool, quiet: bool) -> None:
    """Run all methods on PICTURE (a photograph by default) and on made scenes.

    Prints the IoU of each method on the made scenes and writes classicseg_demo.png, all results side by side.
    """
    from classicseg.bench.demo import compare_methods
    from classicseg.bench.grids import entry_of
    from classicseg.datasets import made_scenes
    from classicseg.io.read import read_picture
    from classicseg.io.write import write_picture
    from classicseg.registry import BUILT_IN
    from classicseg_cli.tables import progress

    scenes = made_scenes() if with_scenes else ()
    shown = [read_picture(picture), *(sample.read_image() for sample in scenes if sample.name in _SCENES_SHOWN)]
    entries = [entry_of(name, name) for name in BUILT_IN]
    with progress("demo", len(entries) * (len(shown) + len(scenes)), quiet) as advance:
        sight = compare_methods(shown, entries, advance)
        rows = _score(scenes, entries, advance) if with_scenes else {}
    if rows:
        _print(rows)
    target = output / "classicseg_demo.png"
    write_picture(target, sight)
    click.echo(f"all results side by side -> {target}")


def _score(scenes: Any, entries: list[Any], advance: Any) -> dict[str, dict[str, float]]:
    """Score by method and scene."""
    from classicseg.bench.run import compute
    from classicseg.metrics import find_score

    found: dict[str, dict[str, float]] = {entry.name: {} for entry in entries}
    score = find_score("iou.hungarian")
    for outcome in compute(scenes, entries, [score], advance=lambda _: advance()).outcomes:
        found[outcome.entry][outcome.picture] = outcome.scores[score.name].value
    return found


def _print(found: dict[str, dict[str, float]]) -> None:
    from classicseg.metrics import mean_score
    from classicseg_cli.tables import print_table

    scenes = list(next(iter(found.values())))
    rows: list[list[Any]] = [[scene, *(found[method][scene] for method in found)] for scene in scenes]
    rows.append(["mean", *(mean_score(values.values())[0] for values in found.values())])
    print_table(["iou.hungarian", *found], rows, title="made scenes, parameters fixed")
