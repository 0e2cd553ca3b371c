"""A data set declared in TOML: the text is parsed and checked here; `find` finds the files and `read` reads them.

The keys, with examples, are described in ``docs/declaring-a-data-set.md``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from classicseg.datasets.declared import keys
from classicseg.datasets.declared.encoding import parse_encoding
from classicseg.datasets.declared.patterns import Key, Pattern
from classicseg.datasets.decode import Encoding
from classicseg.errors import ParameterError, guess
from classicseg.image import DataRange
from classicseg.metrics.kinds import TRUTH_KINDS, TruthKind

SizeRule = Literal["same", "crop", "nearest"]
SIZE_RULES: tuple[SizeRule, ...] = get_args(SizeRule)

_LAYOUT_KEYS = ("start", "images", "truth", "truths", "optional_graders", "field_of_view", "stack")
_VIEW_KEYS = (*_LAYOUT_KEYS, "kind", "encoding", "size", "data_range", "classes", "sample_name")
_KEYS = (*_VIEW_KEYS, "about", "source", "root", "splits", "split_lists", "alternatives", "views")


@dataclass(frozen=True)
class Layout:
    """Where the files lie below a root.

    Attributes
    ----------
    start : tuple of str
        Folders below the root at which the patterns begin; the first that has pictures is taken.
    images : Pattern
    truths : tuple of Pattern
        One a grader.
    optional_graders : bool
        Whether a picture may lack some of its graders.
    field_of_view : Pattern or None
    stack : bool
        Whether each page of a file is a picture.
    """

    start: tuple[str, ...]
    images: Pattern
    truths: tuple[Pattern, ...]
    optional_graders: bool = False
    field_of_view: Pattern | None = None
    stack: bool = False


@dataclass(frozen=True)
class Declaration:
    """A data set as its file declares it, checked. See ``docs/declaring-a-data-set.md`` for the meaning of each key.

    Attributes
    ----------
    where : str
        The words that name the declaration in messages.
    kind : {"binary", "classes", "instances"}
    encoding : Encoding
    layouts : tuple of Layout
        The layout of the file, and its alternatives.
    size : {"same", "crop", "nearest"}
    data_range : (low, high), "image" or None
    classes : mapping of int to str, or None
    sample_name : str
    splits : mapping of str to str
        For each split the word that stands for ``{split}``.
    split_lists : mapping of str to str
        For each split the list of its names, a path below the root.
    views : mapping of str to Declaration
    root : str or None
    about, source : str
    """

    where: str
    kind: TruthKind
    encoding: Encoding
    layouts: tuple[Layout, ...]
    size: SizeRule = "same"
    data_range: DataRange | None = None
    classes: Mapping[int, str] | None = None
    sample_name: str = ""
    splits: Mapping[str, str] = field(default_factory=dict)
    split_lists: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, Declaration] = field(default_factory=dict)
    root: str | None = None
    about: str = ""
    source: str = ""

    def in_view(self, view: str | None) -> Declaration:
        """The declaration of a view; None, and the name of the kind, stand for the first."""
        if view is None or view == self.kind:
            return self
        if view not in self.views:
            known = (self.kind, *self.views)
            raise ParameterError(
                f"{self.where} has no view {view!r}; it has {', '.join(map(repr, known))}.{guess(view, known)}"
            )
        return self.views[view]

    def name_of(self, key: Key, split: str = "", page: int | None = None) -> str:
        """The name of a sample; of a page it ends with its number."""
        folder, name = key
        if page is not None:
            name = f"{name}/{page}" if name else str(page)
        words = {"folder": folder.rstrip("/"), "name": name, "split": split}
        return Pattern(self.sample_name).filled(words).text


def read_declaration(path: str | Path) -> Declaration:
    """Read and check a declaration.

    Parameters
    ----------
    path : str or Path
        A TOML file, UTF-8.

    Raises
    ------
    ParameterError
        The file is missing, no TOML, or declares what is not allowed; the message names the key, what came and what is
        allowed.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise ParameterError(
            f"the declaration {path} cannot be read ({reason}). Give the path of a TOML file."
        ) from error
    return parse_declaration(data, str(path))


def shipped_names() -> list[str]:
    """The names of the declarations that ship with the package.

    Examples
    --------
    >>> "weizmann" in shipped_names()
    True
    """
    return sorted(entry.name.removesuffix(".toml") for entry in _shipped().iterdir() if entry.name.endswith(".toml"))


def shipped_declaration(name: str) -> Declaration:
    """The declaration of that name that ships with the package.

    Raises
    ------
    ParameterError
        There is none of that name.

    Examples
    --------
    >>> shipped_declaration("drive").kind
    'binary'
    """
    known = shipped_names()
    if name not in known:
        raise ParameterError(
            f"no declaration {name!r} ships with classicseg; there are {', '.join(known)}.{guess(name, known)}"
        )
    return parse_declaration((_shipped() / f"{name}.toml").read_bytes(), name)


def parse_declaration(data: bytes, where: str = "the declaration") -> Declaration:
    """Parse and check the text of a declaration; see `read_declaration`."""
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ParameterError(f"{where} is no TOML file in UTF-8: {error}.") from error
    keys.only(table, _KEYS, where)
    views = table.pop("views", {})
    keys.require_tables(views, where, "views")
    made = _parse(table, where)
    return _with_views(
        made,
        {name: _parse(_over(table, view, where, name), f"{where}: views.{name}") for name, view in views.items()},
    )


def _shipped() -> Any:
    return files("classicseg.datasets.declared") / "shipped"


def _with_views(declaration: Declaration, views: dict[str, Declaration]) -> Declaration:
    if declaration.kind in views:
        raise ParameterError(
            f"{declaration.where}: views.{declaration.kind} is not allowed; that is the name of the view without a "
            "table, since it is its kind. Choose another name."
        )
    return replace(declaration, views=views)


def _over(table: dict[str, Any], view: dict[str, Any], where: str, name: str) -> dict[str, Any]:
    """The table of a declaration with what a view, or an alternative, says in its place."""
    keys.only(view, _VIEW_KEYS, f"{where}: views.{name}")
    merged = {**table, **view}
    if merged.get("kind") != table.get("kind"):  # what the numbers of another kind mean, and their names, is said anew
        merged = {key: value for key, value in merged.items() if key in view or key not in ("encoding", "classes")}
    if "alternatives" in merged and set(view) & set(_LAYOUT_KEYS):
        del merged["alternatives"]  # they are alternatives to another layout
    return _one_of_truth_and_truths(merged, view)


def _one_of_truth_and_truths(merged: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    for new, old in (("truth", "truths"), ("truths", "truth")):
        if new in newer and old not in newer:
            merged.pop(old, None)
    return merged


def _parse(table: dict[str, Any], where: str) -> Declaration:
    kind = keys.choice(table, "kind", TRUTH_KINDS, where, required=True)
    alternatives = table.get("alternatives", [])
    if not isinstance(alternatives, list) or not all(isinstance(each, dict) for each in alternatives):
        raise keys.not_allowed(where, "alternatives", alternatives, "each is a table under [[alternatives]]")
    layouts = [_layout(table, where)]
    for number, alternative in enumerate(alternatives):
        place = f"{where}: alternatives[{number}]"
        keys.only(alternative, _LAYOUT_KEYS, place)
        layouts.append(_layout(_one_of_truth_and_truths({**table, **alternative}, alternative), place))
    splits, lists = keys.words(table, "splits", where), keys.words(table, "split_lists", where)
    _check_splits(layouts, splits, lists, where)
    return Declaration(
        where=where,
        kind=kind,
        encoding=parse_encoding(table.get("encoding"), kind, where),
        layouts=tuple(layouts),
        size=keys.choice(table, "size", SIZE_RULES, where),
        data_range=keys.data_range(table, where),
        classes=keys.classes(table, where),
        sample_name=keys.sample_name(table, any("folder" in each.images.placeholders for each in layouts), where),
        splits=splits,
        split_lists=lists,
        root=keys.text(table, "root", where),
        about=keys.text(table, "about", where) or "",
        source=keys.text(table, "source", where) or "",
    )


def _layout(table: dict[str, Any], where: str) -> Layout:
    if ("truth" in table) == ("truths" in table):
        came = "both" if "truth" in table else "neither"
        raise ParameterError(
            f"{where} has {came} of truth and truths; it has one: truth for one pattern, truths for a list of "
            "patterns, one a grader."
        )
    key = "truths" if "truths" in table else "truth"
    truths = table["truths"] if key == "truths" else [table["truth"]]
    if not isinstance(truths, list) or not truths:
        raise keys.not_allowed(where, "truths", truths, "it is a list of patterns, one a grader")
    if "images" not in table:
        raise ParameterError(f"{where} has no images. Give the pattern of the pictures, as in 'images/{{name}}.png'.")
    layout = Layout(
        start=keys.start(table, where),
        images=keys.pattern(table["images"], "images", where),
        truths=tuple(keys.pattern(each, key, where) for each in truths),
        optional_graders=keys.flag(table, "optional_graders", where),
        field_of_view=keys.pattern(table["field_of_view"], "field_of_view", where)
        if "field_of_view" in table
        else None,
        stack=keys.flag(table, "stack", where),
    )
    _check_placeholders(layout, where)
    return layout


def _check_placeholders(layout: Layout, where: str) -> None:
    if "name" not in layout.images.placeholders and not layout.stack:
        raise ParameterError(
            f"{where}: images = {layout.images.text!r} has no {{name}}, which tells pictures apart and pairs them with "
            "their truths. Put it in the place of the text that changes."
        )
    others = [("truth", each) for each in layout.truths]
    if layout.field_of_view is not None:
        others.append(("field_of_view", layout.field_of_view))
    seen = {layout.images.text}
    wanted = layout.images.placeholders - {"split"}
    for key, pattern in others:
        if pattern.text in seen:
            raise ParameterError(f"{where}: {pattern.text!r} is there twice. Each pattern names other files.")
        seen.add(pattern.text)
        if pattern.placeholders - {"split"} != wanted:
            raise ParameterError(
                f"{where}: {key} = {pattern.text!r} and images = {layout.images.text!r} pair files by different "
                "placeholders. Use {name}, and {folder} where it is wanted, in both; * and ** for the rest."
            )


def _check_splits(layouts: list[Layout], splits: dict[str, str], lists: dict[str, str], where: str) -> None:
    if splits and lists:
        raise ParameterError(
            f"{where} has both splits and split_lists; words for {{split}} or lists of names, not both."
        )
    for layout in layouts:
        if ("split" in layout.images.placeholders) != bool(splits):
            raise ParameterError(
                f"{where}: images = {layout.images.text!r} and [splits] go together: the words of [splits] stand for "
                "{split} in the patterns. Give both, or neither; for lists of names use [split_lists]."
            )
        patterns = [*layout.truths, *([layout.field_of_view] if layout.field_of_view else [])]
        if not splits and any("split" in pattern.placeholders for pattern in patterns):
            raise ParameterError(f"{where} has {{split}} in a pattern, but not in images, and no [splits].")
