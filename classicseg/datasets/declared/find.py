"""Samples of a declared data set: files that match its patterns, paired, and what lacks a partner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from classicseg.datasets.base import Found, Sample
from classicseg.datasets.declared.declaration import Declaration, Layout, read_declaration, shipped_declaration
from classicseg.datasets.declared.lists import lines_of, listed, listed_pages
from classicseg.datasets.declared.look import Look, bases, in_order, lay_out
from classicseg.datasets.declared.patterns import Key, Pattern
from classicseg.datasets.declared.read import Files, read_image, read_truths
from classicseg.datasets.pages import count_pages
from classicseg.errors import ImageError, ParameterError, guess


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
    place = root_of(Path(path), declaration, None if root is None else Path(root))
    return find(declaration, place, split=split, view=view)


def root_of(path: Path, declaration: Declaration, root: Path | None) -> Path:
    """The root that is said; else that of the declaration, beside its file; else the file's folder."""
    return path.parent / (declaration.root or ".") if root is None else root


def read_shipped(root: str | Path, *, split: str | None = None, view: str | None = None, name: str) -> Found:
    """A data set whose declaration ships with the package, in the layout of its publisher.

    Parameters
    ----------
    root : str or Path
        The folder that the publisher's files were unpacked in.
    split, view : str, optional
        As for `read_declared`.
    name : str
        One of `classicseg.datasets.declared.declaration.shipped_names`.

    Returns
    -------
    Found

    Raises
    ------
    ImageError, ParameterError
        As `read_declared`; ParameterError also where no declaration has that name.
    """
    return find(shipped_declaration(name), Path(root), split=split, view=view)


def find_shipped_splits(root: str | Path, *, view: str | None = None, name: str) -> tuple[str, ...]:
    """`splits_there` of a declaration that ships with the package."""
    return splits_there(shipped_declaration(name), Path(root), view)


def find(declaration: Declaration, root: Path, *, split: str | None = None, view: str | None = None) -> Found:
    """What a declaration names below a root; see `read_declared`."""
    _check_split(declaration, split)
    declaration = declaration.in_view(view)
    if not root.is_dir():
        state = "is a file" if root.exists() else "does not exist"
        raise ImageError(f"{declaration.where}: the root {root} {state}; a folder is wanted. Check the path.")
    lines = lines_of(declaration, root, split)
    layout, base, looks = lay_out(declaration, root, split)
    missing: list[str] = []
    said = f"the list {declaration.split_lists.get(split or '')}"
    if lines is not None and not layout.stack:
        looks = [listed(declaration, look, lines, said, missing) for look in looks]
    places = [place for look in looks for place in _pair(layout, look)]
    missing += [line for look in looks for line in _without_partner(layout, base, look)]
    if layout.stack:
        places = [page for place in places for page in _pages(place, missing)]
    if lines is not None and layout.stack:
        places = listed_pages(declaration, places, lines, said, missing)
    samples = tuple(_sample(declaration, place) for place in places)
    _require_names_of_their_own(declaration, samples)
    return Found(samples, tuple(missing), declaration.data_range, declaration.classes)


def _check_split(declaration: Declaration, split: str | None) -> None:
    known = [*declaration.splits, *declaration.split_lists]
    if split is not None and split not in known:
        there = f"it has {', '.join(map(repr, known))}" if known else "it has none; leave the split out"
        raise ParameterError(f"{declaration.where} has no split {split!r}; {there}.{guess(split, known)}")


def splits_there(declaration: Declaration, root: Path, view: str | None = None) -> tuple[str, ...]:
    """The splits that are below a root: those whose list is there, or of which a picture and a truth are.

    A split whose truths the publisher keeps is not there.
    """
    declaration = declaration.in_view(view)
    lists = [split for split, path in declaration.split_lists.items() if (root / path).is_file()]
    return (*lists, *(split for split, word in declaration.splits.items() if _has_any(declaration, root, word)))


def _has_any(declaration: Declaration, root: Path, word: str) -> bool:
    """Whether one picture and one truth are there, under any of the layouts."""
    for layout, base in bases(declaration, root):
        sides = [layout.images], layout.truths
        if all(any(any(each.filled({"split": word}).find(base)) for each in side) for side in sides):
            return True
    return False


def _pair(layout: Layout, look: Look) -> Iterator[Files]:
    for key, image in look.images.items():
        truths = tuple(grader[key] for grader in look.truths if key in grader)
        enough = truths if layout.optional_graders else len(truths) == len(look.truths)
        if enough and (layout.field_of_view is None or key in look.fields):
            yield Files(key, look.split, image, truths, look.fields.get(key))


def _without_partner(layout: Layout, base: Path, look: Look) -> Iterator[str]:
    """What the layout asks for and is not there, in words."""
    if look.split and not look.images and not any(look.truths):
        yield f"split {look.split!r}: nothing at {look.layout.images.text}"
    sides = [("truth", look.layout.truths[number], files) for number, files in enumerate(look.truths)]
    if look.layout.field_of_view is not None:
        sides.append(("field of view", look.layout.field_of_view, look.fields))
    for key in look.images:
        without = [(what, pattern) for what, pattern, files in sides if key not in files]
        lacking = [each for each in without if each[0] == "truth"]
        if layout.optional_graders and len(lacking) < len(look.truths):
            without = [each for each in without if each[0] != "truth"]
        for what, pattern in without:
            wanted = _filled(pattern, key)
            yield f"picture {_below(look.images[key], base)} has no {what}: {wanted} is not there"
    for what, _, files in sides:
        for key in in_order(files.keys() - look.images.keys()):
            wanted = _filled(look.layout.images, key)
            yield f"{what} {_below(files[key], base)} has no picture: {wanted} is not there"


def _filled(pattern: Pattern, key: Key) -> str:
    return pattern.filled({"folder": key[0].rstrip("/"), "name": key[1]}).text


def _below(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def _pages(place: Files, missing: list[str]) -> Iterator[Files]:
    """One place a page; pages that not all files of a stack have are missing, as is a stack that cannot be read."""
    paths = [place.image, *place.truths, *([place.field_of_view] if place.field_of_view else [])]
    try:
        counts = [count_pages(path) for path in paths]
    except ImageError as error:
        missing.append(str(error))
        return
    for page in range(min(counts)):
        yield replace(place, page=page)
    if min(counts) < max(counts):
        said = ", ".join(f"{path.name} has {count}" for path, count in zip(paths, counts, strict=True))
        missing.append(f"pages {min(counts)} to {max(counts) - 1} are not in every file of the stack: {said}")


def _sample(declaration: Declaration, place: Files) -> Sample:
    name = declaration.name_of(place.key, place.split, place.page)
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
