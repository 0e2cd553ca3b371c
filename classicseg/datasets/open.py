"""A data set by what a user says on a command line: the name of the made scenes, or the path of a folder."""

from __future__ import annotations

from pathlib import Path

from classicseg.datasets.base import DataSet
from classicseg.datasets.folders import IMAGE_FOLDERS, TRUTH_FOLDERS, folder_root
from classicseg.datasets.scenes import made_scenes
from classicseg.errors import ImageError, ParameterError
from classicseg.image import DataRange
from classicseg.metrics.kinds import KINDS_IN_WORDS, TruthKind, check_kind

SCENES = "scenes"


def open_dataset(spec: str | Path, *, kind: TruthKind | None = None, data_range: DataRange | None = None) -> DataSet:
    """The data set that `spec` stands for.

    Parameters
    ----------
    spec : str or Path
        ``"scenes"`` for the made scenes that ship with the package; anything else is the root of folder pairs (a folder
        that is called so is ``./scenes``).
    kind : {"binary", "classes", "instances"}, optional
        What the values of the truths mean. Folders cannot tell, so that it must be said for them. Made scenes know
        theirs; of them, it keeps those of one kind.
    data_range : (low, high) or "image", optional
        The values of the pictures that mean black and white.

    Returns
    -------
    DataSet

    Raises
    ------
    ParameterError
        `kind` is missing, not allowed, or none of the made scenes has it.
    ImageError
        The folder cannot be used; see `folder_root`.

    Examples
    --------
    >>> open_dataset("scenes", kind="instances").samples[0].name
    'touching-1'
    """
    if kind is not None:
        check_kind(kind)
    if str(spec) == SCENES:
        return _scenes_of(kind, data_range)
    if not Path(spec).exists():
        raise ImageError(
            f"the data set {str(spec)!r} is not known: it is no folder, and not {SCENES!r}, the made scenes. "
            f"Give the root of {'|'.join(IMAGE_FOLDERS)} and {'|'.join(TRUTH_FOLDERS)}."
        )
    if kind is None:
        raise ParameterError(
            f"the kind of the truths of {spec} is not said, and files cannot tell it; "
            f"it is {KINDS_IN_WORDS}. Say which."
        )
    return folder_root(spec, kind, data_range=data_range)


def _scenes_of(kind: TruthKind | None, data_range: DataRange | None) -> DataSet:
    scenes = made_scenes()
    samples = tuple(sample for sample in scenes if kind in (None, sample.kind))
    if not samples:
        raise ParameterError(
            f"none of the made scenes has a truth of kind={kind!r}; they have 'classes' and 'instances'. "
            "Say one of them, or leave the kind out."
        )
    return DataSet(scenes.name, samples, data_range)
