"""Small results by hand: values (and sums) that a test writes down, in the tables that a benchmark leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from classicseg.bench.results import FORMAT, PictureRow, Results, RunRow, ScoreRow, as_json
from classicseg.bench.sums import dump_sums

FAILED = "failed"


def metric(name: str, dataset: str = "val", **others: Any) -> dict[str, Any]:
    """What a manifest says of a score."""
    common = {"averaging": "mean", "foreground": "", "range": [0.0, 1.0], "best": "higher", "oracle": False}
    return {
        "dataset": dataset,
        "name": name,
        "pools": True,
        "help": "what it is",
        "paper": "Someone 1999",
        **common,
        **others,
    }


def entry(name: str, dataset: str = "val", *, members: Sequence[int] = (), **others: Any) -> dict[str, Any]:
    """What a manifest says of an entry; `members` are the values of the parameter k."""
    parameters = [{"k": value, "space": "lab"} for value in members] or [{"space": "lab"}]
    common = {"method": "kmeans", "makes": "classes", "train": "", "chosen": "fixed", "tuned": None}
    scale = "k" if members else ""
    return {"dataset": dataset, "name": name, "parameters": parameters, "scale": scale, **common, **others}


def dataset(name: str = "val", role: str = "report", **others: Any) -> dict[str, Any]:
    """What a manifest says of a data set."""
    return {"name": name, "kind": "classes", "fingerprint": f"of {name}", "role": role, **others}


def made(
    datasets: Sequence[Mapping[str, Any]],
    metrics: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    values: Mapping[tuple[str, str, str], Mapping[str, Any]],
    *,
    sums: Mapping[tuple[str, str, str], Mapping[str, Any]] | None = None,
    hashes: Mapping[tuple[str, str], str] | None = None,
) -> Results:
    """Results of these values.

    `values` is by data set, entry and score, then by picture: one number a member, or `FAILED` for one that failed.
    `sums` has the same shape. "covering.best" as a score has one number a picture.
    """
    by_name = {each["name"]: each for each in entries}
    scores, runs, pictures = [], {}, {}
    for (data, name, score), along in values.items():
        about = by_name[name]
        best = score == "covering.best"
        for number, (picture, own) in enumerate(along.items()):
            known = (hashes or {}).get((data, picture), f"{data}/{picture}")
            pictures[data, picture] = PictureRow(
                dataset=data,
                picture=picture,
                kind="classes",
                height=9,
                width=8,
                truths=2,
                picture_hash=known,
                truth_hash="t",
                sight="",
                truth_overlay="",
            )
            made_of = (sums or {}).get((data, name, score), {}).get(picture)
            for member, value in enumerate(own):
                parameters = "{}" if best else as_json(about["parameters"][member])
                common = {"dataset": data, "picture": picture, "entry": name, "method": about["method"]}
                if not best:
                    runs[data, name, parameters, picture] = RunRow(
                        **common,
                        parameters=parameters,
                        labels=3,
                        seconds=float("nan") if value == FAILED else (number + 1) / 4 + member,
                        error="torn" if value == FAILED else "",
                        overlay="",
                    )
                if value == FAILED:
                    continue
                rest = {"parameters": parameters, "metric": score, "foreground": ""}
                scores.append(ScoreRow(**common, **rest, truth="1", value=0.123, sums=""))
                text = dump_sums(made_of[member]) if made_of else ""
                scores.append(ScoreRow(**common, **rest, truth="all", value=value, sums=text))
    manifest = {
        "format": FORMAT,
        "classicseg": "0.1.0",
        "date": "2026-01-02T03:04:05Z",
        "command": ["classicseg", "bench", "my folder"],
        "versions": {"classicseg": "0.1.0", "numpy": "2.0"},
        "machine": {},
        "seed": 0,
        "datasets": [{**each, "pictures": sum(data == each["name"] for data, _ in pictures)} for each in datasets],
        "metrics": list(metrics),
        "entries": list(entries),
    }
    return Results(manifest, scores, list(runs.values()), list(pictures.values()))
