"""Predictions in MATLAB files, in the two forms that the BSDS benchmark takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from classicseg.bench.predictions.forms import Files, Labels
from classicseg.errors import ImageError

if TYPE_CHECKING:
    from classicseg.datasets.base import LoadedSample


@dataclass(frozen=True, eq=False)
class Segmentations(Files):
    """Files of MATLAB with the cell array ``segs``, as the BSDS benchmark takes them: label maps of a picture."""

    name: ClassVar[str] = "segs"
    scale: ClassVar[str] = "map"

    def open(self, sample: LoadedSample) -> Sequence[Any]:
        from classicseg.io.mat import read_mat

        path = self.file(sample.name)
        found = read_mat(path, "segs")
        if np.asarray(found).dtype.kind != "O" or not found.size:
            raise ImageError(f"{path}: segs is to be a cell array of label maps. Save them as segs = {{map1, map2}}.")
        return [_whole_numbers(path, each) for each in found.ravel()]

    def cut(self, opened: Sequence[Labels], at: int) -> Labels:
        if at > len(opened):
            raise ImageError(
                f"there is no label map {at} among the {len(opened)} in segs. Save the same number in all."
            )
        return opened[at - 1]


@dataclass(frozen=True, eq=False)
class Contours(Files):
    """Files of MATLAB with ``ucm2``, contour maps of doubled size: label maps are cut as the BSDS benchmark cuts."""

    name: ClassVar[str] = "ucm2"
    scale: ClassVar[str] = "threshold"

    def open(self, sample: LoadedSample) -> Any:
        from classicseg.io.ucm import read_ucm2

        return read_ucm2(self.file(sample.name))

    def cut(self, opened: Any, at: float) -> Labels:
        labels: Labels = opened.cut(threshold=at)
        return labels


def matlab_form(files: Sequence[Path]) -> type[Files]:
    """What the first of the files holds that can be read; the others fail when they are scored."""
    from classicseg.io.mat import variables_in

    problem = None
    for file in files:
        try:
            held = variables_in(file)
        except ImageError as error:
            problem = problem or error
            continue
        for variable, form in (("ucm2", Contours), ("segs", Segmentations)):
            if variable in held:
                return form
        raise ImageError(
            f"{file} has neither segs nor ucm2; it holds {', '.join(held) or 'nothing'}. Save label maps as segs = "
            "{map1, map2, ...}."
        )
    assert problem is not None  # there is a file
    raise problem


def count_maps(form: Segmentations) -> int:
    """How many label maps each file holds; those that cannot be read are left to fail when they are scored."""
    from classicseg.io.mat import variables_in

    counts: dict[int, str] = {}
    for name in form.assigned:
        try:
            counts.setdefault(math.prod(variables_in(form.file(name)).get("segs", (0,))), name)
        except ImageError:
            continue
    counts.pop(0, None)
    if len(counts) > 1:
        told = "; ".join(f"{name} has {count}" for count, name in sorted(counts.items()))
        raise ImageError(
            f"the files in {form.where} hold different numbers of label maps in segs: {told}. Map k of every picture "
            "is one setting: save the same number for each."
        )
    return next(iter(counts), 1)


def _whole_numbers(path: Path, values: Any) -> Labels:
    """MATLAB's numbers are float64 unless something else is said."""
    array = np.asarray(values)
    if array.dtype.kind == "f" and np.array_equal(array, np.trunc(array)) and np.abs(array).max(initial=0) < 2**31:
        return array.astype(np.int32)
    if array.dtype.kind not in "bui":
        raise ImageError(f"{path}: a label map of type {array.dtype} in segs; labels are whole numbers. Round them.")
    return array
