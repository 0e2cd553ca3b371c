"""Small results with everything that a page shows: two data sets, a family, a failure, a name to be escaped."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from classicseg.bench.analysis.comparisons import Comparison, compare_all
from classicseg.bench.analysis.rows import Row, rows_of
from classicseg.bench.results import OVERLAYS, PictureRow, Results, RunRow, ScoreRow, as_json
from classicseg.bench.sums import dump_sums
from classicseg.metrics.boundaries import BoundaryCounts

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>&\"'"
PICTURES = ("p10", "p2", "p1", "p3<b>")
CUTS = (0.1, 0.2, 0.4)
# Covering of each picture, in the order of PICTURES.
COVERING = {"plain": (0.9, 0.2, 0.5, 0.7), EVIL: (0.6, 0.65, 0.1, math.nan), "unet": (0.3, 0.35, 0.25, 0.2)}
OF_FAMILY = {0.1: (0.3, 0.4, 0.4, 0.5), 0.2: (0.5, 0.6, 0.7, 0.8), 0.4: (0.8, 0.1, 0.2, 0.9)}
TUNED = {
    "dataset": "elsewhere",
    "pictures": {"p": "0a1b", "q": "2c3d"},
    "metric": "vi",
    "averaging": "mean",
    "search": "random",
    "seed": 5,
    "budget": 40,
    "tried": 38,
    "seconds": 12.34,
    "value": 0.625,
}


def made_results(folder: Path) -> tuple[Results, list[Row], list[Comparison]]:
    """Results, their rows and comparisons; the folder gets the small pictures."""
    (folder / OVERLAYS).mkdir(parents=True)
    scores: list[ScoreRow] = []
    runs: list[RunRow] = []
    for dataset in ("one", "train", "two"):
        for entry, values in COVERING.items():
            if dataset != "train":
                _add(scores, runs, folder, dataset, entry, _parameters(entry), values)
        for cut, values in OF_FAMILY.items():
            _add(scores, runs, folder, dataset, "family", {"cut": cut, "seed": 3}, values)
    pictures = [_picture(folder, dataset, name) for dataset in ("one", "train", "two") for name in PICTURES]
    results = Results(_manifest(), scores, runs, pictures)
    return results, rows_of(results, resamples=50), compare_all(results, resamples=50)


def _parameters(entry: str) -> dict[str, object]:
    return {"n_clusters": 5, "space": "<lab>"} if entry != "unet" else {"folder": "unet"}


def _add(
    scores: list[ScoreRow],
    runs: list[RunRow],
    folder: Path,
    dataset: str,
    entry: str,
    parameters: dict[str, object],
    values: tuple[float, ...],
) -> None:
    method = {"unet": "predictions", "family": "ucm"}.get(entry, "kmeans")
    for place, (picture, value) in enumerate(zip(PICTURES, values, strict=True)):
        run = {
            "dataset": dataset,
            "picture": picture,
            "entry": entry,
            "method": method,
            "parameters": as_json(parameters),
        }
        failed = math.isnan(value)
        member = parameters.get("cut", list(COVERING).index(entry) if entry in COVERING else 0)
        file = "" if failed else _image(folder, f"{dataset}-{member}-{place}.png")
        runs.append(
            RunRow(
                **run,
                labels=3,
                seconds=math.nan if failed or entry == "unet" else 0.01 * (1 + place) * (1 + len(entry) % 5),
                error=f"no memory for {picture}" if failed else "",
                overlay=file,
            )
        )
        if failed:
            continue
        hits = round(100 * value)
        counts = BoundaryCounts(hits, 100, hits, 100 + 10 * place)
        for metric, reached, sums in (
            ("covering", value, ""),
            ("vi", 2 * (1 - value), ""),
            ("boundary.f", counts.f, dump_sums(counts)),
        ):
            scores.append(ScoreRow(**run, truth="all", metric=metric, foreground="", value=reached, sums=sums))


def _picture(folder: Path, dataset: str, name: str) -> PictureRow:
    place = PICTURES.index(name)
    return PictureRow(
        dataset=dataset,
        picture=name,
        kind="classes",
        height=20,
        width=30,
        truths=2,
        picture_hash=f"{dataset}{name}",
        truth_hash="t",
        sight=_image(folder, f"{dataset}-{place}.webp"),
        truth_overlay=_image(folder, f"{dataset}-{place}-truth.jpg"),
    )


def _image(folder: Path, name: str) -> str:
    noise = np.random.default_rng(zlib.crc32(name.encode())).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / OVERLAYS / name)
    return name


def _manifest() -> dict[str, object]:
    reported = ("one", "two")
    about = {"foreground": "", "oracle": False, "paper": "", "help": "made up"}
    metrics = [
        {"name": "covering", "averaging": "mean", "range": [0, 1], "best": "higher", "pools": True, **about},
        {"name": "vi", "averaging": "mean", "range": [0, None], "best": "lower", "pools": False, **about},
        {"name": "boundary.f", "averaging": "pooled", "range": [0, 1], "best": "higher", "pools": True, **about},
    ]
    entries = [
        {
            "name": name,
            "method": "predictions" if name == "unet" else "kmeans",
            "makes": "segments",
            "parameters": [_parameters(name)],
            "scale": "",
            "train": "",
            "chosen": "train" if name == "plain" else "fixed",
            "tuned": TUNED if name == "plain" else None,
        }
        for name in COVERING
    ]
    family = {
        "name": "family",
        "method": "ucm",
        "makes": "segments",
        "parameters": [{"cut": cut, "seed": 3} for cut in CUTS],
        "scale": "cut",
        "train": "train",
        "chosen": "fixed",
        "tuned": None,
    }
    roles = {"one": "report", "two": "report", "train": "train"}
    return {
        "format": 1,
        "classicseg": "1.2.3",
        "sources": "f00",
        "date": "2026-01-02T03:04:05Z",
        "command": ["classicseg", "bench", "a b", "--metric", "covering"],
        "versions": {"numpy": "1.26.4"},
        "machine": {"cores": 2},
        "seed": 0,
        "datasets": [
            {"name": name, "kind": "classes", "pictures": 4, "fingerprint": name, "role": role}
            for name, role in roles.items()
        ],
        "metrics": [{"dataset": dataset, **metric} for dataset in reported for metric in metrics],
        "entries": [{"dataset": dataset, **entry} for dataset in reported for entry in (*entries, family)],
    }
