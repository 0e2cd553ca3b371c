"""Mean shift beside OpenCV's filter, pymeanshift and scikit-learn.

pymeanshift runs in a Python of its own (see `pymeanshift_once`), which the variable CLASSICSEG_PYMEANSHIFT names; a
worker there waits for pictures, so that nothing but its call is timed. Covering is compared on pictures of BSDS500 in
the folder that CLASSICSEG_DATA names. A coarser map often covers better, so that the settings have to correspond: both
drop segments below 20 pixels, and on 25 of the training photographs (every eighth) our defaults give 385 segments, its
settings 383. Nothing was chosen on the pictures of the comparison.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.case import Case, Check, Peer
from classicseg import MeanShift
from classicseg.image import as_image
from classicseg.kernels.distinct import distinct_rows
from classicseg.kernels.meanshift_colors import color_modes, nearest_mode
from classicseg.kernels.meanshift_square import filter_square
from classicseg.parallel import thread_count

_PYMEANSHIFT = "CLASSICSEG_PYMEANSHIFT"
_SETTINGS = (7, 7, 20)  # spatial radius, range radius, least density
_TRUTHS = 10  # pictures on which covering is compared
_BANDWIDTH = 10.0


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """The cases of mean shift on an (H, W, 3) RGB photograph."""
    return [_filter(picture, 8), _filter(picture, 16), _segments(picture), _colors(picture)]


def _filter(picture: NDArray[np.uint8], radius: int) -> Case:
    color_radius, steps, least_move = 16, 5, 1.0

    def theirs() -> NDArray[np.uint8]:
        import cv2

        stop = (cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, steps, least_move)
        return cv2.pyrMeanShiftFiltering(picture, radius, color_radius, maxLevel=0, termcrit=stop)

    def equal(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> Check:
        away = np.abs(ours.astype(int) - theirs).max(axis=2)
        share = float((away <= 1).mean())
        return Check(share >= 0.999, f"within a grey level on {share:.4%} of pixels, equal on {(away == 0).mean():.4%}")

    name = f"cv2.pyrMeanShiftFiltering(picture, {radius}, {color_radius}, maxLevel=0, (MAX_ITER | EPS, 5, 1))"
    return Case(
        method="meanshift",
        task=f"filter by OpenCV's rule, square windows ({radius}, {color_radius})",
        ours=lambda: filter_square(picture, radius, color_radius, steps, least_move, thread_count(None)),
        peers=(Peer(name, "cv2", 5, theirs, equal),),
    )


def _segments(picture: NDArray[np.uint8]) -> Case:
    name = "pymeanshift.segment(picture, {}, {}, {}, SPEEDUP_MEDIUM), numpy < 2".format(*_SETTINGS)
    return Case(
        method="meanshift",
        task="segments of a photograph, settings of each by default (covering)",
        ours=lambda: MeanShift().segment(picture),
        peers=(Peer(name, f"environment:{_PYMEANSHIFT}", 10, _elsewhere(picture), _covers_as_well),),
    )


def _elsewhere(picture: NDArray[np.uint8]) -> Callable[[], NDArray[np.integer]]:
    """A call of pymeanshift on a picture that is handed over before."""
    folder = Path(tempfile.mkdtemp(prefix="classicseg-speed-"))
    source, target = folder / "picture.npy", folder / "labels.npy"
    np.save(source, picture)

    def call() -> NDArray[np.integer]:
        worker = _worker()
        assert worker.stdin is not None
        assert worker.stdout is not None
        print(*_SETTINGS, source, target, file=worker.stdin, flush=True)
        if not worker.stdout.readline():
            raise RuntimeError(f"pymeanshift failed in {os.environ[_PYMEANSHIFT]}")
        labels: NDArray[np.integer] = np.load(target)
        return labels

    return call


@cache
def _worker() -> subprocess.Popen[str]:
    script = Path(__file__).with_name("pymeanshift_once.py")
    worker = subprocess.Popen(
        [os.environ[_PYMEANSHIFT], str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(worker.terminate)
    return worker


def _covers_as_well(_: Any, __: Any) -> Check:
    """Mean covering on pictures of BSDS500, for both at the settings that are timed, and how many segments cover so."""
    try:
        ours, theirs = _coverings()
    except (OSError, ValueError) as error:
        return Check(False, f"not checked: {error}")
    figures = (f"{covering:.4f} ({segments:.0f} segments)" for covering, segments in (ours, theirs))
    return Check(ours[0] >= theirs[0], f"covering {' against '.join(figures)} on {_TRUTHS} pictures of BSDS500 val")


@cache
def _coverings() -> tuple[tuple[float, float], tuple[float, float]]:
    """Mean covering and number of segments, ours and theirs."""
    from classicseg.datasets import open_dataset
    from classicseg.metrics import score

    root = os.environ.get("CLASSICSEG_DATA")
    if not root:
        raise ValueError("CLASSICSEG_DATA names no folder with BSDS500")
    samples = list(open_dataset(f"bsds500:{root}/BSDS500", split="val"))
    found = []
    for sample in samples[:: len(samples) // _TRUTHS][:_TRUTHS]:
        loaded = sample.read()
        picture = np.ascontiguousarray(loaded.image.array)
        maps = MeanShift().segment(picture), _elsewhere(picture)().astype(np.int64) + 1
        found.append(
            [(score(each, loaded.truths, "covering", kind=loaded.kind), len(np.unique(each))) for each in maps]
        )
    ours, theirs = np.mean(found, axis=0).tolist()
    return tuple(ours), tuple(theirs)


def _colors(picture: NDArray[np.uint8]) -> Case:
    image = as_image(picture)
    samples = image.samples(image.in_space("lab"))
    wide = samples.astype(np.float64)

    def ours() -> tuple[NDArray[np.floating], NDArray[np.integer]]:
        threads = thread_count(None)
        colors = distinct_rows(samples)
        modes = color_modes(colors.rows, colors.counts, _BANDWIDTH, 301, 1e-3, threads).modes
        return modes, nearest_mode(colors.rows, modes, threads)[colors.index]

    def theirs() -> tuple[NDArray[np.floating], NDArray[np.integer]]:
        from sklearn.cluster import MeanShift as Peer

        found = Peer(bandwidth=_BANDWIDTH, bin_seeding=True).fit(wide)
        return found.cluster_centers_, found.labels_

    def equal(ours: Any, theirs: Any) -> Check:
        if ours[0].shape != theirs[0].shape:
            return Check(False, f"{len(ours[0])} modes against {len(theirs[0])}")
        away = float(np.abs(ours[0] - theirs[0]).max())
        share = float((ours[1] == theirs[1]).mean())
        return Check(
            away < 1e-6 and share > 0.9999, f"{len(ours[0])} modes within {away:.1g}, {share:.4%} labels equal"
        )

    name = f"sklearn.cluster.MeanShift(bandwidth={_BANDWIDTH:g}, bin_seeding=True)"
    return Case(
        method="meanshift",
        task="modes and labels of colours alone (Lab)",
        ours=ours,
        peers=(Peer(name, "sklearn", 100, theirs, equal),),
        slow_runs=1,
    )
