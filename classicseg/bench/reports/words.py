"""What stands in words below the tables of results, whatever they are written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from classicseg.bench.analysis.statistics import LEVEL
from classicseg.bench.reports.tables import Section, named
from classicseg.bench.results import Results

ORACLE = "oracle: the truth of the images that are scored was looked at; never ranked with the rest, never in bold"
_WAYS = {
    "fixed": "fixed: parameters as given, the same for all images",
    "train": "train: parameters chosen on other images, by their truth",
    "ODS": "ODS: the one result of the family that is best for this data set",
    "OIS": "OIS: for each image the best result of the family",
    "best": "best: for each true region the best segment of any result of the family",
}


def what_values_are(found: Sequence[Section], level: float = LEVEL) -> str:
    """What the numbers and brackets are."""
    ways = {each["averaging"] for section in found for each in section.metrics}
    words = {
        "mean": "means over the images for which the score is defined",
        "pooled": "the score of the sums over all images",
    }
    if len(ways) == 2:
        values = f"{words['mean']}, or where pooled {words['pooled']}"
    else:
        values = words[ways.pop()]
    return (
        f"Values are {values}; in brackets {100 * level:g} % intervals by BCa bootstrap over images. The best value of "
        "each score is bold."
    )


def what_choices_are(found: Sequence[Section]) -> str:
    """What the words in the column of choices mean, of those that occur."""
    lines = [line for section in found for line in section.lines]
    there = {line.chosen for line in lines}
    told = {way: words for way, words in _WAYS.items() if way in there}
    if any(line.oracle for line in lines if line.chosen == "train"):
        told["train"] += " (but of rows with †, which say in their remarks what they saw)"
    return "; ".join(told.values()) + "."


def has_oracles(found: Sequence[Section]) -> bool:
    """Whether a dagger stands anywhere."""
    return any(
        any(line.oracle for line in section.lines) or any(each["oracle"] for each in section.metrics)
        for section in found
    )


def what_scores_are(found: Sequence[Section]) -> list[str]:
    """A sentence for each score."""
    places: dict[str, dict[str, list[str]]] = {}  # of each score: which label was foreground, on which data sets
    about: dict[str, Mapping[str, Any]] = {}
    for section in found:
        for each in section.metrics:
            about.setdefault(each["name"], each)
            names = places.setdefault(each["name"], {}).setdefault(each["foreground"], [])
            if section.dataset["name"] not in names:  # as a score is that is averaged in both ways
                names.append(section.dataset["name"])
    told = []
    for name, each in about.items():
        grounds = [
            ground + (f" ({', '.join(names)})" if len(places[name]) > 1 else "")
            for ground, names in places[name].items()
            if ground
        ]
        foreground = f", foreground: {', '.join(grounds)}" if grounds else ""
        paper = f" ({each['paper']})" if each["paper"] else ""
        told.append(f"{name}: {each['help']}{foreground}{paper}; {each['best']} is better.")
    return told


def what_ranks_are(section: Section) -> str:
    """Over how many images ranks are means."""
    counts = section.ranked()
    if not counts:
        return ""
    if len(set(counts.values())) == 1:
        over = f"{next(iter(counts.values()))} images"
    else:
        over = ", ".join(f"{count} images ({name})" for (name, _), count in counts.items())
    return f"Mean ranks (1 is best) are over the {over} for which all rows that are no oracles have a score."


def remarks(section: Section) -> list[str]:
    """A sentence for each line that has a remark, and one where values are not of the same images."""
    found = [f"{line.entry} ({line.way}): {remark}." for line in section.lines for remark in line.remarks]
    uneven = [named(each) for at, each in enumerate(section.metrics) if _is_uneven(section, at)]
    if uneven:
        found.append(
            f"The values of {', '.join(uneven)} are not all of the same images, since some rows have no score for "
            "some; ranks and paired comparisons are of images that all, or both, have."
        )
    return found


def _is_uneven(section: Section, place: int) -> bool:
    rows = (line.rows[place] for line in section.lines)
    return any(row.scored > row.ranked for row in rows if row is not None and not row.oracle)


def versions(results: Results) -> str:
    """What made the results, and how."""
    manifest = results.manifest
    parts = [f"classicseg {manifest['classicseg']}"]
    parts += [
        f"{name} {version}"
        for name, version in (manifest.get("versions") or {}).items()
        if version and name != "classicseg"
    ]
    machine = manifest.get("machine") or {}
    parts += [f"Python {machine['python']}"] if machine.get("python") else []
    where = f", {machine['processor']}" if machine.get("processor") else ""
    date = f" on {manifest['date']}" if manifest.get("date") else ""
    return f"Made by {', '.join(parts)}{date}{where}."
