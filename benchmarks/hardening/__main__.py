"""``python -m benchmarks.hardening``: each command prints its figures; exit code 0 only if all is well."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click


@click.group()
def main() -> None:
    """Try hard to break it."""


@main.command("fuzz")
@click.option("--seconds", default=600.0, show_default=True, help="In all, divided among the targets.")
@click.option("--seed", default=0, show_default=True)
@click.option("--target", "targets", multiple=True, help="Only this target; may be repeated.")
@click.option("--findings", type=click.Path(path_type=Path), default=Path(".benchmarks/hardening/findings"),
              show_default=True, help="Where inputs that break something are kept.")  # fmt: skip
def fuzz_command(seconds: float, seed: int, targets: tuple[str, ...], findings: Path) -> None:
    """Fuzz what reads files, and the scores."""
    from benchmarks.hardening.fuzz.session import fuzz

    _leave(fuzz(seconds, seed, targets, findings.absolute()))


@main.command("bounds")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of compiled loops; one that goes away if none.")
@click.argument("paths", nargs=-1)
def bounds_command(cache: Path | None, paths: tuple[str, ...]) -> None:
    """The small tests (of PATHS, or all) with checked bounds."""
    from benchmarks.hardening.bounds import try_bounds

    _leave(try_bounds(cache, paths))


@main.command("pictures")
@click.option("--pictures", "count", type=click.IntRange(min=1), help="Of each data set, the first so many.")
@click.option("--method", "methods", multiple=True, help="Only this method or preset; may be repeated.")
@click.option("--work", type=click.Path(path_type=Path), default=Path(".benchmarks/hardening"), show_default=True,
              help="Where results are kept, so that a run that was stopped goes on.")  # fmt: skip
@click.option("--processes", default=2, show_default=True)
def pictures_command(count: int | None, methods: tuple[str, ...], work: Path, processes: int) -> None:
    """Every method over the real pictures of CLASSICSEG_DATA."""
    from benchmarks.hardening.pictures import try_pictures

    _leave(try_pictures(work, count, methods, processes))


@main.command("faults")
@click.option("--part", type=click.Choice(["kills", "disks", "interrupts"]), help="Only this part.")
@click.option("--pictures", "count", default=200, show_default=True, help="In the batch that is killed.")
@click.option("--kills", "times", default=10, show_default=True)
@click.option("--method", "methods", multiple=True, help="Interrupt only this method; may be repeated.")
@click.option("--seed", default=0, show_default=True)
def faults_command(part: str | None, count: int, times: int, methods: tuple[str, ...], seed: int) -> None:
    """Kill, starve and interrupt `classicseg run`."""
    from benchmarks.hardening.disks import try_disks
    from benchmarks.hardening.interrupts import try_interrupts
    from benchmarks.hardening.kills import try_kills

    problems: list[str] = []
    if part in (None, "kills"):
        problems += try_kills(count, times, seed)
    if part in (None, "disks"):
        problems += try_disks()
    if part in (None, "interrupts"):
        problems += try_interrupts(methods, seed)
    _leave(problems)


@main.command("all")
@click.option("--seconds", default=600.0, show_default=True, help="Of fuzzing.")
@click.option("--seed", default=0, show_default=True)
@click.pass_context
def all_command(context: click.Context, seconds: float, seed: int) -> None:
    """Everything, one after the other; goes on where something is not well."""
    codes = {}
    for command, given in (
        (bounds_command, {}),
        (faults_command, {"seed": seed}),
        (fuzz_command, {"seconds": seconds, "seed": seed}),
        (pictures_command, {}),
    ):
        print(f"== {command.name}", flush=True)
        try:
            context.invoke(command, **given)
        except SystemExit as leaving:
            codes[command.name] = leaving.code
    print(f"== exit codes: {codes}")
    sys.exit(1 if any(codes.values()) else 0)


def _leave(problems: Iterable[str]) -> None:
    """Say what is not well, and leave with the exit code."""
    found = list(problems)
    for problem in found:
        print(f"NOT WELL: {problem}")
    print("all is well" if not found else f"{len(found)} not well", flush=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
