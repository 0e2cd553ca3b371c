"""``python -m benchmarks.speed [METHOD...]``: our kernels beside every installed peer, on one photograph."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.measure import measure
from benchmarks.speed.report import markdown, write_json
from classicseg.bench.machine import machine_facts

METHODS = (
    "threshold",
    "kmeans",
    "gmm",
    "meanshift",
    "quickshift",
    "edges",
    "spectral",
    "felzenszwalb",
    "watershed",
    "slic",
    "nuclei",
    "merging",
    "road",
)
PEERS = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "opencv-python",
    "numba",
    "faiss-cpu",
    "pyamg",
    "higra",
    "networkx",
    "fast-slic",
)
_HEIGHT, _WIDTH = 321, 481


@click.command()
@click.argument("methods", nargs=-1, type=click.Choice(METHODS))
@click.option(
    "--picture", type=click.Path(exists=True, path_type=Path), help="A photograph; else one of BSDS500 or coffee."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures here.")
def main(methods: tuple[str, ...], picture: Path | None, json_path: Path | None) -> None:
    """Measure METHODS (all of them by default); the exit code is 1 where a floor or a check is not met."""
    name, pixels = photograph(picture)
    facts = machine_facts(*PEERS) | {"picture": name, "height": pixels.shape[0], "width": pixels.shape[1]}
    click.echo("\n".join(f"{key}: {value}" for key, value in facts.items()) + "\n")
    lines = []
    for method in methods or METHODS:
        for case in importlib.import_module(f"benchmarks.speed.{method}").cases(pixels):
            measured = measure(case)
            click.echo(markdown(measured))
            lines += measured
    if json_path is not None:
        write_json(json_path, lines, facts)
    short = [line for line in lines if not line.passed]
    click.echo(f"{len(lines)} lines, {len(short)} short of a floor or a check")
    sys.exit(1 if short else 0)


def photograph(path: Path | None) -> tuple[str, NDArray[np.uint8]]:
    """The photograph's name and its RGB samples: 481 x 321 if no other is asked for."""
    from skimage import data, io

    if path is not None:
        return path.name, io.imread(path)
    root = os.environ.get("CLASSICSEG_DATA")
    if root:
        file = Path(root) / "BSDS500" / "data" / "images" / "val" / "101085.jpg"
        if file.exists():
            return f"BSDS500 val {file.stem}", io.imread(file)
    return "coffee of scikit-image, cut", np.ascontiguousarray(data.coffee()[:_HEIGHT, :_WIDTH])


if __name__ == "__main__":
    main()
