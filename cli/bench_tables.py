"""The lines of a benchmark on stdout: as tables, CSV or JSON."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import sys
from typing import Any

import click


def print_rows(rows: list[Any], as_csv: bool, as_json: bool) -> None:
    from classicseg.io.write import plain

    if as_json:
        click.echo(json.dumps([plain(dataclasses.asdict(row)) for row in rows], indent=2))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        fields = [field.name for field in dataclasses.fields(rows[0])]
        writer.writerow(fields)
        for row in rows:
            values = dataclasses.asdict(row) | {"parameters": json.dumps(plain(row.parameters))}
            writer.writerow([values[field] for field in fields])
    else:
        _print_tables(rows)


def _print_tables(rows: list[Any]) -> None:
    """A table for each data set and score."""
    from classicseg_cli.tables import print_table

    tables: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        tables.setdefault((row.dataset, row.metric, row.averaging), []).append(row)
    for (dataset, metric, averaging), own in tables.items():
        header = ["method", f"{metric} ({averaging})", "95 %", "rank", "scored", "pictures", "failed", "s/picture"]
        lines = [
            (
                row.entry,
                row.value,
                _interval(row),
                _known(f"{row.rank:.2f}"),
                row.scored,
                row.pictures,
                row.failed,
                _known(f"{row.seconds:.3g}"),
                _chosen(row),
            )
            for row in own
        ]
        print_table([*header, "chosen"], lines, title=dataset)


def _known(said: str) -> str:
    """Nothing where there is no number: oracles have no rank, and predictions no seconds."""
    return "" if said == "nan" else said


def _interval(row: Any) -> str:
    return "" if math.isnan(row.low) else f"{row.low:.4f} {row.high:.4f}"


def _chosen(row: Any) -> str:
    """How the parameters were chosen, from how many results, and whether the truth was looked at for it."""
    words = [row.chosen, *([f"of {row.family}"] if row.family > 1 else []), *(["oracle"] if row.oracle else [])]
    told = [f"{row.scale}={row.parameters[row.scale]}"] if row.scale in row.parameters else []
    return ": ".join([", ".join(words), *told, *([row.remark] if row.remark else [])])
