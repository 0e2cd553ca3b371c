"""Several segmenters on one picture: what they share is computed once.

Segmenters that differ only in how small regions join others, or in whether connected parts have labels of their own,
share the labels before that (`finishing`). Those that differ only in where a hierarchy, a tree or a gradient is cut
share it (`cuts`). What comes out is what each would give by itself, to the last pixel; one that shares nothing runs by
itself.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from classicseg.base import Context, CutSegmenter, Segmenter
from classicseg.bench.sources import Labelled, attempt, in_words, run_method
from classicseg.image import Image, as_image

if TYPE_CHECKING:
    from classicseg.image import DataRange
    from classicseg.io.read import Picture


def run_nested(
    segmenters: Sequence[Segmenter], picture: Picture, data_range: DataRange | None = None
) -> Iterator[Labelled | str]:
    """The label map of each segmenter, in their order, computed on one thread; in words, why one failed.

    Parameters
    ----------
    segmenters : sequence of Segmenter
        Methods of any kind. Least is kept in memory where those that share something follow one another.
    picture : Picture
    data_range : (low, high), "image" or None
        As for `classicseg.segment`.

    Yields
    ------
    Labelled or str
        The seconds are those of what is shared and of its own: what it would take by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import Watershed
    >>> from classicseg.io.read import Picture
    >>> image = np.repeat([[0, 3, 90, 250]], 2, axis=1).repeat(4, axis=0).astype(np.uint8)
    >>> picture = Picture(image, None, None, "steps")
    >>> family = [Watershed(sigma=0, height=height) for height in (0, 200)]
    >>> [int(found.labels.max()) for found in run_nested(family, picture)]
    [2, 1]
    """
    keys = [shared_key(each) for each in segmenters]
    sharing = Counter(key for key in keys if key is not None)
    together = [each for each, key in zip(segmenters, keys, strict=True) if sharing[key] > 1]
    steps = _Steps(picture, data_range, together) if together else None
    for segmenter, key in zip(segmenters, keys, strict=True):
        if steps is not None and sharing[key] > 1:
            yield _run(segmenter, steps)
        else:
            yield attempt(run_method, segmenter, picture, data_range)


def shared_key(segmenter: Segmenter) -> Hashable | None:
    """Equal for segmenters that share all but what costs little; such ones should follow one another.

    None for a plug-in, which shares nothing, since nobody knows which parameters its steps look at.
    """
    if not type(segmenter).__module__.startswith("classicseg."):
        return None
    return _key(segmenter, (*segmenter.finishing, *segmenter.cuts))


def _key(segmenter: Segmenter, without: Sequence[str]) -> Hashable:
    kept = {name: value for name, value in segmenter.get_params().items() if name not in without}
    return type(segmenter), tuple(kept.items())


class _Steps:
    """What segmenters share of one picture, each computed when first asked for and kept until the last has asked."""

    def __init__(self, picture: Picture, data_range: DataRange | None, segmenters: Sequence[Segmenter]) -> None:
        started = time.perf_counter()
        look = {"mask": picture.mask, "color": picture.color, "data_range": data_range}
        self.image = attempt(as_image, picture.array, **look)  # in words, why there is none
        self.ready = time.perf_counter() - started
        self.context = Context(threads=1)
        self._left = Counter(key for each in segmenters for key in self._keys(each))
        self._made: dict[Hashable, tuple[Any, float]] = {}

    @staticmethod
    def _keys(segmenter: Segmenter) -> list[Hashable]:
        raw = ("raw", _key(segmenter, segmenter.finishing))
        return [raw, ("uncut", shared_key(segmenter))] if isinstance(segmenter, CutSegmenter) else [raw]

    def raw(self, segmenter: Segmenter, image: Image) -> tuple[Any, float]:
        """The labels and findings before the last steps, or an error; and the seconds of all that led there."""
        raw_key, *uncut_key = self._keys(segmenter)
        if not isinstance(segmenter, CutSegmenter):
            return self._once(raw_key, lambda: segmenter._segment(image, self.context))
        uncut, before = self._once(uncut_key[0], lambda: segmenter._uncut(image, self.context))
        if isinstance(uncut, Exception):
            self._release(raw_key)
            return uncut, before
        found, seconds = self._once(raw_key, lambda: segmenter._cut(uncut, image, self.context))
        return found, before + seconds

    def _once(self, key: Hashable, make: Callable[[], Any]) -> tuple[Any, float]:
        if key not in self._made:
            started = time.perf_counter()
            try:
                made = make()
            except Exception as error:
                made = error
            self._made[key] = made, time.perf_counter() - started
        found = self._made[key]
        self._release(key)
        return found

    def pass_over(self, segmenter: Segmenter) -> None:
        """This one asks for nothing."""
        for key in self._keys(segmenter):
            self._release(key)

    def _release(self, key: Hashable) -> None:
        self._left[key] -= 1
        if not self._left[key]:
            self._made.pop(key, None)


def _run(segmenter: Segmenter, steps: _Steps) -> Labelled | str:
    image = steps.image
    if isinstance(image, str):
        return image
    try:
        segmenter._require_memory(image)
    except Exception as error:
        steps.pass_over(segmenter)
        return in_words(error)
    if not image.mask.any():
        steps.pass_over(segmenter)
        return Labelled(np.zeros(image.shape, np.int32), image.mask, steps.ready)
    found, shared = steps.raw(segmenter, image)
    if isinstance(found, Exception):
        return in_words(found)
    started = time.perf_counter()
    try:
        raw, findings = found
        labels, _ = segmenter._finish(raw.copy(), dict(findings), image, 1)  # what is shared stays as it is
    except Exception as error:
        return in_words(error)
    return Labelled(labels, image.mask, steps.ready + shared + time.perf_counter() - started)
