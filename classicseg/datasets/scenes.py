"""Made scenes: pictures whose truth is exact, because the truth is drawn first and the picture painted from it.

Each scene rises in difficulty over three levels and hides its regions in one way only, so that a table over the scenes
shows what a method can bear. Shapes are drawn with +, -, x, / and square roots alone, which every machine rounds alike.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classicseg.datasets.base import DataSet, Sample, Truths
from classicseg.errors import ParameterError
from classicseg.metrics.kinds import TruthKind

if TYPE_CHECKING:
    from classicseg.io.read import Picture

LEVELS = (1, 2, 3)

Truth = NDArray[np.int32]
Scene = tuple[NDArray[np.uint8], Truth]

_SMALLEST, _LARGEST = 64, 4096  # below, the smallest discs have a handful of pixels
_COLORS = np.array(
    [
        (238, 232, 213),  # the background, class 1
        (38, 70, 83),
        (231, 111, 81),
        (42, 157, 143),
        (233, 196, 106),
        (106, 76, 147),
        (25, 130, 196),
        (138, 177, 37),
    ],
    dtype=np.uint8,
)

# Discs of a cluster: the directions from its middle, and how many radii away they touch their neighbours.
_HALF_ROOT_3 = float(np.sqrt(3)) / 2
_SPOKES: dict[int, list[tuple[float, float]]] = {
    2: [(1, 0), (-1, 0)],
    3: [(1, 0), (-0.5, _HALF_ROOT_3), (-0.5, -_HALF_ROOT_3)],
    4: [(1, 0), (0, 1), (-1, 0), (0, -1)],
}
_RINGS = {2: 1.0, 3: 1 / _HALF_ROOT_3, 4: float(np.sqrt(2))}


def made_scenes(size: int = 128, seed: int = 0) -> DataSet:
    """Every made scene at every level, named such as ``noise-2``; the same pixels in every run.

    ========================  =========  ==================================================================
    scene                     kind       what rises with the level
    ========================  =========  ==================================================================
    ``flat``                  classes    the number of colours, 3, 5, 8; every colour is one class
    ``noise``                 classes    Gaussian noise on each channel, sigma 16, 40, 80 of 255
    ``shading``               classes    light falls across the picture to 60, 35, 15 %
    ``texture``               classes    grey textures: 3 with means of their own, 4 of one mean, 5 with noise
    ``touching``              instances  how deep discs of one grey run into each other
    ``low_contrast``          classes    shapes 32, 16, 8 grey levels above a ground with noise of sigma 8
    ========================  =========  ==================================================================

    Parameters
    ----------
    size : int
        Height and width in pixels, 64 to 4096; 128 by default, so that every method takes a moment only.
    seed : int
        Other seeds, 0 or above, give other scenes of the same difficulty.

    Returns
    -------
    DataSet
        uint8 pictures, colour or grey. Classes are numbered from 1 (the ground); of instances, 0 is background.

    Raises
    ------
    ParameterError
        `size` or `seed` is not allowed.

    Examples
    --------
    >>> scenes = made_scenes()
    >>> len(scenes), scenes.samples[0].name, scenes.samples[0].read_image().array.shape
    (18, 'flat-1', (128, 128, 3))
    """
    _check_size_and_seed(size, seed)
    samples = tuple(
        Sample(
            name=f"{scene}-{level}",
            kind=KINDS.get(scene, "classes"),
            image_loader=partial(_image, scene, level, size, seed),
            truth_loader=partial(_truths, scene, level, size, seed),
        )
        for scene in PAINTERS
        for level in LEVELS
    )
    return DataSet("scenes", samples)


def made_scene(scene: str, level: int = 1, *, size: int = 128, seed: int = 0) -> Scene:
    """One made scene as arrays: the picture, uint8 (H, W, 3) or (H, W), and its truth, int32 (H, W).

    See `made_scenes` for the arguments.

    Examples
    --------
    >>> picture, truth = made_scene("touching", level=3)
    >>> picture.shape, int(truth.min())
    ((128, 128), 0)
    """
    if scene not in PAINTERS:
        raise ParameterError(f"the scene {scene!r} is not known; there are {', '.join(PAINTERS)}.")
    if level not in LEVELS:
        raise ParameterError(f"level={level!r} is not allowed; a scene has the levels 1, 2 and 3.")
    _check_size_and_seed(size, seed)
    rng = np.random.default_rng([seed, list(PAINTERS).index(scene)])  # the levels of a scene share one drawing
    return PAINTERS[scene](rng, size, level)


def _image(scene: str, level: int, size: int, seed: int) -> Picture:
    from classicseg.io.read import Picture

    array, _ = made_scene(scene, level, size=size, seed=seed)
    return Picture(array=array, mask=None, color="rgb" if array.ndim == 3 else None, name=f"{scene}-{level}")


def _truths(scene: str, level: int, size: int, seed: int) -> Truths:
    return Truths((made_scene(scene, level, size=size, seed=seed)[1],))


def _check_size_and_seed(size: int, seed: int) -> None:
    for name, value, low, high in (("size", size, _SMALLEST, _LARGEST), ("seed", seed, 0, 2**63 - 1)):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not low <= value <= high:
            raise ParameterError(
                f"{name}={value!r} is not allowed; {name} of made scenes is an integer from {low} to {high}."
            )


# ---- the scenes ----


def _flat(rng: np.random.Generator, size: int, level: int) -> Scene:
    truth = _shapes(rng, size, classes=(3, 5, 8)[level - 1], shapes=(6, 10, 14)[level - 1])
    return _COLORS[truth - 1], truth


def _noise(rng: np.random.Generator, size: int, level: int) -> Scene:
    truth = _shapes(rng, size, classes=4, shapes=9)
    return _noisy(rng, _COLORS[truth - 1], sigma=(16, 40, 80)[level - 1]), truth


def _shading(rng: np.random.Generator, size: int, level: int) -> Scene:
    truth = _shapes(rng, size, classes=4, shapes=9)
    darkest = (0.60, 0.35, 0.15)[level - 1]
    way = np.add.outer(np.arange(size), np.arange(size)) / (2 * (size - 1))  # 0 in one corner, 1 in the other
    light = np.rot90(1 - (1 - darkest) * way, k=int(rng.integers(4)))
    return np.rint(_COLORS[truth - 1] * light[:, :, np.newaxis]).astype(np.uint8), truth


def _texture(rng: np.random.Generator, size: int, level: int) -> Scene:
    classes = level + 2
    truth = _nearest(_spread(rng, size, classes), size)
    patterns = np.stack(_patterns(rng, size)[:classes])
    means = np.array((80, 128, 176) if level == 1 else (128,) * classes)
    picture = means[truth - 1] + np.where(np.take_along_axis(patterns, truth[np.newaxis] - 1, axis=0)[0], 48, -48)
    return _noisy(rng, picture, sigma=(0, 0, 24)[level - 1]), truth


def _touching(rng: np.random.Generator, size: int, level: int) -> Scene:
    closeness = (0.95, 0.85, 0.75)[level - 1]  # distance of two centres, in sums of their radii
    discs = []
    centres = _spread(rng, size, 6)
    for cluster, (centre, reach) in enumerate(zip(centres, _reaches(centres, size), strict=True)):
        discs += _cluster(rng, centre, reach, 2 + cluster % 3, closeness)
    truth = _discs(np.array(discs), size)
    return _noisy(rng, np.where(truth > 0, 190, 40), sigma=6), truth


def _low_contrast(rng: np.random.Generator, size: int, level: int) -> Scene:
    truth = _shapes(rng, size, classes=2, shapes=6)
    return _noisy(rng, np.where(truth == 2, 112 + (32, 16, 8)[level - 1], 112), sigma=8), truth


PAINTERS: dict[str, Callable[[np.random.Generator, int, int], Scene]] = {
    "flat": _flat,
    "noise": _noise,
    "shading": _shading,
    "texture": _texture,
    "touching": _touching,
    "low_contrast": _low_contrast,
}
KINDS: dict[str, TruthKind] = {"touching": "instances"}


# ---- the drawing ----


def _noisy(rng: np.random.Generator, picture: NDArray[np.integer], sigma: float) -> NDArray[np.uint8]:
    return np.clip(np.rint(picture + sigma * rng.standard_normal(picture.shape)), 0, 255).astype(np.uint8)


def _spread(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    """Points (count, 2) far from each other and from the border: of 30 candidates the best is taken each time."""
    points = np.zeros((0, 2), dtype=np.int64)
    for _ in range(count):
        candidates = rng.integers(0, size, (30, 2))
        to_border = np.minimum(candidates, size - 1 - candidates).min(axis=1)
        to_points = ((candidates[:, np.newaxis] - points) ** 2).sum(axis=2).min(axis=1, initial=size**2)
        best = np.argmax(np.minimum(2 * to_border, np.sqrt(to_points)))
        points = np.vstack([points, candidates[best]])
    return points


def _reaches(points: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """A radius for each point, so that the discs neither meet nor leave the picture."""
    between = ((points[:, np.newaxis] - points) ** 2).sum(axis=2)
    between[np.diag_indices(len(points))] = size**2
    to_border = np.minimum(points, size - 1 - points).min(axis=1)
    return np.maximum(np.minimum(np.sqrt(between.min(axis=1)) / 2 - 1, to_border), 2.0)


def _shapes(rng: np.random.Generator, size: int, classes: int, shapes: int) -> Truth:
    """A ground of class 1 with discs, squares, diamonds and triangles of the classes 2.. in turn."""
    truth = np.ones((size, size), dtype=np.int32)
    rows, columns = np.indices(truth.shape)
    points = _spread(rng, size, shapes)
    for number, ((row, column), reach) in enumerate(zip(points, _reaches(points, size), strict=True)):
        down, right = rows - row, columns - column
        inside = (
            down**2 + right**2 <= reach**2,
            np.maximum(abs(down), abs(right)) <= 0.7 * reach,
            abs(down) + abs(right) <= reach,
            (down <= 0.5 * reach) & (1.75 * abs(right) <= down + reach),
        )[number % 4]
        truth[inside] = 2 + number % (classes - 1)
    return truth


def _nearest(points: NDArray[np.int64], size: int) -> Truth:
    """Each pixel's nearest point, 1..n; of points equally near the first."""
    rows, columns = np.indices((size, size))
    distances = [(rows - row) ** 2 + (columns - column) ** 2 for row, column in points]
    return (np.argmin(distances, axis=0) + 1).astype(np.int32)


def _patterns(rng: np.random.Generator, size: int) -> list[NDArray[np.bool_]]:
    """Five textures, half of whose pixels are light."""
    rows, columns = np.indices((size, size))
    speckle = np.kron(rng.random((size // 2 + 1, size // 2 + 1)) < 0.5, np.ones((2, 2), dtype=bool))
    return [
        rows // 3 % 2 == 0,
        columns // 3 % 2 == 0,
        (rows // 4 + columns // 4) % 2 == 0,
        speckle[:size, :size],
        (rows + columns) // 4 % 2 == 0,
    ]


def _cluster(
    rng: np.random.Generator, centre: NDArray[np.int64], reach: float, count: int, closeness: float
) -> list[tuple[float, float, float]]:
    """Discs (row, column, radius) of one size within `reach` of a centre: two in a line, three or four in a ring."""
    direction = rng.random(2) * 2 - 1
    along = direction / np.sqrt((direction**2).sum())
    across = np.array([-along[1], along[0]])
    ring = closeness * _RINGS[count]
    radius = reach / (1 + ring)
    middles = [centre + ring * radius * (a * along + b * across) for a, b in _SPOKES[count]]
    return [(float(row), float(column), float(radius)) for row, column in middles]


def _discs(discs: NDArray[np.float64], size: int) -> Truth:
    """Discs 1..n on a ground of 0; where two overlap, the straight line through the points they share parts them."""
    rows, columns = np.indices((size, size))
    power = np.stack([(rows - row) ** 2 + (columns - column) ** 2 - radius**2 for row, column, radius in discs])
    return np.where(power.min(axis=0) <= 0, power.argmin(axis=0) + 1, 0).astype(np.int32)
