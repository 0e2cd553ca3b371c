"""What gives a label map for each picture: a method, a function, or what another program wrote; and their families."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from classicseg.base import Segmenter
from classicseg.errors import DependencyError, ImageError, MemoryLimitError, ParameterError, PluginError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from classicseg.datasets.base import LoadedSample
    from classicseg.image import DataRange
    from classicseg.io.read import Picture

_Made = TypeVar("_Made")
_EXPECTED = (ImageError, MemoryLimitError, ParameterError, PluginError, DependencyError, OSError)


@dataclass(frozen=True, eq=False)
class Labelled:
    """A label map (H, W), where it counts (None: everywhere), and the seconds that it took."""

    labels: NDArray[np.integer]
    mask: NDArray[np.bool_] | None
    seconds: float


@dataclass(frozen=True)
class Source(ABC):
    """Something that gives a label map for each picture; it can be pickled and run in another process."""

    @property
    @abstractmethod
    def method(self) -> str:
        """A method's name, or "predictions" or "callable"."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """All parameters, as the tables show them."""

    @property
    def makes(self) -> str:
        """What its labels are: "classes", "segments", or "" where nobody knows."""
        return ""

    @abstractmethod
    def facts(self, sample: str) -> Mapping[str, Any] | None:
        """What its label map of the sample of this name hangs on, beside the picture; None where nobody can tell.

        A result is taken up again by a later run where these facts, as JSON, are the same.
        """

    @abstractmethod
    def run(self, sample: LoadedSample, data_range: DataRange | None) -> Labelled:
        """The label map of a picture, computed on one thread."""

    @classmethod
    def run_all(
        cls, sources: Sequence[Source], sample: LoadedSample, data_range: DataRange | None
    ) -> Iterator[Labelled | str]:
        """The label maps of several sources of this class, in their order; in words, why one failed.

        What they share is computed once where a class knows how.
        """
        for source in sources:
            yield attempt(source.run, sample, data_range)


def attempt(call: Callable[..., _Made], *arguments: Any, **options: Any) -> _Made | str:
    """What the call gives, or in words why it failed."""
    try:
        return call(*arguments, **options)
    except Exception as error:  # whatever it is, the other pictures go on
        return in_words(error)


def in_words(error: Exception) -> str:
    """What is told of a failure; of one that nobody raised on purpose, its type too."""
    return str(error) if isinstance(error, _EXPECTED) else f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class MethodSource(Source):
    """A method of ours or a plug-in's."""

    segmenter: Segmenter

    @property
    def method(self) -> str:
        return self.segmenter.name

    @property
    def makes(self) -> str:
        return self.segmenter.makes

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.segmenter.get_params()

    def facts(self, sample: str) -> Mapping[str, Any] | None:
        from classicseg.bench.fingerprints import version_of

        del sample
        version = version_of(self.segmenter)
        if version is None:
            return None
        return {"method": self.segmenter.name, "parameters": self.segmenter.get_params(), "version": version}

    def run(self, sample: LoadedSample, data_range: DataRange | None) -> Labelled:
        return run_method(self.segmenter, sample.image, data_range)

    @classmethod
    def run_all(
        cls, sources: Sequence[Source], sample: LoadedSample, data_range: DataRange | None
    ) -> Iterator[Labelled | str]:
        from classicseg.bench.nested import run_nested

        segmenters = [source.segmenter for source in sources if isinstance(source, MethodSource)]
        yield from run_nested(segmenters, sample.image, data_range)


def run_method(segmenter: Segmenter, picture: Picture, data_range: DataRange | None) -> Labelled:
    """The label map that a method gives, computed on one thread."""
    started = time.perf_counter()
    found = segmenter.run(picture.array, mask=picture.mask, color=picture.color, data_range=data_range, threads=1)
    return Labelled(found.labels, found.mask, time.perf_counter() - started)


@dataclass(frozen=True)
class Entry:
    """What stands under one name in the tables: one source, or a family from which one is chosen.

    Attributes
    ----------
    name : str
    sources : tuple of Source
        The members of the family; all of one class.
    scale : str
        The parameter that the members differ in, where it is one; the members are ascending in it.
    chosen : {"fixed", "train"}
        How the parameters of a single source were chosen.
    tuned : mapping or None
        Where they were tuned: on which pictures, by which search, within which budget.
    """

    name: str
    sources: tuple[Source, ...]
    scale: str = ""
    chosen: str = "fixed"
    tuned: Mapping[str, Any] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.sources or len({type(source) for source in self.sources}) > 1:
            raise ParameterError(f"the entry {self.name!r} needs sources, one or more, all of one kind.")
