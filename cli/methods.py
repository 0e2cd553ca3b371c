"""`classicseg methods`: list the methods, their presets and parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from classicseg_cli.options import MethodType

if TYPE_CHECKING:
    from classicseg.registry import Method


@click.command()
@click.argument("name", required=False, type=MethodType())
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def methods(name: str | None, as_json: bool) -> None:
    """List all methods and presets, or the parameters of one of them."""
    from classicseg.registry import PRESETS, describe
    from classicseg.registry import methods as all_methods

    found = all_methods() if name is None else {name: describe(PRESETS[name][0] if name in PRESETS else name)}
    if as_json:
        click.echo(json.dumps({key: _as_dict(method) for key, method in found.items()}, indent=2))
    elif name is None:
        _print_all(found)
    else:
        _print_one(name, found[name], PRESETS[name][1] if name in PRESETS else {})


def _as_dict(method: Method) -> dict[str, Any]:
    return {
        "method": method.name,
        "summary": method.summary,
        "makes": method.makes,
        "presets": method.presets,
        "parameters": {name: declaration.as_dict() for name, declaration in method.parameters.items()},
    }


def _print_all(found: dict[str, Method]) -> None:
    from classicseg_cli.tables import print_table

    rows = [(name, method.makes, ", ".join(method.presets), method.summary) for name, method in found.items()]
    print_table(["method", "makes", "presets", "what"], rows)
    click.echo("classicseg methods NAME lists a method's parameters.")


def _print_one(name: str, method: Method, preset: dict[str, Any]) -> None:
    from classicseg_cli.tables import print_table

    click.echo(method.summary)
    if preset:
        said = ", ".join(f"{key}={value!r}" for key, value in preset.items())
        click.echo(f"{name} is a preset of {method.name}: {said}")
    rows = [
        (
            key,
            str(preset.get(key, declaration.default)),
            declaration.unit,
            declaration.allowed,
            "" if declaration.search is None or key in preset else declaration.search.words,
            declaration.help,
        )
        for key, declaration in method.parameters.items()
    ]
    print_table(["parameter", "default", "unit", "allowed", "searched", "what"], rows)
    for key, parameters in method.presets.items():
        click.echo(f"preset {key}: {', '.join(f'{field}={value!r}' for field, value in parameters.items())}")
