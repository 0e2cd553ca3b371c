"""Patterns that name the files of a data set, such as ``training/images/{name}_training.tif``.

==================  ==========================================================================================
in a pattern        stands for
==================  ==========================================================================================
``{name}``          a piece of a file's or folder's name, at least one character, never a ``/``; what pairs files
``{folder}``        any number of folders, none too; a whole part between ``/``; it belongs to what pairs files
``{split}``         the word of a split
``{png,jpg}``       one of these texts
``*``               any characters, none too, but no ``/``
``**``              any number of folders, none too; a whole part between ``/``
==================  ==========================================================================================

Everything else stands for itself, with its case. A placeholder that comes twice stands for the same text both times.
Hidden files and folders, whose names begin with a dot, match nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from classicseg.errors import guess, one_line

PLACEHOLDERS = ("name", "folder", "split")

Key = tuple[str, str]  # what pairs files: the folders, with a slash behind each, and the name

_TOKEN = re.compile(r"\{([^{}]*)\}|(\*\*|\*)|([^{}*]+)|([{}])")


@dataclass(frozen=True)
class Pattern:
    """One pattern; `problem` tells beforehand whether a text is one."""

    text: str

    @property
    def placeholders(self) -> frozenset[str]:
        """Those of ``{name}``, ``{folder}`` and ``{split}`` that the pattern has."""
        return frozenset(name for name in PLACEHOLDERS if f"{{{name}}}" in self.text)

    @property
    def written_out(self) -> int:
        """How many characters stand for themselves: the more, the more particular the pattern."""
        return len(re.sub(r"\{[^{}]*\}|[*]", "", self.text))

    def filled(self, words: Mapping[str, str]) -> Pattern:
        """The pattern with words in the place of some placeholders."""
        text = self.text
        for name, word in words.items():
            text = text.replace(f"{{{name}}}/", f"{word}/" if word else "").replace(f"{{{name}}}", word)
        return Pattern(text)

    def find(self, root: Path) -> Iterator[tuple[Key, str]]:
        """The files below `root` that match, in a fixed order: what pairs them, and their path below it, with /."""
        parts = self.text.split("/")
        fixed = 0
        while fixed < len(parts) - 1 and not set("{}*") & set(parts[fixed]):
            fixed += 1
        start = "/".join(parts[:fixed])
        deep = "**" in parts or "{folder}" in parts
        for path in _files_below(root / start, None if deep else len(parts) - fixed):
            whole = f"{start}/{path}" if start else path
            found = self._expression.fullmatch(whole)
            if found:
                groups = found.groupdict()
                yield (groups.get("folder") or "", groups.get("name") or ""), whole

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        made: list[str] = []
        seen: set[str] = set()
        parts = self.text.split("/")
        for number, part in enumerate(parts):
            end = "/" if number < len(parts) - 1 else ""
            if part == "**":
                made.append("(?:[^/]+/)*")
            elif part == "{folder}":
                made.append("(?P=folder)" if part in seen else "(?P<folder>(?:[^/]+/)*)")
                seen.add(part)
            else:
                made.append(_part_expression(part, seen) + end)
        return re.compile("".join(made))


def problem(text: object) -> str | None:
    """What is wrong with a pattern, in words that follow its text; None where nothing is."""
    if not isinstance(text, str) or not text:
        return "is not allowed; a pattern is a text such as 'images/{name}.png'"
    if "\\" in text:
        return "has a backslash; write / between folders, on Windows too"
    parts = text.split("/")
    if text.startswith("/") or ":" in parts[0] or set(parts) & {"", ".", ".."}:
        return "is not allowed; a pattern begins below the root and has no empty part, '.' or '..'"
    for number, part in enumerate(parts):
        wrong = _problem_of_part(part, last=number == len(parts) - 1)
        if wrong:
            return wrong
    return None


def _problem_of_part(part: str, *, last: bool) -> str | None:
    for inside, stars, _, brace in _TOKEN.findall(part):
        if brace:
            return "has a brace without its partner"
        if stars == "**" and (part != stars or last):
            return "has '**' beside other text or at the end; it stands for folders, as in 'images/**/{name}.png'"
        if inside == "folder" and (part != "{folder}" or last):
            return "has '{folder}' beside other text or at the end; it stands for folders, as in '{folder}/{name}.png'"
        if "{" + inside + "}" in part and "," not in inside and inside not in PLACEHOLDERS:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            return (
                f"has the placeholder {one_line('{' + inside + '}')}; there are {known}, and {{png,jpg}} for one of "
                "several texts."
                f"{guess(inside, PLACEHOLDERS)}"
            )
    return None


def _part_expression(part: str, seen: set[str]) -> str:
    """A part between slashes as a regular expression; `seen` collects the placeholders that have a group already."""
    made = []
    for inside, stars, text, _ in _TOKEN.findall(part):
        if stars:
            made.append("[^/]*")
        elif text:
            made.append(re.escape(text))
        elif "," in inside:
            made.append(f"(?:{'|'.join(map(re.escape, inside.split(',')))})")
        elif inside in seen:
            made.append(f"(?P={inside})")
        else:
            made.append(f"(?P<{inside}>[^/]+)")
            seen.add(inside)
    return "".join(made)


def _files_below(folder: Path, depth: int | None, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths of the files below a folder, with / and at most `depth` parts. Links are followed, never in a ring."""
    try:
        if not folder.is_dir():
            return
    except OSError:  # such as a name longer than any file's
        return
    here = os.path.realpath(folder)
    if here in above:
        return
    with os.scandir(folder) as listing:
        entries = sorted((entry.name, entry.is_dir()) for entry in listing if not entry.name.startswith("."))
    for name, is_folder in entries:
        if not is_folder:
            yield name
        elif depth is None or depth > 1:
            below = _files_below(folder / name, None if depth is None else depth - 1, (*above, here))
            yield from (f"{name}/{path}" for path in below)
