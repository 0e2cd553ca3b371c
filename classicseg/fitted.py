"""One model for many pictures: what a method learned from all of them, and segments each with."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from classicseg.atomic import atomic_write
from classicseg.calling import SegmentsPictures
from classicseg.errors import ImageError, ParameterError
from classicseg.guards import answered_for
from classicseg.image import Color, DataRange, Image, as_image
from classicseg.learned import Learned, Pictures
from classicseg.parallel import Progress, reporting, thread_count
from classicseg.pools import planes_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from classicseg.base import Segmenter
    from classicseg.segmentation import Segmentation

FORMAT, FORMAT_VERSION = "classicseg model", 1


@dataclass(frozen=True)
class Fitted(SegmentsPictures):
    """A segmenter with what it learned from pictures: an immutable value that segments others by the same rule.

    `Segmenter.fit` makes it. It is called like a segmenter and takes the same road, but for what it learned: the
    threshold, the centres, the mixture, or the bandwidth. It is picklable, and `save` writes it as JSON.

    Attributes
    ----------
    segmenter : Segmenter
        The method with all its parameters.
    pictures : Pictures
        From what it learned.
    learned : dict
        What it learned, in numbers, words and lists. Rows of classes are in the order of their numbers.

    Notes
    -----
    Of a method that makes classes, a class has the same number in every picture: class 1 is the darkest of all
    pictures together, by the mean L* (or mean of the bands) of its pixels. So a picture that lacks a class has no such
    label, the one exception to labels 1..K without a hole; the finding ``classes`` lists those that occur. Parts that
    ``connected=True`` makes of classes, and segments, are numbered as always.

    Fitted on one picture, a model gives that picture the labels of the segmenter itself; with ``min_size``, which the
    model does not know of when it numbers its classes, the numbers may differ. Fitted on several pictures of one size,
    it is what the segmenter would find in them put side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from classicseg import Threshold
    >>> dim = np.array([[10, 20, 30]], dtype=np.uint8)
    >>> bright = np.array([[200, 210, 220]], dtype=np.uint8)
    >>> model = Threshold().fit([dim, bright])
    >>> model
    Fitted(Threshold(), 2 pictures)
    >>> model.learned["threshold"], model.segment(dim), model.segment(bright)
    (30.0, array([[0, 0, 0]], dtype=int32), array([[1, 1, 1]], dtype=int32))
    """

    segmenter: Segmenter
    pictures: Pictures
    text: str = field(repr=False)  # what was learned, as JSON: it does not change, is compared, hashed and pickled

    @classmethod
    def of(cls, segmenter: Segmenter, pictures: Pictures, learned: dict[str, Any]) -> Fitted:
        """A model from what was learned, which is checked.

        Raises
        ------
        ParameterError
            It is not what the method learns.
        """
        try:
            text = json.dumps(learned, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"{segmenter.name}: a model holds finite numbers, words and lists: {error}."
            ) from error
        model = cls(segmenter, pictures, text)
        _ = model._recalled
        return model

    def __repr__(self) -> str:
        count = self.pictures.number
        return f"Fitted({_short(self.segmenter)}, {count} picture{'s' if count != 1 else ''})"

    @property
    def name(self) -> str:
        """The method's name."""
        return self.segmenter.name

    @property
    def learned(self) -> dict[str, Any]:
        """What was learned; a copy of its own each time."""
        return json.loads(self.text)

    @cached_property
    def sha256(self) -> str:
        """What tells this model from others: a digest of the method, its parameters and all that was learned."""
        return hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of the segmenter by name."""
        return self.segmenter.get_params(deep)

    def content(self) -> dict[str, Any]:
        """All of the model in JSON's words; `classicseg.load_model` makes it anew from a file of them."""
        return {
            "method": self.name,
            "parameters": self.get_params(),
            "pictures": self.pictures._asdict(),
            "learned": self.learned,
        }

    def save(self, path: str | Path) -> None:
        """Write the model as JSON, atomically; `classicseg.load_model` reads it back to the last digit.

        Raises
        ------
        OSError
            The file cannot be written; what stood there before still stands there.
        """
        from importlib.metadata import version

        head = {"format": FORMAT, "format_version": FORMAT_VERSION, "version": version("classicseg")}
        text = json.dumps(head | self.content(), indent=1, allow_nan=False)
        atomic_write(path, (text + "\n").encode())

    def _run(self, picture: Image, threads: int, progress: Progress | None) -> Segmentation:
        return self.segmenter._run(picture, threads, progress, self)

    @cached_property
    def _recalled(self) -> Any:
        with answered_for(self.segmenter):
            return self.segmenter._recall(Learned(self.name, self.learned, self.pictures))

    def _fitting(self, image: Image) -> Image:
        """The picture with as many planes as the model knows."""
        known = self.pictures
        if known.kind is None:
            return image
        if image.kind != known.kind or (known.depth is not None and image.depth not in (1, known.depth)):
            raise ImageError(
                f"a picture of {planes_in_words(image.kind, image.depth)} came, and the model was fitted on "
                f"{planes_in_words(known.kind, known.depth)}. Give a picture of that kind, or fit a model on such."
            )
        return image if known.depth is None else image.repeated(known.depth)


def fit(
    segmenter: Segmenter,
    images: Iterable[Any],
    *,
    masks: Iterable[ArrayLike | None] | None = None,
    color: Color | None = None,
    channel_axis: int = -1,
    data_range: DataRange | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """What `Segmenter.fit` does."""
    pool, count = segmenter._pool(), thread_count(threads)
    length = _length(images)
    with reporting(progress, 1.0) as report:
        for number, (image, mask) in enumerate(_with_masks(images, masks), start=1):
            try:
                pool.add(_as_image(image, mask, color, channel_axis, data_range), count)
            except ImageError as error:
                raise ImageError(f"picture {number} of those to fit on: {error}") from error
            if report is not None and length:
                report(number / (length + 1))
        if not pool.pictures:
            raise ImageError(
                f"{segmenter.name}: no picture with a pixel that counts came to be fitted on. "
                "Give at least one, and check the masks."
            )
        with answered_for(segmenter):
            learned = segmenter._learn(pool, count)
    kind, depth = (pool.kind, pool.depth) if learned else (None, None)
    model = Fitted.of(segmenter, Pictures(pool.pictures, pool.pixels, kind, depth), learned)
    if progress is not None:
        progress(1.0)
    return model


def _length(images: Iterable[Any]) -> int | None:
    if isinstance(images, np.ndarray) and images.ndim < 4:
        raise ImageError(
            f"fit: one array of shape {images.shape} came; it takes several pictures. Give [image], a list of them, "
            "or list(stack) for a stack (N, H, W)."
        )
    if not isinstance(images, Iterable):
        raise ImageError(f"fit: {type(images).__name__} came; it takes several pictures. Give a list of arrays.")
    return len(images) if isinstance(images, Sized) else None


def _with_masks(images: Iterable[Any], masks: Iterable[ArrayLike | None] | None) -> Iterable[tuple[Any, Any]]:
    if masks is None:
        yield from ((image, None) for image in images)
        return
    if not isinstance(masks, Iterable):
        raise ImageError(f"fit: masks={masks!r} came; they are a list, with one or None for each picture.")
    nothing = object()
    for image, mask in itertools.zip_longest(images, masks, fillvalue=nothing):
        if image is nothing or mask is nothing:
            raise ImageError("fit: as many masks as pictures are needed. Give None for a picture without one.")
        yield image, mask


def _as_image(
    image: Any, mask: ArrayLike | None, color: Color | None, channel_axis: int, data_range: DataRange | None
) -> Image:
    """An `Image` of an array, or of a picture that was read from a file, which knows its own mask and colour."""
    if hasattr(image, "array") and hasattr(image, "mask") and not isinstance(image, np.ndarray):
        own = image.mask
        if mask is None or own is None:
            mask = own if mask is None else mask
        else:
            mask = np.asarray(mask) & own
        image, color = image.array, color or image.color
    return as_image(image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range)


def _short(segmenter: Segmenter) -> str:
    """The class with those parameters that are not at their defaults."""
    from classicseg.parameters import declared

    given = {name: getattr(segmenter, name) for name in declared(segmenter)}
    told = [f"{name}={value!r}" for name, value in given.items() if value != declared(segmenter)[name].default]
    return f"{type(segmenter).__name__}({', '.join(told)})"
