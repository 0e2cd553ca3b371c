"""A folder of results: tidy tables and a manifest, from which every report is made.

    scores.csv     a row for each data set, picture, truth, entry, parameters and score; scores.parquet holds the same
    runs.csv       a row for each data set, picture, entry and parameters: labels, seconds, error
    pictures.csv   a row for each data set and picture: size, truths, fingerprints
    manifest.json  versions, machine, seeds, data sets, scores, entries, command line
    overlays/      small pictures: each picture, its truth, and what the entries made of it
    kept/          what was computed, line by line, so that a run that was stopped goes on

`scores.csv` and `scores.parquet` are the same to the last byte whenever the same is scored; seconds, which never are,
stand in `runs.csv`.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from classicseg.atomic import atomic_write
from classicseg.errors import ImageError

FORMAT = 1
ALL_TRUTHS = "all"
BEST = "covering.best"  # the score of a whole family: each true region by its best segment from any member
MANIFEST = "manifest.json"
OVERLAYS = "overlays"


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One score of one label map.

    Attributes
    ----------
    dataset, picture : str
    truth : str
        "1", "2", ... where a score is taken for each truth by itself, and "all" for the picture's score.
    entry : str
        The name in the tables.
    method : str
        What gave the label map: a method's name, "predictions" or "callable".
    parameters : str
        All parameters, as JSON with sorted keys.
    metric, foreground : str
        ``measure.protocol``, and which predicted label was foreground ("" for scores that do not ask).
    value : float
        NaN where the score is not defined.
    sums : str
        What the score is made of, as JSON (`classicseg.bench.sums`), in rows of all truths of a score that pools.
    """

    dataset: str
    picture: str
    truth: str
    entry: str
    method: str
    parameters: str
    metric: str
    foreground: str
    value: float
    sums: str


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """What became of one picture under one entry with these parameters.

    Attributes
    ----------
    labels : int
        How many labels the map has, background not counted; 0 where it failed.
    seconds : float
        Of the segmentation alone, on one thread; NaN where it failed or nothing was computed.
    error : str
        "" where all went well.
    overlay : str
        A file in the folder of overlays, or "".
    """

    dataset: str
    picture: str
    entry: str
    method: str
    parameters: str
    labels: int
    seconds: float
    error: str
    overlay: str


@dataclass(frozen=True, kw_only=True)
class PictureRow:
    """One picture of a data set.

    Attributes
    ----------
    height, width, truths : int
        0 where the picture cannot be read.
    picture_hash, truth_hash : str
        Fingerprints of the samples alone, and of the truths with their void; "" where they cannot be read.
    sight, truth_overlay : str
        Files in the folder of overlays, or "": the picture, and its first truth.
    """

    dataset: str
    picture: str
    kind: str
    height: int
    width: int
    truths: int
    picture_hash: str
    truth_hash: str
    sight: str
    truth_overlay: str


@dataclass(frozen=True)
class Results:
    """Everything that a run gave.

    ``manifest`` has, besides what it tells for the record (``classicseg``, ``sources``, ``date``, ``command``,
    ``versions``, ``machine``, ``seed``):

    - ``datasets``: one mapping each with ``name``, ``kind``, ``pictures``, ``fingerprint`` and ``role``
      ("report" for what is reported, "train" for what a family's member was chosen on).
    - ``metrics``: for each data set that is reported (``dataset``, its name) and score: ``name``, ``averaging`` ("mean"
      or "pooled"), ``foreground``, ``range`` (two numbers, None for no bound), ``best`` ("higher" or "lower"),
      ``oracle``, ``pools``, ``help``, ``paper``. One score may be there twice, averaged in both ways.
    - ``entries``: for each data set that is reported (``dataset``) and entry: ``name``, ``method``, ``makes``,
      ``parameters`` (a list: those of each member of the family, as mappings), ``scale`` (the parameter that a family
      walks along, or ""), ``train`` (the name of the data set on which a family's member is chosen, or ""),
      ``chosen`` ("fixed", or "train" where the parameters were tuned before) and ``tuned`` (a mapping, or None).
    """

    manifest: dict[str, Any]
    scores: list[ScoreRow]
    runs: list[RunRow]
    pictures: list[PictureRow]


_TABLES: dict[str, type] = {"scores": ScoreRow, "runs": RunRow, "pictures": PictureRow}
_Record = TypeVar("_Record", ScoreRow, RunRow, PictureRow)


def write_results(results: Results, folder: Path) -> list[Path]:
    """Write the tables and the manifest, each whole or not at all; Parquet where pyarrow is installed.

    Returns
    -------
    list of Path
        The files.
    """
    written = []
    for name in _TABLES:
        written.append(folder / f"{name}.csv")
        atomic_write(written[-1], _as_csv(getattr(results, name), _TABLES[name]))
    if can_write_parquet():
        written.append(folder / "scores.parquet")
        atomic_write(written[-1], _as_parquet(results.scores))
    else:
        (folder / "scores.parquet").unlink(missing_ok=True)  # an older run's would tell something else
    written.append(folder / MANIFEST)
    atomic_write(written[-1], (json.dumps(results.manifest, indent=2, sort_keys=True) + "\n").encode())
    return written


def read_results(folder: Path) -> Results:
    """Read what `write_results` wrote.

    Raises
    ------
    ImageError
        The folder holds no results, or those of another format.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        tables: dict[str, Any] = {name: _from_csv(folder / f"{name}.csv", kind) for name, kind in _TABLES.items()}
    except FileNotFoundError as error:
        raise ImageError(
            f"{folder} holds no results: {Path(str(error.filename)).name} is missing. Give a folder that "
            "'classicseg bench' wrote."
        ) from None
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ImageError(
            f"the results in {folder} cannot be read: {error}. Run 'classicseg bench' once more."
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ImageError(f"{path} is no manifest of format {FORMAT}. Run 'classicseg bench' once more.")
    return Results(manifest, **tables)


def can_write_parquet() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def as_json(parameters: Any) -> str:
    """Parameters as one line of text, the same for the same values."""
    from classicseg.io.write import plain

    return json.dumps(plain(parameters), sort_keys=True, ensure_ascii=False)


def _as_csv(rows: Sequence[Any], kind: type) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(kind)]
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return text.getvalue().encode()


def _cell(value: str | float) -> str:
    """Floats by `repr`, which reads back to the last bit; NaN is an empty cell."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)


def _from_csv(path: Path, kind: type[_Record]) -> list[_Record]:
    hints = get_type_hints(kind)
    with path.open(encoding="utf-8", newline="") as file:
        return [kind(**{name: _parsed(row[name], hint) for name, hint in hints.items()}) for row in _rows(file)]


def _rows(file: Iterable[str]) -> Iterable[dict[str, str]]:
    csv.field_size_limit(2**31 - 1)
    return csv.DictReader(file, strict=True)


def _parsed(text: str, kind: type) -> Any:
    return math.nan if kind is float and text == "" else kind(text)


def _as_parquet(rows: Sequence[ScoreRow]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    hints = get_type_hints(ScoreRow)
    columns = {name: pa.array([getattr(row, name) for row in rows], _arrow_type(pa, hints[name])) for name in hints}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def _arrow_type(pa: Any, kind: type) -> Any:
    return pa.float64() if kind is float else pa.string()
