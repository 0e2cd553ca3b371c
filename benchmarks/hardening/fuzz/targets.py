"""What is fuzzed: each target takes bytes, and raises where a promise is broken.

The errors in `ALLOWED` are answers; any other exception, a warning or anything else on stderr is a finding, and so is
`Broken`, for a result that is not what was promised.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hardening.fuzz import mutations, seeds
from classicseg.errors import DependencyError, ImageError, MemoryLimitError, ParameterError

ALLOWED = (ImageError, ParameterError, DependencyError, MemoryLimitError)
_LARGEST_PICTURE = 2**21  # pixels: a greater one is refused by the readers, so that the time goes into many small ones


class Broken(AssertionError):
    """A result is not what was promised."""


@dataclass(frozen=True)
class Target:
    """Bytes that become a call.

    Attributes
    ----------
    call : callable
    seeds : callable
        Gives the bytes to begin with.
    instrumented : tuple of str
        Modules whose branches guide the fuzzer.
    mutate : callable or None
        As `mutations` has them; plain bytes where None.
    share : float
        Of the time.
    """

    call: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    instrumented: tuple[str, ...]
    mutate: Callable[[bytes, int, int, mutations.Mutate], bytes] | None = None
    share: float = 1.0


def require(promise: Any, words: str) -> None:
    """Raise `Broken` unless the promise is kept."""
    if not promise:
        raise Broken(words)


def limit_memory() -> None:
    """Refuse large pictures, as a small machine would."""
    from PIL import Image

    from classicseg import memory

    Image.MAX_IMAGE_PIXELS = _LARGEST_PICTURE // 2  # Pillow refuses twice as many
    memory.machine_memory = lambda: 8 * _LARGEST_PICTURE


def _picture(data: bytes) -> None:
    from classicseg.io.read import read_picture

    # The last byte decides what is asked for; formats end before it or do not mind.
    choice = data[-1] if data else 0
    page = 2 if choice % 16 == 1 else 1
    bands = (2, 1) if choice % 16 == 2 else None
    turn = "ignore" if choice % 16 == 3 else "apply"
    picture = read_picture(data, page=page, bands=bands, orientation=turn)
    array, mask = picture.array, picture.mask
    require(array.ndim in (2, 3) and array.size > 0, f"an array of shape {array.shape}")
    require(array.dtype.kind in "buif" and array.dtype.isnative, f"samples of type {array.dtype}")
    require(array.dtype.itemsize <= 8 and array.dtype != np.float16, f"samples of type {array.dtype}")
    if mask is not None:
        require(mask.dtype == bool and mask.shape == array.shape[:2], f"a mask of {mask.shape} {mask.dtype}")
        require(not mask.all(), "a mask that leaves nothing out")
    require(picture.color in ("rgb", "multiband", None), f"color={picture.color!r}")
    require(picture.color != "rgb" or array.shape[2:] == (3,), f"rgb of shape {array.shape}")
    told = array.ndim == 2 or data.startswith(b"\x93NUMPY") or picture.color is not None
    require(told, f"{array.shape[2:]} channels of a file, and nothing about what they are")
    require(picture.name == "stdin", f"the name {picture.name!r}")
    require(picture.orientation in range(1, 9) and picture.pages >= page, f"{picture.orientation}, {picture.pages}")
    require(turn == "apply" or picture.orientation == 1, "turned, though it was to be ignored")
    _check_again(data, page, bands, turn, picture)
    _use(picture)


def _check_again(data: bytes, page: int, bands: Any, turn: Any, picture: Any) -> None:
    from classicseg.io.read import read_picture

    again = read_picture(data, page=page, bands=bands, orientation=turn)
    require(np.array_equal(again.array, picture.array, equal_nan=again.array.dtype.kind == "f"), "another array")
    require(np.array_equal(again.mask, picture.mask), "another mask")  # None equals None


def _use(picture: Any) -> None:
    """What `classicseg run` does with it: a quick method, what it looks like, and label maps with its geo tags."""
    import warnings

    from classicseg import run
    from classicseg.errors import DataRangeWarning
    from classicseg.io.overlay import display
    from classicseg.io.write import encode_labels

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataRangeWarning)
        try:
            labels = run(picture.array, "otsu", mask=picture.mask, color=picture.color).labels
            display(picture.array, picture.mask, color=picture.color, data_range=None)
        except ImageError:  # such as NaN, or floats beyond 0..1
            return
    require(labels.shape == picture.array.shape[:2], "labels of another shape")
    if picture.geo is not None:
        encode_labels(labels, "tiff", geo=picture.geo)


def _labels(data: bytes) -> None:
    from classicseg.io.read import read_labels

    labels = read_labels(data)
    require(labels.ndim == 2 and labels.size > 0 and labels.dtype == np.int32, f"{labels.dtype} {labels.shape}")
    require(labels.flags.c_contiguous, "a map that is not contiguous")


def _hierarchy(data: bytes) -> None:
    from classicseg.io.hierarchy import encode_hierarchy, read_hierarchy

    path = _folder() / "made.npz"
    path.write_bytes(data)
    hierarchy = read_hierarchy(path)
    _try_hierarchy(hierarchy)
    path.write_bytes(encode_hierarchy(hierarchy))
    require(np.array_equal(read_hierarchy(path).parents, hierarchy.parents), "other parents once written")


def _contours(data: bytes) -> None:
    from classicseg.io.ucm import read_ucm2

    path = _folder() / "made.mat"
    path.write_bytes(data)
    _try_hierarchy(read_ucm2(path))


def _model(data: bytes) -> None:
    from classicseg import load_model

    path = _folder() / "model.json"
    path.write_bytes(data)
    model = load_model(path)
    model.save(path)
    require(load_model(path) == model, "another model once saved")
    for picture in (np.arange(12, dtype=np.uint8).reshape(3, 4) * 20, np.arange(24, dtype=np.uint8).reshape(2, 4, 3)):
        try:
            labels = model.segment(picture)
        except ALLOWED:  # of another kind than the model's
            continue
        require(labels.dtype == np.int32 and labels.shape == picture.shape[:2], f"{labels.dtype} {labels.shape}")
        require(labels.min() >= 0, "labels below 0")


def _try_hierarchy(hierarchy: Any) -> None:
    levels = hierarchy.thresholds()
    whole = hierarchy.cut(threshold=float(levels[-1])) if len(levels) else hierarchy.cut(n_segments=1)
    require(whole.dtype == np.int32 and whole.shape == hierarchy.leaves.shape, f"a cut of {whole.shape} {whole.dtype}")
    require(np.array_equal(np.unique(whole[whole > 0]), np.arange(1, whole.max() + 1)), "labels with a hole")


def _declaration(data: bytes) -> None:
    from classicseg.datasets.declared.declaration import parse_declaration
    from classicseg.datasets.declared.find import find

    root = _root()
    declaration = parse_declaration(data)
    for split in [None, *list(declaration.splits)[:1]]:
        _read_all(find(declaration, root, split=split), root)


def _coco(data: bytes) -> None:
    from classicseg.datasets import coco

    root = _root()
    for name in ("instances", "panoptic"):
        (root / "annotations" / f"{name}_images.json").write_bytes(data)
    refused = []
    for view in coco.VIEWS:
        try:
            _read_all(coco.read(root, split="images", view=view), root)
        except ALLOWED as error:
            refused.append(error)
    if len(refused) == len(coco.VIEWS):
        raise refused[0]


def _read_all(found: Any, root: Path) -> None:
    for sample in found.samples[:4]:
        require(sample.path.resolve().is_relative_to(root), f"{sample.path} lies outside the root")
        try:
            loaded = sample.read()
        except ALLOWED:
            continue
        for truth in loaded.truths:
            require(truth.dtype == np.int32 and truth.shape == loaded.image.array.shape[:2], "a truth of another shape")


def _score(data: bytes) -> None:
    from classicseg.metrics import find_score, score, score_all

    take = _Taken(data)
    names = _score_names()
    name = names[take.number(len(names))]
    shape = (take.number(7), take.number(7)) if take.rarely() else (1 + take.number(6), 1 + take.number(6))
    prediction = take.labels(shape)
    count = take.number(4) if take.rarely() else 1 + take.number(3)
    truths = [take.labels((2, 3) if take.rarely() else shape) for _ in range(count)]
    kinds = ("classes", "binary", "instances", "other") if take.rarely() else find_score(name).kinds
    kind = kinds[take.number(len(kinds))]
    foregrounds = (1.5, "x", True) if take.rarely() else ("nonzero", "bright", "dark", 1, 0, -3)
    foreground = foregrounds[take.number(len(foregrounds))]
    mask = take.labels(shape) > 0 if take.number(3) == 1 else None
    void = take.labels(shape) > 0 if take.number(3) == 1 else None
    given: dict[str, Any] = {"kind": kind, "foreground": foreground, "mask": mask, "void": void}
    truth: Any = truths[0] if len(truths) == 1 else truths
    if take.rarely():
        found = score_all(prediction, truth, **given)
    else:
        found = {name: score(prediction, truth, name, **given)}
    for each, value in found.items():
        low, high = find_score(each).range
        within = math.isnan(value) or low - 1e-12 <= value <= high + 1e-12
        require(isinstance(value, float) and within, f"{each} is {value!r}, not in {low}..{high}")


@cache
def _score_names() -> list[str]:
    from classicseg.metrics import scores

    return sorted(scores())


class _Taken:
    """Bytes taken one after the other; zeros when they are out."""

    _TYPES = ("int32", "uint8", "bool", "int64", "uint16", "int16", "uint64", "float64", "int8")

    def __init__(self, data: bytes) -> None:
        self._data, self._next = data, 0

    def number(self, below: int) -> int:
        """One byte as a number from 0."""
        return self.bytes(1)[0] % below

    def rarely(self) -> bool:
        """Once in sixteen bytes."""
        return self.number(16) == 1

    def bytes(self, count: int) -> bytes:
        """So many bytes."""
        found = self._data[self._next : self._next + count].ljust(count, b"\0")
        self._next += count
        return found

    def labels(self, shape: tuple[int, int]) -> np.ndarray:
        """A map of a type of its own, mostly of small numbers."""
        kind = np.dtype(self._TYPES[self.number(len(self._TYPES)) if self.number(4) == 1 else 0])
        size = shape[0] * shape[1]
        if self.rarely() and kind.kind != "b":
            return np.frombuffer(self.bytes(size * kind.itemsize), kind).reshape(shape)
        return (np.frombuffer(self.bytes(size), np.uint8) % (1 + self.number(9))).reshape(shape).astype(kind)


_temporary = tempfile.TemporaryDirectory(prefix="fuzz-")  # goes away with the process


def _folder() -> Path:
    return Path(_temporary.name).resolve()


@cache
def _root() -> Path:
    """A folder with two pictures, their truths, and room for COCO's lists."""
    from PIL import Image

    root = _folder() / "root"
    for name in ("images", "truths", "annotations", "panoptic_images"):
        (root / name).mkdir(parents=True)
    for name in ("a", "b"):
        for folder in ("images", "truths", "panoptic_images"):
            Image.fromarray(np.arange(35, dtype=np.uint8).reshape(5, 7) % 3).save(root / folder / f"{name}.png")
            Image.fromarray(np.zeros((5, 7), np.uint8)).save(_folder() / f"{name}.png")
    return root


_READERS = ("classicseg.io", "tifffile", "PIL")
TARGETS = {
    "picture": Target(_picture, seeds.pictures, _READERS, mutations.mutate_picture, share=3),
    "labels": Target(_labels, seeds.labels, _READERS, mutations.mutate_picture),
    "score": Target(_score, seeds.comparisons, ("classicseg.metrics", "classicseg.kernels"), share=2),
    "hierarchy": Target(
        _hierarchy, seeds.hierarchies, ("classicseg.io", "classicseg.hierarchy"), mutations.mutate_archive
    ),
    "model": Target(
        _model, seeds.models, ("classicseg.models", "classicseg.fitted", "classicseg.segmenters"), mutations.mutate_json
    ),
    "contours": Target(_contours, seeds.contour_maps, ("classicseg.io", "classicseg.hierarchy", "scipy.io.matlab")),
    "declaration": Target(_declaration, seeds.declarations, ("classicseg.datasets", "classicseg.io")),
    "coco": Target(_coco, seeds.coco_lists, ("classicseg.datasets", "classicseg.io"), mutations.mutate_json),
}
