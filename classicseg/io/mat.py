"""MATLAB files: the variables of one, or a clear error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from classicseg.errors import ImageError, MemoryLimitError, one_line
from classicseg.io.decode import no_warnings
from classicseg.io.mat_elements import require_sound


def read_mat(path: str | Path, variable: str) -> Any:
    """One variable of a MATLAB file, with structures and cells as SciPy gives them (arrays of objects).

    Parameters
    ----------
    path : str or Path
        A file of MATLAB 4 to 7 (``save -v7``).
    variable : str
        Its name in the file.

    Returns
    -------
    object
        As `scipy.io.loadmat` gives it: arrays have two dimensions or more.

    Raises
    ------
    ImageError
        The file is missing, damaged, of version 7.3, or has no such variable.
    """
    import scipy.io

    found = _read(scipy.io.loadmat, path)
    if variable not in found:
        there = one_line(", ".join(name for name in found if not name.startswith("__")) or "nothing")
        raise ImageError(f"{path} has no variable {variable!r}; it holds {there}. Check that it is the right file.")
    return found[variable]


def variables_in(path: str | Path) -> dict[str, tuple[int, ...]]:
    """The names of the variables in a MATLAB file, and their shapes; nothing else is read.

    Raises
    ------
    ImageError
        The file is missing, damaged, or of version 7.3.
    """
    import scipy.io

    return {name: tuple(shape) for name, shape, _ in _read(scipy.io.whosmat, path)}


def _read(function: Callable[..., Any], path: str | Path) -> Any:
    """What one of SciPy's readers finds in a file."""
    path = Path(path)
    if not path.is_file():
        raise ImageError(f"{path} {'is no file' if path.exists() else 'does not exist'}. Check the path.")
    try:
        require_sound(path.read_bytes())
        with no_warnings():  # about byte orders and names, of a file that is used as it is
            return function(path, appendmat=False)
    except NotImplementedError:
        raise ImageError(
            f"{path} is a MATLAB 7.3 file; versions 4 to 7 are read. Save it in MATLAB with save(..., '-v7')."
        ) from None
    except MemoryLimitError:
        raise
    except Exception as error:  # a damaged file makes the parser raise anything
        raise ImageError(f"{path} cannot be read as a MATLAB file: {one_line(error)}. Get the file anew.") from error
