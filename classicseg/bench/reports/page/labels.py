"""Names beside marks, where they hide nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from classicseg.bench.reports.page.charts import line, words
from classicseg.bench.reports.page.markup import DAGGER

SIZE = 12.0  # of the letters, in the units of a chart
_HEIGHT = 14.0
_LONGEST = 130.0  # names are cut to this width
_NARROW, _WIDE = "fijlrtI.,:;|!'()[]/- ", "mwMW@%"
_REACHES = (9.0, 16.0, 26.0, 40.0, 58.0, 80.0)
_ANGLES = tuple(math.radians(each) for each in (0, 180, -35, 35, 145, -145, -90, 90, -65, 65, 115, -115))


@dataclass(frozen=True)
class Box:
    """A rectangle from (left, top) to (right, bottom)."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """The area that both cover."""
        if other.left >= self.right or other.right <= self.left or other.top >= self.bottom or other.bottom <= self.top:
            return 0.0  # first, since almost all are apart
        width = min(self.right, other.right) - max(self.left, other.left)
        return width * (min(self.bottom, other.bottom) - max(self.top, other.top))

    def outside(self, other: Box) -> float:
        """The area of this one that the other does not cover."""
        return (self.right - self.left) * (self.bottom - self.top) - self.shared(other)


@dataclass(frozen=True)
class Label:
    """Where a name stands: its box, and whether a line has to lead to it from its mark."""

    name: str
    x: float
    y: float
    box: Box
    led: bool


def text_width(said: str) -> float:
    """About how wide text is in a sans-serif face; rather too much than too little."""
    wide = sum(
        0.36 if each in _NARROW else 0.98 if each in _WIDE else 0.72 if each.isupper() else 0.63 for each in said
    )
    return wide * SIZE


def shortened(said: str, width: float) -> str:
    """Text that is no wider than that, with an ellipsis where something is cut off."""
    if text_width(said) <= width:
        return said
    while said and text_width(said + "\N{HORIZONTAL ELLIPSIS}") > width:
        said = said[:-1]
    return said.rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def place_labels(
    names: Sequence[str], points: Sequence[tuple[float, float]], taken: Sequence[Box], inside: Box
) -> list[Label]:
    """A place near its point for each name, such that names cover neither each other nor what is taken.

    Each label takes the cheapest of some seventy places: what it would cover costs most, then what sticks out, then the
    distance. Three rounds, since a later label may leave room for an earlier one.

    Parameters
    ----------
    names, points : sequences
        The names, and the marks they belong to.
    taken : sequence of Box
        What no name may cover: marks and bars.
    inside : Box
        Where names may stand.
    """
    choices = [
        [(label, _cost(label.box, point, taken, inside)) for label in _choices(name, *point)]
        for name, point in zip(names, points, strict=True)
    ]
    placed = [each[0][0] for each in choices]
    order = sorted(range(len(names)), key=lambda index: points[index])
    for _ in range(3):
        for index in order:
            others = [label.box for place, label in enumerate(placed) if place != index]
            placed[index] = min(choices[index], key=lambda each: each[1] + 10 * _covered(each[0].box, others))[0]
    return placed


def draw_labels(
    names: Sequence[str],
    points: Sequence[tuple[float, float]],
    taken: Sequence[Box],
    inside: Box,
    oracles: Sequence[bool],
) -> str:
    """The names where `place_labels` puts them, with lines to those that stand apart; oracles with a dagger."""
    said = [shortened(name, _LONGEST) + (DAGGER if oracle else "") for name, oracle in zip(names, oracles, strict=True)]
    parts = []
    for label, (x, y), oracle in zip(place_labels(said, points, taken, inside), points, oracles, strict=True):
        if label.led:
            end_x = min(max(x, label.box.left), label.box.right)
            end_y = min(max(y, label.box.top + 2), label.box.bottom - 2)
            parts.append(line(x, y, end_x, end_y, "leader oracle" if oracle else "leader"))
        parts.append(words(label.x, label.y, label.name, "halo oracle" if oracle else "halo"))
    return "".join(parts)


def boxes_along(points: Sequence[tuple[float, float]], reach: float) -> list[Box]:
    """Boxes that cover the straight lines from point to point."""
    boxes = []
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = max(1, math.ceil(math.hypot(x2 - x1, y2 - y1) / (2 * reach)))
        for step in range(steps + 1):
            x, y = x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps
            boxes.append(Box(x - reach, y - reach, x + reach, y + reach))
    return boxes


def _choices(name: str, x: float, y: float) -> list[Label]:
    width = text_width(name)
    found = []
    for reach in _REACHES:
        for angle in _ANGLES:
            at, height = x + reach * math.cos(angle), y + reach * math.sin(angle)
            aside = abs(math.cos(angle)) > 0.3
            left = at if aside and math.cos(angle) > 0 else at - width if aside else at - width / 2
            box = Box(left - 1, height - _HEIGHT / 2, left + width + 1, height + _HEIGHT / 2)
            found.append(Label(name, left, height, box, reach > 20))
    return found


def _cost(box: Box, point: tuple[float, float], taken: Sequence[Box], inside: Box) -> float:
    """What a label costs that stands alone."""
    distance = math.hypot(
        max(box.left - point[0], 0, point[0] - box.right), max(box.top - point[1], 0, point[1] - box.bottom)
    )
    return 5 * _covered(box, taken) + 8 * box.outside(inside) + distance


def _covered(box: Box, others: Sequence[Box]) -> float:
    return sum(box.shared(each) for each in others)
