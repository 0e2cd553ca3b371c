"""`classicseg run` as a process, and what it left in its folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.startup import command

_CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """A process that has ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines on stderr that tell of an error."""
        lines = [line for line in self.err.splitlines() if line.startswith("classicseg: ")]
        return [line for line in lines if not line.startswith("classicseg: warning: ")]

    def crashed(self) -> str:
        """What tells of a crash in place of a clear line; empty where nothing does."""
        if "Traceback" in self.err or self.code not in (0, 1, 2, 3, 130):
            return f"exit code {self.code}: {self.err[-500:]}"
        return ""


def arguments_of_run(method: str, inputs: Iterable[Path], output: Path, *more: str) -> list[str]:
    """Python with the command line `classicseg run` for these inputs."""
    return command_line("run", "--method", method, "-o", str(output), *more, *map(str, inputs))


def command_line(*arguments: str) -> list[str]:
    """Python with a command line of ours."""
    return [sys.executable, *command(*arguments)]


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start in a process group of its own, from the checkout, with pipes for what is printed."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, errors="replace", cwd=_CHECKOUT,
        start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def end(process: subprocess.Popen[str], seconds: float = 3600) -> Ended:
    """Wait for the end, `seconds` at most, and take what was printed."""
    out, err = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, err)


def finish(arguments: Sequence[str]) -> Ended:
    """Start, and wait for the end."""
    return end(start(arguments))


def orphans(leader: int) -> list[int]:
    """The processes that are left of the session that a process led."""
    left = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = place.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(session) == leader and state != "Z":
            left.append(int(place.parent.name))
    return left


def files_in(folder: Path) -> dict[str, bytes]:
    """The content of every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def temporaries(files: Iterable[str]) -> list[str]:
    """Names of what is written beside a place before it is renamed into it."""
    return [name for name in files if Path(name).name.startswith(".")]


def records_in(files: dict[str, bytes]) -> dict[str, Any]:
    """The records among the files."""
    return {name: json.loads(content) for name, content in files.items() if name.endswith(".json")}


def unfit(files: dict[str, bytes]) -> list[str]:
    """What is wrong with the records: a file that is missing or not what the record says, or that cannot be read."""
    problems = []
    for name, record in records_in(files).items():
        for beside, digest in record["files"].items():
            content = files.get(str(Path(name).with_name(beside)))
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                problems.append(f"{beside} is {'missing' if content is None else 'not what its record says'}")
            elif "_labels." in beside and int(decoded(content).max()) != record["labels"]:
                problems.append(f"{beside} holds another number of labels than its record says")
    return problems


def without_time(files: dict[str, bytes]) -> dict[str, Any]:
    """The files with what is the same in every run: records without their seconds, no temporaries."""
    left = {name: content for name, content in files.items() if name not in temporaries(files)}
    records = {
        name: {key: value for key, value in record.items() if key != "seconds"}
        for name, record in records_in(left).items()
    }
    return left | records


def decoded(content: bytes) -> NDArray[np.int64]:
    """The numbers in a picture file, by Pillow alone."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        return np.array(image).astype(np.int64)
