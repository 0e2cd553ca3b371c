"""One model for many pictures: what a method learned from all of them, and segments each with."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError, ParameterError
from classicseg.image import Color, DataRange, Image, as_image
from classicseg.parallel import Progress, thread_count

if TYPE_CHECKING:
    from pathlib import Path

    from classicseg.base import Segmenter
    from classicseg.segmentation import Segmentation

_CURE = "Fit the model anew."


class Pictures(NamedTuple):
    """From what a model was learned.

    Attributes
    ----------
    number, pixels : int
        How many pictures had a pixel that counts, and how many pixels counted in all.
    kind : {"rgb", "bands"} or None
        What their planes mean; None where nothing was learned.
    depth : int or None
        Their planes: 1 (grey), 3 (colour), or the number of bands; None where any number will do.
    """

    number: int
    pixels: int
    kind: str | None
    depth: int | None


@dataclass(frozen=True)
class Fitted:
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
        from classicseg.models import save_model

        save_model(self, path)

    def segment(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        color: Color | None = None,
        channel_axis: int = -1,
        data_range: DataRange | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.int32]:
        """The label map of a picture; see `classicseg.segment` for the arguments."""
        return self.run(
            image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range,
            threads=threads, progress=progress,
        ).labels  # fmt: skip

    def run(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        color: Color | None = None,
        channel_axis: int = -1,
        data_range: DataRange | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Segmentation:
        """The label map of a picture with findings; see `classicseg.segment` for the arguments.

        Raises
        ------
        ImageError
            The picture cannot be used as it came, or is of another kind than those that the model was fitted on.
        """
        picture = as_image(image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range)
        return self.segmenter._run(picture, thread_count(threads), progress, self)

    @cached_property
    def _recalled(self) -> Any:
        with self.segmenter._answered():
            return self.segmenter._recall(Learned(self.name, self.learned, self.pictures))

    def _fitting(self, image: Image) -> Image:
        """The picture with as many planes as the model knows."""
        known = self.pictures
        if known.kind is None or not image.mask.any():
            return image
        if image.kind != known.kind or (known.depth is not None and image.depth not in (1, known.depth)):
            from classicseg.pools import planes_in_words

            raise ImageError(
                f"a picture of {planes_in_words(image.kind, image.depth)} came, and the model was fitted on "
                f"{planes_in_words(known.kind, known.depth)}. Give a picture of that kind, or fit a model on such."
            )
        return image if known.depth is None else image.repeated(known.depth)


class Learned:
    """What was learned, with checks of what each entry is; `Segmenter._recall` takes it apart.

    Attributes
    ----------
    pictures : Pictures
    """

    def __init__(self, name: str, values: dict[str, Any], pictures: Pictures) -> None:
        self._name, self._values, self.pictures = name, values, pictures

    def only(self, *names: str) -> None:
        """Raise unless there are entries of these names and no others."""
        if set(self._values) != set(names):
            raise ParameterError(
                f"{self._name}: a model that holds {', '.join(sorted(self._values)) or 'nothing'} came; "
                f"it holds {', '.join(sorted(names)) or 'nothing'}. {_CURE}"
            )

    def array(self, name: str, *shape: int | None) -> NDArray[np.float64]:
        """Finite numbers as a float64 array of that shape, where None stands for any length of at least 1."""
        try:
            found = np.array(self._values.get(name), dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            found = np.array(np.nan)
        fits = found.ndim == len(shape) and all(
            length == wanted if wanted is not None else length > 0
            for length, wanted in zip(found.shape, shape, strict=True)
        )
        if not fits or not _numbers_only(self._values.get(name)) or not np.isfinite(found).all():
            wanted = " x ".join("n" if length is None else str(length) for length in shape)
            raise ParameterError(
                f"{self._name}: {name} of a model is {f'{wanted} finite numbers' if shape else 'a finite number'}, "
                f"and something else came. {_CURE}"
            )
        return found

    def holds(self, name: str) -> bool:
        """Whether there is such an entry."""
        return name in self._values

    def rising(self, name: str, length: int) -> NDArray[np.float64]:
        """So many numbers, none below the one before it; there may be none."""
        found = self.array(name, length)
        self.require(not (np.diff(found) < 0).any(), name, "rising numbers")
        return found

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number from `low` to `high`."""
        found = float(self.array(name))
        if not low <= found <= high:
            raise ParameterError(f"{self._name}: {name}={found!r} of a model is not from {low} to {high}. {_CURE}")
        return found

    def require(self, condition: Any, name: str, what: str) -> None:
        """Raise unless the condition holds."""
        if not condition:
            raise ParameterError(f"{self._name}: {name} of a model are {what}, and others came. {_CURE}")

    def order(self, name: str, length: int) -> NDArray[np.int64]:
        """The numbers 0..length - 1 in some order."""
        found = self.array(name, length)
        self.require(sorted(found.tolist()) == list(range(length)), name, f"the numbers 0 to {length - 1}")
        return found.astype(np.int64)

    def word(self, name: str, *choices: str) -> str:
        """One of some words."""
        found = self._values.get(name)
        if not isinstance(found, str) or found not in choices:
            raise ParameterError(
                f"{self._name}: {name}={found!r} of a model is not one of {', '.join(map(repr, choices))}. {_CURE}"
            )
        return found


def _numbers_only(value: Any) -> bool:
    if isinstance(value, list):
        return all(_numbers_only(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


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
    for number, (image, mask) in enumerate(_with_masks(images, masks), start=1):
        try:
            pool.add(_as_image(image, mask, color, channel_axis, data_range), count)
        except ImageError as error:
            raise ImageError(f"picture {number} of those to fit on: {error}") from error
        if progress is not None and length:
            progress(number / (length + 1))
    if not pool.pictures:
        raise ImageError(
            f"{segmenter.name}: no picture with a pixel that counts came to be fitted on. "
            "Give at least one, and check the masks."
        )
    with segmenter._answered():
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
