"""The pictures that a command names: files, folders, glob patterns, samples."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from classicseg.errors import ParameterError
from classicseg.io.read import SUFFIXES
from classicseg.outputs import CHOSEN, Wanted, endings

# How the names of written pictures end, each beside its record.
OUTPUTS = tuple(
    Path(ending).stem for ending in endings(Wanted(kinds=frozenset(CHOSEN))).values() if Path(ending).suffix in SUFFIXES
)
_SAMPLE = "sample:"


@dataclass(frozen=True)
class Job:
    """One picture to segment: where it comes from, and the name of what is written about it.

    `stem` is relative to the output folder and keeps the folders below a folder that was given.
    """

    source: str
    stem: PurePosixPath


def collect(inputs: Sequence[str]) -> list[Job]:
    """The jobs for files, folders (searched for pictures, their sub-folders too), glob patterns and ``sample:NAME``.

    Hidden files, and pictures that `classicseg.batch.process` wrote (their record is beside them), are no input of a
    folder or pattern. A file that does not exist becomes a job all the same, and fails when its turn comes.

    Raises
    ------
    ParameterError
        A pattern or a folder holds no picture, or two inputs would be written under one name.
    """
    jobs: dict[str, Job] = {}
    for job in (job for given in inputs for job in _expand(given)):
        key = str(job.stem).casefold()  # "A" and "a" are one file on some systems
        first = jobs.setdefault(key, job)
        if _place(first) != _place(job):
            raise ParameterError(
                f"{first.source} and {job.source} would both be written as {job.stem}_*. "
                "Rename one, run them apart, or give the folder above them."
            )
    return list(jobs.values())


def _place(job: Job) -> str:
    return job.source if job.source.startswith(_SAMPLE) else str(Path(job.source).resolve())


def _expand(given: str) -> Iterator[Job]:
    path = Path(given)
    if given.startswith(_SAMPLE):
        yield Job(given, PurePosixPath(given.removeprefix(_SAMPLE).replace("/", "_")))  # there is no such sample
    elif path.is_dir():
        found = [file for file in sorted(path.rglob("*")) if _is_input(file)]
        if not found:
            raise ParameterError(f"the folder {given} holds no picture; {', '.join(SUFFIXES)} files are looked for.")
        for file in found:
            yield Job(str(file), PurePosixPath(file.relative_to(path).with_suffix("").as_posix()))
    elif glob.has_magic(given) and not path.exists():
        # Path.glob takes no absolute pattern.
        matches = sorted(match for match in glob.glob(given, recursive=True) if _is_input(Path(match)))  # noqa: PTH207
        if not matches:
            raise ParameterError(
                f"the pattern {given} matches no picture ({', '.join(SUFFIXES)}). "
                "Check it, or quote it so that the shell leaves it."
            )
        for match in matches:
            yield Job(match, _stem(Path(match)))
    else:
        yield Job(given, _stem(path))


def _stem(path: Path) -> PurePosixPath:
    """The name of what is written about a file; of "..png" it is not ".", which would be a folder."""
    return PurePosixPath(path.name if path.stem in (".", "..") else path.stem)


def _is_input(file: Path) -> bool:
    return (
        file.suffix.lower() in SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
        and not any(is_output(file, ending) for ending in OUTPUTS)
    )


def is_output(file: Path, ending: str) -> bool:
    """Whether a file was written by `classicseg.batch.process` as what has this ending: its record stands beside it."""
    return file.stem.endswith(ending) and file.with_name(file.stem.removesuffix(ending) + ".json").is_file()
