"""The table of a run, for eyes and as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.speed.measure import Line

_HEAD = ("", "ms", "MiB", "ratio", "floor", "equal output")


def rows(lines: list[Line]) -> list[tuple[str, ...]]:
    """The cells of each line."""
    return [
        (
            line.name,
            _number(line.milliseconds, 4),
            _number(line.mebibytes, 3),
            _number(line.ratio, 3),
            "" if line.floor is None else f"{line.floor:g}" + ("" if line.ratio >= line.floor else " NOT REACHED"),
            line.note if line.check is None else ("yes: " if line.check.passed else "NO: ") + line.check.figure,
        )
        for line in lines
    ]


def markdown(lines: list[Line]) -> str:
    """One table a task."""
    parts = []
    for method, task in dict.fromkeys((line.method, line.task) for line in lines):
        cells = [_HEAD, *rows([line for line in lines if (line.method, line.task) == (method, task)])]
        widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
        table = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in cells
        ]
        table.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        parts.append(f"### {method}: {task}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def write_json(path: Path, lines: list[Line], facts: dict[str, Any]) -> None:
    """All figures with the machine's description; absent ones are null."""
    entries = [{key: _known(value) for key, value in asdict(line).items()} | {"passed": line.passed} for line in lines]
    path.write_text(json.dumps(facts | {"lines": entries}, indent=1) + "\n", encoding="utf-8")


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}g}" if value < 10**digits else f"{value:.0f}"
