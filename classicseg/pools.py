"""What is kept of many pictures: how often each colour, or each grey level, comes in all of them.

Nothing of it hangs on the order in which pictures come, but where classes are equally light: there the first one wins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classicseg.errors import ImageError
from classicseg.grey import LevelCounts, border_of, grey_levels, principal_loadings
from classicseg.image import Image
from classicseg.memory import require_memory

MOST_COLORS = 1 << 24  # as many as pictures of 8 bits have; of more than three bands fewer, in the same room
_MOST_LEVELS = 1 << 22
_COLOR_BITS, _LEVEL_BITS = 16, 14  # of a unit, when too many different ones are rounded
_PENDING = 1 << 20  # rows that wait to be counted together
_BYTES_OF_LEARNING = 160  # a colour
_LIGHT_BITS = 24  # L* in multiples of 2^-24, which are what float32 holds of all but the darkest
_LOW_HALF = 16

Table = tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]


class Pool(ABC):
    """What is kept of pictures; a method makes an empty one, adds each picture, and learns from the whole.

    Attributes
    ----------
    pictures, pixels : int
        How many came with a pixel that counts, and how many pixels counted.
    kind : {"rgb", "bands"} or None
        What their planes mean, as in `Image`; None before the first.
    depth : int or None
        The number of planes: 1 (grey, or equal bands), or the one number that all others have. None where pictures of
        any depth are alike.
    """

    # Peak memory of taking a picture in, beside it, a pixel and a sample, as seen on photographs and noise.
    bytes_per_pixel: ClassVar[int] = 10
    bytes_per_sample: ClassVar[int] = 22

    def __init__(self) -> None:
        self.pictures = self.pixels = 0
        self.kind: str | None = None
        self.depth: int | None = None

    def add(self, image: Image, threads: int) -> None:
        """Take a picture in.

        Raises
        ------
        ImageError
            It is of another kind than those before.
        MemoryLimitError
            To count what is in it would take more than the machine has.
        """
        if not image.mask.any():
            return
        self._require_like(image)
        require_memory(
            image.nbytes + (self.bytes_per_pixel + self.bytes_per_sample * image.depth) * image.mask.size,
            f"Learning from a picture of {image.shape[0]} x {image.shape[1]} pixels",
            "Make the picture smaller, or leave it out.",
        )
        self._add(image, threads)
        self.pictures += 1
        self.pixels += int(np.count_nonzero(image.mask))

    def _require_like(self, image: Image) -> None:
        if self.kind is None:
            self.kind, self.depth = image.kind, image.depth
        depth = max(self.depth or 1, image.depth)
        if image.kind != self.kind or (depth > 1 and {self.depth, image.depth} - {1, depth}):
            raise ImageError(
                f"it has {planes_in_words(image.kind, image.depth)}, and those before it "
                f"{planes_in_words(self.kind, self.depth)}. A model is for one kind: leave it out, or convert it."
            )
        self.depth = depth

    @abstractmethod
    def _add(self, image: Image, threads: int) -> None:
        """Take in a picture of the right kind with some pixel that counts."""


def planes_in_words(kind: str, depth: int | None) -> str:
    """What a picture holds, for messages."""
    if kind == "rgb":
        return "grey levels" if depth == 1 else "colour"
    return "one spectral band" if depth == 1 else f"{depth} spectral bands"


class Colors(NamedTuple):
    """The distinct colours of a pool as an `Image` (1, n), how often each comes, and which came first."""

    image: Image
    counts: NDArray[np.int64]
    firsts: NDArray[np.int64]


class ColorPool(Pool):
    """The distinct colours of all pictures, and how often each comes.

    Exact up to 2^24 colours, which pictures of 8 bits never exceed; where 16 bits or floats make more, samples are
    rounded down to the finest grid, of 2^-16 or twice, four times, ... that, on which there are no more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tables: dict[int, _ColorTable] = {}

    def _add(self, image: Image, threads: int) -> None:
        from classicseg.kernels.distinct import distinct_rows

        rows, counts, _ = distinct_rows(image.samples(image.planes))
        table = self._tables.setdefault(image.depth, _ColorTable(image.depth))
        # Rows stand in the order in which they came: their places tell which was first.
        table.add(rows, counts, self.pixels + np.arange(len(rows)))

    def colors(self) -> Colors:
        """All colours, in an order of their own."""
        depth = self.depth or 1
        whole = _ColorTable(depth)
        for table in self._tables.values():
            rows, counts, firsts = table.merged()
            whole.add(np.repeat(rows, depth // rows.shape[1], axis=1), counts, firsts)
        rows, counts, firsts = whole.merged()
        require_memory(
            (_BYTES_OF_LEARNING + 16 * depth) * len(rows),
            f"Learning from {len(rows):,} colours",
            "Fit on fewer pictures, or on smaller ones.",
        )
        order = np.lexsort(rows.T[::-1])
        planes = np.ascontiguousarray(rows[order].T)[:, np.newaxis]
        assert self.kind in ("rgb", "bands")
        image = Image(planes, np.ones(planes.shape[1:], dtype=bool), self.kind)  # type: ignore[arg-type]
        return Colors(image, counts[order], firsts[order])


class _Table(ABC):
    """Keys that are counted: each with sums (n, S) of whole numbers, and the least of what tells which was first."""

    def __init__(self, most: int, bits: int) -> None:
        self.most, self.bits, self.rounded = most, bits + 1, False
        self._waiting: list[Table] = []
        self._rows = 0

    def add(self, keys: NDArray[Any], sums: NDArray[np.int64], firsts: NDArray[np.int64]) -> None:
        self._waiting.append((self._on_grid(keys) if self.rounded else keys, sums, firsts))
        self._rows += len(keys)
        if self._rows > _PENDING and self._rows > 2 * len(self._waiting[0][0]):
            self.merged()

    def merged(self) -> Table:
        """Each key once."""
        table = self._counted(tuple(np.concatenate(each) for each in zip(*self._waiting, strict=True)))
        while len(table[0]) > self.most:
            self.bits, self.rounded = self.bits - 1, True
            table = self._counted((self._on_grid(table[0]), *table[1:]))
        self._waiting, self._rows = [table], len(table[0])
        return table

    def _counted(self, table: Any) -> Table:
        keys, sums, firsts = table
        distinct, index = self._distinct(keys)
        totals = np.zeros((len(distinct), *sums.shape[1:]), dtype=np.int64)
        np.add.at(totals, index, sums)
        least = np.full(len(distinct), np.iinfo(np.int64).max)
        np.minimum.at(least, index, firsts)
        return distinct, totals, least

    def _on_grid(self, keys: NDArray[Any]) -> NDArray[Any]:
        """Rounded down, so that what was rounded to a finer grid before comes to the same."""
        unit = keys.dtype.type(2.0**-self.bits)
        return np.floor(keys / unit) * unit

    @abstractmethod
    def _distinct(self, keys: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The distinct keys, and which of them each key is."""


class _ColorTable(_Table):
    def __init__(self, depth: int) -> None:
        super().__init__(3 * MOST_COLORS // max(3, depth), _COLOR_BITS)

    def _distinct(self, keys: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        from classicseg.kernels.distinct import distinct_rows

        rows, _, index = distinct_rows(keys)
        return rows, index


class _LevelTable(_Table):
    def __init__(self) -> None:
        super().__init__(_MOST_LEVELS, _LEVEL_BITS)

    def _distinct(self, keys: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        return np.unique(keys, return_inverse=True)


class LevelPool(Pool):
    """How often each grey level comes in all pictures, and on their borders.

    Of spectral bands without a `band` the colours are kept, since their first principal component is only known when
    all have come. Exact but for levels of 16-bit colour or of floats: more than 2^22 different ones are rounded down.
    """

    bytes_per_pixel: ClassVar[int] = 75
    bytes_per_sample: ClassVar[int] = 12

    def __init__(self, band: int | None, lightness: bool) -> None:
        super().__init__()
        self.band, self.lightness = band, lightness
        self._inside, self._border = _LevelsByType(), _LevelsByType()
        self._colors, self._border_colors = ColorPool(), ColorPool()

    @property
    def projected(self) -> bool:
        """Whether levels are a principal component."""
        return self.kind == "bands" and self.band is None

    def _require_like(self, image: Image) -> None:
        if image.kind == "rgb" and self.kind in (None, "rgb"):
            self.kind = "rgb"  # grey or colour, which both have levels: the depth stays None
        else:
            super()._require_like(image)

    def _add(self, image: Image, threads: int) -> None:
        border = border_of(image.mask)
        if self.projected:
            self._colors.add(image, threads)
            self._border_colors.add(Image(image.planes, border, image.kind), threads)
            return
        levels = grey_levels(image, self.band)
        light = image.lightness(threads) if self.lightness else None
        for part, mask in ((self._inside, image.mask), (self._border, border)):
            numbers = levels.inside(mask)
            whole = None if light is None else _whole_light(light.reshape(-1) if mask.all() else light[mask])
            part.add(numbers, levels.unit, None, whole, self.pixels + np.arange(len(numbers)))

    def loadings(self) -> NDArray[np.float64] | None:
        """The loadings of the first principal component, where levels are one."""
        if not self.projected or self.depth == 1:
            return None
        colors = self._colors.colors()
        return principal_loadings(colors.image.samples(colors.image.planes), colors.counts)

    def counted(self, loadings: NDArray[np.float64] | None, border: bool = False) -> LevelCounts | None:
        """The levels inside the masks, or on the borders alone, by `loadings`; None where there are none."""
        part = self._border if border else self._inside
        pool = self._border_colors if border else self._colors
        if self.projected and pool.pictures:
            colors = pool.colors()
            part = _LevelsByType()
            levels = grey_levels(colors.image, None, loadings)
            light = _whole_light(colors.image.lightness().reshape(-1)) if self.lightness else None
            part.add(levels.numbers.reshape(-1), levels.unit, colors.counts, light, colors.firsts)
        return part.counted()


class _LevelsByType:
    """Counted levels; those of 8 bits, of 16 and others apart, put together as the finest of them."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, int], _LevelTable] = {}

    def add(
        self,
        numbers: NDArray[Any],
        unit: int,
        counts: NDArray[np.int64] | None,
        light: NDArray[np.int64] | None,
        firsts: NDArray[np.int64],
    ) -> None:
        if not len(numbers):
            return
        sums = np.zeros((len(numbers), 3), dtype=np.int64)
        sums[:, 0] = 1
        if light is not None:
            sums[:, 1], sums[:, 2] = _halves(light)
        if counts is not None:
            sums *= counts[:, np.newaxis]
        table = self._tables.setdefault((numbers.dtype.kind, unit), _LevelTable())
        table.add(*table._counted((numbers, sums, firsts)))

    def counted(self) -> LevelCounts | None:
        if not self._tables:
            return None
        finest = max(self._tables, key=lambda key: (key[0] == "f", key[1]))
        whole = _LevelTable()
        for (kind, unit), table in self._tables.items():
            numbers, sums, firsts = table.merged()
            if finest[0] == "f" and kind != "f":
                numbers = numbers / np.float64(unit)
            elif finest[1] != unit:
                numbers = numbers.astype(np.int64) * finest[1]
            whole.add(numbers if finest[0] == "f" else numbers.astype(np.int64), sums, firsts)
        numbers, sums, firsts = whole.merged()
        lights = [(high << _LOW_HALF) + low for high, low in sums[:, 1:].tolist()]
        return LevelCounts(numbers, finest[1], sums[:, 0], lights, firsts)


def class_order(
    labels: NDArray[np.integer], counts: NDArray[np.int64], lightness: NDArray[np.float32], firsts: NDArray[np.int64]
) -> list[int]:
    """The labels that occur, by rising mean lightness of their colours; of equally light ones the first to come."""
    light = _whole_light(lightness)
    size = int(labels.max()) + 1
    sums, least = np.zeros((3, size), dtype=np.int64), np.full(size, np.iinfo(np.int64).max)
    for row, values in zip(sums, (np.ones_like(light), *_halves(light)), strict=True):
        np.add.at(row, labels, counts * values)
    np.minimum.at(least, labels, firsts)
    totals = [(high << _LOW_HALF) + low for _, high, low in sums.T.tolist()]
    return by_lightness(sums[0].tolist(), totals, least.tolist())


def by_lightness(counts: list[int], totals: list[int], firsts: list[int]) -> list[int]:
    """The classes that hold pixels, by rising mean total, then by their firsts."""
    present = [label for label, count in enumerate(counts) if count]
    return sorted(present, key=lambda label: (totals[label] / counts[label], firsts[label]))


def _whole_light(lightness: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.rint(lightness.astype(np.float64) * (1 << _LIGHT_BITS)).astype(np.int64)


def _halves(light: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The high and the low bits of numbers, so that sums of very many have room in int64."""
    return light >> _LOW_HALF, light & ((1 << _LOW_HALF) - 1)
