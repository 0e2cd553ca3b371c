"""Everything is compiled before the first picture comes: for containers, and for whoever does not like to wait.

Kernels have no signatures of their own; each is compiled for what its driver hands it. So the way to have all machine
code that a method needs is to run the method: on small made pictures of every kind, with each of its parameters turned
in turn. What that leaves out, a test finds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classicseg import registry
from classicseg.base import Segmenter
from classicseg.errors import ImageError, ParameterError
from classicseg.parallel import usable_cores

if TYPE_CHECKING:
    from classicseg.parameters import Parameter

SCORES = "scores"  # stands beside the names of methods: every score, and what hierarchies can do
_SMALL, _LARGE = (24, 31), (150, 201)  # the large one for steps that small pictures skip
# What takes other kernels on large pictures only: all pixels as nodes, and more superpixels than are solved exactly.
_ON_LARGE: dict[str, tuple[dict[str, Any], ...]] = {"spectral": ({"n_superpixels": 0}, {"n_superpixels": 8000})}
# What takes other kernels where the picture is larger than any cache: the watershed.
_HUGE = (1030, 1030)
_ON_HUGE: dict[str, dict[str, Any]] = {"edges": {}, "watershed": {}, "ucm": {}, "threshold": {"split_touching": 1.0}}
# Two processes should not compile the same: while one compiles the scores, another compiles what all methods share, and
# what builds on kernels of another method (mixtures on k-means, spectral on superpixels) comes well after it.
_ORDER = (SCORES, "threshold", "kmeans", "quickshift", "meanshift", "gmm", "edges", "slic", "spectral")


@dataclass(frozen=True)
class Warmed:
    """What came of one part: a method, or the scores.

    Attributes
    ----------
    name : str
    seconds : float
    compiled : dict of str to float
        The kernels that were compiled, with the seconds that each took, its callees included.
    loaded : int
        How many were there already.
    lost : int
        How many were compiled, but could not be written: the disk is full, or the folder is read-only.
    """

    name: str
    seconds: float
    compiled: dict[str, float] = field(default_factory=dict)
    loaded: int = 0
    lost: int = 0


def parts(names: Iterable[str] = ()) -> tuple[str, ...]:
    """What can be warmed up: the methods behind these names and presets, or all built-in ones and the scores.

    Raises
    ------
    ParameterError
        A name is not known.
    """
    wanted = tuple(names)
    if not wanted:
        return (*registry.BUILT_IN, SCORES)
    found = []
    for name in wanted:
        if name != SCORES:
            try:
                registry.resolve(name)
            except ParameterError as error:
                raise ParameterError(f"{error} {SCORES!r} stands for all scores.") from None
        found.append(registry.PRESETS[name][0] if name in registry.PRESETS else name)
    return tuple(dict.fromkeys(found))


def warm_up(
    names: Iterable[str] = (), *, processes: int | None = None, advance: Callable[[Warmed], None] | None = None
) -> list[Warmed]:
    """Compile the kernels of methods and scores, and keep the machine code for later processes.

    Parameters
    ----------
    names : iterable of str
        Methods or presets, and "scores"; all of them by default. Region merging, which makes the hierarchies of most
        methods, is among what "ucm" compiles.
    processes : int, optional
        Worker processes, since one process compiles one kernel at a time; by default one a core. With 1, the work is
        done in this process.
    advance : callable, optional
        Called with each part that is done.

    Returns
    -------
    list of Warmed
        In the order of the parts.
    """
    wanted = parts(names)
    workers = min(processes or usable_cores(), len(wanted))
    done: dict[str, Warmed] = {}
    for warmed in map(exercise, wanted) if workers == 1 else _in_processes(wanted, workers):
        done[warmed.name] = warmed
        if advance is not None:
            advance(warmed)
    return [done[name] for name in wanted]


def _in_processes(wanted: tuple[str, ...], workers: int) -> Iterator[Warmed]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    order = sorted(wanted, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from (future.result() for future in as_completed([pool.submit(exercise, name) for name in order]))


def exercise(name: str) -> Warmed:
    """Use a method, or the scores, in all ways that lead to kernels of their own."""
    from classicseg.kernels import cache

    started, before = time.perf_counter(), dict(cache.compiled)
    loaded, lost = len(cache.loaded), len(cache.lost)
    _exercise_scores() if name == SCORES else _exercise_method(name)
    compiled = {kernel: seconds for kernel, seconds in cache.compiled.items() if kernel not in before}
    seconds = time.perf_counter() - started
    return Warmed(name, seconds, compiled, len(cache.loaded) - loaded, len(cache.lost) - lost)


def kept() -> tuple[Path | None, int, int]:
    """The folder of compiled kernels (None where there is none), how many it holds, and their bytes."""
    from classicseg.kernels import cache

    folder = cache.cache_folder()
    files = list(folder.glob("*.bin")) if folder is not None else []
    return folder, len(files), sum(file.stat().st_size for file in files)


def _exercise_method(name: str) -> None:
    method, generator = registry.describe(name), np.random.default_rng(0)
    mask = generator.random(_SMALL) > 0.2
    # Region merging is what `ucm` compiles, for all methods that have no tree of their own.
    own_tree = method.segmenter._hierarchy is not Segmenter._hierarchy
    for picture in _pictures(generator, _SMALL):
        for where in (None, mask):
            found = registry.make(name).run(picture, mask=where)
            _ = found.hierarchy if own_tree else None
        _run(picture.astype(np.float32) / 255, name)  # no whole levels, which are converted by other loops
        for preset in method.presets:
            _run(picture, preset)
        for parameters in _turned(method.parameters):
            _run(picture, name, mask=mask, **parameters)
    for picture in _pictures(generator, _LARGE)[:2]:
        for parameters in ({}, *_ON_LARGE.get(name, ())):
            _run(picture, name, **parameters)
    if name in _ON_HUGE:
        _run(_pictures(generator, _HUGE)[1], name, **_ON_HUGE[name])


def _run(picture: NDArray[Any], name: str, mask: NDArray[np.bool_] | None = None, **parameters: Any) -> None:
    with suppress(ParameterError, ImageError):  # parameters that go with others only, or with other pictures
        registry.make(name, **parameters).run(picture, mask=mask)


def _pictures(generator: np.random.Generator, shape: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Colour, grey and five bands: patches of even colour with some noise."""
    rows, columns = np.indices(shape)
    patches = generator.integers(0, 256, (4, 5, 5))[rows * 4 // shape[0], columns * 5 // shape[1]]
    bands = np.clip(patches + generator.normal(0, 6, patches.shape), 0, 255).astype(np.uint8)
    return [np.ascontiguousarray(bands[:, :, :3]), np.ascontiguousarray(bands[:, :, 0]), bands]


def _turned(parameters: dict[str, Parameter]) -> Iterator[dict[str, Any]]:
    """Each parameter in turn with each other word it may have, or with another number."""
    for name, declaration in parameters.items():
        others: list[Any] = [*declaration.choices, *declaration.special]
        if declaration.kind is bool:
            others += [True, False]
        elif declaration.kind in (int, float):
            others += [declaration.kind(number) for number in _numbers(declaration)]
        for value in others:
            if value != declaration.default and declaration.accepts(value):
                yield {name: value}


def _numbers(declaration: Parameter) -> list[float]:
    """A few small numbers, around the default where it is one."""
    default = declaration.default
    if isinstance(default, bool) or not isinstance(default, int | float):
        return [declaration.low or 0, 2, 3]
    return [0, 1, 3] if default == 0 else [0, default / 2, min(2 * default, default + 2)]


def _exercise_scores() -> None:
    from classicseg.hierarchy import Hierarchy
    from classicseg.io.ucm import hierarchy_from_ucm2
    from classicseg.metrics import score_all, score_hierarchy, scores
    from classicseg.metrics.kinds import TRUTH_KINDS

    generator = np.random.default_rng(0)
    leaves, other = (generator.integers(1, 5, (6, 8)).repeat(4, axis=0).repeat(4, axis=1) for _ in range(2))
    for kind in TRUTH_KINDS:
        names = [name for name, each in scores().items() if kind in each.kinds]
        score_all(leaves, [other, leaves], names=names, kind=kind)
    contours = np.zeros((13, 17))
    contours[2:-1:2], contours[:, 2:-1:2] = generator.random((5, 17)), generator.random((13, 7))
    hierarchy = hierarchy_from_ucm2(contours)
    Hierarchy.from_parents(hierarchy.leaves, hierarchy.parents, hierarchy.altitudes[hierarchy.n_leaves :])
    hierarchy.cut(threshold=0.5)
    hierarchy.ucm()
    for attribute in ("area", "volume", "dynamics"):
        hierarchy.reweight(attribute)
    score_hierarchy(hierarchy, [other[:6, :8]])
    _exercise_outlines(leaves)
    _exercise_annotations(leaves)


def _exercise_outlines(labels: NDArray[np.int64]) -> None:
    from classicseg.io.outlines import outlines

    _ = outlines(labels).simplify(1.0).coordinates


def _exercise_annotations(labels: NDArray[np.int64]) -> None:
    from classicseg.io.coco_json import SEGMENTATIONS, encode_coco
    from classicseg.io.measurements import measure

    for segmentation in SEGMENTATIONS:
        encode_coco(labels, file_name="", segmentation=segmentation)
    measure(labels, labels)
