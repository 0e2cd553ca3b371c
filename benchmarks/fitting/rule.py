"""``python -m benchmarks.fitting.rule``: fit the rule of region merging to training pictures of BSDS500.

A local search by chance, in the logarithms of the rule's numbers: some of them take a step, and what is better is
kept. Better is a higher sum of half the covering at one scale for all pictures, a fifth of that at the best scale of
each, and three tenths of the boundary F at one scale. At last the scale is set so that the best cut is the one at 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.hierarchies.numbers import boundaries_stacked, stacked
from benchmarks.hierarchies.pictures import Picture, bsds_root, pictures_of
from benchmarks.hierarchies.scoring import UNIT, boundaries_of_hierarchy, regions_of_hierarchy
from benchmarks.hierarchies.work import Arrays
from classicseg import UCM
from classicseg.image import Image, as_image
from classicseg.merging import Contours, MergingRule, basins_of, contours_of, hierarchy_of

_FOR_BOUNDARIES = np.linspace(0.3, 0.6, 11)  # the best boundaries are those of cuts a little below the best regions
_SHARES = np.array([0.5, 0.2, 0.3])  # of covering at one scale, at the best of each picture, and boundary F
_FIXED = ("scale",)  # it moves altitudes alone
_FIRST_STEP, _LEAST_STEP, _LONGER, _SHORTER = 0.25, 0.08, 1.15, 0.97
_MOVED = 0.4  # how many of the numbers take a step at once


@dataclass(frozen=True, eq=False)
class Prepared:
    """What of a picture does not depend on the rule."""

    image: Image
    contours: Contours
    segments: NDArray[np.int32]
    truths: Sequence[NDArray[np.int32]]
    boundaries: Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class Quality:
    """Covering at one scale for all and at the best of each, boundary F at one scale, and the best altitude."""

    ods: float
    ois: float
    boundaries: float
    altitude: float

    @property
    def together(self) -> float:
        """What the search raises."""
        return float(_SHARES @ [self.ods, self.ois, self.boundaries])


@cache
def _prepared(picture: Picture, gradient: str) -> Prepared:
    image = as_image(picture.pixels())
    contours = contours_of(image, gradient)
    segments = basins_of(contours, image.mask, UCM().sigma, 1)
    return Prepared(image, contours, segments, picture.truths(), picture.boundaries())


def _scored(picture: Picture, gradient: str, rule: MergingRule) -> tuple[Arrays, Arrays]:
    one = _prepared(picture, gradient)
    hierarchy = hierarchy_of(one.segments, one.image, contours=one.contours, rule=rule)
    regions = regions_of_hierarchy(hierarchy, one.truths, UNIT)
    return regions, boundaries_of_hierarchy(hierarchy, one.boundaries, _FOR_BOUNDARIES)


@dataclass(frozen=True)
class Objective:
    """How good a rule is on some pictures."""

    pool: ProcessPoolExecutor
    pictures: Sequence[Picture]
    gradient: str

    def __call__(self, rule: MergingRule) -> Quality:
        count = len(self.pictures)
        found = list(self.pool.map(_scored, self.pictures, [self.gradient] * count, [rule] * count))
        family = stacked(self.pictures, [regions for regions, _ in found])
        boundaries = boundaries_stacked([counts for _, counts in found])
        every = family.everything()
        best = int(family.covering(every).argmax())
        return Quality(
            family.ods_covering(),
            float(family.ois_covering(every)[0]),
            float(boundaries.ods(every)[0]),
            float(family.scales[best]),
        )


def stepped(rule: MergingRule, step: float, chance: np.random.Generator) -> MergingRule:
    """The rule with some of its numbers times a factor; all keep their signs."""
    names = [name for name in asdict(rule) if name not in _FIXED]
    factors = np.exp(step * chance.standard_normal(len(names)) * (chance.random(len(names)) < _MOVED)).tolist()
    return replace(rule, **{name: getattr(rule, name) * factor for name, factor in zip(names, factors, strict=True)})


def centred(rule: MergingRule, quality: Quality) -> MergingRule:
    """The rule whose best cut is that at 0.5."""
    return replace(rule, scale=rule.scale * quality.altitude / (1 - quality.altitude))


def search(objective: Objective, rule: MergingRule, tries: int, chance: np.random.Generator) -> MergingRule:
    """The best rule that was met, its scale set."""
    quality, step = objective(rule), _FIRST_STEP
    click.echo(f"start: {quality}")
    for number in range(1, tries + 1):
        # Centred, so that the cuts at which boundaries are scored stay where the best ones are.
        other = stepped(centred(rule, quality), step, chance)
        found = objective(other)
        if found.together > quality.together:
            rule, quality, step = other, found, step * _LONGER
            click.echo(f"{number}: {quality} {rule}")
        else:
            step = max(step * _SHORTER, _LEAST_STEP)
    return centred(rule, quality)


@click.command()
@click.option("--gradient", type=click.Choice(["mpb", "sobel"]), default="mpb", show_default=True)
@click.option("--every", type=click.IntRange(min=1), default=4, show_default=True, help="Of so many pictures, one.")
@click.option("--tries", type=click.IntRange(min=0), default=100, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True)
def main(gradient: str, every: int, tries: int, seed: int, processes: int) -> None:
    """Search from the rule that the package has now; print each better one, and the last with its scale set."""
    pictures = pictures_of(bsds_root(), "train")[::every]
    with ProcessPoolExecutor(processes) as pool:
        objective = Objective(pool, pictures, gradient)
        start = _prepared(pictures[0], gradient).contours.rule
        click.echo(str(search(objective, start, tries, np.random.default_rng(seed))))


if __name__ == "__main__":
    main()
