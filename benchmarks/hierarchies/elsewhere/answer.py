"""The loop of a program that runs a peer, in whatever Python has that peer; classicseg and NumPy 2 need not be there.

Each line on stdin is a JSON object: `picture` (an RGB picture, .npy), `parameters`, `sweep` (the name of the parameter
that is the scale) and `scales` (its values; none for a hierarchy), `result` (the .npz to write). The answer is a line
with the seconds of the call, or of all calls of the sweep. A picture that fails is answered by ``{"error": ...}``.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def answer(segment):
    """Serve `segment(picture, parameters, sweep, scales) -> {name: array}` until stdin ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            reply = {"seconds": _serve(segment, wanted)}
        except Exception as error:  # whatever a peer may raise is told to who asked
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


def _serve(segment, wanted):
    picture = np.ascontiguousarray(np.load(wanted["picture"]))
    started = time.perf_counter()
    arrays = segment(picture, wanted["parameters"], wanted["sweep"], wanted["scales"])
    seconds = time.perf_counter() - started
    result = Path(wanted["result"])
    part = result.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, **arrays)
    part.replace(result)
    return seconds


def map_each(segment_once):
    """A peer that gives one label map a call, as the function that `answer` serves: one map a scale."""

    def segment(picture, parameters, sweep, scales):
        maps = [segment_once(picture, **parameters, **{sweep: scale}) for scale in scales]
        return {"maps": np.array(maps).astype(np.uint16 if np.max(maps) < 65536 else np.int32)}

    return segment
