"""Pictures in, files out: what `classicseg run` does for each of its inputs."""

from __future__ import annotations

import glob
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from classicseg.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from classicseg.base import Segmentation, Segmenter
    from classicseg.io.read import Picture
    from classicseg.parallel import Progress

FORMATS = ("png", "tiff", "npy")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".npy")
_LARGEST_RECORDED = 64  # findings with more numbers than this are left out of the record


@dataclass(frozen=True)
class Job:
    """One picture to segment: where it comes from, and the name of what is written about it.

    `stem` is relative to the output folder and keeps the folders below a folder that was given.
    """

    source: str
    stem: PurePosixPath


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How every picture of a batch is segmented and what is written about it.

    Attributes
    ----------
    segmenter : Segmenter
    name : str
        The method's or preset's name, as it stands in file names.
    folder : Path
        Where the files go.
    call : dict
        Call arguments: `color`, `data_range`.
    format : {"png", "tiff", "npy"}
        Of the label map.
    mean_color : bool
        Write also the picture with each label in its mean colour.
    overwrite : bool
        Compute anew what is there already.
    threads : int or None
    """

    segmenter: Segmenter
    name: str
    folder: Path
    call: dict[str, Any] = field(default_factory=dict)
    format: str = "png"
    mean_color: bool = False
    overwrite: bool = False
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its record, the files, and whether they were there already."""

    record: dict[str, Any]
    files: tuple[Path, ...]
    kept: bool


def collect(inputs: Sequence[str]) -> list[Job]:
    """The jobs for files, folders (searched for pictures, their sub-folders too), glob patterns and ``sample:NAME``.

    A file that does not exist becomes a job all the same, and fails when its turn comes.

    Raises
    ------
    ParameterError
        A pattern or a folder holds no picture, or two inputs would be written under one name.
    """
    jobs = [job for given in inputs for job in _expand(given)]
    sources: dict[str, str] = {}
    unique = []
    for job in jobs:
        key = str(job.stem).casefold()  # "A" and "a" are one file on some systems
        if key not in sources:
            sources[key] = job.source
            unique.append(job)
        elif sources[key] != job.source:
            raise ParameterError(
                f"{sources[key]} and {job.source} would both be written as {job.stem}_*. "
                "Rename one, run them apart, or give the folder above them."
            )
    return unique


def _expand(given: str) -> Iterator[Job]:
    path = Path(given)
    if given.startswith("sample:"):
        yield Job(given, PurePosixPath(given.removeprefix("sample:")))
    elif path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())
        if not found:
            raise ParameterError(f"the folder {given} holds no picture; {', '.join(_SUFFIXES)} files are looked for.")
        for file in found:
            yield Job(str(file), PurePosixPath(file.relative_to(path).with_suffix("").as_posix()))
    elif glob.has_magic(given) and not path.exists():
        # Path.glob takes no absolute pattern.
        matches = sorted(match for match in glob.glob(given, recursive=True) if Path(match).is_file())  # noqa: PTH207
        if not matches:
            raise ParameterError(
                f"the pattern {given} matches no file. Check it, or quote it so that the shell leaves it."
            )
        for match in matches:
            yield Job(match, PurePosixPath(Path(match).stem))
    else:
        yield Job(given, PurePosixPath(path.stem))


def process(job: Job, settings: Settings, progress: Progress | None = None) -> Outcome:
    """Segment one picture and write its label map, overlay and record.

    Raises
    ------
    ImageError, MemoryLimitError, OSError
        The picture cannot be read or segmented, or the files not be written. Nothing half-written stays.
    """
    from classicseg.io.read import read_bytes, read_picture

    data = read_bytes(job.source)
    identity = _identity(data, settings)
    files = _files(job, settings)
    if not settings.overwrite:
        record = _kept_record(files, identity)
        if record is not None:
            return Outcome(record, tuple(files.values()), kept=True)
    picture = read_picture(data, name=job.stem.name)
    started = time.perf_counter()
    result = segment_picture(picture, settings, progress)
    seconds = time.perf_counter() - started
    record = _record(job, identity, result, settings, seconds)
    _write(files, picture, result, record, settings)
    return Outcome(record, tuple(files.values()), kept=False)


def segment_picture(picture: Picture, settings: Settings, progress: Progress | None = None) -> Segmentation:
    """The segmentation of a picture from a file, which tells what its channels mean and whose alpha is the mask."""
    call = {"color": picture.color, **{key: value for key, value in settings.call.items() if value is not None}}
    return settings.segmenter.run(picture.array, mask=picture.mask, threads=settings.threads, progress=progress, **call)


def _files(job: Job, settings: Settings) -> dict[str, Path]:
    base = settings.folder / Path(job.stem)
    name = f"{base.name}_{settings.name}"
    files = {"labels": f"{name}_labels.{settings.format}", "overlay": f"{name}_overlay.png"}
    if settings.mean_color:
        files["mean"] = f"{name}_mean.png"
    files["record"] = f"{name}.json"
    return {kind: base.with_name(file) for kind, file in files.items()}


def _identity(data: bytes, settings: Settings) -> dict[str, Any]:
    """What decides the label map: a kept result is used again only where all of it is the same."""
    import classicseg

    return {
        "method": settings.segmenter.name,
        "parameters": settings.segmenter.get_params(),
        "call": {key: value for key, value in settings.call.items() if value is not None},
        "version": classicseg.__version__,
        "input_sha256": hashlib.sha256(data).hexdigest(),
    }


def _kept_record(files: dict[str, Path], identity: dict[str, Any]) -> dict[str, Any] | None:
    if not all(path.is_file() for path in files.values()):
        return None
    try:
        record = json.loads(files["record"].read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = isinstance(record, dict) and all(record.get(key) == _as_json(value) for key, value in identity.items())
    return record if same else None


def _as_json(value: Any) -> Any:
    from classicseg.io.write import plain

    return json.loads(json.dumps(plain(value)))


def _record(
    job: Job, identity: dict[str, Any], result: Segmentation, settings: Settings, seconds: float
) -> dict[str, Any]:
    findings = {key: value for key, value in result.findings.items() if np.size(value) <= _LARGEST_RECORDED}
    height, width = result.labels.shape
    return {
        "input": job.source,
        "name": settings.name,
        **identity,
        "height": height,
        "width": width,
        "labels": result.n_labels,
        "findings": findings,
        "seconds": round(seconds, 4),
    }


def _write(
    files: dict[str, Path], picture: Picture, result: Segmentation, record: dict[str, Any], settings: Settings
) -> None:
    """The record comes last: where it stands, the other files are whole."""
    from classicseg.io.overlay import display, mean_color, overlay
    from classicseg.io.write import write_json, write_labels, write_picture

    if settings.format == "png" and result.n_labels > np.iinfo(np.uint16).max:
        raise ImageError(
            f"{result.n_labels} labels came, and a PNG holds 65,535. Ask for --format tiff, or raise min_size."
        )
    sight = display(
        picture.array,
        mask=picture.mask,
        color=settings.call.get("color") or picture.color,
        data_range=settings.call.get("data_range"),
    )
    write_labels(files["labels"], result.labels, settings.format)
    write_picture(files["overlay"], overlay(sight, result.labels))
    if settings.mean_color:
        write_picture(files["mean"], mean_color(sight, result.labels))
    write_json(files["record"], record)
