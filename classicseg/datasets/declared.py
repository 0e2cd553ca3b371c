"""Data sets declared by a TOML file: the files are found by their names, and read when a sample is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from classicseg.datasets.base import Found, Sample
from classicseg.datasets.declaration import Declaration, Layout, read_declaration, shipped_declaration
from classicseg.datasets.declared_files import Files, read_image, read_truths
from classicseg.datasets.encodings import count_pages
from classicseg.datasets.folders import natural_order
from classicseg.datasets.layout import read_lines
from classicseg.datasets.patterns import Key, Pattern
from classicseg.errors import ImageError, ParameterError, guess

_NAMED_IN_A_MESSAGE = 8


def read_declared(
    path: str | Path, *, root: str | Path | None = None, split: str | None = None, view: str | None = None
) -> Found:
    """A data set that a TOML file of the user declares.

    Parameters
    ----------
    path : str or Path
        The declaration; ``docs/declaring-a-data-set.md`` describes its keys.
    root : str or Path, optional
        The folder below which the patterns are looked for. By default the declaration's ``root``, a path beside the
        file; without one the folder that the file is in.
    split : str, optional
        One of the declared splits; by default all of them.
    view : str, optional
        One of the declared views, or the kind of the first; by default the first.

    Returns
    -------
    Found
        Samples by split and in natural order of their names. What lacks a partner is in `missing`, one thing a line.
        No file has been decoded.

    Raises
    ------
    ImageError
        Nothing below the root fits the patterns, or two files claim one place.
    ParameterError
        The declaration declares what is not allowed, or has no such split or view.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for part in ("photos", "masks"):
    ...         (Path(folder) / part).mkdir()
    ...         np.save(Path(folder) / part / "a.npy", np.eye(4, dtype=np.uint8) * 255)
    ...     text = 'kind = "binary"\\nimages = "photos/{name}.npy"\\ntruth = "masks/{name}.npy"'
    ...     _ = (Path(folder) / "mine.toml").write_text(text)
    ...     found = read_declared(Path(folder) / "mine.toml")
    ...     [(sample.name, int(sample.read().truths[0].sum())) for sample in found.samples], found.missing
    ([('a', 4)], ())
    """
    declaration = read_declaration(path)
    if root is None:
        root = Path(path).parent / (declaration.root or ".")
    return find(declaration, Path(root), split=split, view=view)


def read_shipped(root: str | Path, *, split: str | None = None, view: str | None = None, name: str) -> Found:
    """A data set whose declaration ships with the package, in the layout of its publisher.

    Parameters
    ----------
    root : str or Path
        The folder that the publisher's files were unpacked in.
    split, view : str, optional
        As for `read_declared`.
    name : str
        One of `classicseg.datasets.declaration.shipped_names`.

    Returns
    -------
    Found

    Raises
    ------
    ImageError, ParameterError
        As `read_declared`; ParameterError also where no declaration has that name.
    """
    return find(shipped_declaration(name), Path(root), split=split, view=view)


def find(declaration: Declaration, root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """What a declaration names below a root; see `read_declared`."""
    _check_split(declaration, split)
    declaration = declaration.in_view(view)
    if not root.is_dir():
        state = "is a file" if root.exists() else "does not exist"
        raise ImageError(f"{declaration.where}: the root {root} {state}; a folder is wanted. Check the path.")
    layout, base, looks = _lay_out(declaration, root, split)
    places = [place for look in looks for place in _pair(layout, look)]
    missing = [line for look in looks for line in _without_partner(declaration, layout, base, look)]
    if layout.stack:
        places = [page for place in places for page in _pages(place, missing)]
    if split is not None and declaration.split_lists:
        places = _listed(declaration, root, split, places, missing)
    samples = tuple(_sample(declaration, place) for place in places)
    _require_names_of_their_own(declaration, samples)
    return Found(samples, tuple(missing), declaration.data_range, declaration.classes)


@dataclass(frozen=True)
class _Look:
    """The files that match the patterns of one split, by what pairs them."""

    split: str
    layout: Layout  # with the split's word in the patterns
    images: dict[Key, Path]
    truths: tuple[dict[Key, Path], ...]
    fields: dict[Key, Path]


# ---- finding ----


def _check_split(declaration: Declaration, split: str | None) -> None:
    known = [*declaration.splits, *declaration.split_lists]
    if split is not None and split not in known:
        there = f"it has {', '.join(map(repr, known))}" if known else "it has none; leave the split out"
        raise ParameterError(f"{declaration.where} has no split {split!r}; {there}.{guess(split, known)}")


def _lay_out(declaration: Declaration, root: Path, split: str | None) -> tuple[Layout, Path, list[_Look]]:
    """The first layout, and the first of its starts, that has pictures; else the first that has truths."""
    splits = [split] if split is not None and declaration.splits else list(declaration.splits) or [""]
    second_best = None
    for layout in declaration.layouts:
        for start in layout.start:
            base = root if start == "." else root / start
            wanted = [_look(declaration, layout, base, each) for each in splits]
            if any(look.images for look in wanted):
                return layout, base, wanted
            if second_best is None and any(any(look.truths) for look in wanted):
                second_best = layout, base, wanted
    if second_best is None:
        raise _not_of_that_layout(declaration, root, split)
    return second_best


def _not_of_that_layout(declaration: Declaration, root: Path, split: str | None) -> ImageError:
    of_split = "" if split is None or not declaration.splits else f" of the split {split!r}"
    words = {"split": declaration.splits[split]} if of_split and split is not None else {}
    wanted = [
        f"{'' if start == '.' else start + '/'}{layout.images.filled(words).text}"
        for layout in declaration.layouts
        for start in layout.start
    ]
    there = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    more = ", ..." if len(there) > _NAMED_IN_A_MESSAGE else ""
    return ImageError(
        f"{declaration.where}: {root} holds no picture{of_split} at {' or '.join(wanted)} "
        f"(there: {', '.join(there[:_NAMED_IN_A_MESSAGE]) or 'nothing'}{more}). "
        "Give the folder that the data set was unpacked in."
    )


def _look(declaration: Declaration, layout: Layout, base: Path, split: str) -> _Look:
    words = {"split": declaration.splits[split]} if split else {}
    filled = replace(
        layout,
        images=layout.images.filled(words),
        truths=tuple(each.filled(words) for each in layout.truths),
        field_of_view=layout.field_of_view and layout.field_of_view.filled(words),
    )
    # The order decides between patterns of which as much is written out: a truth is no picture.
    patterns = [*filled.truths, *([filled.field_of_view] if filled.field_of_view else []), filled.images]
    found = [dict(_paths(pattern, base)) for pattern in patterns]
    by_key = [
        _by_key(declaration, {path: key for path, key in each.items() if _owner(path, patterns, found) == number})
        for number, each in enumerate(found)
    ]
    graders = len(filled.truths)
    return _Look(split, filled, by_key[-1], tuple(by_key[:graders]), by_key[graders] if filled.field_of_view else {})


def _paths(pattern: Pattern, base: Path) -> Iterator[tuple[Path, Key]]:
    for key, path in pattern.find(base):
        yield path, key


def _owner(path: Path, patterns: list[Pattern], found: list[dict[Path, Key]]) -> int:
    """Which pattern a file belongs to: of those that match it the one with most written out."""
    matching = [number for number, each in enumerate(found) if path in each]
    return max(matching, key=lambda number: patterns[number].written_out)


def _by_key(declaration: Declaration, files: dict[Path, Key]) -> dict[Key, Path]:
    made: dict[Key, Path] = {}
    for path, key in files.items():
        if key in made:
            raise ImageError(
                f"{declaration.where}: {made[key]} and {path} stand in the same place ({''.join(key) or 'no name'}). "
                "Take one away; or make the patterns narrower, or put {folder} in the place of ** or *."
            )
        made[key] = path
    return made


def _pair(layout: Layout, look: _Look) -> Iterator[Files]:
    for key in sorted(look.images, key=lambda key: natural_order("".join(key))):
        truths = tuple(grader[key] for grader in look.truths if key in grader)
        enough = truths if layout.optional_graders else len(truths) == len(look.truths)
        if enough and (layout.field_of_view is None or key in look.fields):
            yield Files(key, look.split, look.images[key], truths, look.fields.get(key))


def _without_partner(declaration: Declaration, layout: Layout, base: Path, look: _Look) -> Iterator[str]:
    """What the layout asks for and is not there, in words."""
    if look.split and not look.images and not any(look.truths):
        yield f"split {look.split!r}: nothing at {look.layout.images.text}"
    sides = [("truth", look.layout.truths[number], files) for number, files in enumerate(look.truths)]
    if look.layout.field_of_view is not None:
        sides.append(("field of view", look.layout.field_of_view, look.fields))
    for key in sorted(look.images, key=lambda key: natural_order("".join(key))):
        without = [(what, pattern) for what, pattern, files in sides if key not in files]
        lacking = [each for each in without if each[0] == "truth"]
        if layout.optional_graders and len(lacking) < len(look.truths):
            without = [each for each in without if each[0] != "truth"]
        for what, pattern in without:
            wanted = _filled(pattern, key)
            yield f"picture {_below(look.images[key], base)} has no {what}: {wanted} is not there"
    for what, _, files in sides:
        for key in sorted(files.keys() - look.images.keys(), key=lambda key: natural_order("".join(key))):
            wanted = _filled(look.layout.images, key)
            yield f"{what} {_below(files[key], base)} has no picture: {wanted} is not there"


def _filled(pattern: Pattern, key: Key) -> str:
    return pattern.filled({"folder": key[0].rstrip("/"), "name": key[1]}).text


def _below(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def _pages(place: Files, missing: list[str]) -> Iterator[Files]:
    """One place a page; pages that not all files of a stack have are missing."""
    paths = [place.image, *place.truths, *([place.field_of_view] if place.field_of_view else [])]
    counts = [count_pages(path) for path in paths]
    for page in range(min(counts)):
        folder, name = place.key
        yield replace(place, key=(folder + name + "/" if name else folder, str(page)), page=page)
    if min(counts) < max(counts):
        said = ", ".join(f"{path.name} has {count}" for path, count in zip(paths, counts, strict=True))
        missing.append(f"pages {min(counts)} to {max(counts) - 1} are not in every file of the stack: {said}")


def _listed(declaration: Declaration, root: Path, split: str, places: list[Files], missing: list[str]) -> list[Files]:
    """The places that the list of a split names, in the order of the list."""
    path = root / declaration.split_lists[split]
    if not path.is_file():
        raise ImageError(
            f"{declaration.where}: the list of the split {split!r}, {path}, is not there. Put it there, or leave the "
            "split out."
        )
    by_name = {_name(declaration, place): place for place in places}
    made: dict[str, Files] = {}
    for line in read_lines(path):
        name = next((each for each in _names_in(line) if each in by_name), None)
        if name is None:
            missing.append(f"the list {declaration.split_lists[split]} names {line}, which is no picture with a truth")
        else:
            made[name] = by_name[name]
    return list(made.values())


def _names_in(line: str) -> Iterator[str]:
    """What a line of a list may mean: as it stands, without its suffix, and the same without its folders."""
    for text in (line, line.rsplit("/", 1)[-1]):
        yield text
        if "." in text:
            yield text.rsplit(".", 1)[0]


def _name(declaration: Declaration, place: Files) -> str:
    folder, name = place.key
    template = Pattern(declaration.sample_name)
    if folder and "folder" not in template.placeholders:  # the pages of a named stack
        name = folder + name
    return template.filled({"folder": folder.rstrip("/"), "name": name, "split": place.split}).text


def _sample(declaration: Declaration, place: Files) -> Sample:
    name = _name(declaration, place)
    return Sample(
        name=name,
        kind=declaration.kind,
        image_loader=partial(read_image, place, declaration.size, name),
        truth_loader=partial(read_truths, place, declaration.size, declaration.encoding),
        path=place.image,
    )


def _require_names_of_their_own(declaration: Declaration, samples: tuple[Sample, ...]) -> None:
    seen: dict[str, Sample] = {}
    for sample in samples:
        if sample.name in seen:
            raise ImageError(
                f"{declaration.where}: {seen[sample.name].path} and {sample.path} are both called {sample.name!r}. "
                "Tell them apart in the declaration, as by sample_name = '{split}/{name}', or ask for one split."
            )
        seen[sample.name] = sample
