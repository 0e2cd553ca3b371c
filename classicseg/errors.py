"""The errors and warnings that classicseg raises on purpose.

Each message names what came, what is allowed, and the cure.
"""

from __future__ import annotations

import difflib
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

_PACKAGE = str(Path(__file__).parent / "_")[:-1]  # with its last separator


class ImageError(ValueError):
    """The picture, its mask or its file cannot be used as it came."""


class ParameterError(ValueError):
    """A method's name, a parameter or a call argument is not one that classicseg knows or allows."""


class MemoryLimitError(MemoryError):
    """The run would need more memory than the machine has; raised before it starts."""


class DependencyError(ImportError):
    """A library that this part of classicseg needs is missing or cannot be loaded."""


class PluginError(RuntimeError):
    """A plug-in method failed, or gave what is no label map; the message names it."""


class DataRangeWarning(UserWarning):
    """The samples hardly fill, or do not fit, the range by which they are scaled."""


class PluginWarning(UserWarning):
    """A plug-in method was left out because it cannot be loaded."""


def guess(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the closest of the known words, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def if_turned(one: Sequence[int], other: Sequence[int]) -> str:
    """A sentence for two sizes (H, W) that fit only when one is turned by a quarter, or nothing."""
    if tuple(one[:2]) == tuple(other[:2]) or tuple(one[:2]) != tuple(other[1::-1]):
        return ""
    return (
        " They fit when one is turned by a quarter: a camera's orientation (EXIF) stands in one file and not in the "
        "other. Read both as they are stored, by --orientation ignore (from Python: orientation='ignore'), or write "
        "the turned one anew, upright."
    )


def one_line(reason: object, most: int = 160) -> str:
    """What a library says is wrong, as a part of a message: one line of characters that can be printed.

    Examples
    --------
    >>> one_line(ValueError("no\\n  such\\x00thing"))
    'no such?thing'
    >>> one_line(KeyError())
    'KeyError'
    """
    words = re.sub(r"<[^<>]* at 0x\w+>", "...", " ".join(str(reason).split())) or type(reason).__name__
    words = "".join(each if each.isprintable() else "?" for each in words)
    return words if len(words) <= most else words[: most - 3] + "..."


def warn(message: str, category: type[Warning]) -> None:
    """Warn about the line outside this package that led here, however many calls lie between."""
    level = 2  # 1 is this function itself
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level += 1
        frame = frame.f_back
    warnings.warn(message, category, stacklevel=level)
