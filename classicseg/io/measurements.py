"""What each segment of a label map measures, and the same as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError
from classicseg.io.checks import as_label_map, ranked


@dataclass(frozen=True, eq=False)
class Measurements:
    """A table with a row for each label, by rising label; made by `measure`.

    Attributes
    ----------
    columns : dict of str to (K,) array
        By name, in the order in which they are written. ``pandas.DataFrame(measurements.columns)`` is the same table.
    """

    columns: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        """The number of labels."""
        return len(self.columns["label"])


def measure(
    labels: ArrayLike, picture: ArrayLike | None = None, mask: ArrayLike | None = None, *, background: bool = False
) -> Measurements:
    """Measure all labels of a map at once.

    Columns have the names and the meaning that `skimage.measure.regionprops_table` gives them: `label`, `area`
    (pixels), `centroid-0` and `centroid-1` (row and column, pixels at whole numbers), `bbox-0` to `bbox-3` (first row
    and column, and those behind the last), `perimeter` (pixels); and with a picture `intensity_mean` and
    `intensity_std`, or `intensity_mean-0`, `intensity_mean-1`, ... where it has channels. Only labels that occur have a
    row.

    Parameters
    ----------
    labels : (H, W) integer array
        Labels of 0 or above, connected or not.
    picture : (H, W) or (H, W, C) array, optional
        Any real numbers; means and deviations are in its own units, whatever these are. A deviation is that of the
        pixels themselves (the sum of squares is divided by their number).
    mask : (H, W) bool array, optional
        Pixels outside belong to no label, and what the picture holds there does not matter.
    background : bool
        Measure label 0 too.

    Returns
    -------
    Measurements

    Raises
    ------
    ImageError
        The array is no label map, or the picture or the mask does not fit it.

    Notes
    -----
    O(N C) time. The perimeter is the estimate of K. Benkrid and D. Crookes, "Design and FPGA implementation of a
    perimeter estimator", 2000, with 4-connected outlines, as in scikit-image. Samples are computed with as float64:
    sums of up to 16 bits a sample are exact. Where a sample is NaN or infinite, mean and deviation are NaN.

    Examples
    --------
    >>> found = measure(np.array([[1, 1, 2], [1, 1, 2]]), np.array([[7, 7, 9], [7, 7, 12]]))
    >>> found["label"], found["area"], found["intensity_mean"], found["intensity_std"]
    (array([1, 2]), array([4, 2]), array([ 7. , 10.5]), array([0. , 1.5]))
    """
    from classicseg.kernels.measurements import measure_samples, measure_shapes

    own, inside = as_label_map(labels, mask)
    bands = None if picture is None else _checked_picture(picture, own.shape)
    numbers, values = ranked(own)
    if inside is not None:
        numbers = np.where(inside, numbers, np.int32(len(values)))  # a label of its own, which gets no row
    shapes = measure_shapes(numbers)
    rows = np.flatnonzero(shapes.areas[: len(values)])
    rows = rows if background else rows[values[rows] > 0]
    areas = shapes.areas[rows]
    columns: dict[str, NDArray[Any]] = {"label": values[rows].astype(np.int64), "area": areas}
    columns |= {f"centroid-{axis}": shapes.sums[rows, axis] / areas for axis in range(2)}
    columns |= {f"bbox-{side}": shapes.bounds[rows, side] for side in range(4)}
    columns["perimeter"] = shapes.perimeters[rows]
    if bands is not None:
        several = bands.ndim == 3
        found = measure_samples(numbers, bands if several else bands[:, :, np.newaxis], shapes)
        for name, figures in zip(("intensity_mean", "intensity_std"), found, strict=True):
            columns |= {f"{name}-{band}" if several else name: column for band, column in enumerate(figures[rows].T)}
    return Measurements(columns)


def _checked_picture(picture: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    bands = as_array("picture", picture)
    if bands.ndim not in (2, 3) or bands.shape[:2] != shape or bands.dtype.kind not in "buif" or bands.size == 0:
        raise ImageError(
            f"a picture of shape {bands.shape} and type {bands.dtype} came for labels of shape {shape}; it is real "
            "numbers, (H, W) or (H, W, C), with the height and width of the labels."
        )
    return bands


def encode_measurements(measurements: Measurements) -> bytes:
    """Measurements as CSV (RFC 4180): a line of names, then a line for each label.

    Numbers are written with as many digits as it takes to read the same number back; what is not a number is left
    empty. (pandas 2 reads the last digits as they are with ``float_precision="round_trip"``.)

    Examples
    --------
    >>> print(encode_measurements(measure(np.array([[3, 3]]))).decode().replace("\\r", ""))
    label,area,centroid-0,centroid-1,bbox-0,bbox-1,bbox-2,bbox-3,perimeter
    3,2,0.0,0.5,0,0,1,2,0.0
    """
    columns = [_cells(column) for column in measurements.columns.values()]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(measurements.columns)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode("ascii")


def _cells(column: NDArray[Any]) -> list[Any]:
    """The numbers of a column, and nothing for those that are none."""
    cells = column.tolist()
    if column.dtype.kind == "f":
        for row in np.flatnonzero(np.isnan(column)).tolist():
            cells[row] = ""
    return cells
