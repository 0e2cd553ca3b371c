"""One declaration a parameter: what it accepts, how it reads text, how it describes itself."""

from __future__ import annotations

import dataclasses
import math

import pytest

from classicseg import ParameterError
from classicseg.parameters import declared, parameter

pytestmark = pytest.mark.small


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    width: float | str = parameter(2.0, "a width", low=0.5, high=10, special=("auto",), unit="px", scale="log")
    side: int = parameter(3, "a side", low=3, odd=True)
    rule: str = parameter("one", "a rule", choices=("one", "two"))
    flag: bool = parameter(False, "a flag")
    band: int | None = parameter(None, "a band", kind=int, low=0, special=(None,))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("width", [0.5, 10, 3, "auto"], [0.49, 10.1, math.nan, math.inf, "none", True, None, "2"]),
        ("side", [3, 5], [4, 1, 3.0, "3", False]),
        ("rule", ["one", "two"], ["three", 1, None]),
        ("flag", [True, False], [0, 1, "yes", None]),
        ("band", [0, 7, None], [-1, 1.0, "none"]),
    ],
)
def test_accepts(name, good, bad):
    declaration = declared(Sample)[name]
    assert all(declaration.accepts(value) for value in good)
    assert not any(declaration.accepts(value) for value in bad)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("width", "2.5", 2.5),
        ("width", "auto", "auto"),
        ("side", "7", 7),
        ("rule", "two", "two"),
        ("flag", "yes", True),
        ("flag", "False", False),
        ("band", "none", None),
        ("band", "4", 4),
    ],
)
def test_reads_text(name, text, value):
    parsed = declared(Sample)[name].parse("sample", name, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("width", "wide", r"sample: width='wide' is not allowed; width is a number from 0.5 to 10, or 'auto' \(px\)"),
        ("width", "20", r"width=20.0 is not allowed"),
        ("side", "4", r"an odd integer of at least 3"),
        ("rule", "three", r"'one' or 'two'"),
        ("flag", "maybe", r"True or False"),
    ],
)
def test_refuses_text_in_one_sentence_with_the_default(name, text, words):
    with pytest.raises(ParameterError, match=words) as caught:
        declared(Sample)[name].parse("sample", name, text)
    assert caught.match(f"default {declared(Sample)[name].default!r}")


def test_describes_itself_in_plain_values():
    record = declared(Sample)["width"].as_dict()
    assert record["kind"] == "float"
    assert record["low"] == 0.5
    assert record["unit"] == "px"
    assert declared(Sample)["rule"].scale == "choice"
    assert declared(Sample)["side"].scale == "linear"
