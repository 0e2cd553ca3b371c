"""Scales, ticks, marks and frames of inline SVG.

An entry has a colour and a mark: seven colours that eyes without red or green tell apart, and eleven shapes, so that
77 entries differ, and eleven do by their shape alone. The style sheet has the colours (classes c0 to c6), for light and
for dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classicseg.bench.reports.page.markup import MINUS, text

_COLORS = 7
_RADIUS = 5.0


@dataclass(frozen=True)
class Scale:
    """Values from low to high, drawn from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value is drawn; what lies beyond the scale is drawn at its end."""
        low, high, value = (_log(each) if self.log else each for each in (self.low, self.high, value))
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """A few round numbers within the scale."""
        return _log_ticks(self.low, self.high) if self.log else _ticks(self.low, self.high)


def scale_of(
    values: Iterable[float],
    start: float,
    end: float,
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    log: bool = False,
) -> Scale:
    """A scale for these values with a little room on both sides, but none beyond what values can be."""
    finite = [value for value in values if math.isfinite(value)]
    if log:
        finite = [math.log10(value) for value in finite if value > 0]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 0.1
    low, high = low - room, high + room
    if log:
        return Scale(10**low, 10**high, start, end, log=True)
    low, high = max(low, within[0]), min(high, within[1])
    return Scale(low, high, start, end) if low < high else Scale(low - room, low + room, start, end)


def number(value: float) -> str:
    """A coordinate: to a tenth of a pixel."""
    said = f"{value:.1f}"
    return said.removesuffix(".0") if said != "-0.0" else "0"


def tick_words(value: float) -> str:
    return f"{value:.6g}".replace("-", MINUS)


def mark(look: int, x: float, y: float, *, hollow: bool = False, title: str = "") -> str:
    """The mark of an entry."""
    inner = f"<title>{text(title)}</title>" if title else ""
    kind = "mark hollow" if hollow else "mark"
    shape = f'href="#m{look % len(_SHAPES)}" x="{number(x)}" y="{number(y)}"'
    return f'<use {shape} class="{kind} {color_class(look)}">{inner}</use>'


def color_class(look: int) -> str:
    return f"c{look % _COLORS}"


def icon(look: int, *, hollow: bool = False) -> str:
    """The mark of an entry in a line of text."""
    return f'<svg class="icon" viewBox="-7 -7 14 14" aria-hidden="true">{mark(look, 0, 0, hollow=hollow)}</svg>'


def symbols() -> str:
    """The shapes of all marks, once for the page."""
    shapes = "".join(
        f'<symbol id="m{place}" overflow="visible"><path d="{shape}"/></symbol>' for place, shape in enumerate(_SHAPES)
    )
    return f'<svg class="symbols" width="0" height="0" aria-hidden="true">{shapes}</svg>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<path class="{kind}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>'


def path(points: Sequence[tuple[float, float]], kind: str) -> str:
    """Straight lines from point to point."""
    return f'<path class="{kind}" d="M' + "L".join(f"{number(x)} {number(y)}" for x, y in points) + '"/>'


def words(x: float, y: float, said: str, kind: str = "", turn: int = 0) -> str:
    """Text whose middle is at this height; `kind` are classes, such as end or middle for where the text is anchored."""
    turned = f' transform="rotate({turn} {number(x)} {number(y)})"' if turn else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{number(x)}" y="{number(y)}" dy=".35em"{named}{turned}>{text(said)}</text>'


def frame(across: Scale, up: Scale, x_name: str, y_name: str) -> str:
    """Grid lines, numbers at them, and the names of both axes."""
    left, right, bottom, top = across.start, across.end, up.start, up.end
    parts = [line(left, up.at(tick), right, up.at(tick), "grid") for tick in up.ticks()]
    parts += [line(across.at(tick), bottom, across.at(tick), top, "grid") for tick in across.ticks()]
    parts += [line(left, bottom, right, bottom, "axis"), line(left, bottom, left, top, "axis")]
    parts += [words(left - 7, up.at(tick), tick_words(tick), "end tick") for tick in up.ticks()]
    parts += [words(across.at(tick), bottom + 13, tick_words(tick), "middle tick") for tick in across.ticks()]
    parts.append(words((left + right) / 2, bottom + 32, x_name, "middle name"))
    if y_name:
        parts.append(words(13, (bottom + top) / 2, y_name, "middle name", turn=-90))
    return "".join(parts)


def svg(width: float, height: float, title: str, inner: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {number(width)} {number(height)}" role="img" aria-label="{text(title)}">'
        f"{inner}</svg>"
    )


def figure(drawing: str, caption: str, board: int) -> str:
    """A drawing with its caption (HTML), shown with the board of this number."""
    return f'<figure class="plot" data-board="{board}">{drawing}<figcaption>{caption}</figcaption></figure>'


def _log(value: float) -> float:
    return math.log10(value) if value > 0 else -math.inf


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    for digits in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        found = [
            digit * 10.0**power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for digit in digits
            if low <= digit * 10.0**power <= high
        ]
        if len(found) >= 3:
            return found
    return _ticks(low, high)  # less than a decade: the round numbers that a linear axis has


def _polygon(angles: Iterable[float], radii: Sequence[float]) -> str:
    """A closed path through points at these angles (degrees, 0 upward), the radii in turn."""
    points = []
    for place, angle in enumerate(angles):
        radius = radii[place % len(radii)] * _RADIUS
        turn = math.radians(angle)
        points.append(f"{number(radius * math.sin(turn))} {number(-radius * math.cos(turn))}")
    return "M" + "L".join(points) + "Z"


def _plus(turn: float) -> str:
    thin, far = 16.0, 1.2
    corner = math.degrees(math.atan2(1, 1))
    inner = far * math.sin(math.radians(thin)) * math.sqrt(2)
    angles = [turn + quarter + part for quarter in (0, 90, 180, 270) for part in (-thin, thin, corner)]
    return _polygon(angles, (far, far, inner))


_SHAPES = (
    "M-4.6 0A4.6 4.6 0 1 1 4.6 0A4.6 4.6 0 1 1 -4.6 0Z",  # circle
    _polygon((45, 135, 225, 315), (1.15,)),  # square
    _polygon((0, 120, 240), (1.25,)),  # triangle
    _polygon((0, 90, 180, 270), (1.25,)),  # diamond
    _plus(0),
    _polygon((60, 180, 300), (1.25,)),  # triangle upside down
    _polygon(range(0, 360, 36), (1.4, 0.58)),  # star
    _plus(45),
    _polygon((30, 150, 270), (1.25,)),  # triangle to the left
    _polygon(range(0, 360, 72), (1.1,)),  # pentagon
    _polygon((90, 210, 330), (1.25,)),  # triangle to the right
)
