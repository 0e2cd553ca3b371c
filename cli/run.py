"""`classicseg run`: segment pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classicseg_cli.interrupts import listening
from classicseg_cli.main import DONE, FAILED, PARTLY_FAILED, complain, words_of
from classicseg_cli.options import (
    MethodCommand,
    MethodType,
    data_range_option,
    method_parameters,
    settings,
)
from classicseg_cli.run_options import model_options, reading_options, wanted, writing_options

if TYPE_CHECKING:
    from classicseg.batch import Outcome, Settings
    from classicseg.jobs import Job


@click.command(cls=MethodCommand)
@click.argument("inputs", nargs=-1, required=True, metavar="PICTURE...")
@click.option("-m", "--method", type=MethodType(), default="meanshift", show_default=True, help="A method or preset.")
@click.option(
    "--set", "pairs", multiple=True, callback=settings, metavar="NAME=VALUE", help="A parameter of the method."
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
@writing_options
@reading_options
@data_range_option
@click.option(
    "--color",
    type=click.Choice(["rgb", "bgr", "rgba", "multiband"]),
    help="What the channels mean, if the file does not tell.",
)
@model_options
@click.option("--threads", type=click.IntRange(min=1), help="Threads to compute with; one a core by default.")
@click.option("--force", is_flag=True, help="Run even where it may take more memory than this machine has.")
@click.option("--overwrite", is_flag=True, help="Compute anew what is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print each record as a line of JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def run(
    ctx: click.Context,
    inputs: tuple[str, ...],
    method: str,
    pairs: dict[str, str],
    segments: int | None,
    level: float | None,
    output: Path,
    orientation: str,
    page: int,
    bands: tuple[int, ...] | None,
    data_range: Any,
    color: str | None,
    threads: int | None,
    force: bool,
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
    from classicseg.memory import forced

    files = wanted(given)
    if "-" in inputs and (len(inputs) > 1 or as_json or files.kinds or output != Path()):
        raise click.UsageError(
            "'-' writes the label map to stdout; it goes with no other input, -o, --json, or option that writes "
            "another file (--mean-colour, --hierarchy, ...)."
        )
    how = Settings(
        folder=output,
        call={"data_range": data_range, "color": color},
        reading={"orientation": orientation, "page": page, "bands": bands},
        wanted=files,
        overwrite=overwrite,
        threads=threads,
        **_method(ctx, method, given, pairs, _cut(segments, level)),
    )
    with forced() if force else nullcontext():
        how = _with_model(how, given["fit_on"], given["save_model"], quiet)
        if verbose:
            complain(repr(how.segmenter))
        return _stream(how, quiet) if "-" in inputs else _batch(collect(inputs), how, as_json, quiet)


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


def _method(
    ctx: click.Context, method: str, given: dict[str, Any], pairs: dict[str, str], cut: dict[str, Any]
) -> dict[str, Any]:
    """The segmenter, its name and the cut: of a method with its parameters, or of a model that was saved."""
    from classicseg.registry import make

    file, fit_on = given["model"], given["fit_on"]
    if given["save_model"] and not fit_on:
        raise click.UsageError("--save-model keeps what --fit-on learns; give both.")
    if file is None:
        own, cut = _with_cut(method, method_parameters(method, given, pairs), cut)
        return {"segmenter": make(method, **own), "name": method, "cut": cut}
    said = ctx.get_parameter_source("method") != click.core.ParameterSource.DEFAULT
    if fit_on or said or method_parameters(method, given, pairs):
        raise click.UsageError(
            "--model holds a method with its parameters; give none of these beside it, nor --fit-on."
        )
    from classicseg import load_model

    model = load_model(file)
    return {"segmenter": model, "name": model.name, "cut": cut}


def _with_model(how: Settings, fit_on: tuple[str, ...], file: Path | None, quiet: bool) -> Settings:
    """The same settings with what was learned of the pictures that ``--fit-on`` names, if it does."""
    if not fit_on:
        return how
    from dataclasses import replace

    from classicseg.batch import fit
    from classicseg.jobs import collect
    from classicseg_cli.tables import progress

    jobs = collect(fit_on)
    with progress(f"{how.name}: fit", len(jobs), quiet) as advance:
        model = listening(lambda go_on: fit(jobs, how, go_on, advance))
    if file is not None:
        model.save(file)
    return replace(how, segmenter=model)


def _batch(jobs: list[Job], how: Settings, as_json: bool, quiet: bool) -> int:
    from classicseg.batch import clear, finish, process
    from classicseg.errors import DependencyError, ImageError, ParameterError, PluginError
    from classicseg_cli.tables import progress

    clear(jobs, how)
    done: list[Outcome] = []
    with progress(how.name, len(jobs), quiet) as advance:
        for job in jobs:
            try:
                outcome = listening(_processing(process, job, how))
            except (ImageError, MemoryError, PluginError, DependencyError, ParameterError, OSError) as error:
                if isinstance(error, ParameterError) and len(jobs) == 1:
                    raise  # wrong use
                words = words_of(error)
                complain(words if job.source in words else f"{job.source}: {words}")
            else:
                done.append(outcome)
                if as_json or not quiet:
                    print(_line(outcome, as_json))
            advance()
    whole = len(done) == len(jobs)
    try:
        finish(done, how)
    except OSError as error:
        complain(words_of(error))
        whole = False
    return DONE if whole else PARTLY_FAILED if done else FAILED


def _processing(
    process: Callable[..., Outcome], job: Job, how: Settings
) -> Callable[[Callable[[float], None]], Outcome]:
    return lambda go_on: process(job, how, go_on)


def _line(outcome: Outcome, as_json: bool) -> str:
    record = outcome.record
    if as_json:
        import json

        from classicseg.io.write import plain

        return json.dumps(plain(record))
    labels = f"{record['labels']} label{'s' if record['labels'] != 1 else ''}"
    how_long = "kept from before (--overwrite computes it anew)" if outcome.kept else f"{record['seconds']:.2f} s"
    line = f"{record['input']}: {record['name']}, {labels}, {how_long} -> {outcome.places['labels']}"
    return line.encode("utf-8", "backslashreplace").decode()  # a file name may hold bytes that are no text


def _stream(how: Settings, quiet: bool) -> int:
    """A picture from stdin, its label map to stdout."""
    from classicseg.batch import segment_picture
    from classicseg.io.read import read_picture
    from classicseg.io.write import encode_labels
    from classicseg_cli.tables import progress

    picture = read_picture(sys.stdin.buffer.read(), name="stdin", **how.reading)
    with progress(how.name, 1, quiet):
        labels = listening(lambda go_on: segment_picture(picture, how, go_on)).labels
    data = encode_labels(labels, how.wanted.format, geo=picture.geo, threads=how.threads)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return DONE
