"""The ``[encoding]`` of a declaration, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from classicseg.datasets.declared.keys import not_allowed
from classicseg.datasets.decode import ENCODINGS_OF_KIND, Encoding, EncodingType, colour_code, default_encoding
from classicseg.errors import ParameterError, guess
from classicseg.metrics.kinds import TruthKind

_KEYS: Mapping[EncodingType, tuple[str, ...]] = {
    "threshold": ("type", "above", "below", "void", "channel"),
    "values": ("type", "values", "void", "others", "channel"),
    "palette": ("type", "void", "channel"),
    "colours": ("type", "colours", "void", "others"),
    "instances": ("type", "void", "channel"),
    "components": ("type", "above", "below", "void", "channel", "separate_values"),
}
_HIGHEST_CLASS = 2**31 - 1


def parse_encoding(table: object, kind: TruthKind, where: str) -> Encoding:
    """The encoding that a table declares; without a table the usual one of the kind.

    Raises
    ------
    ParameterError
        The table declares what is not allowed.
    """
    if table is None:
        return default_encoding(kind)
    if not isinstance(table, dict):
        raise ParameterError(f"{where}: encoding = {table!r} is not allowed; it is a table, [encoding].")
    kinds = ENCODINGS_OF_KIND[kind]
    came = table.get("type")
    if came not in kinds:
        raise ParameterError(
            f"{where}: encoding.type = {came!r} is not allowed; with kind = {kind!r} it is one of "
            f"{', '.join(map(repr, kinds))}.{guess(str(came), kinds)}"
        )
    for key in table:
        if key not in _KEYS[came]:
            raise ParameterError(
                f"{where}: encoding.{key} is not known for the type {came!r}; it takes {', '.join(_KEYS[came])}."
                f"{guess(key, _KEYS[came])}"
            )
    if "above" in table and "below" in table:
        raise ParameterError(f"{where} has both encoding.above and encoding.below; a threshold has one.")
    return Encoding(
        came,
        above=_number(table, "above", where),
        below=_number(table, "below", where),
        table=_table(table, came, kind, where),
        void=_void(table, came, where),
        others=_others(table, where),
        channel=_channel(table, where),
        separate_values=_separate_values(table, where),
    )


def _wrong(where: str, key: str, came: object, allowed: str) -> ParameterError:
    return not_allowed(where, f"encoding.{key}", came, allowed)


def _number(table: dict[str, Any], key: str, where: str) -> float | None:
    came = table.get(key)
    if came is not None and not (type(came) in (int, float) and isfinite(came)):
        raise _wrong(where, key, came, "it is a number")
    return came


def _table(
    table: dict[str, Any], kind_of_table: EncodingType, kind: TruthKind, where: str
) -> tuple[tuple[int, int], ...]:
    """Pairs of a code and its class."""
    if kind_of_table not in ("values", "colours"):
        return ()
    came = table.get(kind_of_table)
    example = "255 = 1" if kind_of_table == "values" else "'#ff0000' = 1"
    if not isinstance(came, dict) or not came:
        raise _wrong(where, kind_of_table, came, f"it is a table that gives each of them its class, as in {example}")
    highest = 1 if kind == "binary" else _HIGHEST_CLASS
    pairs: dict[int, int] = {}
    for text, number in came.items():
        if type(number) is not int or not 0 <= number <= highest:
            allowed = "0 or 1, since the kind is 'binary'" if kind == "binary" else f"an integer from 0 to {highest}"
            raise _wrong(where, f"{kind_of_table}.{text}", number, f"a class is {allowed}")
        code = _code(text, kind_of_table, where)
        if code in pairs:
            raise ParameterError(f"{where}: encoding.{kind_of_table} has {text!r} twice. Give it one class.")
        pairs[code] = number
    return tuple(pairs.items())


def _code(text: str, kind_of_table: str, where: str) -> int:
    if kind_of_table == "colours":
        return _colour(text, where, "colours")
    if not re.fullmatch(r"-?[0-9]+", text):
        raise _wrong(where, "values", text, "its keys are the integers that are stored in the file")
    return int(text)


def _colour(text: object, where: str, key: str) -> int:
    """The code of '#rrggbb' or 'r, g, b'."""
    numbers: list[int] = []
    if isinstance(text, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        numbers = [int(text[place : place + 2], 16) for place in (1, 3, 5)]
    elif isinstance(text, str) and re.fullmatch(r" *[0-9]{1,3} *, *[0-9]{1,3} *, *[0-9]{1,3} *", text):
        numbers = [int(part) for part in text.split(",")]
    if not numbers or max(numbers) > 255:
        raise _wrong(where, key, text, "a colour is a text such as '#ff8000' or '255, 128, 0'")
    return colour_code(*numbers)


def _void(table: dict[str, Any], type_: EncodingType, where: str) -> tuple[float, ...]:
    came = table.get("void", [])
    values = came if isinstance(came, list) else [came]
    if type_ == "colours":
        return tuple(_colour(value, where, "void") for value in values)
    if not all(type(value) is int for value in values):
        raise _wrong(where, "void", came, "it is an integer or a list of integers")
    return tuple(values)


def _others(table: dict[str, Any], where: str) -> Any:
    came = table.get("others", "error")
    if came not in ("error", "void"):
        raise _wrong(where, "others", came, "it is 'error' or 'void'")
    return came


def _channel(table: dict[str, Any], where: str) -> int | None:
    came = table.get("channel")
    if came is not None and (type(came) is not int or came < 0):
        raise _wrong(where, "channel", came, "it is the number of a channel; 0 is the first, red")
    return came


def _separate_values(table: dict[str, Any], where: str) -> bool:
    came = table.get("separate_values", False)
    if not isinstance(came, bool):
        raise _wrong(where, "separate_values", came, "it is true or false")
    return came
