"""Ultrametric contour maps in files as the BSDS benchmark has them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.atomic import atomic_write
from classicseg.errors import ImageError
from classicseg.hierarchy import Hierarchy, check_finite
from classicseg.io.mat import read_mat
from classicseg.io.write import encode_picture


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
        Whose ``cut(threshold=t)`` has the segments of the benchmark; see `classicseg.io.hierarchy_from_ucm2`.

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


def write_ucm2(path: str | Path, hierarchy: Hierarchy) -> None:
    """Write ``hierarchy.ucm()`` as the variable ``ucm2`` of a MATLAB file, atomically.

    Parameters
    ----------
    path : str or Path
        Taken as it is; ``.mat`` is usual. The file is of MATLAB 5 to 7, compressed, in double precision, so that
        `read_ucm2` and the BSDS benchmark read back the very altitudes.
    hierarchy : Hierarchy
        Its altitudes are 0 or above; the benchmark cuts between 0 and 1. See `Hierarchy.ucm` for what the format cannot
        hold: the mask, merges at altitude 0, and segments of several parts.

    Raises
    ------
    ImageError
        There are altitudes below 0.
    OSError
        The file cannot be written; what stood there before still stands there.

    Examples
    --------
    >>> import tempfile
    >>> hierarchy = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.3])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_ucm2(Path(folder) / "2018.mat", hierarchy)
    ...     read_ucm2(Path(folder) / "2018.mat").thresholds()
    array([0.3])
    """
    import scipy.io

    buffer = BytesIO()
    scipy.io.savemat(buffer, {"ucm2": hierarchy.ucm()}, do_compression=True)
    atomic_write(path, buffer.getvalue())


def encode_ucm(hierarchy: Hierarchy) -> bytes:
    """``hierarchy.ucm(size="pixel")`` as the bytes of a grey PNG of 8 bits: 255 is 1, and what is above.

    The form of the benchmark's contour pictures.

    Examples
    --------
    >>> hierarchy = Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.3])
    >>> encode_ucm(hierarchy)[1:4]
    b'PNG'
    """
    return encode_picture(np.rint(np.minimum(hierarchy.ucm(size="pixel"), 1) * 255).astype(np.uint8))


def hierarchy_from_ucm2(ucm2: ArrayLike) -> Hierarchy:
    """The hierarchy of an ultrametric contour map of doubled size, as the BSDS evaluation cuts it.

    Two cells are in one segment of the cut at t >= 0 if and only if ``bwlabel(ucm2 <= t)`` gives them one label: if an
    8-connected path of values <= t leads from one to the other. Segments may therefore hang together by corners alone.

    Parameters
    ----------
    ucm2 : (2H + 1, 2W + 1) array of numbers
        Cells of the picture at [1::2, 1::2], which are 0; contours between and around them, 0 or above (the benchmark
        has 0..1). Integers and float32 are taken as the same numbers in float64.

    Returns
    -------
    Hierarchy
        Binary, with one root. Cells that values of 0 connect are one leaf; leaves are numbered in raster order,
        merges by rising altitude, equal ones in raster order of the contour. The segmentation of the benchmark at t is
        ``cut(threshold=t)``; its 99 thresholds are `contour_thresholds(99)`.

    Raises
    ------
    ImageError
        The array has another shape or type, NaN, infinities, values below 0 or cells above 0.

    References
    ----------
    P. Arbelaez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
    IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> ucm2 = np.zeros((3, 7))
    >>> ucm2[:, 2], ucm2[:, 4] = 0.25, 0.5  # three pixels in a row, and the contours between them
    >>> hierarchy = hierarchy_from_ucm2(ucm2)
    >>> hierarchy.cut(threshold=0.25), hierarchy.thresholds()
    (array([[1, 1, 2]], dtype=int32), array([0.25, 0.5 ]))
    """
    from classicseg.kernels.hierarchy_contours import tree_of_contours

    return Hierarchy(*tree_of_contours(_checked_ucm2(ucm2)))


def _checked_ucm2(ucm2: ArrayLike) -> NDArray[np.float64]:
    array = as_array("the contour map", ucm2)
    if array.dtype.kind not in "buif" or array.ndim != 2 or min(array.shape) < 3 or not all(n % 2 for n in array.shape):
        raise ImageError(
            f"an array of type {array.dtype} and shape {array.shape} came; an ultrametric contour map of doubled size "
            "is real numbers, (2H + 1, 2W + 1) for a picture (H, W). Save the map in the format 'doubleSize'."
        )
    check_finite("the contour map", array)
    if (array < 0).any():
        raise ImageError(
            f"the contour map has values down to {array.min():g}; contours have altitudes of 0 or above. "
            "Subtract the lowest, or give another map."
        )
    above = np.argwhere(array[1::2, 1::2] > 0)
    if len(above):
        raise ImageError(
            f"the contour map has values above 0 at {len(above)} cells (odd row, odd column), the first for the pixel "
            f"{tuple(above[0].tolist())}; contours lie between the cells. Give the map of doubled size (ucm2), not one "
            "of the picture's size."
        )
    return array.astype(np.float64)
