"""`classicseg run`: segment pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain
from classicseg_cli.options import (
    MethodCommand,
    MethodType,
    data_range_option,
    method_parameters,
    settings,
)


@click.command(cls=MethodCommand)
@click.argument("inputs", nargs=-1, required=True, metavar="PICTURE...")
@click.option("-m", "--method", type=MethodType(), default="meanshift", show_default=True, help="A method or preset.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder to write to."
)
@click.option(
    "--format", type=click.Choice(["png", "tiff", "npy"]), default="png", show_default=True, help="Of the label map."
)
@click.option(
    "--set", "pairs", multiple=True, callback=settings, metavar="NAME=VALUE", help="A parameter of the method."
)
@click.option(
    "--mean-colour", "--mean-color", "mean_color", is_flag=True, help="Also write each label in its mean colour."
)
@click.option(
    "--hierarchy",
    is_flag=True,
    help="Also write how segments merge, up to the whole picture: img_METHOD_hierarchy.npz, and img_METHOD_ucm.png.",
)
@click.option(
    "--segments",
    type=click.IntRange(min=1),
    metavar="N",
    help="The label map is the finest cut of the hierarchy with at most N segments; parts of a mask stay apart.",
)
@click.option(
    "--level",
    type=float,
    metavar="T",
    help="The label map is the cut of the hierarchy at the altitude T, from 0 (its finest segments) to 1 (one).",
)
@data_range_option
@click.option(
    "--color",
    type=click.Choice(["rgb", "bgr", "rgba", "multiband"]),
    help="What the channels mean, if the file does not tell.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads to compute with; one a core by default.")
@click.option("--overwrite", is_flag=True, help="Compute anew what is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print each record as a line of JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def run(
    inputs: tuple[str, ...],
    method: str,
    output: Path,
    format: str,
    pairs: dict[str, str],
    mean_color: bool,
    hierarchy: bool,
    segments: int | None,
    level: float | None,
    data_range: Any,
    color: str | None,
    threads: int | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **given: Any,
) -> int:
    """Segment pictures and write, for img.jpg, img_METHOD_labels.png, img_METHOD_overlay.png and img_METHOD.json.

    PICTURE is a file, a folder, a glob pattern, sample:NAME for a photograph that scikit-image installs, or - for
    stdin, whose label map goes to stdout. `classicseg run --method NAME --help` lists the options of a method.
    """
    from classicseg.batch import Settings
    from classicseg.jobs import collect
    from classicseg.registry import make

    parameters, cut = _with_cut(method, method_parameters(method, given, pairs), _cut(segments, level))
    how = Settings(
        segmenter=make(method, **parameters),
        name=method,
        folder=output,
        call={"data_range": data_range, "color": color},
        format=format,
        mean_color=mean_color,
        hierarchy=hierarchy,
        cut=cut,
        overwrite=overwrite,
        threads=threads,
    )
    if "-" in inputs:
        if len(inputs) > 1 or as_json or mean_color or hierarchy or output != Path():
            raise click.UsageError(
                "'-' writes the label map to stdout; it goes with no other input, -o, --json, --mean-colour "
                "or --hierarchy."
            )
        return _stream(how, quiet)
    if verbose:
        complain(repr(how.segmenter))
    return _batch(collect(inputs), how, as_json, quiet)


def _cut(segments: int | None, level: float | None) -> dict[str, Any]:
    """How the label map is cut out of the hierarchy, if it is."""
    if segments is not None and level is not None:
        raise click.UsageError("--segments and --level are two ways to cut the hierarchy; give one of them.")
    if level is not None and not 0 <= level <= 1:
        raise click.UsageError(f"--level {level:g} is not allowed; altitudes lie from 0 to 1. Try --level 0.5.")
    if segments is not None:
        return {"n_segments": segments}
    return {} if level is None else {"threshold": level}


def _with_cut(method: str, own: dict[str, Any], cut: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and cut: of a method whose label map is a cut by itself, the cut is two of its parameters."""
    from classicseg.parameters import declared
    from classicseg.registry import resolve

    names = {"threshold": "level", "n_segments": "n_segments"}
    if not cut or not set(names.values()) <= declared(resolve(method)[0]).keys():
        return own, cut
    twice = sorted(own.keys() & names.values())
    if twice:
        raise click.UsageError(f"--segments and --level are n_segments and level of {method}; {twice[0]} is given too.")
    return own | {names[how]: value for how, value in cut.items()}, {}


def _batch(jobs: list[Any], how: Any, as_json: bool, quiet: bool) -> int:
    from classicseg.batch import process
    from classicseg.errors import DependencyError, ImageError, MemoryLimitError, PluginError
    from classicseg_cli.tables import progress

    failed = 0
    with progress(how.name, len(jobs), quiet) as advance:
        for job in jobs:
            try:
                outcome = process(job, how)
            except (ImageError, MemoryLimitError, PluginError, DependencyError, OSError) as error:
                failed += 1
                where = "" if job.source in str(error) else f"{job.source}: "
                complain(f"{where}{error}")
            else:
                if as_json or not quiet:
                    print(_line(outcome, as_json))
            advance()
    if not failed:
        return DONE
    return FAILED if failed == len(jobs) else PARTLY_FAILED


def _line(outcome: Any, as_json: bool) -> str:
    record = outcome.record
    if as_json:
        import json

        from classicseg.io.write import plain

        return json.dumps(plain(record))
    labels = f"{record['labels']} label{'s' if record['labels'] != 1 else ''}"
    how_long = "kept from before (--overwrite computes it anew)" if outcome.kept else f"{record['seconds']:.2f} s"
    line = f"{record['input']}: {record['name']}, {labels}, {how_long} -> {outcome.labels}"
    return line.encode("utf-8", "backslashreplace").decode()  # a file name may hold bytes that are no text


def _stream(how: Any, quiet: bool) -> int:
    """A picture from stdin, its label map to stdout."""
    from classicseg.batch import segment_picture
    from classicseg.io.read import read_picture
    from classicseg.io.write import encode_labels
    from classicseg_cli.tables import progress

    picture = read_picture(sys.stdin.buffer.read(), name="stdin")
    with progress(how.name, 1, quiet):
        labels = segment_picture(picture, how).labels
    data = encode_labels(labels, how.format)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return DONE
