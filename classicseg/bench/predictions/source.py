"""Label maps that another program wrote, as a source beside our methods."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classicseg.bench.label_files import assign, by_name, label_files
from classicseg.bench.predictions.forms import Form, LabelMaps
from classicseg.bench.predictions.matlab import Contours, Segmentations, count_maps, matlab_form
from classicseg.bench.sources import Entry, Labelled, Source, attempt, in_words
from classicseg.datasets.layout import some
from classicseg.errors import ImageError, ParameterError, if_turned

if TYPE_CHECKING:
    from classicseg.datasets.base import DataSet, LoadedSample
    from classicseg.image import DataRange

PREDICTIONS = "predictions"
LEAST_SCORE = 0.5
_MATLAB = (".mat",)


@dataclass(frozen=True)
class PredictionSource(Source):
    """Predictions in files.

    Attributes
    ----------
    form : Form
        How they are written, and what belongs to each picture.
    at : int, float or None
        Which of a picture's label maps: the threshold of ``ucm2``, the least score of COCO's objects, the number (from
        1) of a map in ``segs``; None where there is one.
    unmatched : tuple of str
        What the folder holds for no picture of the data set: no error, since the data set may be a split.
    """

    form: Form
    at: float | None = None
    unmatched: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        return PREDICTIONS

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"form": self.form.name, **({self.form.scale: self.at} if self.form.scale else {})}

    def facts(self, sample: str) -> Mapping[str, Any]:
        return {"method": PREDICTIONS, **self.parameters, **self.form.facts(sample)}

    def run(self, sample: LoadedSample, data_range: DataRange | None) -> Labelled:
        del data_range
        return self._cut(self.form.open(sample), sample)

    @classmethod
    def run_all(
        cls, sources: Sequence[Source], sample: LoadedSample, data_range: DataRange | None
    ) -> Iterator[Labelled | str]:
        """Each file is read once for all label maps that come from it."""
        ours = [source for source in sources if isinstance(source, PredictionSource)]
        for form, members in groupby(ours, key=lambda source: source.form):
            try:
                opened, problem = form.open(sample), ""
            except Exception as error:
                opened, problem = None, in_words(error)
            for member in members:
                yield problem or attempt(member._cut, opened, sample)

    def _cut(self, opened: Any, sample: LoadedSample) -> Labelled:
        labels, mask, picture = self.form.cut(opened, self.at), self.form.mask(sample), sample.image
        wanted = picture.array.shape[:2]
        for what, array in (("prediction", labels), ("mask beside the prediction", mask)):
            if array is not None and array.shape != wanted:
                raise ImageError(
                    f"the {what} in {self.form.where} has the shape {array.shape}, the picture {wanted} (height, "
                    "width). Predictions are scored as they are, never resized: write one label a pixel of the picture."
                    f"{if_turned(array.shape, wanted)}"
                )
        if picture.mask is not None:
            mask = picture.mask if mask is None else mask & picture.mask
        return Labelled(labels, mask, math.nan)


def read_predictions(
    name: str,
    folder: str | Path,
    dataset: DataSet,
    *,
    train: DataSet | None = None,
    at: Sequence[float] | None = None,
) -> Entry:
    """Label maps that another program wrote, matched with the pictures of a data set by their names.

    Nothing but names, and of COCO's results the file, is read here; a picture's files are read when it is scored.

    Parameters
    ----------
    name : str
        The name in the tables.
    folder : str or Path
        One of these; what belongs to a picture has its name, with or without folders, or is named as `classicseg run`
        names label maps (``NAME_METHOD_labels.png``):

        - Label maps as PNG (8 and 16 bits; of palettes the indices count), TIFF, .npy and the other suffixes of
          `classicseg.io.read.SUFFIXES`: one for each picture. 0 is a label as any other where the truths are classes.
        - .mat files with ``segs``, a cell array of label maps: a family along ``map`` = 1, 2, ... All files hold the
          same number, since map k of all pictures is one setting; the BSDS benchmark adds them up by it, too.
        - .mat files with ``ucm2``, a contour map of doubled size: a family along ``threshold``, at the benchmark's 99.
          Where a file has both, ``ucm2`` counts.
        - A results file of COCO, or a folder with that one .json file: a list of objects with ``image_id``, ``score``
          and ``segmentation`` (run lengths or polygons), or a mapping with such ``annotations`` and ``images``. Objects
          of a least score, 0.5, are painted by rising score, so that the best lies on top, whatever their category. Ids
          are the names of pictures, or the numbers that the names are; where they are neither, ``images`` tells the
          file names. As in COCO, a picture of which the list has no object is one in which none was found.
    dataset : DataSet
        What is reported.
    train : DataSet, optional
        Pictures on which a member of a family is chosen.
    at : sequence of float, optional
        Thresholds of ``ucm2``, least scores of COCO's objects, or numbers of maps in ``segs``, ascending; one makes the
        entry fixed, several a family. ``FOLDER@V1,V2,...`` says the same.

    Returns
    -------
    Entry
        Pictures without a prediction fail when they are scored. Each source's ``unmatched`` names the predictions that
        belong to no picture.

    Raises
    ------
    ImageError
        The folder does not exist, holds nothing of the kind or several kinds, none of it belongs to a picture, or two
        things belong to one.
    ParameterError
        `at` is not ascending or not allowed for this form.
    """
    names = list(dict.fromkeys(sample.name for each in (dataset, train) if each is not None for sample in each))
    place, named = parse_place(folder)
    at = named if at is None else [float(value) for value in at]
    form, held = _form_of(place, names)
    if not form.assigned:
        raise ImageError(
            f"none of the {len(held)} predictions in {folder} belongs to a picture of {dataset.name}. "
            f"Predictions: {some(sorted(held))}; pictures: {some(names)}. Name both alike."
        )
    unmatched = tuple(sorted(set(held) - set(form.assigned.values())))
    members = _members(form, at)
    sources = tuple(PredictionSource(form, member, unmatched) for member in members)
    return Entry(name, sources, form.scale if len(sources) > 1 else "")


def parse_place(text: str | Path) -> tuple[Path, list[float] | None]:
    """The folder and the values of ``FOLDER`` or ``FOLDER@V1,V2,...``.

    Examples
    --------
    >>> folder, at = parse_place("results.json@0.3,0.5,0.7")
    >>> str(folder), at
    ('results.json', [0.3, 0.5, 0.7])
    """
    before, sign, values = str(text).rpartition("@")
    if sign and before and not Path(text).exists():
        try:
            return Path(before), [float(value) for value in values.split(",")]
        except ValueError:
            pass  # an @ in the folder's own name
    return Path(text), None


def _form_of(folder: Path, names: Collection[str]) -> tuple[Form, Collection[str]]:
    """What is there, with what belongs to the pictures of these names, and what all of it is called."""
    if not folder.exists():
        raise ImageError(f"{folder} does not exist. Give the folder of the predictions, or COCO's results file.")
    results = folder if folder.is_file() else None
    if results is None:
        maps, matlab = label_files(folder), label_files(folder, _MATLAB)
        if maps and matlab:
            raise ImageError(
                f"{folder} holds label maps ({maps[0].name}) and .mat files ({matlab[0].name}). Keep one form in a "
                "folder."
            )
        if maps or matlab:
            files = by_name(folder, maps or matlab)
            assigned = assign(names, files, folder)
            kind = LabelMaps if maps else matlab_form(matlab)
            paths = {name: path.relative_to(folder).as_posix() for name, path in files.items()}
            return kind(folder, {name: paths[each] for name, each in assigned.items()}), list(paths.values())
        results = _only_results(folder)
    from classicseg.bench.predictions.coco_results import ScoredObjects, match_pictures, read_results_file

    held = read_results_file(results)
    return ScoredObjects(results, match_pictures(held, names, results)), set(held.names.values())


def _only_results(folder: Path) -> Path:
    found = label_files(folder, (".json",))
    if len(found) == 1:
        return found[0]
    what = "several .json files and no label maps; name one of them" if found else "no predictions"
    raise ImageError(
        f"{folder} holds {what}. Label maps (PNG, TIFF, .npy and the like), .mat files with segs or ucm2, or one "
        "results file of COCO are looked for."
    )


def _members(form: Form, at: Sequence[float] | None) -> Sequence[float | None]:
    if at is not None:
        _check_values(form, at)
        return [int(value) for value in at] if isinstance(form, Segmentations) else list(at)
    if isinstance(form, Segmentations):
        return range(1, count_maps(form) + 1)
    if isinstance(form, Contours):
        from classicseg.metrics.boundary_maps import contour_thresholds

        return [float(threshold) for threshold in contour_thresholds()]
    return [LEAST_SCORE if form.scale else None]


def _check_values(form: Form, at: Sequence[float]) -> None:
    if not form.scale:
        raise ParameterError(f"{form.where} holds one label map a picture; there are no values to choose among.")
    ascending = all(low < high for low, high in pairwise(at))
    if not at or not ascending or not all(math.isfinite(value) for value in at):
        raise ParameterError(f"{form.scale} = {list(at)} is not allowed; they are numbers, ascending. Sort them.")
    if isinstance(form, Segmentations) and any(value < 1 or value != int(value) for value in at):
        raise ParameterError(f"{form.scale} = {list(at)} is not allowed; the maps in segs are counted 1, 2, ...")
