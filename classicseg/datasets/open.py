"""Open a data set by what a user says on a command line: a reader and a folder, a declaration, or a folder alone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from classicseg.datasets.base import DataSet, Found, oriented
from classicseg.datasets.folders import IMAGE_FOLDERS, TRUTH_FOLDERS, folder_root
from classicseg.datasets.lookup import choose_split, choose_view, find_reader, read_found, reader_names, splits_there
from classicseg.datasets.readers import Reader
from classicseg.datasets.scenes import made_scenes
from classicseg.errors import ImageError, ParameterError, guess
from classicseg.image import DataRange
from classicseg.io.orientation import Orientation, check_orientation
from classicseg.metrics.kinds import KINDS_IN_WORDS, TruthKind, check_kind

SCENES = "scenes"
DECLARATION = ".toml"

_NAMED_IN_A_MESSAGE = 3


def open_dataset(
    spec: str | Path,
    *,
    kind: TruthKind | None = None,
    data_range: DataRange | None = None,
    split: str | None = None,
    view: str | None = None,
    orientation: Orientation = "apply",
) -> DataSet:
    """The data set that `spec` stands for.

    Parameters
    ----------
    spec : str or Path
        ``"NAME:ROOT"``, such as ``"bsds500:data/BSR"``: a folder in the layout of a reader; `known_readers` lists them.
        ``"scenes"``: the made scenes that ship with the package. The path of a ``.toml`` file: a declared data set;
        ``"FILE.toml:ROOT"`` names the folder of its files.
        Anything else is the root of folder pairs (a folder that is called scenes is ``./scenes``).
    kind : {"binary", "classes", "instances"}, optional
        What the values of the truths mean. Folders cannot tell, so that it must be said for them. Readers know it; of
        theirs, it keeps the samples of one kind.
    data_range : (low, high) or "image", optional
        The values of the pictures that mean black and white; where it is not said, what the reader knows.
    split, view : str, optional
        Which pictures, and which way to read their truths, for readers that have a choice; the reader's default
        otherwise ("val" where there is one, so that nobody takes the test pictures unawares).
    orientation : {"apply", "ignore"}
        Whether pictures and truths are turned as their files say (EXIF), each by its own tag; or read as stored.

    Returns
    -------
    DataSet
        Named for the reader and the split, such as "bsds500/val", and for the view unless it is the default; or for the
        folder or the declaration.

    Raises
    ------
    ParameterError
        `kind` is missing or not allowed, no sample has it, or the reader has no such split or view.
    ImageError
        The folder has not the layout, something is missing in it, or it has no sample; see also `folder_root`.

    Examples
    --------
    >>> open_dataset("scenes", kind="instances").samples[0].name
    'touching-1'
    """
    if kind is not None:
        check_kind(kind)
    check_orientation(orientation)
    found = _opened(spec, kind, data_range, split, view)
    return replace(found, samples=oriented(found.samples, orientation))


def _opened(
    spec: str | Path, kind: TruthKind | None, data_range: DataRange | None, split: str | None, view: str | None
) -> DataSet:
    name, root = parse_spec(spec)
    if name is not None and name.lower().endswith(DECLARATION):
        return _declared(Path(name), root, kind, data_range, split, view)
    if name is not None:
        return _by_name(name, root, kind, data_range, split, view)
    if Path(spec).suffix.lower() == DECLARATION:
        return _declared(Path(spec), None, kind, data_range, split, view)
    return _folder(Path(spec), kind, data_range, split, view)


def parse_spec(spec: str | Path) -> tuple[str | None, Path | None]:
    """The name of a reader, or the path of a declaration, and the root that a spec names; either may be None, not both.

    What stands before a colon is a name only where a reader has it or it ends with ``.toml``, so that ``C:\\\\data``
    stays a path. A declaration without a root is a path too.

    Examples
    --------
    >>> parse_spec("bsds500:data")[0], parse_spec("C:/data")[0], parse_spec("scenes")
    ('bsds500', None, ('scenes', None))
    """
    declaration, colon, root = _parted_behind(DECLARATION, str(spec))
    if colon and root:
        return declaration, Path(root).expanduser()
    name, colon, root = str(spec).partition(":")
    if name not in reader_names():
        return None, Path(spec)
    if colon and root:
        return name, Path(root).expanduser()
    if find_reader(name).needs_root and not colon and Path(spec).exists():
        return None, Path(spec)
    return name, None


def _parted_behind(suffix: str, spec: str) -> tuple[str, str, str]:
    """As `str.partition` at the first colon behind a suffix of any case: ``C:/mine.toml:D:/data`` has three."""
    found = re.search(f"{re.escape(suffix)}:", spec, re.IGNORECASE)
    return (spec, "", "") if found is None else (spec[: found.end() - 1], ":", spec[found.end() :])


def read_scenes(root: Path | None = None, *, split: str | None = None, view: str | None = None) -> Found:
    """The made scenes, as a reader gives samples; there is nothing to choose."""
    return Found(made_scenes().samples)


def read_whole(
    reader: Reader,
    root: Path | None,
    split: str | None = None,
    view: str | None = None,
    *,
    there: tuple[str, ...] | None = None,
) -> tuple[Found, str | None]:
    """What a reader finds, with its defaults filled in, and the split that was taken.

    `there` are the splits under the root, where they are known already.
    """
    if reader.needs_root and root is None:
        raise ParameterError(f"the data set {reader.name} needs its folder: say {reader.name}:ROOT, or give ROOT.")
    if not reader.needs_root and root is not None:
        raise ParameterError(f"the data set {reader.name} has no folder; say {reader.name} alone.")
    place = root if root is not None else Path()
    view = choose_view(reader, view)
    look = cache(lambda: splits_there(reader, place, view) if there is None else there)
    split = choose_split(reader, split, look)
    if split is not None:
        _require_split(reader, place, split, look())
    return read_found(reader, place, split, view), split


def _require_split(reader: Reader, root: Path, split: str, there: tuple[str, ...]) -> None:
    """Name the splits that are there where this one is not; where none is, the reader tells what it looked for."""
    if there and split not in there:
        raise ImageError(
            f"{reader.name}: {root} holds no pictures with truths of the split {split!r}; there "
            f"{'are' if len(there) > 1 else 'is'} {', '.join(there)}. Say a split that is there, or get the missing "
            "files."
        )


def _by_name(
    name: str,
    root: Path | None,
    kind: TruthKind | None,
    data_range: DataRange | None,
    split: str | None,
    view: str | None,
) -> DataSet:
    reader = find_reader(name)
    found, split = read_whole(reader, root, split, view)
    _require_whole(found, f"{name}:{root}", f"classicseg datasets check {name} {root}")
    whose = "the made scenes" if name == SCENES else f"the pictures of {name}"
    views = f", or choose another view ({', '.join(reader.views)})" if len(reader.kinds) > 1 and reader.views else ""
    named = "/".join(filter(None, (name, split, view if view != reader.default_view else None)))
    return _data_set(named, found, kind, data_range, whose, views)


def _declared(
    path: Path,
    root: Path | None,
    kind: TruthKind | None,
    data_range: DataRange | None,
    split: str | None,
    view: str | None,
) -> DataSet:
    from classicseg.datasets.declared import read_declared

    found = read_declared(path, root=root, split=split, view=view)
    _require_whole(found, str(path), f"classicseg datasets check {path}{'' if root is None else f' {root}'}")
    named = "/".join(filter(None, (path.stem, split, view)))
    return _data_set(named, found, kind, data_range, f"the pictures of {path}")


def _folder(
    root: Path, kind: TruthKind | None, data_range: DataRange | None, split: str | None, view: str | None
) -> DataSet:
    if not root.exists():
        word = str(root).partition(":")[0]
        raise ImageError(
            f"the data set {str(root)!r} is not known: it is no folder, and not {SCENES!r}, the made scenes."
            f"{guess(word, reader_names())} Give the root of {'|'.join(IMAGE_FOLDERS)} and {'|'.join(TRUTH_FOLDERS)}, "
            "or NAME:ROOT; `classicseg datasets list` tells the names."
        )
    for what, given in (("split", split), ("view", view)):
        if given is not None:
            raise ParameterError(
                f"{what}={given!r} is not allowed for a folder of pairs, {root}; leave it out, or say the layout as "
                "NAME:ROOT."
            )
    if kind is None:
        raise ParameterError(
            f"the kind of the truths of {root} is not said, and files cannot tell it; it is {KINDS_IN_WORDS}. "
            "Say which, or say the layout as NAME:ROOT."
        )
    return folder_root(root, kind, data_range=data_range)


def _require_whole(found: Found, spec: str, check: str) -> None:
    if found.missing:
        count, named = len(found.missing), found.missing[:_NAMED_IN_A_MESSAGE]
        things = "1 thing is missing" if count == 1 else f"{count} things are missing"
        raise ImageError(
            f"{spec} is not whole, {things}: {'; '.join(named)}{'; ...' if count > len(named) else ''}. "
            f"`{check}` tells all."
        )
    if not found.samples:
        raise ImageError(f"{spec} has no pictures. Check the path.")


def _data_set(
    name: str, found: Found, kind: TruthKind | None, data_range: DataRange | None, whose: str, views: str = ""
) -> DataSet:
    samples = tuple(sample for sample in found.samples if kind in (None, sample.kind))
    if not samples:
        kinds = " and ".join(sorted({repr(sample.kind) for sample in found.samples}))
        raise ParameterError(
            f"none of {whose} has a truth of kind={kind!r}; they have {kinds}. "
            f"Say {'one of them' if 'and' in kinds else 'that'}, or leave the kind out{views}."
        )
    return DataSet(name, samples, found.data_range if data_range is None else data_range, found.classes)
