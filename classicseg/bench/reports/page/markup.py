"""Text and numbers as HTML."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Iterable
from typing import Any

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
DAGGER = "\N{DAGGER}"

# What HTML has no character for: it would be a parse error, whoever named a file so.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def text(value: Any) -> str:
    """Anything as text in HTML, in an element or an attribute.

    Examples
    --------
    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(_UNFIT.sub("\N{REPLACEMENT CHARACTER}", str(value)), quote=True)


def json_in_script(data: Any) -> str:
    """JSON that may stand in a script element, whatever the names in it: none of its characters means anything in HTML.

    Examples
    --------
    >>> json_in_script({"name": "</script>", "value": float("nan")})
    '{"name":"\\\\u003c/script\\\\u003e","value":null}'
    """
    said = json.dumps(_finite(data), separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return said.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def digest(content: str) -> str:
    """What a Content-Security-Policy calls an inline style or script that it allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def score(value: float) -> str:
    """A score, to three places; a dash where it is not defined.

    Examples
    --------
    >>> score(0.51249), score(-0.25), score(1234.5678), score(float("nan"))
    ('0.512', '−0.250', '1235', '–')
    """
    if math.isnan(value):
        return DASH
    size = abs(value)
    said = f"{value:.3f}" if size < 100 else f"{value:.1f}" if size < 1000 else f"{value:.0f}"
    return said.replace("-", MINUS)


def signed(value: float) -> str:
    """A difference of scores, with its sign.

    Examples
    --------
    >>> signed(0.0312), signed(-0.25), signed(0.0001)
    ('+0.031', '−0.250', '0.000')
    """
    said = score(value)
    if not said.strip("0.\N{MINUS SIGN}"):
        return "0.000"
    return f"+{said}" if value > 0 else said


def seconds(value: float) -> str:
    """Seconds, to three digits.

    Examples
    --------
    >>> [seconds(each) for each in (0.0005678, 0.01234, 1.2345, 345.6, float("nan"))]
    ['0.000568', '0.0123', '1.23', '346', '–']
    """
    if math.isnan(value):
        return DASH
    if value <= 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def probability(value: float) -> str:
    """A p value, as papers give it.

    Examples
    --------
    >>> probability(0.0312), probability(0.000004), probability(1.0)
    ('0.031', '< 0.001', '1.000')
    """
    if math.isnan(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval(low: float, high: float) -> str:
    """The two ends, or a dash where there is none."""
    return DASH if math.isnan(low) or math.isnan(high) else f"[{score(low)}, {score(high)}]"


def sort_key(value: Any) -> str:
    """What a cell is sorted by: numbers in full, nothing where a number is not known."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return text(value)


def count(number: int, thing: str, things: str = "") -> str:
    """A number of things in words.

    Examples
    --------
    >>> count(1, "picture"), count(2000, "picture"), count(2, "entry", "entries")
    ('1 picture', '2,000 pictures', '2 entries')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(words: Iterable[str]) -> str:
    """Several in one sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def parameter(value: Any) -> str:
    """A parameter's value as a reader would write it."""
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple):
        return f"({', '.join(parameter(each) for each in value)})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table(name: str, heads: Iterable[tuple[str, bool]], rows: str, kind: str = "") -> str:
    """A table in a box of its own that scrolls; heads are names (HTML), and whether their column stands on the left."""
    columns = "".join(f'<th scope="col" class="{"left" if left else "right"}">{head}</th>' for head, left in heads)
    return (
        f'<div class="scroll" role="region" aria-label="{text(name)}" tabindex="0"><table class="{kind}">'
        f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _finite(data: Any) -> Any:
    """NaN, which JSON has no word for, as null."""
    if isinstance(data, dict):
        return {key: _finite(each) for key, each in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(each) for each in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
