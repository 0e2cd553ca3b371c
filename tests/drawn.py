"""Pictures, masks and parameters as hypothesis draws them, for the promises that every method has to keep."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from classicseg.parameters import declared
from classicseg.registry import segmenter_class

SEEDS = st.integers(0, 2**32 - 1)
CONTENTS = ("constant", "two levels", "noise", "slope", "blocks", "few colours", "nearly constant", "extremes")

# (how the channels lie, how many planes there are)
CHANNELS = st.one_of(
    st.sampled_from([("grey", 1), ("grey1", 1), ("rgb", 3), ("bgr", 3), ("rgba", 3), ("first", 3)]),
    st.tuples(st.just("multiband"), st.integers(1, 7)),
    st.tuples(st.just("bands"), st.sampled_from([2, 5, 6, 7])),
)

# Names of types, and how whole levels 0..255 become samples of them without a change: samples, and their range.
EIGHT_BITS = {
    "int8": (1, -128),
    "int16": (3, -40),
    "int32": (1, 0),
    "int64": (-1, 0),
    "uint32": (7, 11),
    "uint64": (1, 2**40),
}
CARRIERS = ("uint8", "uint16", ">u2", "float32", "float64", ">f4", ">f8", "from 100", *EIGHT_BITS)
LAYOUTS = ("C", "F", "backwards", "every second", "read-only", "swapped")
MASKS = ("none", "all", "nothing", "one pixel", "islands", "chessboard", "ring", "columns", "half")


@dataclass(frozen=True)
class Drawn:
    """A picture that is allowed, as 8-bit levels (H, W, D) in the order R, G, B, and how it is handed over."""

    levels: np.ndarray
    channels: str
    mask: np.ndarray | None

    @property
    def inside(self) -> np.ndarray:
        return np.ones(self.levels.shape[:2], bool) if self.mask is None else self.mask

    @property
    def lightness(self) -> np.ndarray:
        """L* by scikit-image, or the mean of the bands."""
        from skimage.color import rgb2lab

        if self.channels in ("multiband", "bands"):
            return self.levels.mean(axis=2) / 2.55
        return rgb2lab(np.broadcast_to(self.levels, (*self.levels.shape[:2], 3)))[:, :, 0]

    def given(self, carrier: str = "uint8", layout: str = "C", broken: bool = False) -> dict[str, Any]:
        """The arguments of `segment`; `broken` puts NaN and infinity outside the mask, where the type has them."""
        samples, limits = carried(self.levels, carrier)
        if broken and samples.dtype.kind == "f" and not self.inside.all():
            samples[~self.inside] = np.resize([np.nan, np.inf, -np.inf], samples[~self.inside].shape)
        arguments: dict[str, Any] = {"mask": self.mask, "data_range": limits}
        if self.channels == "grey":
            samples = samples[:, :, 0]
        elif self.channels == "bgr":
            samples, arguments["color"] = samples[:, :, ::-1], "bgr"
        elif self.channels == "rgba":
            white = limits[1] if limits else 1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
            alpha = np.full((*samples.shape[:2], 1), white, samples.dtype)
            samples, arguments["color"] = np.concatenate([samples, alpha], axis=2), "rgba"
        elif self.channels == "first":
            samples, arguments["channel_axis"] = np.moveaxis(samples, 2, 0), 0
        elif self.channels == "multiband":
            arguments["color"] = "multiband"
        return {"image": laid_out(samples, layout), **arguments}


def carried(levels: np.ndarray, carrier: str) -> tuple[np.ndarray, tuple[int, int] | None]:
    """Levels 0..255 as samples of another type, and the `data_range` that they need."""
    if carrier in ("uint16", ">u2"):
        return (levels.astype(np.uint16) * 257).astype(carrier), None
    if carrier in ("float32", "float64", ">f4", ">f8"):
        return (levels / 255).astype(carrier), None
    if carrier == "from 100":
        return levels - 100.0, (-100, 155)
    if carrier in EIGHT_BITS:
        factor, start = EIGHT_BITS[carrier]
        samples = (levels.astype(object) * abs(factor) + start).astype(carrier)
        return samples, (start, start + 255 * abs(factor))
    return levels.copy(), None


def laid_out(samples: np.ndarray, layout: str) -> np.ndarray:
    """The same samples, lying in memory in another way."""
    if layout == "F":
        return np.asfortranarray(samples)
    if layout == "backwards":
        return samples[::-1, ::-1].copy()[::-1, ::-1]
    if layout == "every second":
        return np.repeat(samples, 2, axis=1)[:, ::2]
    if layout == "swapped":
        return samples.astype(samples.dtype.newbyteorder())
    samples = np.ascontiguousarray(samples)
    if layout == "read-only":
        samples.setflags(write=False)
    return samples


def painted(content: str, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """A picture of 8-bit levels (H, W, D)."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 256, (2, shape[2]))
    if content == "constant":
        levels = np.broadcast_to(one, shape)
    elif content == "two levels":
        levels = np.where(rng.random((*shape[:2], 1)) < 0.5, one, other)
    elif content == "slope":
        rise = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) / max(sum(shape[:2]) - 2, 1)
        levels = one + rise[:, :, np.newaxis] * (other - one)
    elif content == "blocks":
        noise = rng.integers(-6, 7, shape)
        levels = np.kron(rng.integers(0, 256, (3, 3, shape[2])), np.ones((4, 4, 1)))[: shape[0], : shape[1]] + noise
    elif content == "few colours":
        levels = rng.integers(0, 256, (4, shape[2]))[rng.integers(0, 4, shape[:2])]
    elif content == "nearly constant":
        levels = one + (rng.random(shape) < 0.2)
    elif content == "extremes":
        levels = 255 * rng.integers(0, 2, shape)
    else:
        levels = rng.integers(0, 256, shape)
    return np.clip(levels, 0, 255).astype(np.uint8)


def mask_of(kind: str, shape: tuple[int, int], seed: int) -> np.ndarray | None:
    rows, columns = np.indices(shape)
    rng = np.random.default_rng(seed)
    if kind == "none":
        return None
    if kind == "one pixel":
        return (rows == rng.integers(shape[0])) & (columns == rng.integers(shape[1]))
    edge = (rows == 0) | (columns == 0) | (rows == shape[0] - 1) | (columns == shape[1] - 1)
    return {
        "all": np.ones(shape, bool),
        "nothing": np.zeros(shape, bool),
        "islands": rng.random(shape) < 0.4,
        "chessboard": (rows + columns) % 2 == 0,
        "ring": edge,
        "columns": columns % 3 != 1,
        "half": rows < (shape[0] + 1) // 2,
    }[kind]


@st.composite
def pictures(draw: st.DrawFn, side: int, masks: tuple[str, ...] = MASKS) -> Drawn:
    """An allowed picture of at most `side` pixels each way, which is at most 12."""
    channels, planes = draw(CHANNELS)
    sides = st.sampled_from([each for each in (1, 2, 3, 5, 7, 8, 10, 11, 12) if each <= side])  # evenly, not 1 mostly
    shape = draw(sides), draw(sides)
    levels = painted(draw(st.sampled_from(CONTENTS)), (*shape, planes), draw(SEEDS))
    return Drawn(levels, channels, mask_of(draw(st.sampled_from(masks)), shape, draw(SEEDS)))


# --- parameters -----------------------------------------------------------------------------------------------------

# The most that is drawn where more only takes longer.
MOST = {
    ("kmeans", "n_init"): 6,
    ("kmeans", "max_iter"): 400,
    ("gmm", "max_iter"): 200,
    ("slic", "max_num_iter"): 30,
    ("meanshift", "max_iter"): 300,
}


def parameters(method: str, share: float = 0.35) -> st.SearchStrategy[dict[str, Any]]:
    """Some of a method's parameters, each with a value that its declaration allows."""
    return _some({name: allowed(method, name) for name in declared(segmenter_class(method))}, share)


def allowed(method: str, name: str) -> st.SearchStrategy[Any]:
    """Values that a declaration allows, its bounds often."""
    declaration = declared(segmenter_class(method))[name]
    if declaration.kind is bool:
        values = st.booleans()
    elif declaration.kind is str:
        values = st.sampled_from(declaration.choices)
    else:
        values = _numbers(declaration, MOST.get((method, name)))
    return values if not declaration.special else values | st.sampled_from(declaration.special)


def refused(method: str, name: str) -> st.SearchStrategy[Any]:
    """Values that a declaration does not allow."""
    declaration = declared(segmenter_class(method))[name]
    values: list[Any] = [
        "no such word",
        "",
        b"auto",
        (),
        [1],
        {},
        1j,
        float("nan"),
        float("inf"),
        -float("inf"),
        object(),
    ]
    values += [np.array([1.0, 2.0]), np.bool_(True), np.nan, "1", "True"]
    values += [None] if None not in declaration.special else []
    if declaration.kind is bool:
        values += [0, 1, 1.0]
    elif declaration.kind is str:
        values += [0, True, declaration.choices[0].upper(), (declaration.choices[0],)]
    else:
        values += [True, False]
        values += [2.5, 3.0] if declaration.kind is int else []
        for bound, step in ((declaration.low, -1), (declaration.high, 1)):
            if bound is not None:
                values += [bound + step, bound + step * 10**30, math.nextafter(bound, step * math.inf)]
        values += [declaration.low + 1 if declaration.low % 2 else declaration.low] if declaration.odd else []
    return st.sampled_from(values)


def _numbers(declaration: Any, most: float | None) -> st.SearchStrategy[Any]:
    low = declaration.low
    high = declaration.high if most is None else most
    if declaration.kind is int:
        near = st.sampled_from(range(low, min(high, low + 20) + 1))
        whole = near | near | st.sampled_from([low, min(high, low + 1), high]) | st.integers(low, high)
        if declaration.odd:
            whole = whole.map(lambda value: value | 1)
        return whole | whole.map(np.int64)
    top = 1e6 if high is None else high
    near = st.floats(low, min(top, low + 20))
    return (
        near
        | st.floats(low, top)
        | st.sampled_from([low, top, float(low)])
        | near.map(np.float32).filter(declaration.accepts)
    )


@st.composite
def _some(draw: st.DrawFn, values: dict[str, st.SearchStrategy[Any]], share: float) -> dict[str, Any]:
    names = [name for name in values if draw(st.integers(0, 99)) < 100 * share]
    return {name: draw(values[name]) for name in names}


# --- anything at all ------------------------------------------------------------------------------------------------

_TYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(),
    hnp.datetime64_dtypes(),
    hnp.unicode_string_dtypes(max_len=2),
)
_SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, max_side=7) | hnp.array_shapes(
    min_dims=0, max_dims=4, min_side=0, max_side=4
)
_NUMBERS = st.one_of(
    st.integers(-300, 300),
    st.sampled_from(
        [0, 1, 255, 2**63, 2**64, -(2**64), 10**400, 1e308, -1e308, 5e-324, float("nan"), float("inf"), True]
    ),
    st.floats(),
)


def anything() -> st.SearchStrategy[Any]:
    """What might be handed over as a picture: arrays of every type and shape, and what is no array."""
    odd = [
        None,
        "picture.png",
        b"",
        3,
        [],
        [[]],
        [[1, 2], [3]],
        [[0, 255], [9, 1]],
        {},
        {"a": 1},
        object,
        [[None]],
        [[2**70]],
    ]
    records = np.zeros((3, 3), dtype=[("r", "u1"), ("g", "u1")])
    return hnp.arrays(_TYPES, _SHAPES) | st.sampled_from(
        [*odd, records, np.ma.zeros((3, 3)), np.zeros((2, 2), np.longdouble)]
    )


def any_arguments() -> st.SearchStrategy[dict[str, Any]]:
    """Arguments of a call, right and wrong."""
    pair = st.tuples(_NUMBERS, _NUMBERS)
    words = st.sampled_from(
        [None, "image", "auto", "", (), [], 5, b"rgb", np.array([0, 255]), np.zeros((2, 2)), object()]
    )
    return _some(
        {
            "mask": hnp.arrays(st.sampled_from([np.bool_, np.uint8, np.float32]), _SHAPES) | words,
            "color": st.sampled_from(
                [None, "rgb", "bgr", "rgba", "multiband", "RGB", "hsv", 3, (), [], np.array("rgb")]
            ),
            "channel_axis": st.integers(-4, 4) | st.sampled_from([None, "first", 0.0, True, np.int8(-1), (0,), 2**70]),
            "data_range": pair | pair.map(list) | words,
            "threads": st.sampled_from([None, 1, 2, 0, -1, 1.0, True, "two", np.int16(2), (), [], float("nan")]),
        },
        0.4,
    )


def without(drawn: Drawn, mask: np.ndarray | None) -> Drawn:
    """The same picture with another mask."""
    return dataclasses.replace(drawn, mask=mask)
