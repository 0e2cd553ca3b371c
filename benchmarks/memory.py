"""What each method takes at its peak, in bytes a pixel, beside what it says it would take.

Run ``python -m benchmarks.memory [--megapixels 4 16] [--method NAME ...]`` from the checkout (Linux only). Every case
runs in a process of its own, whose peak is counted from where it stood with all modules imported and all kernels
compiled: the picture itself is part of it. The exit code is 1 where a run took more than its estimate.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import machine, versions
from benchmarks.pictures import HEIGHT, WIDTH, photographs
from benchmarks.speed.measure import peak_memory

CONTENTS, KINDS, ROADS = ("photograph", "noise"), ("rgb", "grey"), ("run", "files")
_LUMA = np.array([0.299, 0.587, 0.114])
_PHOTOGRAPHS = 80
_TINY = 0.01  # megapixels, of the picture that warms up


def write_picture(path: Path, megapixels: float, kind: str, content: str) -> None:
    """Write a picture of about that size, uint8, half as wide again as high, as .npy or as what the suffix says.

    Photographs stand beside each other as often as they are needed, mirrored and darkened from one turn to the next.
    """
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(1.5 * height)
    canvas = path.with_suffix(".npy")
    shape = (height, width, 3) if kind == "rgb" else (height, width)
    samples = np.lib.format.open_memmap(canvas, mode="w+", dtype=np.uint8, shape=shape)
    rng = np.random.default_rng(0)
    tiles = photographs(_PHOTOGRAPHS)[0] if content == "photograph" else []
    corners = itertools.product(range(0, height, HEIGHT), range(0, width, WIDTH))
    for number, (top, left) in enumerate(corners):
        tile = _turned(tiles[number % len(tiles)], number // len(tiles)) if tiles else _noise(rng)
        place = samples[top : top + HEIGHT, left : left + WIDTH]
        part = tile[: place.shape[0], : place.shape[1]]
        place[:] = part if kind == "rgb" else np.rint(part @ _LUMA)
    samples.flush()
    if path != canvas:
        from PIL import Image

        Image.fromarray(np.asarray(samples)).save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))
        canvas.unlink()


def _noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def _turned(tile: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    flipped = tile[:: -1 if turn & 1 else 1, :: -1 if turn & 2 else 1]
    return np.rint(flipped * (1 - 0.07 * (turn % 8))).astype(np.uint8)


def measure_here(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Peak, estimate and seconds of a case, in this process."""
    from classicseg.image import as_image
    from classicseg.registry import make

    suffix = ".npy" if case["road"] == "run" else case["file"]
    tiny, picture = folder / f"tiny{suffix}", folder / f"picture{suffix}"
    write_picture(tiny, _TINY, case["kind"], case["content"])
    segmenter = make(case["method"], **case["parameters"])
    call = _array_road(segmenter, case) if case["road"] == "run" else _files_road(segmenter, case, folder)
    call(tiny)
    mebibytes, seconds = peak_memory(lambda: call(picture))
    shown = np.load(folder / "picture.npy", mmap_mode="r")
    pixels = shown.shape[0] * shown.shape[1]
    estimate = segmenter._memory(as_image(shown)) / pixels
    return {"bytes": mebibytes * 2**20 / pixels, "estimate": estimate, "seconds": seconds}


def _array_road(segmenter: Any, case: dict[str, Any]) -> Callable[[Path], Any]:
    def call(path: Path) -> Any:
        return segmenter.run(np.load(path), threads=case["threads"])

    return call


def _files_road(segmenter: Any, case: dict[str, Any], folder: Path) -> Callable[[Path], Any]:
    """From the file to the label map and the overlay, as `classicseg run` does."""
    from classicseg.batch import Settings, process
    from classicseg.jobs import collect
    from classicseg.memory import forced
    from classicseg.outputs import Wanted

    how = Settings(
        segmenter=segmenter,
        name=case["method"],
        folder=folder,
        wanted=Wanted(format=case["format"]),
        threads=case["threads"],
    )

    def call(path: Path) -> Any:
        with forced():
            return process(collect([str(path)])[0], how)

    return call


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """The same in a process of its own, with its picture made before by another."""
    with tempfile.TemporaryDirectory() as folder:
        for step in ("make", "measure"):
            command = [sys.executable, "-m", "benchmarks.memory", "--step", step, "--folder", folder]
            done = subprocess.run([*command, "--case", json.dumps(case)], capture_output=True, text=True)
            if done.returncode:
                return case | {"error": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
        return case | json.loads(done.stdout)


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    head = f"{row['method']:12} {row['megapixels']:6g} MP  {row['kind']:4}  {row['content']:10}  {row['road']:5}"
    if "error" in row:
        return f"{head}  {row['error']}"
    estimated = f"  estimate {row['estimate']:6.1f}  x {row['estimate'] / row['bytes']:5.2f}"
    return f"{head}  {row['bytes']:6.1f} bytes/px{estimated}  {row['seconds']:8.2f} s"


def cases(given: argparse.Namespace) -> list[dict[str, Any]]:
    """All combinations of what was asked for."""
    from classicseg import methods

    chosen = itertools.product(given.method or methods(), given.megapixels, given.kind, given.content, given.road)
    more = {"threads": given.threads, "file": given.file, "format": given.format, "parameters": given.parameters}
    names = ("method", "megapixels", "kind", "content", "road")
    return [dict(zip(names, each, strict=True)) | more for each in chosen]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", nargs="+", type=float, default=[4.0])
    parser.add_argument("--method", nargs="+", default=[], help="all by default")
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--content", nargs="+", choices=CONTENTS, default=["photograph"])
    parser.add_argument("--road", nargs="+", choices=ROADS, default=["run"], help="an array's, or from file to files")
    parser.add_argument("--file", choices=(".jpg", ".png", ".npy", ".tif"), default=".jpg", help="input of road files")
    parser.add_argument("--format", default="tiff", help="of the label map on road files")
    parser.add_argument("--parameters", type=json.loads, default={}, help="of the methods, as JSON")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path, help="write the rows there too")
    parser.add_argument("--step", choices=("make", "measure"), help=argparse.SUPPRESS)
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step == "make":
        _make(given.case, given.folder)
        return 0
    if given.step == "measure":
        print(json.dumps(measure_here(given.case, given.folder)))
        return 0
    print(f"{machine()}, {versions('classicseg', 'numpy', 'numba')}")
    rows = []
    for case in cases(given):
        rows.append(measure(case))
        print(line(rows[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")
    return int(any("error" in row or (row["road"] == "run" and row["bytes"] > row["estimate"]) for row in rows))


def _make(case: dict[str, Any], folder: Path) -> None:
    what = case["megapixels"], case["kind"], case["content"]
    if case["road"] == "files" and case["file"] != ".npy":
        write_picture(folder / f"picture{case['file']}", *what)
    write_picture(folder / "picture.npy", *what)


if __name__ == "__main__":
    sys.exit(main())
