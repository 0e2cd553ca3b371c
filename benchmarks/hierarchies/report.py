"""The tables as Markdown, and all figures as CSV and JSON."""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.hierarchies.figures import Claim, Figure, Scored

Found = dict[tuple[str, str, str], Figure]  # by row, metric, way of choosing

_HEAD = (
    "row",
    "parameters",
    "covering at train's scale",
    "covering ODS",
    "OIS",
    "best",
    "PRI ODS / OIS",
    "VI ODS / OIS",
    "F ODS / OIS, AP",
    "seconds",
)


def by_name(figures: Sequence[Figure]) -> Found:
    """Figures to look up."""
    return {(each.row, each.metric, each.chosen): each for each in figures}


def main_table(rows: Sequence[Scored], figures: Found) -> str:
    """One line a row, ours and the peers', by falling covering at the scale that train chose."""
    ordered = sorted(rows, key=lambda row: -_honest(row, figures))
    return _table(_HEAD, [_line(row, figures) for row in ordered])


def _honest(row: Scored, figures: Found) -> float:
    chosen = "train" if (row.name, "covering", "train") in figures else "ODS"
    return figures[row.name, "covering", chosen].value


def _line(row: Scored, figures: Found) -> tuple[str, ...]:
    def of(metric: str, chosen: str, interval: bool = False) -> str:
        found = figures.get((row.name, metric, chosen))
        return "" if found is None else _number(found, interval)

    name = f"**{row.name}**" if row.kind == "ours" else row.name
    ods = of("covering", "ODS", interval=True)
    if row.aim is not None:
        reached = figures[row.name, "covering", "ODS"].value >= row.aim
        ods += f" (asked: {_short(row.aim, 2)}{'' if reached else ', NOT REACHED'})"
    boundaries = of("boundary.f", "ODS", interval=True)
    if boundaries:
        ap = of("boundary.ap", "all")
        boundaries += f" / {of('boundary.f', 'OIS')}" + (f", {ap}" if ap else "")
    return (
        name,
        parameters(row.parameters) + (f"; {row.note}" if row.note else ""),
        of("covering", "train", interval=True),
        ods,
        of("covering", "OIS"),
        of("covering", "best"),
        f"{of('pri', 'ODS')} / {of('pri', 'OIS')}",
        f"{of('vi', 'ODS')} / {of('vi', 'OIS')}",
        boundaries,
        f"{statistics.median(row.seconds):.3g}" if row.seconds else "",
    )


def parameters(given: dict[str, Any]) -> str:
    """As they stand in a call; 'defaults' where none are given."""
    return ", ".join(f"{name} {value}" for name, value in given.items()) or "defaults"


def claims_table(found: Sequence[Claim]) -> str:
    """Differences of covering ODS with intervals and corrected p-values."""
    head = ("row", "beside", "difference of covering ODS", "p (Holm)", "claim")
    return _table(head, [_claim(each) for each in found])


def _claim(claim: Claim) -> tuple[str, ...]:
    found = claim.found
    words = "none" if not claim.holds else "higher" if found.value > 0 else "lower"
    interval = f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    return claim.row, claim.other, interval, f"{claim.corrected:.2g}", words


def ablation_table(whole: Scored, variants: Sequence[Scored], figures: Found, found: Sequence[Claim]) -> str:
    """What each change costs or gains, beside the whole."""
    head = (
        "change",
        "parameters",
        "covering ODS",
        "OIS",
        "PRI ODS",
        "VI ODS",
        "difference of covering ODS",
        "p (Holm)",
    )
    of = {claim.row: _claim(claim) for claim in found}
    lines = []
    for row in (whole, *variants):
        claim = of.get(row.name, ("", "", "", "", ""))
        own = [_number(figures[row.name, metric, chosen], False) for metric, chosen in (
            ("covering", "ODS"), ("covering", "OIS"), ("pri", "ODS"), ("vi", "ODS"))]  # fmt: skip
        lines.append((row.name, parameters(row.parameters), *own, claim[2], claim[3]))
    return _table(head, lines)


def write_csv(path: Path, figures: Sequence[Figure]) -> None:
    """One line a figure."""
    with path.open("w", newline="", encoding="utf-8") as file:
        names = list(asdict(figures[0]))
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for each in figures:
            writer.writerow({name: _plain(value) for name, value in asdict(each).items()})


def write_json(
    path: Path, facts: dict[str, Any], rows: Sequence[Scored], figures: Sequence[Figure], found: Sequence[Claim]
) -> None:
    """Facts, rows with parameters and seconds, figures, claims."""
    report = facts | {
        "rows": [
            {"row": row.name, "kind": row.kind, "parameters": row.parameters, "seconds": _rounded(row.seconds)}
            | {"note": row.note}
            for row in rows
        ],
        "figures": [{name: _plain(value) for name, value in asdict(each).items()} for each in figures],
        "claims": [
            {"row": each.row, "beside": each.other, **asdict(each.found), "p_holm": each.corrected} for each in found
        ],
    }
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _rounded(seconds: Sequence[float]) -> list[float]:
    return [round(each, 4) for each in seconds]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    return value


def _number(found: Figure, interval: bool) -> str:
    digits = 2 if found.metric == "vi" else 3
    text = _short(found.value, digits)
    if interval and not math.isnan(found.low):
        text += f" [{_short(found.low, digits)}, {_short(found.high, digits)}]"
    return text


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".removeprefix("0")


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
