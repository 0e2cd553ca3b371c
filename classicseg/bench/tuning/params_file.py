"""Files of parameters: what a search found and on which pictures, as TOML that people can read and write."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classicseg.atomic import atomic_write
from classicseg.bench.sources import Entry, MethodSource
from classicseg.datasets.declared import keys
from classicseg.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from classicseg.base import Segmenter
    from classicseg.bench.tuning.tune import Tuning

FORMAT = 1
_NONE = "none"  # TOML has no word for nothing
_HEAD = "# Parameters that `classicseg tune` chose. `classicseg bench --params FILE` takes them.\n"


def write_params(tuning: Tuning, path: str | Path) -> None:
    """Write what was found for each method, and how.

    Methods for which nothing could be chosen are left out.

    Raises
    ------
    OSError
        The file cannot be written; what stood there before still stands there.
    """
    atomic_write(path, params_text(tuning).encode("utf-8", "replace"))


def params_text(tuning: Tuning) -> str:
    """The text of a file of parameters."""
    table: dict[str, Any] = {"format": FORMAT, "tuned": tuning.facts, "methods": {}}
    for found in tuning.methods:
        if not found.error:
            table["methods"][found.name] = {
                "method": found.segmenter.name,
                "parameters": found.segmenter.get_params(),
                "tuned": {
                    "value": found.value,
                    "default": found.default,
                    "tried": found.tried,
                    "failed": found.failed,
                    "seconds": round(found.seconds, 3),
                },
            }
    return _HEAD + "\n".join(_lines(table)) + "\n"


def read_params(path: str | Path) -> list[Entry]:
    """The methods of a file of parameters, each an entry.

    Returns
    -------
    list of Entry
        ``chosen`` is "train" and ``tuned`` holds all facts where the file tells how the parameters were found; without
        a table ``[tuned]`` they are "fixed".

    Raises
    ------
    ImageError
        There is no such file, or it is no TOML.
    ParameterError
        It holds something else than it should, or an unknown method or parameter, or a value that is not allowed.
    """
    path = Path(path)
    table = _parsed(path)
    keys.only(table, ("format", "tuned", "methods"), str(path))
    if table.get("format") != FORMAT:
        raise ParameterError(f"{path}: format={table.get('format')!r} is not known; write format = {FORMAT}.")
    methods = _table(str(path), table, "methods")
    if not methods:
        raise ParameterError(f"{path} names no method. Give it a table [methods.NAME] for each.")
    facts = _table(str(path), table, "tuned") if "tuned" in table else None
    if facts is not None:
        _require_pictures(str(path), facts)
    return [_entry(path, name, methods, facts) for name in methods]


def refuse_same_pictures(entries: Sequence[Entry], pictures: Iterable[str], allowed: bool = False) -> list[Entry]:
    """Refuse parameters that were tuned on pictures on which they are to be reported.

    Parameters
    ----------
    entries : sequence of Entry
    pictures : iterable of str
        The fingerprints of the pictures that are reported (`PictureFacts.picture_hash`). They are compared, not names
        of data sets or splits.
    allowed : bool
        Let it pass, since it was asked for by name; the entry's ``tuned["same_split"]`` is True then, for the tables.

    Returns
    -------
    list of Entry

    Raises
    ------
    ParameterError
        One picture or more is among those, and it is not allowed.
    """
    reported = list(pictures)
    checked = []
    for entry in entries:
        known = tuple(entry.tuned["pictures"].values()) if entry.tuned and "pictures" in entry.tuned else ()
        shared = sum(each.startswith(known) for each in reported) if known else 0
        if not shared:
            checked.append(entry)
            continue
        if not allowed:
            raise ParameterError(
                f"{entry.name}: its parameters were tuned on {shared} of the {len(reported)} pictures that are to be "
                "reported, and such a score tells nothing about other pictures. Report another split, tune on another, "
                "or ask for it by name with --allow-tuned-on-reported; the table then says so."
            )
        checked.append(dataclasses.replace(entry, tuned={**(entry.tuned or {}), "same_split": True}))
    return checked


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ImageError(f"{path} does not exist. Give a file that `classicseg tune` wrote.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ImageError(f"{path} is no TOML: {error}. Mend it, or run `classicseg tune` once more.") from None


def _entry(path: Path, name: str, methods: Mapping[str, Any], facts: Mapping[str, Any] | None) -> Entry:
    where = f"{path}, [methods.{name}]"
    table = _table(where, methods, name)
    keys.only(table, ("method", "parameters", "tuned"), where)
    method = table.get("method", name)
    segmenter = _segmenter(where, method, _table(where, table, "parameters"))
    if facts is None:
        return Entry(name, (MethodSource(segmenter),))
    own = _table(where, table, "tuned")
    return Entry(name, (MethodSource(segmenter),), chosen="train", tuned={**facts, **own})


def _segmenter(where: str, method: Any, given: Mapping[str, Any]) -> Segmenter:
    from classicseg.parameters import declared
    from classicseg.registry import make, resolve

    try:
        known = declared(resolve(method)[0]) if isinstance(method, str) else {}
        values = {
            name: None if value == _NONE and name in known and None in known[name].special else value
            for name, value in given.items()
        }
        return make(method, **values)
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None


def _table(where: str, table: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise ParameterError(f"{where}: {name} = {found!r} came; it is a table. Write its values below [{name}].")
    return found


def _require_pictures(where: str, facts: Mapping[str, Any]) -> None:
    pictures = _table(where, facts, "pictures")
    known = [isinstance(each, str) and re.fullmatch("[0-9a-f]{16,64}", each) for each in pictures.values()]
    if not all(known) or not known:
        raise ParameterError(
            f"{where}: [tuned.pictures] has to name the pictures on which was tuned, each with its fingerprint. Run "
            "`classicseg tune` once more, or leave out [tuned] if the parameters were not tuned."
        )


def _lines(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[str]:
    """A table: first its values, then the tables in it."""
    values = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in values.items()]
    if above and (lines or not table):
        lines = ["", f"[{'.'.join(map(_key, above))}]", *lines]
    for name, inner in table.items():
        if isinstance(inner, Mapping):
            lines += _lines(inner, (*above, name))
    return lines


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else _text(name)


def _value(value: Any) -> str:
    if value is None:
        return _text(_NONE)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """JSON's strings are TOML's, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
