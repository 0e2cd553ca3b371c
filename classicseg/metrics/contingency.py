"""The contingency table of a prediction and a truth: built once, handed to every region score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.errors import ImageError

_LOOKUP_CELLS_PER_PIXEL = 4  # a lookup table may have this many cells a pixel; beyond, labels are sorted instead


@dataclass(frozen=True, eq=False)
class ContingencyTable:
    """How many pixels each predicted label and each true label share.

    Only the labels that occur have an index, and only the pairs that occur have a cell, so that the size of the table
    follows the number of regions and never the values of the labels.

    Attributes
    ----------
    predicted, true : (P,) and (T,) int64 arrays
        The label values that occur among the pixels that count, ascending.
    rows, columns : (N,) int64 arrays
        Indices into `predicted` and `true`, one pair a cell; cells are sorted by row, then by column.
    counts : (N,) int64 array
        Pixels of each cell, at least 1.
    predicted_areas, true_areas : (P,) and (T,) int64 arrays
        Pixels of each label.
    """

    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    counts: NDArray[np.int64]
    predicted_areas: NDArray[np.int64]
    true_areas: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Pixels that count."""
        return int(self.counts.sum())

    def dense(self) -> NDArray[np.int64]:
        """The table as an array (P, T); its memory grows with P x T."""
        table = np.zeros((len(self.predicted), len(self.true)), dtype=np.int64)
        table[self.rows, self.columns] = self.counts
        return table

    def binarised(self) -> ContingencyTable:
        """The table that the truth ``truth > 0`` would have given: true labels 0 and 1."""
        foreground, column_of = np.unique((self.true > 0).astype(np.int64), return_inverse=True)
        return _assemble(self.predicted, foreground, self.rows, column_of[self.columns], self.counts)


def contingency_table(
    prediction: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None, void: ArrayLike | None = None
) -> ContingencyTable:
    """Count the pixels that each predicted label shares with each true label.

    Parameters
    ----------
    prediction, truth : (H, W) arrays of integers or bool
        Label maps of one shape. Any integers are labels, 0 too, and large ones cost nothing.
    mask : (H, W) bool array, optional
        True where a pixel counts; all count by default.
    void : (H, W) bool array, optional
        True where a pixel does not count (void of the truth); none by default.

    Returns
    -------
    ContingencyTable
        Empty (no label, no cell) where no pixel counts.

    Raises
    ------
    ImageError
        A map is not (H, W) integers, has no pixel, or the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> table = contingency_table(np.array([[1, 1, 2]]), np.array([[0, 7, 7]]))
    >>> table.predicted, table.true
    (array([1, 2]), array([0, 7]))
    >>> table.dense()
    array([[1, 1],
           [0, 1]])
    """
    predicted_labels = _checked_labels("prediction", prediction)
    true_labels = _checked_labels("truth", truth)
    if predicted_labels.shape != true_labels.shape:
        raise ImageError(
            f"the prediction has shape {predicted_labels.shape}, the truth {true_labels.shape}. Give label maps of one "
            "height and width; if one was scaled, scale it back without interpolation."
        )
    counted = _counted(mask, void, true_labels.shape)
    if counted is not None:
        predicted_labels, true_labels = predicted_labels[counted], true_labels[counted]
    predicted, row_of = _compact(predicted_labels.ravel())
    true, column_of = _compact(true_labels.ravel())
    return _assemble(predicted, true, row_of, column_of, None)


def _checked_labels(name: str, labels: ArrayLike) -> NDArray[np.integer]:
    array = np.asarray(labels)
    if array.dtype.kind not in "bui":
        raise ImageError(
            f"a {name} of type {array.dtype} came; a label map holds integers or bool. "
            f"Convert it first, for example with {name}.astype(numpy.int32)."
        )
    if array.ndim != 2 or array.size == 0:
        raise ImageError(
            f"a {name} of shape {array.shape} came; a label map is (H, W) with at least one pixel. "
            "Give one label a pixel, and the label maps of a stack one by one."
        )
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:
        raise ImageError(f"the {name} has the label {array.max()}; labels go to 2^63 - 1. Number the labels anew.")
    return array


def _counted(mask: ArrayLike | None, void: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """The pixels that count; None where all do."""
    counted = None
    if mask is not None:
        counted = _checked_flags("mask", "True where a pixel counts", mask, shape)
    if void is not None:
        left = ~_checked_flags("void", "True where a pixel does not count", void, shape)
        counted = left if counted is None else counted & left
    return counted


def _checked_flags(name: str, meaning: str, flags: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    array = np.asarray(flags)
    if array.dtype != bool:
        raise ImageError(
            f"{name} of type {array.dtype} came; it is bool, {meaning}. Give {name} != 0, or what is meant."
        )
    if array.shape != shape:
        raise ImageError(
            f"{name} has shape {array.shape}, the label maps {shape}. Give {name} in their height and width."
        )
    return array


def _compact(labels: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values that occur, ascending, and each pixel's index among them."""
    if labels.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    lowest, highest = int(labels.min()), int(labels.max())
    if highest - lowest >= _LOOKUP_CELLS_PER_PIXEL * labels.size:
        values, index = np.unique(labels.astype(np.int64), return_inverse=True)
        return values, index
    offsets = labels.astype(np.int64) - lowest
    occurs = np.bincount(offsets) > 0
    return np.flatnonzero(occurs) + lowest, (np.cumsum(occurs) - 1)[offsets]


def _assemble(
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    counts: NDArray[np.int64] | None,
) -> ContingencyTable:
    """A table of (row, column) pairs that may repeat; each stands for one pixel where `counts` is None.

    Sums of pixels are exact in float64, in which `bincount` adds its weights.
    """
    pairs = rows * len(true) + columns
    if len(predicted) * len(true) <= _LOOKUP_CELLS_PER_PIXEL * pairs.size:
        sums = np.bincount(pairs, weights=counts).astype(np.int64)
        cells = np.flatnonzero(sums)
        sums = sums[cells]
    else:
        cells, cell_of = np.unique(pairs, return_inverse=True)
        sums = np.bincount(cell_of, weights=counts).astype(np.int64)
    rows, columns = np.divmod(cells, max(len(true), 1))
    return ContingencyTable(
        predicted,
        true,
        rows,
        columns,
        sums,
        np.bincount(rows, weights=sums, minlength=len(predicted)).astype(np.int64),
        np.bincount(columns, weights=sums, minlength=len(true)).astype(np.int64),
    )
