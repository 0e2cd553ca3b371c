"""What every reader gives: a data set of samples, each a picture with its truths, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError, if_turned
from classicseg.image import DataRange
from classicseg.io.orientation import Orientation, check_orientation, orientation_ignored
from classicseg.metrics.kinds import TruthKind

if TYPE_CHECKING:
    from classicseg.io.read import Picture

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Truths:
    """The truths of one picture.

    Attributes
    ----------
    maps : tuple of (H, W) int32 arrays
        One label map an annotator.
    void : (H, W) bool array or None
        True where no score counts; None where every pixel counts.
    categories : tuple of mappings, or None
        For instance truths whose objects have classes: the class of each label, one mapping a map.
    """

    maps: tuple[NDArray[np.int32], ...]
    void: NDArray[np.bool_] | None = None
    categories: tuple[Mapping[int, int], ...] | None = None


@dataclass(frozen=True, eq=False)
class LoadedSample:
    """A sample with its picture and truths, which have one size: what `Sample.read` gives.

    Attributes
    ----------
    name, kind
        Those of the sample.
    image : Picture
        ``image.array`` (H, W) or (H, W, C) is what `classicseg.segment` takes, with ``mask=image.mask``,
        ``color=image.color`` and the ``data_range`` of the data set.
    truths : tuple of (H, W) int32 arrays
    void : (H, W) bool array or None
    categories : tuple of mappings, or None
        As `Truths` has them.
    """

    name: str
    kind: TruthKind
    image: Picture
    truths: tuple[NDArray[np.int32], ...]
    void: NDArray[np.bool_] | None
    categories: tuple[Mapping[int, int], ...] | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture of a data set. Nothing is read before a method asks for it, and nothing is kept.

    A sample can be pickled and read in another process, as long as its two loaders can.

    Attributes
    ----------
    name : str
        Unique in its data set.
    kind : {"binary", "classes", "instances"}
        What the values of the truths mean: foreground (1) and background (0), one class a value, or one object a value
        with background 0.
    image_loader : callable
        Reads the picture: a `classicseg.io.read.Picture` with array, mask, color and name.
    truth_loader : callable
        Reads the `Truths`.
    path : Path or None
        The file of the picture; None for a picture that is made.
    """

    name: str
    kind: TruthKind
    image_loader: Callable[[], Picture]
    truth_loader: Callable[[], Truths]
    path: Path | None = None

    def read_image(self) -> Picture:
        """The picture alone."""
        return self.image_loader()

    def read_truths(self) -> tuple[NDArray[np.int32], ...]:
        """The truths alone: label maps (H, W), one an annotator."""
        return self.truth_loader().maps

    def read_void(self) -> NDArray[np.bool_] | None:
        """The void alone: True where no score counts; None where every pixel does."""
        return self.truth_loader().void

    def read(self) -> LoadedSample:
        """Picture, truths and void together, of one size.

        Raises
        ------
        ImageError
            A file cannot be read, or a truth has another size than the picture.
        """
        image, truths = self.image_loader(), self.truth_loader()
        for what, array in [*(("truth", each) for each in truths.maps), ("void", truths.void)]:
            if array is not None and array.shape != image.array.shape[:2]:
                raise ImageError(
                    f"{self.name}: the picture has {_size(image.array)} pixels (height x width), its {what} "
                    f"{_size(array)}. Give files of one size, or take the pair out."
                    f"{if_turned(array.shape, image.array.shape)}"
                )
        return LoadedSample(self.name, self.kind, image, truths.maps, truths.void, truths.categories)


def oriented(samples: Iterable[Sample], orientation: Orientation) -> tuple[Sample, ...]:
    """Samples whose files are turned as they say ("apply"), or read as they are stored ("ignore"), truths too.

    Both can be pickled as before. It works for readers of other packages too, as long as they read pictures by
    `classicseg.io`.
    """
    check_orientation(orientation)
    if orientation == "apply":
        return tuple(samples)
    return tuple(
        replace(
            sample,
            image_loader=partial(_as_stored, sample.image_loader),
            truth_loader=partial(_as_stored, sample.truth_loader),
        )
        for sample in samples
    )


def _as_stored(load: Callable[[], T]) -> T:
    with orientation_ignored():
        return load()


@dataclass(frozen=True, eq=False)
class Found:
    """What a reader found under a root. Nothing but names and lists has been read.

    Attributes
    ----------
    samples : tuple of Sample
        The pictures that have a truth, in a fixed order.
    missing : tuple of str
        What the layout asks for and is not there, one thing a line, in words that name the file.
    data_range : (low, high), "image" or None
        As `DataSet.data_range`.
    classes : mapping of int to str, or None
        The names of the classes, where the format knows them.
    remarks : tuple of str
        What is odd and no error, one thing a line.

    Raises
    ------
    ImageError
        Two samples have one name.
    """

    samples: tuple[Sample, ...]
    missing: tuple[str, ...] = ()
    data_range: DataRange | None = None
    classes: Mapping[int, str] | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, Sample] = {}
        for sample in self.samples:
            if sample.name in seen:
                raise ImageError(
                    f"two samples are called {sample.name!r}: {seen[sample.name].path} and {sample.path}. Samples are "
                    "told apart by their names: rename a file, or name each once in the list."
                )
            seen[sample.name] = sample


@dataclass(frozen=True, eq=False)
class DataSet:
    """Samples under one name, in a fixed order.

    Attributes
    ----------
    name : str
    samples : tuple of Sample
    data_range : (low, high), "image" or None
        The samples' values that mean black and white, as `classicseg.segment` takes them; None: those of the type.
    classes : mapping of int to str, or None
        The names of the classes, where the format knows them.
    """

    name: str
    samples: tuple[Sample, ...]
    data_range: DataRange | None = None
    classes: Mapping[int, str] | None = None

    @property
    def kind(self) -> TruthKind | None:
        """The kind of the truths; None where samples differ in it."""
        kinds = {sample.kind for sample in self.samples}
        return kinds.pop() if len(kinds) == 1 else None

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)


def _size(array: NDArray[np.generic]) -> str:
    return f"{array.shape[0]} x {array.shape[1]}"
