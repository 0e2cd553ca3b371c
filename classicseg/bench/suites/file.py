"""What the TOML file of a suite may say, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classicseg.bench.panels import Measure
from classicseg.bench.suites.suite import GROUPS, Suite, SuiteTable
from classicseg.bench.tuning.search import SEARCHES
from classicseg.datasets.declared import keys
from classicseg.errors import ParameterError
from classicseg.metrics import find_score
from classicseg.metrics.comparison import check_foreground
from classicseg.metrics.families import AVERAGINGS
from classicseg.metrics.kinds import TRUTH_KINDS
from classicseg.registry import make, methods

if TYPE_CHECKING:
    from classicseg.registry import Method

_TOP = ("about", "pictures", "budget", "search", "seed", "methods", "fixed", "tables")
_OF_TABLE = (
    "name",
    "data",
    "train",
    "report",
    "halves",
    "kind",
    "view",
    "metrics",
    "tune",
    "foreground",
    "methods",
    "fixed",
)
_OF_METRIC = ("name", "averaging")


def parse_suite(table: dict[str, Any], path: Path) -> Suite:
    """The suite of a parsed file.

    Raises
    ------
    ParameterError
        A key is unknown or missing, or its value is not allowed.
    """
    where = str(path)
    keys.only(table, _TOP, where)
    tables = table.get("tables")
    if not isinstance(tables, list) or not tables or not all(isinstance(each, dict) for each in tables):
        raise ParameterError(f"{where} has no tables. Say [[tables]] with name, data and metrics, once or more.")
    known = methods()
    common: dict[str, Any] = {key: table[key] for key in ("methods", "fixed") if key in table}
    found = tuple(
        _table({**common, **each}, known, path.parent, f"{where}: tables[{number}]")
        for number, each in enumerate(tables)
    )
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(f"{where}: two tables are called {twice[0]!r}. Give each a name of its own.")
    return Suite(
        name=path.stem,
        about=keys.text(table, "about", where) or "",
        tables=found,
        pictures=_count(table, "pictures", 40, 1, where),
        budget=_count(table, "budget", 40, 1, where),
        search=keys.choice(table, "search", tuple(SEARCHES), where),
        seed=_count(table, "seed", 0, 0, where),
    )


def _table(table: dict[str, Any], known: Mapping[str, Method], folder: Path, where: str) -> SuiteTable:
    keys.only(table, _OF_TABLE, where)
    train, report = _splits(table, where)
    measures = _measures(table, where)
    foreground = table.get("foreground", "nonzero")
    try:
        check_foreground(foreground)
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
    chosen = _methods(table.get("methods", "all"), known, where)
    return SuiteTable(
        name=_required(table, "name", where),
        spec=_spec(table, where),
        train=train,
        report=report,
        kind=keys.choice(table, "kind", TRUTH_KINDS, where) if "kind" in table else None,
        view=keys.text(table, "view", where),
        measures=measures,
        tune=_tune(table, measures, where),
        foreground=foreground,
        methods=chosen,
        fixed=_fixed(table.get("fixed", {}), chosen, known, where),
        where=folder,
    )


def _required(table: dict[str, Any], key: str, where: str) -> str:
    found = keys.text(table, key, where)
    if found is None:
        raise ParameterError(f"{where} has no {key}. Say it.")
    return found


def _spec(table: dict[str, Any], where: str) -> str:
    spec = _required(table, "data", where)
    reader, colon, folder = spec.partition(":")
    if not (reader and colon and folder):
        raise keys.not_allowed(where, "data", spec, "it is READER:FOLDER, such as 'bsds500:BSDS500'")
    if not reader.lower().endswith(".toml"):
        from classicseg.datasets import known_readers

        if reader not in known_readers():
            raise keys.not_allowed(
                where, "data", spec, "before the colon stands a reader of 'classicseg datasets list'"
            )
    return spec


def _splits(table: dict[str, Any], where: str) -> tuple[str, str]:
    """Two splits by name; or nothing, for halves."""
    train, report = keys.text(table, "train", where), keys.text(table, "report", where)
    halves = keys.flag(table, "halves", where)
    if halves and (train or report):
        raise ParameterError(f"{where} has halves as well as train or report. Say halves where there are no splits.")
    if halves:
        return "", ""
    if not train or not report:
        raise ParameterError(
            f"{where} does not say what is tuned on. Say train and report, two splits; or halves = true."
        )
    if train == report:
        raise ParameterError(f"{where}: {train!r} is tuned on and reported. Report another split.")
    return train, report


def _measures(table: dict[str, Any], where: str) -> tuple[Measure, ...]:
    came = table.get("metrics")
    if not isinstance(came, list) or not came or not all(isinstance(each, str | dict) for each in came):
        raise keys.not_allowed(
            where, "metrics", came, "it is a list of names, or of { name = 'covering', averaging = 'pooled' }"
        )
    found = []
    for number, each in enumerate(came):
        said = {"name": each} if isinstance(each, str) else each
        place = f"{where}: metrics[{number}]"
        keys.only(said, _OF_METRIC, place)
        try:
            found.append(
                Measure(find_score(_required(said, "name", place)), keys.choice(said, "averaging", AVERAGINGS, place))
            )
        except ParameterError as error:
            raise ParameterError(str(error) if str(error).startswith(where) else f"{place}: {error}") from None
    pairs = [(each.score.name, each.averaging) for each in found]
    if len(set(pairs)) < len(pairs):
        raise ParameterError(f"{where}: metrics has one score twice, averaged the same way. Leave one out.")
    return tuple(found)


def _tune(table: dict[str, Any], measures: tuple[Measure, ...], where: str) -> str:
    """The score that parameters are tuned for: the first, unless another is named; never an oracle."""
    name = keys.text(table, "tune", where) or measures[0].score.name
    chosen = [each.score for each in measures if each.score.name == name]
    if not chosen or chosen[0].oracle:
        possible = ", ".join(sorted({each.score.name for each in measures if not each.score.oracle}))
        raise keys.not_allowed(where, "tune", name, f"it is one of the metrics that is no oracle: {possible or 'none'}")
    return name


def _methods(came: object, known: Mapping[str, Method], where: str) -> tuple[str, ...]:
    """Names in the order given; a word for a group stands for its built-in members and plug-ins, in their order."""
    words = [came] if isinstance(came, str) else came
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise keys.not_allowed(where, "methods", came, f"it is {', '.join(map(repr, GROUPS))}, or a list of names")
    chosen: dict[str, None] = {}
    for word in words:
        if word in GROUPS:
            chosen.update(dict.fromkeys(name for name, each in known.items() if word in ("all", each.makes)))
            continue
        try:
            make(word)
        except ParameterError as error:
            raise ParameterError(f"{where}: methods: {error}") from None
        chosen[word] = None
    return tuple(chosen)


def _fixed(came: object, chosen: tuple[str, ...], known: Mapping[str, Method], where: str) -> dict[str, dict[str, Any]]:
    """Parameters by method: what is said of a group first, of a method over it."""
    if not isinstance(came, dict) or not all(isinstance(each, dict) for each in came.values()):
        raise keys.not_allowed(
            where, "fixed", came, "it is a table of tables, such as { classes = { connected = true } }"
        )
    presets = [preset for each in known.values() for preset in each.presets]
    keys.only(came, (*GROUPS, *known, *presets), f"{where}: fixed")
    found = {}
    for name in chosen:
        makes = known[make(name).name].makes
        said = {key: value for word in ("all", makes, name) for key, value in came.get(word, {}).items()}
        try:
            make(name, **said)
        except ParameterError as error:
            raise ParameterError(f"{where}: fixed: {error}") from None
        if said:
            found[name] = said
    return found


def _count(table: dict[str, Any], key: str, default: int, least: int, where: str) -> int:
    came = table.get(key, default)
    if isinstance(came, bool) or not isinstance(came, int) or came < least:
        raise keys.not_allowed(where, key, came, f"it is a whole number from {least} on")
    return came
