"""Peers as processes that wait for pictures."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SCRIPTS = Path(__file__).with_name("elsewhere")


class Worker:
    """A process of the Python `python` that runs `elsewhere/SCRIPT.py`; a context manager."""

    def __init__(self, python: str, script: str, threads: int | None = None) -> None:
        self._name = script
        self._folder = tempfile.TemporaryDirectory(prefix="classicseg-peer-")
        environment = dict(os.environ)
        if threads is not None:
            environment |= {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self._process = subprocess.Popen(
            [python, str(_SCRIPTS / f"{script}.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)  # closes its pipes, at which it ends, and waits
        self._folder.cleanup()

    def run(
        self,
        picture: NDArray[np.uint8],
        parameters: dict[str, Any],
        sweep: str | None,
        scales: list[float] | None,
        result: Path,
    ) -> float:
        """Segment a picture at all scales, leave the arrays in the file `result`, and give the seconds of the calls."""
        given = Path(self._folder.name) / "picture.npy"
        np.save(given, picture)
        result.parent.mkdir(parents=True, exist_ok=True)
        wanted = {
            "picture": str(given),
            "parameters": parameters,
            "sweep": sweep,
            "scales": scales,
            "result": str(result.absolute()),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(wanted), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise RuntimeError(f"{self._name} failed with {parameters}: {answer['error']}")
        return float(answer["seconds"])


def version_elsewhere(python: str, module: str) -> str:
    """The versions of what the other Python has installed under such names, as text; '' where there are none."""
    code = (
        "import sys\nfrom importlib import metadata\n"
        "found = metadata.packages_distributions().get(sys.argv[1].split('.')[0], [])\n"
        "print(' '.join(f'{name} {metadata.version(name)}' for name in sorted(set(found))))"
    )
    done = subprocess.run([python, "-c", code, module], capture_output=True, text=True, check=False)
    return done.stdout.strip()
