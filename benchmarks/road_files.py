"""What reading, converting and writing cost for a 2-megapixel JPEG, beyond decoding it and the method itself.

Run it as ``python -m benchmarks.road_files [runs]``. The picture is a mosaic of photographs (`benchmarks.pictures`);
labels are those of otsu and of mean shift (with `min_size` 100, about 2000 segments). Each step is timed by itself: by
the clock, and by the processor's time of all threads, which tells more on a machine that is busy with other things.
The aim is a tenth of a second.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import classicseg
from benchmarks.pictures import mosaic, photographs
from classicseg.io import atomic_write, display, encode_labels, encode_picture, overlay, read_picture, write_json

_AIM = 0.1
_DECODING = "decoding alone (Pillow)"


class Clock:
    """Seconds of each step, by the clock and by the processor, run by run."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {}
        self.processor: dict[str, list[float]] = {}

    def time(self, step: str, work: Callable[[], Any]) -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        result = work()
        self.processor.setdefault(step, []).append(time.process_time() - processor)
        self.wall.setdefault(step, []).append(time.perf_counter() - wall)
        return result

    def row(self, title: str, share: Callable[[dict[str, list[float]]], list[float]]) -> str:
        wall, processor = share(self.wall), share(self.processor)
        cells = [f"{1000 * value:9.1f}" for value in (min(wall), float(np.median(wall)), min(processor))]
        return f"{title:44}" + "".join(cells)


def main() -> None:
    """Print a table for each of the two methods."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    tiles, source = photographs(16)
    pixels = mosaic(tiles, 4)[:1040]
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    jpeg = buffer.getvalue()
    print(f"{pixels.shape[1]} x {pixels.shape[0]} pixels ({source}), {runs} runs; milliseconds")
    for title, parameters in (("otsu", {}), ("meanshift", {"min_size": 100})):
        labels = classicseg.segment(read_picture(jpeg).array, title, **parameters)
        with tempfile.TemporaryDirectory() as folder:
            clock, sizes = Clock(), (0, 0)
            for _ in range(runs):
                sizes = _once(clock, jpeg, labels, Path(folder))
        print(f"\n{title}, {labels.max()} labels: {sizes[0]:,} bytes of labels, {sizes[1]:,} of the overlay")
        print(f"{'':44}{'least':>9}{'median':>9}{'cpu':>9}")
        for step in clock.wall:
            print(clock.row(step, lambda times, step=step: times[step]))  # type: ignore[misc]
        print(clock.row(f"all beyond decoding (aim: {1000 * _AIM:.0f})", _beyond_decoding))


def _once(clock: Clock, jpeg: bytes, labels: Any, folder: Path) -> tuple[int, int]:
    clock.time(_DECODING, lambda: np.asarray(Image.open(BytesIO(jpeg))))
    picture = clock.time("read_picture, decoding too", lambda: read_picture(jpeg))
    seen = clock.time("display", lambda: display(picture.array, picture.mask, color=picture.color))
    drawn = clock.time("overlay", lambda: overlay(seen, labels))
    files = {
        "labels.png": clock.time("encode_labels", lambda: encode_labels(labels, "png")),
        "overlay.png": clock.time("encode_picture", lambda: encode_picture(drawn)),
    }
    digests = clock.time(
        "sha256 of all files", lambda: [hashlib.sha256(data).hexdigest() for data in (jpeg, *files.values())]
    )

    def write() -> None:
        for name, data in files.items():
            atomic_write(folder / name, data)
        write_json(folder / "record.json", {"files": digests})

    clock.time("atomic_write, write_json", write)
    return len(files["labels.png"]), len(files["overlay.png"])


def _beyond_decoding(times: dict[str, list[float]]) -> list[float]:
    """Run by run, all steps together without decoding."""
    own = [seconds for step, seconds in times.items() if step != _DECODING]
    return [sum(run) - decoding for *run, decoding in zip(*own, times[_DECODING], strict=True)]


if __name__ == "__main__":
    main()
