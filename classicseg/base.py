"""The one road that every method takes: check -> Image -> the method's own step -> labels in the promised order."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg import labels as label_maps
from classicseg.calling import SegmentsPictures
from classicseg.color import SPACES
from classicseg.errors import ParameterError
from classicseg.guards import guarded, guarded_hierarchy
from classicseg.image import Color, DataRange, Image
from classicseg.memory import require_memory
from classicseg.parallel import Progress, reporting
from classicseg.parameters import Search, declared, parameter
from classicseg.segmentation import Segmentation

if TYPE_CHECKING:
    from classicseg.fitted import Fitted
    from classicseg.hierarchy import Hierarchy
    from classicseg.learned import Learned
    from classicseg.pools import Pool

# A pixel, beside the picture, on photographs: merging of small regions (about 100 where each pixel is a region of its
# own), and parting of touching objects.
_BYTES_OF_MERGING, _BYTES_OF_SPLITTING = 20, 46
# What of the work is the method's own, as `progress` is told: the rest is merging and numbering.
_SHARE_OF_METHOD = 0.95


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


@dataclass(frozen=True, kw_only=True)
class Segmenter(SegmentsPictures):
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
    # Peak memory of a run beside the picture, a pixel and a sample (`python -m benchmarks.memory`): as seen on
    # photographs, with a tenth to a third more. Noise may take up to four times as much where regions or distinct
    # colours are counted, since each of its pixels is one of its own.
    bytes_per_pixel: ClassVar[int] = 40
    bytes_per_sample: ClassVar[int] = 20

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

    def _guarded_hierarchy(self, found: Segmentation, image: Image, threads: int) -> Hierarchy:
        """`_hierarchy`, with what a plug-in's own may get wrong said in its name."""
        return guarded_hierarchy(self, image, lambda seen: self._hierarchy(found, seen, Context(threads)), found.mask)

    @staticmethod
    def _parts(found: Segmentation) -> NDArray[np.int32]:
        """The 4-connected parts of the labels, background too, 1..n in raster order; 0 outside the mask."""
        return label_maps.components(found.labels, found.mask)[0]

    def _memory(self, image: Image) -> int:
        """An estimate of the bytes that a run on `image` takes: the picture, and the most of the steps."""
        own = self.bytes_per_pixel + self.bytes_per_sample * image.depth
        merging = _BYTES_OF_MERGING if self.min_size > 1 else 0
        splitting = _BYTES_OF_SPLITTING if self.split_touching else 0
        return image.nbytes + max(own, merging, splitting) * image.mask.size

    def fit(
        self,
        images: Iterable[Any],
        *,
        masks: Iterable[ArrayLike | None] | None = None,
        color: Color | None = None,
        channel_axis: int = -1,
        data_range: DataRange | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Fitted:
        """Learn from many pictures: one threshold, one palette, one mixture or one bandwidth for all of them.

        Parameters
        ----------
        images : iterable of arrays
            Pictures as `classicseg.segment` takes them, or those of `classicseg.io.read_picture`, which bring their
            mask and colour along. They are looked at once, one after another: a generator may read them.
        masks : iterable of (H, W) bool arrays or None, optional
            One for each picture.
        color, channel_axis, data_range, threads
            As `classicseg.segment` takes them, for all pictures; ``data_range="image"`` is each picture's own.
        progress : callable, optional
            Called with the share of the work that is done (0 to the end, if the number of pictures is not known); an
            exception in it ends the call.

        Returns
        -------
        Fitted
            The model, which segments pictures. It hangs neither on the order of the pictures (but where classes are
            equally light, of which the first to come has the lower number), nor on the number of threads, nor on
            the type that carries the samples.

        Raises
        ------
        ParameterError
            The method, with these parameters, learns nothing from other pictures.
        ImageError
            A picture cannot be used as it came, or is of another kind than those before it (grey counts as colour);
            or no pixel counts in any of them.
        MemoryLimitError
            A picture is too large, or there are too many colours, for what the machine has.

        Examples
        --------
        >>> import numpy as np
        >>> from classicseg import KMeans
        >>> night, day = np.array([[0, 9, 90]], dtype=np.uint8), np.array([[95, 240, 255]], dtype=np.uint8)
        >>> model = KMeans(n_clusters=3).fit([night, day])
        >>> model.segment(night), model.segment(day)
        (array([[1, 1, 2]], dtype=int32), array([[2, 3, 3]], dtype=int32))
        """
        from classicseg.fitted import fit

        return fit(
            self, images, masks=masks, color=color, channel_axis=channel_axis, data_range=data_range,
            threads=threads, progress=progress,
        )  # fmt: skip

    def _run(
        self, picture: Image, threads: int, progress: Progress | None, model: Fitted | None = None
    ) -> Segmentation:
        """The road of all methods; with a `model`, what it learned stands in place of the method's own step."""
        self._require_memory(picture)
        if not picture.mask.any():
            nothing = np.zeros(picture.shape, np.int32)
            return Segmentation(nothing, picture.mask, self, {"empty": True}, picture, threads)
        with reporting(progress, _SHARE_OF_METHOD) as report:
            context = Context(threads, report)
            raw, findings = guarded(self, picture, lambda image: self._step(image, context, model))
            labels, findings = self._finish(raw, findings, picture, threads, numbered=model is not None)
        if progress is not None:
            progress(1.0)
        return Segmentation(labels, picture.mask, self, findings, picture, threads)

    def _step(self, image: Image, context: Context, model: Fitted | None) -> tuple[NDArray[np.integer], dict[str, Any]]:
        if model is None:
            return self._segment(image, context)
        return self._apply(model._recalled, model._fitting(image), context)

    def _pool(self) -> Pool:
        """What is kept of the pictures of `fit`, empty; a method that learns gives a `classicseg.pools.Pool`."""
        raise ParameterError(
            f"{self.name} learns nothing from other pictures; threshold, kmeans, gmm and meanshift do. "
            "Segment each picture by itself, or choose one of these."
        )

    def _learn(self, pool: Any, threads: int) -> dict[str, Any]:
        """What the pool tells, in numbers, words and lists; rows of classes in the order of their final numbers."""
        raise NotImplementedError

    def _recall(self, learned: Learned) -> Any:
        """What was learned as `_apply` takes it, after a check of names, types and shapes."""
        raise NotImplementedError

    def _apply(self, recalled: Any, image: Image, context: Context) -> tuple[NDArray[np.integer], dict[str, Any]]:
        """What `_segment` gives, by what was learned.

        A method that makes classes gives their final numbers 1..K, says ``n_classes`` = K among the findings, and has
        the rows of classes in their order already, without `PerClass`.
        """
        raise NotImplementedError

    def _require_memory(self, image: Image) -> None:
        """Raise `MemoryLimitError` where a run on `image` would take more than there is."""
        require_memory(
            self._memory(image),
            f"{self.name} on a picture of {image.shape[0]} x {image.shape[1]} pixels",
            "Make the picture smaller, cut it into tiles, or choose a lighter method or parameters.",
        )

    def _finish(
        self,
        raw: NDArray[np.integer],
        findings: dict[str, Any],
        image: Image,
        threads: int,
        numbered: bool = False,
    ) -> tuple[NDArray[np.int32], dict[str, Any]]:
        """Labels as they are promised, of raw ones whose classes may be `numbered`; and findings."""
        if self.numbers_segments and self.connected and self.min_size <= 1:
            return label_maps.as_int32(raw), findings
        labels = label_maps.as_int32(raw if image.mask.all() else np.where(image.mask, raw, 0))
        if self.split_touching:
            labels = label_maps.split_touching(labels > 0, self.split_touching)
        if self.min_size > 1:
            labels = self._absorbed(labels, image, threads, 0 if self.binary else None)
        if self.makes == "classes" and not self.binary:
            if numbered:
                findings = findings | {"classes": np.unique(labels[image.mask]).tolist()}
            else:
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
