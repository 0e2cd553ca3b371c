"""The single keys of a declaration, checked: each function takes a table and gives the value of a key.

Each raises `ParameterError` with the key, what came and what is allowed; `where` names the declaration.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from classicseg.datasets.declared.patterns import Pattern, problem
from classicseg.errors import ParameterError, guess, one_line
from classicseg.image import DataRange


def only(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise ParameterError(
                f"{where}: the key {key!r} is not known; there are {', '.join(known)}.{guess(key, known)}"
            )


def not_allowed(where: str, key: str, came: object, allowed: str) -> ParameterError:
    return ParameterError(f"{where}: {key} = {one_line(repr(came), 500)} is not allowed; {allowed}.")


def choice(table: dict[str, Any], key: str, allowed: tuple[Any, ...], where: str, *, required: bool = False) -> Any:
    if key not in table and not required:
        return allowed[0]
    if key not in table:
        raise ParameterError(f"{where} has no {key}. Say {key} = one of {', '.join(map(repr, allowed))}.")
    came = table[key]
    if came not in allowed:
        hint = guess(came, allowed) if isinstance(came, str) else ""
        raise ParameterError(
            f"{where}: {key} = {came!r} is not allowed; it is one of {', '.join(map(repr, allowed))}.{hint}"
        )
    return came


def text(table: dict[str, Any], key: str, where: str) -> str | None:
    if key in table and (not isinstance(table[key], str) or not table[key]):
        raise not_allowed(where, key, table[key], "it is a text")
    return table.get(key)


def flag(table: dict[str, Any], key: str, where: str) -> bool:
    if not isinstance(table.get(key, False), bool):
        raise not_allowed(where, key, table[key], "it is true or false")
    return table.get(key, False)


def pattern(text: object, key: str, where: str) -> Pattern:
    wrong = problem(text)
    if wrong:
        raise ParameterError(
            f"{where}: {key} = {one_line(repr(text), 500)} {wrong}{'' if wrong.endswith('?') else '.'}"
        )
    return Pattern(str(text))


def start(table: dict[str, Any], where: str) -> tuple[str, ...]:
    came = table.get("start", ".")
    folders = [came] if isinstance(came, str) else came
    if not isinstance(folders, list) or not folders or any(map(_no_folder, folders)):
        raise not_allowed(where, "start", came, "it is a folder below the root, or a list of them; '.' is the root")
    return tuple(folders)


def _no_folder(text: object) -> bool:
    return text != "." and (problem(text) is not None or bool(set("{}*") & set(str(text))))


def data_range(table: dict[str, Any], where: str) -> DataRange | None:
    came = table.get("data_range")
    if came is None or came == "image":
        return came
    numbers = (
        isinstance(came, list)
        and len(came) == 2
        and all(type(each) in (int, float) and isfinite(each) for each in came)
    )
    if not numbers or not came[0] < came[1]:
        raise not_allowed(where, "data_range", came, "it is [low, high] with low < high, or 'image'")
    return came[0], came[1]


def classes(table: dict[str, Any], where: str) -> dict[int, str] | None:
    came = table.get("classes")
    if came is None:
        return None
    if not isinstance(came, dict) or not all(key.isdecimal() and isinstance(came[key], str) for key in came):
        raise not_allowed(where, "classes", came, "it is a table of numbers and names, as in 1 = 'road'")
    return {int(key): name for key, name in came.items()}


def words(table: dict[str, Any], key: str, where: str) -> dict[str, str]:
    came = table.get(key, {})
    if not isinstance(came, dict) or not all(isinstance(word, str) and not problem(word) for word in came.values()):
        meaning = "the words that stand for {split}" if key == "splits" else "the lists' paths below the root, with /"
        raise not_allowed(where, key, came, f"it is a table that gives each split {meaning}, as in train = 'Training'")
    if any(set("{}*") & set(word) for word in came.values()):
        raise not_allowed(where, key, came, "its texts have no braces and no *")
    return dict(came)


def sample_name(table: dict[str, Any], folders: bool, where: str) -> str:
    """The template of the names; by default with the folders where the patterns have them."""
    came = text(table, "sample_name", where) or ("{folder}/{name}" if folders else "{name}")
    wrong = problem(came.replace("{folder}", "folder"))
    if wrong or "{name}" not in came:
        raise not_allowed(where, "sample_name", came, "it is a text with {name}, and {folder} or {split} if wanted")
    return came


def require_tables(came: object, where: str, key: str) -> None:
    if not isinstance(came, dict) or not all(isinstance(each, dict) for each in came.values()):
        raise not_allowed(where, key, came, f"each is a table under [{key}.NAME]")
