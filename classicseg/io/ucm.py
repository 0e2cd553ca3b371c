"""Ultrametric contour maps from files of the BSDS benchmark."""

from __future__ import annotations

from pathlib import Path

from classicseg.errors import ImageError
from classicseg.hierarchy import Hierarchy, hierarchy_from_ucm2
from classicseg.io.mat import read_mat


def read_ucm2(path: str | Path) -> Hierarchy:
    """The hierarchy in a MATLAB file with an ultrametric contour map of doubled size.

    Parameters
    ----------
    path : str or Path
        A file of MATLAB 4 to 7 with the variable ``ucm2``, (2H + 1, 2W + 1), as the BSDS benchmark takes it. A variable
        of another name is not taken: maps of the picture's size cannot be told from it where both sides are odd.

    Returns
    -------
    Hierarchy
        Whose ``cut(threshold=t)`` has the segments of the benchmark; see `classicseg.hierarchy.hierarchy_from_ucm2`.

    Raises
    ------
    ImageError
        The file is missing or damaged, has no ``ucm2``, or what it has is no such map.

    Examples
    --------
    >>> import numpy as np, scipy.io, tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "2018.mat"
    ...     scipy.io.savemat(file, {"ucm2": np.array([[0, 0, 0.5, 0, 0]] * 3)})
    ...     hierarchy = read_ucm2(file)
    >>> hierarchy
    Hierarchy(shape=(1, 2), n_leaves=2, n_merges=1, altitudes=0.5..0.5)
    """
    try:
        return hierarchy_from_ucm2(read_mat(path, "ucm2"))
    except ImageError as error:
        message = str(error)
        raise ImageError(message if message.startswith(str(path)) else f"{path}: {message}") from error
