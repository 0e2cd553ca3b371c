"""Suites: which data sets, scores, methods and tuning make the tables of one question, read from a TOML file."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classicseg.datasets.base import DataSet
from classicseg.datasets.layout import natural_order
from classicseg.errors import ImageError, ParameterError, guess

if TYPE_CHECKING:
    from classicseg.bench.panels import Measure
    from classicseg.metrics import Foreground
    from classicseg.metrics.kinds import TruthKind

Half = Literal["first", "second"]

SUITES = Path("benchmarks") / "suites"
DATA = "CLASSICSEG_DATA"
GROUPS = ("all", "classes", "segments")  # words that stand for several methods


@dataclass(frozen=True, kw_only=True)
class SuiteTable:
    """One table: a data set, what is scored on it, and by which methods.

    Attributes
    ----------
    name : str
        Of the data set in the results; unique in its suite.
    spec : str
        ``READER:FOLDER``, the folder below that of all data sets; or ``FILE.toml:FOLDER``, the declaration's file
        beside the suite's.
    train, report : str
        Splits: parameters are tuned on one, the other is reported. "" for both where the data set has none and is split
        in `half`: the first half trains.
    kind, view : str or None
        As for `classicseg.datasets.open_dataset`.
    measures : tuple of Measure
        What is reported.
    tune : str
        The name of the score that parameters are tuned for, with the averaging of its measure.
    foreground : {"nonzero", "bright", "dark"} or int
    methods : tuple of str
        Names and presets.
    fixed : mapping of str to mapping
        Parameters that are set for a method and not tuned.
    where : Path
        The folder of the suite's file.
    """

    name: str
    spec: str
    train: str
    report: str
    kind: TruthKind | None
    view: str | None
    measures: tuple[Measure, ...]
    tune: str
    foreground: Foreground
    methods: tuple[str, ...]
    fixed: Mapping[str, Mapping[str, Any]]
    where: Path

    @property
    def tuned_for(self) -> Measure:
        """The score that parameters are tuned for, and how it is put together."""
        return next(measure for measure in self.measures if measure.score.name == self.tune)

    def open(self, data: Path | None = None) -> tuple[DataSet, DataSet]:
        """The pictures to tune on, and those to report.

        Parameters
        ----------
        data : Path, optional
            The folder of all data sets; by default that which the environment names in CLASSICSEG_DATA.

        Raises
        ------
        ParameterError
            No folder is named.
        ImageError
            The data set is not there, or not whole.
        """
        if not self.train:
            whole = dataclasses.replace(self._open(data, None), name=self.name)
            return half(whole, "first"), half(whole, "second")
        return tuple(  # type: ignore[return-value]
            dataclasses.replace(self._open(data, split), name=f"{self.name}/{split}")
            for split in (self.train, self.report)
        )

    def _open(self, data: Path | None, split: str | None) -> DataSet:
        from classicseg.datasets import open_dataset

        reader, _, folder = self.spec.partition(":")
        if reader.lower().endswith(".toml"):
            reader = str(self.where / reader)
        place = _data_root(data) / folder
        if not place.is_dir():
            raise ImageError(
                f"the data set {self.name} is looked for in {place}, which is no folder. Put it there, or name the "
                f"folder of all data sets by --data or {DATA}."
            )
        return open_dataset(f"{reader}:{place}", kind=self.kind, split=split, view=self.view)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A suite, as its file says it.

    Attributes
    ----------
    name, about : str
    tables : tuple of SuiteTable
    pictures : int
        Parameters are tuned on so many pictures at most, drawn from those to tune on by `seed`.
    budget : int
        How many sets of parameters a search tries for each method.
    search : str
        The strategy.
    seed : int
    """

    name: str
    about: str
    tables: tuple[SuiteTable, ...]
    pictures: int
    budget: int
    search: str
    seed: int

    def of_methods(self, names: Collection[str]) -> Suite:
        """The suite with these methods alone; tables that have none of them are left out.

        Raises
        ------
        ParameterError
            No table has one of them.
        """
        known = {name for table in self.tables for name in table.methods}
        for name in names:
            if name not in known:
                raise ParameterError(
                    f"the suite {self.name} has no method {name!r}; it has {', '.join(sorted(known))}."
                    f"{guess(name, sorted(known))}"
                )
        kept = ((table, tuple(name for name in table.methods if name in names)) for table in self.tables)
        return dataclasses.replace(
            self, tables=tuple(dataclasses.replace(table, methods=own) for table, own in kept if own)
        )


def half(dataset: DataSet, which: Half) -> DataSet:
    """One half of a data set that has no published split: the first half tunes, the second is reported.

    Pictures are sorted by their names, numbers in them by their value, and cut in the middle. Names that are neighbours
    are often of one specimen, or of one series: alternate pictures would put such twins on both sides. The second half
    has the picture more of an odd number.

    Parameters
    ----------
    dataset : DataSet
        Two pictures or more.
    which : {"first", "second"}

    Returns
    -------
    DataSet
        Named for the half, such as "weizmann/first half".

    Raises
    ------
    ParameterError
        There are fewer than two pictures, or `which` is another word.

    Examples
    --------
    >>> from classicseg.datasets import made_scenes
    >>> halves = half(made_scenes(size=64), "first"), half(made_scenes(size=64), "second")
    >>> [len(each) for each in halves], halves[0].name
    ([9, 9], 'scenes/first half')
    """
    if which not in ("first", "second"):
        raise ParameterError(f"which={which!r} is not allowed; it is 'first' or 'second'.")
    if len(dataset) < 2:
        raise ParameterError(f"{dataset.name} has {len(dataset)} picture; two or more can be halved. Give more.")
    ordered = sorted(dataset.samples, key=lambda sample: natural_order(sample.name))
    middle = len(ordered) // 2
    chosen = ordered[:middle] if which == "first" else ordered[middle:]
    return dataclasses.replace(dataset, name=f"{dataset.name}/{which} half", samples=tuple(chosen))


def read_suite(name: str | Path) -> Suite:
    """A suite by its name or by the path of its file.

    Parameters
    ----------
    name : str or Path
        A name is looked for as ``benchmarks/suites/NAME.toml`` below the working folder, then in the checkout that
        classicseg is installed from. What ends with ``.toml`` is a path.

    Raises
    ------
    ParameterError
        There is no such suite, or its file says what is not allowed: the message names the key, what came, and what is
        allowed.
    """
    from classicseg.bench.suites.file import parse_suite

    path = _path_of(name)
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ParameterError(f"the suite {path} cannot be read ({error.strerror}). Check the path.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ParameterError(f"the suite {path} is no TOML file in UTF-8: {error}.") from error
    return parse_suite(table, path)


def suite_names() -> list[str]:
    """The names of the suites that are found by name."""
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.toml")})


def _path_of(name: str | Path) -> Path:
    if Path(name).suffix.lower() == ".toml":
        return Path(name)
    found = [folder / f"{name}.toml" for folder in _folders() if (folder / f"{name}.toml").is_file()]
    if found:
        return found[0]
    known = suite_names()
    there = f"there are {', '.join(known)}.{guess(str(name), known)}" if known else f"no folder {SUITES} is here."
    raise ParameterError(
        f"the suite {str(name)!r} is not known; {there} Run from a checkout of classicseg, or give the path of a "
        ".toml file."
    )


def _folders() -> list[Path]:
    """Where suites are found by name; they belong to the checkout, and are not installed."""
    return [folder for folder in (SUITES, Path(__file__).parents[3] / SUITES) if folder.is_dir()]


def _data_root(data: Path | None) -> Path:
    named = str(data or "") or os.environ.get(DATA, "")
    if not named:
        raise ParameterError(f"a suite's data sets lie in one folder, and none is named. Give --data, or set {DATA}.")
    return Path(named)
