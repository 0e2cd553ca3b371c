"""Check a data set: what is there, what is missing, what cannot be read, which pairs disagree in size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from classicseg.datasets.base import Found, LoadedSample, Sample, oriented
from classicseg.datasets.lookup import choose_view, find_reader, splits_there
from classicseg.datasets.open import DECLARATION, read_whole
from classicseg.errors import ImageError, MemoryLimitError
from classicseg.io.orientation import Orientation

_VALUES_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What readers found, before any picture is read.

    Attributes
    ----------
    name, root, view : str
        What was asked for; "" where there is none.
    parts : mapping of str to Found
        By split; "" where the data set has no splits.
    absent : tuple of str
        Splits of the publisher of which no pictures with truths are there, and that were not asked for.
    """

    name: str
    root: str
    view: str
    parts: Mapping[str, Found]
    absent: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(len(found.samples) for found in self.parts.values())


@dataclass(frozen=True, kw_only=True)
class PartReport:
    """What was found in one split.

    Attributes
    ----------
    split : str
        "" where the data set has no splits.
    pictures : int
        Pictures that have a truth.
    readable : int
        Those of them of which picture and truths can be read and agree in size.
    kinds : tuple of str
        The kinds of their truths.
    truths : (int, int) or None
        The lowest and the highest number of truths of a picture; None where none is readable.
    void : float
        The share of void pixels, 0 to 1, in all readable pictures together.
    missing : tuple of str
        What the layout asks for and is not there.
    sizes : tuple of str
        Pictures whose truth or void has another size.
    unreadable : tuple of str
        Pictures or truths that cannot be read.
    remarks : tuple of str
        What is odd and no error: what the reader remarks, and values of truths that the format has no class for.
    """

    split: str
    pictures: int
    readable: int
    kinds: tuple[str, ...]
    truths: tuple[int, int] | None
    void: float
    missing: tuple[str, ...]
    sizes: tuple[str, ...]
    unreadable: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there are pictures and nothing is missing, unreadable or of another size."""
        return self.pictures > 0 and not (self.missing or self.sizes or self.unreadable)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `check_dataset` found; attributes as of `Survey`, with a `PartReport` for each split."""

    name: str
    root: str
    view: str
    parts: tuple[PartReport, ...]
    absent: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every part is."""
        return bool(self.parts) and all(part.ok for part in self.parts)


def check_dataset(
    name: str,
    root: str | Path | None = None,
    *,
    split: str | None = None,
    view: str | None = None,
    orientation: Orientation = "apply",
    advance: Callable[[], None] | None = None,
) -> Report:
    """Read every picture and truth of a data set, and report what is there and what is wrong.

    Parameters
    ----------
    name : str
        The name of a reader, or the path of a ``.toml`` declaration.
    root : str or Path, optional
        The folder of the data set. Readers that need none have none; a declaration may name its own.
    split : str, optional
        One split; by default all that are there. Those that are absent, or whose truths are, are named in the report,
        and are no error unless they are asked for.
    view, orientation : str, optional
        As for `open_dataset`.
    advance : callable, optional
        Called after each picture.

    Returns
    -------
    Report

    Raises
    ------
    ImageError
        The root has not this layout at all.
    ParameterError
        The reader, the split or the view is unknown.
    DependencyError
        A library that this format needs is not installed.

    Examples
    --------
    >>> report = check_dataset("scenes")
    >>> report.ok, report.parts[0].pictures, report.parts[0].kinds
    (True, 18, ('classes', 'instances'))
    """
    return check_survey(survey_dataset(name, root, split=split, view=view, orientation=orientation), advance)


def survey_dataset(
    name: str,
    root: str | Path | None = None,
    *,
    split: str | None = None,
    view: str | None = None,
    orientation: Orientation = "apply",
) -> Survey:
    """What is there, by names and lists; see `check_dataset`. Its length is the number of pictures to read."""
    survey = _surveyed(name, root, split, view)
    parts = {each: replace(found, samples=oriented(found.samples, orientation)) for each, found in survey.parts.items()}
    return replace(survey, parts=parts)


def _surveyed(name: str, root: str | Path | None, split: str | None, view: str | None) -> Survey:
    if name.lower().endswith(DECLARATION):
        return _survey_declared(name, root, split, view)
    reader = find_reader(name)
    place = None if root is None else Path(root).expanduser()
    shown = choose_view(reader, view)
    chosen: tuple[str | None, ...] = (split,)
    there: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    if split is None and place is not None and reader.splits:
        there = splits_there(reader, place, shown)
        chosen = there or ((None,) if reader.default_split is None else reader.splits)
        absent = _absent(reader.splits, chosen)
    parts = {each or "": read_whole(reader, place, each, view, there=there)[0] for each in chosen}
    return Survey(name=name, root=str(place or ""), view=shown or "", parts=parts, absent=absent)


def _survey_declared(name: str, root: str | Path | None, split: str | None, view: str | None) -> Survey:
    from classicseg.datasets.declared.declaration import read_declaration
    from classicseg.datasets.declared.find import find, root_of, splits_there

    declaration = read_declaration(name)
    place = root_of(Path(name), declaration, None if root is None else Path(root).expanduser())
    chosen: tuple[str | None, ...] = (split,)
    absent: tuple[str, ...] = ()
    if split is None:
        chosen = splits_there(declaration, place, view) or (None,)
        absent = _absent((*declaration.splits, *declaration.split_lists), chosen)
    parts = {each or "": find(declaration, place, split=each, view=view) for each in chosen}
    return Survey(name=name, root=str(root or ""), view=view or "", parts=parts, absent=absent)


def _absent(known: tuple[str, ...], chosen: tuple[str | None, ...]) -> tuple[str, ...]:
    """The splits that are left out; none, where everything is read as one."""
    return () if chosen == (None,) else tuple(each for each in known if each not in chosen)


def check_survey(survey: Survey, advance: Callable[[], None] | None = None) -> Report:
    """Read everything that a survey found; see `check_dataset`."""
    parts = tuple(_check_part(split, found, advance) for split, found in survey.parts.items())
    return Report(name=survey.name, root=survey.root, view=survey.view, parts=parts, absent=survey.absent)


def _check_part(split: str, found: Found, advance: Callable[[], None] | None) -> PartReport:
    counts: list[int] = []
    sizes: list[str] = []
    unreadable: list[str] = []
    unnamed: set[int] = set()
    void = pixels = 0
    for sample in found.samples:
        try:
            loaded = sample.read()
        except (ImageError, MemoryLimitError, OSError) as error:
            reason = _why_unreadable(sample)
            (unreadable if reason else sizes).append(reason or str(error))
        else:
            counts.append(len(loaded.truths))
            pixels += loaded.image.array.shape[0] * loaded.image.array.shape[1]
            void += 0 if loaded.void is None else int(np.count_nonzero(loaded.void))
            unnamed |= _unnamed_values(loaded, found)
        if advance is not None:
            advance()
    return PartReport(
        split=split,
        pictures=len(found.samples),
        readable=len(counts),
        kinds=tuple(sorted({sample.kind for sample in found.samples})),
        truths=(min(counts), max(counts)) if counts else None,
        void=void / pixels if pixels else 0.0,
        missing=found.missing,
        sizes=tuple(sizes),
        unreadable=tuple(unreadable),
        remarks=(*found.remarks, *_remarks(unnamed)),
    )


def _why_unreadable(sample: Sample) -> str:
    """Why the picture or the truth cannot be read; "" where both can, so that their sizes disagree."""
    for load in (sample.read_image, sample.truth_loader):
        try:
            load()
        except (ImageError, MemoryLimitError, OSError) as error:
            return f"{sample.name}: {error}"
    return ""


def _unnamed_values(loaded: LoadedSample, found: Found) -> set[int]:
    """Values of class truths, outside void, for which the format has no name."""
    if found.classes is None or loaded.kind != "classes":
        return set()
    values: set[int] = set()
    for truth in loaded.truths:
        values.update(np.unique(truth if loaded.void is None else truth[~loaded.void]).tolist())
    return values - set(found.classes)


def _remarks(unnamed: set[int]) -> tuple[str, ...]:
    if not unnamed:
        return ()
    values = ", ".join(map(str, sorted(unnamed)[:_VALUES_NAMED])) + (", ..." if len(unnamed) > _VALUES_NAMED else "")
    return (f"truths have the values {values}, for which the format knows no class",)
