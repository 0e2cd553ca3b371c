"""The one road that every method takes: check -> Image -> the method's own step -> labels in the promised order."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg import labels as label_maps
from classicseg.color import SPACES
from classicseg.errors import ImageError, ParameterError, PluginError
from classicseg.image import Color, DataRange, Image, as_image
from classicseg.memory import require_memory
from classicseg.parallel import Progress, thread_count
from classicseg.parameters import Search, declared, parameter
from classicseg.segmentation import Segmentation

if TYPE_CHECKING:
    from classicseg.hierarchy import Hierarchy

# Merging of small regions, a pixel: about 110 where each pixel is a region of its own, 30 on photographs.
_BYTES_OF_MERGING = 110


def space_parameter(searched: bool = False) -> Any:
    """The field `space` of the methods that measure colour distances; searched where colours are all there is."""
    return parameter("lab", "colour space of colour pictures", choices=SPACES, search=Search() if searched else None)


def min_size_parameter(default: int = 0, what: str = "smaller regions join their most similar neighbour") -> Any:
    """The field `min_size`; a search goes from 1 pixel, which leaves all, to about 1 % of a small photograph."""
    return parameter(default, what, low=0, unit="px", scale="log", search=Search(1, 2000))


def split_parameter(search: Search | None = None) -> Any:
    """The field `split_touching`."""
    return parameter(
        0,
        "binary results: part touching objects at h-maxima of this height; 0: do not; auto: by their own size",
        kind=float,
        low=0,
        special=("auto",),
        unit="px",
        search=search,
    )


@dataclass(frozen=True)
class PerClass:
    """A finding with one row for each raw class; `Segmenter.run` puts the rows in the order of the final classes."""

    rows: NDArray[Any]


@dataclass(frozen=True)
class Context:
    """How a run goes: what describes neither the picture nor the method."""

    threads: int = 1
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.progress is not None and not callable(self.progress):
            raise ParameterError(
                f"progress={self.progress!r} is not allowed; it is called with the share that is done. "
                "Give a function of one number, or leave it out."
            )


@dataclass(frozen=True, kw_only=True)
class Segmenter(ABC):
    """A segmentation method with its parameters: an immutable value.

    A method is a frozen, keyword-only dataclass that declares its fields with `classicseg.parameters.parameter` and
    implements ``_segment(image, context)``. Everything else stands here: input checks, connected components, merging
    of small segments, numbering.

    Parameters
    ----------
    connected : bool
        Give each connected part of a label a label of its own. True where the method makes segments.
    min_size : int
        Regions of fewer pixels join their most similar neighbour; 0 leaves all.
    split_touching : float or "auto"
        For binary results: part touching objects where the distance to the background falls by more than this many
        pixels between their centres; 0 does not. "auto" asks for a fall by a fifth, and by a pixel at least.
    """

    name: ClassVar[str]
    makes: ClassVar[Literal["classes", "segments"]]
    # Whether `_segment` gives connected segments with their final numbers: 1..K in raster order, 0 outside the mask.
    numbers_segments: ClassVar[bool] = False
    # Why `connected` cannot be off, where segments are connected by their making.
    always_connected: ClassVar[str] = ""
    # Peak memory of a run, as seen on photographs of one megapixel and on noise (the worst case), with some room.
    bytes_per_pixel: ClassVar[int] = 120
    bytes_per_sample: ClassVar[int] = 64

    # Parameters that `_segment` does not look at, since only the steps after it do.
    finishing: ClassVar[tuple[str, ...]] = ("connected", "min_size", "split_touching")
    # Parameters that only `_cut` of a `CutSegmenter` looks at.
    cuts: ClassVar[tuple[str, ...]] = ()

    connected: bool = parameter(
        False,
        "give each connected part of a label its own label",
        search=Search(scores="regions"),
    )
    min_size: int = min_size_parameter()
    split_touching: float | Literal["auto"] = split_parameter()

    def __post_init__(self) -> None:
        for name, declaration in declared(self).items():
            declaration.check(self.name, name, getattr(self, name))
        if self.always_connected and not self.connected:
            raise ParameterError(
                f"{self.name}: connected={self.connected!r} has no meaning here: {self.always_connected}. "
                "Leave connected at True."
            )
        if self.split_touching and not self.binary:
            raise ParameterError(
                f"{self.name}: split_touching={self.split_touching!r} parts the objects of a binary result, "
                f"and this makes {self.makes}. Leave it at 0, or use method='threshold' with two classes."
            )

    @property
    def binary(self) -> bool:
        """Whether the result is a foreground (1) on a background (0)."""
        return False

    @abstractmethod
    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        """Raw labels (H, W), 0 or above (binary: 0 and 1), with anything outside the mask; and findings."""

    def _hierarchy(self, found: Segmentation, image: Image, context: Context) -> Hierarchy:
        """The hierarchy above what was found: by default connected parts of the labels, merged by `merging`.

        A method with a tree of its own overrides this; its leaves are numbered as `_parts` numbers them.
        """
        from classicseg.merging import hierarchy_of

        return hierarchy_of(self._parts(found), image, context.threads)

    @staticmethod
    def _parts(found: Segmentation) -> NDArray[np.int32]:
        """The 4-connected parts of the labels, background too, 1..n in raster order; 0 outside the mask."""
        return label_maps.components(found.labels, found.mask)[0]

    def _memory(self, image: Image) -> int:
        """An estimate of the bytes that a run on `image` takes: the most of its two steps."""
        own = self.bytes_per_pixel + self.bytes_per_sample * image.depth
        last = _BYTES_OF_MERGING + 8 * image.depth if self.min_size > 1 else 0
        return max(own, last) * image.mask.size

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
        """The label map of a picture with the method's findings; see `classicseg.segment` for the arguments."""
        context = Context(thread_count(threads), progress)
        picture = as_image(image, mask=mask, color=color, channel_axis=channel_axis, data_range=data_range)
        self._require_memory(picture)
        if not picture.mask.any():
            nothing = np.zeros(picture.shape, np.int32)
            return Segmentation(nothing, picture.mask, self, {"empty": True}, picture, context.threads)
        raw, findings = self._guarded(picture, context)
        labels, findings = self._finish(raw, findings, picture, context.threads)
        if progress is not None:
            progress(1.0)
        return Segmentation(labels, picture.mask, self, findings, picture, context.threads)

    def _require_memory(self, image: Image) -> None:
        """Raise `MemoryLimitError` where a run on `image` would take more than there is."""
        require_memory(
            self._memory(image),
            f"{self.name} on a picture of {image.shape[0]} x {image.shape[1]} pixels",
            "Make the picture smaller, cut it into tiles, or choose a lighter method or parameters.",
        )

    def _guarded_hierarchy(self, found: Segmentation, image: Image, threads: int) -> Hierarchy:
        """`_hierarchy`, with what a plug-in's own may get wrong said in its name."""
        context = Context(threads)
        if type(self)._hierarchy.__module__.startswith("classicseg."):
            return self._hierarchy(found, image, context)
        from classicseg.hierarchy import Hierarchy

        with self._blamed():
            hierarchy = self._hierarchy(found, image.read_only(), context)
        if not isinstance(hierarchy, Hierarchy) or not np.array_equal(hierarchy.leaves > 0, found.mask):
            raise PluginError(
                f"the plug-in method {self.name!r} gave {type(hierarchy).__name__} as its hierarchy; a method gives "
                "a classicseg.Hierarchy whose leaves cover the mask and nothing else."
            )
        return hierarchy

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Errors that are neither the picture's nor the parameters' become the plug-in's."""
        try:
            yield
        except (ImageError, ParameterError, MemoryError):
            raise
        except Exception as error:
            raise PluginError(f"the plug-in method {self.name!r} failed: {type(error).__name__}: {error}") from error

    def _guarded(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        """`_segment`, with what a plug-in may get wrong said in its name."""
        if type(self).__module__.startswith("classicseg."):
            return self._segment(image, context)
        with self._blamed():
            raw, findings = self._segment(image.read_only(), context)
            raw, findings = np.asarray(raw), dict(findings)
        if raw.shape != image.shape or raw.dtype.kind not in "biu" or raw[image.mask].min() < 0:
            raise PluginError(
                f"the plug-in method {self.name!r} gave {raw.dtype} labels of shape {raw.shape} for a picture of "
                f"{image.shape}; a method gives integers of 0 or above, one a pixel."
            )
        return np.array(raw), findings  # a copy: what the plug-in keeps is its own

    def _finish(
        self, raw: NDArray[np.integer], findings: dict[str, Any], image: Image, threads: int
    ) -> tuple[NDArray[np.int32], dict[str, Any]]:
        if self.numbers_segments and self.connected and self.min_size <= 1:
            return label_maps.as_int32(raw), findings
        labels = label_maps.as_int32(raw if image.mask.all() else np.where(image.mask, raw, 0))
        if self.split_touching:
            labels = label_maps.split_touching(labels > 0, self.split_touching)
        if self.min_size > 1:
            labels = self._absorbed(labels, image, threads, 0 if self.binary else None)
        if self.makes == "classes" and not self.binary:
            labels, findings = _number_classes(labels, findings, image, threads)
        if self.connected:
            labels, _ = label_maps.components(labels, image.mask if not self.binary else labels > 0)
        elif self.makes == "segments":
            labels, _ = label_maps.number_in_raster_order(labels, image.mask)
        elif self.split_touching:
            labels, _ = label_maps.number_in_raster_order(labels)
        return np.ascontiguousarray(labels), findings

    def _absorbed(
        self, labels: NDArray[np.int32], image: Image, threads: int, background: int | None = None
    ) -> NDArray[np.int32]:
        """The labels after regions below `min_size` have joined others; see `labels.absorb_small`."""
        planes = (strip.in_space("lab", threads) for strip in image.strips())
        return label_maps.absorb_small(labels, planes, image.mask, self.min_size, background)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name, as scikit-learn's `clone` asks for them; `deep` makes no difference."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def set_params(self, **parameters: Any) -> Segmenter:
        """Refused: a segmenter does not change. Use ``dataclasses.replace(segmenter, name=value)``."""
        raise ParameterError(
            f"a {type(self).__name__} does not change; make another with dataclasses.replace(segmenter, "
            f"{', '.join(f'{name}={value!r}' for name, value in parameters.items()) or 'name=value'})."
        )


@dataclass(frozen=True, kw_only=True)
class CutSegmenter(Segmenter):
    """A method that computes a hierarchy, a tree or a gradient, and cuts it: other cuts of the same cost little.

    It names in `cuts` the parameters that the second step alone looks at.
    """

    @abstractmethod
    def _uncut(self, image: Image, context: Context) -> Any:
        """What `_cut` makes labels of: all that does not hang on `cuts`. It stays as it is, for other cuts."""

    @abstractmethod
    def _cut(self, uncut: Any, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        """What `_segment` gives, from what `_uncut` gave, by this or by a segmenter that differs in `cuts` alone."""

    def _segment(self, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        return self._cut(self._uncut(image, context), image, context)


def _number_classes(
    raw: NDArray[np.integer], findings: dict[str, Any], image: Image, threads: int
) -> tuple[NDArray[np.int32], dict[str, Any]]:
    """Classes 1..K by rising lightness, and the findings of each class in that order."""
    raw, names = label_maps.compressed(raw)
    order = label_maps.order_by_lightness(raw, image.lightness(threads), image.mask)
    rows = order if names is None else names[order]
    numbers = np.zeros(int(raw.max()) + 1, dtype=np.int32)
    numbers[order] = np.arange(1, len(order) + 1)
    ordered = {key: value.rows[rows] if isinstance(value, PerClass) else value for key, value in findings.items()}
    return label_maps.relabel(raw, image.mask, numbers), {"n_classes": len(order)} | ordered
