"""A picture in, files out: what `classicseg run` does for each of its inputs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classicseg.errors import ImageError, ParameterError
from classicseg.memory import require_memory
from classicseg.outputs import Found, Wanted, encode, endings

if TYPE_CHECKING:
    from classicseg.base import Segmenter
    from classicseg.fitted import Fitted
    from classicseg.io.read import Picture
    from classicseg.jobs import Job
    from classicseg.parallel import Progress
    from classicseg.segmentation import Segmentation

_BYTES_OF_FILES = 20  # a pixel, with the picture itself, as benchmarks.memory tells
_LARGEST_RECORDED = 64  # findings with more numbers than this are left out of the record


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How every picture of a batch is segmented and what is written about it.

    Attributes
    ----------
    segmenter : Segmenter or Fitted
    name : str
        The method's or preset's name, as it stands in file names.
    folder : Path
        Where the files go.
    call : dict
        Call arguments: `color`, `data_range`.
    reading : dict
        How files are read: `orientation`, `page`, `bands` of `classicseg.io.read_picture`.
    wanted : Wanted
        What is written.
    cut : dict
        How the hierarchy is cut to make the label map: ``{"n_segments": 12}`` or ``{"threshold": 0.3}``; empty for
        the method's own labels.
    overwrite : bool
        Compute anew what is there already.
    threads : int or None
    """

    segmenter: Segmenter | Fitted
    name: str
    folder: Path
    call: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=Wanted)
    cut: dict[str, Any] = field(default_factory=dict)
    overwrite: bool = False
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its record, where each kind of file stands, and whether it was there already."""

    record: dict[str, Any]
    places: dict[str, Path]
    kept: bool


def process(job: Job, settings: Settings, progress: Progress | None = None) -> Outcome:
    """Segment one picture and write its label map, overlay and record, and what else is asked for.

    A result that is there already is kept where its record tells of the same input, parameters and version, and of
    files that still hold what was written.

    Raises
    ------
    ImageError, MemoryLimitError, PluginError, OSError
        The picture cannot be read or segmented, or the files not be written. Nothing half-written stays.
    """
    from classicseg.io.read import read_bytes, read_picture

    data = read_bytes(job.source)
    identity = _identity(data, settings)
    places = _places(job, settings)
    if not settings.overwrite:
        record = _kept_record(places, identity)
        if record is not None:
            return Outcome(record, places, kept=True)
    picture = read_picture(data, name=job.source, **settings.reading)
    _require_memory(picture)
    started = time.perf_counter()
    result = segment_picture(picture, settings, progress)
    if "hierarchy" in settings.wanted.kinds:
        _ = result.hierarchy  # made now, so that the seconds tell
    seconds = time.perf_counter() - started
    contents = _contents(job, picture, result, settings)
    record = _record(job, identity, picture, result, seconds, settings)
    record["files"] = {places[kind].name: _digest(content) for kind, content in contents.items()}
    _write(places, contents, record)
    return Outcome(record, places, kept=False)


def fit(
    jobs: Sequence[Job], settings: Settings, progress: Progress | None = None, advance: Callable[[], None] | None = None
) -> Fitted:
    """The model that the settings' method learns of all these pictures; see `Segmenter.fit`.

    Parameters
    ----------
    jobs, settings
        As for `process`.
    progress : callable, optional
        Called with 0 after every picture; it may end the work by an exception.
    advance : callable, optional
        Called after every picture.

    Raises
    ------
    ImageError
        A picture cannot be read, or is of another kind than the others; a model of the rest would be another one.
    ParameterError
        The method learns nothing of other pictures, or is a model already.
    """
    from classicseg.base import Segmenter
    from classicseg.io.read import read_picture

    if not isinstance(settings.segmenter, Segmenter):
        raise ParameterError("a model came to be fitted; it has learned already. Give a method.")
    source = ""

    def pictures() -> Iterator[Picture]:
        nonlocal source
        for job in jobs:
            source = job.source
            yield read_picture(source, **settings.reading)
            if progress is not None:
                progress(0.0)
            if advance is not None:
                advance()

    call = {key: value for key, value in settings.call.items() if value is not None}
    try:
        return settings.segmenter.fit(pictures(), threads=settings.threads, **call)
    except ImageError as error:
        raise ImageError(str(error) if source in str(error) else f"{source}: {error}") from error


def clear(jobs: Sequence[Job], settings: Settings) -> None:
    """Remove what a killed run left unfinished where these jobs write."""
    from classicseg.atomic import sweep

    for folder in sorted({settings.folder / job.stem.parent for job in jobs}):
        sweep(folder)


def finish(outcomes: Sequence[Outcome], settings: Settings) -> None:
    """Write what is made of all pictures together: COCO's JSON of several, as METHOD_coco.json."""
    if "coco" in settings.wanted.kinds and len(outcomes) > 1:
        from classicseg.atomic import atomic_write
        from classicseg.io.coco_json import join_coco

        joined = join_coco(outcome.places["coco"].read_bytes() for outcome in outcomes)
        atomic_write(settings.folder / f"{settings.name}_coco.json", joined)


def segment_picture(picture: Picture, settings: Settings, progress: Progress | None = None) -> Segmentation:
    """The segmentation of a picture from a file, which tells what its channels mean and whose alpha is the mask.

    Where the settings ask for a cut, its labels stand in place of the method's own, and the hierarchy is the whole one.
    """
    call = {"color": picture.color, **{key: value for key, value in settings.call.items() if value is not None}}
    run = settings.segmenter.run
    result = run(picture.array, mask=picture.mask, threads=settings.threads, progress=progress, **call)
    return result.cut(**settings.cut) if settings.cut else result


def _places(job: Job, settings: Settings) -> dict[str, Path]:
    """Where each kind of file goes, always below the folder; a mask is written only where the picture has one."""
    if (
        ".." in job.stem.parts
        or job.stem.is_absolute()
        or not job.stem.name
        or Path(settings.name).name != settings.name
    ):
        raise ParameterError(
            f"files about {job.source} would be called {job.stem}_{settings.name}, which leads out of the folder that "
            "is written to. Rename the picture."
        )
    base = settings.folder / Path(job.stem)
    files = {"record": ".json"} | endings(settings.wanted)
    return {kind: base.with_name(f"{base.name}_{settings.name}{ending}") for kind, ending in files.items()}


def _identity(data: bytes, settings: Settings) -> dict[str, Any]:
    """What decides the label map: a kept result is used again only where all of it is the same."""
    import classicseg

    return {
        "method": settings.segmenter.name,
        "parameters": settings.segmenter.get_params(),
        "model": getattr(settings.segmenter, "sha256", None),
        "cut": settings.cut,
        "call": {key: value for key, value in settings.call.items() if value is not None},
        "reading": settings.reading,
        "files_as": settings.wanted.decides(),
        "version": classicseg.__version__,
        "input_sha256": _digest(data),
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _kept_record(places: dict[str, Path], identity: dict[str, Any]) -> dict[str, Any] | None:
    try:
        record = json.loads(places["record"].read_text(encoding="utf-8"))
        files, asked = record["files"], _as_json(identity)
        # Only what is wanted has to be as it is wanted: a result with more files than that is kept too.
        same = asked.pop("files_as").items() <= record["files_as"].items() and asked.items() <= record.items()
        wanted = {place.name for kind, place in places.items() if kind not in ("record", "mask")}
        whole = all(_digest(places["record"].with_name(name).read_bytes()) == digest for name, digest in files.items())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):  # none, or not one of ours
        return None
    return record if same and whole and wanted <= set(files) else None


def _as_json(value: Any) -> Any:
    from classicseg.io.write import plain

    return json.loads(json.dumps(plain(value)))


def _record(
    job: Job, identity: dict[str, Any], picture: Picture, result: Segmentation, seconds: float, settings: Settings
) -> dict[str, Any]:
    height, width = result.labels.shape
    return {
        "input": job.source,
        "name": settings.name,
        **identity,
        **_of_file(picture),
        "height": height,
        "width": width,
        "labels": result.n_labels,
        "findings": {key: value for key, value in result.findings.items() if _fits_record(value)},
        "seconds": round(seconds, 4),
    }


def _require_memory(picture: Picture) -> None:
    """Raise `MemoryLimitError` where the files of a picture would take more memory than there is."""
    height, width = picture.array.shape[:2]
    require_memory(
        _BYTES_OF_FILES * height * width,
        f"writing the label map and the overlay of {height} x {width} pixels",
        "Make the picture smaller, or cut it into tiles.",
    )


def _of_file(picture: Picture) -> dict[str, Any]:
    """What the file said that bears on how the label map lies: only what is out of the ordinary."""
    told: dict[str, Any] = {"orientation_applied": picture.orientation}
    if picture.pages > 1:
        told["pages"] = picture.pages
    if picture.geo is not None:
        told |= {"crs": picture.geo.crs, "transform": picture.geo.transform}
    return told


def _fits_record(value: Any) -> bool:
    """Whether a finding is small, and one that JSON has words for (a plug-in may find anything)."""
    try:
        if np.size(value) > _LARGEST_RECORDED:
            return False
        _as_json(value)
    except (TypeError, ValueError):
        return False
    return True


def _contents(job: Job, picture: Picture, result: Segmentation, settings: Settings) -> dict[str, bytes]:
    """The content of each file but the record."""
    from classicseg.io.overlay import display

    call = settings.call
    sight = display(
        picture.array, picture.mask, color=call.get("color") or picture.color, data_range=call.get("data_range")
    )
    file_name = job.stem.with_name(Path(job.source).name).as_posix()
    return encode(Found(picture, result, sight, file_name, settings.threads), settings.wanted)


def _write(places: dict[str, Path], contents: dict[str, bytes], record: dict[str, Any]) -> None:
    """An old record goes first and the new one comes last: where a record stands, its files are whole.

    All are made before any takes its place, so that a full disk leaves what was there, and no file without a record,
    which a run over its own folder would take for a picture to segment.
    """
    from classicseg.atomic import atomic_writes
    from classicseg.io.write import encode_json

    files = {places[kind]: content for kind, content in contents.items()}
    with atomic_writes(files | {places["record"]: encode_json(record)}):
        places["record"].unlink(missing_ok=True)
        if "mask" not in contents:
            places["mask"].unlink(missing_ok=True)  # of an earlier picture of this name
