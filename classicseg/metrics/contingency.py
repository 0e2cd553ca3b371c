"""The contingency table of a prediction and a truth: built once, handed to every region score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classicseg.arrays import as_array
from classicseg.errors import ImageError, if_turned

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
    void_areas : (P,) int64 array
        Pixels of each predicted label that `void` left out (those outside `mask` are in no array); zeros where it is
        not given. They count in no score; a rule may ask which labels lie in void by more than half. Labels that lie in
        void wholly do not occur in `predicted`.
    """

    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    counts: NDArray[np.int64]
    predicted_areas: NDArray[np.int64]
    true_areas: NDArray[np.int64]
    void_areas: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        if not len(self.void_areas):  # not given
            object.__setattr__(self, "void_areas", np.zeros(len(self.predicted), dtype=np.int64))

    @cached_property
    def total(self) -> int:
        """Pixels that count."""
        return int(self.counts.sum())

    def dense(self) -> NDArray[np.int64]:
        """The table as an array (P, T); its memory grows with P x T."""
        table = np.zeros((len(self.predicted), len(self.true)), dtype=np.int64)
        table[self.rows, self.columns] = self.counts
        return table

    def binarised(self) -> ContingencyTable:
        """The table that the truth ``truth > 0`` would have given: true labels 0 and 1; made once."""
        return self._binarised

    @cached_property
    def _binarised(self) -> ContingencyTable:
        foreground, column_of = np.unique((self.true > 0).astype(np.int64), return_inverse=True)
        return self._regrouped(foreground, column_of[self.columns], np.ones(len(self.rows), dtype=bool))

    def where_true(self, kept: NDArray[np.bool_]) -> ContingencyTable:
        """The table of the pixels whose true label is kept; `kept` (T,) follows `true`."""
        return self._regrouped(self.true[kept], (np.cumsum(kept) - 1)[self.columns], kept[self.columns])

    def _regrouped(
        self, true: NDArray[np.int64], columns: NDArray[np.int64], kept: NDArray[np.bool_]
    ) -> ContingencyTable:
        """The table of the cells that are kept, their columns numbered anew; cells of one place are joined."""
        cells, cell_of = np.unique(self.rows[kept] * max(len(true), 1) + columns[kept], return_inverse=True)
        counts = np.bincount(cell_of, weights=self.counts[kept], minlength=len(cells)).astype(np.int64)
        return _from_cells(self.predicted, true, cells, counts, self.void_areas)


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
    return contingency_tables(prediction, [truth], mask=mask, void=void)[0]


def contingency_tables(
    prediction: ArrayLike,
    truths: Sequence[ArrayLike],
    *,
    mask: ArrayLike | None = None,
    void: ArrayLike | None = None,
) -> tuple[ContingencyTable, ...]:
    """The table of a prediction with each of several truths, for little more than the counting.

    Parameters, errors and what a table holds are those of `contingency_table`.
    """
    predicted = checked_labels("prediction", prediction)
    maps = [checked_labels("truth", truth) for truth in truths]
    for truth in maps:
        if truth.shape != predicted.shape:
            raise ImageError(
                f"the prediction has shape {predicted.shape}, the truth {truth.shape}. Give label maps of one "
                "height and width; if one was scaled, scale it back without interpolation."
                f"{if_turned(truth.shape, predicted.shape)}"
            )
    counted = counted_pixels(mask, void, predicted.shape)
    if counted is None:
        rows, maps = _compact(predicted), [truth.ravel() for truth in maps]
        void_areas = np.zeros(len(rows[0]), dtype=np.int64)
    else:
        rows, maps = _compact(predicted[counted]), [truth[counted] for truth in maps]
        in_void = predicted[_only_void(mask, void)] if void is not None else predicted[:0]
        void_areas = _areas_of(in_void, rows[0])
    return tuple(_count(*rows, truth, void_areas) for truth in maps)


def checked_labels(name: str, labels: ArrayLike) -> NDArray[np.integer]:
    """The array, if it is a label map; else an `ImageError` that calls it by this name."""
    array = as_array(name, labels)
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
    return array.astype(np.int64) if array.dtype == np.uint64 else array  # NumPy adds uint64 to int64 as floats


def counted_pixels(mask: ArrayLike | None, void: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """The pixels that count; None where all do."""
    counted = None
    if mask is not None:
        counted = _checked_flags("mask", "True where a pixel counts", mask, shape)
    if void is not None:
        left = ~_checked_flags("void", "True where a pixel does not count", void, shape)
        counted = left if counted is None else counted & left
    return counted


def _only_void(mask: ArrayLike | None, void: ArrayLike) -> NDArray[np.bool_]:
    """The pixels that void leaves out and the mask does not; both have been checked."""
    return np.asarray(void) if mask is None else np.asarray(void) & np.asarray(mask)


def _areas_of(labels: NDArray[np.integer], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each of the known labels, ascending, occurs; other labels are left out."""
    found = labels.ravel().astype(np.int64)
    index = np.searchsorted(known, found)
    index = index[known[np.minimum(index, len(known) - 1)] == found] if len(known) else index[:0]
    return np.bincount(index, minlength=len(known)).astype(np.int64)


def _checked_flags(name: str, meaning: str, flags: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    array = as_array(name, flags)
    if array.dtype != bool:
        cure = f"{name}=(truth == {array.item()!r})" if array.ndim == 0 else f"{name} != 0, or what is meant"
        raise ImageError(f"{name} of type {array.dtype} came; it is bool (H, W), {meaning}. Give {cure}.")
    if array.shape != shape:
        raise ImageError(
            f"{name} has shape {array.shape}, the label maps {shape}. Give {name} in their height and width."
            f"{if_turned(array.shape, shape)}"
        )
    return array


def _compact(labels: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values that occur, ascending, and each pixel's index among them."""
    flat = labels.ravel()
    if flat.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    lowest, span = _span(flat)
    if span > _LOOKUP_CELLS_PER_PIXEL * flat.size:
        values, index = np.unique(flat.astype(np.int64), return_inverse=True)
        return values, index
    offsets = flat.astype(np.int64) - lowest
    occurs = np.bincount(offsets) > 0
    if occurs.all():
        return lowest + np.arange(span), offsets  # arange(lowest, lowest + span) turns to floats near 2^63
    return np.flatnonzero(occurs) + lowest, (np.cumsum(occurs) - 1)[offsets]


def _span(flat: NDArray[np.integer]) -> tuple[int, int]:
    """The lowest label, and how many whole numbers there are from it to the highest."""
    lowest = int(flat.min())
    return lowest, int(flat.max()) - lowest + 1


def _count(
    predicted: NDArray[np.int64], row_of: NDArray[np.int64], truth: NDArray[np.integer], void_areas: NDArray[np.int64]
) -> ContingencyTable:
    """Count each pair of labels once a pixel: in a table of all pairs where it is small, else by sorting."""
    pixels = row_of.size
    lowest, span = _span(truth) if pixels else (0, 0)
    if len(predicted) * span <= _LOOKUP_CELLS_PER_PIXEL * pixels:
        # The usual case, and the fastest: labels that do not occur have columns too, until the pixels are counted.
        pairs = row_of * span
        pairs += truth
        pairs -= lowest
        every = np.bincount(pairs, minlength=len(predicted) * span).reshape(len(predicted), span)
        occurs = every.any(axis=0)
        counts = every[:, occurs].ravel()
        cells = np.flatnonzero(counts)
        return _from_cells(predicted, np.flatnonzero(occurs) + lowest, cells, counts[cells], void_areas)
    true, column_of = _compact(truth)
    cells, counts = np.unique(row_of * len(true) + column_of, return_counts=True)
    return _from_cells(predicted, true, cells, counts.astype(np.int64), void_areas)


def _from_cells(
    predicted: NDArray[np.int64],
    true: NDArray[np.int64],
    cells: NDArray[np.int64],
    counts: NDArray[np.int64],
    void_areas: NDArray[np.int64],
) -> ContingencyTable:
    """A table of cells, ascending, numbered row by row. Rows without a cell, and columns, are taken out.

    Sums of pixels are exact in float64, in which `bincount` adds its weights.
    """
    rows, columns = np.divmod(cells, max(len(true), 1))
    predicted_areas = np.bincount(rows, weights=counts, minlength=len(predicted)).astype(np.int64)
    true_areas = np.bincount(columns, weights=counts, minlength=len(true)).astype(np.int64)
    in_rows, in_columns = predicted_areas > 0, true_areas > 0
    if not in_rows.all():
        rows = (np.cumsum(in_rows) - 1)[rows]
    if not in_columns.all():
        columns = (np.cumsum(in_columns) - 1)[columns]
    return ContingencyTable(
        predicted[in_rows],
        true[in_columns],
        rows,
        columns,
        counts,
        predicted_areas[in_rows],
        true_areas[in_columns],
        void_areas[in_rows],
    )
