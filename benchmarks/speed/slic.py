"""SLIC beside scikit-image's and fast-slic, at no more superpixels, no lower recall and no higher error.

Their grids, their distances and how they join small parts differ, so that equal output means: boundary recall no lower
and undersegmentation error no higher, on pictures of BSDS500 in the folder that CLASSICSEG_DATA names, with no more
superpixels. Beside scikit-image both take 10 rounds at compactness 10; beside fast-slic, which takes its defaults (the
same), ours takes 2 at 12, after which its superpixels are the better ones. fast-slic (0.4.0) builds beside Cython below
3: ``pip install 'Cython<3'``, then ``pip install --no-build-isolation fast-slic``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import classicseg
from benchmarks.speed.case import Case, Check, Peer

_PICTURES = 10
_WANTED, _COMPACTNESS, _ROUNDS = 300, 10, 10
# What gives as many superpixels as each peer does when asked for `_WANTED`, or a few less, and no worse ones.
_BESIDE_SKIMAGE = {"n_segments": 190, "compactness": 10.0, "max_num_iter": 10}
_BESIDE_FAST_SLIC = {"n_segments": 278, "compactness": 12.0, "max_num_iter": 2}
_RECALL, _ERROR = "boundary.superpixel_recall", "undersegmentation.neubert_protzel"
Labels = NDArray[np.integer]


def cases(picture: NDArray[np.uint8]) -> list[Case]:
    """The whole call from an RGB picture to connected superpixels, beside each peer."""
    skimage = f"skimage.segmentation.slic(picture, {_WANTED}, {_COMPACTNESS}, {_ROUNDS})"
    fast_slic = f"fast_slic.avx2.SlicAvx2({_WANTED}, compactness={_COMPACTNESS}).iterate(picture, {_ROUNDS})"
    return [
        _case(picture, partial(_ours, _BESIDE_SKIMAGE), skimage, "skimage", 5, _scikit_image),
        _case(picture, partial(_ours, _BESIDE_FAST_SLIC), fast_slic, "fast_slic", 1, _fast_slic),
    ]


def _case(
    picture: NDArray[np.uint8],
    ours: Callable[[Any], Labels],
    name: str,
    requires: str,
    floor: float,
    theirs: Callable[[Any], Labels],
) -> Case:
    peer = Peer(name, requires, floor, partial(theirs, picture), lambda _, __: _as_good(ours, theirs))
    return Case("slic", f"about as many superpixels as {requires} gives", partial(ours, picture), (peer,))


def _ours(parameters: dict[str, Any], picture: NDArray[np.uint8]) -> Labels:
    return classicseg.segment(picture, "slic", **parameters)


def _scikit_image(picture: NDArray[np.uint8]) -> Labels:
    from skimage.segmentation import slic

    return slic(picture, _WANTED, _COMPACTNESS, _ROUNDS, start_label=1)


def _fast_slic(picture: NDArray[np.uint8]) -> Labels:
    from fast_slic.avx2 import SlicAvx2

    return SlicAvx2(num_components=_WANTED, compactness=_COMPACTNESS).iterate(picture, _ROUNDS) + 1


def _as_good(ours: Callable[[Any], Labels], theirs: Callable[[Any], Labels]) -> Check:
    try:
        samples = _samples()
    except (OSError, ValueError) as error:
        return Check(False, f"not checked: {error}")
    (own_recall, own_error, own_count), (recall, error, count) = (_quality(call, samples) for call in (ours, theirs))
    figure = (
        f"{own_count:.0f} superpixels against {count:.0f}, boundary recall {own_recall:.4f} against {recall:.4f}, "
        f"undersegmentation error (Neubert, Protzel) {own_error:.4f} against {error:.4f}, {len(samples)} pictures"
    )
    return Check(own_recall >= recall and own_error <= error and own_count <= count, figure)


def _quality(call: Callable[[Any], Labels], samples: list[Any]) -> tuple[float, float, float]:
    """Mean boundary recall, mean undersegmentation error, and mean number of superpixels."""
    from classicseg.metrics import score

    found = []
    for picture, truths, kind in samples:
        labels = call(picture).astype(np.int64)
        scores = [score(labels, truths, name, kind=kind) for name in (_RECALL, _ERROR)]
        found.append((*scores, len(np.unique(labels))))
    recall, error, count = np.mean(found, axis=0).tolist()
    return recall, error, count


@cache
def _samples() -> list[Any]:
    from classicseg.datasets import open_dataset

    root = os.environ.get("CLASSICSEG_DATA")
    if not root:
        raise ValueError("CLASSICSEG_DATA names no folder with BSDS500")
    samples = list(open_dataset(f"bsds500:{root}/BSDS500", split="val"))
    read = [sample.read() for sample in samples[:: len(samples) // _PICTURES][:_PICTURES]]
    return [(np.ascontiguousarray(each.image.array), each.truths, each.kind) for each in read]
