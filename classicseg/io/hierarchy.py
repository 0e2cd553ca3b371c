"""Hierarchies in files of NumPy: arrays by name, compressed, and nothing that could run."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from classicseg.atomic import atomic_write
from classicseg.errors import ImageError, MemoryLimitError, one_line
from classicseg.hierarchy import Hierarchy
from classicseg.io.decode import no_warnings
from classicseg.memory import require_memory

_VERSION = 1
_ARRAYS = ("leaves", "parents", "altitudes")


def encode_hierarchy(hierarchy: Hierarchy) -> bytes:
    """A hierarchy as the bytes of an NPZ file; equal hierarchies give equal bytes.

    Its arrays are ``version`` (1), ``leaves``, ``parents``, ``altitudes`` and, where there are some, ``raw_altitudes``,
    as `Hierarchy` has them.
    """
    arrays: dict[str, Any] = {"version": np.int64(_VERSION)} | {name: getattr(hierarchy, name) for name in _ARRAYS}
    if hierarchy.raw_altitudes is not None:
        arrays["raw_altitudes"] = hierarchy.raw_altitudes
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def write_hierarchy(path: str | Path, hierarchy: Hierarchy) -> None:
    """Write a hierarchy as NPZ, atomically; `read_hierarchy` gives it back to the last digit.

    Parameters
    ----------
    path : str or Path
        Taken as it is; ``.npz`` is usual.
    hierarchy : Hierarchy

    Raises
    ------
    OSError
        The file cannot be written; what stood there before still stands there.

    Examples
    --------
    >>> import tempfile
    >>> hierarchy = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.5])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_hierarchy(Path(folder) / "made.npz", hierarchy)
    ...     read_hierarchy(Path(folder) / "made.npz")
    Hierarchy(shape=(1, 3), n_leaves=2, n_merges=1, altitudes=0.5..0.5)
    """
    atomic_write(path, encode_hierarchy(hierarchy))


def read_hierarchy(path: str | Path) -> Hierarchy:
    """The hierarchy in a file that `write_hierarchy` wrote. Nothing in the file is run.

    Raises
    ------
    ImageError
        The file is missing or damaged, of a later version, or what it has is no hierarchy.

    Examples
    --------
    >>> import tempfile
    >>> hierarchy = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.5])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_hierarchy(Path(folder) / "made.npz", hierarchy)
    ...     read_hierarchy(Path(folder) / "made.npz").cut(threshold=0.5)
    array([[1, 1, 1]], dtype=int32)
    """
    path = Path(path)
    if not path.is_file():
        raise ImageError(f"{path} {'is no file' if path.exists() else 'does not exist'}. Check the path.")
    arrays = _arrays(path)
    version = arrays["version"]
    if version.shape != () or version.dtype.kind not in "ui" or version != _VERSION:
        raise ImageError(
            f"{path} has a hierarchy of version {version}; version {_VERSION} is read. "
            "Read it with the classicseg that wrote it, or a later one."
        )
    try:
        return Hierarchy(arrays["leaves"], arrays["parents"], arrays["altitudes"], arrays.get("raw_altitudes"))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error


def _arrays(path: Path) -> dict[str, Any]:
    try:
        data = BytesIO(path.read_bytes())  # of a path, NumPy leaves a damaged file open
        if not zipfile.is_zipfile(data):
            raise ValueError("it is no NPZ file")
        with zipfile.ZipFile(data) as members:
            size = sum(member.file_size for member in members.infolist())
        require_memory(2 * size, f"reading the hierarchy {path}", "Get the file anew.")
        with no_warnings(), np.load(data, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except MemoryLimitError:
        raise
    except Exception as error:  # a damaged file makes the parsers raise anything
        raise ImageError(f"{path} cannot be read as a hierarchy: {one_line(error)}. Get the file anew.") from error
    # NumPy gives the bytes of a member that is no array.
    missing = [name for name in ("version", *_ARRAYS) if not isinstance(arrays.get(name), np.ndarray)]
    if missing:
        raise ImageError(
            f"{path} holds {one_line(', '.join(arrays) or 'nothing')}, and no {' or '.join(missing)}; it is no "
            "hierarchy. Check that it is the right file."
        )
    return arrays
