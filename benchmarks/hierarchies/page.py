"""The pages of the results: what was done, in words, around the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.hierarchies import report
from benchmarks.hierarchies.figures import Claim, Scored
from benchmarks.hierarchies.scoring import UNIT, UNIT_FOR_BOUNDARIES

_ODS = "ODS, OIS and best are oracles: they choose the scale on the pictures that they score."


def table_page(rows: Sequence[Scored], figures: report.Found, claims: Sequence[Claim], facts: dict[str, Any]) -> str:
    """`hierarchies.md`."""
    return _page(
        "# Hierarchies on BSDS500 val",
        _made(facts),
        f"{facts['val']} pictures of val. Scales were chosen on {facts['train']} pictures of train, those of a peer on "
        "the pictures that its line names. Covering is pooled over truths and pictures as BSDS500 has it; PRI and VI "
        f"are means over pictures. Our hierarchies are cut at {len(UNIT)} altitudes, (i/{len(UNIT)})², the same for "
        "all methods and pictures; Higra's at 200 values of their attribute, by equal factors; of the other peers one "
        f"parameter is the scale. Boundaries are matched at {len(UNIT_FOR_BOUNDARIES)} thresholds, "
        f"(i/{len(UNIT_FOR_BOUNDARIES) + 1})² (Higra's at 25, the others' at all of their scales), and F is "
        f"interpolated between them. {_ODS} *At train's scale* is no oracle. "
        f"{_intervals(facts)} {_seconds(rows, facts)}",
        report.main_table(rows, figures),
        "## Differences",
        "Covering ODS of two rows on the same pictures, by paired bootstrap over pictures. The p-values (of two sides) "
        "are corrected by Holm for all lines of this table; where that gives .05 or more, no difference is claimed.",
        report.claims_table(claims),
        _skipped(facts),
    )


def ablation_page(
    whole: Scored, variants: Sequence[Scored], figures: report.Found, claims: Sequence[Claim], facts: dict[str, Any]
) -> str:
    """`ablation.md`."""
    return _page(
        "# What each part of the whole road adds",
        _made(facts),
        f"`{whole.name}` and changes of it, one at a time, on {facts['val']} pictures of BSDS500 val, cut at "
        f"{len(UNIT)} altitudes. {_ODS} {_intervals(facts)} Differences are those to the first line, by paired "
        "bootstrap; their p-values are corrected by Holm for all lines of this table.",
        report.ablation_table(whole, variants, figures, claims),
        _skipped(facts),
    )


def _page(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _made(facts: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if version)
    return (
        f"Made by `python -m benchmarks.hierarchies` on {facts['date']}, {facts['processor']}, {facts['usable_cores']} "
        f"cores, Python {facts['python']}, {versions}."
    )


def _intervals(facts: dict[str, Any]) -> str:
    return (
        f"Intervals in brackets are 95 %, BCa, by bootstrap over pictures: {facts['resamples']} resamples, in each of "
        "which the scale is chosen anew."
    )


def _seconds(rows: Sequence[Scored], facts: dict[str, Any]) -> str:
    counts = sorted({len(row.seconds) for row in rows if row.seconds})
    if not counts:
        return "Seconds were not measured."
    threads = "threads as by default" if facts["threads"] is None else f"{facts['threads']} threads"
    return (
        f"Seconds are medians of {' or '.join(map(str, counts))} pictures, measured in this run, one call after "
        f"another: from an array in memory to the hierarchy, or of a peer that has none to one label map; {threads}."
    )


def _skipped(facts: dict[str, Any]) -> str:
    why = "; ".join(f"{name} ({reason})" for name, reason in facts["skipped"].items())
    return f"Skipped: {why}." if why else ""
