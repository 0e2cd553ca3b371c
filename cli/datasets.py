"""`classicseg datasets`: which data sets can be read, and what is wrong with one."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from classicseg_cli.main import DONE, FAILED, help_without_command
from classicseg_cli.options import orientation_option

if TYPE_CHECKING:
    from classicseg.datasets import Reader, Report
    from classicseg.datasets.check import PartReport


@click.group(invoke_without_command=True)
@click.pass_context
def datasets(ctx: click.Context) -> int:
    """Data sets that can be read as they are published; nothing is ever downloaded."""
    return help_without_command(ctx)


@datasets.command("list")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(name: str | None, as_json: bool) -> None:
    """List the data sets that can be read by name, or what is known about one: source and layout."""
    from classicseg.datasets import known_readers
    from classicseg.datasets.lookup import find_reader

    found = known_readers() if name is None else {name: find_reader(name)}
    if as_json:
        click.echo(json.dumps({key: _as_dict(reader) for key, reader in found.items()}, indent=2))
    elif name is None:
        _print_all(found)
    else:
        _print_one(found[name])


@datasets.command()
@click.argument("name")
@click.argument("root", required=False)
@click.option("--split", help="One split; all that are there by default.")
@click.option("--view", help="The way to read the truths.")
@orientation_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def check(
    name: str, root: str | None, split: str | None, view: str | None, orientation: Any, as_json: bool, quiet: bool
) -> int:
    """Read every picture and truth of a data set and say what is there and what is wrong.

    NAME is one of `classicseg datasets list`, or a .toml file that declares a data set; ROOT is the folder that it was
    unpacked in. Exit code 1 if anything is missing, cannot be read, or disagrees in size.
    """
    from classicseg.datasets.check import check_survey, survey_dataset
    from classicseg_cli.tables import progress

    survey = survey_dataset(name, root, split=split, view=view, orientation=orientation)
    with progress(name, len(survey), quiet) as advance:
        report = check_survey(survey, advance)
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(report), "ok": report.ok}, indent=2))
    else:
        _print_report(report)
    return DONE if report.ok else FAILED


def _as_dict(reader: Reader) -> dict[str, Any]:
    hidden = ("name", "function", "find_splits", "options")
    return {each.name: getattr(reader, each.name) for each in dataclasses.fields(reader) if each.name not in hidden}


def _print_all(found: dict[str, Reader]) -> None:
    from classicseg_cli.tables import print_table

    rows = [
        (name, ", ".join(reader.kinds), ", ".join(reader.splits), ", ".join(reader.views), reader.source)
        for name, reader in found.items()
    ]
    print_table(["name", "kinds of truth", "splits", "views", "where it comes from"], rows)
    click.echo("classicseg datasets list NAME tells the layout; classicseg datasets check NAME ROOT checks a folder.")


def _print_one(reader: Reader) -> None:
    from classicseg_cli.tables import print_table

    rows = [
        ("serves", reader.serves),
        ("what", reader.summary),
        ("kinds of truth", ", ".join(reader.kinds)),
        ("splits", _choices(reader.splits, reader.default_split)),
        ("views", _choices(reader.views, reader.default_view)),
        ("where it comes from", reader.source),
        ("layout", "\n".join(reader.layout)),
    ]
    print_table([reader.name, ""], [row for row in rows if row[1]])


def _choices(words: tuple[str, ...], default: str | None) -> str:
    return ", ".join(words) + (f" (default: {default or 'all'})" if words else "")


def _print_report(report: Report) -> None:
    from classicseg_cli.tables import print_table

    rows = [
        (part.split or "all", part.pictures, part.readable, _truths(part), ", ".join(part.kinds), part.void)
        for part in report.parts
    ]
    title = " ".join(filter(None, (report.name, report.root, report.view and f"view {report.view}")))
    print_table(["split", "pictures", "readable", "truths each", "kind", "void share"], rows, title=title)
    for split in report.absent:
        click.echo(f"{split}: no pictures with truths of this split are there")
    for part in report.parts:
        _print_problems(part)
    click.echo("all is well" if report.ok else "not all is well")


def _print_problems(part: PartReport) -> None:
    if not part.pictures and not part.missing:
        click.echo(f"{part.split or 'all'}: no pictures")
    for what in ("missing", "sizes", "unreadable", "remarks"):
        lines = getattr(part, what)
        title = {"sizes": "of different sizes", "remarks": "remarks (no error)"}.get(what, what)
        if lines:
            click.echo(f"{part.split or 'all'}: {len(lines)} {title}")
        for line in lines:
            click.echo(f"  {line}")


def _truths(part: PartReport) -> str:
    if part.truths is None:
        return ""
    low, high = part.truths
    return str(low) if low == high else f"{low} to {high}"
